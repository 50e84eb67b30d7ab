/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/command.h"

#include "common/assert.h"
#include "tools/door/pg/command_copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void fh_pg_command_fini(struct fh_pg_command *command)
{
    fh_buf_fini(&command->made);
}

bool fh_pg_command_wrong(struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    struct fh_pg_token token = fh_pg_token_peek(sql);
    if (token.kind == FH_PG_TOKEN_END) {
        fh_pg_report_set(report, "42601", "syntax error at end of input");
    } else {
        fh_pg_report_set(report,
                         "42601",
                         "syntax error at or near \"%.*s\"",
                         (int)(token.text.size < 64 ? token.text.size : 64),
                         (const char *)token.text.data);
    }
    return false;
}

bool fh_pg_command_name(struct fh_pg_sql *sql,
                        char out[FH_NAME_BYTES_MAX + 1],
                        struct fh_pg_report *report)
{
    struct fh_pg_token token = fh_pg_token_peek(sql);
    if ((token.kind != FH_PG_TOKEN_WORD && token.kind != FH_PG_TOKEN_NAME) ||
        !fh_pg_token_copy(out, FH_NAME_BYTES_MAX + 1, &token)) {
        return fh_pg_command_wrong(sql, report);
    }
    (void)fh_pg_token_next(sql, &token);
    return true;
}

static bool at_end(struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    return fh_pg_token_peek(sql).kind == FH_PG_TOKEN_END || fh_pg_command_wrong(sql, report);
}

static void tag(struct fh_pg_command *out, enum fh_pg_verb verb, const char *text)
{
    out->verb = verb;
    snprintf(out->tag, sizeof out->tag, "%s", text);
}

/* ---- settings ---- */

/* A name with points: "freehold.purpose". */
static bool
setting_name(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    char part[FH_NAME_BYTES_MAX + 1];
    if (!fh_pg_command_name(sql, out->name, report)) {
        return false;
    }
    while (fh_pg_token_take(sql, ".")) {
        size_t size = strlen(out->name);
        if (!fh_pg_command_name(sql, part, report)) {
            return false;
        }
        snprintf(out->name + size, sizeof out->name - size, ".%s", part);
    }
    return true;
}

/* A value, or several with commas between: "ISO, MDY". */
static bool
setting_value(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    struct fh_buf value FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&value, FH_PG_OPTION_BYTES_MAX);
    struct fh_pg_token token;
    if (fh_pg_token_take(sql, "DEFAULT")) {
        out->by_default = true;
        return at_end(sql, report);
    }
    do {
        if (value.size > 0) {
            fh_buf_add_cstr(&value, ", ");
        }
        if (fh_pg_token_take(sql, "-")) {
            fh_buf_add_u8(&value, '-');
        }
        if (!fh_pg_token_next(sql, &token) || token.kind == FH_PG_TOKEN_PARAM ||
            token.kind == FH_PG_TOKEN_SIGN) {
            return fh_pg_command_wrong(sql, report);
        }
        fh_pg_token_value(&value, &token);
    } while (fh_pg_token_take(sql, ","));
    if (fh_buf_ok(&value) != FH_OK) {
        fh_pg_report_set(report, "22023", "a setting has at most %d bytes", FH_PG_OPTION_BYTES_MAX);
        return false;
    }
    snprintf(out->value, sizeof out->value, "%s", fh_buf_cstr(&value));
    return at_end(sql, report);
}

static bool read_set(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_SET, "SET");
    if (fh_pg_token_take(sql, "LOCAL")) {
        out->local = true;
    } else if (fh_pg_token_take(sql, "SESSION")) {
        if (fh_pg_token_take(sql, "CHARACTERISTICS")) {
            out->verb = FH_PG_VERB_NOTHING;
            return true;
        }
    }
    if (fh_pg_token_take(sql, "TRANSACTION") || fh_pg_token_take(sql, "CONSTRAINTS")) {
        out->verb = FH_PG_VERB_NOTHING;
        return true;
    }
    if (fh_pg_token_take(sql, "TIME")) {
        snprintf(out->name, sizeof out->name, "timezone");
        if (!fh_pg_token_take(sql, "ZONE")) {
            return fh_pg_command_wrong(sql, report);
        }
        (void)fh_pg_token_take(sql, "LOCAL");
        return fh_pg_token_peek(sql).kind == FH_PG_TOKEN_END ? (out->by_default = true)
                                                             : setting_value(out, sql, report);
    }
    if (fh_pg_token_take(sql, "NAMES")) {
        snprintf(out->name, sizeof out->name, "client_encoding");
        return setting_value(out, sql, report);
    }
    if (!setting_name(out, sql, report)) {
        return false;
    }
    if (strcmp(out->name, "role") != 0 && strcmp(out->name, "authorization") != 0 &&
        !fh_pg_token_take(sql, "=") && !fh_pg_token_take(sql, "TO")) {
        return fh_pg_command_wrong(sql, report);
    }
    (void)(fh_pg_token_take(sql, "=") || fh_pg_token_take(sql, "TO"));
    return setting_value(out, sql, report);
}

