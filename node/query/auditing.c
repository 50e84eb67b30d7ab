/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stream tells the audit log: that a question about own tables was decided, and what came of
 * it. See node/state/audit.h for when each is on disk; here is what waits for that:
 *
 *     decided ──► RUN ──► rows: not before the decision is on disk
 *                         an answer that is whole at once: the same
 *                         the end of one that went batch by batch: not before its end is
 *     refused ──► the refusal: not before it is on disk
 *
 * A QUERY's signature is looked at behind the decision (fh_stream_prove): where it does not verify,
 * the log has that the key of the session might read, and then the end, which says that it did not.
 */
#include "node/query/stream.h"

#include "common/entropy.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/query/gate_words.h"
#include "proto/governance/audit_record.h"

/* ---- answers that wait ---- */

struct held_answer {
    struct fh_question *question;
    struct fh_buf answer;
    struct fh_err refusal; /* FH_OK in code: `answer` is */
};

static void let_go(const struct fh_err *err, void *user)
{
    struct held_answer *held = user;
    if (held->refusal.code != FH_OK) {
        fh_question_refuse(held->question, &held->refusal); /* refused it is in any case */
    } else if (err != NULL) {
        fh_question_refuse(held->question, err);
    } else {
        fh_question_answer_buf(held->question, &held->answer);
    }
    fh_buf_fini(&held->answer);
    fh_free(held);
}

static struct held_answer *hold(struct fh_question *question)
{
    struct held_answer *held = fh_calloc(1, sizeof *held);
    if (held == NULL) {
        struct fh_err err;
        fh_err_set(&err, FH_ENOMEM, "no memory for an answer");
        fh_question_refuse(question, &err);
        return NULL;
    }
    held->question = question;
    fh_buf_init(&held->answer, FH_FRAME_REPLY_BYTES_MAX);
    return held;
}

void fh_answer_behind(struct fh_audit_ticket *ticket,
                      struct fh_question *question,
                      struct fh_buf *out)
{
    struct fh_err err;
    int code = FH_OK;
    if (ticket == NULL || fh_audit_is_told(ticket, &code, &err)) {
        fh_question_conclude(question, code, out, &err);
        return;
    }
    struct held_answer *held = hold(question);
    if (held != NULL) {
        held->answer = *out;
        fh_buf_init(out, FH_FRAME_REPLY_BYTES_MAX);
        fh_audit_then(ticket, let_go, held);
    }
}

int fh_stream_wait_decided(struct fh_stream *stream, struct fh_err *err)
{
    return stream->decision == NULL ? FH_OK : fh_audit_wait(stream->decision, err);
}

/* ---- what is said of a table ---- */

static bool is_hidden(const struct fh_plan_table *table, size_t column)
{
    return table->view != NULL && !table->view->open && column < table->view->column_count &&
           table->view->columns[column].hidden;
}

static bool is_used(const struct fh_stream *stream, const char *column)
{
    if (stream->kind != FH_STREAM_SCAN) {
        return stream->verdict == NULL || fh_gate_uses(&stream->verdict->gate, column);
    }
    for (uint32_t i = 0; i < stream->scan_column_count; i++) {
        if (strcmp(stream->scan_columns[i], column) == 0) {
            return true;
        }
    }
    return false;
}

/* Those that are there to be seen and that it can have used; and which of them were masked. */
static bool add_columns(const struct fh_stream *stream,
                        const struct fh_plan_table *table,
                        struct fh_audit_table *out)
{
    size_t most = table->table.column_count;
    const char **columns = fh_arena_array(stream->arena, most + 1, sizeof *columns);
    const char **masked =
        fh_arena_array(stream->arena, (size_t)table->masked_count + 1, sizeof *masked);
    if (columns == NULL || masked == NULL) {
        return false;
    }
    out->columns = columns;
    out->masked = masked;
    for (size_t i = 0; i < most; i++) {
        const char *name = table->table.columns[i].name;
        if (!is_hidden(table, i) && is_used(stream, name)) {
            columns[out->column_count++] = name;
        }
    }
    for (uint32_t i = 0; i < table->masked_count; i++) {
        if (is_used(stream, table->masked[i])) {
            masked[out->masked_count++] = table->masked[i];
        }
    }
    return true;
}

