/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/can.h"

#include "common/time.h"
#include "node/query/plan.h"
#include "proto/identity/token.h"
#include "proto/session/messages_access.h"

#include <stdio.h>

enum { ARENA_BYTES = 16 * 1024 * 1024 };

struct looking {
    struct fh_can *can;
    const struct fh_speaker *speaker;
    struct fh_msg_can asked;
    struct fh_arena *arena;
    struct fh_catalog_entry entry;
    bool found; /* a table, or the column that is asked for */
    bool readable;
    bool masked; /* in whole or in part */
    struct fh_record_id grant;
    uint32_t waived_count; /* of the product: the same for all of its tables */
    const struct fh_msg_waived *waived;
    struct fh_err why; /* of the first that is not readable */
};

static int find_entry(struct looking *l, struct fh_err *err)
{
    const struct fh_directory_domain *self = fh_directory_domain(l->can->dir, &l->can->domain);
    char name[2 * FH_NAME_BYTES_MAX + 16];
    char major[16] = "";
    if (l->asked.major != 0) {
        snprintf(major, sizeof major, "@%u", (unsigned)l->asked.major);
    }
    snprintf(name, sizeof name, "%s/%s%s", self == NULL ? "" : self->name, l->asked.product, major);
    int rc = fh_catalog_resolve(l->can->catalog, name, &l->entry, err);
    if (rc == FH_OK && !fh_domain_id_equal(&l->entry.announcement.domain, &l->can->domain)) {
        rc = fh_err_rule(err, FH_EDENIED, "scan.owner", "this node does not own %s", name);
    }
    return rc;
}

/* The token of the session, as the question carries it: what is left of its member's rights. */
static int check_token(const struct looking *l, struct fh_err *err)
{
    struct fh_token token;
    struct fh_record_id id = {{0}};
    int rc = FH_OK;
    if (l->asked.token.size > 0) {
        rc = fh_token_verify(&token, &id, l->can->dir, l->asked.token, fh_clock_wall_ms(), err);
    }
    if (rc == FH_OK && !fh_record_id_equal(&id, &l->speaker->token)) {
        rc = fh_err_rule(
            err, FH_ESIG, "token.other", "the question carries another token than its session's");
    }
    if (rc == FH_OK && l->speaker->by_token) {
        rc = fh_token_check_purpose(&token, l->asked.purpose, err);
    }
    if (rc == FH_OK && l->speaker->by_token) {
        rc = fh_token_check_product(&token,
                                    l->entry.domain_name,
                                    l->entry.announcement.product,
                                    l->entry.announcement.major,
                                    err);
    }
    return rc;
}

/* The index of the column that is meant ("table.column" or "column"), or -1. */
static int column_of(const struct fh_catalog_table *table, const char *text)
{
    size_t length = strlen(table->name);
    const char *column =
        strncmp(text, table->name, length) == 0 && text[length] == '.' ? text + length + 1 : text;
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, column) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static int decide(struct looking *l,
                  const struct fh_plan_table *table,
                  struct fh_right *out,
                  struct fh_err *err)
{
    const struct fh_rights_question question = {
        .consumer = l->speaker->domain,
        .key = l->speaker->key,
        .entry = l->speaker->domain,
        .purpose = l->asked.purpose,
        .now_ms = fh_clock_wall_ms(),
    };
    int rc = fh_plan_check_served(table, &l->speaker->domain, err);
    if (rc == FH_OK) {
        rc = fh_plan_check_quality(l->can->catalog, table, &l->speaker->domain, err);
    }
    return rc == FH_OK ? fh_rights_decide(l->can->rights, &question, table, l->arena, out, err)
                       : rc;
}

static void look_at(struct looking *l, const struct fh_plan_table *table)
{
    bool whole = l->asked.column[0] == '\0';
    int column = whole ? -1 : column_of(&table->table, l->asked.column);
    struct fh_right right;
    struct fh_err err;
    if (!whole && column < 0) {
        return;
    }
    l->found = true;
    int rc = decide(l, table, &right, &err);
    if (rc == FH_OK && !whole && !right.view.open && right.view.columns[column].hidden) {
        rc = fh_err_rule(&err,
                         FH_EDENIED,
                         "access.column.denied",
                         "%s.%s of %s/%s is not among the columns that you may read; ask for it: "
                         "freehold access request %s/%s --columns %s.%s --purpose PURPOSE --until "
                         "90d",
                         table->table.name,
                         table->table.columns[column].name,
                         l->entry.domain_name,
                         l->asked.product,
                         l->entry.domain_name,
                         l->asked.product,
                         table->table.name,
                         table->table.columns[column].name);
    }
    if (rc != FH_OK) {
        l->why = l->why.code == FH_OK ? err : l->why;
        return;
    }
    l->readable = true;
    l->grant = right.grant;
    l->waived_count = right.waiver_count;
    l->waived = right.waivers;
    l->masked =
        l->masked || (!right.view.open && (whole || right.view.group != NULL ||
                                           right.view.columns[column].mask.kind != FH_MASK_NONE));
}

static int look(struct looking *l, struct fh_err *err)
{
    const char **names = NULL;
    size_t count = 0;
    int rc = fh_catalog_tables(
        l->can->catalog, &l->entry.announcement.contract, l->arena, &names, &count, err);
    for (size_t i = 0; i < count && rc == FH_OK; i++) {
        struct fh_plan_table table = {.written = l->asked.product, .sole = count == 1};
        rc = fh_catalog_table(l->can->catalog,
                              l->entry.domain_name,
                              l->asked.product,
                              l->asked.major,
                              names[i],
                              l->arena,
                              &table.table,
                              err);
        if (rc == FH_OK) {
            look_at(l, &table);
        }
    }
    if (rc == FH_OK && !l->found) {
        rc = fh_err_rule(err,
                         FH_ENOTFOUND,
                         "product.column.unknown",
                         "%s/%s has no column %s",
                         l->entry.domain_name,
                         l->asked.product,
                         l->asked.column);
    }
    if (rc == FH_OK && !l->readable) {
        *err = l->why;
        rc = err->code;
    }
    return rc;
}

void fh_can_question(struct fh_can *can, struct fh_question *question)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
    struct looking l = {.can = can, .speaker = fh_question_speaker(question), .arena = arena};
    struct fh_err err;
    int rc = arena == NULL ? fh_err_set(&err, FH_ENOMEM, "no memory to look what may be read")
                           : fh_msg_can_read(fh_question_fields(question), &l.asked, &err);
    if (rc == FH_OK) {
        rc = find_entry(&l, &err);
    }
    if (rc == FH_OK) {
        rc = check_token(&l, &err);
    }
    if (rc == FH_OK) {
        rc = look(&l, &err);
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_can_answer(&out, &l.grant, l.masked);
    fh_msg_waived_put(&out, l.waived, l.waived_count);
    fh_question_answer_buf(question, &out);
}
