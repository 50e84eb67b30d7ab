/* SPDX-License-Identifier: Apache-2.0 */
/* Every cell of the decision: who asks, through whom, for what, with which grants, under which
 * policies. A row ends in one line: what is seen of the table `people`, or the rule that refuses.
 */
#include "proto/governance/access.h"

#include "common/mem.h"
#include "proto/governance/access_trace.h"
#include "proto/governance/grant.h"
#include "proto/governance/policy.h"
#include "proto/quality/measurement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { NOW = 1000, OWNER = 1, AIR, RAIL, SEA };

static const char *const names[] = {"", "home", "air", "rail", "sea"};

static struct fh_domain_id domain(unsigned number)
{
    struct fh_domain_id id = {{(uint8_t)number}};
    return id;
}

/* ---- the product: people(id, name, mail, birthday), orders(id, amount) ---- */

static const char *const personal[] = {"Personal"};
static const struct fh_access_column people[] = {
    {"id", "public", "BIGINT", 0, NULL},
    {"name", "Restricted", "VARCHAR", 1, personal},
    {"mail", "restricted", "VARCHAR", 1, personal},
    {"birthday", "internal", "DATE", 0, NULL},
};
static const struct fh_access_column orders[] = {
    {"id", "", "BIGINT", 0, NULL},
    {"amount", "", "DECIMAL(9,2)", 0, NULL},
};
static const struct fh_access_table tables[] = {{"people", 4, people}, {"orders", 2, orders}};

/* ---- grants ---- */

enum grant_number {
    G_AIR,
    G_KEY,
    G_BILLING,
    G_COLUMNS,
    G_ROWS,
    G_OLD,
    G_ENDED,
    G_LATER,
    G_RELAY,
    G_SEA,
    G_OTHER,
    G_V2,
    G_FORGED,
    G_COUNT
};

static const char *const billing[] = {"billing"};
static const char *const two_columns[] = {"people.id", "people.mail"};

static struct fh_grant_held grants[G_COUNT];

static void set_grant(enum grant_number number, unsigned grantee, struct fh_grant grant)
{
    struct fh_grant_held *held = &grants[number];
    held->id.b[0] = (uint8_t)(number + 1);
    held->ended_ms = INT64_MAX;
    held->grant = grant;
    held->grant.owner = domain(OWNER);
    held->grant.grantee[0] = (uint8_t)grantee;
    held->grant.note = "";
    if (held->grant.product[0] == '\0') {
        strcpy(held->grant.product, "people");
    }
    if (held->grant.rows == NULL) {
        held->grant.rows = "";
    }
    if (held->grant.not_after_ms == 0) {
        held->grant.not_after_ms = 2000;
    }
    if (held->grant.major == 0) {
        held->grant.major = 1;
    }
}

static int set_up_grants(void **state)
{
    (void)state;
    static const struct fh_text_list for_billing = {1, billing};
    static const struct fh_text_list some = {2, two_columns};
    set_grant(G_AIR, AIR, (struct fh_grant){.rows_per_day = 10, .queries_per_hour = 20});
    set_grant(G_KEY, 77, (struct fh_grant){.grantee_kind = FH_GRANTEE_KEY});
    set_grant(G_BILLING, AIR, (struct fh_grant){.purposes = for_billing});
    set_grant(G_COLUMNS, AIR, (struct fh_grant){.columns = some});
    set_grant(G_ROWS, AIR, (struct fh_grant){.rows = "id < 10", .columns = some});
    set_grant(G_OLD, AIR, (struct fh_grant){.not_after_ms = NOW - 1});
    set_grant(G_ENDED, AIR, (struct fh_grant){0});
    grants[G_ENDED].ended_ms = NOW;
    set_grant(G_LATER, AIR, (struct fh_grant){.not_before_ms = NOW + 1});
    set_grant(G_RELAY, AIR, (struct fh_grant){.relay_allowed = true});
    set_grant(G_SEA, SEA, (struct fh_grant){.columns = some});
    set_grant(G_OTHER, AIR, (struct fh_grant){.product = "other"});
    set_grant(G_V2, AIR, (struct fh_grant){.major = 2});
    set_grant(G_FORGED, AIR, (struct fh_grant){0});
    grants[G_FORGED].grant.owner = domain(SEA); /* another domain's, of a product of that name */
    return 0;
}

