/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's verdict: found, or to be filled by the parser and the gate; the plan that it holds
 * or is given here; and that plan beside what the consumer signed.
 */
#include "node/query/stream.h"

#include "common/time.h"

#include <string.h>

/* The verdict on the stream's text: one that holds, one whose gate is known, or an empty one. */
int fh_stream_judge(struct fh_stream *stream, struct fh_err *err)
{
    struct fh_serve *serve = stream->serve;
    if (stream->kind == FH_STREAM_SCAN) {
        stream->judged = true; /* its SQL is ours */
        return FH_OK;
    }
    struct fh_verdict *known = fh_verdicts_find(serve->verdicts, stream->session, stream->sql);
    stream->judged = known != NULL;
    if (known != NULL &&
        fh_verdict_holds(known, fh_store_changes(serve->options.store), fh_clock_mono_ms())) {
        stream->verdict = known;
        return FH_OK;
    }
    stream->verdict =
        known != NULL ? fh_verdict_again(known) : fh_verdict_new(stream->session, stream->sql);
    fh_verdict_unref(known);
    return stream->verdict != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a query");
}

/* The plan of a verdict that has none, and where its own tables lie. */
static int plan_verdict(struct fh_stream *stream, struct fh_err *err)
{
    const struct fh_serve_options *o = &stream->serve->options;
    struct fh_verdict *verdict = stream->verdict;
    if (verdict->planned) { /* it held when this began; others may use it */
        stream->verdict = fh_verdict_again(verdict);
        fh_verdict_unref(verdict);
        verdict = stream->verdict;
    }
    if (verdict == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a plan");
    }
    uint64_t changes = fh_store_changes(o->store);
    int rc = fh_plan_make(&verdict->plan, &verdict->gate, o->catalog, verdict->arena, err);
    if (rc != FH_OK) {
        return rc;
    }
    uint32_t count = verdict->plan.table_count;
    struct fh_source_place *places = fh_arena_array(verdict->arena, count + 1, sizeof *places);
    for (uint32_t i = 0; places != NULL && i < count; i++) {
        const struct fh_plan_table *table = &verdict->plan.tables[i];
        struct fh_err ignored; /* who asks to read it will hear */
        if (fh_stream_owns(stream, table) &&
            fh_source_find(&places[i], table, o->store, verdict->arena, &ignored) != FH_OK) {
            places[i].found = false;
        }
    }
    verdict->places = places;
    verdict->planned = true;
    verdict->changes = changes;
    verdict->planned_ms = fh_clock_mono_ms();
    fh_verdicts_keep(stream->serve->verdicts, verdict);
    return FH_OK;
}

/* What one asker may see is written into its own copy of the plan. */
static int copy_plan(struct fh_stream *stream, struct fh_err *err)
{
    const struct fh_plan *plan = &stream->verdict->plan;
    size_t bytes = plan->table_count * sizeof *plan->tables;
    stream->plan = *plan;
    stream->plan.tables = fh_arena_alloc(stream->arena, bytes + 1);
    if (stream->plan.tables == NULL) {
        stream->plan.table_count = 0;
        return fh_err_set(err, FH_ENOMEM, "no memory for a plan");
    }
    if (bytes > 0) {
        memcpy(stream->plan.tables, plan->tables, bytes);
    }
    return FH_OK;
}

int fh_stream_plan(struct fh_stream *stream, struct fh_err *err)
{
    uint64_t changes = fh_store_changes(stream->serve->options.store);
    int rc = fh_verdict_holds(stream->verdict, changes, fh_clock_mono_ms())
                 ? FH_OK
                 : plan_verdict(stream, err);
    return rc == FH_OK ? copy_plan(stream, err) : rc;
}

const struct fh_query_table *fh_stream_requested(const struct fh_stream *stream,
                                                 const struct fh_plan_table *table,
                                                 struct fh_err *err)
{
    const struct fh_announcement *product = &table->table.entry.announcement;
    const struct fh_query_request *request = &stream->request;
    const char *name = table->table.name;
    const struct fh_query_table *named = fh_query_request_table(
        request, &product->domain, product->product, name, &product->contract);
    if (named != NULL) {
        return named;
    }
    if (fh_query_request_table(request, &product->domain, product->product, name, NULL) == NULL) {
        fh_err_rule(err,
                    FH_EDENIED,
                    "query.request.tables",
                    "the signed request does not name %s/%s, which its SQL reads",
                    table->table.entry.domain_name,
                    product->product);
    } else {
        fh_err_rule(err,
                    FH_ESTALE,
                    "query.contract.changed",
                    "%s/%s is at version %s now; ask again to read under its contract",
                    table->table.entry.domain_name,
                    product->product,
                    product->version);
    }
    return NULL;
}

void fh_stream_refused(const struct fh_stream *stream,
                       const struct fh_plan_table *table,
                       const struct fh_err *failure)
{
    struct fh_mesh *mesh = stream->serve->options.mesh;
    const struct fh_domain_id *owner = &table->table.entry.announcement.domain;
    struct fh_node_id node;
    const char *address;
    if (strcmp(failure->rule, "query.contract.changed") == 0 && mesh != NULL &&
        fh_mesh_node_of(mesh, owner, &node, &address)) {
        fh_mesh_look_at(mesh, &node, address);
    }
}
