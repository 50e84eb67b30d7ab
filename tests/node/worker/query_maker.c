/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holes in a row, each filled by something of that type over the tables in scope:
 *
 *     %i integer   %t text   %b boolean   %d date   %s timestamp   %m decimal   %a any of them
 *     %I %T %B %D %S %M %F %H a column: of those types, a double, a hash
 *     %U a column that tells rows apart
 *     %k integer, %n integer 1 .. 9, %q text, %p pattern of LIKE, %r regular expression: constants
 *     %g aggregate   %w window function   %l select list   %L select list of aggregates
 *     %{po ... %}: what is between has these tables in scope; %[o ... %}: and those outside too
 *     %! what stands here may fail while it runs; %~ it depends on the order of rows
 *     %% a percent sign
 *
 * Tables: p and r are people, o orders, w words, e a derived table of columns i, t, b, d, m.
 */
#include "tests/node/worker/query_maker.h"

#include "common/assert.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 4, NONE = 0 };

#define LIST(name, ...) static const char *const name[] = {__VA_ARGS__}

/* ---- columns ---- */

static const struct columns {
    char table;
    const char *integers;
    const char *texts;
    const char *booleans;
    const char *dates;
    const char *stamps;
    const char *decimals;
    const char *doubles;
    const char *hashes;
    const char *unique;
} tables[] = {
    {'p',
     "p.id p.grp p.salary p.salary",
     "p.name p.note p.code p.name",
     "p.flag",
     "p.born",
     "p.seen",
     "p.amount",
     "p.score",
     "p.email",
     "p.id"},
    {'r',
     "r.id r.grp r.salary",
     "r.name r.note r.code",
     "r.flag",
     "r.born",
     "r.seen",
     "r.amount",
     "r.score",
     "r.email",
     "r.id"},
    {'o',
     "o.oid o.person o.qty o.qty",
     "o.item",
     "(o.qty>4)",
     "o.day",
     "o.day::TIMESTAMP",
     "o.price",
     "o.qty::DOUBLE",
     "o.item",
     "o.oid"},
    {'w',
     "w.k",
     "w.word w.digest",
     "(w.k>40)",
     "DATE'2020-02-29'",
     "TIMESTAMP'2020-02-29'",
     "w.k::DECIMAL(10,2)",
     "w.k::DOUBLE",
     "w.word",
     "w.k"},
    {'e', "e.i", "e.t", "e.b", "e.d", "e.d::TIMESTAMP", "e.m", "e.i::DOUBLE", "e.t", "e.i"},
};

/* ---- expressions: those in front are leaves ---- */

enum { LEAVES = 3 };

LIST(integers,
     "%I",
     "%I",
     "%k",
     "(%i + %i)",
     "(%i - %k)",
     "(%i * %n)",
     "(%i %% %n)",
     "(%i // %n)",
     "(-%i)",
     "abs(%i)",
     "sign(%i)",
     "length(%t)",
     "coalesce(%i, %i)",
     "nullif(%i, %i)",
     "greatest(%i, %i)",
     "least(%i, %k)",
     "CASE WHEN %b THEN %i ELSE %i END",
     "CASE %I WHEN %k THEN %i END",
     "if(%b, %i, %k)",
     "year(%d)",
     "month(%d)",
     "date_part('doy', %d)",
     "hour(%s)",
     "date_diff('day', %d, %d)",
     "strpos(%t, %q)",
     "(%b)::INTEGER",
     "TRY_CAST(%t AS BIGINT)",
     "TRY(CAST(%t AS INTEGER))",
     "instr(%t, %q)",
     "ascii(%t)",
     "bit_count(%I)",
     "levenshtein(%T, %q)",
     "len(string_split(%t, 'a'))",
     "list_sum([%i, %i, %k])",
     "len(list_filter([%i, %i], lambda z: z > %k))",
     "list_max(list_transform([%i, %k], lambda z: z + %n))",
     "(SELECT count(*) FROM dom.orders o WHERE %{o%b%})",
     "(SELECT max(o.qty) FROM dom.orders o WHERE o.person = %I)",
     "(SELECT sum(r.salary) FROM dom.people r WHERE r.grp = %I)",
     "%!CAST(%T AS INTEGER)",
     "%!CAST(%i AS TINYINT)",
     "%!CAST(%t AS BIGINT)",
     "%!(%I * 1000000007 * 1000000007)",
     "%!CAST(substr(%T, 1, 1) AS INTEGER)",
     "%!factorial(abs(%I) %% 40)::BIGINT");

