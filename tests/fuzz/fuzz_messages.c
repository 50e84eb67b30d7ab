/* SPDX-License-Identifier: Apache-2.0 */
/* Answers and requests about products, their lives and access to them, as they come out of a
 * session. The first byte chooses the reader. */
#include "common/assert.h"
#include "common/limits.h"
#include "proto/session/messages.h"
#include "proto/session/messages_access.h"
#include "proto/session/messages_policy.h"
#include "proto/session/messages_rules.h"
#include "proto/session/messages_search.h"
#include "proto/session/messages_waived.h"
#include "tests/fuzz/ends.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void facets(struct fh_pack_reader *reader, struct fh_err *err)
{
    char read_as[FH_MSG_WORDS_BYTES];
    uint64_t total;
    uint32_t count = 0;
    int code = fh_msg_products_end(reader, read_as, &total, &count, err);
    if (code == FH_OK) {
        ends(read_as, sizeof read_as);
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_facet facet;
        code = fh_msg_facets_next(reader, &facet, err);
        if (code == FH_OK) {
            ends(facet.facet, sizeof facet.facet);
            ends(facet.value, sizeof facet.value);
        }
    }
}

static int products(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_products_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_product product;
        code = fh_msg_products_next(reader, &product, err);
        if (code == FH_OK) {
            ends(product.successor, sizeof product.successor);
        }
    }
    struct fh_pack_reader rest = *reader; /* HISTORY goes on behind the list */
    if (code == FH_OK) {
        facets(&rest, err);
    }
    return code;
}

static void history(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    struct fh_msg_bins bins;
    struct fh_bytes bin;
    int code = products(reader, err);
    if (code == FH_OK) {
        code = fh_msg_bins_read(reader, &bins, err);
    }
    while (code == FH_OK && fh_msg_bins_next(&bins, &bin)) {
        FH_ASSERT(bin.data != NULL || bin.size == 0);
    }
    if (code == FH_OK) {
        code = fh_msg_versions_read(reader, &count, err);
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_version version;
        code = fh_msg_versions_next(reader, &version, err);
        if (code == FH_OK) {
            ends(version.version, sizeof version.version);
            ends(version.status, sizeof version.status);
        }
    }
    count = 0;
    if (code == FH_OK) {
        code = fh_msg_forks_read(reader, &count, err);
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_fork fork;
        code = fh_msg_forks_next(reader, &fork, err);
    }
}

static void quality(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_quality said;
    struct fh_msg_measurement entry;
    uint32_t count = 0;
    if (fh_msg_quality_read(reader, &said, err) != FH_OK) {
        FH_ASSERT(err->text[0] != 0);
        return;
    }
    uint32_t told = said.left;
    for (; fh_msg_quality_next(&said, &entry); count++) {
        FH_ASSERT(entry.record.size <= FH_RECORD_GOSSIP_BYTES_MAX);
        FH_ASSERT(entry.results.size <= FH_MEASUREMENT_RESULTS_BYTES_MAX);
    }
    FH_ASSERT(count == told && count <= FH_MEASUREMENT_HISTORY_MAX);
}

static void plan(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_plan *plan = calloc(1, sizeof *plan);
    if (plan != NULL && fh_msg_plan_read(reader, plan, err) == FH_OK) {
        for (uint32_t i = 0; i < plan->table_count; i++) {
            ends(plan->tables[i].successor, sizeof plan->tables[i].successor);
        }
    }
    free(plan);
}