/* ---- policies ---- */

enum policy_number {
    P_HASH,
    P_PARTIAL,
    P_EXCEPT,
    P_HIDE,
    P_FILTER,
    P_PURPOSE,
    P_EVERYONE,
    P_UNFIT,
    P_OTHER,
    P_EXPIRED,
    P_FORKED,
    P_RETENTION,
    P_AGELESS,
    P_QUALITY,
    P_EXPORT,
    P_RESIDENCY,
    P_GROUP,
    P_COARSER,
    P_SUBJECTLESS,
    P_FOREIGN,
    P_FOREIGN_HERE,  /* cannot be read but for its products */
    P_FOREIGN_OTHER, /* the same, of other products */
    P_COUNT
};

static const char *const policy_texts[P_COUNT] = {
    [P_HASH] = "mask: [{classification: [RESTRICTED], method: hash}]",
    [P_PARTIAL] = "mask: [{tags: personal, method: partial, first: 1, last: 0},\n"
                  "  {columns: [birthday], table: people, method: generalise, to: year}]",
    [P_EXCEPT] = "mask:\n"
                 "- {columns: [mail], method: 'null', except: [{roles: [auditor], purposes: "
                 "[audit]}, {domains: [rail]}]}",
    [P_HIDE] = "hide: [{columns: [name, mail], except: [{roles: [auditor]}]}]",
    [P_FILTER] = "filter: [{table: people, where: id > 5, except: [{domains: [rail]}]},\n"
                 "  {table: elsewhere, where: never}]",
    [P_PURPOSE] = "purposes: [billing, audit]",
    [P_EVERYONE] = "applies_to: everyone\nhide: [{columns: [birthday]}]",
    [P_UNFIT] = "mask: [{columns: [birthday], method: partial, first: 1}]",
    [P_OTHER] = "products: [other, people@2]\nhide: [{columns: [id]}]",
    [P_EXPIRED] = "products: [people@1]\nvalid_until: 1970-01-01T00:00:01Z",
    [P_FORKED] = "hide: [{columns: [id]}]",
    [P_RETENTION] = "retention: [{column: BIRTHDAY, days: 2, except: [{roles: [auditor]}]},\n"
                    "  {table: orders, column: id, days: 1, except: [{roles: [auditor]}]}]",
    [P_AGELESS] = "retention: [{table: people, column: since, days: 9}]",
    [P_QUALITY] = "quality: [{closed_when: [fail, unknown], except: [{roles: [auditor]}]}]",
    [P_EXPORT] = "export: [{formats: [json, csv], except: [{purposes: [audit]}]}]",
    [P_RESIDENCY] = "residency: [{read: [air, sea], join: [sea], except: [{roles: [auditor]}]}]",
    [P_GROUP] = "minimum_group: [{table: PEOPLE, size: 5, subject: Name, dimensions: [mail,\n"
                "  {column: birthday, to: month}], measures: [ID], except: [{roles: [auditor]}]}]",
    [P_COARSER] = "minimum_group: [{table: people, size: 9, subject: mail, dimensions: [name,\n"
                  "  {column: BIRTHDAY, to: year}], except: [{domains: [rail]}]}]",
    [P_SUBJECTLESS] = "minimum_group: [{table: people, size: 9, subject: person, dimensions: id}]",
};
static const struct fh_policy_held *policies[P_COUNT];
static struct fh_policy_held held_policies[P_COUNT];
static struct fh_arena *policy_arena;

