/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/findings.h"

#include "common/mem.h"

#include <string.h>

static void say_finding(struct fh_cli *cli, const struct fh_msg_finding *finding)
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
                    struct fh_found *out,
                    struct fh_err *err)
{
    uint32_t count = 0;
    *out = (struct fh_found){.count = 0};
    int code = fh_msg_findings_read(reader, &count, err);
    if (code == FH_OK && count > 0) {
        out->items = fh_calloc(count, sizeof *out->items);
        code = out->items == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for findings") : FH_OK;
    }
    while (code == FH_OK && out->count < count) {
        struct fh_msg_finding *finding = &out->items[out->count];
        code = fh_msg_findings_next(reader, finding, err);
        if (code != FH_OK) {
            break;
        }
        out->count++;
        say_finding(cli, finding);
        if (finding->error && out->errors++ == 0) {
            memcpy(out->rule, finding->rule, sizeof out->rule);
        }
    }
    return code;
}

void fh_found_fini(struct fh_found *found)
{
    fh_free(found->items);
    *found = (struct fh_found){.count = 0};
}
