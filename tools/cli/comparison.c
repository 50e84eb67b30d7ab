/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/comparison.h"

#include "proto/contract/contract_record.h"
#include "proto/wire/record.h"
#include "tools/cli/changes.h"

#include <string.h>

static int read_record(struct fh_contract_record *out,
                       struct fh_bytes bytes,
                       const struct fh_mesh_id *mesh,
                       struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, bytes, mesh, err);
    return code == FH_OK ? fh_contract_record_parse(out, record.payload, err) : code;
}

/* Compares with a record of the chain. `binds`: what it says is promised on in this major. */
static int compare(struct fh_comparison *out,
                   const struct fh_comparison_order *order,
                   const struct fh_contract_record *record,
                   bool binds,
                   struct fh_err *err)
{
    static const struct fh_compat_options options = {.without_servers = true};
    struct fh_contract *before = NULL;
    out->arena = fh_arena_new(2 * (size_t)FH_CONTRACT_ARENA_BYTES_MAX);
    if (out->arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to compare two contracts");
    }
    memcpy(out->since, record->version, sizeof out->since);
    int code = fh_contract_decode(&before, record->form, out->arena, err);
    if (code == FH_OK) {
        code = fh_compat_judge(&out->compat, before, order->contract, &options, out->arena, err);
    }
    if (code != FH_OK) {
        return code;
    }
    if (binds) {
        code = fh_versions_allow(before, order->contract, &out->compat, err);
    } else if (out->compat.reader_breaking == 0) {
        fh_cli_say(order->cli,
                   "note: no reader of %s breaks; another major was not needed",
                   record->version);
    }
    if (code != FH_OK || order->show_all) {
        fh_changes_say(order->cli, &out->compat);
    }
    return code;
}

int fh_comparison_make(struct fh_comparison *out,
                       const struct fh_comparison_order *order,
                       struct fh_err *err)
{
    struct fh_contract_record record;
    struct fh_semver before;
    struct fh_semver after;
    bool is_base = order->base.size > 0;
    if (!is_base && order->last.size == 0) {
        return FH_OK;
    }
    int code = read_record(&record, is_base ? order->base : order->last, order->mesh, err);
    if (code == FH_OK) {
        code = fh_semver_parse(&before, record.version, err);
    }
    if (code != FH_OK) {
        return fh_err_wrap(err, "the version that this one follows");
    }
    code = fh_semver_parse(&after, order->contract->version, err);
    if (code != FH_OK) {
        return code;
    }
    bool is_fix = after.major < before.major; /* of a major whose base is not known here */
    bool is_sketch = !is_base && before.major == after.major && before.prerelease.size > 0;
    bool is_stale = fh_semver_compare(&after, &before) <= 0; /* the chain's own rule says so */
    if (is_fix || is_sketch || is_stale) {
        return FH_OK;
    }
    return compare(out, order, &record, before.major == after.major, err);
}

void fh_comparison_fini(struct fh_comparison *comparison)
{
    fh_arena_free(comparison->arena);
    comparison->arena = NULL;
}
