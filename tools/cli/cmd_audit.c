/* SPDX-License-Identifier: Apache-2.0 */
/* The records of the home's audit log, one by one. */
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/until.h"
#include "tools/client/key_file.h"
#include "tools/compliance/audit_log.h"
#include "tools/compliance/pending.h"
#include "tools/contract/json_write.h"

#include "proto/query/param.h"

#include <string.h>

/* ---- show ---- */

struct showing {
    struct fh_output *output;
    int64_t since_ms;
    struct fh_audit_pending pending;
};

static void put_who(struct fh_output *output, const struct fh_audit_who *who)
{
    static const struct fh_key_id nobody;
    char key[FH_ID_SHORT_BYTES];
    fh_key_id_short(key, &who->key);
    fh_output_text(output, who->domain_name);
    fh_output_text(output, fh_key_id_equal(&who->key, &nobody) ? "" : key);
}

static void put_read(struct fh_output *output, const struct fh_audit_read *read)
{
    struct fh_buf tables FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&tables, FH_AUDIT_RECORD_BYTES_MAX);
    for (uint32_t i = 0; i < read->table_count; i++) {
        const struct fh_audit_table *table = &read->tables[i];
        fh_buf_printf(&tables, "%s%s@%s", i > 0 ? ", " : "", table->product, table->version);
    }
    put_who(output, &read->who);
    fh_output_text(output, fh_audit_way_text(read->way));
    fh_output_text(output, fh_buf_cstr(&tables));
    fh_output_text(output, read->code == FH_OK ? "allowed" : "refused");
    fh_output_text(output, read->rule);
}

static void put_nobody(struct fh_output *output, const char *what, const char *about)
{
    fh_output_text(output, "");
    fh_output_text(output, "");
    fh_output_text(output, what);
    fh_output_text(output, about);
}

static void
put_ended(struct fh_output *output, const struct fh_audit_ended *ended, uint64_t decided)
{
    char rows[64];
    char about[64] = "";
    snprintf(rows,
             sizeof rows,
             "%llu row%s",
             (unsigned long long)ended->rows,
             ended->rows == 1 ? "" : "s");
    if (decided != 0) {
        snprintf(about, sizeof about, "record %llu", (unsigned long long)decided);
    }
    put_nobody(output, rows, about);
    fh_output_text(output, ended->code == FH_OK ? "complete" : fh_code_name((int)ended->code));
    fh_output_text(output, ended->rule);
}

/* "access.denied", by 4711. */
static void put_counted(struct fh_output *output, const struct fh_audit_counted *counted)
{
    char count[64];
    const struct fh_audit_who who = {.domain_name = counted->domain_name, .key = counted->key};
    snprintf(count, sizeof count, "%llu refusals", (unsigned long long)counted->count);
    put_who(output, &who);
    fh_output_text(output, count);
    fh_output_text(output, counted->rule[0] == '\0' ? "of other kinds" : "");
    fh_output_text(output, "refused");
    fh_output_text(output, counted->rule);
}

static void put_others(struct fh_output *output, const struct fh_audit_record *record)
{
    const struct fh_audit_governed *governed = &record->detail.governed;
    if (record->kind == FH_AUDIT_GOVERNED) {
        put_who(output, &governed->who);
        fh_output_text(output, governed->what);
        fh_output_text(output, governed->subject);
        fh_output_text(output, governed->code == FH_OK ? "done" : "refused");
        fh_output_text(output, governed->rule);
        return;
    }
    char about[64] = "";
    if (record->kind == FH_AUDIT_OPENED) {
        char node[FH_ID_SHORT_BYTES];
        struct fh_node_id id = fh_node_id_of(&record->detail.opened.key);
        fh_node_id_short(node, &id);
        snprintf(about, sizeof about, "node %s", node);
    } else if (record->kind == FH_AUDIT_CHECKPOINT) {
        snprintf(about, sizeof about, "record %llu", (unsigned long long)record->seq - 1);
    } else if (record->kind == FH_AUDIT_RECOVERED) {
        snprintf(about,
                 sizeof about,
                 "%llu bytes",
                 (unsigned long long)record->detail.recovered.dropped_bytes);
    } else if (record->kind == FH_AUDIT_PRUNED) {
        snprintf(about,
                 sizeof about,
                 "records %llu to %llu",
                 (unsigned long long)record->detail.pruned.first,
                 (unsigned long long)record->detail.pruned.last);
    }
    put_nobody(output, "", about);
    fh_output_text(output, "");
    fh_output_text(output, "");
}

