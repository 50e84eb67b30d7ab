/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/plans.h"

#include "common/mem.h"
#include "tools/client/sql_tables.h"

#include <string.h>

enum {
    PLANS_MAX = 32,
    PLAN_TABLES_MAX = 8, /* of a plan that is kept */
    PLAN_LIFE_MS = 30000,
};

struct entry {
    char *shape; /* NULL: free */
    int64_t kept_ms;
    struct fh_node_id entry;
    bool joined;
    uint32_t table_count;
    struct fh_msg_plan_table *tables;
};

struct fh_plans {
    struct fh_buf shape; /* scratch */
    struct entry entries[PLANS_MAX];
};

struct fh_plans *fh_plans_new(void)
{
    struct fh_plans *plans = fh_calloc(1, sizeof *plans);
    if (plans != NULL) {
        fh_buf_init(&plans->shape, FH_SQL_BYTES_MAX + 2);
    }
    return plans;
}

static void drop(struct entry *entry)
{
    fh_free(entry->shape);
    fh_free(entry->tables);
    *entry = (struct entry){.shape = NULL};
}

void fh_plans_free(struct fh_plans *plans)
{
    if (plans == NULL) {
        return;
    }
    for (size_t i = 0; i < PLANS_MAX; i++) {
        drop(&plans->entries[i]);
    }
    fh_buf_fini(&plans->shape);
    fh_free(plans);
}

/* ---- shape ---- */

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '@' || (c & 0x80) != 0;
}

/* What lexers differ about is left alone. */
static bool is_plain(const char *sql)
{
    return strstr(sql, "--") == NULL && strstr(sql, "/*") == NULL && strchr(sql, '$') == NULL &&
           strchr(sql, '\\') == NULL;
}

void fh_plans_shape(struct fh_buf *out, const char *sql)
{
    if (!is_plain(sql)) {
        fh_buf_add_cstr(out, sql);
        return;
    }
    for (const char *at = sql; *at != 0;) {
        const char *from = at;
        if (*at == '\'') {
            at = fh_sql_behind_quoted(at, false);
            fh_buf_add_cstr(out, "''");
        } else if (*at == '"') {
            at = fh_sql_behind_quoted(at, false);
            fh_buf_add(out, from, (size_t)(at - from));
        } else if (*at >= '0' && *at <= '9') {
            while (*at >= '0' && *at <= '9') {
                at++;
            }
            fh_buf_add_u8(out, '0');
        } else if (is_name(*at)) {
            while (is_name(*at)) {
                at++;
            }
            fh_buf_add(out, from, (size_t)(at - from));
        } else {
            fh_buf_add_u8(out, (uint8_t)*at++);
        }
    }
}

/* ---- entries ---- */

static struct entry *find(struct fh_plans *plans, const char *sql)
{
    fh_buf_reset(&plans->shape);
    fh_plans_shape(&plans->shape, sql);
    const char *shape = fh_buf_cstr(&plans->shape);
    for (size_t i = 0; i < PLANS_MAX && fh_buf_ok(&plans->shape) == FH_OK; i++) {
        struct entry *entry = &plans->entries[i];
        if (entry->shape != NULL && strcmp(entry->shape, shape) == 0) {
            return entry;
        }
    }
    return NULL;
}

bool fh_plans_find(struct fh_plans *plans, const char *sql, int64_t now_ms, struct fh_msg_plan *out)
{
    struct entry *entry = find(plans, sql);
    if (entry == NULL || now_ms - entry->kept_ms > PLAN_LIFE_MS) {
        return false;
    }
    out->entry = entry->entry;
    out->joined = entry->joined;
    out->table_count = entry->table_count;
    if (entry->table_count > 0) {
        memcpy(out->tables, entry->tables, entry->table_count * sizeof *entry->tables);
    }
    return true;
}

void fh_plans_keep(struct fh_plans *plans,
                   const char *sql,
                   int64_t now_ms,
                   const struct fh_msg_plan *plan)
{
    struct entry *entry = find(plans, sql);
    if (plan->table_count > PLAN_TABLES_MAX || fh_buf_ok(&plans->shape) != FH_OK) {
        return;
    }
    for (size_t i = 0; i < PLANS_MAX && entry == NULL; i++) {
        entry = plans->entries[i].shape == NULL ? &plans->entries[i] : NULL;
    }
    if (entry == NULL) {
        entry = &plans->entries[0];
        for (size_t i = 1; i < PLANS_MAX; i++) {
            entry = plans->entries[i].kept_ms < entry->kept_ms ? &plans->entries[i] : entry;
        }
    }
    drop(entry);
    *entry = (struct entry){.shape = fh_strdup(fh_buf_cstr(&plans->shape)),
                            .kept_ms = now_ms,
                            .entry = plan->entry,
                            .joined = plan->joined,
                            .table_count = plan->table_count,
                            .tables = fh_calloc(plan->table_count + 1, sizeof *plan->tables)};
    if (entry->shape == NULL || entry->tables == NULL) {
        drop(entry);
    } else if (plan->table_count > 0) {
        memcpy(entry->tables, plan->tables, plan->table_count * sizeof *plan->tables);
    }
}

void fh_plans_drop(struct fh_plans *plans, const char *sql)
{
    struct entry *entry = find(plans, sql);
    if (entry != NULL) {
        drop(entry);
    }
}
