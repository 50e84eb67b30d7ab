/* SPDX-License-Identifier: Apache-2.0 */
/* Who read a product, and what somebody read: questions to the audit log of the home. */
#include "common/map.h"
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/until.h"
#include "tools/client/product_name.h"
#include "tools/compliance/audit_log.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROWS_BYTES_MAX = 256 * 1024 * 1024, /* some half a million rows */
};

/* One table of one question. */
struct row {
    struct row *next;
    struct fh_map_link link; /* of `open` */
    uint64_t seq;
    uint64_t question;
    int64_t time_ms;
    const char *domain;
    struct fh_key_id key;
    const char *roles;
    const char *token;
    const char *product; /* "flights@1.0.0" */
    const char *columns;
    const char *masked;
    const char *purpose;
    const char *policies;
    const char *waived;
    bool allowed;
    const char *rule;
    bool ended;
    bool complete;
    const char *end_rule;
    uint64_t rows;
    uint64_t bytes;
    uint64_t duration_ms;
};

struct reads {
    struct fh_arena *arena;
    int64_t since_ms;
    const char *product; /* NULL: any */
    uint64_t major;      /* 0: any */
    const char *column;  /* NULL: any */
    const char *member;  /* NULL: anybody; a domain's name, or the beginning of a key id */
    struct row *first;
    struct row *last;
    struct fh_map open; /* those that wait for their outcome, by their question */
};

static bool is_wanted(const struct reads *reads, const struct fh_audit_table *table)
{
    return (reads->product == NULL || strcmp(table->product, reads->product) == 0) &&
           (reads->major == 0 || strtoul(table->version, NULL, 10) == reads->major) &&
           (reads->column == NULL || fh_audit_table_has(table, reads->column));
}

static bool is_member(const struct reads *reads, const struct fh_audit_who *who)
{
    char key[FH_ID_TEXT_BYTES];
    fh_key_id_text(key, &who->key);
    return reads->member == NULL || strcmp(who->domain_name, reads->member) == 0 ||
           (strlen(reads->member) >= 12 && strncmp(key, reads->member, strlen(reads->member)) == 0);
}

static const char *join(struct fh_arena *arena, uint32_t count, const char *const *texts)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_AUDIT_RECORD_BYTES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        fh_buf_add_cstr(&text, i > 0 ? ", " : "");
        fh_buf_add_cstr(&text, texts[i]);
    }
    const char *joined = fh_arena_string(arena, fh_buf_view(&text));
    return joined == NULL ? "" : joined;
}

static const char *join_waived(struct fh_arena *arena, const struct fh_audit_table *table)
{
    const char *rules[FH_AUDIT_WAIVED_MAX];
    for (uint32_t i = 0; i < table->waived_count; i++) {
        rules[i] = table->waived[i].rule;
    }
    return join(arena, table->waived_count, rules);
}

static int too_many(struct fh_err *err)
{
    return fh_err_set(err, FH_ETOOBIG, "more than can be listed at once; give a later --since");
}

static int add_row(struct reads *reads,
                   const struct fh_audit_record *record,
                   const struct fh_audit_table *table,
                   struct fh_err *err)
{
    const struct fh_audit_read *read = &record->detail.read;
    struct fh_arena *arena = reads->arena;
    struct row *row = fh_arena_alloc(arena, sizeof *row);
    if (row == NULL) {
        return too_many(err);
    }
    *row = (struct row){
        .seq = record->seq,
        .question = read->question,
        .time_ms = record->time_ms,
        .domain = fh_arena_strdup(arena, read->who.domain_name),
        .key = read->who.key,
        .roles = join(arena, read->who.role_count, read->who.roles),
        .token = fh_arena_strdup(arena, read->who.token_label),
        .product =
            table == NULL ? "" : fh_arena_printf(arena, "%s@%s", table->product, table->version),
        .columns = table == NULL ? "" : join(arena, table->column_count, table->columns),
        .masked = table == NULL ? "" : join(arena, table->masked_count, table->masked),
        .policies = table == NULL ? "" : join(arena, table->policy_count, table->policies),
        .waived = table == NULL ? "" : join_waived(arena, table),
        .purpose = fh_arena_strdup(arena, read->purpose),
        .allowed = read->code == FH_OK,
        .rule = fh_arena_strdup(arena, read->rule),
    };
    if (row->domain == NULL || row->token == NULL || row->product == NULL || row->purpose == NULL ||
        row->rule == NULL) {
        return too_many(err);
    }
    if (row->allowed) {
        if (fh_map_reserve(&reads->open, 1) != FH_OK) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a list");
        }
        fh_map_insert(&reads->open, &row->link, fh_map_hash(&row->question, sizeof row->question));
    }
    *(reads->last == NULL ? &reads->first : &reads->last->next) = row;
    reads->last = row;
    return FH_OK;
}

