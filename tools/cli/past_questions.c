/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/past_questions.h"

#include "tools/compliance/audit_log.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    struct fh_past_questions *out;
    struct fh_arena *arena;
    int64_t since_ms;
    uint64_t reads; /* records so far */
    uint64_t skip;  /* of them, which are too old */
};

static bool is_read(const struct reading *reading, const struct fh_audit_record *record)
{
    return record->kind == FH_AUDIT_READ && record->time_ms >= reading->since_ms &&
           record->detail.read.table_count > 0;
}

static int count_read(void *user,
                      const struct fh_audit_record *record,
                      const struct fh_hash *hash,
                      struct fh_err *err)
{
    struct reading *reading = user;
    (void)hash;
    (void)err;
    reading->reads += is_read(reading, record) ? 1 : 0;
    return FH_OK;
}

/* Whether the text fits where it goes; else the question is nothing that a node would take. */
static bool copy(char *out, size_t size, const char *text)
{
    int length = snprintf(out, size, "%s", text);
    return length >= 0 && (size_t)length < size;
}

static bool make_asked(struct fh_msg_simulated *out,
                       const struct fh_audit_read *read,
                       const struct fh_audit_table *table)
{
    *out = (struct fh_msg_simulated){.major = (uint32_t)strtoul(table->version, NULL, 10),
                                     .domain = read->who.domain,
                                     .key = read->who.key,
                                     .entry = read->entry,
                                     .role_count = read->who.role_count,
                                     .column_count = table->column_count};
    bool fits = copy(out->product, sizeof out->product, table->product) &&
                copy(out->table, sizeof out->table, table->table) &&
                copy(out->purpose, sizeof out->purpose, read->purpose) &&
                read->who.role_count <= FH_MSG_SIMULATED_ROLES_MAX &&
                table->column_count <= FH_AUDIT_COLUMNS_MAX;
    for (uint32_t i = 0; fits && i < read->who.role_count; i++) {
        fits = copy(out->roles[i], sizeof out->roles[i], read->who.roles[i]);
    }
    return fits;
}

/* "museum as analyst, auditor for billing" */
static const char *whom_of(const struct fh_audit_read *read, struct fh_arena *arena)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_AUDIT_RECORD_BYTES_MAX);
    fh_buf_add_cstr(&text, read->who.domain_name);
    for (uint32_t i = 0; i < read->who.role_count; i++) {
        fh_buf_printf(&text, "%s%s", i == 0 ? " as " : ", ", read->who.roles[i]);
    }
    if (read->purpose[0] != '\0') {
        fh_buf_printf(&text, " for %s", read->purpose);
    }
    return fh_arena_string(arena, fh_buf_view(&text));
}

/* Of everything that a node is asked. */
static struct fh_hash hash_of(const struct fh_past_question *question)
{
    struct fh_buf packed FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&packed, FH_AUDIT_RECORD_BYTES_MAX);
    fh_past_question_add(&packed, question);
    const struct fh_bytes all = fh_buf_view(&packed);
    return fh_hash_parts(&all, 1);
}

static struct fh_past_question *find(const struct fh_past_questions *all,
                                     const struct fh_past_question *wanted)
{
    for (uint32_t i = 0; i < all->count; i++) {
        if (memcmp(all->items[i].hash.b, wanted->hash.b, sizeof wanted->hash.b) == 0) {
            return &all->items[i];
        }
    }
    return NULL;
}

/* Keeps what the record lends. */
static int keep(struct reading *reading,
                struct fh_past_question *question,
                const struct fh_audit_read *read,
                struct fh_err *err)
{
    uint32_t count = question->asked.column_count;
    const char **columns = fh_arena_array(reading->arena, (size_t)count + 1, sizeof *columns);
    bool kept = columns != NULL;
    for (uint32_t i = 0; kept && i < count; i++) {
        columns[i] = fh_arena_strdup(reading->arena, question->columns[i]);
        kept = columns[i] != NULL;
    }
    question->columns = columns;
    question->whom = whom_of(read, reading->arena);
    return kept && question->whom != NULL
               ? FH_OK
               : fh_err_set(err, FH_ENOMEM, "no memory for the questions of the log");
}

static int take_read(void *user,
                     const struct fh_audit_record *record,
                     const struct fh_hash *hash,
                     struct fh_err *err)
{
    struct reading *reading = user;
    struct fh_past_questions *out = reading->out;
    const struct fh_audit_read *read = &record->detail.read;
    (void)hash;
    if (!is_read(reading, record) || reading->reads++ < reading->skip) {
        return FH_OK;
    }
    out->reads++;
    int code = FH_OK;
    for (uint32_t i = 0; code == FH_OK && i < read->table_count; i++) {
        struct fh_past_question question = {.columns = read->tables[i].columns};
        if (!make_asked(&question.asked, read, &read->tables[i])) {
            continue;
        }
        question.hash = hash_of(&question);
        struct fh_past_question *known = find(out, &question);
        if (known == NULL && out->count < FH_PAST_QUESTIONS_MAX) {
            code = keep(reading, &question, read, err);
            known = &out->items[out->count];
            *known = question;
            out->count += code == FH_OK ? 1 : 0;
        }
        out->more = out->more || known == NULL;
        if (known != NULL) {
            known->count++;
            known->last_ms = record->time_ms;
        }
    }
    return code;
}

int fh_past_questions_read(struct fh_past_questions *out,
                           struct fh_cli *cli,
                           const struct fh_actor *actor,
                           uint64_t most,
                           int64_t since_ms,
                           struct fh_arena *arena,
                           struct fh_err *err)
{
    struct fh_audit_log log;
    struct reading reading = {.out = out, .arena = arena, .since_ms = since_ms};
    *out = (struct fh_past_questions){
        .items = fh_arena_array(arena, FH_PAST_QUESTIONS_MAX, sizeof *out->items)};
    if (out->items == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the questions of the log");
    }
    int code = fh_audit_log_open(&log, actor, err);
    if (code == FH_OK) {
        code = fh_audit_log_each(&log, count_read, &reading, err);
    }
    reading.skip = reading.reads > most ? reading.reads - most : 0;
    reading.reads = 0;
    if (code == FH_OK) {
        code = fh_audit_log_each(&log, take_read, &reading, err);
    }
    if (code == FH_OK && log.failure.code != FH_OK) {
        fh_cli_say(cli, "the audit log was changed: see freehold audit verify");
    }
    return code;
}

void fh_past_question_add(struct fh_buf *out, const struct fh_past_question *question)
{
    fh_msg_simulated_add(out, &question->asked);
    for (uint32_t i = 0; i < question->asked.column_count; i++) {
        fh_pack_cstr(out, question->columns[i]);
    }
}