/* Questions of consumers and entry peers. */
static void questions(unsigned code, struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_search search;
    uint64_t stream;
    uint64_t index;
    struct fh_msg_product_name name;
    struct fh_msg_plan_question question;
    struct fh_bytes bytes;
    struct fh_bytes cursor;
    struct fh_node_id node;
    enum fh_sync_set set;
    struct fh_msg_redeem redeem;
    struct fh_msg_bins bins;
    switch (code) {
    case FH_MSG_SEARCH:
        if (fh_msg_search_request_read(reader, &search, err) == FH_OK) {
            ends(search.words, sizeof search.words);
            FH_ASSERT(search.limit <= FH_SEARCH_RESULTS_MAX);
        }
        break;
    case FH_MSG_DESCRIBE:
    case FH_MSG_MEASUREMENT:
        if (fh_msg_product_name_read(reader, &name, err) == FH_OK) {
            ends(name.domain, sizeof name.domain);
            ends(name.product, sizeof name.product);
        }
        break;
    case FH_MSG_PLAN:
        if (fh_msg_plan_request_read(reader, &question, err) == FH_OK) {
            FH_ASSERT(question.sql.size <= FH_SQL_BYTES_MAX && fh_utf8_valid(question.sql));
            FH_ASSERT(question.param_count <= FH_SQL_PARAMS_MAX);
        }
        break;
    case FH_MSG_NEXT:
        if (fh_msg_next_request_read(reader, &stream, &index, err) != FH_OK) {
            FH_ASSERT(err->text[0] != 0);
        }
        break;
    case FH_MSG_RELAY:
        if (fh_msg_relay_read(reader, &node, &bytes, err) == FH_OK) {
            FH_ASSERT(bytes.size <= FH_FRAME_REQUEST_BYTES_MAX);
        }
        break;
    case FH_MSG_HUNG_UP:
        if (fh_msg_hung_up_read(reader, &stream, err) != FH_OK) {
            FH_ASSERT(err->text[0] != 0);
        }
        break;
    case FH_MSG_OWN:
        if (fh_msg_own_read(reader, &bytes, err) == FH_OK) {
            FH_ASSERT(bytes.size <= FH_FRAME_REQUEST_BYTES_MAX);
        }
        break;
    case FH_MSG_SYNC:
        if (fh_msg_sync_request_read(reader, &set, &cursor, err) == FH_OK) {
            FH_ASSERT(cursor.size <= FH_SYNC_CURSOR_BYTES_MAX);
        }
        break;
    case FH_MSG_REDEEM:
        if (fh_msg_redeem_read(reader, &redeem, err) == FH_OK) {
            ends(redeem.name, sizeof redeem.name);
        }
        break;
    case FH_MSG_PUSH:
    case FH_MSG_PULL:
        if (fh_msg_bins_read(reader, &bins, err) == FH_OK) {
            while (fh_msg_bins_next(&bins, &bytes)) {
                FH_ASSERT(bytes.size <= FH_FRAME_REQUEST_BYTES_MAX);
            }
        }
        break;
    default:
        break;
    }
}

/* Answers of owners to entry peers, and to consumers. */
static void stream_answers(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_pack_reader again = *reader;
    struct fh_msg_next next;
    struct fh_bytes receipt;
    uint64_t stream;
    if (fh_msg_stream_read(&again, &stream, err) != FH_OK) {
        FH_ASSERT(err->text[0] != 0);
    }
    if (fh_msg_next_read(reader, &next, err) == FH_OK && next.end) {
        while (fh_msg_bins_next(&next.receipts, &receipt)) {
            FH_ASSERT(receipt.data != NULL || receipt.size == 0);
        }
    }
}

static void access_lists(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_pack_reader granted_reader = *reader;
    struct fh_record_id next;
    uint32_t count = 0;
    int code = fh_msg_asked_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_asked asked;
        code = fh_msg_asked_next(reader, &asked, err);
        if (code == FH_OK) {
            ends(asked.refused, sizeof asked.refused);
            ends(asked.key_label, sizeof asked.key_label);
        }
    }
    count = 0;
    code = fh_msg_page_read(&granted_reader, &next, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_granted granted;
        code = fh_msg_granted_next(&granted_reader, &granted, err);
        if (code == FH_OK) {
            ends(granted.grantee_name, sizeof granted.grantee_name);
        }
    }
}

static void access_requests(unsigned code, struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_can can;
    struct fh_msg_ask ask;
    struct fh_msg_govern govern;
    struct fh_bytes bytes;
    uint32_t table = 0;
    if (code == FH_MSG_CAN && fh_msg_can_read(reader, &can, err) == FH_OK) {
        ends(can.column, sizeof can.column);
        ends(can.purpose, sizeof can.purpose);
    } else if (code == FH_MSG_ASK && fh_msg_ask_read(reader, &ask, err) == FH_OK) {
        while (fh_msg_bins_next(&ask.support, &bytes)) {
            FH_ASSERT(bytes.data != NULL || bytes.size == 0);
        }
    } else if (code == FH_MSG_STILL && fh_msg_still_read(reader, &bytes, &table, err) == FH_OK) {
        FH_ASSERT(table < FH_QUERY_TABLES_MAX);
    } else if (code == FH_MSG_ADMIN_GOVERN && fh_msg_govern_read(reader, &govern, err) == FH_OK) {
        while (fh_msg_bins_next(&govern.records, &bytes)) {
            FH_ASSERT(bytes.data != NULL || bytes.size == 0);
        }
    }
}

/* ---- policies ---- */

