/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/options.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind {
    FIXED,   /* as it is; setting it to that is fine */
    FREE,    /* takes any value */
    BOOLEAN, /* on or off */
    CHOICE,  /* one of `values` */
    SERVER,  /* set by the door alone */
};

enum {
    REPORT = 1, /* clients are told when it changes */
};

static const struct known {
    const char *name;
    const char *value;
    enum kind kind;
    unsigned flags;
    const char *values; /* CHOICE and FIXED: what else is taken, with bars between */
} table[] = {
    {"application_name", "", FREE, REPORT, NULL},
    {"bytea_output", "hex", FIXED, 0, NULL},
    {"check_function_bodies", "on", BOOLEAN, 0, NULL},
    {"client_encoding", "UTF8", FIXED, REPORT, "utf8|utf-8|unicode|auto"},
    {"client_min_messages", "notice", CHOICE, 0, "debug|log|info|notice|warning|error|debug1"},
    {"DateStyle", "ISO, MDY", FIXED, REPORT, "iso|iso, dmy|iso, ymd|dmy|mdy|ymd|iso,mdy"},
    {"default_transaction_deferrable", "off", BOOLEAN, 0, NULL},
    {"default_transaction_isolation",
     "read committed",
     CHOICE,
     0,
     "read committed|read uncommitted|repeatable read|serializable"},
    {"default_transaction_read_only", "on", FIXED, REPORT, "true|1|yes"},
    {"extra_float_digits", "1", CHOICE, 0, "0|1|2|3"},
    {"freehold.purpose", "", FREE, 0, NULL},
    {"freehold.receipt", "", SERVER, 0, NULL},
    {"idle_in_transaction_session_timeout", "0", FREE, 0, NULL},
    {"idle_session_timeout", "0", FREE, 0, NULL},
    {"in_hot_standby", "off", SERVER, REPORT, NULL},
    {"integer_datetimes", "on", SERVER, REPORT, NULL},
    {"IntervalStyle", "postgres", FIXED, REPORT, NULL},
    {"is_superuser", "off", SERVER, REPORT, NULL},
    {"lc_collate", "C", SERVER, 0, NULL},
    {"lc_ctype", "C.UTF-8", SERVER, 0, NULL},
    {"lc_messages", "C", FREE, 0, NULL},
    {"lc_monetary", "C", FREE, 0, NULL},
    {"lc_numeric", "C", FREE, 0, NULL},
    {"lc_time", "C", FREE, 0, NULL},
    {"lock_timeout", "0", FREE, 0, NULL},
    {"max_identifier_length", "63", SERVER, 0, NULL},
    {"max_index_keys", "32", SERVER, 0, NULL},
    {"password_encryption", "scram-sha-256", FIXED, 0, NULL},
    {"role", "none", FIXED, 0, NULL},
    {"row_security", "on", BOOLEAN, 0, NULL},
    {"search_path", "", FREE, 0, NULL},
    {"server_encoding", "UTF8", SERVER, REPORT, NULL},
    {"server_version", FH_PG_SERVER_VERSION " (Freehold " FH_VERSION ")", SERVER, REPORT, NULL},
    {"server_version_num", "150000", SERVER, 0, NULL},
    {"session_authorization", "", SERVER, REPORT, NULL},
    {"standard_conforming_strings", "on", FIXED, REPORT, "true|1|yes"},
    {"statement_timeout", "0", FREE, 0, NULL},
    {"synchronize_seqscans", "on", BOOLEAN, 0, NULL},
    {"synchronous_commit", "on", FREE, 0, NULL},
    {"TimeZone", "UTC", FREE, REPORT, NULL},
    {"transaction_deferrable", "off", BOOLEAN, 0, NULL},
    {"transaction_isolation",
     "read committed",
     CHOICE,
     0,
     "read committed|read uncommitted|repeatable read|serializable"},
    {"transaction_read_only", "on", FIXED, 0, "true|1|yes"},
    {"work_mem", "4MB", FREE, 0, NULL},
    {"xmloption", "content", FREE, 0, NULL},
};

/* A value that is not the table's. */
struct entry {
    char name[FH_NAME_BYTES_MAX + 1];
    char *value;   /* now; NULL: the next */
    char *startup; /* what RESET goes back to; NULL: the table's */
    char *before;  /* of the transaction that runs, while `touched` */
    bool touched;
    bool local;
    bool changed; /* since it was reported */
};