static int show_one(void *user,
                    const struct fh_audit_record *record,
                    const struct fh_hash *hash,
                    struct fh_err *err)
{
    struct showing *showing = user;
    char at[FH_TIME_TEXT_BYTES];
    (void)hash;
    (void)err;
    if (record->kind == FH_AUDIT_READ && record->detail.read.code == FH_OK) {
        fh_audit_pending_add(&showing->pending, record->detail.read.question, record->seq);
    }
    uint64_t decided = record->kind == FH_AUDIT_ENDED
                           ? fh_audit_pending_take(&showing->pending, record->detail.ended.question)
                           : 0;
    if (record->time_ms < showing->since_ms) {
        return FH_OK;
    }
    fh_time_text(at, record->time_ms);
    fh_output_uint(showing->output, record->seq);
    fh_output_text(showing->output, at);
    fh_output_text(showing->output, fh_audit_kind_text(record->kind));
    if (record->kind == FH_AUDIT_READ) {
        put_read(showing->output, &record->detail.read);
    } else if (record->kind == FH_AUDIT_ENDED) {
        put_ended(showing->output, &record->detail.ended, decided);
    } else if (record->kind == FH_AUDIT_COUNTED) {
        put_counted(showing->output, &record->detail.counted);
    } else {
        put_others(showing->output, record);
    }
    return FH_OK;
}

static int open_since(struct fh_cli *cli,
                      const struct fh_args *args,
                      struct fh_actor **out_actor,
                      struct fh_audit_log *out,
                      int64_t *out_since,
                      struct fh_err *err)
{
    const char *since = fh_args_value(args, "since");
    *out_since = 0;
    int code = since == NULL ? FH_OK
                             : fh_since_parse(out_since, "--since", since, fh_clock_wall_ms(), err);
    if (code == FH_OK) {
        code = fh_actor_open_public(out_actor, cli->home, err);
    }
    return code == FH_OK ? fh_audit_log_open(out, *out_actor, err) : code;
}

int fh_cmd_audit_show(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"record", FH_OUTPUT_NUMBER},
        {"at", FH_OUTPUT_TEXT},
        {"kind", FH_OUTPUT_TEXT},
        {"domain", FH_OUTPUT_TEXT},
        {"key", FH_OUTPUT_TEXT},
        {"what", FH_OUTPUT_TEXT},
        {"about", FH_OUTPUT_TEXT},
        {"outcome", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
    };
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_audit_log log;
    struct showing showing = {.output = NULL};
    int code = open_since(cli, args, &actor, &log, &showing.since_ms, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    showing.output = output;
    fh_audit_pending_init(&showing.pending);
    code = fh_audit_log_each(&log, show_one, &showing, err);
    fh_audit_pending_fini(&showing.pending);
    if (code == FH_OK) {
        code = fh_output_end(output, err);
    }
    return fh_audit_log_conclude(&log, code, err);
}

/* ---- export ---- */

struct exporting {
    FILE *out;
    int64_t since_ms;
    bool opens; /* sealed statements, with `secret` */
    struct fh_sign_secret secret;
};

static void pair_id(struct fh_json *json, const char *key, const uint8_t id[FH_ID_BYTES])
{
    static const uint8_t zero[FH_ID_BYTES];
    char text[2 * FH_ID_BYTES + 1];
    fh_hex(text, id, FH_ID_BYTES);
    fh_json_pair_or_null(json, key, memcmp(id, zero, FH_ID_BYTES) == 0 ? NULL : text);
}

static void
pair_texts(struct fh_json *json, const char *key, uint32_t count, const char *const *texts)
{
    fh_json_key(json, key);
    fh_json_open(json, '[');
    for (uint32_t i = 0; i < count; i++) {
        fh_json_text(json, texts[i]);
    }
    fh_json_close(json, ']');
}

static void pair_who(struct fh_json *json, const struct fh_audit_who *who)
{
    static const struct fh_key_id nobody;
    char domain[FH_ID_TEXT_BYTES];
    char key[FH_ID_TEXT_BYTES];
    fh_domain_id_text(domain, &who->domain);
    fh_key_id_text(key, &who->key);
    fh_json_key(json, "who");
    fh_json_open(json, '{');
    fh_json_pair_or_null(json, "domain", who->domain_name);
    fh_json_pair(json, "domain_id", domain);
    fh_json_pair_or_null(json, "key", fh_key_id_equal(&who->key, &nobody) ? NULL : key);
    pair_texts(json, "roles", who->role_count, who->roles);
    pair_id(json, "token", who->token.b);
    fh_json_pair_or_null(json, "token_label", who->token_label);
    fh_json_close(json, '}');
}