LIST(texts,
     "%T",
     "%T",
     "%q",
     "(%t || %t)",
     "upper(%t)",
     "lower(%t)",
     "substr(%t, %n, %n)",
     "left(%t, %n)",
     "right(%t, %n)",
     "%t[%n]",
     "reverse(%t)",
     "trim(%t, 'a*')",
     "replace(%t, %q, '#')",
     "lpad(%t, 12, '.')",
     "repeat(%t, 2)",
     "coalesce(%t, %t)",
     "nullif(%t, %q)",
     "CASE WHEN %b THEN %t ELSE %q END",
     "(%i)::VARCHAR",
     "(%m)::VARCHAR",
     "(%b)::VARCHAR",
     "(%d)::VARCHAR",
     "%H",
     "md5(%t)",
     "sha256(%T)",
     "strftime(%d, '%%Y/%%m')",
     "regexp_replace(%t, %r, '_', 'g')",
     "regexp_extract(%t, %r)",
     "concat_ws('-', %t, %t)",
     "split_part(%t, 'e', %n)",
     "string_split(%t, 'e')[1]",
     "printf('%%d', %i)",
     "format('{}', %i)",
     "array_to_string([%t, %t], '+')",
     "list_sort([%t, %t])[1]",
     "{'a': %t, 'b': %i}.a",
     "typeof(%a)",
     "to_json(%t)::VARCHAR",
     "json_object('v', %t)::VARCHAR",
     "translate(%t, 'abc', 'xyz')",
     "hex(%T)",
     "(SELECT min(o.item) FROM dom.orders o WHERE o.person = %I)");

LIST(booleans,
     "%B",
     "(%I > %k)",
     "(%T IS NULL)",
     "(%i = %i)",
     "(%i < %i)",
     "(%i <> %k)",
     "(%t = %t)",
     "(%t < %q)",
     "(%d >= %d)",
     "(%s < %s)",
     "(%m > %m)",
     "(%F >= %k)",
     "(%H = %H)",
     "(%H < %q)",
     "(%i BETWEEN %k AND %k)",
     "(%i IN (%k, %k, %i))",
     "(%t LIKE %p)",
     "(%t NOT LIKE %p)",
     "(%t ILIKE %p)",
     "(%t SIMILAR TO %r)",
     "regexp_matches(%t, %r)",
     "starts_with(%t, %q)",
     "contains(%t, %q)",
     "(%b AND %b)",
     "(%b OR %b)",
     "(NOT %b)",
     "(%a IS NOT NULL)",
     "(%i IS DISTINCT FROM %i)",
     "(%t IS NOT DISTINCT FROM %t)",
     "coalesce(%b, false)",
     "(CASE WHEN %b THEN %b ELSE %b END)",
     "EXISTS (SELECT 1 FROM dom.orders o WHERE o.person = %I AND %[o%b%})",
     "(%I IN (SELECT %{o%I%} FROM dom.orders o WHERE %{o%b%}))",
     "(%I NOT IN (SELECT o.person FROM dom.orders o WHERE o.person IS NOT NULL AND %{o%b%}))",
     "(%I > ALL (SELECT o.qty FROM dom.orders o WHERE o.qty < 20 AND o.person = %I))",
     "(%T = ANY (SELECT w.word FROM dom.words w))",
     "list_contains([%i, %k], %i)",
     "%!(CAST(%T AS INTEGER) > %k)",
     "%!(CASE WHEN %b THEN CAST(%T AS INTEGER) = %k ELSE %b END)",
     "%!(%b AND CAST(%t AS DOUBLE) > %k)",
     "%!(%b OR CAST(%t AS DATE) > %D)",
     "%!coalesce(%B, CAST(%T AS BOOLEAN))");

LIST(dates,
     "%D",
     "%D",
     "DATE '1985-06-15'",
     "(%d + %n)",
     "(%d - %n)",
     "date_trunc('month', %d)::DATE",
     "last_day(%d)",
     "(%s)::DATE",
     "coalesce(%d, %d)",
     "greatest(%d, %d)",
     "CASE WHEN %b THEN %d END",
     "TRY_CAST(%t AS DATE)",
     "(%d + INTERVAL 2 MONTH)::DATE",
     "date_add(%d, INTERVAL 1 YEAR)::DATE",
     "%!CAST(%T AS DATE)");