static bool add_waived(const struct fh_stream *stream,
                       const struct fh_plan_table *table,
                       struct fh_audit_table *out)
{
    struct fh_arena *arena = stream->arena;
    uint32_t count = table->right == NULL ? 0 : table->right->waiver_count;
    struct fh_audit_waived *waived = fh_arena_array(arena, (size_t)count + 1, sizeof *waived);
    for (uint32_t i = 0; waived != NULL && i < count; i++) {
        const struct fh_msg_waived *from = &table->right->waivers[i];
        waived[i].id = from->id;
        waived[i].rule = fh_arena_printf(arena,
                                         "%s %s%s%s",
                                         from->policy,
                                         from->version,
                                         from->rule[0] == '\0' ? "" : " ",
                                         from->rule);
        if (waived[i].rule == NULL) {
            return false;
        }
    }
    out->waived = waived;
    out->waived_count = waived == NULL ? 0 : count;
    return waived != NULL;
}

/* Refused before it was known what the statement reads: what the request names. */
static bool add_asked(const struct fh_stream *stream, struct fh_audit_read *out)
{
    const struct fh_query_request *request = &stream->request;
    struct fh_audit_table *tables =
        fh_arena_array(stream->arena, (size_t)request->table_count + 1, sizeof *tables);
    out->tables = tables;
    for (uint32_t i = 0; tables != NULL && i < request->table_count; i++) {
        const struct fh_query_table *asked = &request->tables[i];
        if (fh_domain_id_equal(&asked->domain, &stream->serve->options.domain)) {
            tables[out->table_count++] = (struct fh_audit_table){.product = asked->product,
                                                                 .version = asked->version,
                                                                 .table = asked->table,
                                                                 .contract = asked->contract};
        }
    }
    return tables != NULL;
}

static bool add_tables(const struct fh_stream *stream, struct fh_audit_read *out)
{
    const struct fh_plan *plan = &stream->plan;
    struct fh_audit_table *tables =
        fh_arena_array(stream->arena, (size_t)plan->table_count + 1, sizeof *tables);
    out->tables = tables;
    for (uint32_t i = 0; tables != NULL && i < plan->table_count; i++) {
        const struct fh_plan_table *table = &plan->tables[i];
        const struct fh_announcement *product = &table->table.entry.announcement;
        if (!fh_stream_owns(stream, table)) {
            continue;
        }
        struct fh_audit_table *to = &tables[out->table_count++];
        *to = (struct fh_audit_table){.product = product->product,
                                      .version = product->version,
                                      .table = table->table.name,
                                      .contract = product->contract,
                                      .filtered = table->filtered};
        if (table->right != NULL) {
            to->grant = table->right->grant;
            to->policy_count = table->right->policy_count;
            to->policies = table->right->policies;
        }
        if (!add_waived(stream, table, to)) {
            return false;
        }
        if (!add_columns(stream, table, to)) {
            return false;
        }
    }
    return tables != NULL;
}

/* ---- records ---- */

/* Statement and parameters, for whoever has the audit key. */
static bool seal_statement(const struct fh_stream *stream, struct fh_buf *out)
{
    const struct fh_serve_options *o = &stream->serve->options;
    struct fh_buf plain FH_CLEANUP(fh_buf_fini);
    uint8_t seed[FH_SEED_BYTES];
    fh_buf_init(&plain, FH_AUDIT_SEALED_BYTES_MAX - FH_BOX_SEAL_BYTES);
    if (!o->has_audit_key || stream->kind == FH_STREAM_SCAN) {
        return true;
    }
    fh_pack_array(&plain, 2);
    fh_pack_str(&plain, stream->sql);
    fh_params_put(&plain, stream->request.params, stream->request.param_count);
    fh_entropy(seed, sizeof seed);
    bool sealed =
        fh_buf_ok(&plain) == FH_OK && fh_box_seal(out, fh_buf_view(&plain), &o->audit_key, seed);
    fh_wipe(seed, sizeof seed);
    if (plain.data != NULL) {
        fh_wipe(plain.data, plain.size);
    }
    return sealed;
}