static int set_up(void **state)
{
    policy_arena = fh_arena_new(1024 * 1024);
    assert_non_null(policy_arena);
    for (unsigned i = 0; i < P_COUNT; i++) {
        char text[512];
        struct fh_findings findings;
        struct fh_err err;
        struct fh_policy *policy = NULL;
        struct fh_policy_held *held = &held_policies[i];
        held->id.b[0] = (uint8_t)(100 + i);
        snprintf(held->name, sizeof held->name, "p%u", i);
        snprintf(held->version, sizeof held->version, "1.0.0");
        policies[i] = held;
        if (policy_texts[i] == NULL) {
            static const char *here[] = {"other", "people@1"};
            static const char *elsewhere[] = {"other", "people@2"};
            held->scoped = i != P_FOREIGN;
            held->products =
                (struct fh_contract_strings){2, i == P_FOREIGN_HERE ? here : elsewhere};
            continue; /* cannot be read */
        }
        snprintf(text, sizeof text, "name: p%u\nversion: 1.0.0\n%s\n", i, policy_texts[i]);
        fh_findings_init(&findings, policy_arena);
        if (fh_policy_read(&policy, fh_bytes_cstr(text), &findings, &err) != FH_OK) {
            fail_msg("policy %u: %s", i, err.text);
        }
        held->policy = policy;
    }
    held_policies[P_FORKED].forked = true;
    return set_up_grants(state);
}

static int tear_down(void **state)
{
    (void)state;
    fh_arena_free(policy_arena);
    return 0;
}

/* ---- rows ---- */

#define G(x) (1u << (G_##x))
#define P(x) (1u << (P_##x))

struct row {
    const char *name;
    bool open;
    unsigned consumer;
    unsigned entry; /* 0: as the consumer */
    const char *role;
    const char *purpose;
    unsigned grants;
    unsigned policies;
    const char *seen; /* "id name ...", or the rule */
};

static const struct row rows[] = {
#include "tests/unit/governance/decision_rows.inc"
};

/* What depends on more than who asks: the age of rows, the state of promises, and what the answer
 * will be written as. */
