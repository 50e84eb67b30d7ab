/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversations of a client with a session, told as the letters of what the server says: "T D
 * C:SELECT 1 Z:I". The worker of these tests answers every question from the system tables of a
 * small mesh.
 */
#include "tools/door/pg/session.h"

#include "common/mem.h"
#include "proto/wire/crypto.h"
#include "tests/unit/pg/packets.h"
#include "tests/unit/pgcat/aviation.h"
#include "tools/door/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TOLD_BYTES = 64 * 1024 };

static const char password[] = "pencil";

struct talk {
    struct fh_pg_session *session;
    struct fh_pgcat *catalogue;
    struct fh_buf in;   /* of the client */
    struct fh_buf told; /* letters of what was said */
    struct fh_buf said; /* the bytes themselves */
    bool refuses;       /* sign-ins */
    unsigned questions;
};

/* ---- the worker ---- */

static struct fh_scram_verifier verifier_of(const char *text)
{
    struct fh_scram_verifier out = {.iterations = 1, .salt = {7}};
    uint8_t salted[32];
    uint8_t client_key[32];
    fh_pbkdf2_sha256(salted, fh_bytes_cstr(text), fh_bytes(out.salt, sizeof out.salt), 1);
    fh_hmac_sha256(client_key, fh_bytes(salted, 32), fh_bytes_cstr("Client Key"));
    fh_hmac_sha256(out.server_key, fh_bytes(salted, 32), fh_bytes_cstr("Server Key"));
    const struct fh_bytes key = fh_bytes(client_key, 32);
    fh_sha256_parts(out.stored_key, &key, 1);
    return out;
}

static void ask(struct talk *talk, struct fh_pg_answer *answer)
{
    struct fh_pgcat_rows *rows = NULL;
    struct fh_err err;
    struct fh_pgcat_param params[FH_SQL_PARAMS_MAX] = {{.type = 0}};
    struct fh_buf texts[4];
    struct fh_bytes sql = fh_buf_view(&answer->sql);
    assert_true(answer->params.count <= FH_COUNT(texts));
    for (unsigned i = 0; i < answer->params.count; i++) {
        fh_buf_init(&texts[i], 256);
        params[i].type = answer->params.types[i];
        if (fh_pg_params_text(&answer->params, i, &texts[i])) {
            params[i].value = (struct fh_pgcat_value){fh_buf_cstr(&texts[i]), texts[i].size};
        }
    }
    int code =
        answer->columns_only
            ? fh_pgcat_describe(talk->catalogue,
                                &aviation_self,
                                sql,
                                answer->params.types,
                                answer->params.count,
                                &rows,
                                &err)
            : fh_pgcat_answer(
                  talk->catalogue, &aviation_self, sql, params, answer->params.count, &rows, &err);
    for (unsigned i = 0; i < answer->params.count; i++) {
        fh_buf_fini(&texts[i]);
    }
    talk->questions++;
    if (code == FH_OK) {
        fh_pg_answer_given(answer, rows);
        fh_pg_answer_make(answer, 512);
    } else {
        fh_pg_answer_fail(answer, &err);
    }
}

static void work(struct talk *talk)
{
    struct fh_pg_work *job = fh_pg_session_work(talk->session);
    switch (job->task) {
    case FH_PG_TASK_VERIFIER:
        job->verifier = verifier_of(password);
        break;
    case FH_PG_TASK_SIGN_IN:
        if (talk->refuses) {
            fh_err_rule(&job->err, FH_EDENIED, "token.revoked", "the token was revoked");
        }
        break;
    case FH_PG_TASK_ASK:
        ask(talk, job->answer);
        break;
    case FH_PG_TASK_MAKE:
        fh_pg_answer_make(job->answer, 512);
        break;
    case FH_PG_TASK_END:
        fh_pg_answer_end(job->answer);
        break;
    }
    fh_pg_session_worked(talk->session);
}

/* ---- what is told ---- */

/* The SQLSTATE of an error. */
static const char *state_of(const uint8_t *fields)
{
    const char *at = (const char *)fields;
    while (*at != 0 && *at != 'C') {
        at += strlen(at) + 1;
    }
    return *at == 0 ? "?" : at + 1;
}

