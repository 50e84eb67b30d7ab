/* SPDX-License-Identifier: Apache-2.0 */
/* Records of gossip, catalogue and queries, by the keys of the founder. */
#include "common/assert.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_record.h"
#include "proto/gossip/announce.h"
#include "proto/gossip/facts.h"
#include "proto/governance/access_request.h"
#include "proto/governance/audit_chain.h"
#include "proto/governance/grant.h"
#include "proto/governance/policy_record.h"
#include "proto/governance/waiver.h"
#include "proto/quality/measurement.h"
#include "proto/query/query.h"
#include "proto/query/receipt.h"
#include "tests/vectors/scene.h"
#include "tests/vectors/vector_records.h"
#include "tests/vectors/writer.h"

#include <stdio.h>

enum { CONTRACT_BYTES = 16 * 1024 };

struct fh_record_id
vector_seal(struct scene *scene, const char *name, unsigned type, const struct test_key *signer)
{
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    FH_ASSERT(fh_buf_ok(&scene->payload) == FH_OK);
    fh_record_seal(&record, type, &scene->mesh, fh_buf_view(&scene->payload), &signer->secret);
    FH_ASSERT(fh_buf_ok(&record) == FH_OK);
    vector_record_bytes(scene->out, name, &scene->mesh, fh_buf_view(&record), signer);
    struct fh_record_id id = fh_record_id_of(type, &scene->mesh, fh_buf_view(&scene->payload));
    fh_buf_reset(&scene->payload);
    return id;
}

static void write_gossip(struct scene *scene)
{
    struct test_domain other = test_domain_of(1);
    struct test_key agree_seed = test_key_of("agree", 0);
    struct fh_agree_secret agree;
    struct fh_fact fact = {.node = fh_node_id_of(&scene->founder.node.public_key),
                           .generation = 3,
                           .incarnation = 7,
                           .issued_ms = TEST_START_MS};
    memcpy(agree.b, agree_seed.seed, sizeof agree.b);
    fact.alive = (struct fh_alive){.domain = scene->founder.id,
                                   .key = scene->founder.node.public_key,
                                   .ttl_ms = TEST_DAY_MS,
                                   .protocol_min = 1,
                                   .protocol_max = 1,
                                   .address_count = 2,
                                   .address = {"192.0.2.7:7400", "[2001:db8::7]:7400"},
                                   .head_count = 1,
                                   .head_time_ms = TEST_START_MS,
                                   .label = fh_bytes_cstr("tower")};
    memset(fact.alive.head_root, 0x5a, sizeof fact.alive.head_root);
    fh_agree_public_of(&agree, &fact.alive.agree);
    fh_alive_pack(&scene->payload, &fact);
    vector_seal(scene, "alive", FH_RECORD_ALIVE, &scene->founder.node);
    fh_leave_pack(&scene->payload, &fact);
    vector_seal(scene, "leave", FH_RECORD_LEAVE, &scene->founder.node);
    fact.accuser = fact.node;
    fact.accuser_incarnation = 7;
    fact.node = fh_node_id_of(&other.node.public_key);
    fact.generation = 1;
    fact.incarnation = 0;
    fh_suspect_pack(&scene->payload, &fact);
    vector_seal(scene, "suspect", FH_RECORD_SUSPECT, &scene->founder.node);
}

static const char contract_text[] = "apiVersion: v3.1.0\n"
                                    "kind: DataContract\n"
                                    "id: 6a2f1c1e-9a3d-4c0b-8f6e-0d9b7f0c2a11\n"
                                    "name: flights\n"
                                    "version: 1.2.0\n"
                                    "status: active\n"
                                    "domain: domain0\n"
                                    "description:\n"
                                    "  purpose: \"Departures, as \\u00fcblich\"\n"
                                    "schema:\n"
                                    "  - name: departures\n"
                                    "    properties:\n"
                                    "      - name: id\n"
                                    "        logicalType: integer\n"
                                    "        required: true\n"
                                    "        primaryKey: true\n"
                                    "        primaryKeyPosition: 1\n"
                                    "      - name: delay\n"
                                    "        logicalType: number\n";

