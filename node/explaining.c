/* SPDX-License-Identifier: Apache-2.0 */
#include "node/explaining.h"

#include "common/time.h"
#include "proto/governance/grant.h"
#include "proto/session/messages_policy.h"

#include <stdio.h>

enum { ARENA_BYTES = 8 * 1024 * 1024 };

_Static_assert(sizeof(((struct fh_msg_explained_column *)NULL)->seen) >= FH_MASK_TEXT_BYTES,
               "what is seen of a column fits its message");

static int find_domain(const struct fh_policing_options *o,
                       const char *name,
                       struct fh_domain_id *out,
                       struct fh_err *err)
{
    if (name[0] == '\0') {
        *out = o->domain;
        return FH_OK;
    }
    return fh_catalog_domain(o->catalog, name, out, NULL, err);
}

static void put_table(struct fh_buf *out, const struct fh_rights_asked *asked, uint32_t index)
{
    const struct fh_access_table *table = &asked->product.tables[index];
    const struct fh_access_view *seen = &asked->decided.tables[index];
    struct fh_msg_explained_column column = {0};
    snprintf(column.table, sizeof column.table, "%s", table->name);
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct fh_view_column made = fh_view_column_at(&seen->view, i);
        const bool mean = fh_view_is_mean(&seen->view, i);
        char why[FH_ACCESS_WHY_BYTES];
        fh_access_why_text(why, &seen->why[i]);
        snprintf(column.column, sizeof column.column, "%s", table->columns[i].name);
        fh_view_column_text(column.seen, &made);
        if (mean && !made.hidden && made.mask.kind == FH_MASK_NONE) {
            snprintf(column.seen, sizeof column.seen, "mean of its group");
        }
        column.why = fh_bytes_cstr(why[0] == '\0' && made.hidden ? "outside the grant" : why);
        fh_msg_explained_column_add(out, &column);
    }
    column.column[0] = '\0';
    if (seen->view.group != NULL) {
        char size[64];
        snprintf(size, sizeof size, "of %u or more", seen->view.group->size);
        snprintf(column.seen, sizeof column.seen, "groups");
        column.why = fh_bytes_cstr(size);
        fh_msg_explained_column_add(out, &column);
    }
    for (uint32_t i = 0; i < seen->view.filter_count; i++) {
        snprintf(column.seen, sizeof column.seen, "rows");
        column.why = fh_bytes_cstr(seen->view.filters[i]);
        fh_msg_explained_column_add(out, &column);
    }
}

static void put_decision(struct fh_buf *out, const struct fh_rights_asked *asked)
{
    const struct fh_access_decision *decided = &asked->decided;
    struct fh_msg_explained explained = {
        .by = decided->by,
        .until_ms = decided->until_ms,
        .rows_per_day = decided->rows_per_day,
        .queries_per_hour = decided->queries_per_hour,
    };
    if (decided->grant != NULL) {
        explained.grant = decided->grant->id;
    }
    for (uint32_t i = 0; i < decided->table_count; i++) {
        explained.column_count += asked->product.tables[i].column_count +
                                  decided->tables[i].view.filter_count +
                                  (decided->tables[i].view.group != NULL ? 1 : 0);
    }
    fh_msg_explained_add(out, &explained);
    for (uint32_t i = 0; i < decided->table_count; i++) {
        put_table(out, asked, i);
    }
}

static void put_refusal(struct fh_buf *out, const struct fh_err *refusal)
{
    struct fh_msg_explained explained = {.until_ms = INT64_MAX};
    snprintf(explained.rule, sizeof explained.rule, "%s", refusal->rule);
    snprintf(explained.text, sizeof explained.text, "%s", refusal->text);
    fh_msg_explained_add(out, &explained);
}

/* "orders" is the own domain's. */
static const char *product_of(const struct fh_policing_options *o,
                              const struct fh_msg_explain *asked,
                              struct fh_arena *arena)
{
    const struct fh_directory_domain *own = fh_directory_domain(o->dir, &o->domain);
    const char *text = fh_arena_string(arena, asked->product);
    size_t name = text == NULL ? 0 : strcspn(text, "@");
    bool bare = text != NULL && own != NULL && memchr(text, '/', name) == NULL &&
                memchr(text, '.', name) == NULL;
    return bare ? fh_arena_printf(arena, "%s/%s", own->name, text) : text;
}

static int resolve(struct fh_explaining *x, struct fh_err *err)
{
    const struct fh_policing_options *o = x->options;
    const struct fh_msg_explain *asked = &x->asked;
    const char *product = product_of(o, asked, x->arena);
    if (product == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an explanation");
    }
    int rc = fh_catalog_resolve(o->catalog, product, &x->entry, err);
    if (rc == FH_OK && !fh_domain_id_equal(&x->entry.announcement.domain, &o->domain)) {
        rc = fh_err_rule(err,
                         FH_EDENIED,
                         "explain.owner",
                         "%s is a product of another domain, and its owner decides; freehold "
                         "access can-i read asks it",
                         product);
    }
    if (rc == FH_OK) {
        rc = find_domain(o, asked->domain, &x->question.consumer, err);
    }
    if (rc == FH_OK) {
        rc = find_domain(
            o, asked->entry[0] == '\0' ? asked->domain : asked->entry, &x->question.entry, err);
    }
    return rc;
}

int fh_explaining_begin(struct fh_explaining *x, struct fh_pack_reader *fields, struct fh_err *err)
{
    int rc = fh_msg_explain_read(fields, &x->asked, err);
    if (rc != FH_OK) {
        return rc;
    }
    x->question = (struct fh_rights_question){
        .purpose = x->asked.purpose,
        .now_ms = fh_clock_wall_ms(),
        .role_count = x->asked.role_count,
        .roles = x->roles,
    };
    for (uint32_t i = 0; i < x->asked.role_count; i++) {
        x->roles[i] = x->asked.roles[i];
    }
    return resolve(x, err);
}

int fh_explain(const struct fh_policing_options *options,
               struct fh_pack_reader *fields,
               struct fh_buf *out,
               struct fh_err *err)
{
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    struct fh_explaining *x = arena == NULL ? NULL : fh_arena_alloc(arena, sizeof *x);
    if (x == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an explanation");
    }
    *x = (struct fh_explaining){.options = options, .arena = arena};
    fh_msg_ok(out, 2);
    int rc = fh_explaining_begin(x, fields, err);
    if (rc != FH_OK) {
        return rc;
    }
    rc = fh_rights_explain(options->rights, &x->question, &x->entry, arena, &x->decided, err);
    if (rc == FH_OK) {
        put_decision(out, &x->decided);
    } else if (rc == FH_EDENIED) {
        put_refusal(out, err);
        rc = FH_OK;
    }
    return rc;
}