static void pair_outcome(struct fh_json *json, unsigned code, const char *rule)
{
    fh_json_pair(json, "code", fh_code_name((int)code));
    fh_json_pair_or_null(json, "rule", rule);
}

static void pair_table(struct fh_json *json, const struct fh_audit_table *table)
{
    fh_json_open(json, '{');
    fh_json_pair(json, "product", table->product);
    fh_json_pair(json, "version", table->version);
    fh_json_pair(json, "table", table->table);
    pair_id(json, "contract", table->contract.b);
    pair_id(json, "grant", table->grant.b);
    pair_texts(json, "policies", table->policy_count, table->policies);
    pair_texts(json, "columns", table->column_count, table->columns);
    pair_texts(json, "masked", table->masked_count, table->masked);
    fh_json_pair_bool(json, "filtered", table->filtered);
    fh_json_key(json, "waived");
    fh_json_open(json, '[');
    for (uint32_t i = 0; i < table->waived_count; i++) {
        fh_json_open(json, '{');
        fh_json_pair(json, "rule", table->waived[i].rule);
        pair_id(json, "waiver", table->waived[i].id.b);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
    fh_json_close(json, '}');
}

/* Statement and parameters, when they are for the key at hand; else that they are sealed. */
static void
pair_statement(struct exporting *exporting, struct fh_json *json, const struct fh_audit_read *read)
{
    struct fh_buf plain FH_CLEANUP(fh_buf_fini);
    struct fh_buf sql FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&plain, FH_AUDIT_SEALED_BYTES_MAX);
    fh_buf_init(&sql, FH_SQL_BYTES_MAX + 1);
    struct fh_pack_limits limits = fh_pack_limits(FH_AUDIT_SEALED_BYTES_MAX);
    struct fh_pack_reader reader;
    fh_json_pair_bool(json, "sealed", read->sealed.size > 0);
    if (read->sealed.size == 0 || !exporting->opens ||
        !fh_box_open(&plain, read->sealed, &exporting->secret) ||
        fh_pack_scan(fh_buf_view(&plain), &limits, NULL) != FH_OK) {
        return;
    }
    fh_pack_read_init(&reader, fh_buf_view(&plain));
    (void)fh_pack_read_record(&reader, 2);
    fh_buf_add_bytes(&sql, fh_pack_read_str(&reader, FH_SQL_BYTES_MAX));
    fh_json_pair(json, "statement", fh_buf_cstr(&sql));
    uint32_t count = fh_pack_read_array(&reader, FH_SQL_PARAMS_MAX);
    fh_json_pair_uint(json, "parameters", count);
}

static void
put_read_json(struct exporting *exporting, struct fh_json *json, const struct fh_audit_read *read)
{
    char request_id[2 * sizeof read->request_id + 1];
    char entry[FH_ID_TEXT_BYTES];
    fh_hex(request_id, read->request_id, sizeof read->request_id);
    fh_domain_id_text(entry, &read->entry);
    fh_json_pair_uint(json, "question", read->question);
    fh_json_pair(json, "way", fh_audit_way_text(read->way));
    fh_json_pair(json, "request_id", request_id);
    pair_id(json, "request", read->request.b);
    pair_who(json, &read->who);
    fh_json_pair(json, "entry_domain_id", entry);
    fh_json_pair_or_null(json, "purpose", read->purpose);
    pair_id(json, "statement_hash", read->sql.b);
    pair_statement(exporting, json, read);
    fh_json_key(json, "tables");
    fh_json_open(json, '[');
    for (uint32_t i = 0; i < read->table_count; i++) {
        pair_table(json, &read->tables[i]);
    }
    fh_json_close(json, ']');
    pair_outcome(json, read->code, read->rule);
}

static void put_ended_json(struct fh_json *json, const struct fh_audit_ended *ended)
{
    fh_json_pair_uint(json, "question", ended->question);
    pair_id(json, "request", ended->request.b);
    pair_outcome(json, ended->code, ended->rule);
    fh_json_pair_uint(json, "rows", ended->rows);
    fh_json_pair_uint(json, "bytes", ended->bytes);
    fh_json_pair_uint(json, "duration_ms", ended->duration_ms);
    pair_id(json, "receipt", ended->receipt.b);
}