static struct fh_record_id write_contract(struct scene *scene)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(1024 * 1024);
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_err err = {0};
    FH_ASSERT(arena != NULL);
    fh_findings_init(&findings, arena);
    int code = fh_contract_read(&contract, fh_bytes_cstr(contract_text), &findings, &err);
    if (code != FH_OK) {
        fprintf(stderr, "the contract of the vectors: %s\n", err.text);
    }
    FH_ASSERT(code == FH_OK);
    struct fh_contract_record record = {.domain = scene->founder.id,
                                        .seq = 1,
                                        .created_ms = TEST_START_MS,
                                        .compat_rules = FH_CONTRACT_COMPAT_RULES,
                                        .text = fh_bytes_cstr(contract_text)};
    fh_contract_record_encode(&scene->payload, &record, contract);
    return vector_seal(scene, "contract", FH_RECORD_CONTRACT, &scene->founder.publisher);
}

static void write_announcement(struct scene *scene, const struct fh_record_id *contract)
{
    struct fh_announcement announcement = {.domain = scene->founder.id,
                                           .product = "flights",
                                           .version = "1.2.0",
                                           .major = 1,
                                           .revision = 4,
                                           .status = FH_ANNOUNCE_ACTIVE,
                                           .contract = *contract,
                                           .contract_bytes = 1500,
                                           .contract_seq = 1,
                                           .issued_ms = TEST_START_MS,
                                           .expires_ms = TEST_START_MS + 7 * TEST_DAY_MS,
                                           .title = "Flights",
                                           .summary = "Departures with their delays"};
    fh_announce_encode(&scene->payload, &announcement);
    vector_seal(scene, "announcement", FH_RECORD_ANNOUNCEMENT, &scene->founder.publisher);
    announcement.revision = 5;
    announcement.status = FH_ANNOUNCE_DEPRECATED;
    announcement.sunset_ms = TEST_START_MS + 90 * TEST_DAY_MS;
    snprintf(announcement.successor, sizeof announcement.successor, "flights@2");
    fh_announce_encode(&scene->payload, &announcement);
    vector_seal(
        scene, "announcement_deprecated", FH_RECORD_ANNOUNCEMENT, &scene->founder.publisher);
}

static void write_measurement(struct scene *scene, const struct fh_record_id *contract)
{
    struct fh_measurement measurement = {.domain = scene->founder.id,
                                         .product = "flights",
                                         .version = "1.2.0",
                                         .contract = *contract,
                                         .measured_ms = TEST_START_MS,
                                         .expires_ms = TEST_START_MS + TEST_DAY_MS,
                                         .gate = FH_QUALITY_GATE_BLOCK,
                                         .rows = 3000,
                                         .up_permyriad = 9987};
    struct fh_result results[4];
    fh_result_make(&results[0],
                   "schema.departures.properties.id.present",
                   "present",
                   "",
                   FH_PROMISE_SCHEMA,
                   FH_PROMISE_PASSED);
    fh_result_make(&results[1],
                   "schema.departures.properties.id.required",
                   "required",
                   "2",
                   FH_PROMISE_SCHEMA,
                   FH_PROMISE_FAILED);
    results[1].failing = 2;
    results[1].total = 3000;
    fh_result_make(&results[2],
                   "schema.departures.quality.0",
                   "sql",
                   "0.5",
                   FH_PROMISE_QUALITY,
                   FH_PROMISE_WARNED);
    fh_result_make(&results[3],
                   "slaProperties.freshness",
                   "freshness",
                   "P2DT3H",
                   FH_PROMISE_SLA,
                   FH_PROMISE_NOT_RUN);
    struct fh_buf encoded FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&encoded, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    fh_results_encode(&encoded, results, FH_COUNT(results));
    FH_ASSERT(fh_buf_ok(&encoded) == FH_OK);
    fh_measurement_sum(&measurement, results, FH_COUNT(results), fh_buf_view(&encoded));
    fh_measurement_encode(&scene->payload, &measurement);
    vector_seal(scene, "measurement", FH_RECORD_MEASUREMENT, &scene->founder.node);
    vector_hex(scene->out, "results", fh_buf_view(&encoded));
}

