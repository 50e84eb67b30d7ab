/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/compliance.h"

#include "common/mem.h"
#include "common/time.h"
#include "proto/governance/policy_record.h"
#include "proto/governance/waiver.h"
#include "proto/quality/measurement.h"
#include "proto/session/messages_policy.h"
#include "tools/cli/audit_log.h"
#include "tools/cli/compliance_judge.h"
#include "tools/cli/own_node.h"
#include "tools/client/describe.h"
#include "tools/client/product_name.h"

#include <stdlib.h>
#include <string.h>

enum {
    ARENA_BYTES = 1024 * 1024 * 1024, /* policies, rows: what they need is taken bit by bit */
    PAGE = 100,
    READERS_BYTES = 1024,
};

/* A policy of the domain, or of the mesh and about the domain. */
struct governing {
    struct fh_record_id id;
    bool mesh;
    struct fh_policy_record record;
    struct fh_policy *policy; /* NULL: this program cannot read it */
    bool forked;
    const char *text; /* "personal 1.0.0", as the audit log has it */
};

/* What the audit log says of a major version of a product. */
struct seen {
    struct seen *next;
    const char *product;
    uint64_t major;
    const char *policy; /* NULL: of the product as a whole */
    uint64_t seq;       /* the last time */
    int64_t time_ms;
    char readers[READERS_BYTES]; /* names of domains, by ", " */
};

struct making {
    struct fh_cli *cli;
    struct fh_compliance *report;
    struct fh_own_node own;
    uint32_t policy_count;
    struct governing policies[2 * FH_POLICIES_MAX]; /* of the mesh, and the own */
    uint32_t waiver_count;
    const struct fh_waiver_held *waivers[FH_WAIVERS_MAX];
    struct seen *seen;
};

static const char *const state_texts[FH_COMPLIANCE_STATE_COUNT] = {
    [FH_COMPLIANCE_OK] = "ok",
    [FH_COMPLIANCE_VIOLATED] = "violated",
    [FH_COMPLIANCE_WAIVED] = "waived",
    [FH_COMPLIANCE_UNKNOWN] = "unknown",
};

const char *fh_compliance_state_text(unsigned state)
{
    return state < FH_COMPLIANCE_STATE_COUNT ? state_texts[state] : "unknown";
}

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "no memory for a report");
}

/* ---- policies ---- */

static int call(struct making *making,
                const struct fh_buf *request,
                struct fh_buf *answer,
                struct fh_pack_reader *reader,
                struct fh_err *err)
{
    fh_buf_init(answer, FH_ADMIN_FRAME_BYTES_MAX);
    return fh_own_node_call(&making->own, request, FH_REQUEST_MS, answer, reader, err);
}

/* As a node has it: what cannot be read may be about anybody. */
static bool is_about_domain(const struct making *making, const struct fh_policy *policy)
{
    const struct fh_actor *actor = fh_own_node_actor(&making->own);
    char id[FH_ID_TEXT_BYTES];
    fh_domain_id_text(id, &actor->domain);
    return policy == NULL || fh_policy_governs_domain(policy, actor->settings.domain, id);
}