LIST(stamps,
     "%S",
     "%S",
     "TIMESTAMP '2021-03-04 05:06:07'",
     "date_trunc('day', %s)",
     "(%s + INTERVAL 90 MINUTE)",
     "time_bucket(INTERVAL 6 HOUR, %s)",
     "coalesce(%s, %s)",
     "(%d)::TIMESTAMP",
     "least(%s, %s)");

LIST(decimals,
     "%M",
     "%M",
     "12.50",
     "(%M + %k)",
     "(%M * 2)",
     "round(%M, 1)",
     "abs(%M)",
     "coalesce(%m, 0.25)",
     "greatest(%M, %M)",
     "CASE WHEN %b THEN %M ELSE 0.75 END",
     "(%k)::DECIMAL(8, 2)",
     "TRY_CAST(%t AS DECIMAL(10, 2))",
     "%!CAST(%T AS DECIMAL(4, 2))",
     "%!CAST(%M AS DECIMAL(4, 2))");

LIST(aggregates,
     "count(*)",
     "count(%I)",
     "min(%I)",
     "max(%i)",
     "sum(%i)",
     "count(DISTINCT %a)",
     "count(%a) FILTER (WHERE %b)",
     "avg(%i)",
     "min(%t)",
     "max(%t)",
     "min(%d)",
     "max(%s)",
     "sum(%m)",
     "max(%m)",
     "bool_and(%b)",
     "bool_or(%b)",
     "bit_xor(%I)",
     "median(%i)",
     "quantile_disc(%i, 0.25)",
     "min(%F)",
     "max(%H)",
     "count_if(%b)",
     "array_to_string(list_sort(list(%t)), ',')",
     "array_to_string(list_sort(list(DISTINCT %T)), '|')",
     "list_sort(list(%i))",
     "list_sort(array_agg(DISTINCT %I))",
     "%~string_agg(%t, ',')",
     "%~list(%a)",
     "%~first(%a)",
     "%~last(%i)",
     "%~any_value(%t)",
     "%~mode(%a)",
     "%~stddev(%i)",
     "%~sum(%F)",
     "%~arg_min(%t, %i)",
     "%~quantile_cont(%F, 0.5)",
     "%~entropy(%I)",
     "%~corr(%F, %i)",
     "max(%i) FILTER (WHERE %b)",
     "approx_count_distinct(%a)",
     "histogram(%I)",
     "min(%i, 3)",
     "count(*) FILTER (WHERE %T LIKE %p)",
     "sum(DISTINCT %i)",
     "mad(%I)",
     "product(%n)",
     "%!sum(CAST(%T AS INTEGER))");

/* Over one table; ties do not matter to them. */
LIST(windows,
     "row_number() OVER (ORDER BY %U)",
     "rank() OVER (ORDER BY %i)",
     "count(*) OVER (PARTITION BY %I)",
     "dense_rank() OVER (PARTITION BY %B ORDER BY %t DESC)",
     "lag(%i) OVER (ORDER BY %U)",
     "lead(%t, 2, %q) OVER (ORDER BY %U)",
     "first_value(%t) OVER (PARTITION BY %I ORDER BY %U)",
     "last_value(%I IGNORE NULLS) OVER (ORDER BY %U)",
     "nth_value(%t, 2) OVER (ORDER BY %U)",
     "ntile(%n) OVER (ORDER BY %U)",
     "percent_rank() OVER (ORDER BY %i)",
     "cume_dist() OVER (ORDER BY %I)",
     "sum(%i) OVER (ORDER BY %U ROWS BETWEEN %n PRECEDING AND CURRENT ROW)",
     "max(%i) OVER (ORDER BY %U ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW)",
     "count(*) OVER (ORDER BY %I RANGE BETWEEN %n PRECEDING AND %n FOLLOWING)",
     "sum(%I) OVER (ORDER BY %I GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES)",
     "min(%t) FILTER (WHERE %b) OVER (PARTITION BY %I)",
     "string_agg(%T, ',') OVER (ORDER BY %U ROWS 2 PRECEDING)",
     "%!max(CAST(%T AS INTEGER)) OVER (PARTITION BY %I)");