static bool
read_named_setting(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    if (fh_pg_token_take(sql, "ALL")) {
        return at_end(sql, report);
    }
    if (fh_pg_token_take(sql, "TIME")) {
        snprintf(out->name, sizeof out->name, "timezone");
        return fh_pg_token_take(sql, "ZONE") ? at_end(sql, report)
                                             : fh_pg_command_wrong(sql, report);
    }
    if (fh_pg_token_take(sql, "TRANSACTION")) {
        bool level = fh_pg_token_take(sql, "ISOLATION") && fh_pg_token_take(sql, "LEVEL");
        snprintf(out->name, sizeof out->name, "transaction_isolation");
        return level ? at_end(sql, report) : fh_pg_command_wrong(sql, report);
    }
    if (fh_pg_token_take(sql, "SESSION")) {
        snprintf(out->name, sizeof out->name, "session_authorization");
        return fh_pg_token_take(sql, "AUTHORIZATION") ? at_end(sql, report)
                                                      : fh_pg_command_wrong(sql, report);
    }
    return setting_name(out, sql, report) && at_end(sql, report);
}

static bool read_show(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_SHOW, "SHOW");
    return read_named_setting(out, sql, report);
}

static bool
read_reset(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_RESET, "RESET");
    return read_named_setting(out, sql, report);
}

static bool
read_discard(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_DISCARD, "DISCARD ALL");
    if (fh_pg_token_take(sql, "ALL")) {
        return at_end(sql, report);
    }
    static const char *const parts[] = {"PLANS", "SEQUENCES", "TEMP", "TEMPORARY"};
    for (size_t i = 0; i < FH_COUNT(parts); i++) {
        if (fh_pg_token_take(sql, parts[i])) {
            out->verb = FH_PG_VERB_NOTHING;
            snprintf(out->tag, sizeof out->tag, "DISCARD %s", i == 3 ? parts[2] : parts[i]);
            return at_end(sql, report);
        }
    }
    return fh_pg_command_wrong(sql, report);
}

/* ---- transactions ---- */

/* Modes of a transaction: one that writes is not to be had. */
static bool modes(struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    struct fh_pg_token token;
    bool reading = false;
    while (fh_pg_token_next(sql, &token)) {
        if (reading && fh_pg_token_is(&token, "WRITE")) {
            continue; /* drivers say so by habit: what would write is refused when it comes */
        }
        reading = fh_pg_token_is(&token, "READ");
        if (token.kind != FH_PG_TOKEN_WORD && token.text.data[0] != ',') {
            return fh_pg_command_wrong(sql, report);
        }
    }
    return true;
}

static bool
read_begin(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_BEGIN, "BEGIN");
    (void)(fh_pg_token_take(sql, "WORK") || fh_pg_token_take(sql, "TRANSACTION"));
    return modes(sql, report);
}

static bool
read_start(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_BEGIN, "START TRANSACTION");
    return fh_pg_token_take(sql, "TRANSACTION") ? modes(sql, report)
                                                : fh_pg_command_wrong(sql, report);
}

/* "[WORK | TRANSACTION] [AND [NO] CHAIN]" */
static bool end_of_transaction(struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    (void)(fh_pg_token_take(sql, "WORK") || fh_pg_token_take(sql, "TRANSACTION"));
    if (fh_pg_token_take(sql, "AND")) {
        if (!fh_pg_token_take(sql, "NO") || !fh_pg_token_take(sql, "CHAIN")) {
            return fh_pg_command_wrong(sql, report);
        }
    }
    return at_end(sql, report);
}

static bool
read_commit(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_COMMIT, "COMMIT");
    return end_of_transaction(sql, report);
}

static bool
read_rollback(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_ROLLBACK, "ROLLBACK");
    struct fh_pg_sql ahead = *sql;
    (void)(fh_pg_token_take(&ahead, "WORK") || fh_pg_token_take(&ahead, "TRANSACTION"));
    if (fh_pg_token_take(&ahead, "TO")) {
        *sql = ahead;
        out->verb = FH_PG_VERB_ROLLBACK_TO;
        (void)fh_pg_token_take(sql, "SAVEPOINT");
        return fh_pg_command_name(sql, out->name, report) && at_end(sql, report);
    }
    return end_of_transaction(sql, report);
}

static bool
read_savepoint(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_SAVEPOINT, "SAVEPOINT");
    return fh_pg_command_name(sql, out->name, report) && at_end(sql, report);
}