static const struct stated {
    struct row row;
    unsigned formats;
    unsigned quality;
} stated[] = {
    {{"only the young",
      true,
      AIR,
      0,
      NULL,
      "",
      0,
      P(RETENTION),
      "open: id name mail birthday | \"birthday\" >= DATE '1969-12-31'"},
     0,
     0},
    {{"of every age for an auditor",
      true,
      AIR,
      0,
      "auditor",
      "",
      0,
      P(RETENTION),
      "open: id name mail birthday"},
     0,
     0},
    {{"the own domain keeps all",
      true,
      OWNER,
      0,
      NULL,
      "",
      0,
      P(RETENTION),
      "own: id name mail birthday"},
     0,
     0},
    {{"no age, no rows", true, AIR, 0, NULL, "", 0, P(AGELESS), "open:"}, 0, 0},
    {{"promises hold", true, AIR, 0, NULL, "", 0, P(QUALITY), "open: id name mail birthday"},
     0,
     1U << FH_QUALITY_OK},
    {{"promises do not hold", true, AIR, 0, NULL, "", 0, P(QUALITY), "policy.quality"},
     0,
     1U << FH_QUALITY_FAIL},
    {{"nor do they when that is long ago", true, AIR, 0, NULL, "", 0, P(QUALITY), "policy.quality"},
     0,
     1U << FH_QUALITY_FAIL | 1U << FH_QUALITY_STALE},
    {{"held, long ago", true, AIR, 0, NULL, "", 0, P(QUALITY), "open: id name mail birthday"},
     0,
     1U << FH_QUALITY_OK | 1U << FH_QUALITY_STALE},
    {{"never measured", true, AIR, 0, NULL, "", 0, P(QUALITY), "policy.quality"},
     0,
     1U << FH_QUALITY_UNKNOWN},
    {{"an auditor looks at what failed",
      true,
      AIR,
      0,
      "auditor",
      "",
      0,
      P(QUALITY),
      "open: id name mail birthday"},
     0,
     1U << FH_QUALITY_FAIL},
    {{"the owner does too", true, OWNER, 0, NULL, "", 0, P(QUALITY), "own: id name mail birthday"},
     0,
     1U << FH_QUALITY_FAIL},
    {{"shown", true, AIR, 0, NULL, "", 0, P(EXPORT), "open: id name mail birthday"}, 0, 0},
    {{"written as JSON", true, AIR, 0, NULL, "", 0, P(EXPORT), "open: id name mail birthday"},
     1U << FH_POLICY_FORMAT_JSON,
     0},
    {{"written as Parquet", true, AIR, 0, NULL, "", 0, P(EXPORT), "policy.export"},
     1U << FH_POLICY_FORMAT_PARQUET,
     0},
    {{"as Parquet for an audit",
      true,
      AIR,
      0,
      NULL,
      "audit",
      0,
      P(EXPORT),
      "open: id name mail birthday"},
     1U << FH_POLICY_FORMAT_PARQUET,
     0},
    {{"as something not known here", true, AIR, 0, NULL, "", 0, P(EXPORT), "policy.export"},
     1U << 20,
     0},
    {{"resides here", true, AIR, 0, NULL, "", 0, P(RESIDENCY), "open: id name mail birthday"},
     0,
     0},
    {{"does not reside there", true, RAIL, 0, NULL, "", 0, P(RESIDENCY), "policy.residency"}, 0, 0},
    {{"joined where it may",
      true,
      AIR,
      SEA,
      NULL,
      "",
      0,
      P(RESIDENCY),
      "open: id name mail birthday"},
     0,
     0},
    {{"joined where it may not", true, SEA, AIR, NULL, "", 0, P(RESIDENCY), "policy.residency"},
     0,
     0},
    {{"joined for an auditor where it may not",
      true,
      SEA,
      AIR,
      "auditor",
      "",
      0,
      P(RESIDENCY),
      "policy.residency"},
     0,
     0},
    {{"joined by its owner",
      true,
      AIR,
      OWNER,
      NULL,
      "",
      0,
      P(RESIDENCY),
      "open: id name mail birthday"},
     0,
     0},
};

/* Size, subjects, measures with a plus, dimensions with their units. */
static void render_group(char *out, size_t size, const struct fh_view_group *group)
{
    size_t at = (size_t)snprintf(out, size, " | %u", group->size);
    for (uint32_t i = 0; i < tables[0].column_count; i++) {
        for (uint32_t k = 0; k < group->subject_count; k++) {
            const char *name = group->subjects[k] == i ? people[i].name : "";
            at += (size_t)snprintf(out + at, size - at, "%s%s", name[0] == 0 ? "" : " ", name);
        }
    }
    at += (size_t)snprintf(out + at, size - at, ":");
    for (uint32_t i = 0; i < tables[0].column_count; i++) {
        const struct fh_group_column *column = &group->columns[i];
        if (column->part == FH_GROUP_MEASURE) {
            at += (size_t)snprintf(out + at, size - at, " %s+", people[i].name);
        } else if (column->part == FH_GROUP_DIMENSION) {
            at += (size_t)snprintf(out + at, size - at, " %s", people[i].name);
        }
        if (column->unit.kind != FH_MASK_NONE) {
            at +=
                (size_t)snprintf(out + at, size - at, "(%s)", fh_mask_unit_text(column->unit.unit));
        }
    }
}

