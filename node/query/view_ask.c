/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of others: before a join begins, each owner of a remote table is asked which of its columns
 * are there for this consumer and this node, so that the query means the same as at the owner:
 * `SELECT *` shows these columns, and any other name is not there.
 *
 *   PREPARING --> ASKING: VIEW to every owner at once --> all answered --> tables, begin
 *                                                     \-> one refuses: its words, and the end
 *
 * What an owner says here is no more than a hint for the plan: its scan serves what it allows then.
 */
#include "node/query/stream.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/session/messages_policy.h"

_Static_assert((int)FH_MSG_GROUP_MAX == (int)FH_GROUP_SIZE_MAX, "groups fit the message");

/* Outlives its stream, which is looked up again. */
struct view {
    struct fh_serve *serve;
    uint64_t stream;
    uint32_t table; /* in the plan */
};

/* ---- the answer ---- */

static int take_waived(struct fh_stream *stream,
                       struct fh_plan_table *table,
                       struct fh_pack_reader *fields,
                       struct fh_err *err)
{
    uint32_t count = 0;
    int rc = fh_msg_waived_read(fields, &count, err);
    struct fh_msg_waived *waived = fh_arena_array(stream->arena, (size_t)count + 1, sizeof *waived);
    if (rc == FH_OK && waived == NULL) {
        rc = fh_err_set(err, FH_ENOMEM, "no memory for waivers");
    }
    for (uint32_t i = 0; rc == FH_OK && i < count; i++) {
        rc = fh_msg_waived_next(fields, &waived[i], err);
    }
    if (rc == FH_OK) {
        table->waived_count = count;
        table->waived = waived;
    }
    return rc;
}

/* Keeps the columns that the owner names, in the contract's order, which is the owner's too. */
static int take_columns(struct fh_stream *stream,
                        struct fh_plan_table *table,
                        struct fh_pack_reader *fields,
                        struct fh_err *err)
{
    struct fh_catalog_table *known = &table->table;
    struct fh_msg_view seen = {0};
    int rc = fh_msg_view_answer_read(fields, &seen, err);
    struct fh_catalog_column *columns =
        fh_arena_array(stream->arena, known->column_count + 1, sizeof *columns);
    if (rc == FH_OK && columns == NULL) {
        rc = fh_err_set(err, FH_ENOMEM, "no memory for a view");
    }
    const char **masked = fh_arena_array(stream->arena, known->column_count + 1, sizeof *masked);
    if (rc == FH_OK && masked == NULL) {
        rc = fh_err_set(err, FH_ENOMEM, "no memory for a view");
    }
    uint32_t masked_count = 0;
    size_t kept = 0;
    size_t at = 0;
    for (uint32_t i = 0; rc == FH_OK && i < seen.column_count; i++) {
        struct fh_msg_view_column column;
        rc = fh_msg_view_next(fields, &column, err);
        while (rc == FH_OK && at < known->column_count &&
               strcmp(known->columns[at].name, column.name) != 0) {
            at++;
        }
        if (rc == FH_OK && at == known->column_count) {
            rc = fh_err_rule(err,
                             FH_EPROTO,
                             "view.column",
                             "the owner names a column that its contract does not have");
        }
        if (rc == FH_OK) {
            if (column.masked) {
                masked[masked_count++] = known->columns[at].name;
            }
            columns[kept++] = known->columns[at++];
        }
    }
    if (rc == FH_OK) {
        rc = take_waived(stream, table, fields, err);
    }
    if (rc == FH_OK) {
        known->columns = columns;
        known->column_count = kept;
        table->filtered = seen.filtered;
        table->group_size = seen.group_size;
        table->masked = masked;
        table->masked_count = masked_count;
    }
    return rc;
}

/* Against this the owner's first answer to STILL is held already, where nothing was kept back. */
static void note_open(struct fh_stream *stream, uint32_t index, size_t all)
{
    const struct fh_plan_table *table = &stream->plan.tables[index];
    if (!table->filtered && table->group_size == 0 && table->masked_count == 0 &&
        table->table.column_count == all) {
        stream->seen[index].known = true;
        stream->seen[index].first = (struct fh_msg_still){.open = true};
    }
}

