/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deprecate and retire: the next step of a product's life, signed by the publisher.
 *
 *     ADMIN_ANNOUNCED: what was announced last -> the step, as every peer will judge it -> record,
 *     signed by the publisher -> ADMIN_MOVE: the node judges, keeps and announces it
 */
#include "common/time.h"
#include "proto/gossip/lifecycle.h"
#include "proto/session/messages.h"
#include "tools/cli/admin.h"
#include "tools/cli/cli.h"
#include "tools/cli/findings.h"
#include "tools/cli/until.h"
#include "tools/client/actor.h"
#include "tools/client/product_name.h"

#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

struct moving {
    struct fh_cli *cli;
    const struct fh_args *args;
    struct fh_lifecycle_move move;
    struct fh_product_name name;
    char successor[FH_SUCCESSOR_BYTES_MAX + 1];
    struct fh_actor *actor;
    struct fh_admin *admin;
    struct fh_announcement held;
    struct fh_announcement next;
    struct fh_buf record;
};

/* ---- what was asked for ---- */

/* "shop/orders@1": a major version, whatever the version in it. */
static int read_name(struct moving *m, struct fh_err *err)
{
    const char *text = m->args->operands[0];
    int code = fh_product_name_parse(&m->name, text, err);
    if (code == FH_OK && strchr(text, '@') == NULL) {
        code = fh_err_rule(err,
                           FH_EUSAGE,
                           "lifecycle.major",
                           "%s: name the major version too, as in %s/%s@1; others go on",
                           text,
                           m->name.name.domain,
                           m->name.name.product);
    }
    if (code == FH_OK && m->name.version[0] != '\0') {
        code = fh_err_rule(err,
                           FH_EUSAGE,
                           "lifecycle.major",
                           "%s: a major version is deprecated or retired as a whole; write "
                           "%s/%s@%llu",
                           text,
                           m->name.name.domain,
                           m->name.name.product,
                           (unsigned long long)m->name.name.major);
    }
    return code;
}

/* Written as "orders@2", "shop/orders@2" or "shop.orders@2"; announced without our own domain,
 * whose name is its readers' business. */
static int read_successor(struct moving *m, struct fh_err *err)
{
    const char *text = fh_args_value(m->args, "successor");
    if (text == NULL) {
        return FH_OK;
    }
    if (strlen(text) > FH_SUCCESSOR_BYTES_MAX) {
        return fh_err_set(err, FH_EUSAGE, "--successor: \"%.40s...\" is too long", text);
    }
    memcpy(m->successor, text, strlen(text) + 1);
    char *dot = strchr(m->successor, '.');
    if (dot != NULL) {
        *dot = '/';
    }
    int code = fh_announce_successor_check(m->successor, err);
    if (code != FH_OK) {
        err->code = FH_EUSAGE;
        return fh_err_wrap(err, "--successor");
    }
    const char *slash = strchr(m->successor, '/');
    const char *own = m->actor->settings.domain;
    if (slash != NULL && (size_t)(slash - m->successor) == strlen(own) &&
        strncmp(m->successor, own, strlen(own)) == 0) {
        memmove(m->successor, slash + 1, strlen(slash));
    }
    m->move.successor = m->successor;
    return FH_OK;
}

static int read_sunset(struct moving *m, struct fh_err *err)
{
    bool retires = m->move.status == FH_ANNOUNCE_RETIRED;
    const char *text = retires ? NULL : fh_args_value(m->args, "sunset");
    if (text == NULL) {
        return FH_OK;
    }
    int64_t end = 0;
    int code = fh_until_parse(&end, "--sunset", text, fh_clock_wall_ms(), err);
    /* A day is served to its end, and that is the day that people read; only who states an hour
     * means it. */
    if (strchr(text, 'T') == NULL) {
        end = (end + DAY_MS - 1) / DAY_MS * DAY_MS - 1;
    }
    m->move.sunset_ms = end;
    return code;
}

static int read_asked(struct moving *m, struct fh_err *err)
{
    int code = read_name(m, err);
    if (code == FH_OK && strcmp(m->name.name.domain, m->actor->settings.domain) != 0) {
        code = fh_err_rule(err,
                           FH_EDENIED,
                           "publish.domain",
                           "%s/%s: this home is domain %s; a product is moved where it belongs",
                           m->name.name.domain,
                           m->name.name.product,
                           m->actor->settings.domain);
    }
    if (code == FH_OK) {
        code = read_successor(m, err);
    }
    return code == FH_OK ? read_sunset(m, err) : code;
}

/* ---- the record ---- */