static void tell(struct talk *talk, const uint8_t *message, size_t size)
{
    char letter = (char)message[0];
    const uint8_t *body = message + 5;
    fh_buf_printf(&talk->told, "%s%c", talk->told.size == 0 ? "" : " ", letter);
    switch (letter) {
    case 'E':
    case 'N':
        fh_buf_printf(&talk->told, ":%s", state_of(body));
        break;
    case 'C':
        fh_buf_printf(&talk->told, ":%s", (const char *)body);
        break;
    case 'Z':
        fh_buf_printf(&talk->told, ":%c", (char)body[0]);
        break;
    case 'R':
        fh_buf_printf(&talk->told, ":%u", fh_get_u32be(body));
        break;
    case 'S':
        fh_buf_printf(&talk->told,
                      ":%s=%s",
                      (const char *)body,
                      (const char *)body + strlen((const char *)body) + 1);
        break;
    case 'D':
        if (size > 11) { /* the first value, when it is short text */
            uint32_t length = fh_get_u32be(body + 2);
            if (length != UINT32_MAX && length < 24) {
                fh_buf_printf(&talk->told, ":%.*s", (int)length, (const char *)body + 6);
            }
        }
        break;
    default:
        break;
    }
}

static void take_out(struct talk *talk)
{
    struct fh_buf *out = fh_pg_session_out(talk->session);
    fh_buf_reset(&talk->said);
    fh_buf_add_bytes(&talk->said, fh_buf_view(out));
    for (size_t at = 0; at < out->size;) {
        size_t size = 1;
        if (out->size > 1) {
            size = 1 + (size_t)fh_get_u32be(out->data + at + 1);
            tell(talk, out->data + at, size);
        } else {
            fh_buf_printf(&talk->told, "%c", (char)out->data[0]); /* the answer to TLS */
        }
        at += size;
        assert_true(at <= out->size);
    }
    fh_buf_reset(out);
}

/* Gives the session what the client has written, `part` bytes at a time, and goes on until it wants
 * more; the last wish. */
static enum fh_pg_want go(struct talk *talk, size_t part)
{
    enum fh_pg_want want = FH_PG_WANT_INPUT;
    struct fh_err err;
    size_t at = 0;
    fh_buf_reset(&talk->told);
    do {
        size_t size = talk->in.size - at < part ? talk->in.size - at : part;
        assert_int_equal(
            fh_pg_session_input(talk->session, fh_bytes(talk->in.data + at, size), &err), FH_OK);
        at += size;
        while ((want = fh_pg_session_step(talk->session)) == FH_PG_WANT_WORK ||
               want == FH_PG_WANT_DRAIN) {
            if (want == FH_PG_WANT_WORK) {
                work(talk);
            } else {
                take_out(talk);
            }
        }
        if (part < talk->in.size || at == talk->in.size) {
            take_out(talk);
        }
    } while (at < talk->in.size && want == FH_PG_WANT_INPUT);
    fh_buf_reset(&talk->in);
    return want;
}

/* ---- beginnings ---- */

static void begin(struct talk *talk, bool tls_offered, bool tls_required)
{
    struct fh_pg_birth birth = {.database = "mesh",
                                .process = 7,
                                .key = {1, 2, 3, 4},
                                .nonce = "servernonce",
                                .tls_offered = tls_offered,
                                .tls_required = tls_required};
    struct fh_err err;
    *talk = (struct talk){.session = fh_pg_session_new(&birth)};
    assert_non_null(talk->session);
    fh_buf_init(&talk->in, 4 * 1024 * 1024);
    fh_buf_init(&talk->told, TOLD_BYTES);
    fh_buf_init(&talk->said, 4 * 1024 * 1024);
    assert_int_equal(fh_pgcat_new(&talk->catalogue, &aviation_mesh, &err), FH_OK);
}

static void end(struct talk *talk)
{
    fh_pg_session_free(talk->session);
    fh_pgcat_drop(talk->catalogue);
    fh_buf_fini(&talk->in);
    fh_buf_fini(&talk->told);
    fh_buf_fini(&talk->said);
}

static void put_mechanism(struct talk *talk, const char *mechanism, const char *first)
{
    struct fh_buf body FH_CLEANUP(fh_buf_fini);
    uint8_t size[4];
    fh_buf_init(&body, 1024);
    fh_buf_add(&body, mechanism, strlen(mechanism) + 1);
    fh_put_u32be(size, (uint32_t)strlen(first));
    fh_buf_add(&body, size, 4);
    fh_buf_add_cstr(&body, first);
    packet(&talk->in, 'p', fh_buf_view(&body));
}

