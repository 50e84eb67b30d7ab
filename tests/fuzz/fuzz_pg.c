/* SPDX-License-Identifier: Apache-2.0 */
/* What a stranger, and who has signed in, sends to the PostgreSQL door. The first byte chooses: a
 * connection from its first packet on, messages of every phase, a statement, values of a Bind. */
#include "tools/door/pg/command.h"
#include "tools/door/pg/params.h"
#include "tools/door/pg/session.h"

#include "common/assert.h"
#include "common/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nobody can sign in: every user is refused at the proof, as unknown ones are. */
static void connection(struct fh_bytes in)
{
    struct fh_pg_birth birth = {.database = "mesh", .process = 1, .nonce = "nonce"};
    struct fh_err err;
    birth.tls_offered = in.size % 2 == 1;
    struct fh_pg_session *session = fh_pg_session_new(&birth);
    if (session == NULL) {
        return;
    }
    if (fh_pg_session_input(session, in, &err) == FH_OK) {
        enum fh_pg_want want;
        while ((want = fh_pg_session_step(session)) == FH_PG_WANT_WORK || want == FH_PG_WANT_TLS) {
            if (want == FH_PG_WANT_TLS) {
                fh_pg_session_tls(session, fh_bytes("01234567890123456789012345678901", 32));
                continue;
            }
            struct fh_pg_work *work = fh_pg_session_work(session);
            FH_ASSERT(work->task == FH_PG_TASK_VERIFIER); /* nothing else before a proof */
            work->verifier = (struct fh_scram_verifier){.iterations = 4096};
            fh_pg_session_worked(session);
        }
        FH_ASSERT(!fh_pg_session_is_ready(session));
    }
    fh_pg_session_free(session);
}

static void values(struct fh_bytes in)
{
    static const uint32_t types[] = {0,    16,   17,   20,   21,   23,   25,   114,  700, 701,
                                     1082, 1083, 1114, 1184, 1186, 1700, 2950, 3802, 26,  1043};
    if (in.size < 3) {
        return;
    }
    uint32_t of[FH_SQL_PARAMS_MAX + 1];
    uint8_t format[2] = {0, in.data[0] & 1};
    struct fh_pg_params params;
    struct fh_err err;
    struct fh_buf room FH_CLEANUP(fh_buf_fini);
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    uint8_t head[4];
    fh_buf_init(&room, 1024 * 1024);
    fh_buf_init(&text, 4 * 1024 * 1024);
    for (size_t i = 0; i < FH_COUNT(of); i++) {
        of[i] = types[(in.data[1] + i) % FH_COUNT(types)];
    }
    fh_put_u32be(head, (uint32_t)in.size - 2);
    fh_buf_add(&room, head, sizeof head);
    fh_buf_add(&room, in.data + 2, in.size - 2);
    if (fh_buf_ok(&room) != FH_OK) {
        return;
    }
    const struct fh_pg_list formats = {1, fh_bytes(format, 2)};
    fh_pg_params_init(&params);
    if (fh_pg_params_read(
            &params, &formats, (struct fh_pg_list){1, fh_buf_view(&room)}, of, &err) == FH_OK) {
        FH_ASSERT(params.count == 1);
        if (fh_pg_params_text(&params, 0, &text)) {
            FH_ASSERT(fh_utf8_valid(fh_buf_view(&text)));
        }
    }
    fh_pg_params_fini(&params);
}

static void messages(struct fh_bytes in)
{
    struct fh_err err;
    for (enum fh_pg_phase phase = FH_PG_PHASE_STARTUP; phase <= FH_PG_PHASE_READY; phase++) {
        struct fh_bytes left = in;
        size_t size = 0;
        while (fh_pg_frame(left, phase, &size, &err) == FH_OK && size > 0 && size <= left.size) {
            struct fh_pg_message message;
            struct fh_bytes value;
            bool null = false;
            if (fh_pg_read(&message, fh_bytes(left.data, size), phase, &err) != FH_OK) {
                break;
            }
            while (message.kind == FH_PG_BIND &&
                   fh_pg_value_next(&message.bind.values, &value, &null)) {
                FH_ASSERT(value.size <= size);
            }
            left = fh_bytes(left.data + size, left.size - size);
        }
    }
}

static void statement(struct fh_bytes in)
{
    struct fh_pg_sql sql = {.sql = in};
    struct fh_bytes one;
    struct fh_pg_cast casts[4];
    while (fh_pg_statement_next(&sql, &one)) {
        struct fh_pg_command command;
        struct fh_pg_report report;
        FH_ASSERT(one.size > 0 && one.data >= in.data && one.data + one.size <= in.data + in.size);
        if (!fh_pg_command_read(&command, one, &report)) {
            FH_ASSERT(strlen(report.state) == 5);
        }
        fh_pg_command_fini(&command);
        unsigned params = fh_pg_sql_params(one, casts, FH_COUNT(casts));
        for (unsigned i = 0; i < params && i < FH_COUNT(casts); i++) {
            FH_ASSERT(memchr(casts[i].type, 0, sizeof casts[i].type) != NULL);
            (void)fh_pg_oid_of_name(casts[i].type);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct fh_bytes in = fh_bytes(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        connection(in);
        break;
    case 1:
        messages(in);
        break;
    case 2:
        statement(in);
        break;
    default:
        values(in);
        break;
    }
    return 0;
}
