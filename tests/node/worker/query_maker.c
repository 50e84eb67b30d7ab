/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/worker/query_maker.h"

#include "common/assert.h"
#include "tests/node/worker/query_grammar.h"

#include <string.h>

enum { DEPTH_MAX = 4 };

/* ---- filling ---- */

void query_maker_init(struct query_maker *maker, uint64_t seed)
{
    *maker = (struct query_maker){.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
}

uint32_t query_maker_pick(struct query_maker *maker, uint32_t bound)
{
    maker->state ^= maker->state >> 12; /* xorshift64* */
    maker->state ^= maker->state << 25;
    maker->state ^= maker->state >> 27;
    return (uint32_t)((maker->state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % bound;
}

static const char *one_of(struct query_maker *maker, const struct query_rows *rows)
{
    return rows->rows[query_maker_pick(maker, rows->count)];
}

/* A row of an expression table: deep down only its leaves; rows that may fail seldom. */
static const char *expression(struct query_maker *maker, const struct query_rows *rows)
{
    const char *row;
    do {
        bool leaf = maker->depth >= DEPTH_MAX || query_maker_pick(maker, 3) == 0;
        row = rows->rows[query_maker_pick(maker, leaf ? QUERY_LEAVES : rows->count)];
    } while (row[0] == '%' && row[1] == '!' && query_maker_pick(maker, 4) != 0);
    return row;
}

/* One word of a list of words. */
static void put_word(struct query_maker *maker, const char *words)
{
    uint32_t count = 1;
    for (const char *p = words; *p != '\0'; p++) {
        count += *p == ' ' ? 1 : 0;
    }
    for (uint32_t skip = query_maker_pick(maker, count); skip > 0; skip--) {
        words = strchr(words, ' ') + 1;
    }
    fh_buf_add(maker->out, words, strcspn(words, " "));
}

static void put_column(struct query_maker *maker, char kind)
{
    uint32_t chosen;
    do {
        chosen = query_maker_pick(maker, query_table_count);
    } while ((maker->scope & 1U << chosen) == 0);
    const struct query_columns *table = &query_tables[chosen];
    put_word(maker,
             kind == 'I'   ? table->integers
             : kind == 'T' ? table->texts
             : kind == 'B' ? table->booleans
             : kind == 'D' ? table->dates
             : kind == 'S' ? table->stamps
             : kind == 'M' ? table->decimals
             : kind == 'F' ? table->doubles
             : kind == 'H' ? table->hashes
                           : table->unique);
}

static const char *fill(struct query_maker *maker, const char *row);

static void fill_row(struct query_maker *maker, const char *row)
{
    maker->depth++;
    const char *end = fill(maker, row);
    FH_ASSERT(*end == '\0');
    maker->depth--;
}

static void put_list(struct query_maker *maker, const char *hole)
{
    uint32_t count = 1 + query_maker_pick(maker, 4);
    for (uint32_t i = 0; i < count; i++) {
        fh_buf_add_cstr(maker->out, i == 0 ? "" : ", ");
        fill_row(maker, hole);
        fh_buf_printf(maker->out, " AS c%u", maker->names++);
    }
}

static void fill_hole(struct query_maker *maker, char hole)
{
    switch (hole) {
    case 'i':
        fill_row(maker, expression(maker, &query_integers));
        break;
    case 't':
        fill_row(maker, expression(maker, &query_texts));
        break;
    case 'b':
        fill_row(maker, expression(maker, &query_booleans));
        break;
    case 'd':
        fill_row(maker, expression(maker, &query_dates));
        break;
    case 's':
        fill_row(maker, expression(maker, &query_stamps));
        break;
    case 'm':
        fill_row(maker, expression(maker, &query_decimals));
        break;
    case 'g':
        fill_row(maker, expression(maker, &query_aggregates));
        break;
    case 'w':
        fill_row(maker, expression(maker, &query_windows));
        break;
    case 'a':
        fill_row(maker, one_of(maker, &query_anything));
        break;
    case 'l':
        put_list(maker, "%a");
        break;
    case 'L':
        put_list(maker, "%g");
        break;
    case 'k':
        fh_buf_add_cstr(maker->out, one_of(maker, &query_numbers));
        break;
    case 'n':
        fh_buf_printf(maker->out, "%u", 1 + query_maker_pick(maker, 9));
        break;
    case 'q':
        fh_buf_add_cstr(maker->out, one_of(maker, &query_quoted));
        break;
    case 'p':
        fh_buf_add_cstr(maker->out, one_of(maker, &query_patterns));
        break;
    case 'r':
        fh_buf_add_cstr(maker->out, one_of(maker, &query_regulars));
        break;
    case '!':
    case '~':
        maker->loose = true;
        break;
    case '%':
        fh_buf_add_u8(maker->out, '%');
        break;
    default:
        put_column(maker, hole);
        break;
    }
}

/* The tables between %{ or %[ and what follows. */
static const char *enter(struct query_maker *maker, const char *at, bool only)
{
    unsigned scope = only ? 0 : maker->scope;
    for (; *at >= 'a' && *at <= 'z'; at++) {
        for (uint32_t i = 0; i < query_table_count; i++) {
            scope |= query_tables[i].table == *at ? 1U << i : 0;
        }
    }
    FH_ASSERT(*at == '%' && scope != 0);
    maker->scope = scope;
    return at;
}

/* Fills a row up to its end, or to the %} that ends a scope. */
static const char *fill(struct query_maker *maker, const char *row)
{
    const char *at = row;
    while (*at != '\0' && !(at[0] == '%' && at[1] == '}')) {
        if (at[0] != '%') {
            fh_buf_add_u8(maker->out, (uint8_t)*at++);
        } else if (at[1] == '{' || at[1] == '[') {
            unsigned outside = maker->scope;
            at = fill(maker, enter(maker, at + 2, at[1] == '{'));
            FH_ASSERT(*at == '%');
            at += 2;
            maker->scope = outside;
        } else {
            fill_hole(maker, at[1]);
            at += 2;
        }
    }
    return at;
}

void query_maker_next(struct query_maker *maker, struct fh_buf *out)
{
    fh_buf_reset(out);
    maker->out = out;
    maker->loose = false;
    maker->scope = 0;
    maker->depth = 0;
    maker->names = 0;
    fill_row(maker, one_of(maker, &query_queries));
}