/* The client's proof for what the server said first. */
static void put_proof(struct talk *talk, const char *text)
{
    char final[512];
    struct fh_buf auth FH_CLEANUP(fh_buf_fini);
    struct fh_buf proof FH_CLEANUP(fh_buf_fini);
    struct fh_scram_verifier verifier = verifier_of(text);
    uint8_t salted[32];
    uint8_t key[32];
    uint8_t signature[32];
    snprintf(final, sizeof final, "c=biws,r=clientnonceservernonce");
    fh_buf_init(&auth, 1024);
    fh_buf_init(&proof, 64);
    fh_buf_printf(&auth,
                  "n=,r=clientnonce,%.*s,%s",
                  (int)(talk->said.size - 9),
                  (const char *)talk->said.data + 9,
                  final);
    fh_pbkdf2_sha256(salted, fh_bytes_cstr(text), fh_bytes(verifier.salt, sizeof verifier.salt), 1);
    fh_hmac_sha256(key, fh_bytes(salted, 32), fh_bytes_cstr("Client Key"));
    fh_hmac_sha256(signature, fh_bytes(verifier.stored_key, 32), fh_buf_view(&auth));
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] ^= signature[i];
    }
    fh_base64_add(&proof, fh_bytes(key, sizeof key));
    size_t size = strlen(final);
    snprintf(final + size, sizeof final - size, ",p=%s", fh_buf_cstr(&proof));
    packet(&talk->in, 'p', fh_bytes_cstr(final));
}

static void sign_in(struct talk *talk)
{
    static const char *const pairs[] = {"user", "fht1abc", "database", "mesh", NULL};
    packet_startup(&talk->in, 0, pairs);
    assert_int_equal(go(talk, SIZE_MAX), FH_PG_WANT_INPUT);
    assert_string_equal(fh_buf_cstr(&talk->told), "R:10");
    put_mechanism(talk, "SCRAM-SHA-256", "n,,n=,r=clientnonce");
    assert_int_equal(go(talk, SIZE_MAX), FH_PG_WANT_INPUT);
    assert_string_equal(fh_buf_cstr(&talk->told), "R:11");
    put_proof(talk, password);
    assert_int_equal(go(talk, SIZE_MAX), FH_PG_WANT_INPUT);
    const char *told = fh_buf_cstr(&talk->told);
    assert_int_equal(strncmp(told, "R:12 R:0 S:", 11), 0);
    assert_non_null(strstr(told, "S:server_version=15.0"));
    assert_non_null(strstr(told, "S:client_encoding=UTF8"));
    assert_non_null(strstr(told, "S:integer_datetimes=on"));
    assert_non_null(strstr(told, "S:standard_conforming_strings=on"));
    assert_string_equal(told + strlen(told) - 5, "K Z:I");
    assert_true(fh_pg_session_is_ready(talk->session));
}

/* ---- signing in ---- */

static void test_wrong_passwords(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        static const char *const pairs[] = {"user", "fht1abc", NULL};
        struct talk talk;
        begin(&talk, false, false);
        talk.refuses = i == 1;
        packet_startup(&talk.in, 0, pairs);
        assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
        put_mechanism(&talk, "SCRAM-SHA-256", "n,,n=,r=clientnonce");
        assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
        put_proof(&talk, i == 0 ? "pencils" : password);
        assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_END);
        assert_string_equal(fh_buf_cstr(&talk.told), "E:28P01");
        end(&talk);
    }
}

