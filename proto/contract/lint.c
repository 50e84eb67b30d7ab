/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/lint.h"

#include "proto/contract/contract_read.h"
#include "proto/contract/contract_rules.h"
#include "proto/contract/publish_rules.h"

/* No fault of the contract: this version reads no such source, or serves no such type. */
static const char *const of_serving[] = {
    "publish.server.missing", "publish.server.choice", "publish.column.type", NULL};

int fh_contract_lint(struct fh_contract **out,
                     struct fh_bytes text,
                     const struct fh_lint_options *options,
                     struct fh_findings *findings,
                     struct fh_err *err)
{
    struct fh_contract *contract = NULL;
    int rc = fh_contract_read_as(&contract, text, options->schema, findings, err);
    if (rc != FH_OK && rc != FH_ECHECK) {
        return rc;
    }
    if (contract != NULL) {
        fh_contract_rules(contract, findings);
        if (options->for_publishing || options->for_reading) {
            findings->advice = options->for_publishing ? NULL : of_serving;
            fh_publish_rules(contract, options->domain, findings);
            findings->advice = NULL;
        }
        fh_findings_sort(findings);
    }
    *out = contract;
    return fh_findings_ok(findings, err);
}