/* The same request with a value of each kind; `request` is as before afterwards. */
static void write_parameters(struct scene *scene, struct fh_query_request *request)
{
    static const struct {
        const char *name;
        struct fh_cell value;
    } params[] = {
        {"since", {.kind = FH_CELL_BYTES, .bytes = {(const uint8_t *)"2026-03-01", 10}}},
        {"until", {.kind = FH_CELL_NULL}},
        {"late", {.kind = FH_CELL_BOOL, .integer = 1}},
        {"least", {.kind = FH_CELL_INT, .integer = -3}},
        {"most", {.kind = FH_CELL_UINT, .natural = 1440}},
        {"rate", {.kind = FH_CELL_WIDE, .type = {FH_TYPE_DECIMAL, 3, 1}, .wide = {.low = 125}}},
    };
    struct fh_bytes sql = request->sql;
    request->sql =
        fh_bytes_cstr("SELECT count(*) FROM domain0.flights WHERE day >= $since AND late "
                      "= $late AND delay BETWEEN $least AND $most AND rate < $rate AND "
                      "day < coalesce($until, 'infinity')");
    request->param_count = FH_COUNT(params);
    for (size_t i = 0; i < FH_COUNT(params); i++) {
        memcpy(request->params[i].name, params[i].name, strlen(params[i].name) + 1);
        request->params[i].value = params[i].value;
    }
    FH_ASSERT(fh_query_request_build(&scene->payload, request, NULL) == FH_OK);
    (void)vector_seal(scene, "request.parameters", FH_RECORD_REQUEST, &scene->founder.member);
    request->sql = sql;
    request->param_count = 0;
}

/* Three receipts under one signature: a pair, and one that is left over. */
static void write_together(struct scene *scene, struct fh_receipt *receipt)
{
    static const char *const names[] = {"receipt, first of three signed together",
                                        "receipt, second of three signed together",
                                        "receipt, third of three signed together"};
    struct fh_buf payloads[FH_COUNT(names)];
    struct fh_buf records[FH_COUNT(names)];
    struct fh_buf *outs[FH_COUNT(names)];
    struct fh_bytes views[FH_COUNT(names)];
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        fh_buf_init(&payloads[i], FH_RECORD_BYTES_MAX);
        fh_buf_init(&records[i], FH_RECORD_BYTES_MAX);
        receipt->finished_ms++;
        FH_ASSERT(fh_receipt_build(&payloads[i], receipt, NULL) == FH_OK);
        outs[i] = &records[i];
        views[i] = fh_buf_view(&payloads[i]);
    }
    fh_record_seal_together(
        outs, FH_RECORD_RECEIPT, &scene->mesh, views, FH_COUNT(names), &scene->founder.node.secret);
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        vector_record_bytes(
            scene->out, names[i], &scene->mesh, fh_buf_view(&records[i]), &scene->founder.node);
        fh_buf_fini(&payloads[i]);
        fh_buf_fini(&records[i]);
    }
}

static void write_query(struct scene *scene, const struct fh_record_id *contract)
{
    static struct fh_query_request request;
    static struct fh_receipt receipt;
    request = (struct fh_query_request){
        .consumer = scene->founder.id,
        .key = scene->founder.member.id,
        .entry = fh_node_id_of(&scene->founder.node.public_key),
        .sql = fh_bytes_cstr("SELECT count(*) FROM domain0.flights"),
        .table_count = 1,
        .purpose = "planning",
        .issued_ms = TEST_START_MS,
        .expires_ms = TEST_START_MS + 60000,
        .flags = FH_QUERY_TREE,
        .rows_max = 1000,
    };
    memset(request.id.b, 0x11, sizeof request.id.b);
    request.tables[0] = (struct fh_query_table){.domain = scene->founder.id,
                                                .product = "flights",
                                                .table = "departures",
                                                .version = "1.2.0",
                                                .contract = *contract};
    FH_ASSERT(fh_query_request_build(&scene->payload, &request, NULL) == FH_OK);
    struct fh_record_id id =
        vector_seal(scene, "request", FH_RECORD_REQUEST, &scene->founder.member);
    write_parameters(scene, &request);

    receipt = (struct fh_receipt){.request = id,
                                  .request_id = request.id,
                                  .owner = scene->founder.id,
                                  .node = request.entry,
                                  .outcome = FH_OK,
                                  .contract_count = 1,
                                  .started_ms = TEST_START_MS + 5,
                                  .finished_ms = TEST_START_MS + 25};
    struct fh_tally tally;
    const uint8_t tag[FH_AEAD_TAG_BYTES] = {1, 2, 3};
    fh_tally_init(&tally, true);
    fh_tally_batch(&tally, 1, fh_bytes_cstr("a batch"), tag, NULL);
    fh_tally_batch(&tally, 2, fh_bytes_cstr("another"), tag, NULL);
    fh_tally_batch(&tally, 3, fh_bytes_cstr("a third"), tag, NULL);
    receipt.sent = fh_tally_read(&tally);
    receipt.contracts[0] = *contract;
    receipt.notice_count = 1;
    receipt.notices[0] = (struct fh_notice){.domain = scene->founder.id,
                                            .product = "flights",
                                            .version = "1.2.0",
                                            .status = FH_ANNOUNCE_DEPRECATED,
                                            .sunset_ms = TEST_START_MS + 90 * TEST_DAY_MS,
                                            .successor = "flights@2"};
    FH_ASSERT(fh_receipt_build(&scene->payload, &receipt, NULL) == FH_OK);
    vector_seal(scene, "receipt", FH_RECORD_RECEIPT, &scene->founder.node);
    write_together(scene, &receipt);
}

