/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked over the admin socket and carries signed records stands in the audit log when the
 * answer comes: each record, however many; nothing of a dry run, or of a question that carries
 * none. And no message decides something that nobody keeps: each stands in the table, and those of
 * the socket that decide are asked here. */
#include "node/recording.h"

#include "common/file.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/recorded.h"
#include "proto/governance/audit_chain.h"
#include "proto/session/messages_access.h"
#include "proto/session/messages_names.h"
#include "proto/session/messages_token.h"
#include "tests/lib/home.h"
#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { RECORDS = 40, WAIT_MS = 20000, LOG_BYTES = 16 * 1024 * 1024 };

struct world {
    struct test_scratch scratch;
    struct fh_home home;
    struct fh_keystore *keys;
    struct fh_mesh_id mesh;
    struct test_domain domain;
    struct test_record records[RECORDS];
    struct fh_loop *loop;
    struct fh_audit *audit;
    struct fh_directory *dir;
    struct fh_recording *recording;
    struct fh_admin *admin;
    bool refuses; /* whoever answers */
    int client;
};

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

static void on_question(struct fh_admin_question *question, void *user)
{
    const struct world *w = user;
    struct fh_err err;
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, 64);
    must(fh_recording_question(w->recording, question, &err), &err);
    fh_msg_ok(&out, 0);
    fh_err_rule(&err, FH_EDENIED, "test.refused", "not today");
    fh_admin_conclude(question, w->refuses ? FH_EDENIED : FH_OK, &out, &err);
}

static int connect_to(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(strlen(path) < sizeof name.sun_path);
    memcpy(name.sun_path, path, strlen(path));
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

static int setup(void **state)
{
    static const uint8_t node_seed[FH_SEED_BYTES] = {1};
    static const uint8_t agree_seed[FH_SEED_BYTES] = {2};
    struct world *w = calloc(1, sizeof *w);
    struct fh_err err;
    char path[FH_HOME_PATH_BYTES];
    w->scratch = test_scratch_make();
    test_home_make(&w->home, &w->scratch);
    test_home_key(&w->home, "node", FH_KEY_NODE, node_seed, NULL);
    test_home_key(&w->home, "node_agree", FH_KEY_NODE_AGREE, agree_seed, NULL);
    must(fh_keystore_open(&w->keys, &w->home, &err), &err);
    w->domain = test_domain_of(1);
    (void)test_charter_1(&w->domain, &w->mesh);
    for (unsigned i = 0; i < RECORDS; i++) {
        w->records[i] = test_invitation(&w->domain, i, "guest", &w->mesh);
    }
    w->dir = fh_directory_new(&w->mesh, &fh_verifier_plain);
    assert_non_null(w->dir);
    const struct fh_audit_file_options audit = {
        .home = &w->home, .keys = w->keys, .mesh = w->mesh, .domain = w->domain.id};
    must(fh_audit_open(&w->audit, &audit, &err), &err);
    must(fh_loop_new(&w->loop, &err), &err);
    const struct fh_recording_options recording = {
        .loop = w->loop, .audit = w->audit, .dir = w->dir, .mesh = w->mesh, .domain = w->domain.id};
    must(fh_recording_new(&w->recording, &recording, &err), &err);
    fh_home_path(path, &w->home, FH_HOME_SOCKET);
    must(fh_admin_open(&w->admin, w->loop, path, on_question, w, &err), &err);
    w->client = connect_to(path);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    close(w->client);
    fh_admin_quiesce(w->admin);
    fh_admin_close(w->admin);
    assert_true(fh_recording_drained(w->recording));
    fh_recording_free(w->recording);
    fh_loop_free(w->loop);
    fh_audit_close(w->audit);
    fh_directory_free(w->dir);
    fh_keystore_close(w->keys);
    test_scratch_remove(&w->scratch);
    free(w);
    return 0;
}

/* Sends the question and gives the code of its answer. */
static int ask(struct world *w, const struct fh_buf *question)
{
    uint8_t head[4];
    uint8_t bytes[512];
    size_t got = 0;
    struct fh_pack_reader reader;
    struct fh_err err;
    int64_t until_ms = fh_clock_mono_ms() + WAIT_MS;
    assert_int_equal(fh_buf_ok(question), FH_OK);
    fh_put_u32be(head, (uint32_t)question->size);
    assert_int_equal(send(w->client, head, sizeof head, 0), sizeof head);
    assert_int_equal(send(w->client, question->data, question->size, 0), question->size);
    while (got < sizeof head || got < sizeof head + fh_get_u32be(bytes)) {
        assert_true(fh_clock_mono_ms() < until_ms);
        fh_loop_run_once(w->loop, 50);
        ssize_t n = recv(w->client, bytes + got, sizeof bytes - got, MSG_DONTWAIT);
        assert_true(n != 0);
        got += n > 0 ? (size_t)n : 0;
    }
    return fh_msg_answer(
        &reader, fh_bytes(bytes + sizeof head, got - sizeof head), sizeof bytes, &err);
}

static int govern(struct world *w, unsigned count, bool dry_run)
{
    struct fh_buf question FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&question, 64 * 1024);
    fh_msg_govern_begin(&question);
    fh_pack_array(&question, count);
    for (unsigned i = 0; i < count; i++) {
        fh_pack_bin(&question, test_bytes(&w->records[i]));
    }
    fh_pack_bool(&question, dry_run);
    return ask(w, &question);
}

