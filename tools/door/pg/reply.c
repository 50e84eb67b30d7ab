/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/reply.h"

#include "common/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reports ---- */

void fh_pg_report_set(struct fh_pg_report *out, const char *state, const char *format, ...)
{
    va_list args;
    *out = (struct fh_pg_report){.severity = FH_PG_ERROR};
    snprintf(out->state, sizeof out->state, "%s", state);
    va_start(args, format);
    vsnprintf(out->text, sizeof out->text, format, args);
    va_end(args);
}

/* The first row whose rule is the refusal's, or begins it. */
static const struct {
    const char *rule;
    const char *state;
} by_rule[] = {
    {"domain.unknown", "3F000"},
    {"product.unknown", "42P01"},
    {"product.column", "42703"},
    {"product.retired", "42P01"},
    {"product.unreachable", "08001"},
    {"product.quality", "55000"},
    {"sql.table.unqualified", "42P01"},
    {"sql.table", "42P01"},
    {"sql.bind", "42703"},
    {"sql.runtime", "22000"},
    {"sql.parameters", "08P01"},
    {"sql.gate.parameter", "08P01"},
    {"sql.gate.function", "42883"},
    {"sql.gate.table_function", "42883"},
    {"sql.gate.type", "42704"},
    {"sql.gate.statement", "0A000"},
    {"sql.gate", "0A000"},
    {"sql.depth", "54001"},
    {"sql.tokens", "54001"},
    {"sql.ctes", "54001"},
    {"sql.cte_depth", "54001"},
    {"sql", "42601"},
    {"query.length", "54000"},
    {"query.utf8", "22021"},
    {"query.param", "22023"},
    {"query.deadline", "57014"},
    {"query.cancelled", "57014"},
    {"stream.cancelled", "57014"},
    {"query.rows", "54000"},
    {"limit", "53400"},
    {"door", "53300"},
    {"token", "28P01"},
    {"access", "42501"},
    {"policy", "42501"},
    {"budget", "53400"},
    {"source", "58000"},
    {"pg.utf8", "22021"},
    {"pg.param", "22P02"},
    {"pg", "08P01"},
};

static const struct {
    int code;
    const char *state;
} by_code[] = {
    {FH_EINVAL, "22023"},      {FH_ETOOBIG, "54000"},   {FH_ENOMEM, "53200"},
    {FH_EIO, "58030"},         {FH_ENOTFOUND, "42P01"}, {FH_EEXIST, "42710"},
    {FH_ESTATE, "55000"},      {FH_ECHECK, "55000"},    {FH_ESQL, "42601"},
    {FH_ECANCELLED, "57014"},  {FH_EUNREACH, "08006"},  {FH_ETIMEOUT, "57014"},
    {FH_EBUSY, "53300"},       {FH_EPROTO, "08P01"},    {FH_EVERSION, "08004"},
    {FH_EINCOMPLETE, "08006"}, {FH_EDENIED, "42501"},   {FH_ESIG, "28000"},
    {FH_EFORK, "28000"},       {FH_ESTALE, "55000"},    {FH_EUSAGE, "42601"},
};

static const char *state_of(int code, const char *rule)
{
    for (size_t i = 0; i < FH_COUNT(by_rule); i++) {
        size_t size = strlen(by_rule[i].rule);
        if (strncmp(rule, by_rule[i].rule, size) == 0 &&
            (rule[size] == 0 || rule[size] == '.' || rule[size] == '_')) {
            return by_rule[i].state;
        }
    }
    for (size_t i = 0; i < FH_COUNT(by_code); i++) {
        if (by_code[i].code == code) {
            return by_code[i].state;
        }
    }
    return "XX000";
}

/* "... (byte 21)": where in the SQL. */
static uint32_t position_of(const char *text)
{
    const char *at = strstr(text, "(byte ");
    unsigned long value = at == NULL ? 0 : strtoul(at + strlen("(byte "), NULL, 10);
    return value > 0 && value < UINT32_MAX ? (uint32_t)value : 0;
}