struct fh_record_id vector_sealed(struct scene *scene,
                                  const char *name,
                                  struct fh_buf *record,
                                  const struct test_key *by)
{
    struct fh_record parsed;
    FH_ASSERT(fh_buf_ok(record) == FH_OK);
    FH_ASSERT(fh_record_parse(&parsed, fh_buf_view(record), &scene->mesh, NULL) == FH_OK);
    struct fh_record_id id = parsed.id;
    vector_record_bytes(scene->out, name, &scene->mesh, fh_buf_view(record), by);
    fh_buf_reset(record);
    return id;
}

/* What was asked for, and denied; what was asked for, granted, and ended. */
static void write_access(struct scene *scene)
{
    static const char *const columns[] = {"departures.delay", "departures.id"};
    static const char *const purposes[] = {"delay report", "safety"};
    const struct test_domain *us = &scene->founder;
    struct fh_access_request request = {.consumer = us->id,
                                        .key = us->member.id,
                                        .owner = us->id,
                                        .product = "flights",
                                        .columns = {2, columns},
                                        .purpose = "delay report",
                                        .until_ms = TEST_START_MS + 90 * TEST_DAY_MS,
                                        .note = "for the yearly report",
                                        .created_ms = TEST_START_MS};
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_access_request_make(&record, &request, &scene->mesh, &us->member.secret);
    struct fh_record_id asked = vector_sealed(scene, "access_request", &record, &us->member);
    struct fh_grant grant = {.owner = us->id,
                             .grantee_kind = FH_GRANTEE_DOMAIN,
                             .product = "flights",
                             .major = 1,
                             .purposes = {2, purposes},
                             .columns = {2, columns},
                             .rows = "delay > 15",
                             .rows_per_day = 1000000,
                             .queries_per_hour = 60,
                             .relay_allowed = true,
                             .not_before_ms = TEST_START_MS,
                             .not_after_ms = TEST_START_MS + 366 * TEST_DAY_MS,
                             .note = "agreed in March",
                             .request = asked};
    memcpy(grant.grantee, us->id.b, FH_ID_BYTES);
    fh_grant_make(&record, &grant, &scene->mesh, &us->publisher.secret);
    struct fh_record_id granted = vector_sealed(scene, "grant", &record, &us->publisher);
    struct fh_grant narrow = {.owner = us->id,
                              .grantee_kind = FH_GRANTEE_KEY,
                              .product = "flights",
                              .rows = "",
                              .not_before_ms = TEST_START_MS,
                              .not_after_ms = TEST_START_MS + TEST_DAY_MS,
                              .note = ""};
    memcpy(narrow.grantee, us->member.id.b, FH_ID_BYTES);
    fh_grant_make(&record, &narrow, &scene->mesh, &us->key.secret);
    vector_sealed(scene, "grant_of_a_key", &record, &us->key);
    struct fh_grant_end end = {.owner = us->id,
                               .grant = granted,
                               .since_ms = TEST_START_MS + TEST_HOUR_MS,
                               .created_ms = TEST_START_MS + TEST_HOUR_MS};
    fh_grant_end_make(&record, &end, &scene->mesh, &us->publisher.secret);
    vector_sealed(scene, "grant_end", &record, &us->publisher);
    struct fh_access_answer answer = {.owner = us->id,
                                      .request = asked,
                                      .outcome = FH_ACCESS_APPROVED,
                                      .grant = granted,
                                      .created_ms = TEST_START_MS};
    fh_access_answer_make(&record, &answer, &scene->mesh, &us->publisher.secret);
    vector_sealed(scene, "access_approved", &record, &us->publisher);
    answer.outcome = FH_ACCESS_DENIED;
    answer.grant = (struct fh_record_id){{0}};
    snprintf(answer.reason, sizeof answer.reason, "delays are not yet complete");
    fh_access_answer_make(&record, &answer, &scene->mesh, &us->key.secret);
    vector_sealed(scene, "access_denied", &record, &us->key);
}

