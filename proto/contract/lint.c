/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/lint.h"

#include "proto/contract/contract_read.h"
#include "proto/contract/contract_rules.h"
#include "proto/contract/publish_rules.h"

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
        if (options->for_publishing) {
            fh_publish_rules(contract, options->domain, findings);
        }
        fh_findings_sort(findings);
    }
    *out = contract;
    return fh_findings_ok(findings, err);
}