static void render(char *out, size_t size, const struct fh_access_decision *decision)
{
    static const char *const by[] = {"own", "open", "grant"};
    const struct fh_view *view = &decision->tables[0].view;
    size_t at = (size_t)snprintf(out, size, "%s:", by[decision->by]);
    for (uint32_t i = 0; i < tables[0].column_count; i++) {
        struct fh_view_column column = {0};
        if (!view->open) {
            column = view->columns[i];
        }
        if (column.hidden) {
            continue;
        }
        at += (size_t)snprintf(out + at, size - at, " %s", people[i].name);
        if (column.mask.kind != FH_MASK_NONE) {
            char text[FH_MASK_TEXT_BYTES];
            fh_mask_text(text, &column.mask);
            at += (size_t)snprintf(out + at, size - at, "(%s)", text);
        }
    }
    for (uint32_t i = 0; i < view->filter_count; i++) {
        at += (size_t)snprintf(out + at, size - at, " | %s", view->filters[i]);
    }
    if (view->group != NULL) {
        render_group(out + at, size - at, view->group);
    }
}

/* What a row asks. */
struct asked {
    struct fh_access_product product;
    const struct fh_grant_held *grants[G_COUNT];
    const struct fh_policy_held *policies[P_COUNT];
    struct fh_access_ask ask;
};

static void ask_of(struct asked *out, const struct row *row)
{
    unsigned entry = row->entry == 0 ? row->consumer : row->entry;
    out->product = (struct fh_access_product){.owner = domain(OWNER),
                                              .owner_name = "home",
                                              .name = "people",
                                              .major = 1,
                                              .open_to_mesh = row->open,
                                              .table_count = 2,
                                              .tables = tables};
    out->ask = (struct fh_access_ask){
        .product = &out->product,
        .consumer = domain(row->consumer),
        .consumer_name = names[row->consumer],
        .key = {{77}},
        .role_count = row->role == NULL ? 0 : 1,
        .roles = &row->role,
        .entry = domain(entry),
        .entry_name = names[entry],
        .purpose = row->purpose,
        .now_ms = strcmp(row->seen, "policy.expired") == 0 ? NOW + 1 : NOW,
        .grants = out->grants,
        .policies = out->policies,
    };
    for (unsigned i = 0; i < G_COUNT; i++) {
        if ((row->grants >> i & 1) != 0) {
            out->grants[out->ask.grant_count++] = &grants[i];
        }
    }
    for (unsigned i = 0; i < P_COUNT; i++) {
        if ((row->policies >> i & 1) != 0) {
            out->policies[out->ask.policy_count++] = policies[i];
        }
    }
}

/* Whether it is decided as the row says. */
static bool decides(const struct asked *asked, const struct row *row)
{
    struct fh_access_decision decision;
    struct fh_err err = {0};
    char seen[512];
    struct fh_arena *arena = fh_arena_new(64 * 1024);
    assert_non_null(arena);
    if (fh_access_decide(&decision, &asked->ask, arena, &err) == FH_OK) {
        render(seen, sizeof seen, &decision);
    } else {
        snprintf(seen, sizeof seen, "%s", err.rule);
    }
    bool same = strcmp(seen, row->seen) == 0;
    if (!same) {
        print_error("%s: %s, not %s (%s)\n", row->name, seen, row->seen, err.text);
    }
    fh_arena_free(arena);
    return same;
}

static void test_cells(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asked asked = {0};
        ask_of(&asked, &rows[i]);
        if (strcmp(rows[i].name, "expired, own is spared") == 0 ||
            strcmp(rows[i].name, "a closed product tells of no policy") == 0) {
            asked.ask.now_ms = NOW + 1;
        }
        failed += decides(&asked, &rows[i]) ? 0 : 1;
    }
    for (size_t i = 0; i < sizeof stated / sizeof stated[0]; i++) {
        struct asked asked = {0};
        ask_of(&asked, &stated[i].row);
        asked.ask.formats = stated[i].formats;
        asked.ask.quality = stated[i].quality;
        failed += decides(&asked, &stated[i].row) ? 0 : 1;
    }
    assert_int_equal(failed, 0);
}

