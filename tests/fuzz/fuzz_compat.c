/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two contracts from anywhere, compared: the input is two YAML texts with a line "%%" between them,
 * or else two canonical forms, the first of which has the size in the first two bytes. Whatever
 * they are, a contract equals itself, and exchanging the two exchanges what was added and removed.
 */
#include "common/limits.h"
#include "proto/contract/compat.h"
#include "proto/contract/contract_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

static struct fh_contract *read_text(struct fh_bytes text, struct fh_arena *arena)
{
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_err err = {0};
    fh_findings_init(&findings, arena);
    return fh_contract_read(&contract, text, &findings, &err) == FH_OK ? contract : NULL;
}

static struct fh_contract *read_form(struct fh_bytes form, struct fh_arena *arena)
{
    struct fh_contract *contract = NULL;
    struct fh_err err = {0};
    return fh_contract_decode(&contract, form, arena, &err) == FH_OK ? contract : NULL;
}

static size_t count(const struct fh_compat *compat, enum fh_change_kind kind)
{
    size_t found = 0;
    for (size_t i = 0; i < compat->count; i++) {
        found += compat->items[i].change->kind == kind;
    }
    return found;
}

static void
compare(const struct fh_contract *a, const struct fh_contract *b, struct fh_arena *arena)
{
    static const struct fh_compat_options options;
    struct fh_compat there;
    struct fh_compat back;
    struct fh_compat same;
    struct fh_err err = {0};
    if (fh_compat_judge(&there, a, b, &options, arena, &err) != FH_OK ||
        fh_compat_judge(&back, b, a, &options, arena, &err) != FH_OK ||
        fh_compat_judge(&same, a, a, &options, arena, &err) != FH_OK) {
        require(err.code == FH_ENOMEM, "only memory fails");
        return;
    }
    require(same.count == 0, "a contract equals itself");
    require(there.count == back.count, "as many changes there as back");
    require(count(&there, FH_CHANGE_ADDED) == count(&back, FH_CHANGE_REMOVED), "mirrored");
    require(count(&there, FH_CHANGE_REMOVED) == count(&back, FH_CHANGE_ADDED), "mirrored");
    require((there.needed == FH_BUMP_MAJOR) == (there.reader_breaking > 0),
            "semver follows READER");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char separator[] = "\n%%\n";
    struct fh_arena *arena = fh_arena_new(4 * (size_t)FH_CONTRACT_ARENA_BYTES_MAX);
    const uint8_t *cut = memmem(data, size, separator, strlen(separator));
    if (arena == NULL) {
        return 0;
    }
    struct fh_contract *before = NULL;
    struct fh_contract *after = NULL;
    if (cut != NULL) {
        size_t first = (size_t)(cut - data) + 1;
        size_t second = first + strlen(separator) - 1;
        before = read_text(fh_bytes(data, first), arena);
        after = read_text(fh_bytes(data + second, size - second), arena);
    } else if (size > 2) {
        size_t first = ((size_t)data[0] << 8 | data[1]) % (size - 1);
        before = read_form(fh_bytes(data + 2, first), arena);
        after = read_form(fh_bytes(data + 2 + first, size - 2 - first), arena);
    }
    if (before != NULL && after != NULL) {
        compare(before, after, arena);
    }
    fh_arena_free(arena);
    return 0;
}
