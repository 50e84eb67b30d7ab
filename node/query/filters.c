/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/filters.h"

#include "common/log.h"
#include "node/query/gate_filter.h"

static bool has_filters(const struct fh_plan_table *table)
{
    return table->view != NULL && table->view->filter_count > 0;
}

static struct fh_hash key_of(const struct fh_plan_table *table)
{
    struct fh_bytes parts[] = {
        fh_bytes(table->table.entry.announcement.contract.b, FH_ID_BYTES),
        fh_bytes(table->view->id.b, FH_HASH_BYTES),
        fh_bytes_cstr(table->table.name),
    };
    return fh_hash_parts(parts, FH_COUNT(parts));
}

static bool is_known(const struct fh_filters *filters, const struct fh_hash *key)
{
    for (size_t i = 0; i < FH_FILTERS_KNOWN_MAX; i++) {
        if (memcmp(filters->known[i].b, key->b, FH_HASH_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

bool fh_filters_known(const struct fh_filters *filters, const struct fh_plan *plan)
{
    for (uint32_t i = 0; i < plan->table_count; i++) {
        if (has_filters(&plan->tables[i])) {
            struct fh_hash key = key_of(&plan->tables[i]);
            if (!is_known(filters, &key)) {
                return false;
            }
        }
    }
    return true;
}

void fh_filters_learn(struct fh_filters *filters, const struct fh_plan *plan)
{
    for (uint32_t i = 0; i < plan->table_count; i++) {
        if (has_filters(&plan->tables[i])) {
            struct fh_hash key = key_of(&plan->tables[i]);
            if (!is_known(filters, &key)) {
                filters->known[filters->next] = key;
                filters->next = (filters->next + 1) % FH_FILTERS_KNOWN_MAX;
            }
        }
    }
}

static int refuse(const struct fh_plan_table *table, struct fh_err *err)
{
    const struct fh_catalog_entry *entry = &table->table.entry;
    bool grouped = table->view->group != NULL;
    fh_log(FH_LOG_WARN,
           "filter.refused",
           "product=%s table=%s rule=%s text=\"%s\"",
           entry->announcement.product,
           table->table.name,
           err->rule,
           err->text);
    return fh_err_rule(err,
                       FH_EDENIED,
                       grouped ? "policy.group.filter" : "access.filter",
                       "%s/%s: which rows are for you is written in a way that does not fit %s "
                       "table %s; tell its team",
                       entry->domain_name,
                       entry->announcement.product,
                       grouped ? "the groups, of which only whole ones can be left out, of its"
                               : "its",
                       table->table.name);
}

static int check_table(const struct fh_plan_table *table,
                       struct fh_worker *worker,
                       int64_t deadline_ms,
                       struct fh_err *err)
{
    size_t count = table->table.column_count;
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(1024 * 1024);
    struct fh_filter_column *columns =
        arena == NULL ? NULL : fh_arena_array(arena, count + 1, sizeof *columns);
    if (columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a filter");
    }
    const struct fh_view_group *group = table->view->group;
    uint32_t known = 0;
    for (size_t i = 0; i < count; i++) {
        if (group == NULL || group->columns[i].part == FH_GROUP_DIMENSION) {
            columns[known].name = table->table.columns[i].name;
            columns[known++].sql_type = table->table.columns[i].sql_type;
        }
    }
    int rc = FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < table->view->filter_count; i++) {
        rc = fh_filter_check(worker, table->view->filters[i], columns, known, deadline_ms, err);
    }
    return rc == FH_ECHECK ? refuse(table, err) : rc;
}

int fh_filters_check(const struct fh_plan *plan,
                     struct fh_worker *worker,
                     int64_t deadline_ms,
                     struct fh_err *err)
{
    int rc = FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < plan->table_count; i++) {
        if (has_filters(&plan->tables[i])) {
            rc = check_table(&plan->tables[i], worker, deadline_ms, err);
        }
    }
    return rc;
}