static void test_stated_texts(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        const char *text;
    } texts[] = {
        {"promises do not hold", "policy p13 1.0.0, line 3: home/people is closed until its"},
        {"nor do they when that is long ago", "their state is \"fail\""},
        {"written as Parquet", "is not written in this form, only shown, or as json, csv"},
        {"does not reside there", "is not read by rail"},
        {"joined where it may not", "is not joined by nodes of air"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t at = 0;
        while (strcmp(stated[at].row.name, texts[i].row) != 0) {
            at++;
            assert_true(at < sizeof stated / sizeof stated[0]);
        }
        struct asked asked = {0};
        struct fh_access_decision decision;
        struct fh_err err = {0};
        struct fh_arena *arena = fh_arena_new(64 * 1024);
        assert_non_null(arena);
        ask_of(&asked, &stated[at].row);
        asked.ask.formats = stated[at].formats;
        asked.ask.quality = stated[at].quality;
        assert_int_equal(fh_access_decide(&decision, &asked.ask, arena, &err), FH_EDENIED);
        if (strstr(err.text, texts[i].text) == NULL) {
            fail_msg("%s: %s", texts[i].row, err.text);
        }
        fh_arena_free(arena);
    }
}

/* The bound on the age of rows is one for a whole day, and follows the clock wherever it jumps. */
static void test_days(void **state)
{
    (void)state;
    static const struct {
        int64_t now_ms;
        const char *since;
    } moments[] = {
        {INT64_C(1700006399999), "\"birthday\" >= DATE '2023-11-13'"}, /* 2023-11-14T23:59:59 */
        {INT64_C(1700006400000), "\"birthday\" >= DATE '2023-11-14'"},
        {INT64_C(1700092799999), "\"birthday\" >= DATE '2023-11-14'"},
        {0, "\"birthday\" >= DATE '1969-12-31'"},
    };
    const struct fh_policy_rule *rule = &policies[P_RETENTION]->policy->rules[0];
    struct fh_arena *arena = fh_arena_new(64 * 1024);
    assert_non_null(arena);
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        const char *made = fh_policy_retention_filter(rule, &people[3], moments[i].now_ms, arena);
        assert_string_equal(made, moments[i].since);
    }
    struct fh_access_column odd = {"a\"b", "", "TIMESTAMP", 0, NULL};
    assert_string_equal(fh_policy_retention_filter(rule, &odd, 0, arena),
                        "\"a\"\"b\" >= TIMESTAMP '1969-12-31 00:00:00'");
    odd.sql_type = "TIMESTAMP WITH TIME ZONE";
    assert_string_equal(fh_policy_retention_filter(rule, &odd, 0, arena),
                        "\"a\"\"b\" >= TIMESTAMPTZ '1969-12-31 00:00:00+00'");
    fh_arena_free(arena);
}

static const struct row *row_of(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    fail_msg("no row %s", name);
    return NULL;
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        const char *purpose;
        const char *text; /* a part of the refusal */
    } texts[] = {
        {"closed", "", ": freehold access request home/people --purpose PURPOSE"},
        {"closed", "billing", ": freehold access request home/people --purpose billing"},
        {"closed", "it's mine; ls", "--purpose 'it'\\''s mine; ls'"},
        {"expired", "", "it has expired; ask again: freehold access request home/people"},
        {"ended", "", "its owner has ended it; ask again: freehold access request"},
        {"no purpose", "", "other purposes (billing): state one of them, or ask"},
        {"another version", "", "another major version than 1"},
        {"a third joins, not allowed", "", "does not let rail join it for you"},
        {"own data, a third joins", "", "rail, whose node joins, may not see home/people"},
        {"purpose is missing", "", "for these purposes only: billing, audit; state one"},
        {"expired policy", "", "home/people is closed: policy p9 1.0.0 has expired"},
        {"forked policy", "", "must publish a new version"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct asked asked = {0};
        struct fh_access_decision decision;
        struct fh_err err = {0};
        struct fh_arena *arena = fh_arena_new(64 * 1024);
        assert_non_null(arena);
        ask_of(&asked, row_of(texts[i].row));
        asked.ask.purpose = texts[i].purpose;
        assert_int_equal(fh_access_decide(&decision, &asked.ask, arena, &err), FH_EDENIED);
        if (strstr(err.text, texts[i].text) == NULL) {
            fail_msg("%s: %s", texts[i].row, err.text);
        }
        fh_arena_free(arena);
    }
}

