/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/sql_tables.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PARTS_MAX = 3, PART_BYTES = FH_NAME_BYTES_MAX * 2 + 16 };

/* A name with its dots. */
struct written {
    unsigned count; /* of parts; those beyond PARTS_MAX are counted and not kept */
    bool plain;     /* the first part has no quotes: it may be a word of the language */
    char parts[PARTS_MAX][PART_BYTES];
};

/* ---- characters ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What DuckDB takes for a space beyond ASCII: bytes of it, or 0. */
static size_t unicode_space(const char *at)
{
    static const char *const spaces[] = {
        "\xc2\xa0",
        "\xe1\x9a\x80",
        "\xe2\x80\xa8",
        "\xe2\x80\xa9",
        "\xe2\x80\xaf",
        "\xe2\x81\x9f",
        "\xe3\x80\x80",
    };
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        size_t size = strlen(spaces[i]);
        if (strncmp(at, spaces[i], size) == 0) {
            return size;
        }
    }
    bool of_a_width = strncmp(at, "\xe2\x80", 2) == 0 && (unsigned char)at[2] >= 0x80 &&
                      (unsigned char)at[2] <= 0x8a; /* U+2000 to U+200A */
    return of_a_width ? 3 : 0;
}

static bool begins_name(const char *at)
{
    return (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_' ||
           ((*at & 0x80) != 0 && unicode_space(at) == 0);
}

static bool goes_on(const char *at)
{
    return begins_name(at) || is_digit(*at) || *at == '$';
}

/* ---- what is skipped ---- */

static const char *behind_spaces(const char *at)
{
    for (;;) {
        size_t space = unicode_space(at);
        if (space > 0) {
            at += space;
        } else if (*at == ' ' || (*at >= '\t' && *at <= '\r')) {
            at++;
        } else if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\r\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");
            at = end == NULL ? at + strlen(at) : end + 2;
        } else {
            return at;
        }
    }
}

const char *fh_sql_behind_quoted(const char *at, bool escapes)
{
    char quote = *at++;
    while (*at != 0 && (*at != quote || at[1] == quote)) {
        at += (*at == quote || (escapes && *at == '\\')) && at[1] != 0 ? 2 : 1;
    }
    return *at == 0 ? at : at + 1;
}

/* Behind $tag$...$tag$, or behind the name of a parameter. */
static const char *behind_dollar(const char *at)
{
    const char *tag_end = at + 1;
    while (begins_name(tag_end) || (tag_end > at + 1 && is_digit(*tag_end))) {
        tag_end++;
    }
    if (*tag_end != '$') {
        return tag_end;
    }
    size_t size = (size_t)(tag_end + 1 - at);
    for (const char *end = strchr(at + size, '$'); end != NULL; end = strchr(end + 1, '$')) {
        if (strncmp(end, at, size) == 0) {
            return end + size;
        }
    }
    return at + strlen(at);
}

/* ---- names ---- */

static void keep(struct written *out, const char *from, const char *to, bool quoted)
{
    if (out->count < PARTS_MAX) {
        char *part = out->parts[out->count];
        size_t size = 0;
        for (; from < to && size + 1 < PART_BYTES; from++) {
            part[size++] = *from;
            from += quoted && *from == '"' ? 1 : 0; /* "" within quotes */
        }
        part[size] = 0;
    }
    out->count++;
}

/* Reads parts with dots between them; behind the last one. */
static const char *read_name(struct written *out, const char *at)
{
    *out = (struct written){.plain = *at != '"'};
    for (;;) {
        const char *from = at;
        if (*at == '"') {
            at = fh_sql_behind_quoted(at, false);
            keep(out, from + 1, at[-1] == '"' && at > from + 1 ? at - 1 : at, true);
        } else {
            while (goes_on(at)) {
                at++;
            }
            keep(out, from, at, false);
        }
        const char *dot = behind_spaces(at);
        const char *next = *dot == '.' ? behind_spaces(dot + 1) : dot;
        if (*dot != '.' || (*next != '"' && !begins_name(next))) {
            return at;
        }
        at = next;
    }
}

/* What is cut here is longer than any name, and stays so. */
static void copy_part(char out[FH_NAME_BYTES_MAX + 2], const char *part)
{
    size_t size = strnlen(part, FH_NAME_BYTES_MAX + 1);
    memcpy(out, part, size);
    out[size] = 0;
}

/* domain.product, domain.product.table or domain.product__table; the product perhaps with its
 * @MAJOR. */
static void take_apart(struct fh_sql_table *out, struct written *name)
{
    *out = (struct fh_sql_table){.major = 0};
    char *product = name->parts[1];
    char *split = name->count == 2 ? strstr(product, "__") : NULL;
    if (split != NULL) {
        copy_part(out->table, split + 2);
        *split = 0;
    } else if (name->count == PARTS_MAX) {
        copy_part(out->table, name->parts[2]);
    }
    char *version = strchr(product, '@');
    if (version != NULL) {
        out->major = (uint32_t)strtoul(version + 1, NULL, 10);
        *version = 0;
    }
    copy_part(out->domain, name->parts[0]);
    copy_part(out->product, name->count > PARTS_MAX ? "" : product);
}