static void test_bad_beginnings(void **state)
{
    (void)state;
    static const char *const no_user[] = {"database", "mesh", NULL};
    static const char *const replication[] = {"user", "a", "replication", "true", NULL};
    static const char *const encoding[] = {"user", "a", "client_encoding", "LATIN1", NULL};
    static const char *const option[] = {"user", "a", "options", "-c nothing=1", NULL};
    static const char *const switches[] = {"user", "a", "options", "-d", NULL};
    static const char *const broken[] = {"user", "a", "application_name", "\xff", NULL};
    static const struct {
        const char *const *pairs;
        const char *told;
    } rows[] = {
        {no_user, "E:28000"},
        {replication, "E:0A000"},
        {encoding, "E:22023"},
        {option, "E:42704"},
        {switches, "E:42601"},
        {broken, "E:08P01"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct talk talk;
        begin(&talk, false, false);
        packet_startup(&talk.in, 0, rows[i].pairs);
        assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_END);
        assert_string_equal(fh_buf_cstr(&talk.told), rows[i].told);
        end(&talk);
    }
    static const struct {
        const char *bytes;
        size_t size;
        const char *told;
    } packets[] = {
        {"\0\2\0\0", 4, "E:0A000"}, /* protocol 2 */
        {"\0\4\0\0xyz", 7, "E:0A000"},
        {"\0\3\0\0user", 8, "E:08P01"},
        {"\4\xd2\x16\x2ex", 5, "E:08P01"}, /* a cancel without a key */
    };
    for (size_t i = 0; i < FH_COUNT(packets); i++) {
        struct talk talk;
        begin(&talk, false, false);
        packet(&talk.in, 0, fh_bytes(packets[i].bytes, packets[i].size));
        assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_END);
        assert_string_equal(fh_buf_cstr(&talk.told), packets[i].told);
        end(&talk);
    }
}

static void test_tls(void **state)
{
    (void)state;
    static const uint8_t tls[] = {4, 210, 22, 47};
    static const char *const pairs[] = {"user", "fht1abc", NULL};
    struct talk talk;
    begin(&talk, false, false);
    packet(&talk.in, 0, fh_bytes(tls, sizeof tls));
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    assert_string_equal(fh_buf_cstr(&talk.told), "N");
    end(&talk);
    begin(&talk, true, true);
    packet_startup(&talk.in, 0, pairs);
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_END); /* without TLS */
    assert_string_equal(fh_buf_cstr(&talk.told), "E:28000");
    end(&talk);
    begin(&talk, true, true);
    packet(&talk.in, 0, fh_bytes(tls, sizeof tls));
    packet_startup(&talk.in, 0, pairs); /* smuggled in front of TLS */
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_END);
    assert_string_equal(fh_buf_cstr(&talk.told), "E:08P01");
    end(&talk);
    begin(&talk, true, true);
    packet(&talk.in, 0, fh_bytes(tls, sizeof tls));
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_TLS);
    assert_string_equal(fh_buf_cstr(&talk.told), "S");
    fh_pg_session_tls(talk.session, fh_bytes("0123456789abcdef0123456789abcdef", 32));
    packet_startup(&talk.in, 0, pairs);
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    assert_string_equal((const char *)talk.said.data + 9, "SCRAM-SHA-256-PLUS");
    end(&talk);
}

static void test_protocols(void **state)
{
    (void)state;
    static const char *const pairs[] = {"user", "fht1abc", "_pq_.new", "1", NULL};
    static const struct {
        unsigned minor;
        const char *told;
        uint32_t spoken;
    } rows[] = {{0, "v R:10", 0}, {1, "v R:10", 0}, {2, "v R:10", 2}, {9999, "v R:10", 2}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct talk talk;
        begin(&talk, false, false);
        packet_startup(&talk.in, rows[i].minor, pairs);
        assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
        assert_string_equal(fh_buf_cstr(&talk.told), rows[i].told);
        assert_int_equal(fh_get_u32be(talk.said.data + 5), (uint32_t)3 << 16 | rows[i].spoken);
        end(&talk);
    }
}

static void test_cancel(void **state)
{
    (void)state;
    static const uint8_t request[] = {4, 210, 22, 46, 0, 0, 0, 7, 1, 2, 3, 4};
    struct talk talk;
    struct talk other;
    uint32_t process = 0;
    struct fh_bytes secret;
    begin(&talk, false, false);
    sign_in(&talk);
    begin(&other, false, false);
    packet(&other.in, 0, fh_bytes(request, sizeof request));
    assert_int_equal(go(&other, SIZE_MAX), FH_PG_WANT_CANCEL);
    fh_pg_session_cancel(other.session, &process, &secret);
    assert_int_equal(process, 7);
    assert_true(fh_pg_session_key_is(talk.session, secret));
    assert_false(fh_pg_session_key_is(talk.session, fh_bytes("\1\2\3\5", 4)));
    assert_false(fh_pg_session_key_is(talk.session, fh_bytes("\1\2\3", 3)));
    assert_false(fh_pg_session_key_is(other.session, secret)); /* it has not signed in */
    end(&other);
    end(&talk);
}

