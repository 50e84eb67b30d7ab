/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intrusive doubly linked list: a ring of links with the head as its sentinel.
 *
 * The link lives in the element, so inserting and removing cannot fail and cost O(1).
 *
 * Thread: none. Ownership: the list owns nothing.
 */
#ifndef FH_COMMON_LIST_H
#define FH_COMMON_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct fh_list {
    struct fh_list *next;
    struct fh_list *prev;
};

/* The element that holds `link` as its member `member`. */
#define FH_LIST_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Visits every link; the visited one may be removed in the body. */
#define FH_LIST_FOREACH(link, list)                                                                \
    for (struct fh_list *link = (list)->next, *link##_next = link->next; link != (list);           \
         link = link##_next, link##_next = link->next)

static inline void fh_list_init(struct fh_list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool fh_list_empty(const struct fh_list *list)
{
    return list->next == list;
}

static inline void fh_list_push_back(struct fh_list *list, struct fh_list *link)
{
    link->prev = list->prev;
    link->next = list;
    list->prev->next = link;
    list->prev = link;
}

static inline void fh_list_push_front(struct fh_list *list, struct fh_list *link)
{
    fh_list_push_back(list->next, link);
}

/* Removes the link and leaves it as an empty ring, so that a second removal does nothing. */
static inline void fh_list_remove(struct fh_list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    fh_list_init(link);
}

#endif