/* What a receipt names, how long it holds, what bounds it, and why a column looks as it does. */
static void test_reasons(void **state)
{
    (void)state;
    struct asked asked = {0};
    struct fh_access_decision decision;
    struct fh_err err = {0};
    struct fh_arena *arena = fh_arena_new(64 * 1024);
    assert_non_null(arena);
    ask_of(&asked, row_of("granted"));
    assert_int_equal(fh_access_decide(&decision, &asked.ask, arena, &err), FH_OK);
    assert_true(fh_record_id_is_zero(&decision.policy_id));
    assert_int_equal(decision.until_ms, 2000);
    assert_int_equal(decision.rows_per_day, 10);
    assert_int_equal(decision.queries_per_hour, 20);
    assert_ptr_equal(decision.grant, &grants[G_AIR]);
    assert_null(decision.entry_grant);

    memset(&asked, 0, sizeof asked);
    ask_of(&asked, row_of("hash by classification"));
    assert_int_equal(fh_access_decide(&decision, &asked.ask, arena, &err), FH_OK);
    assert_memory_equal(decision.policy_id.b, policies[P_HASH]->id.b, FH_ID_BYTES);
    assert_int_equal(decision.until_ms, INT64_MAX);
    assert_null(decision.tables[0].why[0].policy);
    assert_ptr_equal(decision.tables[0].why[1].policy, policies[P_HASH]);
    assert_int_equal(decision.tables[0].why[1].line, 3);
    assert_true(decision.tables[1].view.open);

    memset(&asked, 0, sizeof asked);
    ask_of(&asked, row_of("the stricter of two"));
    assert_int_equal(fh_access_decide(&decision, &asked.ask, arena, &err), FH_OK);
    assert_int_equal(decision.policy_count, 2);
    assert_memory_not_equal(decision.policy_id.b, policies[P_HASH]->id.b, FH_ID_BYTES);
    assert_ptr_equal(decision.tables[0].why[2].policy, policies[P_HASH]);
    assert_ptr_equal(decision.tables[0].why[3].policy, policies[P_PARTIAL]);
    assert_int_equal(decision.tables[0].why[3].line, 4);

    memset(&asked, 0, sizeof asked);
    ask_of(&asked, row_of("an excepted domain, not its peer"));
    assert_int_equal(fh_access_decide(&decision, &asked.ask, arena, &err), FH_OK);
    assert_ptr_equal(decision.tables[0].why[2].policy, policies[P_EXCEPT]);

    memset(&asked, 0, sizeof asked);
    ask_of(&asked, row_of("some columns"));
    assert_int_equal(fh_access_decide(&decision, &asked.ask, arena, &err), FH_OK);
    assert_int_equal(fh_access_check_table(&decision, &asked.ask, 0, &err), FH_OK);
    assert_int_equal(fh_access_check_table(&decision, &asked.ask, 1, &err), FH_EDENIED);
    assert_string_equal(err.rule, "access.table.denied");
    fh_arena_free(arena);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct asked asked = {0};
    ask_of(&asked, row_of("a third with its own grant"));
    int rc = FH_ENOMEM;
    for (size_t size = 16; rc != FH_OK; size += 16) {
        struct fh_access_decision decision;
        struct fh_err err = {0};
        struct fh_arena *arena = fh_arena_new(size);
        assert_non_null(arena);
        rc = fh_access_decide(&decision, &asked.ask, arena, &err);
        assert_true(rc == FH_OK || rc == FH_ENOMEM);
        assert_true(size < 64 * 1024);
        fh_arena_free(arena);
    }
}

