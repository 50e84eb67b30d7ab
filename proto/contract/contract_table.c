/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of everything but `schema`, after the official JSON Schemas of 3.0.2 (both), 3.1.0 and
 * the draft of 3.2.0; and the look-up.
 */
#include "proto/contract/contract_table.h"
#include "proto/contract/contract_rows.h"

#include "common/assert.h"

#include <string.h>

static const struct fh_choice api_versions[] = {{"v3.2.0", FH_IN_3_2},
                                                {"v3.1.0", FH_FROM_3_1},
                                                {"v3.0.2", FH_IN_ALL},
                                                {"v3.0.1", FH_IN_ALL},
                                                {"v3.0.0", FH_IN_ALL},
                                                {NULL, 0}};
static const struct fh_choice kinds[] = {{"DataContract", FH_IN_ALL}, {NULL, 0}};
static const struct fh_choice server_types[] = {{"api", FH_IN_ALL},
                                                {"athena", FH_IN_ALL},
                                                {"azure", FH_IN_ALL},
                                                {"bigquery", FH_IN_ALL},
                                                {"clickhouse", FH_IN_ALL},
                                                {"databricks", FH_IN_ALL},
                                                {"denodo", FH_IN_ALL},
                                                {"dremio", FH_IN_ALL},
                                                {"duckdb", FH_IN_ALL},
                                                {"glue", FH_IN_ALL},
                                                {"cloudsql", FH_IN_ALL},
                                                {"db2", FH_IN_ALL},
                                                {"hive", FH_FROM_3_1},
                                                {"impala", FH_FROM_3_1},
                                                {"informix", FH_IN_ALL},
                                                {"kafka", FH_IN_ALL},
                                                {"kinesis", FH_IN_ALL},
                                                {"local", FH_IN_ALL},
                                                {"mysql", FH_IN_ALL},
                                                {"oracle", FH_IN_ALL},
                                                {"postgresql", FH_IN_ALL},
                                                {"postgres", FH_IN_ALL},
                                                {"presto", FH_IN_ALL},
                                                {"pubsub", FH_IN_ALL},
                                                {"redshift", FH_IN_ALL},
                                                {"s3", FH_IN_ALL},
                                                {"sftp", FH_IN_ALL},
                                                {"snowflake", FH_IN_ALL},
                                                {"sqlserver", FH_IN_ALL},
                                                {"synapse", FH_IN_ALL},
                                                {"trino", FH_IN_ALL},
                                                {"vertica", FH_IN_ALL},
                                                {"zen", FH_FROM_3_1},
                                                {"custom", FH_IN_ALL},
                                                {NULL, 0}};

/* clang-format off: one row, one line */
static const struct fh_field contract_rows[] = {
    {.key = "apiVersion",
     .kind = FH_FIELD_STRING,
     .form = FH_FORM_API_VERSION,
     .required = FH_IN_ALL,
     .offset = MEMBER(fh_contract, api_version, const char *),
     .choices = api_versions},
    ROW_DEFINITIONS(fh_contract, 0),
    {.key = "context",
     .kind = FH_FIELD_CONTEXT,
     .flags = NEW_3_2,
     .section = &fh_section_context,
     .offset = MEMBER(fh_contract, context, struct fh_contract_context *)},
    ROW_FORM(fh_contract, "contractCreatedTs", created, 0, FH_FORM_DATE_TIME),
    ROW_CUSTOM(fh_contract, 0),
    ROW_OLD(fh_contract, "dataProduct", data_product, 0, "name", FH_IN_3_1),
    ROW_SECTION(fh_contract,
                "description",
                description,
                0,
                fh_contract_description,
                fh_section_description),
    ROW_STRING(fh_contract, "domain", domain, 0),
    ROW_STRING(fh_contract, "id", id, REQUIRED),
    ROW_CHOICE(fh_contract, "kind", kind, REQUIRED, kinds),
    ROW_STRING(fh_contract, "name", name, 0),
    ROW_SECTION(fh_contract, "price", price, 0, fh_contract_price, fh_section_price),
    ROW_SECTIONS(fh_contract, "roles", roles, 0, fh_contract_role, fh_section_role),
    ROW_SECTIONS(fh_contract, "schema", tables, 0, fh_contract_table, fh_section_table),
    ROW_SECTIONS(fh_contract, "servers", servers, 0, fh_contract_server, fh_section_server),
    ROW_OLD(fh_contract,
            "slaDefaultElement",
            sla_default_element,
            0,
            "element in each of slaProperties",
            FH_FROM_3_1),
    ROW_SECTIONS(fh_contract, "slaProperties", sla, 0, fh_contract_sla, fh_section_sla),
    ROW_STRING(fh_contract, "status", status, NEEDED_IN(FH_IN_3_0 | FH_IN_3_1)),
    ROW_SECTIONS(fh_contract, "support", support, 0, fh_contract_support, fh_section_support),
    ROW_STRINGS(fh_contract, "tags", tags, 0),
    {.key = "team",
     .kind = FH_FIELD_TEAM,
     .section = &fh_section_team,
     .offset = MEMBER(fh_contract, team, struct fh_contract_team *)},
    ROW_STRING(fh_contract, "tenant", tenant, 0),
    ROW_STRING(fh_contract, "version", version, REQUIRED),
};

