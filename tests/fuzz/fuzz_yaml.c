/* SPDX-License-Identifier: Apache-2.0 */
/* A contract as text: read, judged, written, published and decoded again, as far as it holds. */
#include "common/limits.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/contract_write.h"
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

static void require_form(const struct fh_contract *contract, struct fh_bytes form, const char *what)
{
    struct fh_buf again;
    fh_buf_init(&again, FH_CONTRACT_FORM_BYTES_MAX);
    fh_contract_encode(&again, contract);
    require(fh_buf_ok(&again) != FH_OK || fh_bytes_equal(fh_buf_view(&again), form), what);
    fh_buf_fini(&again);
}

/* Whatever version a contract says: its form decodes to itself, and what is written of it reads as
 * the same. */
static void check_form_and_text(struct fh_bytes text)
{
    struct fh_arena *arena = fh_arena_new(4 * FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_contract *again = NULL;
    struct fh_err err = {0};
    struct fh_buf form;
    struct fh_buf written;
    if (arena == NULL) {
        return;
    }
    fh_findings_init(&findings, arena);
    fh_buf_init(&form, FH_CONTRACT_FORM_BYTES_MAX);
    fh_buf_init(&written, FH_CONTRACT_BYTES_MAX);
    if (fh_contract_read(&contract, text, &findings, &err) == FH_OK) {
        fh_contract_encode(&form, contract);
        fh_contract_write(&written, contract, NULL);
    }
    if (contract != NULL && findings.errors == 0 && fh_buf_ok(&form) == FH_OK && form.size > 0) {
        int rc = fh_contract_decode(&again, fh_buf_view(&form), arena, &err);
        require(rc == FH_OK || rc == FH_ENOMEM || rc == FH_ETOOBIG, err.text);
        if (rc == FH_OK) {
            require_form(again, fh_buf_view(&form), "one form");
        }
        if (fh_buf_ok(&written) == FH_OK) {
            fh_findings_init(&findings, arena);
            rc = fh_contract_read(&again, fh_buf_view(&written), &findings, &err);
            require(rc == FH_OK || rc == FH_ENOMEM, err.text);
            if (rc == FH_OK) {
                require_form(again, fh_buf_view(&form), "what is written reads as the same");
            }
        }
    }
    fh_buf_fini(&written);
    fh_buf_fini(&form);
    fh_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_form_and_text(fh_bytes(data, size));
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
