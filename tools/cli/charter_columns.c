/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/charter_columns.h"

#include "tools/cli/charter_draft.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 16 * 1024 };

void fh_charter_put_names(struct fh_output *output,
                          const struct fh_directory *dir,
                          const struct fh_domain_id *ids,
                          size_t count)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, TEXT_BYTES_MAX);
    fh_charter_names(&text, dir, ids, count);
    fh_output_text(output, fh_buf_cstr(&text));
}

void fh_charter_put_members(struct fh_output *output, const struct fh_charter *charter)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, TEXT_BYTES_MAX);
    for (unsigned i = 0; i < charter->member_count; i++) {
        fh_buf_printf(&text, "%s%s", i == 0 ? "" : ", ", charter->members[i].name);
    }
    fh_output_text(output, fh_buf_cstr(&text));
}

void fh_charter_put_changes(struct fh_output *output,
                            const struct fh_directory *dir,
                            const struct fh_charter *before,
                            const struct fh_charter *after)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, TEXT_BYTES_MAX);
    fh_charter_changes(&text, dir, before, after);
    fh_output_text(output, fh_buf_cstr(&text));
}

/* "2 of 3" */
void fh_charter_put_share(struct fh_output *output, unsigned part, unsigned whole)
{
    char text[32];
    snprintf(text, sizeof text, "%u of %u", part, whole);
    fh_output_text(output, text);
}

const struct fh_charter *fh_charter_before(const struct fh_directory *dir,
                                           const struct fh_charter *charter)
{
    for (size_t i = 0; charter->seq > 1 && i < fh_directory_charter_count(dir); i++) {
        struct fh_directory_charter_kept kept;
        fh_directory_charter_kept_at(dir, i, &kept);
        if (fh_record_id_equal(&kept.id, &charter->prev)) {
            return kept.charter;
        }
    }
    return NULL;
}
