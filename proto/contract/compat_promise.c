/* SPDX-License-Identifier: Apache-2.0 */
/* Quality rules, SLA, price, servers, and who may read. */
#include "proto/contract/compat_inner.h"
#include "proto/contract/field_text.h"
#include "proto/contract/pairing.h"
#include "proto/contract/sla_order.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* --- quality --- */

static const char *quality_type(const struct fh_contract_quality *rule)
{
    return rule->type == NULL ? "library" : rule->type;
}

static const char *measure(const struct fh_contract_quality *rule)
{
    return rule->metric != NULL ? rule->metric : rule->rule;
}

static enum fh_compat_rule_name quality_order(enum fh_order order)
{
    return order == FH_ORDER_SAME      ? FH_COMPAT_SAME_MEANING
           : order == FH_ORDER_TIGHTER ? FH_COMPAT_QUALITY_TIGHTENED
           : order == FH_ORDER_LOOSER  ? FH_COMPAT_QUALITY_LOOSENED
                                       : FH_COMPAT_QUALITY_CHANGED;
}

enum fh_compat_rule_name fh_judge_quality(const struct fh_change *change)
{
    if (change->kind == FH_CHANGE_ADDED) {
        return FH_COMPAT_QUALITY_ADDED;
    }
    return strcmp(quality_type(change->element_before), "text") == 0
               ? FH_COMPAT_QUALITY_TEXT_DROPPED
               : FH_COMPAT_QUALITY_DROPPED;
}

/* All operators of a rule are judged as one: "less than 5" for "at most 4" is two changes. */
enum fh_compat_rule_name fh_judge_operator(const struct fh_change *change)
{
    return quality_order(fh_order_operators(change->level->before, change->level->after));
}

enum { SEVERITY_UNKNOWN = -1, SEVERITY_DEFAULT = 2 };

static int severity_rank(const char *severity)
{
    static const struct {
        const char *name;
        int rank;
    } severities[] = {
        {"info", 0},
        {"trivial", 0},
        {"low", 0},
        {"minor", 0},
        {"warning", 1},
        {"medium", 1},
        {"error", SEVERITY_DEFAULT},
        {"major", SEVERITY_DEFAULT},
        {"high", SEVERITY_DEFAULT},
        {"critical", SEVERITY_DEFAULT},
        {"fatal", SEVERITY_DEFAULT},
    };
    if (severity == NULL) {
        return SEVERITY_DEFAULT;
    }
    for (size_t i = 0; i < FH_COUNT(severities); i++) {
        if (strcasecmp(severities[i].name, severity) == 0) {
            return severities[i].rank;
        }
    }
    return SEVERITY_UNKNOWN;
}

enum fh_compat_rule_name fh_judge_severity(const struct fh_change *change)
{
    const struct fh_contract_quality *before = change->level->before;
    const struct fh_contract_quality *after = change->level->after;
    int old = severity_rank(before->severity);
    int new = severity_rank(after->severity);
    if (old == SEVERITY_UNKNOWN || new == SEVERITY_UNKNOWN) {
        return FH_COMPAT_QUALITY_CHANGED;
    }
    return quality_order(old == new  ? FH_ORDER_SAME
                         : new > old ? FH_ORDER_TIGHTER
                                     : FH_ORDER_LOOSER);
}

static enum fh_order join(enum fh_order a, enum fh_order b)
{
    return a == FH_ORDER_SAME || a == b ? b : b == FH_ORDER_SAME ? a : FH_ORDER_OTHER;
}

static enum fh_order
order_argument(const char *key, const struct fh_doc_node *before, const struct fh_doc_node *after)
{
    bool is_set = strcmp(key, "validValues") == 0 || strcmp(key, "properties") == 0;
    if (is_set) {
        return fh_order_values(before, after);
    }
    if (strcmp(key, "missingValues") == 0) { /* more of them count as missing: less passes */
        enum fh_order order = fh_order_values(before, after);
        return before == NULL || after == NULL ? order : fh_order_reverse(order);
    }
    if (before != NULL && after != NULL) {
        return fh_value_equal(before, after) ? FH_ORDER_SAME : FH_ORDER_OTHER;
    }
    bool is_pattern = strcmp(key, "pattern") == 0;
    return !is_pattern ? FH_ORDER_OTHER : before == NULL ? FH_ORDER_TIGHTER : FH_ORDER_LOOSER;
}

