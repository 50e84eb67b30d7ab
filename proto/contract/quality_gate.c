/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/quality_gate.h"

#include "common/cron.h"
#include "proto/contract/finding.h"
#include "proto/contract/rule_check.h"

#include <stdio.h>
#include <string.h>

static const char gate_property[] = "qualityGate";

static const char *const gate_texts[] = {
#define X(name, code, text) [code] = (text),
    FH_QUALITY_GATES(X)
#undef X
};

const char *fh_quality_gate_text(unsigned gate)
{
    return gate < FH_COUNT(gate_texts) ? gate_texts[gate] : "unknown";
}

static bool parse_gate(const struct fh_doc_node *value, enum fh_quality_gate *out)
{
    for (size_t i = 0; value != NULL && i < FH_COUNT(gate_texts); i++) {
        if (value->kind == FH_DOC_SCALAR && strcmp(value->text, gate_texts[i]) == 0) {
            *out = (enum fh_quality_gate)i;
            return true;
        }
    }
    return false;
}

static bool is_gate(const struct fh_contract_custom *custom)
{
    return custom->property != NULL && strcmp(custom->property, gate_property) == 0;
}

enum fh_quality_gate fh_quality_gate_of(const struct fh_contract *contract)
{
    enum fh_quality_gate gate = FH_QUALITY_GATE_WARN;
    for (size_t i = 0; i < contract->custom.count; i++) {
        if (is_gate(&contract->custom.items[i])) {
            (void)parse_gate(contract->custom.items[i].value, &gate);
        }
    }
    return gate;
}

/* ---- schedules ---- */

/* One stated schedule, wherever it stands. */
struct stated {
    const struct fh_doc_node *node; /* the section that has it */
    const char *path;
    const char *schedule;
    const char *scheduler;
};
typedef bool stated_fn(void *user, const struct stated *stated);

static bool each_rule(const struct fh_contract_quality *rules,
                      size_t count,
                      const char *path,
                      stated_fn *visit,
                      void *user)
{
    char deeper[160];
    for (size_t i = 0; i < count; i++) {
        snprintf(deeper, sizeof deeper, "%s.quality[%zu].schedule", path, i);
        struct stated stated = {rules[i].node, deeper, rules[i].schedule, rules[i].scheduler};
        if (rules[i].schedule != NULL && !visit(user, &stated)) {
            return false;
        }
    }
    return true;
}

static void each_stated(const struct fh_contract *contract, stated_fn *visit, void *user)
{
    char path[128];
    for (size_t i = 0; i < contract->sla.count; i++) {
        const struct fh_contract_sla *sla = &contract->sla.items[i];
        snprintf(path, sizeof path, "slaProperties[%zu].schedule", i);
        struct stated stated = {sla->node, path, sla->schedule, sla->scheduler};
        if (sla->schedule != NULL && !visit(user, &stated)) {
            return;
        }
    }
    for (size_t i = 0; i < contract->tables.count; i++) {
        const struct fh_contract_table *table = &contract->tables.items[i];
        snprintf(path, sizeof path, "schema[%zu]", i);
        if (!each_rule(table->quality.items, table->quality.count, path, visit, user)) {
            return;
        }
        for (size_t j = 0; j < table->columns.count; j++) {
            const struct fh_contract_column *column = &table->columns.items[j];
            snprintf(path, sizeof path, "schema[%zu].properties[%zu]", i, j);
            if (!each_rule(column->quality.items, column->quality.count, path, visit, user)) {
                return;
            }
        }
    }
}

static bool is_cron(const struct stated *stated)
{
    return stated->scheduler != NULL && strcmp(stated->scheduler, "cron") == 0;
}

struct walk {
    fh_quality_schedule_fn *visit;
    void *user;
};

static bool pass_on(void *user, const struct stated *stated)
{
    const struct walk *walk = user;
    return !is_cron(stated) || walk->visit(walk->user, stated->schedule);
}

void fh_quality_schedules(const struct fh_contract *contract,
                          fh_quality_schedule_fn *visit,
                          void *user)
{
    struct walk walk = {visit, user};
    each_stated(contract, pass_on, &walk);
}

/* ---- rules ---- */

static bool check_schedule(void *user, const struct stated *stated)
{
    struct fh_findings *findings = user;
    struct fh_cron cron;
    struct fh_err err = {0};
    const struct fh_doc_node *at = fh_rule_place(stated->node, "schedule");
    if (!is_cron(stated)) {
        snprintf(err.text,
                 sizeof err.text,
                 "the node knows the scheduler cron only; this schedule is left to others");
    } else if (fh_cron_parse(&cron, stated->schedule, &err) == FH_OK) {
        return true;
    }
    fh_findings_add(findings,
                    FH_SEVERITY_WARNING,
                    at->line,
                    at->column,
                    stated->path,
                    "publish.quality.schedule",
                    "%s",
                    err.text);
    return true;
}

void fh_quality_rules(const struct fh_contract *contract, struct fh_findings *findings)
{
    for (size_t i = 0; i < contract->custom.count; i++) {
        const struct fh_contract_custom *custom = &contract->custom.items[i];
        enum fh_quality_gate gate;
        if (!is_gate(custom) || custom->value == NULL || parse_gate(custom->value, &gate)) {
            continue;
        }
        char path[64];
        snprintf(path, sizeof path, "customProperties[%zu].value", i);
        fh_findings_add(findings,
                        FH_SEVERITY_ERROR,
                        custom->value->line,
                        custom->value->column,
                        path,
                        "publish.quality.gate",
                        "qualityGate is none of serve, warn, block");
    }
    each_stated(contract, check_schedule, findings);
}