/* Looks at each governed record of the log as it is on disk; how many there are. */
static unsigned
each_governed(struct world *w,
              void (*look)(void *user, unsigned index, const struct fh_audit_governed *governed),
              void *user)
{
    char path[FH_HOME_PATH_BYTES];
    static const struct fh_audit_position nowhere;
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_audit_cursor cursor;
    struct fh_err err;
    unsigned count = 0;
    bool end = false;
    fh_buf_init(&bytes, LOG_BYTES);
    must(fh_file_read(fh_home_path(path, &w->home, FH_HOME_AUDIT_LOG), &bytes, &err), &err);
    fh_audit_cursor_init(&cursor, fh_buf_view(&bytes), &nowhere);
    while (!end) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_AUDIT_ARENA_BYTES_MAX);
        struct fh_audit_record record;
        must(fh_audit_next(&cursor, arena, &record, &end, &err), &err);
        if (!end && record.kind == FH_AUDIT_GOVERNED) {
            look(user, count++, &record.detail.governed);
        }
    }
    return count;
}

struct wanted {
    struct world *world;
    unsigned count;
    unsigned code;
};

static void look_for(void *user, unsigned index, const struct fh_audit_governed *governed)
{
    const struct wanted *wanted = user;
    struct world *w = wanted->world;
    struct fh_record asked;
    struct fh_err err;
    assert_true(index < wanted->count);
    must(fh_record_parse(&asked, test_bytes(&w->records[index]), &w->mesh, &err), &err);
    assert_memory_equal(governed->record.b, asked.id.b, FH_ID_BYTES);
    assert_string_equal(governed->what, fh_record_type_text(FH_RECORD_INVITATION));
    assert_int_equal(governed->code, wanted->code);
    assert_string_equal(governed->rule, wanted->code == FH_OK ? "" : "test.refused");
}

/* What was decided: the first records of the world, each with the code. */
static void check_log(struct world *w, unsigned expected, unsigned code)
{
    struct wanted wanted = {.world = w, .count = expected, .code = code};
    assert_int_equal(each_governed(w, look_for, &wanted), expected);
}

static void test_all_of_many(void **state)
{
    struct world *w = *state;
    assert_int_equal(govern(w, RECORDS, false), FH_OK);
    check_log(w, RECORDS, FH_OK);
}

