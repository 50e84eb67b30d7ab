/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/plan.h"

#include "common/time.h"

#include <stdlib.h>

struct name {
    const char *domain;
    const char *written; /* product with its major version, if one was written */
    const char *product;
    uint32_t major;    /* 0: the highest active one */
    const char *table; /* NULL: the only one */
};

/* Splits "product@2" and checks that what follows the @ is a major version. */
static int
split_version(struct name *name, const char *written, struct fh_arena *arena, struct fh_err *err)
{
    name->written = written;
    name->product = written;
    const char *at = strchr(written, '@');
    if (at == NULL) {
        return FH_OK;
    }
    char *end;
    unsigned long major = strtoul(at + 1, &end, 10);
    if (at[1] < '0' || at[1] > '9' || *end != '\0' || major > UINT32_MAX) {
        return fh_err_rule(err,
                           FH_ESQL,
                           "sql.table.version",
                           "\"%s\": write the major version alone, as in \"%.*s@1\"",
                           written,
                           (int)(at - written),
                           written);
    }
    name->product = fh_arena_string(arena, fh_bytes(written, (size_t)(at - written)));
    name->major = (uint32_t)major;
    return name->product != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a plan");
}

/* SQL names are the same in any case, and those of the mesh are lower case. */
static const char *lower(struct fh_arena *arena, const char *text)
{
    char *copy = fh_arena_strdup(arena, text);
    for (char *p = copy; p != NULL && *p != '\0'; p++) {
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
    }
    return copy;
}

static int read_name(struct name *out,
                     const struct fh_gate_table *as_written,
                     struct fh_arena *arena,
                     struct fh_err *err)
{
    *out = (struct name){0};
    struct fh_gate_table lowered = {
        .catalog = lower(arena, as_written->catalog),
        .schema = lower(arena, as_written->schema),
        .name = lower(arena, as_written->name),
    };
    const struct fh_gate_table *written = &lowered;
    if (lowered.catalog == NULL || lowered.schema == NULL || lowered.name == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a plan");
    }
    if (written->catalog[0] != '\0') {
        out->domain = written->catalog;
        out->table = written->name;
        return split_version(out, written->schema, arena, err);
    }
    if (written->schema[0] == '\0') {
        return fh_err_rule(err,
                           FH_ESQL,
                           "sql.table.unqualified",
                           "table %s: name its domain too, as in domain.%s",
                           written->name,
                           written->name);
    }
    out->domain = written->schema;
    const char *split = strstr(written->name, "__");
    if (split == NULL) {
        return split_version(out, written->name, arena, err);
    }
    out->table = split + 2;
    char *product =
        fh_arena_string(arena, fh_bytes(written->name, (size_t)(split - written->name)));
    if (product == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a plan");
    }
    return split_version(out, product, arena, err);
}

static bool planned(const struct fh_plan *plan, const struct fh_plan_table *table)
{
    for (uint32_t i = 0; i < plan->table_count; i++) {
        const struct fh_plan_table *other = &plan->tables[i];
        if (fh_record_id_equal(&other->table.entry.announcement.contract,
                               &table->table.entry.announcement.contract) &&
            strcmp(other->table.name, table->table.name) == 0 &&
            strcmp(other->written, table->written) == 0) {
            return true;
        }
    }
    return false;
}

static int resolve(struct fh_plan_table *out,
                   const struct fh_gate_table *written,
                   struct fh_catalog *catalog,
                   struct fh_arena *arena,
                   struct fh_err *err)
{
    struct name name;
    int rc = read_name(&name, written, arena, err);
    if (rc == FH_OK) {
        rc = fh_catalog_table(
            catalog, name.domain, name.product, name.major, name.table, arena, &out->table, err);
    }
    const char **tables;
    size_t count = 0;
    if (rc == FH_OK) {
        rc = fh_catalog_tables(
            catalog, &out->table.entry.announcement.contract, arena, &tables, &count, err);
    }
    if (rc == FH_OK) {
        out->written = name.written;
        out->sole = count == 1;
    }
    return rc;
}

int fh_plan_make(struct fh_plan *out,
                 const struct fh_gate *gate,
                 struct fh_catalog *catalog,
                 struct fh_arena *arena,
                 struct fh_err *err)
{
    struct fh_plan plan = {0};
    plan.tables = fh_arena_array(arena, gate->table_count + 1, sizeof *plan.tables);
    if (plan.tables == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a plan");
    }
    for (uint32_t i = 0; i < gate->table_count; i++) {
        struct fh_plan_table table = {0};
        int rc = resolve(&table, &gate->tables[i], catalog, arena, err);
        if (rc != FH_OK) {
            return rc;
        }
        if (!planned(&plan, &table)) {
            plan.tables[plan.table_count++] = table;
        }
    }
    for (uint32_t i = 1; i < plan.table_count; i++) {
        if (!fh_domain_id_equal(&plan.tables[0].table.entry.announcement.domain,
                                &plan.tables[i].table.entry.announcement.domain)) {
            plan.joined = true;
        }
    }
    *out = plan;
    return FH_OK;
}

int fh_plan_check_served(const struct fh_plan_table *table,
                         const struct fh_domain_id *consumer,
                         struct fh_err *err)
{
    const struct fh_catalog_entry *entry = &table->table.entry;
    const struct fh_announcement *product = &entry->announcement;
    if (product->status == FH_ANNOUNCE_DRAFT && !fh_domain_id_equal(consumer, &product->domain)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "product.draft",
                           "%s/%s@%u is a draft; only its own domain reads it",
                           entry->domain_name,
                           product->product,
                           (unsigned)product->major);
    }
    if (product->status < FH_ANNOUNCE_RETIRED) {
        return FH_OK;
    }
    char successor[FH_SUCCESSOR_TEXT_BYTES];
    fh_announce_successor_text(successor, product->successor, entry->domain_name);
    return fh_err_rule(err,
                       FH_EDENIED,
                       "product.retired",
                       "%s/%s@%u is %s and not served any more; %s%s",
                       entry->domain_name,
                       product->product,
                       (unsigned)product->major,
                       fh_announce_status_text(product->status),
                       successor[0] == '\0' ? "its domain names no successor" : "use ",
                       successor);
}

int fh_plan_check_quality(struct fh_catalog *catalog,
                          const struct fh_plan_table *table,
                          const struct fh_domain_id *consumer,
                          struct fh_err *err)
{
    const struct fh_catalog_entry *entry = &table->table.entry;
    const struct fh_announcement *product = &entry->announcement;
    bool own = fh_domain_id_equal(consumer, &product->domain);
    if (fh_quality_decide(entry->quality.gate, entry->quality.state, own) != FH_QUALITY_REFUSE) {
        return FH_OK;
    }
    struct fh_announce_key key = fh_announce_key(product);
    struct fh_measurement measurement;
    char broken[FH_ERR_TEXT_BYTES / 2] = "promises failed";
    char when[FH_TIME_TEXT_BYTES];
    struct fh_err ignored;
    if (fh_catalog_measurement(catalog, &key, &measurement, NULL, NULL, &ignored) == FH_OK) {
        fh_measurement_broken_text(broken, sizeof broken, &measurement);
    }
    fh_time_text(when, entry->quality.measured_ms);
    return fh_err_rule(err,
                       FH_EDENIED,
                       "product.quality.blocked",
                       "%s/%s %s is not served until its promises hold again: at %s, %s",
                       entry->domain_name,
                       product->product,
                       product->version,
                       when,
                       broken);
}