enum fh_compat_rule_name fh_judge_arguments(const struct fh_change *change)
{
    const struct fh_contract_quality *before = change->level->before;
    const struct fh_contract_quality *after = change->level->after;
    enum fh_order order = FH_ORDER_SAME;
    static const char *const keys[] = {"validValues", "pattern", "missingValues", "properties"};
    for (size_t i = 0; i < FH_COUNT(keys); i++) {
        const struct fh_doc_node *old = fh_doc_get(before->arguments, keys[i]);
        const struct fh_doc_node *new = fh_doc_get(after->arguments, keys[i]);
        if (old != NULL || new != NULL) {
            order = join(order, order_argument(keys[i], old, new));
        }
    }
    const char *metric = measure(after);
    if (order == FH_ORDER_SAME) {
        return FH_COMPAT_QUALITY_CHANGED; /* something else in it is different */
    }
    return metric != NULL && strcmp(metric, "invalidValues") == 0 ? fh_judge_order(order)
                                                                  : quality_order(order);
}

enum fh_compat_rule_name fh_judge_metric(const struct fh_change *change)
{
    return fh_same_text(measure(change->level->before), measure(change->level->after))
               ? FH_COMPAT_SAME_MEANING
               : FH_COMPAT_QUALITY_CHANGED;
}

enum fh_compat_rule_name fh_judge_quality_type(const struct fh_change *change)
{
    const char *before = quality_type(change->level->before);
    const char *after = quality_type(change->level->after);
    return strcmp(before, after) == 0 ? FH_COMPAT_SAME_MEANING : FH_COMPAT_QUALITY_CHANGED;
}

/* Whether two queries differ in white space alone. Inside a literal that counts, so a query with
 * one is never the same. */
static bool same_query(const char *a, const char *b)
{
    if (strpbrk(a, "'\"$") != NULL || strstr(a, "--") != NULL) {
        return false;
    }
    while (*a != '\0' && *b != '\0') {
        bool gap = isspace((unsigned char)*a) != 0;
        if (gap != (isspace((unsigned char)*b) != 0) || (!gap && *a != *b)) {
            return false;
        }
        do {
            a++;
        } while (gap && isspace((unsigned char)*a));
        do {
            b++;
        } while (gap && isspace((unsigned char)*b));
    }
    while (isspace((unsigned char)*a)) {
        a++;
    }
    while (isspace((unsigned char)*b)) {
        b++;
    }
    return *a == '\0' && *b == '\0';
}

enum fh_compat_rule_name fh_judge_query(const struct fh_change *change)
{
    const struct fh_contract_quality *before = change->level->before;
    const struct fh_contract_quality *after = change->level->after;
    return before->query != NULL && after->query != NULL && same_query(before->query, after->query)
               ? FH_COMPAT_SAME_MEANING
               : FH_COMPAT_QUALITY_CHANGED;
}

enum fh_compat_rule_name fh_judge_quality_unit(const struct fh_change *change)
{
    const struct fh_contract_quality *before = change->level->before;
    const struct fh_contract_quality *after = change->level->after;
    const char *old = before->unit == NULL ? "rows" : before->unit;
    const char *new = after->unit == NULL ? "rows" : after->unit;
    return strcmp(old, new) == 0 ? FH_COMPAT_SAME_MEANING : FH_COMPAT_QUALITY_CHANGED;
}

/* --- SLA --- */

enum fh_compat_rule_name fh_judge_sla(const struct fh_change *change)
{
    return change->kind == FH_CHANGE_ADDED ? FH_COMPAT_SLA_ADDED : FH_COMPAT_SLA_DROPPED;
}

enum fh_compat_rule_name fh_judge_sla_value(const struct fh_change *change)
{
    enum fh_order order = fh_order_sla(change->level->before, change->level->after);
    return order == FH_ORDER_SAME      ? FH_COMPAT_SAME_MEANING
           : order == FH_ORDER_TIGHTER ? FH_COMPAT_SLA_TIGHTENED
           : order == FH_ORDER_LOOSER  ? FH_COMPAT_SLA_LOOSENED
                                       : FH_COMPAT_SLA_CHANGED;
}