static const struct fh_field description_rows[] = {
    ROW_DEFINITIONS(fh_contract_description, 0),
    ROW_CUSTOM(fh_contract_description, 0),
    ROW_STRING(fh_contract_description, "limitations", limitations, 0),
    ROW_STRING(fh_contract_description, "purpose", purpose, 0),
    ROW_STRING(fh_contract_description, "usage", usage, 0),
};

static const struct fh_field server_rows[] = {
    ROW_STRING(fh_contract_server, "account", account, VARIANT),
    ROW_STRING(fh_contract_server, "catalog", catalog, VARIANT),
    ROW_CUSTOM(fh_contract_server, 0),
    ROW_STRING(fh_contract_server, "database", database, VARIANT),
    ROW_STRING(fh_contract_server, "dataset", dataset, VARIANT),
    ROW_STRING(fh_contract_server, "delimiter", delimiter, VARIANT),
    ROW_STRING(fh_contract_server, "description", description, 0),
    ROW_STRING(fh_contract_server, "endpointUrl", endpoint_url, VARIANT),
    ROW_STRING(fh_contract_server, "environment", environment, 0),
    ROW_STRING(fh_contract_server, "format", format, VARIANT),
    ROW_STRING(fh_contract_server, "host", host, VARIANT),
    ROW_ID(fh_contract_server, NEW_3_1),
    ROW_STRING(fh_contract_server, "location", location, VARIANT),
    ROW_STRING(fh_contract_server, "path", path, VARIANT),
    ROW_INTEGER(fh_contract_server, "port", port, VARIANT),
    ROW_STRING(fh_contract_server, "project", project, VARIANT),
    ROW_STRING(fh_contract_server, "region", region, VARIANT),
    ROW_STRING(fh_contract_server, "regionName", region_name, VARIANT),
    ROW_SECTIONS(fh_contract_server, "roles", roles, 0, fh_contract_role, fh_section_role),
    ROW_STRING(fh_contract_server, "schema", schema, VARIANT),
    ROW_STRING(fh_contract_server, "server", server, REQUIRED),
    ROW_STRING(fh_contract_server, "serviceName", service_name, VARIANT),
    ROW_STRING(fh_contract_server, "stagingDir", staging_dir, VARIANT),
    ROW_STRING(fh_contract_server, "stream", stream, VARIANT),
    ROW_CHOICE(fh_contract_server, "type", type, REQUIRED, server_types),
    ROW_STRING(fh_contract_server, "warehouse", warehouse, VARIANT),
    ROW_STRING(fh_contract_server, "workgroup", workgroup, VARIANT | NEW_3_2),
};

static const struct fh_field team_rows[] = {
    ROW_DEFINITIONS(fh_contract_team, 0),
    ROW_CUSTOM(fh_contract_team, 0),
    ROW_STRING(fh_contract_team, "description", description, 0),
    ROW_ID(fh_contract_team, NEW_3_1),
    ROW_SECTIONS(fh_contract_team, "members", members, 0, fh_contract_member, fh_section_member),
    ROW_STRING(fh_contract_team, "name", name, 0),
    ROW_STRINGS(fh_contract_team, "tags", tags, 0),
};