LIST(anything, "%i", "%t", "%b", "%d", "%s", "%m", "%F", "%H", "%I", "%T");

/* ---- queries ---- */

LIST(queries,
     "SELECT %{p%l%} FROM dom.people p WHERE %{p%b%}",
     "SELECT %{p%l%} FROM dom.people p WHERE %{p%b%} ORDER BY ALL LIMIT %n",
     "SELECT %{p%l%} FROM dom.people p ORDER BY ALL DESC NULLS LAST LIMIT %n OFFSET %n",
     "SELECT DISTINCT %{p%l%} FROM dom.people p WHERE %{p%b%}",
     "SELECT DISTINCT ON (%{p%I%}) %{p%T%}, %{p%i%} AS v FROM dom.people p ORDER BY ALL",
     "FROM dom.people p SELECT %{p%l%} WHERE %{p%b AND %b%}",
     "SELECT %{o%l%} FROM dom.orders o WHERE %{o%b AND %b%} ORDER BY ALL LIMIT 20",
     "SELECT * FROM dom.people p WHERE %{p%b%} ORDER BY id LIMIT %n",
     "SELECT * EXCLUDE (note, seen) REPLACE (%{p%t%} AS name) FROM dom.people p ORDER BY id LIMIT "
     "%n",
     "SELECT COLUMNS('i|n') FROM dom.people p WHERE %{p%b%} ORDER BY ALL LIMIT %n",
     "SELECT max(COLUMNS(*)) FROM dom.orders o WHERE %{o%b%}",
     "SELECT count(COLUMNS(*)) FROM dom.people p WHERE %{p%b%}",
     "SELECT p FROM dom.people p WHERE %{p%b%} ORDER BY p.id LIMIT %n",
     "SELECT %{p%L%} FROM dom.people p",
     "SELECT %{p%L%} FROM dom.people p WHERE %{p%b%}",
     "SELECT %{o%L%} FROM dom.orders o WHERE %{o%b OR %b%}",
     "SELECT %{p%I AS g, %L%} FROM dom.people p WHERE %{p%b%} GROUP BY ALL HAVING count(*) > %n",
     "SELECT %{p%t AS g, %L%} FROM dom.people p GROUP BY 1 ORDER BY ALL LIMIT %n",
     "SELECT o.item, %{o%L%} FROM dom.orders o GROUP BY o.item ORDER BY ALL",
     "SELECT p.grp, p.flag, %{p%L%} FROM dom.people p GROUP BY GROUPING SETS ((grp, flag), (flag), "
     "())",
     "SELECT p.grp, p.flag, grouping(p.grp), %{p%L%} FROM dom.people p GROUP BY ROLLUP (grp, flag)",
     "SELECT o.day, o.qty, %{o%L%} FROM dom.orders o WHERE %{o%b%} GROUP BY CUBE (day, qty) ORDER "
     "BY ALL LIMIT 30",
     "SELECT p.id, %{p%w AS v, %w AS u%} FROM dom.people p ORDER BY ALL LIMIT 40",
     "SELECT p.id, %{p%w AS v%} FROM dom.people p WHERE %{p%b%}",
     "SELECT o.oid, %{o%w AS v%} FROM dom.orders o WHERE %{o%b%} ORDER BY ALL LIMIT 30",
     "SELECT %{p%i AS v%}, p.id FROM dom.people p QUALIFY row_number() OVER (PARTITION BY p.grp "
     "ORDER BY p.id) <= %n",
     "SELECT %{po%l%} FROM dom.people p JOIN dom.orders o ON o.person = p.id WHERE %{po%b%} ORDER "
     "BY ALL LIMIT 20",
     "SELECT %{po%L%} FROM dom.people p JOIN dom.orders o ON o.person = p.id AND %{po%b%}",
     "SELECT %{po%L%} FROM dom.people p LEFT JOIN dom.orders o ON o.person = p.id AND %{o%b%} "
     "WHERE %{p%b%}",
     "SELECT %{po%L%} FROM dom.people p RIGHT JOIN dom.orders o ON o.person = p.id AND %{p%b%}",
     "SELECT %{po%L%} FROM dom.people p FULL JOIN dom.orders o ON o.person = p.id AND %{o%b%}",
     "SELECT %{p%l%} FROM dom.people p SEMI JOIN dom.orders o ON o.person = p.id AND %{po%b%}",
     "SELECT %{p%l%} FROM dom.people p ANTI JOIN dom.orders o ON o.person = p.id AND %{o%b%}",
     "SELECT %{po%I AS g, %L%} FROM dom.people p, dom.orders o WHERE o.person = p.id GROUP BY ALL "
     "ORDER BY ALL LIMIT 30",
     "SELECT %{pr%L%} FROM dom.people p JOIN dom.people r ON p.grp = r.grp AND p.id < r.id WHERE "
     "%{pr%b%}",
     "SELECT %{pw%l%} FROM dom.people p JOIN dom.words w ON %{p%T%} = w.word",
     "SELECT %{pw%L%} FROM dom.people p LEFT JOIN dom.words w ON w.digest = p.email OR w.word = "
     "p.name",
     "SELECT %{pw%L%} FROM dom.words w LEFT JOIN dom.people p ON md5(%{p%t%}) = w.digest",
     "SELECT count(*), max(p.name) FROM dom.people p POSITIONAL JOIN dom.words w",
     "SELECT %{p%i AS v%} FROM dom.people p UNION SELECT %{o%i%} FROM dom.orders o WHERE %{o%b%}",
     "SELECT %{p%t AS v%} FROM dom.people p UNION ALL SELECT %{o%t%} FROM dom.orders o ORDER BY "
     "ALL LIMIT 25",
     "SELECT p.name FROM dom.people p WHERE %{p%b%} EXCEPT SELECT %{o%t%} FROM dom.orders o",
     "SELECT %{p%I AS v%} FROM dom.people p INTERSECT SELECT %{o%I%} FROM dom.orders o WHERE "
     "%{o%b%}",
     "SELECT p.id, p.name FROM dom.people p EXCEPT SELECT r.id, r.name FROM dom.people r WHERE "
     "%{r%b%}",
     "WITH e AS (SELECT %{p%i AS i, %t AS t, %b AS b, %d AS d, %m AS m%} FROM dom.people p) SELECT "
     "%{e%l%} FROM e WHERE %{e%b%}",
     "WITH e AS MATERIALIZED (SELECT %{p%i AS i, %t AS t, %b AS b, %d AS d, %m AS m%} FROM "
     "dom.people p WHERE %{p%b%}) SELECT %{e%L%} FROM e WHERE %{e%b%}",
     "WITH x AS (SELECT p.grp AS g, %{p%g AS v%} FROM dom.people p GROUP BY 1) SELECT * FROM x "
     "JOIN x y USING (g) ORDER BY ALL",
     "SELECT %{e%L%} FROM (SELECT %{o%i AS i, %t AS t, %b AS b, %d AS d, %m AS m%} FROM dom.orders "
     "o) e WHERE %{e%b%}",
     "SELECT p.id, q.v FROM dom.people p, LATERAL (SELECT %{po%g AS v%} FROM dom.orders o WHERE "
     "o.person = p.id) q",
     "SELECT p.id, unnest([%{p%i, %i%}]) AS v FROM dom.people p WHERE %{p%b%}",
     "SELECT * FROM (SELECT p.grp, p.flag, %{p%i AS v%} FROM dom.people p) PIVOT (sum(v), count(*) "
     "AS n FOR grp IN (0, 1, 2) GROUP BY flag)",
     "SELECT n, v FROM (SELECT p.id, p.grp::BIGINT AS grp FROM dom.people p WHERE %{p%b%}) UNPIVOT "
     "(v FOR n IN (id, grp))",
     "%~SELECT %{p%L%} FROM dom.people p TABLESAMPLE reservoir(50 ROWS) REPEATABLE (42) -- sample",
     "%~SELECT %{p%l%} FROM dom.people p USING SAMPLE 40 PERCENT (bernoulli, 7) -- sample",
     "SELECT arg_max(p.name, p.id), arg_min(%{p%t%}, p.id), first(p.id ORDER BY p.id) FROM "
     "dom.people p WHERE %{p%b%}",
     "SELECT count(*) FROM dom.people p, dom.words w WHERE %{pw%b AND %b%}",
     "SELECT (SELECT %{p%g%} FROM dom.people p WHERE %{p%b%}) AS a, (SELECT %{o%g%} FROM "
     "dom.orders o) AS b",
     "VALUES ((SELECT %{p%g%} FROM dom.people p WHERE %{p%b%}))",
     "%~SELECT %{p%l%} FROM dom.people p WHERE %{p%b%} LIMIT %n",
     "%~SELECT %{o%l%} FROM dom.orders o LIMIT 5 OFFSET 2500",
     "WITH RECURSIVE x(n, v) AS (SELECT 1, 0::HUGEINT UNION ALL SELECT n + 1, (SELECT "
     "sum(p.salary) FROM dom.people p WHERE p.grp = n) FROM x WHERE n < 5) SELECT * FROM x",
     "SELECT p.id, o.day FROM dom.people p ASOF JOIN (SELECT max(day) AS day, person FROM "
     "dom.orders GROUP BY person) o ON p.id >= o.person ORDER BY ALL LIMIT 30");