/* The record in force; what it says is kept in the arena. */
static int
read_policy(struct making *making, const struct fh_msg_policy_listed *listed, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    struct fh_msg_policy held = {0};
    struct fh_record record;
    struct fh_arena *arena = making->report->arena;
    struct governing *to = &making->policies[making->policy_count];
    fh_buf_init(&request, 256);
    fh_msg_policy_request(&request, listed->name, listed->mesh);
    int code = call(making, &request, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_policy_read(&reader, &held, err);
    }
    if (code != FH_OK || held.seq == 0) {
        return code;
    }
    char *bytes = fh_arena_string(arena, held.record);
    if (bytes == NULL) {
        return no_memory(err);
    }
    *to = (struct governing){.mesh = listed->mesh, .forked = held.forked};
    code = fh_record_parse(
        &record, fh_bytes(bytes, held.record.size), &fh_own_node_actor(&making->own)->mesh, err);
    if (code == FH_OK) {
        to->id = record.id;
        code = fh_policy_record_parse(&to->record, record.payload, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_err unreadable;
    if (fh_policy_record_open(&to->policy, &to->record, arena, &unreadable) != FH_OK) {
        to->policy = NULL;
    }
    if (listed->mesh && !is_about_domain(making, to->policy)) {
        return FH_OK;
    }
    to->text = fh_arena_printf(arena, "%s %s", to->record.name, to->record.version);
    making->policy_count += to->text != NULL;
    return to->text != NULL ? FH_OK : no_memory(err);
}

static int read_policies(struct making *making, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    uint32_t count = 0;
    fh_buf_init(&request, 256);
    fh_msg_policies_request(&request);
    int code = call(making, &request, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_policies_read(&reader, &count, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_msg_policy_listed listed;
        code = fh_msg_policy_list_next(&reader, &listed, err);
        if (code == FH_OK && making->policy_count < FH_COUNT(making->policies)) {
            code = read_policy(making, &listed, err);
        }
    }
    return code;
}

/* ---- the audit log ---- */

static struct seen *
find_seen(struct making *making, const char *product, uint64_t major, const char *policy)
{
    for (struct seen *seen = making->seen; seen != NULL; seen = seen->next) {
        bool same_policy = policy == NULL || seen->policy == NULL
                               ? policy == seen->policy
                               : strcmp(policy, seen->policy) == 0;
        if (same_policy && seen->major == major && strcmp(seen->product, product) == 0) {
            return seen;
        }
    }
    return NULL;
}

static struct seen *
make_seen(struct making *making, const char *product, uint64_t major, const char *policy)
{
    struct fh_arena *arena = making->report->arena;
    struct seen *seen = find_seen(making, product, major, policy);
    if (seen != NULL) {
        return seen;
    }
    seen = fh_arena_array(arena, 1, sizeof *seen);
    if (seen == NULL) {
        return NULL;
    }
    *seen = (struct seen){.next = making->seen,
                          .product = fh_arena_strdup(arena, product),
                          .major = major,
                          .policy = policy == NULL ? NULL : fh_arena_strdup(arena, policy)};
    if (seen->product == NULL || (policy != NULL && seen->policy == NULL)) {
        return NULL;
    }
    making->seen = seen;
    return seen;
}

static void add_reader(struct seen *seen, const char *domain)
{
    size_t length = strlen(domain);
    const char *at = seen->readers;
    while (length > 0 && (at = strstr(at, domain)) != NULL) {
        bool begins = at == seen->readers || at[-1] == ' ';
        if (begins && (at[length] == '\0' || at[length] == ',')) {
            return;
        }
        at += length;
    }
    size_t used = strlen(seen->readers);
    if (length > 0 && used + length + 3 < sizeof seen->readers) {
        snprintf(seen->readers + used,
                 sizeof seen->readers - used,
                 "%s%s",
                 used > 0 ? ", " : "",
                 domain);
    }
}

static int take_record(void *user,
                       const struct fh_audit_record *record,
                       const struct fh_hash *hash,
                       struct fh_err *err)
{
    struct making *making = user;
    const struct fh_audit_read *read = &record->detail.read;
    (void)hash;
    if (record->kind != FH_AUDIT_READ) {
        return FH_OK;
    }
    for (uint32_t i = 0; i < read->table_count; i++) {
        const struct fh_audit_table *table = &read->tables[i];
        uint64_t major = strtoul(table->version, NULL, 10);
        for (uint32_t k = 0; k <= table->policy_count; k++) { /* the last: the product itself */
            const char *policy = k < table->policy_count ? table->policies[k] : NULL;
            struct seen *seen = make_seen(making, table->product, major, policy);
            if (seen == NULL) {
                return no_memory(err);
            }
            if (read->code == FH_OK || policy != NULL) {
                seen->seq = record->seq;
                seen->time_ms = record->time_ms;
            }
            if (read->code == FH_OK) {
                add_reader(seen, read->who.domain_name);
            }
        }
    }
    return FH_OK;
}

static int read_log(struct making *making, struct fh_err *err)
{
    struct fh_audit_log log;
    int code = fh_audit_log_open(&log, fh_own_node_actor(&making->own), err);
    if (code == FH_OK) {
        code = fh_audit_log_each(&log, take_record, making, err);
    }
    if (code == FH_OK && log.failure.code != FH_OK) {
        fh_cli_say(making->cli, "the audit log was changed: see freehold audit verify");
    }
    return code;
}

/* ---- waivers ---- */

static int keep_waiver(struct making *making,
                       const struct fh_record_id *id,
                       struct fh_bytes payload,
                       struct fh_err *err)
{
    const struct fh_record record = {.type = FH_RECORD_WAIVER, .payload = payload};
    struct fh_waiver_held *held = fh_arena_array(making->report->arena, 1, sizeof *held);
    if (held == NULL) {
        return no_memory(err);
    }
    held->id = *id;
    int code = fh_waiver_decode(&held->waiver, &record, err);
    if (code == FH_OK && making->waiver_count < FH_WAIVERS_MAX) {
        making->waivers[making->waiver_count++] = held;
    }
    return code;
}

static int read_waivers(struct making *making, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    uint32_t count = 0;
    fh_buf_init(&request, 256);
    fh_msg_waivers_request(&request);
    int code = call(making, &request, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_waivers_read(&reader, &count, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_record_id id;
        struct fh_bytes payload;
        code = fh_msg_waivers_next(&reader, &id, &payload, err);
        if (code == FH_OK) {
            code = keep_waiver(making, &id, payload, err);
        }
    }
    return code;
}

/* What a waiver for everybody makes of the row. One for somebody alone leaves what is found of the
 * product, and takes the place of what holds for all others. */
static void waive(const struct making *making,
                  const struct governing *governing,
                  const struct fh_access_product *product,
                  const char *rule,
                  struct fh_compliance_row *row)
{
    struct fh_waiver_ask ask = {.mesh = governing->mesh,
                                .policy = &governing->id,
                                .rule = rule,
                                .owner = &fh_own_node_actor(&making->own)->domain,
                                .product = product->name,
                                .major = product->major,
                                .now_ms = fh_clock_wall_ms()};
    const struct fh_waiver_held *all = fh_waiver_find(making->waivers, making->waiver_count, &ask);
    const struct fh_waiver_held *one = NULL;
    for (uint32_t i = 0; all == NULL && one == NULL && i < making->waiver_count; i++) {
        ask.consumer = &making->waivers[i]->waiver.consumer;
        ask.key = &making->waivers[i]->waiver.key;
        one = fh_waiver_find(&making->waivers[i], 1, &ask);
    }
    const struct fh_waiver_held *by = all != NULL                      ? all
                                      : row->state == FH_COMPLIANCE_OK ? one
                                                                       : NULL;
    if (by != NULL) {
        const char *text = fh_arena_printf(making->report->arena,
                                           "%s: %s",
                                           by == all ? "waived" : "waived for one domain or key",
                                           by->waiver.reason);
        row->state = FH_COMPLIANCE_WAIVED;
        row->evidence = text == NULL ? "waived" : text;
    }
}

/* ---- rows ---- */

static int
add_row(struct fh_compliance *report, const struct fh_compliance_row *row, struct fh_err *err)
{
    if (report->count == report->capacity) {
        uint32_t capacity = report->capacity == 0 ? 64 : 2 * report->capacity;
        struct fh_compliance_row *rows = fh_realloc(report->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return no_memory(err);
        }
        report->rows = rows;
        report->capacity = capacity;
    }
    report->rows[report->count++] = *row;
    return FH_OK;
}

/* What is the same in every row of a product. */
static int begin_row(struct making *making,
                     const struct freehold_description *description,
                     struct fh_compliance_row *row,
                     struct fh_err *err)
{
    const struct fh_proof *proof = fh_description_proof(description);
    const struct fh_contract *model = proof->model;
    struct fh_arena *arena = making->report->arena;
    struct freehold_measurement m = {.size = sizeof m};
    char name[FH_PRODUCT_NAME_BYTES];
    fh_product_name_text(name, proof->domain_name, proof->stated.product, proof->stated.version);
    freehold_description_measurement(description, &m);
    *row = (struct fh_compliance_row){
        .product = fh_arena_strdup(arena, name),
        .quality = fh_arena_strdup(arena, m.quality),
        .measured_ms = m.measured_ms,
        .owner = fh_arena_strdup(
            arena, model->team == NULL || model->team->name == NULL ? "" : model->team->name),
        .levels = (uint32_t)model->sla.count,
        .channels = (uint32_t)model->support.count,
        .readers = "",
    };
    for (size_t t = 0; t < model->tables.count; t++) {
        for (size_t c = 0; c < model->tables.items[t].columns.count; c++) {
            const char *said = model->tables.items[t].columns.items[c].classification;
            row->columns++;
            row->classified += said != NULL && said[0] != '\0';
        }
    }
    const struct seen *seen =
        find_seen(making, proof->stated.product, strtoul(proof->stated.version, NULL, 10), NULL);
    if (seen != NULL) {
        row->readers = seen->readers;
        row->read_ms = seen->time_ms;
    }
    return row->product != NULL && row->quality != NULL && row->owner != NULL ? FH_OK
                                                                              : no_memory(err);
}

/* A policy as a whole: what closes the product, and the purposes that it names. */
static int add_whole(struct making *making,
                     const struct governing *governing,
                     const struct fh_access_product *product,
                     struct fh_compliance_row row,
                     struct fh_err *err)
{
    const struct fh_policy *policy = governing->policy;
    row.rule = "policy";
    row.line = 0;
    row.state = FH_COMPLIANCE_OK;
    row.evidence = governing->mesh ? "in force, of the mesh" : "in force";
    if (policy == NULL) {
        row.state = FH_COMPLIANCE_VIOLATED;
        row.evidence = "this program cannot read it; the product is closed";
    } else if (governing->forked) {
        row.state = FH_COMPLIANCE_VIOLATED;
        row.evidence = "forked; the product is closed until the next version";
    } else if (fh_clock_wall_ms() > governing->record.until_ms) {
        row.state = FH_COMPLIANCE_VIOLATED;
        row.evidence = "expired; the product is closed until the next version";
    } else if (policy->purposes.count > 0) {
        row.evidence = "in force; other purposes than those it names are refused";
    }
    waive(making, governing, product, "", &row);
    if (row.state == FH_COMPLIANCE_OK && policy->purposes.count > 0) {
        waive(making, governing, product, "purposes", &row);
    }
    return add_row(making->report, &row, err);
}

static int add_policy(struct making *making,
                      const struct governing *governing,
                      const struct fh_compliance_product *judged,
                      struct fh_compliance_row row,
                      struct fh_err *err)
{
    const struct fh_policy *policy = governing->policy;
    const struct fh_access_product *product = judged->access;
    const struct seen *seen = find_seen(making, product->name, product->major, governing->text);
    if (policy != NULL && !fh_policy_governs(policy, product->name, product->major)) {
        return FH_OK;
    }
    row.policy = governing->text;
    row.mesh = governing->mesh;
    if (seen != NULL) {
        row.enforced_seq = seen->seq;
        row.enforced_ms = seen->time_ms;
    }
    int code = add_whole(making, governing, product, row, err);
    for (size_t i = 0; code == FH_OK && policy != NULL && i < policy->rule_count; i++) {
        row.rule = policy->rules[i].path;
        row.line = policy->rules[i].line;
        row.state = fh_compliance_judge(
            policy, &policy->rules[i], judged, making->report->arena, &row.evidence);
        waive(making, governing, product, row.rule, &row);
        code = add_row(making->report, &row, err);
    }
    return code;
}

/* Bits by enum fh_quality_state: what was found, and what that is today. */
static unsigned states_of(const struct freehold_description *description)
{
    struct freehold_measurement m = {.size = sizeof m};
    unsigned states = 0;
    freehold_description_measurement(description, &m);
    for (unsigned i = 0; i < FH_QUALITY_STATE_COUNT; i++) {
        const char *text = fh_quality_state_text(i);
        bool is = strcmp(text, m.quality) == 0 || strcmp(text, m.found) == 0;
        states |= is ? 1U << i : 0;
    }
    return states;
}

static int add_product(struct making *making,
                       struct freehold_client *client,
                       const struct freehold_product *listed,
                       struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_description *description = NULL;
    struct fh_compliance_row row;
    char name[FH_PRODUCT_NAME_BYTES];
    fh_product_name_major_text(
        name, listed->domain_name, listed->product, (uint32_t)strtoul(listed->version, NULL, 10));
    if (freehold_describe(&description, client, name, &error) != FREEHOLD_OK) {
        return fh_cli_error(err, &error);
    }
    const struct fh_proof *proof = fh_description_proof(description);
    int code = begin_row(making, description, &row, err);
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_access_product *product =
        arena == NULL ? NULL : fh_access_product_of(proof->model, arena);
    if (code == FH_OK && product == NULL) {
        code = no_memory(err);
    }
    const struct fh_compliance_product judged = {.access = product,
                                                 .contract = proof->model,
                                                 .announced = &proof->announced,
                                                 .quality = states_of(description)};
    for (uint32_t i = 0; code == FH_OK && i < making->policy_count; i++) {
        code = add_policy(making, &making->policies[i], &judged, row, err);
    }
    fh_arena_free(arena);
    freehold_description_free(description);
    return code;
}

static int add_products(struct making *making, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    char words[FH_NAME_BYTES_MAX + 16];
    uint64_t total = 1;
    int code = fh_cli_client(making->cli, NULL, &client, err);
    snprintf(words,
             sizeof words,
             "domain=%s",
             code == FH_OK ? fh_own_node_actor(&making->own)->settings.domain : "");
    for (uint64_t at = 0; code == FH_OK && at < total; at += PAGE) {
        const struct freehold_search_options options = {
            .size = sizeof options, .words = words, .limit = PAGE, .offset = at};
        struct freehold_error error = FREEHOLD_ERROR_INIT;
        struct freehold_products *products = NULL;
        if (freehold_find(&products, client, &options, &error) != FREEHOLD_OK) {
            code = fh_cli_error(err, &error);
            break;
        }
        total = freehold_products_total(products);
        for (size_t i = 0; code == FH_OK && i < freehold_products_count(products); i++) {
            struct freehold_product product = {.size = sizeof product};
            freehold_products_get(products, i, &product);
            if (product.contract_held) {
                code = add_product(making, client, &product, err);
            }
        }
        freehold_products_free(products);
    }
    freehold_close(client);
    return code;
}

/* ---- the whole ---- */

int fh_compliance_make(struct fh_compliance *out, struct fh_cli *cli, struct fh_err *err)
{
    *out = (struct fh_compliance){.arena = fh_arena_new(ARENA_BYTES)};
    struct making *making = fh_calloc(1, sizeof *making);
    if (out->arena == NULL || making == NULL) {
        fh_free(making);
        return no_memory(err);
    }
    making->cli = cli;
    making->report = out;
    int code = fh_own_node_open(&making->own, cli, NULL, err);
    if (code == FH_OK) {
        code = read_policies(making, err);
    }
    if (code == FH_OK) {
        code = read_waivers(making, err);
    }
    if (code == FH_OK) {
        code = read_log(making, err);
    }
    if (code == FH_OK) {
        code = add_products(making, err);
    }
    fh_own_node_close(&making->own);
    fh_free(making);
    return code;
}

void fh_compliance_fini(struct fh_compliance *report)
{
    fh_free(report->rows);
    fh_arena_free(report->arena);
    *report = (struct fh_compliance){.arena = NULL};
}