static void test_refused(void **state)
{
    struct world *w = *state;
    w->refuses = true;
    assert_int_equal(govern(w, RECORDS, false), FH_EDENIED);
    check_log(w, RECORDS, FH_EDENIED);
}

static void test_nothing_decided(void **state)
{
    struct world *w = *state;
    assert_int_equal(govern(w, RECORDS, true), FH_OK);
    assert_int_equal(govern(w, 0, false), FH_OK);
    check_log(w, 0, FH_OK);
    assert_int_equal(govern(w, 1, false), FH_OK);
    check_log(w, 1, FH_OK);
}

/* ---- every message ---- */

static const unsigned codes[] = {
#define X(name, code) FH_MSG_##name,
    FH_MESSAGES(X)
#undef X
};

enum { SESSION_CODES_MAX = 63 };

static void test_listed(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(codes); i++) {
        enum fh_recorded how = fh_recorded_how(codes[i]);
        bool session = codes[i] <= SESSION_CODES_MAX;
        if (how == FH_RECORDED_UNLISTED || how >= FH_RECORDED_COUNT) {
            fail_msg("nobody says whether message %s decides", fh_msg_text(codes[i]));
        }
        /* whoever is no owner may be denied anything; only sessions have streams and carry others
         */
        if (session ? how == FH_RECORDED_NOTHING
                    : how != FH_RECORDED_NOTHING && how != FH_RECORDED_REFUSAL &&
                          how != FH_RECORDED_DECISION) {
            fail_msg("message %s is not recorded so", fh_msg_text(codes[i]));
        }
    }
    assert_int_equal(fh_recorded_how(0), FH_RECORDED_UNLISTED);
    assert_int_equal(fh_recorded_how(255), FH_RECORDED_UNLISTED);
    assert_int_equal(fh_recorded_how(UINT32_MAX), FH_RECORDED_UNLISTED);
    assert_true(fh_recorded_reads(FH_MSG_QUERY) && fh_recorded_reads(FH_MSG_CAN));
    assert_false(fh_recorded_reads(FH_MSG_PUBLISH) || fh_recorded_reads(FH_MSG_ADMIN_TOKEN));
}

struct last {
    char *what; /* 64 bytes */
    unsigned *code;
};

static void keep_last(void *user, unsigned index, const struct fh_audit_governed *governed)
{
    const struct last *last = user;
    (void)index;
    snprintf(last->what, 64, "%s", governed->what);
    *last->code = governed->code;
}

/* The governed records of the log, and the last of them. */
static unsigned governed_count(struct world *w, char what[64], unsigned *out_code)
{
    struct last last = {.what = what, .code = out_code};
    return each_governed(w, keep_last, &last);
}

/* A question of this message that decides something, as it is written for the socket. */
static void decide(struct fh_buf *out, unsigned code, const struct world *w)
{
    if (code == FH_MSG_ADMIN_NAME) {
        const struct fh_msg_name said = {
            .what = FH_MSG_NAME_CALL, .name = "them", .domain = "shop"};
        fh_msg_name_request(out, &said);
        return;
    }
    fh_pack_array(out, 3);
    fh_pack_uint(out, code);
    fh_pack_array(out, 1);
    fh_pack_bin(out, test_bytes(&w->records[0]));
    fh_pack_bool(out, false);
}

static void test_each_decision(void **state)
{
    struct world *w = *state;
    unsigned expected = 0;
    unsigned code = 0;
    char what[64] = "";
    for (size_t i = 0; i < FH_COUNT(codes); i++) {
        struct fh_buf question FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&question, 64 * 1024);
        if (codes[i] <= SESSION_CODES_MAX || fh_recorded_how(codes[i]) != FH_RECORDED_DECISION) {
            continue;
        }
        decide(&question, codes[i], w);
        w->refuses = false;
        (void)ask(w, &question);
        expected++;
        if (governed_count(w, what, &code) != expected) {
            fail_msg("message %s leaves no record", fh_msg_text(codes[i]));
        }
        w->refuses = true;
        assert_int_equal(ask(w, &question), FH_EDENIED);
        expected++;
        assert_int_equal(governed_count(w, what, &code), expected);
        assert_int_equal(code, FH_EDENIED);
        assert_string_equal(what, codes[i] == FH_MSG_ADMIN_NAME ? "name" : "invitation");
    }
    assert_true(expected >= 12);
}