static void answered(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    struct view *view = user;
    struct fh_stream *stream = fh_serve_stream(view->serve, view->stream);
    struct fh_err why = {0};
    uint32_t index = view->table;
    fh_free(view);
    if (stream == NULL || stream->state != FH_STREAM_ASKING) {
        return;
    }
    struct fh_plan_table *table = &stream->plan.tables[index];
    int rc = FH_OK;
    if (err != NULL) {
        why = *err;
        rc = why.code;
        fh_stream_refused(stream, table, &why);
    } else {
        size_t all = table->table.column_count;
        rc = take_columns(stream, table, fields, &why);
        if (rc == FH_OK) {
            note_open(stream, index, all);
        }
    }
    if (rc != FH_OK) {
        fh_err_wrap(
            &why, "%s/%s", table->table.entry.domain_name, table->table.entry.announcement.product);
        fh_stream_fail(stream, &why);
        return;
    }
    if (--stream->views == 0) {
        fh_stream_seen(stream);
    }
}

/* ---- asking ---- */

static int ask(struct fh_stream *stream, uint32_t index, struct fh_err *err)
{
    const struct fh_serve_options *o = &stream->serve->options;
    const struct fh_plan_table *table = &stream->plan.tables[index];
    const struct fh_announcement *product = &table->table.entry.announcement;
    const struct fh_query_table *named = fh_stream_requested(stream, table, err);
    struct fh_peer_target target = {.address = NULL};
    if (named == NULL) {
        return err->code;
    }
    if (o->mesh == NULL ||
        !fh_mesh_node_of(o->mesh, &product->domain, &target.node, &target.address)) {
        return fh_err_rule(err,
                           FH_EUNREACH,
                           "product.unreachable",
                           "%s/%s: no node of its owner answers",
                           table->table.entry.domain_name,
                           product->product);
    }
    struct view *view = fh_calloc(1, sizeof *view);
    if (view == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a view");
    }
    *view = (struct view){.serve = stream->serve, .stream = stream->id, .table = index};
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_view_request(
        &request, fh_buf_view(&stream->record), (uint32_t)(named - stream->request.tables));
    stream->views++;
    fh_peers_ask(o->peers, &target, &request, FH_REQUEST_MS, answered, view);
    return FH_OK;
}

void fh_views_ask(struct fh_stream *stream)
{
    struct fh_err err;
    int rc = FH_OK;
    fh_stream_hold(stream); /* a call may fail before it returns */
    stream->state = FH_STREAM_ASKING;
    stream->views = 1; /* this function: nothing begins before all are asked */
    for (uint32_t i = 0; rc == FH_OK && i < stream->plan.table_count; i++) {
        if (!fh_stream_owns(stream, &stream->plan.tables[i])) {
            rc = fh_stream_prove(stream, &err);
            rc = rc == FH_OK ? ask(stream, i, &err) : rc;
        }
        if (stream->state != FH_STREAM_ASKING) {
            break; /* it has ended meanwhile */
        }
    }
    if (stream->state == FH_STREAM_ASKING && rc != FH_OK) {
        fh_stream_fail(stream, &err);
    } else if (stream->state == FH_STREAM_ASKING && --stream->views == 0) {
        fh_stream_seen(stream);
    }
    fh_stream_release(stream);
}

/* ---- what the consumer is told ---- */

/* Whether a column of a view that is not open is not as the owner has it. */
static bool is_changed(const struct fh_view *view, uint32_t column)
{
    return view->columns[column].mask.kind != FH_MASK_NONE || fh_view_is_mean(view, column);
}

int fh_view_note(struct fh_plan_table *table, struct fh_arena *arena, struct fh_err *err)
{
    const struct fh_view *view = table->view;
    table->waived_count = table->right->waiver_count;
    table->waived = table->right->waivers;
    table->group_size = view->group == NULL ? 0 : view->group->size;
    table->filtered = view->filter_count > 0 || view->group != NULL;
    table->masked = fh_arena_array(arena, (size_t)view->column_count + 1, sizeof *table->masked);
    if (table->masked == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a view");
    }
    for (uint32_t i = 0; i < view->column_count; i++) {
        if (!view->columns[i].hidden && is_changed(view, i)) {
            table->masked[table->masked_count++] = table->table.columns[i].name;
        }
    }
    return FH_OK;
}

