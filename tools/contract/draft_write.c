/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A draft as YAML for a person: the order in which one reads a contract, and comments that say
 * where each promise comes from.
 *
 * Comments travel with a published contract, so they hold nothing that says where the data lie.
 */
#include "tools/contract/draft_yaml.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct writer {
    struct fh_buf *out;
    const struct fh_draft *draft;
    bool brief;
};

/* "key: text" with the indentation. */
static void put(struct writer *w, int indent, const char *key, const char *text)
{
    fh_buf_printf(w->out, "%*s%s: ", indent, "", key);
    fh_draft_put_scalar(w->out, text);
    fh_buf_add_u8(w->out, '\n');
}

/* Tags that contracts may carry; nothing when there are none. */
static void
put_tags(struct writer *w, int indent, const char *first, const struct fh_draft_texts *tags)
{
    bool begun = first != NULL;
    if (begun) {
        fh_buf_printf(w->out, "%*stags: [\"%s\"", indent, "", first);
    }
    for (size_t i = 0; i < tags->count; i++) {
        if (fh_draft_may_travel(tags->items[i])) {
            if (begun) {
                fh_buf_add_cstr(w->out, ", ");
            } else {
                fh_buf_printf(w->out, "%*stags: [", indent, "");
            }
            fh_draft_put_scalar(w->out, tags->items[i]);
            begun = true;
        }
    }
    if (begun) {
        fh_buf_add_cstr(w->out, "]\n");
    }
}

/* ---- columns ---- */

static bool is_number(const struct fh_draft_column *column)
{
    return strcmp(column->logical, "integer") == 0 || strcmp(column->logical, "number") == 0;
}

/* A decimal number as JSON and YAML write it. */
static bool is_decimal(const char *text)
{
    const char *at = text + (text[0] == '-');
    size_t whole = strspn(at, "0123456789");
    bool fits = whole > 0 && whole < 19 && (whole == 1 || at[0] != '0');
    at += whole;
    if (fits && *at == '.') {
        size_t part = strspn(at + 1, "0123456789");
        fits = part > 0;
        at += 1 + part;
    }
    return fits && *at == 0;
}

static void put_seen(struct writer *w,
                     int indent,
                     const struct fh_draft_table *table,
                     const struct fh_draft_column *column)
{
    const struct fh_profile_column *seen = column->seen;
    fh_buf_printf(w->out, "%*s# seen: ", indent, "");
    if (seen->nulls == 0) {
        fh_buf_add_cstr(w->out, "no value missing");
    } else if (seen->nulls == table->rows) {
        fh_buf_add_cstr(w->out, "no value at all; REVIEW its type");
    } else {
        fh_draft_put_count(w->out, seen->nulls);
        fh_buf_printf(w->out, " value%s missing", seen->nulls == 1 ? "" : "s");
    }
    if (seen->unique) {
        fh_buf_add_cstr(w->out, ", none twice");
    }
    if (seen->minimum[0] != 0 && seen->maximum[0] != 0) {
        fh_buf_printf(w->out, ", from %s to %s", seen->minimum, seen->maximum);
    }
    if (seen->chars_max > 0 && seen->minimum[0] == 0) {
        fh_buf_add_cstr(w->out, ", at most ");
        fh_draft_put_count(w->out, seen->chars_max);
        fh_buf_add_cstr(w->out, seen->chars_max == 1 ? " character" : " characters");
    }
    bool names_rows =
        strcmp(column->logical, "integer") == 0 || strcmp(column->logical, "string") == 0;
    if (seen->unique && names_rows && column->key == 0 && !column->is_guessed_key &&
        !column->is_unique) {
        fh_buf_add_cstr(w->out, "; a candidate for the key");
    }
    fh_buf_add_u8(w->out, '\n');
}

static void put_options(struct writer *w, int indent, const struct fh_draft_column *column)
{
    const char *comma = "";
    struct fh_buf FH_CLEANUP(fh_buf_fini) options;
    fh_buf_init(&options, 1024);
    if (column->length > 0 && column->length < INT32_MAX &&
        strcmp(column->logical, "string") == 0) {
        fh_buf_printf(&options, "maxLength: %" PRIu64, column->length);
        comma = ", ";
    }
    if (column->is_uuid) {
        fh_buf_printf(&options, "%sformat: uuid", comma);
        comma = ", ";
    }
    if (column->minimum != NULL && is_number(column) && is_decimal(column->minimum)) {
        fh_buf_printf(&options,
                      "%s%s: %s",
                      comma,
                      column->minimum_is_open ? "exclusiveMinimum" : "minimum",
                      column->minimum);
        comma = ", ";
    }
    if (column->maximum != NULL && is_number(column) && is_decimal(column->maximum)) {
        fh_buf_printf(&options,
                      "%s%s: %s",
                      comma,
                      column->maximum_is_open ? "exclusiveMaximum" : "maximum",
                      column->maximum);
        comma = ", ";
    }
    if (column->has_zone) {
        fh_buf_printf(&options, "%stimezone: true", comma);
    }
    if (options.size > 0) {
        fh_buf_printf(w->out, "%*slogicalTypeOptions: {%s}\n", indent, "", fh_buf_cstr(&options));
    }
}