static bool
read_release(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_RELEASE, "RELEASE");
    (void)fh_pg_token_take(sql, "SAVEPOINT");
    return fh_pg_command_name(sql, out->name, report) && at_end(sql, report);
}

/* ---- cursors ---- */

static bool
read_declare(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    static const char *const options[] = {"INSENSITIVE", "ASENSITIVE", "SCROLL"};
    tag(out, FH_PG_VERB_DECLARE, "DECLARE CURSOR");
    if (!fh_pg_command_name(sql, out->name, report)) {
        return false;
    }
    while (!fh_pg_token_take(sql, "CURSOR")) {
        bool known = false;
        for (size_t i = 0; i < FH_COUNT(options); i++) {
            known = known || fh_pg_token_take(sql, options[i]);
        }
        if (!known && fh_pg_token_take(sql, "BINARY")) {
            known = out->binary = true;
        }
        if (!known && !(fh_pg_token_take(sql, "NO") && fh_pg_token_take(sql, "SCROLL"))) {
            return fh_pg_command_wrong(sql, report);
        }
    }
    out->hold = fh_pg_token_take(sql, "WITH");
    if (out->hold || fh_pg_token_take(sql, "WITHOUT")) {
        if (!fh_pg_token_take(sql, "HOLD")) {
            return fh_pg_command_wrong(sql, report);
        }
    }
    if (!fh_pg_token_take(sql, "FOR")) {
        return fh_pg_command_wrong(sql, report);
    }
    out->body = fh_pg_sql_rest(sql);
    return out->body.size > 0 || fh_pg_command_wrong(sql, report);
}

/* A number of rows, negative ones backward. */
static bool take_count(struct fh_pg_command *out, struct fh_pg_sql *sql)
{
    char text[24];
    struct fh_pg_sql ahead = *sql;
    bool minus = fh_pg_token_take(&ahead, "-");
    struct fh_pg_token token;
    if (!fh_pg_token_next(&ahead, &token) || token.kind != FH_PG_TOKEN_NUMBER ||
        !fh_pg_token_copy(text, sizeof text, &token) ||
        strspn(text, "0123456789") != strlen(text)) {
        return false;
    }
    out->count = strtoull(text, NULL, 10);
    out->backward = out->backward != minus;
    *sql = ahead;
    return true;
}

/* NEXT, FORWARD 5, ALL, BACKWARD ALL, ABSOLUTE 0 ...: forward, or all the way back. */
static bool read_direction(struct fh_pg_command *out, struct fh_pg_sql *sql)
{
    out->count = 1;
    if (fh_pg_token_take(sql, "PRIOR")) {
        out->backward = true;
    } else if (fh_pg_token_take(sql, "FIRST")) {
        out->again = true;
    } else if (fh_pg_token_take(sql, "ABSOLUTE")) {
        out->again = true;
        if (!take_count(out, sql)) {
            return false;
        }
    } else if (fh_pg_token_take(sql, "RELATIVE")) {
        if (!take_count(out, sql)) {
            return false;
        }
    } else if (!fh_pg_token_take(sql, "NEXT")) {
        bool backward = fh_pg_token_take(sql, "BACKWARD");
        bool forward = !backward && fh_pg_token_take(sql, "FORWARD");
        out->backward = backward;
        if (fh_pg_token_take(sql, "ALL")) {
            out->count = UINT64_MAX;
        } else if (!take_count(out, sql)) {
            (void)forward; /* without a count it is one row */
        }
    }
    return true;
}

static bool
read_fetch(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_FETCH, "FETCH");
    if (!read_direction(out, sql)) {
        return fh_pg_command_wrong(sql, report);
    }
    (void)(fh_pg_token_take(sql, "FROM") || fh_pg_token_take(sql, "IN"));
    return fh_pg_command_name(sql, out->name, report) && at_end(sql, report);
}

static bool read_move(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    bool ok = read_fetch(out, sql, report);
    tag(out, FH_PG_VERB_MOVE, "MOVE");
    return ok;
}

static bool
read_close(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_CLOSE, "CLOSE CURSOR");
    if (fh_pg_token_take(sql, "ALL")) {
        tag(out, FH_PG_VERB_CLOSE, "CLOSE CURSOR ALL");
        return at_end(sql, report);
    }
    return fh_pg_command_name(sql, out->name, report) && at_end(sql, report);
}

static bool
read_deallocate(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_DEALLOCATE, "DEALLOCATE");
    (void)fh_pg_token_take(sql, "PREPARE");
    if (fh_pg_token_take(sql, "ALL")) {
        tag(out, FH_PG_VERB_DEALLOCATE, "DEALLOCATE ALL");
        return at_end(sql, report);
    }
    return fh_pg_command_name(sql, out->name, report) && at_end(sql, report);
}

/* ---- what runs ---- */