static void waivers(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_waived waived;
    uint32_t count = 0;
    int code = fh_msg_waived_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_waived_next(reader, &waived, err);
        if (code == FH_OK) {
            ends(waived.policy, sizeof waived.policy);
            ends(waived.version, sizeof waived.version);
            ends(waived.rule, sizeof waived.rule);
        }
    }
}

static void governed(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_governing governing;
    uint32_t count = 0;
    bool own;
    int code = fh_msg_governed_answer_read(reader, &own, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_governing_next(reader, &governing, err);
        if (code == FH_OK) {
            ends(governing.policy, sizeof governing.policy);
        }
    }
    if (code == FH_OK) {
        waivers(reader, err);
    }
}

static void views(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_pack_reader limited_reader = *reader;
    struct fh_msg_view_column column;
    struct fh_msg_limited limited;
    char name[FH_COLUMN_NAME_BYTES_MAX + 1];
    uint64_t stream;
    uint32_t count = 0;
    struct fh_msg_view view = {0};
    int code = fh_msg_view_answer_read(reader, &view, err);
    for (uint32_t i = 0; i < view.column_count && code == FH_OK; i++) {
        code = fh_msg_view_next(reader, &column, err);
        if (code == FH_OK) {
            ends(column.name, sizeof column.name);
        }
    }
    code = fh_msg_stream_read(&limited_reader, &stream, err);
    if (code == FH_OK) {
        code = fh_msg_limited_read(&limited_reader, &count, err);
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_limited_next(&limited_reader, &limited, err);
        for (uint32_t k = 0; code == FH_OK && k < limited.masked_count; k++) {
            code = fh_msg_limited_name(&limited_reader, name, err);
            if (code == FH_OK) {
                ends(name, sizeof name);
            }
        }
    }
}

static void policy_lists(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_pack_reader findings = *reader;
    struct fh_pack_reader one = *reader;
    struct fh_msg_policy_listed listed;
    struct fh_msg_policy_finding finding;
    struct fh_msg_policy policy;
    uint32_t count = 0;
    int code = fh_msg_policies_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_policy_list_next(reader, &listed, err);
        if (code == FH_OK) {
            ends(listed.name, sizeof listed.name);
            ends(listed.version, sizeof listed.version);
        }
    }
    count = 0;
    code = fh_msg_enforced_read(&findings, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_policy_finding_next(&findings, &finding, err);
        if (code == FH_OK) {
            ends(finding.path, sizeof finding.path);
            ends(finding.text, sizeof finding.text);
        }
    }
    (void)!fh_msg_policy_read(&one, &policy, err);
}

static void explained(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_explained decision;
    struct fh_msg_explained_column column;
    int code = fh_msg_explained_read(reader, &decision, err);
    for (uint32_t i = 0; code == FH_OK && i < decision.column_count; i++) {
        code = fh_msg_explained_next(reader, &column, err);
        if (code == FH_OK) {
            ends(column.column, sizeof column.column);
            ends(column.seen, sizeof column.seen);
        }
    }
}

static void ruled(struct fh_pack_reader *reader, struct fh_err *err)
{
    char name[FH_ERR_RULE_BYTES];
    char text[FH_ERR_TEXT_BYTES];
    struct fh_msg_rule rule;
    uint32_t count = 0;
    int code = fh_msg_rules_read(reader, name, text, &count, err);
    if (code == FH_OK) {
        ends(name, sizeof name);
        ends(text, sizeof text);
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        code = fh_msg_rule_next(reader, &rule, err);
        if (code == FH_OK) {
            ends(rule.path, sizeof rule.path);
            ends(rule.outcome, sizeof rule.outcome);
        }
    }
}

static void simulated(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_policy_finding finding;
    struct fh_msg_change change;
    uint32_t count = 0;
    uint32_t next;
    int code = fh_msg_enforced_read(reader, &count, err);
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        code = fh_msg_policy_finding_next(reader, &finding, err);
    }
    if (code == FH_OK) {
        code = fh_msg_changes_read(reader, &next, &count, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        code = fh_msg_change_next(reader, &change, err);
        if (code == FH_OK) {
            FH_ASSERT(change.question <= FH_MSG_SIMULATED_MAX);
            ends(change.whom, sizeof change.whom);
        }
    }
}

static void simulations(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_simulated question;
    char column[FH_COLUMN_NAME_BYTES_MAX + 1];
    struct fh_bytes text;
    bool mesh;
    uint32_t from;
    uint32_t count = 0;
    int code = fh_msg_simulate_read(reader, &text, &mesh, &from, &count, err);
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        code = fh_msg_simulated_next(reader, &question, err);
        for (uint32_t k = 0; code == FH_OK && k < question.column_count; k++) {
            code = fh_msg_simulated_column(reader, column, err);
            if (code == FH_OK) {
                ends(column, sizeof column);
            }
        }
    }
}