static void describe_asker(const struct fh_stream *stream,
                           const char *roles[FH_ROLE_NAMES_MAX],
                           struct fh_audit_read *out)
{
    const struct fh_directory *dir = stream->serve->options.dir;
    const struct fh_directory_domain *domain = fh_directory_domain(dir, &stream->request.consumer);
    struct fh_ref key = fh_key_id_ref(&stream->consumer);
    out->who = (struct fh_audit_who){
        .domain = stream->request.consumer,
        .domain_name = domain == NULL ? "" : domain->name,
        .key = stream->consumer,
        .role_count = (uint32_t)fh_directory_roles(
            dir, &key, &stream->request.consumer, fh_clock_wall_ms(), roles),
        .roles = roles,
        .token = stream->signer.by_token ? stream->signer.token_id : stream->session_token,
        .token_label = stream->signer.by_token ? stream->signer.token.label : "",
    };
}

/* NULL, too, of a refusal that is counted. */
static struct fh_audit_ticket *add_read(struct fh_stream *stream, const struct fh_err *refusal)
{
    const char *roles[FH_ROLE_NAMES_MAX];
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    struct fh_buf sealed FH_CLEANUP(fh_buf_fini);
    struct fh_audit_read read = {
        .question = stream->serve->audit_base + stream->id,
        .way = stream->kind == FH_STREAM_SCAN ? FH_AUDIT_PART : FH_AUDIT_QUERY,
        .request = stream->request_id,
        .entry = stream->entry_domain,
        .purpose = stream->request.purpose,
        .code = refusal == NULL ? FH_OK : (unsigned)refusal->code,
        .rule = refusal == NULL ? "" : refusal->rule,
    };
    fh_buf_init(&detail, FH_AUDIT_RECORD_BYTES_MAX);
    fh_buf_init(&sealed, FH_AUDIT_SEALED_BYTES_MAX);
    memcpy(read.request_id, stream->request.id.b, sizeof read.request_id);
    if (stream->kind != FH_STREAM_SCAN && stream->sql.size > 0) {
        read.sql = fh_hash(stream->sql);
    }
    describe_asker(stream, roles, &read);
    struct fh_audit *audit = stream->serve->options.audit;
    const struct fh_refusal refused = fh_refusal_of(&read.who, read.code, read.rule);
    if (refusal != NULL && fh_audit_counted(audit, &refused)) {
        return NULL;
    }
    bool planned = refusal == NULL || stream->plan.table_count > 0;
    if (!(planned ? add_tables(stream, &read) : add_asked(stream, &read)) ||
        !seal_statement(stream, &sealed)) {
        return NULL;
    }
    read.sealed = fh_buf_view(&sealed);
    fh_audit_read_pack(&detail, &read);
    bool crowded = stream->serve->count >= FH_AUDIT_CROWD;
    return refusal == NULL
               ? fh_audit_add(
                     audit, FH_AUDIT_READ, crowded ? FH_AUDIT_CROWDED : FH_AUDIT_DECISION, &detail)
               : fh_audit_add_refused(
                     audit, FH_AUDIT_READ, FH_AUDIT_DECISION, &refused.domain, &detail);
}

static bool owns_any(const struct fh_stream *stream)
{
    for (uint32_t i = 0; i < stream->plan.table_count; i++) {
        if (fh_stream_owns(stream, &stream->plan.tables[i])) {
            return true;
        }
    }
    return false;
}

int fh_stream_decided(struct fh_stream *stream, struct fh_err *err)
{
    if (stream->serve->options.audit == NULL || !owns_any(stream)) {
        return FH_OK;
    }
    stream->decision = add_read(stream, NULL);
    return stream->decision != NULL ? FH_OK
                                    : fh_err_set(err, FH_ENOMEM, "no memory for an audit record");
}

/* Whether it asks for own tables, as far as that is known; for none at all is asked of this node.
 */