static bool
read_explain(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report)
{
    tag(out, FH_PG_VERB_EXPLAIN, "EXPLAIN");
    if (fh_pg_token_take(sql, "(")) {
        struct fh_pg_token token;
        while (!fh_pg_token_take(sql, ")")) {
            if (!fh_pg_token_next(sql, &token)) {
                return fh_pg_command_wrong(sql, report);
            }
        }
    }
    while (fh_pg_token_take(sql, "ANALYZE") || fh_pg_token_take(sql, "VERBOSE")) {
    }
    out->body = fh_pg_sql_rest(sql);
    return out->body.size > 0 || fh_pg_command_wrong(sql, report);
}

static const struct {
    const char *word;
    bool (*read)(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report);
} readers[] = {
    {"SET", read_set},
    {"SHOW", read_show},
    {"RESET", read_reset},
    {"DISCARD", read_discard},
    {"BEGIN", read_begin},
    {"START", read_start},
    {"COMMIT", read_commit},
    {"END", read_commit},
    {"ROLLBACK", read_rollback},
    {"ABORT", read_rollback},
    {"SAVEPOINT", read_savepoint},
    {"RELEASE", read_release},
    {"DECLARE", read_declare},
    {"FETCH", read_fetch},
    {"MOVE", read_move},
    {"CLOSE", read_close},
    {"DEALLOCATE", read_deallocate},
    {"EXPLAIN", read_explain},
    {"COPY", fh_pg_command_copy},
};

/* Words that need no reading. */
static const struct {
    const char *word;
    enum fh_pg_verb verb;
} words[] = {
    {"INSERT", FH_PG_VERB_WRITE},     {"UPDATE", FH_PG_VERB_WRITE},
    {"DELETE", FH_PG_VERB_WRITE},     {"MERGE", FH_PG_VERB_WRITE},
    {"CREATE", FH_PG_VERB_WRITE},     {"DROP", FH_PG_VERB_WRITE},
    {"ALTER", FH_PG_VERB_WRITE},      {"TRUNCATE", FH_PG_VERB_WRITE},
    {"GRANT", FH_PG_VERB_WRITE},      {"REVOKE", FH_PG_VERB_WRITE},
    {"COMMENT", FH_PG_VERB_WRITE},    {"REINDEX", FH_PG_VERB_WRITE},
    {"CLUSTER", FH_PG_VERB_WRITE},    {"REFRESH", FH_PG_VERB_WRITE},
    {"REASSIGN", FH_PG_VERB_WRITE},   {"SECURITY", FH_PG_VERB_WRITE},
    {"IMPORT", FH_PG_VERB_WRITE},     {"NOTIFY", FH_PG_VERB_WRITE},
    {"VACUUM", FH_PG_VERB_FOREIGN},   {"ANALYZE", FH_PG_VERB_FOREIGN},
    {"CALL", FH_PG_VERB_FOREIGN},     {"DO", FH_PG_VERB_FOREIGN},
    {"LISTEN", FH_PG_VERB_FOREIGN},   {"LOAD", FH_PG_VERB_FOREIGN},
    {"PREPARE", FH_PG_VERB_FOREIGN},  {"EXECUTE", FH_PG_VERB_FOREIGN},
    {"ATTACH", FH_PG_VERB_FOREIGN},   {"PRAGMA", FH_PG_VERB_FOREIGN},
    {"UNLISTEN", FH_PG_VERB_NOTHING}, {"LOCK", FH_PG_VERB_NOTHING},
};

/* The first word in capitals, which is a tag for what has none of its own. */
static void tag_word(struct fh_pg_command *out, const struct fh_pg_token *token)
{
    size_t size = token->text.size < sizeof out->tag ? token->text.size : sizeof out->tag - 1;
    for (size_t i = 0; i < size; i++) {
        char c = (char)token->text.data[i];
        out->tag[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    out->tag[size] = 0;
}

bool fh_pg_command_read(struct fh_pg_command *out, struct fh_bytes sql, struct fh_pg_report *report)
{
    struct fh_pg_sql reader = {.sql = sql};
    struct fh_pg_token token;
    *out = (struct fh_pg_command){.verb = FH_PG_VERB_QUESTION, .body = sql};
    fh_buf_init(&out->made, FH_SQL_BYTES_MAX + 64);
    snprintf(out->tag, sizeof out->tag, "SELECT");
    if (!fh_pg_token_next(&reader, &token)) {
        return fh_pg_command_wrong(&reader, report);
    }
    for (size_t i = 0; i < FH_COUNT(readers); i++) {
        if (fh_pg_token_is(&token, readers[i].word)) {
            return readers[i].read(out, &reader, report);
        }
    }
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        if (fh_pg_token_is(&token, words[i].word)) {
            out->verb = words[i].verb;
            tag_word(out, &token);
        }
    }
    return true;
}