static void put_promises(struct writer *w,
                         int indent,
                         const struct fh_draft_table *table,
                         const struct fh_draft_column *column)
{
    bool is_key = column->key > 0 || column->is_guessed_key;
    bool is_seen_full = column->seen != NULL && table->rows > 0 && column->seen->nulls == 0;
    if (column->is_required || column->key > 0) {
        fh_buf_printf(w->out, "%*srequired: true\n", indent, "");
    } else if (is_seen_full) {
        fh_buf_printf(w->out,
                      "%*srequired: true  # REVIEW: so in the data; the source does not promise "
                      "it\n",
                      indent,
                      "");
    }
    if (is_key) {
        fh_buf_printf(w->out,
                      "%*sprimaryKey: true%s\n%*sprimaryKeyPosition: %u\n",
                      indent,
                      "",
                      column->key > 0 ? "" : "  # REVIEW: guessed, from its name and values",
                      indent,
                      "",
                      column->key > 0 ? column->key : 1);
    }
    if (column->is_unique) {
        fh_buf_printf(w->out, "%*sunique: true\n", indent, "");
    }
}

static void put_guess(struct writer *w, int indent, const struct fh_draft_column *column)
{
    const struct fh_profile_column *seen = column->seen;
    if (column->likeness < FH_LIKENESS_COUNT) {
        const char *what = fh_likeness_text(column->likeness);
        fh_buf_printf(w->out,
                      "%*sclassification: %s  # REVIEW: guessed, ",
                      indent,
                      "",
                      fh_likeness_classification(column->likeness));
        if (seen != NULL && seen->likeness == column->likeness && seen->alike > 0) {
            fh_buf_printf(w->out,
                          "%" PRIu64 " %% of ",
                          (uint64_t)seen->alike * 100 / (seen->sampled == 0 ? 1 : seen->sampled));
            fh_draft_put_count(w->out, seen->sampled);
            fh_buf_printf(w->out, " sampled values look like %s\n", what);
        } else {
            fh_buf_printf(w->out, "by its name: %s\n", what);
        }
        put_tags(w, indent, "review:classification", &column->tags);
    } else {
        put_tags(w, indent, NULL, &column->tags);
    }
}

static void put_examples(struct writer *w, int indent, const struct fh_draft_column *column)
{
    const struct fh_profile_column *seen = column->seen;
    uint32_t told = 0;
    if (seen == NULL || column->likeness < FH_LIKENESS_COUNT || column->is_uuid ||
        strcmp(column->logical, "boolean") == 0) {
        return;
    }
    for (uint32_t i = 0; i < seen->example_count; i++) {
        const char *text = seen->examples[i];
        if (!fh_draft_may_travel(text)) {
            continue;
        }
        if (told++ == 0) {
            fh_buf_printf(w->out, "%*sexamples: [", indent, "");
        } else {
            fh_buf_add_cstr(w->out, ", ");
        }
        if (is_number(column) && is_decimal(text)) {
            fh_buf_add_cstr(w->out, text);
        } else {
            fh_draft_put_scalar(w->out, text);
        }
    }
    if (told > 0) {
        fh_buf_add_cstr(w->out, "]\n");
    }
}

static void put_valid_values(struct writer *w, int indent, const struct fh_draft_column *column)
{
    for (size_t i = 0; i < column->values.count; i++) {
        if (!fh_draft_may_travel(column->values.items[i])) {
            fh_draft_put_comment(
                w->out, indent, "REVIEW: its valid values are left out: one says where data lie");
            return;
        }
    }
    if (column->values.count > 0) {
        fh_buf_printf(w->out,
                      "%*squality:\n%*s- metric: invalidValues\n%*sarguments: {validValues: ",
                      indent,
                      "",
                      indent + 2,
                      "",
                      indent + 4,
                      "");
        fh_draft_put_list(w->out, &column->values);
        fh_buf_printf(w->out, "}\n%*smustBe: 0\n", indent + 4, "");
    }
}

