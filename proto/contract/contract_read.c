/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/contract_read.h"

#include "common/assert.h"
#include "proto/contract/reader.h"
#include "proto/contract/yaml.h"

#include <string.h>

/* --- other standards --- */

/* What a document is when it is not ODCS 3, by keys of its top level. The first row that fits
 * decides. */
struct dialect {
    const char *key;
    const char *prefix; /* of the value under `key`, or NULL for any value */
    const char *also;   /* a second key that is there, or NULL */
    bool is_certain;    /* holds even for a document that says kind: DataContract */
    const char *sentence;
};

#define ODCS_2 "this is ODCS version 2, which is laid out differently; convert it to v3.1.0"
#define ODPS                                                                                       \
    "this is a data product description (ODPS), not a contract; give the contract that its "       \
    "output "                                                                                      \
    "port names"
#define DBT                                                                                        \
    "this is a file of dbt, not a contract; draft one with contract import from the "              \
    "manifest.json "                                                                               \
    "that dbt writes"

static const struct dialect dialects[] = {
    {"dataContractSpecification",
     NULL,
     NULL,
     true,
     "this is a contract of the Data Contract Specification, which ODCS replaced; convert it to "
     "ODCS v3.1.0"},
    {"kind", "DataProduct", NULL, true, ODPS},
    {"outputPorts", NULL, NULL, true, ODPS},
    {"inputPorts", NULL, NULL, true, ODPS},
    {"apiVersion", "v2", NULL, true, ODCS_2},
    {"datasetName", NULL, NULL, true, ODCS_2},
    {"quantumName", NULL, NULL, true, ODCS_2},
    {"product",
     NULL,
     "schema",
     false,
     "this is a product of the Open Data Product Specification, not a contract; write an ODCS "
     "contract for it"},
    {"openapi",
     NULL,
     NULL,
     false,
     "this describes an API (OpenAPI), not data; write an ODCS contract for the data that it "
     "serves"},
    {"swagger",
     NULL,
     NULL,
     false,
     "this describes an API (Swagger), not data; write an ODCS contract for the data that it "
     "serves"},
    {"asyncapi",
     NULL,
     NULL,
     false,
     "this describes an API (AsyncAPI), not data; write an ODCS contract for the data that it "
     "serves"},
    {"config-version", NULL, "name", false, DBT},
    {"models", NULL, "version", false, DBT},
    {"sources", NULL, "version", false, DBT},
    {"metadata", NULL, "nodes", false, DBT},
    {"type",
     "record",
     "fields",
     false,
     "this is an Avro schema, not a contract; it says what a record looks like, an ODCS contract "
     "holds that under schema"},
    {"$schema",
     NULL,
     NULL,
     false,
     "this is a JSON Schema, not a contract; it says what a value looks like, an ODCS contract "
     "holds that under schema"},
    {"type",
     "object",
     "properties",
     false,
     "this is a JSON Schema, not a contract; it says what a value looks like, an ODCS contract "
     "holds that under schema"},
    {"spec",
     NULL,
     "metadata",
     false,
     "this is an object of Kubernetes, not a contract; a contract starts with apiVersion: v3.1.0 "
     "and kind: DataContract"},
};

static const char *foreign_dialect(const struct fh_doc_node *root)
{
    bool is_contract = strcmp(fh_reader_discriminator(root, "kind"), "DataContract") == 0;
    for (size_t i = 0; i < FH_COUNT(dialects); i++) {
        const struct dialect *row = &dialects[i];
        const char *value = fh_reader_discriminator(root, row->key);
        if ((!is_contract || row->is_certain) && fh_doc_get(root, row->key) != NULL &&
            (row->prefix == NULL || strncmp(value, row->prefix, strlen(row->prefix)) == 0) &&
            (row->also == NULL || fh_doc_get(root, row->also) != NULL)) {
            return row->sentence;
        }
    }
    return NULL;
}

/* --- versions --- */

/* What the document says, as far as it can be judged: a version that is not known is judged by the
 * newest that is, and one that is missing by the one that is written by default. */
static enum fh_odcs_version version_of(const struct fh_doc_node *root)
{
    const char *text = fh_reader_discriminator(root, "apiVersion");
    if (text[0] == '\0' || strcmp(text, "v3.1.0") == 0) {
        return FH_ODCS_3_1_0;
    }
    return strncmp(text, "v3.0.", 5) == 0 ? FH_ODCS_3_0_2 : FH_ODCS_3_2_0;
}