struct fh_pg_options {
    size_t count;
    bool transaction;
    struct entry entries[FH_PG_OPTIONS_MAX];
};

/* ---- lifecycle ---- */

struct fh_pg_options *fh_pg_options_new(void)
{
    return fh_calloc(1, sizeof(struct fh_pg_options));
}

void fh_pg_options_free(struct fh_pg_options *options)
{
    if (options == NULL) {
        return;
    }
    for (size_t i = 0; i < options->count; i++) {
        fh_free(options->entries[i].value);
        fh_free(options->entries[i].startup);
        fh_free(options->entries[i].before);
    }
    fh_free(options);
}

/* ---- looking up ---- */

static const struct known *known_of(const char *name)
{
    for (size_t i = 0; i < FH_COUNT(table); i++) {
        if (strcasecmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static size_t index_of(const struct fh_pg_options *options, const char *name)
{
    size_t i = 0;
    while (i < options->count && strcasecmp(options->entries[i].name, name) != 0) {
        i++;
    }
    return i;
}

static const struct entry *entry_of(const struct fh_pg_options *options, const char *name)
{
    size_t i = index_of(options, name);
    return i < options->count ? &options->entries[i] : NULL;
}

/* Other names of PostgreSQL's for the same. */
static const char *real_name(const char *name)
{
    return strcasecmp(name, "authorization") == 0 ? "session_authorization" : name;
}

const char *fh_pg_options_get(const struct fh_pg_options *options, const char *name)
{
    name = real_name(name);
    const struct entry *entry = entry_of(options, name);
    const struct known *known = known_of(name);
    if (entry != NULL && (entry->value != NULL || entry->startup != NULL)) {
        return entry->value != NULL ? entry->value : entry->startup;
    }
    return known != NULL ? known->value : NULL;
}

const char *fh_pg_options_name(const struct fh_pg_options *options, const char *name)
{
    name = real_name(name);
    const struct known *known = known_of(name);
    const struct entry *entry = entry_of(options, name);
    return known != NULL ? known->name : entry != NULL ? entry->name : NULL;
}

/* ---- judging ---- */

/* Whether `value` is one of "a|b|c", in any case. */
static bool is_one_of(const char *values, const char *value)
{
    size_t size = strlen(value);
    for (const char *at = values; at != NULL && *at != 0;) {
        size_t length = strcspn(at, "|");
        if (length == size && strncasecmp(at, value, size) == 0) {
            return true;
        }
        at += length + (at[length] == '|' ? 1 : 0);
    }
    return false;
}

static bool judge(const struct known *known, const char *value, struct fh_pg_report *report)
{
    bool fine = false;
    switch (known->kind) {
    case FREE:
        fine = fh_utf8_valid(fh_bytes_cstr(value));
        break;
    case BOOLEAN:
        fine = is_one_of("on|off|true|false|yes|no|1|0", value);
        break;
    case FIXED:
    case CHOICE:
        fine = strcasecmp(known->value, value) == 0 || is_one_of(known->values, value);
        break;
    case SERVER:
        if (strcmp(known->name, "session_authorization") == 0 &&
            strcasecmp(value, "default") == 0) {
            return true;
        }
        fh_pg_report_set(report, "55P02", "parameter \"%s\" cannot be changed", known->name);
        return false;
    }
    if (!fine) {
        fh_pg_report_set(
            report, "22023", "invalid value for parameter \"%s\": \"%s\"", known->name, value);
        snprintf(report->hint,
                 sizeof report->hint,
                 known->kind == FIXED ? "Here it is always %s." : "It was %s.",
                 known->value);
    }
    return fine;
}

/* What is kept: a value of FIXED stays, as whatever else is taken means the same. */
static const char *kept(const struct known *known, const char *value)
{
    if (known != NULL && (known->kind == FIXED || known->kind == SERVER)) {
        return known->value;
    }
    /* Values carry their offset, which is always +00: the zone is not another one. */
    return known != NULL && strcmp(known->name, "TimeZone") == 0 ? known->value : value;
}

/* ---- changing ---- */

static struct entry *make_entry(struct fh_pg_options *options, const char *name)
{
    size_t i = index_of(options, name);
    if (i == FH_PG_OPTIONS_MAX) {
        return NULL;
    }
    if (i == options->count) {
        const struct known *known = known_of(name);
        options->count++;
        snprintf(options->entries[i].name,
                 sizeof options->entries[i].name,
                 "%s",
                 known != NULL ? known->name : name);
    }
    return &options->entries[i];
}

static void change(struct fh_pg_options *options, struct entry *entry, char *value, bool local)
{
    if (options->transaction && !entry->touched) {
        entry->touched = true;
        entry->before = entry->value;
        entry->value = NULL;
    }
    fh_free(entry->value);
    entry->value = value;
    entry->local = options->transaction && local;
    entry->changed = true;
}

bool fh_pg_options_set(struct fh_pg_options *options,
                       const char *name,
                       const char *value,
                       bool local,
                       bool startup,
                       struct fh_pg_report *report)
{
    name = real_name(name);
    const struct known *known = known_of(name);
    bool ours = strncasecmp(name, "freehold.", strlen("freehold.")) == 0;
    if (known == NULL && (ours || strchr(name, '.') == NULL) && entry_of(options, name) == NULL) {
        fh_pg_report_set(report, "42704", "unrecognized configuration parameter \"%s\"", name);
        return false;
    }
    if (known != NULL && value != NULL && !judge(known, value, report)) {
        return false;
    }
    if (value == NULL && entry_of(options, name) == NULL) {
        return true;
    }
    struct entry *entry = make_entry(options, name);
    char *copy = value == NULL ? NULL : fh_strdup(kept(known, value));
    if (entry == NULL || (value != NULL && copy == NULL)) {
        fh_free(copy);
        fh_pg_report_set(
            report, "54000", "a connection has at most %d settings of its own", FH_PG_OPTIONS_MAX);
        return false;
    }
    if (startup) {
        fh_free(entry->startup);
        entry->startup = copy;
        entry->changed = true;
    } else {
        change(options, entry, copy, local);
    }
    return true;
}

void fh_pg_options_reset_all(struct fh_pg_options *options)
{
    for (size_t i = 0; i < options->count; i++) {
        if (options->entries[i].value != NULL) {
            change(options, &options->entries[i], NULL, false);
        }
    }
}

void fh_pg_options_force(struct fh_pg_options *options, const char *name, const char *value)
{
    struct entry *entry = make_entry(options, name);
    char *copy = fh_strdup(value);
    if (entry == NULL || copy == NULL) {
        fh_free(copy); /* it shows the value of before */
        return;
    }
    fh_free(entry->startup);
    entry->startup = copy;
    entry->changed = true;
}

/* ---- transactions ---- */

void fh_pg_options_begin(struct fh_pg_options *options)
{
    options->transaction = true;
}

void fh_pg_options_end(struct fh_pg_options *options, bool commit)
{
    options->transaction = false;
    for (size_t i = 0; i < options->count; i++) {
        struct entry *entry = &options->entries[i];
        if (!entry->touched) {
            continue;
        }
        if (!commit || entry->local) {
            fh_free(entry->value);
            entry->value = entry->before;
            entry->changed = true;
        } else {
            fh_free(entry->before);
        }
        entry->before = NULL;
        entry->touched = false;
        entry->local = false;
    }
}

/* ---- telling ---- */

void fh_pg_options_report(struct fh_pg_options *options, struct fh_buf *out, bool all)
{
    for (size_t i = 0; i < FH_COUNT(table); i++) {
        size_t own = index_of(options, table[i].name);
        bool changed = own < options->count && options->entries[own].changed;
        if ((table[i].flags & REPORT) != 0 && (all || changed)) {
            fh_pg_reply_status(out, table[i].name, fh_pg_options_get(options, table[i].name));
        }
        if (changed) {
            options->entries[own].changed = false;
        }
    }
}

bool fh_pg_options_at(const struct fh_pg_options *options,
                      size_t index,
                      const char **out_name,
                      const char **out_value)
{
    if (index >= FH_COUNT(table)) {
        return false;
    }
    *out_name = table[index].name;
    *out_value = fh_pg_options_get(options, table[index].name);
    return true;
}

uint32_t fh_pg_duration_ms(const char *text)
{
    static const struct {
        const char *unit;
        uint32_t ms;
    } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}};
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *text == '-') {
        return 0;
    }
    while (*end == ' ') {
        end++;
    }
    for (size_t i = 0; i < FH_COUNT(units); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            return value > UINT32_MAX / units[i].ms ? UINT32_MAX : (uint32_t)value * units[i].ms;
        }
    }
    return 0;
}