/* ---- simple queries ---- */

static const struct {
    const char *sql;
    const char *told;
} conversation[] = {
    {"", "I Z:I"},
    {" ; -- nothing\n", "I Z:I"},
    {"SELECT 1", "T D:1 C:SELECT 1 Z:I"},
    {"SELECT 1; SELECT 2", "T D:1 C:SELECT 1 T D:2 C:SELECT 1 Z:I"},
    {"SELECT 1; SELECT nope(); SELECT 2", "T D:1 C:SELECT 1 E:42883 Z:I"},
    {"SELECT FROM WHERE", "E:42601 Z:I"},
    {"SELECT '\xff'", "E:22021 Z:I"},
    {"SHOW client_encoding", "T D:UTF8 C:SHOW Z:I"},
    {"SHOW nothing", "E:42704 Z:I"},
    {"SET application_name = 'x'", "S:application_name=x C:SET Z:I"},
    {"SET client_encoding = 'LATIN1'", "E:22023 Z:I"},
    {"SET freehold.purpose = 'fraud'; SHOW freehold.purpose", "C:SET T D:fraud C:SHOW Z:I"},
    {"RESET application_name", "S:application_name= C:RESET Z:I"},
    {"INSERT INTO t VALUES (1)", "E:25006 Z:I"},
    {"DROP TABLE t", "E:25006 Z:I"},
    {"COPY t FROM STDIN", "E:25006 Z:I"},
    {"VACUUM", "E:0A000 Z:I"},
    {"EXPLAIN SELECT 1", "T D C:EXPLAIN Z:I"},
    {"COPY (SELECT 1, NULL) TO STDOUT", "H d c C:COPY 1 Z:I"},
    {"COPY (SELECT nope()) TO STDOUT", "E:42883 Z:I"},
    {"COMMIT", "N:25P01 C:COMMIT Z:I"},
    {"SAVEPOINT a", "E:25P01 Z:I"},
    {"DECLARE c CURSOR FOR SELECT 1", "E:25P01 Z:I"},
    {"FETCH 1 FROM c", "E:34000 Z:I"},
    {"BEGIN", "C:BEGIN Z:T"},
    {"BEGIN", "N:25001 C:BEGIN Z:T"},
    {"SAVEPOINT a", "C:SAVEPOINT Z:T"},
    {"SELECT nope()", "E:42883 Z:E"},
    {"SELECT 1", "E:25P02 Z:E"},
    {"ROLLBACK TO b", "E:3B001 Z:E"},
    {"ROLLBACK TO a", "C:ROLLBACK Z:T"},
    {"SELECT 1", "T D:1 C:SELECT 1 Z:T"},
    {"RELEASE a", "C:RELEASE Z:T"},
    {"RELEASE a", "E:3B001 Z:E"},
    {"COMMIT", "C:ROLLBACK Z:I"},
    {"BEGIN; SET application_name = 'y'; ROLLBACK",
     "C:BEGIN S:application_name=y C:SET S:application_name= C:ROLLBACK Z:I"},
    {"BEGIN; DECLARE c CURSOR FOR SELECT oid FROM pg_type WHERE oid IN (16, 17, 20) ORDER BY oid",
     "C:BEGIN C:DECLARE CURSOR Z:T"},
    {"FETCH 2 FROM c", "T D:16 D:17 C:FETCH 2 Z:T"},
    {"MOVE 0 FROM c", "C:MOVE 0 Z:T"},
    {"FETCH ALL FROM c", "T D:20 C:FETCH 1 Z:T"},
    {"FETCH 1 FROM c", "T C:FETCH 0 Z:T"},
    {"MOVE BACKWARD ALL IN c", "C:MOVE 0 Z:T"},
    {"MOVE 1 IN c; FETCH c", "C:MOVE 1 T D:17 C:FETCH 1 Z:T"},
    {"FETCH BACKWARD 1 FROM c", "E:55000 Z:E"},
    {"ROLLBACK; FETCH c", "C:ROLLBACK E:34000 Z:I"},
    {"DECLARE h CURSOR WITH HOLD FOR SELECT 1; BEGIN; COMMIT; FETCH h; CLOSE h; CLOSE h",
     "C:DECLARE CURSOR C:BEGIN C:COMMIT T D:1 C:FETCH 1 C:CLOSE CURSOR E:34000 Z:I"},
    {"SET application_name = 'x'; DISCARD ALL",
     "S:application_name=x C:SET S:application_name= C:DISCARD ALL Z:I"},
    {"DEALLOCATE nothing", "E:26000 Z:I"},
};