/* A policy, and the version that follows it and ends by itself. */
static void write_policies(struct scene *scene)
{
    static const char first[] = "name: personal_data\n"
                                "version: 1.0.0\n"
                                "mask:\n"
                                "  - classification: [restricted]\n"
                                "    method: hash\n";
    static const char second[] = "name: personal_data\n"
                                 "version: 1.1.0\n"
                                 "valid_until: 2027-12-31\n"
                                 "products: [flights@1]\n"
                                 "purposes: [safety]\n"
                                 "filter:\n"
                                 "  - {table: departures, where: delay > 15}\n";
    const struct test_domain *us = &scene->founder;
    struct fh_policy_record policy = {.domain = us->id,
                                      .name = "personal_data",
                                      .version = "1.0.0",
                                      .seq = 1,
                                      .created_ms = TEST_START_MS,
                                      .until_ms = INT64_MAX,
                                      .text = fh_bytes_cstr(first)};
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    for (unsigned i = 0; i < 2; i++) {
        fh_buf_reset(&scene->payload);
        fh_policy_record_encode(&scene->payload, &policy);
        fh_record_seal(&record,
                       FH_RECORD_POLICY,
                       &scene->mesh,
                       fh_buf_view(&scene->payload),
                       &us->publisher.secret);
        policy.prev =
            vector_sealed(scene, i == 0 ? "policy" : "policy_that_ends", &record, &us->publisher);
        policy.seq = 2;
        snprintf(policy.version, sizeof policy.version, "1.1.0");
        policy.created_ms = TEST_START_MS + TEST_HOUR_MS;
        policy.until_ms = INT64_C(1830297599999); /* the whole day */
        policy.text = fh_bytes_cstr(second);
    }
}

/* A policy of the mesh, signed by one who suffices, and a waiver of it that breaks the glass. */
static void write_agreed(struct scene *scene)
{
    static const char text[] = "name: agreed\n"
                               "version: 1.0.0\n"
                               "domains: [domain0]\n"
                               "require:\n"
                               "  - {fields: [owner, support]}\n";
    const struct test_domain *us = &scene->founder;
    struct fh_policy_record policy = {.name = "agreed",
                                      .version = "1.0.0",
                                      .seq = 1,
                                      .created_ms = TEST_START_MS,
                                      .until_ms = INT64_MAX,
                                      .text = fh_bytes_cstr(text)};
    memcpy(policy.domain.b, scene->mesh.b, sizeof policy.domain.b);
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_buf_reset(&scene->payload);
    fh_policy_record_encode(&scene->payload, &policy);
    fh_record_seal(&record,
                   FH_RECORD_MESH_POLICY,
                   &scene->mesh,
                   fh_buf_view(&scene->payload),
                   &us->publisher.secret);
    const struct fh_waiver waiver = {
        .mesh = true,
        .urgent = true,
        .owner = us->id,
        .product = "flights",
        .major = 1,
        .policy = vector_sealed(scene, "mesh_policy", &record, &us->publisher),
        .rule = "require[0]",
        .key = us->member.id,
        .since_ms = TEST_START_MS,
        .until_ms = TEST_START_MS + TEST_DAY_MS,
        .created_ms = TEST_START_MS,
        .reason = "the tower is on fire",
    };
    fh_buf_reset(&scene->payload);
    fh_waiver_encode(&scene->payload, &waiver);
    fh_record_seal(&record,
                   FH_RECORD_WAIVER,
                   &scene->mesh,
                   fh_buf_view(&scene->payload),
                   &us->publisher.secret);
    vector_sealed(scene, "waiver", &record, &us->publisher);
}