static bool is_limited(const struct fh_plan_table *table)
{
    return table->filtered || table->masked_count > 0;
}

/* In the request; it was checked before anything began that it is there. */
static uint32_t index_of(const struct fh_query_request *request, const struct fh_plan_table *table)
{
    const struct fh_announcement *product = &table->table.entry.announcement;
    const struct fh_query_table *named = fh_query_request_table(
        request, &product->domain, product->product, table->table.name, &product->contract);
    FH_ASSERT(named != NULL);
    return (uint32_t)(named - request->tables);
}

static void put_limited(struct fh_buf *out,
                        const struct fh_query_request *request,
                        const struct fh_plan_table *table)
{
    uint32_t count =
        table->masked_count < FH_MSG_MASKED_MAX ? table->masked_count : FH_MSG_MASKED_MAX;
    const struct fh_msg_limited limited = {.table = index_of(request, table),
                                           .filtered = table->filtered,
                                           .group_size = table->group_size,
                                           .masked_count = count};
    fh_msg_limited_begin(out, &limited);
    for (uint32_t i = 0; i < count; i++) {
        fh_pack_cstr(out, table->masked[i]);
    }
}

/* Of several tables of one product the first tells. */
static bool is_told(const struct fh_plan *plan, uint32_t index)
{
    const struct fh_announcement *product = &plan->tables[index].table.entry.announcement;
    for (uint32_t i = 0; i < index; i++) {
        const struct fh_announcement *other = &plan->tables[i].table.entry.announcement;
        if (fh_record_id_equal(&other->contract, &product->contract) &&
            plan->tables[i].waived_count > 0) {
            return true;
        }
    }
    return false;
}

/* Without memory the receipt alone tells, at the end. */
static void tell_waived(struct fh_buf *out, const struct fh_stream *stream)
{
    const struct fh_plan *plan = &stream->plan;
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->table_count; i++) {
        count += plan->tables[i].waived_count;
    }
    struct fh_msg_waived *all =
        count == 0 ? NULL : fh_arena_array(stream->arena, count, sizeof *all);
    count = 0;
    for (uint32_t i = 0; all != NULL && i < plan->table_count; i++) {
        const struct fh_plan_table *table = &plan->tables[i];
        uint32_t told = is_told(plan, i) ? 0 : table->waived_count;
        for (uint32_t k = 0; k < told; k++) {
            all[count] = table->waived[k];
            all[count++].table = index_of(&stream->request, table);
        }
    }
    fh_msg_waived_put(out, all, count);
}

void fh_view_tell(struct fh_buf *out, const struct fh_stream *stream)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < stream->plan.table_count; i++) {
        count += is_limited(&stream->plan.tables[i]) ? 1 : 0;
    }
    fh_msg_limited_tables(out, count);
    for (uint32_t i = 0; i < stream->plan.table_count; i++) {
        if (is_limited(&stream->plan.tables[i])) {
            put_limited(out, &stream->request, &stream->plan.tables[i]);
        }
    }
    tell_waived(out, stream);
}

/* ---- at the owner ---- */

void fh_view_answer(struct fh_buf *out,
                    const struct fh_plan_table *table,
                    const struct fh_right *right)
{
    const struct fh_view *view = &right->view;
    uint32_t all = (uint32_t)table->table.column_count;
    const struct fh_msg_view seen = {.filtered = view->filter_count > 0 || view->group != NULL,
                                     .group_size = view->group == NULL ? 0 : view->group->size,
                                     .column_count = fh_view_visible(view, all)};
    fh_msg_view_answer_begin(out, &seen);
    for (uint32_t i = 0; i < all; i++) {
        bool hidden = !view->open && view->columns[i].hidden;
        if (!hidden) {
            fh_msg_view_add(out, table->table.columns[i].name, !view->open && is_changed(view, i));
        }
    }
    fh_msg_waived_put(out, right->waivers, right->waiver_count);
}