static const struct fh_field member_rows[] = {
    ROW_DEFINITIONS(fh_contract_member, NEW_3_1),
    ROW_CUSTOM(fh_contract_member, NEW_3_1),
    ROW_FORM(fh_contract_member, "dateIn", date_in, 0, FH_FORM_DATE),
    ROW_FORM(fh_contract_member, "dateOut", date_out, 0, FH_FORM_DATE),
    ROW_STRING(fh_contract_member, "description", description, 0),
    ROW_ID(fh_contract_member, NEW_3_1),
    ROW_STRING(fh_contract_member, "name", name, 0),
    ROW_STRING(fh_contract_member, "replacedByUsername", replaced_by_username, 0),
    ROW_STRING(fh_contract_member, "role", role, 0),
    ROW_STRINGS(fh_contract_member, "tags", tags, NEW_3_1),
    ROW_STRING(fh_contract_member, "username", username, NEEDED_IN(FH_FROM_3_1)),
};

static const struct fh_field role_rows[] = {
    ROW_STRING(fh_contract_role, "access", access, 0),
    ROW_CUSTOM(fh_contract_role, 0),
    ROW_STRING(fh_contract_role, "description", description, 0),
    ROW_STRING(fh_contract_role, "firstLevelApprovers", first_level_approvers, 0),
    ROW_ID(fh_contract_role, NEW_3_1),
    ROW_STRING(fh_contract_role, "role", role, REQUIRED),
    ROW_STRING(fh_contract_role, "secondLevelApprovers", second_level_approvers, 0),
};

static const struct fh_field sla_rows[] = {
    ROW_STRING(fh_contract_sla, "description", description, NEW_3_1),
    ROW_STRING(fh_contract_sla, "driver", driver, 0),
    ROW_STRING(fh_contract_sla, "element", element, 0),
    ROW_ID(fh_contract_sla, NEW_3_1),
    ROW_STRING(fh_contract_sla, "property", property, REQUIRED),
    ROW_STRING(fh_contract_sla, "schedule", schedule, NEW_3_1),
    ROW_STRING(fh_contract_sla, "scheduler", scheduler, NEW_3_1),
    ROW_STRING(fh_contract_sla, "unit", unit, 0),
    ROW_VALUE(fh_contract_sla, "value", value, REQUIRED, FH_ALLOW_SCALAR),
    ROW_VALUE(fh_contract_sla, "valueExt", value_ext, 0, FH_ALLOW_SCALAR),
};

static const struct fh_field support_rows[] = {
    ROW_STRING(fh_contract_support, "channel", channel, REQUIRED),
    ROW_CUSTOM(fh_contract_support, NEW_3_1),
    ROW_STRING(fh_contract_support, "description", description, 0),
    ROW_ID(fh_contract_support, NEW_3_1),
    ROW_STRING(fh_contract_support, "invitationUrl", invitation_url, 0),
    ROW_STRING(fh_contract_support, "scope", scope, 0),
    ROW_STRING(fh_contract_support, "tool", tool, 0),
    ROW_STRING(fh_contract_support, "url", url, NEEDED_IN(FH_IN_3_0)),
};

static const struct fh_field price_rows[] = {
    ROW_ID(fh_contract_price, NEW_3_1),
    ROW_DECIMAL(fh_contract_price, "priceAmount", amount, 0),
    ROW_STRING(fh_contract_price, "priceCurrency", currency, 0),
    ROW_STRING(fh_contract_price, "priceUnit", unit, 0),
};

static const struct fh_field custom_rows[] = {
    ROW_STRING(fh_contract_custom, "description", description, NEW_3_1),
    ROW_ID(fh_contract_custom, NEW_3_1),
    ROW_STRING(fh_contract_custom, "property", property, NEEDED_IN(FH_FROM_STRICT)),
    ROW_VALUE(fh_contract_custom, "value", value, NEEDED_IN(FH_FROM_STRICT), FH_ALLOW_ANY),
};