/* What the door asks of a token that nobody knows: a refusal, soon. */
static void test_token_unknown(void **state)
{
    struct world *w = *state;
    static const struct fh_token_id id;
    struct fh_buf question FH_CLEANUP(fh_buf_fini);
    unsigned code = 0;
    char what[64] = "";
    int64_t until_ms = fh_clock_mono_ms() + WAIT_MS;
    fh_buf_init(&question, 64);
    fh_msg_token_named(&question, &id);
    assert_int_equal(ask(w, &question), FH_OK);
    w->refuses = true;
    assert_int_equal(ask(w, &question), FH_EDENIED);
    while (governed_count(w, what, &code) == 0) {
        assert_true(fh_clock_mono_ms() < until_ms);
        usleep(1000);
    }
    assert_string_equal(what, fh_msg_text(FH_MSG_ADMIN_TOKEN));
    assert_int_equal(code, FH_EDENIED);
}

/* What is refused where it comes in, and what another node brings. */
static void test_nobody_waits(void **state)
{
    struct world *w = *state;
    const struct fh_speaker speaker = {.domain = {{7}}, .key = {{8}}};
    const struct fh_node_id from = {{9}};
    struct fh_record record;
    struct fh_err err;
    unsigned code = 0;
    char what[64] = "";
    int64_t until_ms = fh_clock_mono_ms() + WAIT_MS;
    fh_recording_refused(NULL, &speaker, FH_MSG_OWN, &err);
    fh_err_rule(&err, FH_EDENIED, "own.role", "not you");
    fh_recording_refused(w->recording, &speaker, FH_MSG_OWN, &err);
    while (governed_count(w, what, &code) < 1) {
        assert_true(fh_clock_mono_ms() < until_ms);
        usleep(1000);
    }
    assert_string_equal(what, "OWN");
    assert_int_equal(code, FH_EDENIED);
    must(fh_record_parse(&record, test_bytes(&w->records[0]), &w->mesh, &err), &err);
    fh_recording_taken(w->recording, &record, &speaker.domain, &from);
    while (governed_count(w, what, &code) < 2) {
        assert_true(fh_clock_mono_ms() < until_ms);
        usleep(1000);
    }
    assert_string_equal(what, "invitation");
    assert_int_equal(code, FH_OK);
}

static void note_told(void *user)
{
    *(bool *)user = true;
}

/* An order that was answered before: whoever asks how it went hears it when the log has it. */
static void test_decided(void **state)
{
    struct world *w = *state;
    const struct fh_speaker speaker = {.domain = {{7}}, .key = {{8}}};
    struct fh_err outcome = {.code = FH_OK};
    unsigned code = 0;
    char what[64] = "";
    bool told = false;
    int64_t until_ms = fh_clock_mono_ms() + WAIT_MS;
    fh_recording_decided(
        w->recording, &speaker, test_bytes(&w->records[0]), &outcome, note_told, &told);
    assert_false(fh_recording_drained(w->recording));
    while (!told) {
        assert_true(fh_clock_mono_ms() < until_ms);
        fh_loop_run_once(w->loop, 50);
    }
    assert_int_equal(governed_count(w, what, &code), 1);
    told = false;
    fh_recording_decided(NULL, &speaker, FH_BYTES_NONE, &outcome, note_told, &told);
    assert_true(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_of_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_decided, setup, teardown),
        cmocka_unit_test(test_listed),
        cmocka_unit_test_setup_teardown(test_each_decision, setup, teardown),
        cmocka_unit_test_setup_teardown(test_token_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_decided, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
