/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/policy_text.h"

#include "proto/quality/measurement.h"

static void
put_words(struct fh_buf *out, const char *before, const struct fh_contract_strings *words)
{
    for (size_t i = 0; i < words->count; i++) {
        fh_buf_printf(out, "%s%s", i == 0 ? before : ", ", words->items[i]);
    }
}

/* The words of a set of bits. */
static void put_set(struct fh_buf *out,
                    const char *before,
                    unsigned set,
                    unsigned count,
                    const char *(*text)(unsigned value))
{
    bool first = true;
    for (unsigned i = 0; i < count; i++) {
        if ((set >> i & 1) != 0) {
            fh_buf_printf(out, "%s%s", first ? before : ", ", text(i));
            first = false;
        }
    }
}

static const char *field_text(unsigned field)
{
    static const char *const words[] = {
#define X(name, word, wanted) word,
        FH_POLICY_FIELDS(X)
#undef X
    };
    return field < FH_COUNT(words) ? words[field] : "unknown";
}

static void put_mask(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    char mask[FH_MASK_TEXT_BYTES];
    fh_mask_text(mask, &rule->mask);
    fh_buf_add_cstr(out, mask);
}

static void put_hide(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    (void)rule;
    fh_buf_add_cstr(out, "hidden");
}

static void put_filter(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    fh_buf_printf(out, "rows: %s", rule->where);
}

static void put_retention(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    fh_buf_printf(out, "rows of %u days by %s", rule->days, rule->time_column);
}

static void put_group(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    fh_buf_printf(out, "groups of %u %s at least", rule->size, rule->subject);
    for (size_t i = 0; i < rule->dimension_count; i++) {
        fh_buf_printf(out, "%s%s", i == 0 ? " by " : ", ", rule->dimensions[i].column);
    }
    put_words(out, "; means of ", &rule->measures);
}

static void put_quality(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    put_set(out, "closed when ", rule->closed_when, FH_QUALITY_STATE_COUNT, fh_quality_state_text);
}

static void put_export(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    put_set(out, "written as ", rule->formats, FH_POLICY_FORMAT_COUNT, fh_policy_format_text);
}

static void put_residency(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    put_words(out, "read by ", &rule->readers);
    put_words(out, rule->readers.count > 0 ? "; joined by " : "joined by ", &rule->joiners);
}

static void put_require(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    size_t before = out->size;
    put_set(out, "the contract says ", rule->fields, FH_POLICY_FIELD_COUNT, field_text);
    put_words(out, out->size > before ? "; sla " : "sla ", &rule->levels);
    put_words(out,
              out->size > before ? "; classifications " : "classifications ",
              &rule->classifications);
}

static void put_naming(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    static const char *const named[] = {"products", "tables", "columns"};
    fh_buf_printf(out, "%s are named %s", named[rule->of], rule->pattern);
}

static void put_notice(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    fh_buf_printf(out, "%u days from a deprecation to its sunset", rule->days);
}

static void (*const texts[FH_POLICY_RULE_KIND_COUNT])(struct fh_buf *out,
                                                      const struct fh_policy_rule *rule) = {
    [FH_POLICY_MASK] = put_mask,
    [FH_POLICY_HIDE] = put_hide,
    [FH_POLICY_FILTER] = put_filter,
    [FH_POLICY_RETENTION] = put_retention,
    [FH_POLICY_GROUP] = put_group,
    [FH_POLICY_QUALITY] = put_quality,
    [FH_POLICY_EXPORT] = put_export,
    [FH_POLICY_RESIDENCY] = put_residency,
    [FH_POLICY_REQUIRE] = put_require,
    [FH_POLICY_NAMING] = put_naming,
    [FH_POLICY_NOTICE] = put_notice,
};

void fh_policy_rule_text(struct fh_buf *out, const struct fh_policy_rule *rule)
{
    if (rule->kind < FH_POLICY_RULE_KIND_COUNT && texts[rule->kind] != NULL) {
        texts[rule->kind](out, rule);
    } else {
        fh_buf_add_cstr(out, fh_policy_rule_kind_text(rule->kind));
    }
}

void fh_policy_purposes_text(struct fh_buf *out, const struct fh_policy *policy)
{
    if (policy->purposes.count == 0) {
        fh_buf_add_cstr(out, "for any purpose");
    }
    put_words(out, "for ", &policy->purposes);
}

void fh_policy_except_text(struct fh_buf *out, const struct fh_policy_except *except)
{
    const char *before = "except ";
    const struct {
        const char *what;
        const struct fh_contract_strings *words;
    } parts[] = {{"roles ", &except->roles},
                 {"purposes ", &except->purposes},
                 {"domains ", &except->domains}};
    for (size_t i = 0; i < FH_COUNT(parts); i++) {
        if (parts[i].words->count > 0) {
            fh_buf_add_cstr(out, before);
            put_words(out, parts[i].what, parts[i].words);
            before = "; ";
        }
    }
}