/* One question in the log of its owner, as it is decided. */
static void log_read(const struct scene *scene, struct fh_buf *log, struct fh_audit_position *at)
{
    static const char *const roles[] = {"analyst", "member"};
    static const char *const policies[] = {"pii 1.0.0"};
    static const char *const columns[] = {"origin", "delay"};
    struct test_domain other = test_domain_of(1);
    struct fh_audit_table table = {.product = "flights",
                                   .version = "1.0.0",
                                   .table = "flights",
                                   .policy_count = 1,
                                   .policies = policies,
                                   .column_count = 2,
                                   .columns = columns,
                                   .masked_count = 1,
                                   .masked = columns};
    struct fh_audit_read read = {.question = 9,
                                 .way = FH_AUDIT_QUERY,
                                 .who = {.domain = other.id,
                                         .domain_name = "domain1",
                                         .key = other.member.id,
                                         .role_count = 2,
                                         .roles = roles,
                                         .token_label = ""},
                                 .entry = scene->founder.id,
                                 .purpose = "delay report",
                                 .sql = fh_hash(fh_bytes_cstr("SELECT 1")),
                                 .table_count = 1,
                                 .tables = &table,
                                 .rule = ""};
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&detail, CONTRACT_BYTES);
    memset(read.request_id, 0x22, sizeof read.request_id);
    memset(read.request.b, 0x23, sizeof read.request.b);
    memset(table.contract.b, 0x24, sizeof table.contract.b);
    fh_audit_read_pack(&detail, &read);
    fh_audit_append(log, at, TEST_START_MS + 5, FH_AUDIT_READ, fh_buf_view(&detail));
}

/* A log of three records, and the checkpoint that its node signs. */
static void write_audit(struct scene *scene)
{
    const struct test_domain *us = &scene->founder;
    const struct fh_audit_opened opened = {
        .mesh = scene->mesh, .domain = us->id, .key = us->node.public_key};
    struct fh_audit_ended ended = {
        .question = 9, .rule = "", .rows = 3, .bytes = 120, .duration_ms = 4};
    struct fh_audit_position at = {0};
    struct fh_buf log FH_CLEANUP(fh_buf_fini);
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&log, CONTRACT_BYTES);
    fh_buf_init(&detail, CONTRACT_BYTES);
    fh_audit_opened_pack(&detail, &opened);
    fh_audit_append(&log, &at, TEST_START_MS, FH_AUDIT_OPENED, fh_buf_view(&detail));
    log_read(scene, &log, &at);
    memset(ended.request.b, 0x23, sizeof ended.request.b);
    memset(ended.receipt.b, 0x25, sizeof ended.receipt.b);
    fh_buf_reset(&detail);
    fh_audit_ended_pack(&detail, &ended);
    fh_audit_append(
        &log, &at, TEST_START_MS, FH_AUDIT_ENDED, fh_buf_view(&detail)); /* stands still */
    const struct fh_audit_checkpoint checkpoint = {.domain = us->id,
                                                   .key = us->node.public_key,
                                                   .seq = at.seq,
                                                   .head = at.head,
                                                   .time_ms = TEST_START_MS + 60000};
    fh_buf_reset(&scene->payload);
    fh_audit_checkpoint_payload(&scene->payload, &checkpoint);
    (void)vector_seal(scene, "audit.checkpoint", FH_RECORD_AUDIT_CHECKPOINT, &us->node);
    vector_hex(scene->out, "log", fh_buf_view(&log));
}

void vectors_records(struct fh_buf *out)
{
    struct scene scene = {.out = out, .founder = test_domain_of(0)};
    (void)test_charter_1(&scene.founder, &scene.mesh);
    fh_buf_init(&scene.payload, CONTRACT_BYTES);
    vector_file(out, "Records of gossip, catalogue and queries: proto/README.md, section 5.");
    write_gossip(&scene);
    struct fh_record_id contract = write_contract(&scene);
    write_announcement(&scene, &contract);
    write_query(&scene, &contract);
    write_measurement(&scene, &contract);
    write_access(&scene);
    write_policies(&scene);
    write_agreed(&scene);
    vector_tokens(&scene);
    write_audit(&scene);
    fh_buf_fini(&scene.payload);
}
