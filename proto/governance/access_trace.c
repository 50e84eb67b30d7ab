/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/access_trace.h"

#include "common/assert.h"

static const char *const texts[FH_EFFECT_COUNT] = {
    [FH_EFFECT_BINDS] = "binds",
    [FH_EFFECT_SPARED] = "spared",
    [FH_EFFECT_WAIVED] = "waived",
    [FH_EFFECT_OUTSIDE] = "outside",
    [FH_EFFECT_REFUSES] = "refuses",
};

const char *fh_effect_text(unsigned outcome)
{
    return outcome < FH_EFFECT_COUNT ? texts[outcome] : "unknown";
}

void fh_access_trace_init(struct fh_access_trace *trace, struct fh_arena *arena)
{
    *trace = (struct fh_access_trace){.arena = arena, .last = &trace->first};
}

void fh_access_trace_add(struct fh_access_trace *trace, const struct fh_access_effect *effect)
{
    if (trace == NULL) {
        return;
    }
    struct fh_access_effect *added = fh_arena_alloc(trace->arena, sizeof *added);
    if (added == NULL) {
        trace->failed = true;
        return;
    }
    *added = *effect;
    added->next = NULL;
    *trace->last = added;
    trace->last = &added->next;
}

bool fh_access_effect_decides(const struct fh_access_effect *effect,
                              const struct fh_access_decision *decision)
{
    if (effect->outcome != FH_EFFECT_BINDS || effect->rule == NULL ||
        effect->column == FH_EFFECT_NOWHERE) {
        return false;
    }
    FH_ASSERT(effect->table < decision->table_count);
    const struct fh_access_why *why = &decision->tables[effect->table].why[effect->column];
    return why->policy == effect->held && why->line == effect->rule->line;
}