static void test_simple(void **state)
{
    (void)state;
    static const size_t parts[] = {SIZE_MAX, 1, 7};
    for (size_t p = 0; p < FH_COUNT(parts); p++) {
        struct talk talk;
        begin(&talk, false, false);
        sign_in(&talk);
        for (size_t i = 0; i < FH_COUNT(conversation); i++) {
            packet_query(&talk.in, conversation[i].sql);
            assert_int_equal(go(&talk, parts[p]), FH_PG_WANT_INPUT);
            assert_string_equal(fh_buf_cstr(&talk.told), conversation[i].told);
        }
        assert_true(fh_pg_session_is_idle(talk.session));
        end(&talk);
    }
}

/* ---- the extended protocol ---- */

static void expect(struct talk *talk, const char *told)
{
    packet(&talk->in, 'S', FH_BYTES_NONE);
    assert_int_equal(go(talk, SIZE_MAX), FH_PG_WANT_INPUT);
    assert_string_equal(fh_buf_cstr(&talk->told), told);
}

static void test_extended(void **state)
{
    (void)state;
    struct talk talk;
    begin(&talk, false, false);
    sign_in(&talk);
    packet_parse(&talk.in, "", "SELECT 1", 0);
    packet_bind(&talk.in, "", "", NULL, 0);
    packet_target(&talk.in, 'D', 'P', "");
    packet_execute(&talk.in, "", 0);
    expect(&talk, "1 2 T D:1 C:SELECT 1 Z:I");
    packet_parse(&talk.in, "s", "SELECT oid FROM pg_type WHERE typname = $1", 0);
    packet_target(&talk.in, 'D', 'S', "s");
    expect(&talk, "1 t T Z:I");
    unsigned asked = talk.questions;
    packet_target(&talk.in, 'D', 'S', "s"); /* is known now */
    expect(&talk, "t T Z:I");
    assert_int_equal(talk.questions, asked);
    packet_bind(&talk.in, "", "s", "bool", 0);
    packet_execute(&talk.in, "", 0);
    packet_bind(&talk.in, "", "s", "int8", 0);
    packet_execute(&talk.in, "", 0);
    expect(&talk, "2 D:16 C:SELECT 1 2 D:20 C:SELECT 1 Z:I");
    packet_bind(&talk.in, "", "s", "bool", 1); /* in binary: four bytes */
    packet_execute(&talk.in, "", 0);
    packet(&talk.in, 'S', FH_BYTES_NONE);
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    static const uint8_t row[] = {'D', 0, 0, 0, 14, 0, 1, 0, 0, 0, 4, 0, 0, 0, 16};
    assert_memory_equal(talk.said.data + 5, row, sizeof row);
    packet_target(&talk.in, 'C', 'S', "s");
    packet_bind(&talk.in, "", "s", "bool", 0);
    expect(&talk, "3 E:26000 Z:I");
    packet_parse(&talk.in, "", "", 0);
    packet_bind(&talk.in, "", "", NULL, 0);
    packet_target(&talk.in, 'D', 'P', "");
    packet_execute(&talk.in, "", 0);
    expect(&talk, "1 2 n I Z:I");
    packet_parse(&talk.in, "", "SHOW server_encoding", 0);
    packet_target(&talk.in, 'D', 'S', "");
    packet_bind(&talk.in, "", "", NULL, 0);
    packet_target(&talk.in, 'D', 'P', "");
    packet_execute(&talk.in, "", 0);
    expect(&talk, "1 t T 2 T D:UTF8 C:SHOW Z:I");
    packet_parse(&talk.in, "", "SHOW ALL", 0);
    packet_target(&talk.in, 'D', 'S', "");
    packet_bind(&talk.in, "", "", NULL, 0);
    packet_target(&talk.in, 'D', 'P', "");
    packet_execute(&talk.in, "", 0);
    packet(&talk.in, 'S', FH_BYTES_NONE);
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    static const char described[] = "1 t T 2 T D:application_name D:";
    assert_int_equal(strncmp(fh_buf_cstr(&talk.told), described, strlen(described)), 0);
    end(&talk);
}