struct reading {
    const struct fh_doc_node *root;
    enum fh_odcs_version says;
    bool is_foreign;
    int failed; /* FH_OK or FH_ENOMEM */
};

static struct fh_contract *
read_by(struct reading *reading, enum fh_odcs_version version, struct fh_findings *findings)
{
    struct fh_reader reader = {
        .findings = findings,
        .arena = findings->arena,
        .version = version,
        .says = reading->says,
        .is_foreign = reading->is_foreign,
        .keeps_unknown = reading->is_foreign && reading->says != FH_ODCS_3_0_2,
    };
    struct fh_contract *contract = NULL;
    const char *dialect = foreign_dialect(reading->root);
    if (dialect != NULL) {
        fh_reader_error(&reader, reading->root, "odcs.dialect", "%s", dialect);
    } else if (fh_reader_has_type(&reader,
                                  reading->root,
                                  FH_ALLOW_MAP,
                                  "a map that starts with apiVersion and kind")) {
        contract = fh_reader_read(&reader, &fh_section_contract, reading->root);
    }
    if (reader.failed != FH_OK || findings->failed != FH_OK) {
        reading->failed = FH_ENOMEM;
    }
    return contract;
}

/* A document of 3.0. The schema of 3.1.0 covers it too, knows more of what authors write and is
 * stricter, so it comes first; what only the schema of 3.0.2 accepts is accepted, with the errors
 * of the other as warnings. */
static struct fh_contract *read_3_0(struct reading *reading, struct fh_findings *findings)
{
    struct fh_findings now;
    struct fh_findings then;
    fh_findings_init(&now, findings->arena);
    fh_findings_init(&then, findings->arena);
    struct fh_contract *contract = read_by(reading, FH_ODCS_3_1_0, &now);
    bool is_old_only = false;
    if (now.errors > 0 && reading->failed == FH_OK && contract != NULL) {
        struct fh_contract *old = read_by(reading, FH_ODCS_3_0_2, &then);
        is_old_only = then.errors == 0;
        contract = is_old_only ? old : contract;
    }
    if (is_old_only && !reading->is_foreign) {
        const struct fh_doc_node *at = fh_doc_get(reading->root, "apiVersion");
        fh_findings_add(findings,
                        FH_SEVERITY_WARNING,
                        at->line,
                        at->column,
                        "apiVersion",
                        "odcs.version",
                        "a contract of %.32s only; v3.1.0 refuses %zu thing%s in it, which are "
                        "warnings here",
                        at->text,
                        now.errors,
                        now.errors == 1 ? "" : "s");
    }
    if (!is_old_only || !reading->is_foreign) {
        fh_findings_append(findings, &now, is_old_only);
    }
    if (findings->failed != FH_OK) {
        reading->failed = FH_ENOMEM;
    }
    return contract;
}

int fh_contract_read_tree(struct fh_contract **out,
                          const struct fh_doc_node *root,
                          enum fh_odcs_version version,
                          bool is_foreign,
                          struct fh_findings *findings,
                          struct fh_err *err)
{
    struct reading reading = {.root = root, .says = version_of(root), .is_foreign = is_foreign};
    struct fh_contract *contract = NULL;
    if (version != FH_ODCS_OWN) {
        contract = read_by(&reading, version, findings);
    } else if (reading.says == FH_ODCS_3_0_2) {
        contract = read_3_0(&reading, findings);
    } else {
        contract = read_by(&reading, reading.says, findings);
    }
    if (reading.failed != FH_OK) {
        return fh_err_set(err, FH_ENOMEM, "contract: out of memory while reading");
    }
    *out = contract;
    return FH_OK;
}

int fh_contract_read_as(struct fh_contract **out,
                        struct fh_bytes text,
                        enum fh_odcs_version version,
                        struct fh_findings *findings,
                        struct fh_err *err)
{
    struct fh_doc_node *root = NULL;
    struct fh_contract *contract = NULL;
    int rc = fh_yaml_read(&root, text, findings, err);
    if (rc == FH_OK) {
        rc = fh_contract_read_tree(&contract, root, version, false, findings, err);
    }
    if (rc != FH_OK && rc != FH_ECHECK) {
        return rc;
    }
    fh_findings_sort(findings);
    *out = contract;
    return rc == FH_OK ? fh_findings_ok(findings, err) : rc;
}

int fh_contract_read(struct fh_contract **out,
                     struct fh_bytes text,
                     struct fh_findings *findings,
                     struct fh_err *err)
{
    return fh_contract_read_as(out, text, FH_ODCS_OWN, findings, err);
}
