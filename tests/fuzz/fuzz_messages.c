/* SPDX-License-Identifier: Apache-2.0 */
/* Answers and requests about products and their lives, as they come out of a session. The first
 * byte chooses the reader. */
#include "common/assert.h"
#include "proto/session/messages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text that was taken ends inside its place. */
static void ends(const char *text, size_t size)
{
    FH_ASSERT(memchr(text, 0, size) != NULL);
}

static int products(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_products_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_product product;
        code = fh_msg_products_next(reader, &product, err);
        if (code == FH_OK) {
            ends(product.successor, sizeof product.successor);
        }
    }
    char read_as[FH_MSG_WORDS_BYTES];
    struct fh_pack_reader rest = *reader; /* HISTORY goes on behind the list */
    if (code == FH_OK && fh_msg_products_read_as(&rest, read_as, err) == FH_OK) {
        ends(read_as, sizeof read_as);
    }
    return code;
}

static void history(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    struct fh_msg_bins bins;
    struct fh_bytes bin;
    int code = products(reader, err);
    if (code == FH_OK) {
        code = fh_msg_bins_read(reader, &bins, err);
    }
    while (code == FH_OK && fh_msg_bins_next(&bins, &bin)) {
        FH_ASSERT(bin.data != NULL || bin.size == 0);
    }
    if (code == FH_OK) {
        code = fh_msg_versions_read(reader, &count, err);
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_version version;
        code = fh_msg_versions_next(reader, &version, err);
        if (code == FH_OK) {
            ends(version.version, sizeof version.version);
            ends(version.status, sizeof version.status);
        }
    }
    count = 0;
    if (code == FH_OK) {
        code = fh_msg_forks_read(reader, &count, err);
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_fork fork;
        code = fh_msg_forks_next(reader, &fork, err);
    }
}

static void plan(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_plan *plan = calloc(1, sizeof *plan);
    if (plan != NULL && fh_msg_plan_read(reader, plan, err) == FH_OK) {
        for (uint32_t i = 0; i < plan->table_count; i++) {
            ends(plan->tables[i].successor, sizeof plan->tables[i].successor);
        }
    }
    free(plan);
}

static void requests(unsigned code, struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_history_request asked;
    struct fh_msg_plan_question question;
    struct fh_msg_move move;
    char name[FH_NAME_BYTES_MAX + 1];
    uint32_t major;
    if (code == FH_MSG_HISTORY && fh_msg_history_request_read(reader, &asked, err) == FH_OK) {
        ends(asked.domain, sizeof asked.domain);
        ends(asked.product, sizeof asked.product);
    } else if (code == FH_MSG_ADMIN_ANNOUNCED &&
               fh_msg_announced_request_read(reader, name, &major, err) == FH_OK) {
        ends(name, sizeof name);
    } else if (code == FH_MSG_PLAN && fh_msg_plan_request_read(reader, &question, err) == FH_OK) {
        FH_ASSERT(question.param_count <= FH_SQL_PARAMS_MAX);
    } else if (code == FH_MSG_ADMIN_MOVE && fh_msg_move_read(reader, &move, err) == FH_OK) {
        FH_ASSERT(move.announcement.size <= FH_RECORD_GOSSIP_BYTES_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    unsigned code = 0;
    if (size == 0) {
        return 0;
    }
    struct fh_bytes rest = fh_bytes(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        if (fh_msg_open(&reader, rest, FH_FRAME_REQUEST_BYTES_MAX, &code, &err) == FH_OK) {
            requests(code, &reader, &err);
        }
        break;
    case 1:
        if (fh_msg_answer(&reader, rest, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
            history(&reader, &err);
        }
        break;
    default:
        if (fh_msg_answer(&reader, rest, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
            plan(&reader, &err);
        }
        break;
    }
    return 0;
}