enum fh_compat_rule_name fh_judge_sla_property(const struct fh_change *change)
{
    const struct fh_contract_sla *before = change->level->before;
    const struct fh_contract_sla *after = change->level->after;
    return strcmp(fh_sla_name(before->property), fh_sla_name(after->property)) == 0
               ? FH_COMPAT_SAME_MEANING
               : FH_COMPAT_SLA_CHANGED;
}

/* --- who may read --- */

static enum fh_compat_rule_name judge_access(const struct fh_diff_level *contract, bool is_added)
{
    bool was = fh_contract_open_to_mesh(contract->before);
    bool is = fh_contract_open_to_mesh(contract->after);
    if (was && !is) {
        return FH_COMPAT_ACCESS_DROPPED;
    }
    return (is && !was) || is_added ? FH_COMPAT_ACCESS_ADDED : FH_COMPAT_ACCESS_CHANGED;
}

static bool is_mesh(const struct fh_contract_role *role)
{
    return role != NULL && role->role != NULL && strcmp(role->role, "mesh") == 0;
}

enum fh_compat_rule_name fh_judge_role(const struct fh_change *change)
{
    bool is_added = change->kind == FH_CHANGE_ADDED;
    if (is_mesh(change->element_before) || is_mesh(change->element_after)) {
        return judge_access(change->level, is_added);
    }
    return is_added ? FH_COMPAT_ACCESS_ADDED : FH_COMPAT_ACCESS_CHANGED;
}

enum fh_compat_rule_name fh_judge_role_access(const struct fh_change *change)
{
    const struct fh_diff_level *up = change->level->up;
    if (up->section != &fh_section_contract) {
        return FH_COMPAT_TEXT_CHANGED; /* a role at one server */
    }
    return is_mesh(change->level->before) || is_mesh(change->level->after)
               ? judge_access(up, false)
               : FH_COMPAT_ACCESS_CHANGED;
}

/* --- price --- */

static bool is_free(const struct fh_contract_price *price)
{
    return price == NULL || price->amount == NULL || strcmp(price->amount, "0") == 0;
}

enum fh_compat_rule_name fh_judge_price(const struct fh_change *change)
{
    const struct fh_contract_price *before = change->element_before;
    const struct fh_contract_price *after = change->element_after;
    return is_free(before) && is_free(after) ? FH_COMPAT_SAME_MEANING
           : is_free(before)                 ? FH_COMPAT_PRICE_RAISED
                                             : FH_COMPAT_PRICE_LOWERED;
}

enum fh_compat_rule_name fh_judge_price_amount(const struct fh_change *change)
{
    const struct fh_contract_price *before = change->level->before;
    const struct fh_contract_price *after = change->level->after;
    if (is_free(before) || is_free(after)) {
        return is_free(before) == is_free(after) ? FH_COMPAT_SAME_MEANING
               : is_free(before)                 ? FH_COMPAT_PRICE_RAISED
                                                 : FH_COMPAT_PRICE_LOWERED;
    }
    if (!fh_same_text(before->currency, after->currency) ||
        !fh_same_text(before->unit, after->unit)) {
        return FH_COMPAT_PRICE_CHANGED;
    }
    return fh_decimal_compare(after->amount, before->amount) > 0 ? FH_COMPAT_PRICE_RAISED
                                                                 : FH_COMPAT_PRICE_LOWERED;
}

/* --- servers --- */

/* Files of the owner: readers reach them through something else. */
static bool is_local(const struct fh_contract_server *server)
{
    return server == NULL || fh_same_text(server->type, "local");
}

enum fh_compat_rule_name fh_judge_server(const struct fh_change *change)
{
    if (is_local(change->element_before) && is_local(change->element_after)) {
        return FH_COMPAT_SOURCE_CHANGED;
    }
    return change->kind == FH_CHANGE_ADDED ? FH_COMPAT_SERVER_ADDED : FH_COMPAT_SERVER_REMOVED;
}

enum fh_compat_rule_name fh_judge_server_place(const struct fh_change *change)
{
    return is_local(change->level->before) && is_local(change->level->after)
               ? FH_COMPAT_SOURCE_CHANGED
               : FH_COMPAT_SERVER_MOVED;
}
