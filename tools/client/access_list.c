/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of access requests: what a node tells of them, read and put in order. */
#include "common/mem.h"
#include "tools/client/access.h"
#include "tools/client/id_prefix.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_BYTES = 64 * 1024 * 1024 }; /* of all requests and grants of one list */

const char *fh_access_state_text(enum fh_access_state state)
{
    static const char *const texts[FH_ACCESS_STATE_COUNT] = {
        [FH_ACCESS_WAITS] = "waiting",
        [FH_ACCESS_OPEN_YET] = "open",
        [FH_ACCESS_GRANTED] = "approved",
        [FH_ACCESS_REFUSED] = "denied",
        [FH_ACCESS_OVER] = "ended",
    };
    return texts[state];
}

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "no memory for access requests");
}

int fh_access_list_init(struct fh_access_list *list, struct fh_err *err)
{
    *list = (struct fh_access_list){.arena = fh_arena_new(LIST_BYTES)};
    return list->arena == NULL ? no_memory(err) : FH_OK;
}

void fh_access_list_fini(struct fh_access_list *list)
{
    fh_free(list->items);
    fh_arena_free(list->arena);
    *list = (struct fh_access_list){.count = 0};
}

static int parse(struct fh_record *out,
                 struct fh_bytes bytes,
                 unsigned type,
                 const struct fh_mesh_id *mesh,
                 struct fh_err *err)
{
    int code = fh_record_parse(out, bytes, mesh, err);
    if (code == FH_OK && out->type != type) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "record.type",
                           "expected a record of type %s, got one of type %s",
                           fh_record_type_text(type),
                           fh_record_type_text(out->type));
    }
    return code;
}

int fh_access_entry_read(struct fh_access_list *list,
                         const struct fh_msg_asked *asked,
                         const struct fh_mesh_id *mesh,
                         struct fh_access_entry *out,
                         struct fh_err *err)
{
    struct fh_record record;
    *out = (struct fh_access_entry){.received_ms = asked->received_ms,
                                    .delivered = asked->delivered,
                                    .has_answer = asked->answer.size > 0,
                                    .has_grant = asked->grant.size > 0,
                                    .ended_ms = asked->ended_ms};
    memcpy(out->refused, asked->refused, sizeof out->refused);
    memcpy(out->owner_name, asked->owner_name, sizeof out->owner_name);
    memcpy(out->consumer_name, asked->consumer_name, sizeof out->consumer_name);
    memcpy(out->key_label, asked->key_label, sizeof out->key_label);
    int code = parse(&record, asked->request, FH_RECORD_ACCESS_REQUEST, mesh, err);
    if (code == FH_OK) {
        out->id = record.id;
        code = fh_access_request_decode(&out->request, &record, list->arena, err);
        out->by_token = code == FH_OK && out->request.token.size > 0;
    }
    if (code == FH_OK && out->has_answer) {
        code = parse(&record, asked->answer, FH_RECORD_ACCESS_ANSWER, mesh, err);
        code = code == FH_OK ? fh_access_answer_decode(&out->answer, &record, err) : code;
        out->answer_by_token = code == FH_OK && out->answer.token.size > 0;
    }
    if (code == FH_OK && out->has_grant) {
        code = parse(&record, asked->grant, FH_RECORD_GRANT, mesh, err);
        code = code == FH_OK ? fh_grant_decode(&out->grant, &record, list->arena, err) : code;
    }
    if (code == FH_OK &&
        (out->has_answer ? !fh_record_id_equal(&out->answer.request, &out->id) : out->has_grant)) {
        code = fh_err_rule(
            err, FH_EPROTO, "access.other", "the node gives the answer to another request");
    }
    return code;
}

int fh_access_list_add(struct fh_access_list *list,
                       const struct fh_msg_asked *asked,
                       const struct fh_mesh_id *mesh,
                       struct fh_err *err)
{
    struct fh_access_entry entry;
    int code = fh_access_entry_read(list, asked, mesh, &entry, err);
    if (code != FH_OK) {
        return code;
    }
    entry.request.token = FH_BYTES_NONE; /* they lie in the message */
    entry.answer.token = FH_BYTES_NONE;
    entry.grant.token = FH_BYTES_NONE;
    for (size_t i = 0; i < list->count; i++) {
        struct fh_access_entry *known = &list->items[i];
        if (fh_record_id_equal(&known->id, &entry.id)) {
            /* Of its courier and its owner, the owner knows more. */
            if (entry.has_answer || (entry.delivered && !known->has_answer)) {
                *known = entry;
            }
            return FH_OK;
        }
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : 2 * list->capacity;
        struct fh_access_entry *grown = fh_realloc(list->items, capacity * sizeof *grown);
        if (grown == NULL) {
            return no_memory(err);
        }
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count++] = entry;
    return FH_OK;
}

enum fh_access_state fh_access_state(const struct fh_access_entry *entry, int64_t now_ms)
{
    if (entry->has_answer && entry->answer.outcome == FH_ACCESS_DENIED) {
        return FH_ACCESS_REFUSED;
    }
    if (entry->has_answer) {
        bool over = !entry->has_grant || entry->grant.not_after_ms < now_ms ||
                    (entry->ended_ms != 0 && entry->ended_ms <= now_ms);
        return over ? FH_ACCESS_OVER : FH_ACCESS_GRANTED;
    }
    if (entry->refused[0] != '\0') {
        return FH_ACCESS_REFUSED;
    }
    return entry->delivered ? FH_ACCESS_OPEN_YET : FH_ACCESS_WAITS;
}

bool fh_access_is_open(enum fh_access_state state)
{
    return state == FH_ACCESS_OPEN_YET || state == FH_ACCESS_WAITS;
}

static int by_creation(const void *a, const void *b)
{
    const struct fh_access_entry *left = a;
    const struct fh_access_entry *right = b;
    return left->request.created_ms < right->request.created_ms
               ? 1
               : -(left->request.created_ms > right->request.created_ms);
}

void fh_access_list_sort(struct fh_access_list *list)
{
    if (list->count > 1) {
        qsort(list->items, list->count, sizeof *list->items, by_creation);
    }
}

int fh_access_entry_find(const struct fh_access_list *list,
                         const char *text,
                         const struct fh_access_entry **out,
                         struct fh_err *err)
{
    unsigned count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (fh_id_prefix_means(text, &list->items[i].id)) {
            *out = &list->items[i];
            count++;
        }
    }
    return fh_id_prefix_one(count, "access.request.unknown", "access request", text, err);
}
