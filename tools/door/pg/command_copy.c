/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/command_copy.h"

#include "common/assert.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What was said, before it is put over the defaults of the format. */
struct options {
    enum fh_pg_form form;
    int header; /* -1: not said, as the next */
    int quote_all;
    char delimiter[8]; /* "": not said, as the next two */
    char quote[8];
    char escape[8];
    bool has_null;
    char null[FH_PG_NULL_BYTES];
};

/* ---- what is copied ---- */

/* Up to the bracket that closes the one just taken. */
static bool take_brackets(struct fh_pg_sql *sql, struct fh_bytes *out)
{
    struct fh_pg_token token;
    const uint8_t *from = fh_pg_sql_rest(sql).data;
    for (unsigned depth = 1; fh_pg_token_next(sql, &token);) {
        if (token.kind != FH_PG_TOKEN_SIGN) {
            continue;
        }
        depth += token.text.data[0] == '(' ? 1 : 0;
        depth -= token.text.data[0] == ')' ? 1 : 0;
        if (depth == 0) {
            *out = fh_bytes(from, (size_t)(token.text.data - from));
            return true;
        }
    }
    return false;
}

/* "domain.product (a, b)" as a question. */
static bool
take_table(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    struct fh_pg_token token;
    struct fh_bytes columns = fh_bytes_cstr("*");
    const uint8_t *from = fh_pg_sql_rest(sql).data;
    const uint8_t *end = from;
    do {
        if (!fh_pg_token_next(sql, &token) ||
            (token.kind != FH_PG_TOKEN_WORD && token.kind != FH_PG_TOKEN_NAME)) {
            return fh_pg_command_wrong(sql, report);
        }
        end = token.text.data + token.text.size;
    } while (fh_pg_token_take(sql, "."));
    if (fh_pg_token_take(sql, "(") && !take_brackets(sql, &columns)) {
        return fh_pg_command_wrong(sql, report);
    }
    fh_buf_add_cstr(&out->made, "SELECT ");
    fh_buf_add_bytes(&out->made, columns);
    fh_buf_add_cstr(&out->made, " FROM ");
    fh_buf_add(&out->made, from, (size_t)(end - from));
    if (fh_buf_ok(&out->made) != FH_OK) {
        fh_pg_report_set(report, "54000", "the statement is too long");
        return false;
    }
    out->body = fh_buf_view(&out->made);
    return true;
}

/* ---- options ---- */

static bool take_text(struct fh_pg_sql *sql, char *out, size_t size)
{
    (void)fh_pg_token_take(sql, "AS");
    struct fh_pg_token token;
    return fh_pg_token_next(sql, &token) && token.kind == FH_PG_TOKEN_TEXT &&
           fh_pg_token_copy(out, size, &token);
}

/* Behind a word that may stand alone: true, false, on, off, 1, 0, MATCH (which is for reading). */
static int take_flag(struct fh_pg_sql *sql)
{
    if (fh_pg_token_take(sql, "FALSE") || fh_pg_token_take(sql, "OFF")) {
        return 0;
    }
    struct fh_pg_token token = fh_pg_token_peek(sql);
    char text[8] = "";
    bool value = token.kind == FH_PG_TOKEN_NUMBER || token.kind == FH_PG_TOKEN_TEXT ||
                 fh_pg_token_is(&token, "TRUE") || fh_pg_token_is(&token, "ON");
    if (value) {
        (void)fh_pg_token_next(sql, &token);
        (void)fh_pg_token_copy(text, sizeof text, &token);
    }
    return strcmp(text, "0") != 0 && strcasecmp(text, "off") != 0 && strcasecmp(text, "false") != 0;
}

static bool take_format(struct options *options, struct fh_pg_sql *sql)
{
    static const char *const names[] = {
        [FH_PG_FORM_TEXT] = "text", [FH_PG_FORM_CSV] = "csv", [FH_PG_FORM_BINARY] = "binary"};
    char name[16];
    struct fh_pg_token token;
    if (!fh_pg_token_next(sql, &token) || !fh_pg_token_copy(name, sizeof name, &token)) {
        return false;
    }
    for (size_t i = FH_PG_FORM_TEXT; i < FH_COUNT(names); i++) {
        if (strcasecmp(name, names[i]) == 0) {
            options->form = (enum fh_pg_form)i;
            return true;
        }
    }
    return false;
}

/* FORCE_QUOTE * or a list of columns, all of which are quoted then. */
static bool take_force(struct options *options, struct fh_pg_sql *sql)
{
    struct fh_bytes ignored;
    options->quote_all = 1;
    return fh_pg_token_take(sql, "*") ||
           (fh_pg_token_take(sql, "(") && take_brackets(sql, &ignored));
}

