/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads of contract and announcement records, canonical contracts and mappings, from a peer. */
#include "common/limits.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/source_mapping.h"
#include "proto/gossip/announce.h"
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

/* A contract that was accepted has one form: encoding it gives a form that decodes to the same
 * form. */
static void check_form(const struct fh_contract *contract, struct fh_arena *arena)
{
    struct fh_buf first;
    struct fh_buf second;
    struct fh_contract *decoded = NULL;
    struct fh_err err = {0};
    fh_buf_init(&first, FH_CONTRACT_FORM_BYTES_MAX);
    fh_buf_init(&second, FH_CONTRACT_FORM_BYTES_MAX);
    fh_contract_encode(&first, contract);
    if (fh_buf_ok(&first) == FH_OK) {
        int rc = fh_contract_decode(&decoded, fh_buf_view(&first), arena, &err);
        require(rc == FH_OK || rc == FH_ENOMEM, err.text);
        if (rc == FH_OK) {
            fh_contract_encode(&second, decoded);
            require(fh_bytes_equal(fh_buf_view(&first), fh_buf_view(&second)), "one form");
        }
    }
    fh_buf_fini(&second);
    fh_buf_fini(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_arena *arena = fh_arena_new(4 * FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_pack_limits limits = fh_pack_limits(FH_RECORD_BYTES_MAX);
    struct fh_contract_record record;
    struct fh_announcement announcement;
    struct fh_source_mapping *mapping = NULL;
    struct fh_contract *contract = NULL;
    struct fh_bytes input = fh_bytes(data, size);
    struct fh_err err = {0};
    if (arena == NULL) {
        return 0;
    }
    if (fh_contract_decode(&contract, input, arena, &err) == FH_OK) {
        check_form(contract, arena);
    }
    (void)!fh_source_mapping_decode(&mapping, input, arena, &err);
    if (fh_pack_scan(input, &limits, &err) == FH_OK) {
        if (fh_contract_record_parse(&record, input, &err) == FH_OK) {
            (void)!fh_contract_record_open(&contract, &record, arena, &err);
        }
        if (fh_announce_parse(&announcement, input, &err) == FH_OK) {
            struct fh_buf again;
            fh_buf_init(&again, 4096);
            fh_announce_encode(&again, &announcement);
            require(fh_buf_ok(&again) == FH_OK && again.size <= size, "announcement");
            fh_buf_fini(&again);
        }
    }
    fh_arena_free(arena);
    return 0;
}