static void test_fetch_size(void **state)
{
    (void)state;
    struct talk talk;
    begin(&talk, false, false);
    sign_in(&talk);
    packet_query(&talk.in, "BEGIN");
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    packet_parse(&talk.in, "", "SELECT oid FROM pg_type WHERE oid IN (16, 17, 20) ORDER BY oid", 0);
    packet_bind(&talk.in, "p", "", NULL, 0);
    packet_execute(&talk.in, "p", 2);
    expect(&talk, "1 2 D:16 D:17 s Z:T");
    packet_execute(&talk.in, "p", 2);
    expect(&talk, "D:20 C:SELECT 1 Z:T");
    packet_execute(&talk.in, "p", 2);
    expect(&talk, "C:SELECT 0 Z:T");
    packet_bind(&talk.in, "p", "", NULL, 0);
    expect(&talk, "E:42P03 Z:E");
    packet_query(&talk.in, "ROLLBACK");
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    packet_execute(&talk.in, "p", 2);
    expect(&talk, "E:34000 Z:I");
    /* Outside of a transaction a portal ends with its Sync. */
    packet_parse(&talk.in, "", "SELECT oid FROM pg_type", 0);
    packet_bind(&talk.in, "p", "", NULL, 0);
    packet_execute(&talk.in, "p", 1);
    packet(&talk.in, 'S', FH_BYTES_NONE);
    packet_execute(&talk.in, "p", 1);
    packet(&talk.in, 'S', FH_BYTES_NONE);
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    const char *told = fh_buf_cstr(&talk.told);
    assert_int_equal(strncmp(told, "1 2 D:", 6), 0);
    assert_string_equal(strstr(told, " s Z:I"), " s Z:I E:34000 Z:I");
    end(&talk);
}

/* An error skips everything to Sync, whatever it is. */
static void test_errors_skip(void **state)
{
    (void)state;
    struct talk talk;
    begin(&talk, false, false);
    sign_in(&talk);
    packet_parse(&talk.in, "", "SELECT nope()", 0);
    packet_bind(&talk.in, "", "", NULL, 0);
    packet_execute(&talk.in, "", 0);
    packet_parse(&talk.in, "", "SELECT 1", 0);
    packet_query(&talk.in, "SELECT 1");
    expect(&talk, "1 2 E:42883 Z:I");
    packet_parse(&talk.in, "", "SELECT 1; SELECT 2", 0);
    expect(&talk, "E:42601 Z:I");
    packet_parse(&talk.in, "", "SELECT $1", 0);
    packet_bind(&talk.in, "", "", NULL, 0);
    expect(&talk, "1 E:08P01 Z:I"); /* a value is missing */
    packet_parse(&talk.in, "", "SELECT $1", 23);
    packet_bind(&talk.in, "", "", "x", 0);
    expect(&talk, "1 E:22P02 Z:I");
    packet_parse(&talk.in, "", "SELECT 1", 0);
    packet_bind(&talk.in, "", "", NULL, 9);
    packet_execute(&talk.in, "", 0);
    expect(&talk, "1 2 E:22023 Z:I");
    packet_execute(&talk.in, "nothing", 0);
    expect(&talk, "E:34000 Z:I");
    packet_target(&talk.in, 'D', 'S', "nothing");
    expect(&talk, "E:26000 Z:I");
    packet_target(&talk.in, 'C', 'P', "nothing");
    expect(&talk, "3 Z:I");
    end(&talk);
}

static void test_limits(void **state)
{
    (void)state;
    struct talk talk;
    char name[32];
    begin(&talk, false, false);
    sign_in(&talk);
    packet_query(&talk.in, "BEGIN");
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    for (int i = 0; i < FH_PG_STATEMENTS_MAX; i++) {
        snprintf(name, sizeof name, "s%d", i);
        packet_parse(&talk.in, name, "SELECT 1", 0);
    }
    for (int i = 0; i < FH_PG_PORTALS_MAX; i++) {
        snprintf(name, sizeof name, "p%d", i);
        packet_bind(&talk.in, name, "s0", NULL, 0);
    }
    packet(&talk.in, 'S', FH_BYTES_NONE);
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    assert_null(strstr(fh_buf_cstr(&talk.told), "E:"));
    packet_bind(&talk.in, "more", "s0", NULL, 0);
    expect(&talk, "E:54000 Z:E");
    packet_query(&talk.in, "ROLLBACK");
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    packet_parse(&talk.in, "more", "SELECT 1", 0);
    expect(&talk, "E:54000 Z:I");
    end(&talk);
}