/* A command of ours that the sentence ends with becomes the hint. */
static void split_hint(struct fh_pg_report *report)
{
    char *command = strstr(report->text, "freehold access request");
    if (command == NULL) {
        return;
    }
    snprintf(report->hint, sizeof report->hint, "Ask its owner: %s", command);
    char *end = command;
    while (end > report->text && end[-1] != ';') {
        end--;
    }
    if (end > report->text) {
        end[-1] = 0;
    }
}

void fh_pg_report_of(struct fh_pg_report *out, int code, const char *rule, const char *text)
{
    fh_pg_report_set(out, state_of(code, rule), "%s", text);
    if (rule[0] != 0) {
        snprintf(out->detail, sizeof out->detail, "Rule %s.", rule);
    }
    out->position = position_of(text);
    split_hint(out);
    if (strcmp(rule, "sql.table.unqualified") == 0) {
        snprintf(out->hint,
                 sizeof out->hint,
                 "Write domain.product, or domain.product__table: a schema is a domain.");
    }
}

void fh_pg_report_err(struct fh_pg_report *out, const struct fh_err *err)
{
    fh_pg_report_of(out, err->code, err->rule, err->text);
}

static void add_field(struct fh_buf *out, char field, const char *value)
{
    if (value[0] != 0) {
        fh_buf_add_u8(out, (uint8_t)field);
        fh_pg_reply_text(out, value);
    }
}

void fh_pg_reply_report(struct fh_buf *out, const struct fh_pg_report *report)
{
    static const char *const names[] = {
        [FH_PG_NOTICE] = "NOTICE",
        [FH_PG_WARNING] = "WARNING",
        [FH_PG_ERROR] = "ERROR",
        [FH_PG_FATAL] = "FATAL",
    };
    char position[16] = "";
    if (report->position > 0) {
        snprintf(position, sizeof position, "%u", report->position);
    }
    size_t begun = fh_pg_reply_begin(out, report->severity >= FH_PG_ERROR ? 'E' : 'N');
    add_field(out, 'S', names[report->severity]);
    add_field(out, 'V', names[report->severity]);
    add_field(out, 'C', report->state);
    add_field(out, 'M', report->text);
    add_field(out, 'D', report->detail);
    add_field(out, 'H', report->hint);
    add_field(out, 'P', position);
    fh_buf_add_u8(out, 0);
    fh_pg_reply_end(out, begun);
}

/* ---- messages ---- */

size_t fh_pg_reply_begin(struct fh_buf *out, char letter)
{
    size_t begun = out->size;
    fh_buf_add_u8(out, (uint8_t)letter);
    fh_pg_reply_u32(out, 0);
    return begun;
}

void fh_pg_reply_end(struct fh_buf *out, size_t begun)
{
    if (fh_buf_ok(out) == FH_OK) {
        FH_ASSERT(out->size >= begun + 5);
        fh_put_u32be(out->data + begun + 1, (uint32_t)(out->size - begun - 1));
    }
}

void fh_pg_reply_u16(struct fh_buf *out, unsigned value)
{
    FH_ASSERT(value <= UINT16_MAX);
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    fh_buf_add(out, bytes, sizeof bytes);
}

void fh_pg_reply_u32(struct fh_buf *out, uint32_t value)
{
    uint8_t bytes[4];
    fh_put_u32be(bytes, value);
    fh_buf_add(out, bytes, sizeof bytes);
}

void fh_pg_reply_text(struct fh_buf *out, const char *text)
{
    fh_buf_add(out, text, strlen(text) + 1);
}

void fh_pg_reply_plain(struct fh_buf *out, char letter)
{
    fh_pg_reply_end(out, fh_pg_reply_begin(out, letter));
}