static int take_read(struct reads *reads, const struct fh_audit_record *record, struct fh_err *err)
{
    const struct fh_audit_read *read = &record->detail.read;
    int code = FH_OK;
    if (!is_member(reads, &read->who)) {
        return FH_OK;
    }
    if (read->table_count == 0 && reads->product == NULL) {
        return add_row(reads, record, NULL, err); /* refused before anything was read of it */
    }
    for (uint32_t i = 0; code == FH_OK && i < read->table_count; i++) {
        if (is_wanted(reads, &read->tables[i])) {
            code = add_row(reads, record, &read->tables[i], err);
        }
    }
    return code;
}

/* Refusals that have no record each: one row, whose product nobody knows. */
static int
take_counted(struct reads *reads, const struct fh_audit_record *record, struct fh_err *err)
{
    const struct fh_audit_counted *counted = &record->detail.counted;
    char text[64];
    snprintf(text, sizeof text, "%llu times", (unsigned long long)counted->count);
    struct fh_audit_record row = *record;
    row.detail.read =
        (struct fh_audit_read){.who = {.domain = counted->domain,
                                       .domain_name = counted->domain_name,
                                       .key = counted->key,
                                       .token_label = ""},
                               .purpose = "",
                               .code = counted->code == FH_OK ? FH_EDENIED : counted->code,
                               .rule = counted->rule};
    if (!is_member(reads, &row.detail.read.who)) {
        return FH_OK;
    }
    int code = add_row(reads, &row, NULL, err);
    if (code == FH_OK) {
        reads->last->columns = fh_arena_strdup(reads->arena, text);
        code = reads->last->columns != NULL ? FH_OK : too_many(err);
    }
    return code;
}

static void take_ended(struct reads *reads, const struct fh_audit_ended *ended)
{
    struct fh_map_link *link =
        fh_map_first(&reads->open, fh_map_hash(&ended->question, sizeof ended->question));
    while (link != NULL) {
        struct row *row = FH_MAP_ENTRY(link, struct row, link);
        link = fh_map_next(link);
        if (row->question == ended->question) {
            const char *rule = fh_arena_strdup(reads->arena, ended->rule);
            fh_map_remove(&reads->open, &row->link);
            row->ended = true;
            row->complete = ended->code == FH_OK;
            row->end_rule = rule == NULL ? "" : rule;
            row->rows = ended->rows;
            row->bytes = ended->bytes;
            row->duration_ms = ended->duration_ms;
        }
    }
}

static int take(void *user,
                const struct fh_audit_record *record,
                const struct fh_hash *hash,
                struct fh_err *err)
{
    struct reads *reads = user;
    (void)hash;
    if (record->kind == FH_AUDIT_ENDED) {
        take_ended(reads, &record->detail.ended);
        return FH_OK;
    }
    if (record->time_ms < reads->since_ms) {
        return FH_OK;
    }
    return record->kind == FH_AUDIT_READ ? take_read(reads, record, err)
           : record->kind == FH_AUDIT_COUNTED && reads->product == NULL
               ? take_counted(reads, record, err)
               : FH_OK;
}

/* ---- printing ---- */

static const char *outcome_of(const struct row *row)
{
    return !row->allowed   ? "refused"
           : !row->ended   ? "unknown"
           : row->complete ? "complete"
                           : "ended early";
}

static int put_rows(struct fh_cli *cli, const struct reads *reads, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"record", FH_OUTPUT_NUMBER},
        {"at", FH_OUTPUT_TEXT},
        {"domain", FH_OUTPUT_TEXT},
        {"key", FH_OUTPUT_TEXT},
        {"roles", FH_OUTPUT_TEXT},
        {"token", FH_OUTPUT_TEXT},
        {"product", FH_OUTPUT_TEXT},
        {"columns", FH_OUTPUT_TEXT},
        {"masked", FH_OUTPUT_TEXT},
        {"purpose", FH_OUTPUT_TEXT},
        {"policies", FH_OUTPUT_TEXT},
        {"waived", FH_OUTPUT_TEXT},
        {"outcome", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
        {"rows", FH_OUTPUT_NUMBER},
        {"bytes", FH_OUTPUT_NUMBER},
        {"ms", FH_OUTPUT_NUMBER},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    bool brief = cli->format == FH_OUTPUT_TABLE && !cli->wide;
    for (const struct row *row = reads->first; row != NULL; row = row->next) {
        char at[FH_TIME_TEXT_BYTES];
        char key[FH_ID_TEXT_BYTES];
        fh_time_text(at, row->time_ms);
        if (brief) {
            fh_key_id_short(key, &row->key);
        } else {
            fh_key_id_text(key, &row->key);
        }
        fh_output_uint(output, row->seq);
        fh_output_text(output, at);
        fh_output_text(output, row->domain);
        fh_output_text(output, key);
        fh_output_text(output, row->roles);
        fh_output_text(output, row->token);
        fh_output_text(output, row->product);
        fh_output_text(output, row->columns);
        fh_output_text(output, row->masked);
        fh_output_text(output, row->purpose);
        fh_output_text(output, row->policies);
        fh_output_text(output, row->waived);
        fh_output_text(output, outcome_of(row));
        fh_output_text(output, row->ended && !row->complete ? row->end_rule : row->rule);
        fh_output_uint(output, row->rows);
        fh_output_uint(output, row->bytes);
        fh_output_uint(output, row->duration_ms);
    }
    return fh_output_end(output, err);
}