static void policy_requests(unsigned code, struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_explain explain;
    struct fh_bytes bytes;
    uint32_t table = 0;
    bool dry_run;
    if (code == FH_MSG_VIEW && fh_msg_view_read(reader, &bytes, &table, err) == FH_OK) {
        FH_ASSERT(table < FH_QUERY_TABLES_MAX);
    } else if (code == FH_MSG_ADMIN_ENFORCE &&
               fh_msg_enforce_read(reader, &bytes, &dry_run, err) == FH_OK) {
        FH_ASSERT(bytes.size <= FH_POLICY_BYTES_MAX + 2048);
    } else if (code == FH_MSG_ADMIN_SIMULATE) {
        simulations(reader, err);
    } else if ((code == FH_MSG_ADMIN_EXPLAIN || code == FH_MSG_ADMIN_RULES) &&
               fh_msg_explain_read(reader, &explain, err) == FH_OK) {
        for (uint32_t i = 0; i < explain.role_count; i++) {
            ends(explain.roles[i], sizeof explain.roles[i]);
        }
    }
}

static void requests(unsigned code, struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_history_request asked;
    struct fh_msg_quality_request looks;
    struct fh_msg_plan_question question;
    struct fh_msg_move move;
    char name[FH_NAME_BYTES_MAX + 1];
    uint32_t major;
    if (code == FH_MSG_HISTORY && fh_msg_history_request_read(reader, &asked, err) == FH_OK) {
        ends(asked.domain, sizeof asked.domain);
        ends(asked.product, sizeof asked.product);
    } else if (code == FH_MSG_QUALITY &&
               fh_msg_quality_request_read(reader, &looks, err) == FH_OK) {
        ends(looks.name.domain, sizeof looks.name.domain);
        ends(looks.name.product, sizeof looks.name.product);
        FH_ASSERT(looks.before_ms >= 0);
    } else if (code == FH_MSG_ADMIN_ANNOUNCED &&
               fh_msg_announced_request_read(reader, name, &major, err) == FH_OK) {
        ends(name, sizeof name);
    } else if (code == FH_MSG_PLAN && fh_msg_plan_request_read(reader, &question, err) == FH_OK) {
        FH_ASSERT(question.param_count <= FH_SQL_PARAMS_MAX);
    } else if (code == FH_MSG_ADMIN_MOVE && fh_msg_move_read(reader, &move, err) == FH_OK) {
        FH_ASSERT(move.announcement.size <= FH_RECORD_GOSSIP_BYTES_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    unsigned code = 0;
    if (size == 0) {
        return 0;
    }
    struct fh_bytes rest = fh_bytes(data + 1, size - 1);
    switch (data[0] % 7) {
    case 0:
        if (fh_msg_open(&reader, rest, FH_FRAME_REQUEST_BYTES_MAX, &code, &err) == FH_OK) {
            struct fh_pack_reader again = reader;
            struct fh_pack_reader third = reader;
            struct fh_pack_reader fourth = reader;
            requests(code, &reader, &err);
            questions(code, &again, &err);
            access_requests(code, &third, &err);
            policy_requests(code, &fourth, &err);
        }
        break;
    case 1:
        if (fh_msg_answer(&reader, rest, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
            history(&reader, &err);
        }
        break;
    case 2:
        if (fh_msg_answer(&reader, rest, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
            struct fh_pack_reader again = reader;
            struct fh_pack_reader third = reader;
            plan(&reader, &err);
            stream_answers(&again, &err);
            quality(&third, &err);
        }
        break;
    case 3:
        if (fh_msg_answer(&reader, rest, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
            access_lists(&reader, &err);
        }
        break;
    case 4:
        if (fh_msg_answer(&reader, rest, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
            struct fh_pack_reader again = reader;
            struct fh_pack_reader third = reader;
            views(&reader, &err);
            waivers(&again, &err);
            governed(&third, &err);
        }
        break;
    case 5:
        if (fh_msg_answer(&reader, rest, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
            policy_lists(&reader, &err);
        }
        break;
    default:
        if (fh_msg_answer(&reader, rest, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
            struct fh_pack_reader again = reader;
            struct fh_pack_reader third = reader;
            explained(&reader, &err);
            ruled(&again, &err);
            simulated(&third, &err);
        }
        break;
    }
    return 0;
}