void fh_pg_reply_auth(struct fh_buf *out, uint32_t code, struct fh_bytes data)
{
    size_t begun = fh_pg_reply_begin(out, 'R');
    fh_pg_reply_u32(out, code);
    fh_buf_add_bytes(out, data);
    fh_pg_reply_end(out, begun);
}

void fh_pg_reply_status(struct fh_buf *out, const char *name, const char *value)
{
    size_t begun = fh_pg_reply_begin(out, 'S');
    fh_pg_reply_text(out, name);
    fh_pg_reply_text(out, value);
    fh_pg_reply_end(out, begun);
}

void fh_pg_reply_key(struct fh_buf *out, uint32_t process, struct fh_bytes secret)
{
    size_t begun = fh_pg_reply_begin(out, 'K');
    fh_pg_reply_u32(out, process);
    fh_buf_add_bytes(out, secret);
    fh_pg_reply_end(out, begun);
}

void fh_pg_reply_negotiate(struct fh_buf *out,
                           unsigned minor,
                           const struct fh_bytes *unknown,
                           unsigned unknown_count)
{
    size_t begun = fh_pg_reply_begin(out, 'v');
    fh_pg_reply_u32(out, (uint32_t)3 << 16 | minor);
    fh_pg_reply_u32(out, unknown_count);
    for (unsigned i = 0; i < unknown_count; i++) {
        fh_buf_add_bytes(out, unknown[i]);
        fh_buf_add_u8(out, 0);
    }
    fh_pg_reply_end(out, begun);
}

void fh_pg_reply_ready(struct fh_buf *out, char status)
{
    size_t begun = fh_pg_reply_begin(out, 'Z');
    fh_buf_add_u8(out, (uint8_t)status);
    fh_pg_reply_end(out, begun);
}

void fh_pg_reply_complete(struct fh_buf *out, const char *tag)
{
    size_t begun = fh_pg_reply_begin(out, 'C');
    fh_pg_reply_text(out, tag);
    fh_pg_reply_end(out, begun);
}

void fh_pg_reply_copy_out(struct fh_buf *out, bool binary, unsigned columns)
{
    size_t begun = fh_pg_reply_begin(out, 'H');
    fh_buf_add_u8(out, binary ? 1 : 0);
    fh_pg_reply_u16(out, columns);
    for (unsigned i = 0; i < columns; i++) {
        fh_pg_reply_u16(out, binary ? 1 : 0);
    }
    fh_pg_reply_end(out, begun);
}

void fh_pg_reply_params(struct fh_buf *out, const uint32_t *oids, unsigned count)
{
    size_t begun = fh_pg_reply_begin(out, 't');
    fh_pg_reply_u16(out, count);
    for (unsigned i = 0; i < count; i++) {
        fh_pg_reply_u32(out, oids[i]);
    }
    fh_pg_reply_end(out, begun);
}

void fh_pg_reply_text_column(struct fh_buf *out, const char *name)
{
    size_t begun = fh_pg_reply_begin(out, 'T');
    fh_pg_reply_u16(out, 1);
    fh_pg_reply_text(out, name);
    fh_pg_reply_u32(out, 0);          /* of no table */
    fh_pg_reply_u16(out, 0);          /* so of no column */
    fh_pg_reply_u32(out, 25);         /* text */
    fh_pg_reply_u16(out, UINT16_MAX); /* of any length */
    fh_pg_reply_u32(out, UINT32_MAX); /* without a modifier */
    fh_pg_reply_u16(out, 0);          /* as text */
    fh_pg_reply_end(out, begun);
}

void fh_pg_reply_text_row(struct fh_buf *out, const char *value)
{
    size_t begun = fh_pg_reply_begin(out, 'D');
    fh_pg_reply_u16(out, 1);
    fh_pg_reply_u32(out, (uint32_t)strlen(value));
    fh_buf_add_cstr(out, value);
    fh_pg_reply_end(out, begun);
}