static void put_reference(struct writer *w,
                          int indent,
                          const struct fh_draft_table *table,
                          const struct fh_draft_column *column)
{
    for (size_t i = 0; i < table->reference_count; i++) {
        const struct fh_draft_reference *reference = &table->references[i];
        if (reference->from.count != 1 ||
            strcasecmp(reference->from.items[0], column->source) != 0) {
            continue;
        }
        fh_buf_printf(w->out,
                      "%*srelationships:\n%*s- type: foreignKey\n%*sto: ",
                      indent,
                      "",
                      indent + 2,
                      "",
                      indent + 4,
                      "");
        fh_draft_put_scalar(w->out, reference->to.items[0]);
        fh_buf_add_u8(w->out, '\n');
        return;
    }
}

static void put_columns(struct writer *w,
                        int indent,
                        const struct fh_draft_table *table,
                        const struct fh_draft_column *columns,
                        size_t count);

/* Whether any member is not left out. */
static bool has_columns(const struct fh_draft_column *column)
{
    for (size_t i = 0; i < column->column_count; i++) {
        if (column->columns[i].left_out == NULL) {
            return true;
        }
    }
    return false;
}

/* All of a column behind its name. */
static void put_column(struct writer *w,
                       int indent,
                       const struct fh_draft_table *table,
                       const struct fh_draft_column *column)
{
    put(w, indent, "logicalType", column->logical);
    if (w->draft->types_are_physical && column->type[0] != 0 && fh_draft_may_travel(column->type)) {
        put(w, indent, "physicalType", column->type);
    }
    put_options(w, indent, column);
    if (column->description != NULL && fh_draft_may_travel(column->description)) {
        put(w, indent, "description", column->description);
    } else if (column->description != NULL) {
        fh_draft_put_comment(
            w->out, indent, "REVIEW: its description is left out: it says where data lie");
    }
    put_promises(w, indent, table, column);
    put_guess(w, indent, column);
    if (!w->brief) {
        put_examples(w, indent, column);
    }
    put_valid_values(w, indent, column);
    put_reference(w, indent, table, column);
    if (column->shape == FH_PROFILE_OBJECT && has_columns(column)) {
        fh_buf_printf(w->out, "%*sproperties:\n", indent, "");
        put_columns(w, indent + 2, table, column->columns, column->column_count);
    } else if (column->shape == FH_PROFILE_ARRAY && column->column_count == 1) {
        fh_buf_printf(w->out, "%*sitems:\n", indent, "");
        put_column(w, indent + 2, table, &column->columns[0]);
    }
}