/* A row of either table, and what it asks. */
static const struct row *find_any(const char *name, struct asked *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            ask_of(out, &rows[i]);
            return &rows[i];
        }
    }
    for (size_t i = 0; i < sizeof stated / sizeof stated[0]; i++) {
        if (strcmp(stated[i].row.name, name) == 0) {
            ask_of(out, &stated[i].row);
            out->ask.formats = stated[i].formats;
            out->ask.quality = stated[i].quality;
            return &stated[i].row;
        }
    }
    return NULL;
}

/* "p1 mask[1] people.birthday binds; ..." */
static void render_trace(char *out, size_t size, const struct fh_access_trace *trace)
{
    size_t at = 0;
    out[0] = '\0';
    for (const struct fh_access_effect *effect = trace->first; effect != NULL;
         effect = effect->next) {
        bool somewhere = effect->table != FH_EFFECT_NOWHERE;
        at += (size_t)snprintf(out + at,
                               size - at,
                               "%s%s %s%s%s%s%s %s%s",
                               at == 0 ? "" : "; ",
                               effect->held->name,
                               effect->path,
                               somewhere ? " " : "",
                               somewhere ? tables[effect->table].name : "",
                               effect->column == FH_EFFECT_NOWHERE ? "" : ".",
                               effect->column == FH_EFFECT_NOWHERE
                                   ? ""
                                   : tables[effect->table].columns[effect->column].name,
                               fh_effect_text(effect->outcome),
                               effect->joins ? " (joins)" : "");
        assert_true((effect->outcome == FH_EFFECT_SPARED) == (effect->except != NULL));
        assert_true((effect->outcome == FH_EFFECT_WAIVED) == (effect->waiver != NULL));
    }
}

/* What each rule had to do with a decision, in the order of policies. */
static void test_trace(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        const char *heard;
    } traces[] = {
        {"closed", ""},
        {"the stricter of two",
         "p0 mask[0] people.name binds; p0 mask[0] people.mail binds; p1 mask[0] people.name "
         "binds; "
         "p1 mask[0] people.mail binds; p1 mask[1] people.birthday binds"},
        {"a whole exception", "p2 mask[0] people spared"},
        {"an excepted domain, not its peer",
         "p2 mask[0] people spared; p2 mask[0] people.mail binds (joins)"},
        {"own is spared", "p0  outside; p3  outside; p4  outside; p5  outside"},
        {"filters of either", "p4 filter[0] people spared; p4 filter[0] people binds (joins)"},
        {"purpose is missing", "p5 purposes refuses"},
        {"purpose is stated", "p5 purposes binds"},
        {"forked policy", "p10  refuses"},
        {"unreadable policy", "p19  refuses"},
        {"other products", ""},
        {"promises do not hold", "p13 quality[0] refuses"},
        {"an auditor looks at what failed", "p13 quality[0] spared"},
        {"joined where it may", "p15 residency[0] binds; p15 residency[0] binds (joins)"},
        {"only the young",
         "p11 retention[0] people binds; p11 retention[1] orders.id binds; p11 "
         "retention[1] orders.amount binds"},
    };
    for (size_t i = 0; i < sizeof traces / sizeof traces[0]; i++) {
        struct fh_arena *arena = fh_arena_new(256 * 1024);
        struct asked asked = {0};
        struct fh_access_decision decision;
        struct fh_access_trace trace;
        struct fh_err err = {0};
        char heard[1024];
        const struct row *row = find_any(traces[i].row, &asked);
        assert_non_null(arena);
        assert_non_null(row);
        fh_access_trace_init(&trace, arena);
        asked.ask.trace = &trace;
        (void)!fh_access_decide(&decision, &asked.ask, arena, &err);
        render_trace(heard, sizeof heard, &trace);
        assert_false(trace.failed);
        if (strcmp(heard, traces[i].heard) != 0) {
            fail_msg("%s: %s, not %s", traces[i].row, heard, traces[i].heard);
        }
        fh_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_stated_texts),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