static bool asks_here(const struct fh_stream *stream)
{
    const struct fh_query_request *request = &stream->request;
    bool here = request->table_count == 0 && stream->plan.table_count == 0;
    for (uint32_t i = 0; i < request->table_count && !here; i++) {
        here = fh_domain_id_equal(&request->tables[i].domain, &stream->serve->options.domain);
    }
    return here || owns_any(stream);
}

/* A plan reads nothing; what it may not even ask for is worth knowing, and what the gate keeps out:
 * not that somebody mistypes. */
static bool is_decision(const struct fh_stream *stream, const struct fh_err *err)
{
    bool gate = err->code == FH_ESQL && strncmp(err->rule, "sql.gate.", 9) == 0;
    bool gone = err->code == FH_ECANCELLED; /* nobody asks any more */
    return err->code == FH_EDENIED || gate ||
           (stream->kind != FH_STREAM_PLAN && err->code != FH_ESQL && !gone && asks_here(stream));
}

void fh_stream_refuse(struct fh_stream *stream,
                      struct fh_question *question,
                      const struct fh_err *err)
{
    bool recorded = stream->serve->options.audit != NULL && stream->decision == NULL &&
                    is_decision(stream, err);
    struct fh_audit_ticket *added FH_CLEANUP(fh_audit_ticket_unrefp) =
        recorded ? add_read(stream, err) : NULL;
    struct fh_audit_ticket *ticket = added == NULL && stream->unproven ? stream->decision : added;
    struct held_answer *held = ticket == NULL ? NULL : hold(question);
    if (held != NULL) {
        held->refusal = *err;
        fh_audit_then(ticket, let_go, held);
    } else if (ticket == NULL) {
        fh_question_refuse(question, err);
    }
}

static struct fh_audit_ticket *add_ended(struct fh_stream *stream,
                                         const struct fh_err *failure,
                                         const struct fh_record_id *receipt,
                                         enum fh_audit_urgency urgency)
{
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    struct fh_observed sent = fh_tally_read(&stream->tally);
    int64_t took_ms = fh_clock_wall_ms() - stream->started_ms;
    struct fh_audit_ended ended = {
        .question = stream->serve->audit_base + stream->id,
        .request = stream->request_id,
        .code = (unsigned)failure->code,
        .rule = failure->code == FH_OK ? "" : failure->rule,
        .rows = sent.rows,
        .bytes = sent.bytes,
        .duration_ms = took_ms > 0 ? (uint64_t)took_ms : 0,
    };
    fh_buf_init(&detail, 1024);
    if (stream->decision == NULL || stream->accounted) {
        return NULL;
    }
    if (receipt != NULL) {
        ended.receipt = *receipt;
    }
    stream->accounted = true;
    fh_audit_ended_pack(&detail, &ended);
    return fh_audit_add(stream->serve->options.audit, FH_AUDIT_ENDED, urgency, &detail);
}

void fh_stream_account(struct fh_stream *stream,
                       const struct fh_err *failure,
                       const struct fh_record_id *receipt)
{
    fh_audit_ticket_unref(add_ended(stream, failure, receipt, FH_AUDIT_LAZY));
}

void fh_stream_answer_accounted(struct fh_stream *stream,
                                struct fh_question *question,
                                const struct fh_record_id *receipt,
                                struct fh_buf *out)
{
    struct fh_audit_ticket *ticket FH_CLEANUP(fh_audit_ticket_unrefp) =
        add_ended(stream, &stream->failure, receipt, FH_AUDIT_AWAITED);
    fh_answer_behind(ticket, question, out);
}

/* ---- before there is a stream ---- */

void fh_serve_refuse(struct fh_serve *serve, struct fh_question *question, const struct fh_err *err)
{
    bool decided = err->code == FH_EDENIED || err->code == FH_EBUSY;
    if (decided && serve->options.turned_away != NULL) {
        serve->options.turned_away(
            fh_question_speaker(question), fh_question_code(question), err, serve->options.user);
    }
    fh_question_refuse(question, err);
}
