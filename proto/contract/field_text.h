/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field text: what one field of a contract says, as text and for comparing, by the tables.
 *
 * The text of a value is JSON, but for a string alone, which stands bare: what people read in a
 * list of changes. Two fields are equal when they mean the same: 99.0 is 99, the number 1.5 is not
 * the string "1.5", a list of words is a set, an empty list is an absent one.
 *
 * Does not: know what a field is for. Thread: any. Ownership: texts go to the caller's buffer.
 */
#ifndef FH_PROTO_CONTRACT_FIELD_TEXT_H
#define FH_PROTO_CONTRACT_FIELD_TEXT_H

#include "proto/contract/contract_table.h"

/* Any FH_CONTRACT_LIST, as the tables see it. */
struct fh_any_list {
    size_t count;
    const void *items;
};

/* The member of a field in the section's struct `in`. */
static inline const void *fh_field_member(const struct fh_field *field, const void *in)
{
    return (const uint8_t *)in + field->offset;
}

/* The struct that a field of kind SECTION or TEAM points to, or NULL. */
const void *fh_field_section(const struct fh_field *field, const void *in);
/* The list of a field of kind SECTIONS. */
struct fh_any_list fh_field_list(const struct fh_field *field, const void *in);

/* Whether a field other than SECTION, SECTIONS and TEAM says something. */
bool fh_field_is_set(const struct fh_field *field, const void *in);
/* Whether such a field means the same in two structs of one section. */
bool fh_field_equal(const struct fh_field *field, const void *a, const void *b);
/* Appends what such a field says; nothing when it is absent. */
void fh_field_text(struct fh_buf *out, const struct fh_field *field, const void *in);

/* Appends "{key: value, ...}" of a section: all of it when `deep`, else its own fields only. The
 * same for two that mean the same, whatever order their lists were written in. */
void fh_section_text(struct fh_buf *out,
                     const struct fh_section *section,
                     const void *in,
                     bool deep);

/* Appends a value as JSON: the same text for the same meaning, maps by key. */
void fh_value_text(struct fh_buf *out, const struct fh_doc_node *node);
bool fh_value_equal(const struct fh_doc_node *a, const struct fh_doc_node *b);

/* The children of a map by key, and a NULL; lent by `memory`, which is initialised here. No child
 * for NULL. NULL when there is no memory. */
const struct fh_doc_node **fh_value_children(struct fh_buf *memory, const struct fh_doc_node *map);

/* The map with keys that the section does not know, or NULL, and whether a key of it is one. */
const struct fh_doc_node *fh_section_extra(const struct fh_section *section, const void *in);
static inline bool fh_section_is_extra(const struct fh_section *section, const char *key)
{
    return fh_section_field(section, key) == NULL;
}

#endif
