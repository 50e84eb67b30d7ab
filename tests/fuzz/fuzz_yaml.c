/* SPDX-License-Identifier: Apache-2.0 */
/* A contract as text: read, judged, published and decoded again, as far as it holds. */
#include "common/limits.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/lint.h"
#include "proto/contract/publish_text.h"
#include "proto/contract/source_mapping.h"
#include "proto/wire/pack.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

/* What was published can be read by a peer as what was signed. */
static void check_record(const struct fh_published *published, struct fh_arena *arena)
{
    struct fh_contract_record record = {.seq = 1, .compat_rules = 1, .text = published->text};
    struct fh_contract_record read;
    struct fh_contract *contract = NULL;
    struct fh_pack_limits limits = fh_pack_limits(FH_RECORD_BYTES_MAX);
    struct fh_err err = {0};
    struct fh_buf payload;
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_contract_record_encode(&payload, &record, published->contract);
    int rc = fh_buf_ok(&payload);
    if (rc == FH_OK) {
        rc = fh_pack_scan(fh_buf_view(&payload), &limits, &err);
        require(rc == FH_OK, err.text); /* what publishing accepts fits a record */
        rc = fh_contract_record_parse(&read, fh_buf_view(&payload), &err);
        require(rc == FH_OK, err.text);
        rc = fh_contract_record_open(&contract, &read, arena, &err);
        require(rc == FH_OK || rc == FH_ENOMEM, err.text);
    } else {
        require(rc == FH_ENOMEM, "the payload fits its limit");
    }
    fh_buf_fini(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_arena *arena = fh_arena_new(4 * FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_err err = {0};
    struct fh_lint_options options = {.for_publishing = true, .domain = "aviation"};
    if (arena == NULL) {
        return 0;
    }
    fh_findings_init(&findings, arena);
    int rc = fh_contract_lint(&contract, fh_bytes(data, size), &options, &findings, &err);
    require((rc == FH_OK) == (findings.errors == 0 && findings.failed == FH_OK),
            "verdict and findings");
    if (rc == FH_OK) {
        struct fh_published published = {0};
        struct fh_source_mapping *mapping = NULL;
        struct fh_domain_id domain = {{3}};
        rc = fh_source_mapping_make(&mapping, contract, arena, &err);
        require(rc == FH_OK || rc == FH_ENOMEM, err.text);
        rc = fh_publish_text(&published, fh_bytes(data, size), contract, &domain, &findings, &err);
        if (rc == FH_OK) {
            check_record(&published, arena);
        }
    }
    fh_arena_free(arena);
    return 0;
}
