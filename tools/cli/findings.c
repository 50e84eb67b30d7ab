/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/findings.h"

#include <stdio.h>

void fh_finding_say(struct fh_cli *cli, const struct fh_msg_finding *finding)
{
    struct fh_buf line FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&line, 8 * 1024);
    fh_buf_add_cstr(&line, finding->error ? "error: " : "note: ");
    fh_output_visible(&line, fh_bytes_cstr(finding->table));
    if (finding->column[0] != 0) {
        fh_buf_add_cstr(&line, ".");
        fh_output_visible(&line, fh_bytes_cstr(finding->column));
    }
    fh_buf_add_cstr(&line, ": ");
    fh_output_visible(&line, fh_bytes_cstr(finding->text));
    fh_buf_add_cstr(&line, " [");
    fh_output_visible(&line, fh_bytes_cstr(finding->rule));
    fh_buf_add_cstr(&line, "]");
    fh_cli_say(cli, "%s", fh_buf_cstr(&line));
}

int fh_findings_say(struct fh_cli *cli,
                    struct fh_pack_reader *reader,
                    uint32_t *out_errors,
                    char out_rule[FH_ERR_RULE_BYTES],
                    struct fh_err *err)
{
    uint32_t count = 0;
    *out_errors = 0;
    out_rule[0] = '\0';
    int code = fh_msg_findings_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_finding finding;
        code = fh_msg_findings_next(reader, &finding, err);
        if (code != FH_OK) {
            break;
        }
        fh_finding_say(cli, &finding);
        if (finding.error && (*out_errors)++ == 0) {
            snprintf(out_rule, FH_ERR_RULE_BYTES, "%s", finding.rule);
        }
    }
    return code;
}