/* Rows of system tables that nobody fetches. */
static void test_held_rows(void **state)
{
    (void)state;
    static const char many[] =
        "DECLARE %s CURSOR WITH HOLD FOR SELECT a.*, b.attname FROM pg_attribute a, pg_attribute b "
        "LIMIT %d";
    char sql[256];
    struct talk talk;
    int refused = 0;
    int opened = 0;
    begin(&talk, false, false);
    sign_in(&talk);
    for (int i = 0; i < FH_PG_PORTALS_MAX && refused == 0; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        snprintf(sql, sizeof sql, many, name, FH_PG_HELD_BYTES_MAX / 4 / 30 / 16);
        packet_query(&talk.in, sql);
        snprintf(sql, sizeof sql, "FETCH 1 FROM %s", name);
        packet_query(&talk.in, sql);
        assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
        refused = strstr(fh_buf_cstr(&talk.told), "E:54000") != NULL;
        opened += !refused;
        fh_buf_reset(&talk.told);
    }
    assert_true(refused);
    assert_in_range(opened, 1, 4);
    static const char *const still[] = {
        "SELECT 1",         /* what is small */
        "FETCH 2 FROM c0",  /* what was there before */
        "MOVE ALL FROM c0", /* rows that were made are held no more */
    };
    for (size_t i = 0; i < FH_COUNT(still); i++) {
        packet_query(&talk.in, still[i]);
        assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
        assert_null(strstr(fh_buf_cstr(&talk.told), "E:"));
        fh_buf_reset(&talk.told);
    }
    snprintf(sql, sizeof sql, many, "again", FH_PG_HELD_BYTES_MAX / 4 / 30 / 16);
    packet_query(&talk.in, sql);
    packet_query(&talk.in, "FETCH 1 FROM again");
    assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_INPUT);
    assert_null(strstr(fh_buf_cstr(&talk.told), "E:"));
    end(&talk);
}

/* What breaks the protocol ends the connection with its own error. */
static void test_broken(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {
        {"q\0\0\0\4", 5},
        {"Q\xff\xff\xff\xff", 5},
        {"Q\0\0\0\5x", 6},
        {"B\0\0\0\4", 5},
        {"p\0\0\0\4", 5},
        {"S\0\0\0\5x", 6},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct talk talk;
        begin(&talk, false, false);
        sign_in(&talk);
        fh_buf_add(&talk.in, rows[i].bytes, rows[i].size);
        assert_int_equal(go(&talk, SIZE_MAX), FH_PG_WANT_END);
        assert_string_equal(fh_buf_cstr(&talk.told), "E:08P01");
        end(&talk);
    }
}

/* Much is made only while little waits. */
static void test_slow_reader(void **state)
{
    (void)state;
    struct talk talk;
    struct fh_err err;
    if (FH_PGCAT_ROWS_MAX < 10000) {
        skip(); /* the catalogue has not so much to say */
    }
    begin(&talk, false, false);
    sign_in(&talk);
    packet_query(&talk.in, "SELECT a.typname, b.* FROM pg_type a, pg_type b");
    assert_int_equal(fh_pg_session_input(talk.session, fh_buf_view(&talk.in), &err), FH_OK);
    enum fh_pg_want want;
    while ((want = fh_pg_session_step(talk.session)) == FH_PG_WANT_WORK) {
        work(&talk);
    }
    assert_int_equal(want, FH_PG_WANT_DRAIN);
    size_t size = fh_pg_session_out(talk.session)->size;
    assert_true(size >= FH_PG_OUT_BYTES_MAX && size < FH_PG_OUT_BYTES_MAX + 64 * 1024);
    assert_int_equal(fh_pg_session_step(talk.session), FH_PG_WANT_DRAIN);
    end(&talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_passwords),
        cmocka_unit_test(test_bad_beginnings),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_protocols),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_simple),
        cmocka_unit_test(test_extended),
        cmocka_unit_test(test_fetch_size),
        cmocka_unit_test(test_errors_skip),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_held_rows),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_slow_reader),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