/* An empty list says how far it goes, and one of a log that is not there from its beginning. */
static void
say_extent(struct fh_cli *cli, const struct reads *reads, const struct fh_audit_log *log)
{
    char at[FH_TIME_TEXT_BYTES];
    fh_time_text(at, log->last.time_ms);
    if (reads->first == NULL && log->records == 0) {
        fh_cli_say(cli, "the log is empty");
    } else if (reads->first == NULL) {
        fh_cli_say(cli,
                   "nothing of that stands in the log: it has records %llu to %llu, the last of %s",
                   (unsigned long long)log->first,
                   (unsigned long long)log->last.seq,
                   at);
    }
    if (log->first > 1) {
        fh_cli_say(cli,
                   "what was read before record %llu is not known any more: the node removed that "
                   "under its quota (audit_mib)",
                   (unsigned long long)log->first);
    }
}

static int list_reads(struct fh_cli *cli,
                      const struct fh_args *args,
                      struct reads *reads,
                      struct fh_actor *actor,
                      struct fh_err *err)
{
    const char *since = fh_args_value(args, "since");
    struct fh_audit_log log;
    int code = since == NULL
                   ? FH_OK
                   : fh_since_parse(&reads->since_ms, "--since", since, fh_clock_wall_ms(), err);
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ROWS_BYTES_MAX);
    if (code == FH_OK && arena == NULL) {
        code = fh_err_set(err, FH_ENOMEM, "no memory for a list");
    }
    reads->arena = arena;
    fh_map_init(&reads->open);
    if (code == FH_OK) {
        code = fh_audit_log_open(&log, actor, err);
    }
    if (code == FH_OK) {
        code = fh_audit_log_each(&log, take, reads, err);
    }
    fh_map_fini(&reads->open);
    if (code == FH_OK) {
        code = put_rows(cli, reads, err);
    }
    if (code == FH_OK) {
        say_extent(cli, reads, &log);
    }
    return code == FH_OK ? fh_audit_log_conclude(&log, code, err) : code;
}

/* ---- the commands ---- */

/* "flights", "flights@1", "aviation/flights": a product of the home's domain. */
static int read_product(struct fh_product_name *out,
                        const struct fh_actor *actor,
                        const char *text,
                        struct fh_err *err)
{
    char whole[FH_PRODUCT_NAME_BYTES];
    const char *own = actor->settings.domain;
    if (strcspn(text, "/.") >= strcspn(text, "@")) { /* no domain in front of it */
        snprintf(whole, sizeof whole, "%s/%s", own, text);
        text = whole;
    }
    int code = fh_product_name_parse(out, text, err);
    if (code == FH_OK && strcmp(out->name.domain, own) != 0) {
        code = fh_err_set(err,
                          FH_EUSAGE,
                          "this home keeps the log of %s; who reads %s is in the log of %s",
                          own,
                          text,
                          out->name.domain);
    }
    return code;
}

int fh_cmd_audit_who_read(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_product_name name;
    struct reads reads = {.column = args->operand_count > 1 ? args->operands[1] : NULL};
    int code = fh_actor_open_public(&actor, cli->home, err);
    if (code == FH_OK) {
        code = read_product(&name, actor, args->operands[0], err);
    }
    if (code != FH_OK) {
        return code;
    }
    reads.product = name.name.product;
    reads.major = name.name.major;
    return list_reads(cli, args, &reads, actor, err);
}

int fh_cmd_audit_what_read(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct reads reads = {.member = args->operands[0]};
    int code = fh_actor_open_public(&actor, cli->home, err);
    return code == FH_OK ? list_reads(cli, args, &reads, actor, err) : code;
}