static void put_counted_json(struct fh_json *json, const struct fh_audit_counted *counted)
{
    static const struct fh_domain_id several;
    static const struct fh_key_id keys;
    char domain[FH_ID_TEXT_BYTES];
    char key[FH_ID_TEXT_BYTES];
    fh_domain_id_text(domain, &counted->domain);
    fh_key_id_text(key, &counted->key);
    fh_json_pair_or_null(json, "domain", counted->domain_name);
    fh_json_pair_or_null(
        json, "domain_id", fh_domain_id_equal(&counted->domain, &several) ? NULL : domain);
    fh_json_pair_or_null(json, "key", fh_key_id_equal(&counted->key, &keys) ? NULL : key);
    pair_outcome(json, counted->code, counted->rule);
    fh_json_pair_uint(json, "count", counted->count);
    fh_json_pair_uint(json, "first_ms", (uint64_t)counted->first_ms);
    fh_json_pair_uint(json, "last_ms", (uint64_t)counted->last_ms);
}

static void
put_detail(struct exporting *exporting, struct fh_json *json, const struct fh_audit_record *record)
{
    switch (record->kind) {
    case FH_AUDIT_OPENED:
        pair_id(json, "node_key", record->detail.opened.key.b);
        break;
    case FH_AUDIT_READ:
        put_read_json(exporting, json, &record->detail.read);
        break;
    case FH_AUDIT_ENDED:
        put_ended_json(json, &record->detail.ended);
        break;
    case FH_AUDIT_GOVERNED:
        fh_json_pair(json, "what", record->detail.governed.what);
        fh_json_pair_or_null(json, "subject", record->detail.governed.subject);
        pair_id(json, "about", record->detail.governed.record.b);
        pair_who(json, &record->detail.governed.who);
        pair_outcome(json, record->detail.governed.code, record->detail.governed.rule);
        break;
    case FH_AUDIT_RECOVERED:
        fh_json_pair_uint(json, "dropped_bytes", record->detail.recovered.dropped_bytes);
        break;
    case FH_AUDIT_PRUNED:
        fh_json_pair_uint(json, "first", record->detail.pruned.first);
        fh_json_pair_uint(json, "last", record->detail.pruned.last);
        break;
    case FH_AUDIT_COUNTED:
        put_counted_json(json, &record->detail.counted);
        break;
    default:
        break;
    }
}

static int export_one(void *user,
                      const struct fh_audit_record *record,
                      const struct fh_hash *hash,
                      struct fh_err *err)
{
    struct exporting *exporting = user;
    struct fh_buf line FH_CLEANUP(fh_buf_fini);
    char at[FH_TIME_TEXT_BYTES];
    fh_buf_init(&line, 8 * (size_t)FH_AUDIT_RECORD_BYTES_MAX);
    if (record->time_ms < exporting->since_ms) {
        return FH_OK;
    }
    struct fh_json json = {.out = &line, .compact = true};
    fh_time_text(at, record->time_ms);
    fh_json_open(&json, '{');
    fh_json_pair_uint(&json, "record", record->seq);
    fh_json_pair(&json, "at", at);
    fh_json_pair_uint(&json, "time_ms", (uint64_t)record->time_ms);
    fh_json_pair(&json, "kind", fh_audit_kind_text(record->kind));
    put_detail(exporting, &json, record);
    pair_id(&json, "prev", record->prev.b);
    pair_id(&json, "hash", hash->b);
    fh_json_close(&json, '}');
    fh_buf_add_u8(&line, '\n');
    if (fh_buf_ok(&line) != FH_OK) {
        return fh_err_set(err, fh_buf_ok(&line), "no memory for a record");
    }
    return fwrite(line.data, 1, line.size, exporting->out) == line.size
               ? FH_OK
               : fh_err_set(err, FH_EIO, "the records could not be written");
}

int fh_cmd_audit_export(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_audit_log log;
    struct exporting exporting = {.out = cli->out};
    struct fh_sign_public ignored;
    const char *key = fh_args_value(args, "audit-key");
    int code = key == NULL
                   ? FH_OK
                   : fh_key_file_read(key, cli->passphrase_file, &ignored, &exporting.secret, err);
    exporting.opens = key != NULL;
    if (code == FH_OK) {
        code = open_since(cli, args, &actor, &log, &exporting.since_ms, err);
    }
    if (code == FH_OK) {
        code = fh_audit_log_each(&log, export_one, &exporting, err);
        code = fh_audit_log_conclude(&log, code, err);
    }
    fh_sign_secret_wipe(&exporting.secret);
    return code;
}