static bool is_keyword(const char *name)
{
    static const char *const words[] = {
        "all",     "and",    "as",     "asc",     "between", "by",   "case",     "check",
        "column",  "create", "cross",  "default", "delete",  "desc", "distinct", "drop",
        "else",    "end",    "except", "exists",  "false",   "from", "full",     "group",
        "having",  "in",     "inner",  "insert",  "is",      "join", "left",     "like",
        "limit",   "not",    "null",   "offset",  "on",      "or",   "order",    "outer",
        "primary", "right",  "select", "set",     "table",   "then", "to",       "true",
        "union",   "unique", "update", "using",   "values",  "when", "where",    "with"};
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        if (strcasecmp(words[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void put_columns(struct writer *w,
                        int indent,
                        const struct fh_draft_table *table,
                        const struct fh_draft_column *columns,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct fh_draft_column *column = &columns[i];
        if (column->left_out != NULL) {
            fh_buf_printf(w->out,
                          "%*s# REVIEW: column %zu of the source is left out, for its name: %s\n",
                          indent,
                          "",
                          i + 1,
                          column->left_out);
            continue;
        }
        if (column->note != NULL && !w->brief) {
            fh_draft_put_comment(w->out, indent, column->note);
        }
        if (is_keyword(column->name) && !w->brief) {
            fh_draft_put_comment(
                w->out, indent, "an SQL keyword: queries have to write it in double quotes");
        }
        if (column->seen != NULL && !w->brief && table->rows > 0) {
            put_seen(w, indent, table, column);
        }
        fh_buf_printf(w->out, "%*s- name: ", indent, "");
        fh_draft_put_scalar(w->out, column->name);
        fh_buf_add_u8(w->out, '\n');
        if (strcmp(column->name, column->source) != 0) {
            put(w, indent + 2, "physicalName", column->source);
        }
        put_column(w, indent + 2, table, column);
    }
}

/* ---- tables ---- */

static void put_references(struct writer *w, const struct fh_draft_table *table)
{
    bool begun = false;
    for (size_t i = 0; i < table->reference_count; i++) {
        const struct fh_draft_reference *reference = &table->references[i];
        if (reference->from.count < 2) {
            continue;
        }
        fh_buf_add_cstr(w->out, begun ? "" : "    relationships:\n");
        begun = true;
        fh_buf_add_cstr(w->out, "      - type: foreignKey\n        from: ");
        fh_draft_put_list(w->out, &reference->from);
        fh_buf_add_cstr(w->out, "\n        to: ");
        fh_draft_put_list(w->out, &reference->to);
        fh_buf_add_u8(w->out, '\n');
    }
}

/* What the table is called in the source, under the schema that the server names. */
static void put_table_names(struct writer *w, const struct fh_draft_table *table)
{
    const struct fh_draft_server *server = &w->draft->server;
    bool other_schema = table->schema[0] != 0 &&
                        (server->schema == NULL || strcmp(server->schema, table->schema) != 0);
    if (other_schema) {
        struct fh_buf FH_CLEANUP(fh_buf_fini) full;
        fh_buf_init(&full, 1024);
        fh_buf_printf(&full, "%s.%s", table->schema, table->source);
        put(w, 4, "physicalName", fh_buf_cstr(&full));
    } else if (strcmp(table->name, table->source) != 0) {
        put(w, 4, "physicalName", table->source);
    }
    if (table->is_view) {
        put(w, 4, "physicalType", "view");
    }
}

static void put_table(struct writer *w, const struct fh_draft_table *table)
{
    fh_buf_printf(w->out, "  - name: %s\n", table->name);
    put_table_names(w, table);
    put(w,
        4,
        "description",
        table->description != NULL && fh_draft_may_travel(table->description)
            ? table->description
            : "REVIEW: what is one row, who makes it, how often does it change?");
    put_tags(w, 4, NULL, &table->tags);
    for (size_t i = 0; i < table->notes.count; i++) {
        fh_draft_put_comment(w->out, 4, table->notes.items[i]);
    }
    fh_buf_add_cstr(w->out, "    properties:\n");
    put_columns(w, 6, table, table->columns, table->column_count);
    put_references(w, table);
    if (table->has_rows && table->rows > 0) {
        fh_buf_add_cstr(w->out, "    quality:\n      # ");
        fh_draft_put_count(w->out, table->rows);
        fh_buf_printf(w->out,
                      " row%s at the time of the import\n"
                      "      - metric: rowCount\n        mustBeGreaterThan: 0\n",
                      table->rows == 1 ? "" : "s");
    } else if (table->has_rows) {
        fh_buf_add_cstr(w->out, "    # no row at the time of the import: types are as declared\n");
    }
}

/* ---- the rest ---- */

static void put_server(struct writer *w)
{
    const struct fh_draft_server *server = &w->draft->server;
    if (server->type == NULL) {
        fh_buf_add_cstr(w->out,
                        "# REVIEW: say where the data lie before it is published, as in\n"
                        "# servers:\n"
                        "#   - {server: source, type: local, path: data.parquet, format: "
                        "parquet}\n");
        return;
    }
    fh_buf_add_cstr(w->out,
                    "# Where the data lie. This stays here: it is cut out of what is published.\n"
                    "servers:\n  - server: source\n");
    put(w, 4, "type", server->type);
    if (strcmp(server->type, "postgres") == 0) {
        put(w, 4, "host", server->path);
        fh_buf_printf(w->out, "    port: %" PRIu32 "\n", server->port);
        put(w, 4, "database", server->database);
        put(w, 4, "schema", server->schema);
    } else {
        put(w, 4, "path", server->path);
        put(w, 4, "format", server->format);
    }
}

void fh_draft_write(struct fh_buf *out, const struct fh_draft *draft, bool brief)
{
    struct writer w = {.out = out, .draft = draft, .brief = brief};
    fh_buf_printf(
        out,
        "# A draft made from %s. What the source declares is promised; what was only\n"
        "# seen in the data is marked. Read every line with REVIEW, write what a consumer\n"
        "# needs to know, and take these comments out.\n"
        "apiVersion: v3.1.0\n"
        "kind: DataContract\n",
        draft->kind);
    put(&w, 0, "id", draft->id);
    fh_buf_printf(out, "name: %s\nversion: 0.1.0\nstatus: draft\n", draft->product);
    if (draft->domain != NULL) {
        put(&w, 0, "domain", draft->domain);
    }
    fh_buf_add_cstr(out, "description:\n");
    put(&w, 2, "purpose", "REVIEW: what is this for, and who may rely on it?");
    fh_buf_add_cstr(out, "schema:\n");
    for (size_t i = 0; i < draft->table_count; i++) {
        put_table(&w, &draft->tables[i]);
    }
    fh_buf_add_cstr(out,
                    "# REVIEW: only your own domain reads this product; to open it to the mesh:\n"
                    "# roles:\n"
                    "#   - {role: mesh, access: read}\n");
    put_server(&w);
}