/* ---- constants ---- */

LIST(numbers,
     "0",
     "1",
     "2",
     "3",
     "5",
     "7",
     "12",
     "40",
     "100",
     "1000",
     "52000",
     "99999",
     "-1",
     "-20");
LIST(quoted,
     "'a'",
     "'e'",
     "'*'",
     "''",
     "'Ana'",
     "'A***a'",
     "'tea'",
     "'te*'",
     "'12'",
     "'x7'",
     "'@'",
     "'é'");
LIST(patterns, "'A%'", "'%a'", "'_*%'", "'%*%*%'", "'te_'", "'%7%'", "'%'", "'%@example.org'");
LIST(regulars, "'^[A-M]'", "'[aeiou]'", "'\\*+'", "'[0-9]+'", "'^.{3}$'", "'(a|e).*'", "'[^*]'");

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

static const char *one_of(struct query_maker *maker, const char *const *rows, size_t count)
{
    return rows[query_maker_pick(maker, (uint32_t)count)];
}
#define ONE_OF(maker, rows) one_of(maker, rows, FH_COUNT(rows))

/* A row of an expression table: deep down only its leaves; rows that may fail seldom. */
static const char *expression(struct query_maker *maker, const char *const *rows, size_t count)
{
    const char *row;
    do {
        bool leaf = maker->depth >= DEPTH_MAX || query_maker_pick(maker, 3) == 0;
        row = one_of(maker, rows, leaf ? LEAVES : count);
    } while (row[0] == '%' && row[1] == '!' && query_maker_pick(maker, 4) != 0);
    return row;
}
#define EXPRESSION(maker, rows) expression(maker, rows, FH_COUNT(rows))

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
    size_t chosen;
    do {
        chosen = query_maker_pick(maker, FH_COUNT(tables));
    } while ((maker->scope & 1U << chosen) == 0);
    const struct columns *table = &tables[chosen];
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
        fill_row(maker, EXPRESSION(maker, integers));
        break;
    case 't':
        fill_row(maker, EXPRESSION(maker, texts));
        break;
    case 'b':
        fill_row(maker, EXPRESSION(maker, booleans));
        break;
    case 'd':
        fill_row(maker, EXPRESSION(maker, dates));
        break;
    case 's':
        fill_row(maker, EXPRESSION(maker, stamps));
        break;
    case 'm':
        fill_row(maker, EXPRESSION(maker, decimals));
        break;
    case 'g':
        fill_row(maker, EXPRESSION(maker, aggregates));
        break;
    case 'w':
        fill_row(maker, EXPRESSION(maker, windows));
        break;
    case 'a':
        fill_row(maker, ONE_OF(maker, anything));
        break;
    case 'l':
        put_list(maker, "%a");
        break;
    case 'L':
        put_list(maker, "%g");
        break;
    case 'k':
        fh_buf_add_cstr(maker->out, ONE_OF(maker, numbers));
        break;
    case 'n':
        fh_buf_printf(maker->out, "%u", 1 + query_maker_pick(maker, 9));
        break;
    case 'q':
        fh_buf_add_cstr(maker->out, ONE_OF(maker, quoted));
        break;
    case 'p':
        fh_buf_add_cstr(maker->out, ONE_OF(maker, patterns));
        break;
    case 'r':
        fh_buf_add_cstr(maker->out, ONE_OF(maker, regulars));
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
        for (size_t i = 0; i < FH_COUNT(tables); i++) {
            scope |= tables[i].table == *at ? 1U << i : 0;
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
    fill_row(maker, ONE_OF(maker, queries));
}