/* One option of either notation. */
static bool take_option(struct options *options, struct fh_pg_sql *sql)
{
    static const char *const forms[] = {
        [FH_PG_FORM_TEXT] = "TEXT", [FH_PG_FORM_CSV] = "CSV", [FH_PG_FORM_BINARY] = "BINARY"};
    for (size_t i = FH_PG_FORM_TEXT; i < FH_COUNT(forms); i++) {
        if (fh_pg_token_take(sql, forms[i])) {
            options->form = (enum fh_pg_form)i;
            return true;
        }
    }
    if (fh_pg_token_take(sql, "FORMAT")) {
        return take_format(options, sql);
    }
    if (fh_pg_token_take(sql, "HEADER")) {
        options->header = take_flag(sql);
        return true;
    }
    if (fh_pg_token_take(sql, "DELIMITER") || fh_pg_token_take(sql, "DELIMITERS")) {
        return take_text(sql, options->delimiter, sizeof options->delimiter);
    }
    if (fh_pg_token_take(sql, "NULL")) {
        options->has_null = true;
        return take_text(sql, options->null, sizeof options->null);
    }
    if (fh_pg_token_take(sql, "QUOTE")) {
        return take_text(sql, options->quote, sizeof options->quote);
    }
    if (fh_pg_token_take(sql, "ESCAPE")) {
        return take_text(sql, options->escape, sizeof options->escape);
    }
    if (fh_pg_token_take(sql, "FORCE_QUOTE")) {
        return take_force(options, sql);
    }
    if (fh_pg_token_take(sql, "ENCODING")) {
        char encoding[16];
        return take_text(sql, encoding, sizeof encoding) &&
               (strcasecmp(encoding, "UTF8") == 0 || strcasecmp(encoding, "UTF-8") == 0);
    }
    return false;
}

static bool one_byte(const char *text)
{
    return text[0] == 0 || (text[1] == 0 && text[0] != '\n' && text[0] != '\r');
}

static bool settle(struct fh_pg_copy *out, const struct options *said, struct fh_pg_report *report)
{
    fh_pg_copy_default(out, said->form);
    bool csv = said->form == FH_PG_FORM_CSV;
    bool marks = said->quote[0] != 0 || said->escape[0] != 0 || said->quote_all > 0;
    bool lines = said->delimiter[0] != 0 || said->has_null || said->header > 0;
    if ((marks && !csv) || (lines && said->form == FH_PG_FORM_BINARY)) {
        fh_pg_report_set(report, "0A000", "this option of COPY is for another format");
        return false;
    }
    if (!one_byte(said->delimiter) || !one_byte(said->quote) || !one_byte(said->escape) ||
        strpbrk(said->null, "\r\n") != NULL ||
        (!csv && said->delimiter[0] != 0 &&
         strchr("\\.abcdefghijklmnopqrstuvwxyz0123456789", said->delimiter[0]) != NULL)) {
        fh_pg_report_set(
            report, "22023", "COPY delimiter, quote and escape are one byte each, and no letter");
        return false;
    }
    out->header = said->header > 0;
    out->quote_all = said->quote_all > 0;
    out->delimiter = said->delimiter[0] != 0 ? said->delimiter[0] : out->delimiter;
    out->quote = said->quote[0] != 0 ? said->quote[0] : out->quote;
    out->escape = said->escape[0] != 0  ? said->escape[0]
                  : said->quote[0] != 0 ? said->quote[0]
                                        : out->escape;
    if (said->has_null) {
        memcpy(out->null, said->null, sizeof out->null);
    }
    if (csv && out->delimiter == out->quote) {
        fh_pg_report_set(report, "22023", "COPY delimiter and quote must be different");
        return false;
    }
    return true;
}

bool fh_pg_command_copy(struct fh_pg_command *out,
                        struct fh_pg_sql *sql,
                        struct fh_pg_report *report)
{
    struct options options = {.form = FH_PG_FORM_TEXT, .header = -1, .quote_all = -1};
    out->verb = FH_PG_VERB_COPY;
    snprintf(out->tag, sizeof out->tag, "COPY");
    options.form = fh_pg_token_take(sql, "BINARY") ? FH_PG_FORM_BINARY : FH_PG_FORM_TEXT;
    bool question = fh_pg_token_take(sql, "(");
    if (question ? !take_brackets(sql, &out->body) : !take_table(out, sql, report)) {
        return question ? fh_pg_command_wrong(sql, report) : false;
    }
    if (fh_pg_token_take(sql, "FROM")) {
        out->verb = FH_PG_VERB_WRITE;
        snprintf(out->tag, sizeof out->tag, "COPY FROM");
        return true;
    }
    if (!fh_pg_token_take(sql, "TO")) {
        return fh_pg_command_wrong(sql, report);
    }
    if (fh_pg_token_peek(sql).kind == FH_PG_TOKEN_END) {
        return fh_pg_command_wrong(sql, report);
    }
    if (!fh_pg_token_take(sql, "STDOUT")) {
        fh_pg_report_set(report, "42501", "COPY to a file or a program is not for here");
        snprintf(report->hint, sizeof report->hint, "Write TO STDOUT; psql has \\copy for files.");
        return false;
    }
    (void)fh_pg_token_take(sql, "WITH");
    bool list = fh_pg_token_take(sql, "(");
    while (!(list ? fh_pg_token_take(sql, ")") : fh_pg_token_peek(sql).kind == FH_PG_TOKEN_END)) {
        if (!take_option(&options, sql)) {
            return fh_pg_command_wrong(sql, report);
        }
        (void)(list && fh_pg_token_take(sql, ","));
    }
    if (fh_pg_token_peek(sql).kind != FH_PG_TOKEN_END) {
        return fh_pg_command_wrong(sql, report);
    }
    return settle(&out->copy, &options, report);
}