static int ask_held(struct moving *m, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    struct fh_pack_reader reader;
    struct fh_bytes bytes = FH_BYTES_NONE;
    struct fh_record record;
    fh_msg_announced_request(&request, m->name.name.product, (uint32_t)m->name.name.major);
    int code = fh_admin_call(m->admin, fh_buf_view(&request), FH_REQUEST_MS, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_announced_read(&reader, &bytes, err);
    }
    if (code == FH_OK) {
        code = fh_record_parse(&record, bytes, &m->actor->mesh, err);
    }
    return code == FH_OK ? fh_announce_parse(&m->held, record.payload, err) : code;
}

static int seal(struct moving *m, struct fh_err *err)
{
    struct fh_sign_public public_key;
    struct fh_sign_secret publisher FH_CLEANUP(fh_sign_secret_wipe);
    int code =
        fh_actor_key(&m->actor->home, "publisher", FH_KEY_PUBLISHER, &public_key, &publisher, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_announce_encode(&payload, &m->next);
    fh_record_seal(
        &m->record, FH_RECORD_ANNOUNCEMENT, &m->actor->mesh, fh_buf_view(&payload), &publisher);
    code = fh_buf_ok(&m->record);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "the announcement is too large");
}

static int hand_over(struct moving *m, struct fh_err *err)
{
    struct fh_msg_move move = {
        .announcement = fh_buf_view(&m->record),
        .force = m->move.force,
        .dry_run = fh_args_has(m->args, "dry-run"),
    };
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    struct fh_pack_reader reader;
    fh_msg_move_request(&request, &move);
    int code = fh_admin_call(m->admin, fh_buf_view(&request), FH_REQUEST_MS, &answer, &reader, err);
    struct fh_found notes = {.count = 0}; /* what refuses a move is an error of the call */
    if (code == FH_OK) {
        code = fh_findings_say(m->cli, &reader, &notes, err);
    }
    fh_found_fini(&notes);
    return code;
}

static int report(struct moving *m, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"product", FH_OUTPUT_TEXT},
        {"status", FH_OUTPUT_TEXT},
        {"sunset", FH_OUTPUT_TEXT},
        {"successor", FH_OUTPUT_TEXT},
        {"announced", FH_OUTPUT_BOOL},
    };
    bool dry_run = fh_args_has(m->args, "dry-run");
    char name[FH_PRODUCT_NAME_BYTES];
    char sunset[FH_TIME_TEXT_BYTES];
    char successor[FH_SUCCESSOR_TEXT_BYTES];
    fh_product_name_text(name, m->actor->settings.domain, m->next.product, m->next.version);
    fh_sunset_text(sunset, m->next.sunset_ms);
    fh_announce_successor_text(successor, m->next.successor, m->actor->settings.domain);
    if (dry_run) {
        fh_cli_say(m->cli, "everything holds; nothing was announced");
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(m->cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, name);
    fh_output_text(output, fh_announce_status_text(m->next.status));
    fh_output_text(output, sunset);
    fh_output_text(output, successor);
    fh_output_bool(output, !dry_run);
    return fh_output_end(output, err);
}

static int move(struct moving *m, struct fh_err *err)
{
    int code = fh_actor_open_public(&m->actor, m->cli->home, err);
    if (code == FH_OK) {
        code = read_asked(m, err);
    }
    if (code == FH_OK) {
        code = fh_admin_open(&m->admin, &m->actor->home, true, err);
    }
    if (code == FH_OK) {
        code = ask_held(m, err);
    }
    if (code == FH_OK) {
        code = fh_lifecycle_move(&m->next, &m->held, &m->move, fh_clock_wall_ms(), err);
    }
    if (code == FH_OK) {
        code = seal(m, err);
    }
    if (code == FH_OK) {
        code = hand_over(m, err);
    }
    return code == FH_OK ? report(m, err) : code;
}

static int run(struct fh_cli *cli,
               const struct fh_args *args,
               enum fh_announce_status status,
               struct fh_err *err)
{
    struct moving m = {
        .cli = cli,
        .args = args,
        .move = {.status = status,
                 .force = status == FH_ANNOUNCE_RETIRED && fh_args_has(args, "force")},
    };
    fh_buf_init(&m.record, FH_RECORD_GOSSIP_BYTES_MAX);
    int code = move(&m, err);
    fh_admin_close(m.admin);
    fh_buf_fini(&m.record);
    fh_actor_free(m.actor);
    return code;
}

int fh_cmd_product_deprecate(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    return run(cli, args, FH_ANNOUNCE_DEPRECATED, err);
}

int fh_cmd_product_retire(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    return run(cli, args, FH_ANNOUNCE_RETIRED, err);
}