/* ---- where tables stand ---- */

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcasecmp(word, *words) == 0) {
            return true;
        }
    }
    return false;
}

/* What the last token was is over. */
static void note_other(struct fh_sql_tables *t)
{
    t->distinct = false;
    t->naming = false;
    t->function = false;
}

static void note_word(struct fh_sql_tables *t, const char *word)
{
    static const char *const functions[] = {"trim", "substring", "overlay", "extract", NULL};
    static const char *const before_table[] = {
        "join", "pivot", "unpivot", "table", "pivot_wider", "pivot_longer", NULL};
    static const char *const same_place[] = {"lateral", "only", NULL};
    static const char *const ends_from[] = {"select",
                                            "where",
                                            "group",
                                            "order",
                                            "having",
                                            "limit",
                                            "offset",
                                            "window",
                                            "qualify",
                                            "union",
                                            "except",
                                            "intersect",
                                            NULL};
    struct fh_sql_level *level = &t->levels[t->depth];
    bool of_distinct = t->distinct;
    note_other(t);
    if (strcasecmp(word, "from") == 0) {
        if (!level->function && !of_distinct) {
            level->in_from = true;
            t->expected = true;
        }
    } else if (is_one_of(word, before_table)) {
        t->expected = true;
    } else if (!is_one_of(word, same_place)) {
        t->expected = false;
        t->distinct = strcasecmp(word, "distinct") == 0;
        t->naming = strcasecmp(word, "as") == 0;
        t->function = is_one_of(word, functions);
        level->in_from = level->in_from && !is_one_of(word, ends_from);
    }
}

static void note_sign(struct fh_sql_tables *t, char sign)
{
    bool function = t->function && sign == '(';
    note_other(t);
    if (sign == '(' || sign == '[' || sign == '{') {
        t->expected = t->expected && sign == '(';
        t->depth += t->depth < FH_SQL_DEPTH_MAX ? 1 : 0;
        t->levels[t->depth] = (struct fh_sql_level){.function = function};
    } else if (sign == ')' || sign == ']' || sign == '}') {
        t->depth -= t->depth > 0 ? 1 : 0;
        t->expected = false;
    } else {
        t->expected = sign == ',' && t->levels[t->depth].in_from;
        t->naming = sign == '.';
    }
}

/* Whether what was read is the alias before a table: FROM o: shop.orders. */
static bool is_alias(struct fh_sql_tables *t)
{
    const char *next = behind_spaces(t->at);
    bool alias = t->expected && next[0] == ':' && next[1] != ':';
    t->at = alias ? next + 1 : t->at;
    return alias;
}

/* A name: true when it is a table. */
static bool note_name(struct fh_sql_tables *t, struct written *name, struct fh_sql_table *out)
{
    if (name->count == 1 && is_alias(t)) {
        return false;
    }
    if (name->count == 1 && name->plain && !t->naming) {
        note_word(t, name->parts[0]);
        return false;
    }
    bool is_table = name->count > 1 && t->expected && *behind_spaces(t->at) != '(';
    t->expected = false;
    note_other(t);
    if (is_table) {
        take_apart(out, name);
    }
    return is_table;
}

static void note_text(struct fh_sql_tables *t)
{
    if (!is_alias(t)) {
        note_sign(t, '\'');
    }
}

void fh_sql_tables_begin(struct fh_sql_tables *out, const char *sql)
{
    *out = (struct fh_sql_tables){.at = sql};
}

bool fh_sql_tables_next(struct fh_sql_tables *t, struct fh_sql_table *out)
{
    for (;;) {
        t->at = behind_spaces(t->at);
        const char *at = t->at;
        if (*at == 0) {
            return false;
        }
        if (*at == '\'') {
            t->at = fh_sql_behind_quoted(at, false);
            note_text(t);
        } else if ((*at == 'e' || *at == 'E') && at[1] == '\'') {
            t->at = fh_sql_behind_quoted(at + 1, true);
            note_text(t);
        } else if (*at == '$') {
            t->at = behind_dollar(at);
            note_sign(t, '$');
        } else if (is_digit(*at)) {
            while (goes_on(t->at) || *t->at == '.') {
                t->at++;
            }
            note_sign(t, '0');
        } else if (*at == '"' || begins_name(at)) {
            struct written name;
            t->at = read_name(&name, at);
            if (note_name(t, &name, out)) {
                return true;
            }
        } else {
            t->at++;
            note_sign(t, *at);
        }
    }
}

bool fh_sql_table_is(const struct fh_sql_table *written,
                     const char *domain,
                     const char *product,
                     const char *table,
                     const char *version)
{
    return strcasecmp(written->domain, domain) == 0 && strcasecmp(written->product, product) == 0 &&
           (written->table[0] == 0 || strcasecmp(written->table, table) == 0) &&
           (written->major == 0 || strtoul(version, NULL, 10) == written->major);
}