static const struct fh_field definition_rows[] = {
    ROW_STRING(fh_contract_definition, "description", description, NEW_3_1),
    ROW_ID(fh_contract_definition, NEW_3_1),
    ROW_STRING(fh_contract_definition, "type", type, REQUIRED),
    ROW_STRING(fh_contract_definition, "url", url, REQUIRED),
};
/* clang-format on */

SECTION(fh_section_contract, "a contract", fh_contract, contract_rows, );
SECTION(fh_section_description,
        "the description",
        fh_contract_description,
        description_rows,
        .open = FH_IN_ALL);
SECTION(fh_section_server,
        "a server",
        fh_contract_server,
        server_rows,
        .variant = FH_VARIANT_SERVER,
        .open = FH_IN_3_0_LAX);
SECTION(fh_section_team, "the team", fh_contract_team, team_rows, );
SECTION(fh_section_member, "a team member", fh_contract_member, member_rows, .open = FH_IN_3_0_LAX);
SECTION(fh_section_role, "a role", fh_contract_role, role_rows, .open = FH_IN_3_0_LAX);
SECTION(fh_section_sla, "an SLA property", fh_contract_sla, sla_rows, .open = FH_IN_3_0_LAX);
SECTION(fh_section_support,
        "a support channel",
        fh_contract_support,
        support_rows,
        .open = FH_IN_3_0_LAX);
SECTION(fh_section_price, "the price", fh_contract_price, price_rows, .open = FH_IN_3_0_LAX);
SECTION(
    fh_section_custom, "a custom property", fh_contract_custom, custom_rows, .open = FH_IN_3_0_LAX);
SECTION(fh_section_definition,
        "an authoritative definition",
        fh_contract_definition,
        definition_rows,
        .open = FH_IN_3_0_LAX);

const struct fh_field *fh_section_field(const struct fh_section *section, const char *key)
{
    size_t low = 0;
    size_t high = section->field_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(section->fields[middle].key, key);
        if (order == 0) {
            return &section->fields[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

unsigned fh_field_versions(const struct fh_field *field)
{
    if ((field->flags & FH_FIELD_NEW_3_2) != 0) {
        return FH_IN_3_2;
    }
    return (field->flags & FH_FIELD_NEW_3_1) != 0 ? FH_FROM_3_1 : FH_IN_ALL;
}

bool fh_field_is_present(const struct fh_field *field, const void *member)
{
    struct {
        size_t count;
        void *items;
    } list; /* the shape of every list of the model */
    void *pointer;
    switch (field->kind) {
    case FH_FIELD_BOOL:
        return *(const enum fh_contract_bool *)member != FH_CONTRACT_UNSET;
    case FH_FIELD_INTEGER:
        return ((const struct fh_contract_int *)member)->is_set;
    case FH_FIELD_STRINGS:
        return ((const struct fh_contract_strings *)member)->items != NULL;
    case FH_FIELD_REFS:
        return ((const struct fh_contract_refs *)member)->items != NULL;
    case FH_FIELD_SECTIONS:
        memcpy(&list, member, sizeof list);
        return list.items != NULL;
    case FH_FIELD_STRING:
    case FH_FIELD_DECIMAL:
    case FH_FIELD_VALUE:
    case FH_FIELD_SECTION:
    case FH_FIELD_TEAM:
    case FH_FIELD_CONTEXT:
    case FH_FIELD_KIND_COUNT:
        break;
    }
    memcpy(&pointer, member, sizeof pointer);
    return pointer != NULL;
}

const char *fh_odcs_text(enum fh_odcs_version version)
{
    static const char *const texts[] = {[FH_ODCS_3_0_2] = "v3.0.2",
                                        [FH_ODCS_3_0_2_STRICT] = "v3.0.2 (strict)",
                                        [FH_ODCS_3_1_0] = "v3.1.0",
                                        [FH_ODCS_3_2_0] = "v3.2.0"};
    FH_ASSERT(version > FH_ODCS_OWN && version < FH_ODCS_COUNT);
    return texts[version];
}
