/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/steward.h"

#include "common/time.h"
#include "proto/session/messages.h"
#include "tools/cli/admin.h"

#include <string.h>

int fh_steward_open(struct fh_cli *cli,
                    struct fh_actor **out,
                    struct fh_sign_secret *out_domain_key,
                    struct fh_err *err)
{
    struct fh_sign_public key;
    int code = fh_actor_open_public(out, cli->home, err);
    if (code == FH_OK) {
        code = fh_actor_key(&(*out)->home, "domain", FH_KEY_DOMAIN, &key, out_domain_key, err);
        code = code == FH_ENOTFOUND ? fh_err_rule(err,
                                                  FH_ENOTFOUND,
                                                  "member.domain_key",
                                                  "%s: only the holder of the domain key decides "
                                                  "who acts for the domain; keys/domain.key is not "
                                                  "here",
                                                  (*out)->home.root)
                                    : code;
    }
    return code;
}

struct room {
    size_t files;
    size_t bytes;
};

static int measure(void *user, const char *name, struct fh_bytes bytes, struct fh_err *err)
{
    struct room *room = user;
    (void)name;
    (void)err;
    room->files++;
    room->bytes += bytes.size;
    return FH_OK;
}

int fh_steward_check_room(const struct fh_actor *actor,
                          const struct fh_bytes *records,
                          uint32_t count,
                          struct fh_err *err)
{
    struct room room = {0};
    int code = fh_home_identity_each(&actor->home, measure, &room, err);
    if (code != FH_OK) {
        return code;
    }
    bool fits = room.files + count <= FH_HOME_RECORDS_MAX;
    for (uint32_t i = 0; i < count; i++) {
        room.bytes += records[i].size;
        fits = fits && records[i].size <= FH_HOME_RECORD_BYTES_MAX;
    }
    if (!fits || room.bytes > FH_HOME_IDENTITY_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "home.records",
                           "%s/identity holds %zu records and has no room for %u more: at most %d, "
                           "each of at most %d KiB",
                           actor->home.root,
                           room.files,
                           count,
                           FH_HOME_RECORDS_MAX,
                           FH_HOME_RECORD_BYTES_MAX / 1024);
    }
    return FH_OK;
}

int fh_steward_hand_over(const struct fh_actor *actor,
                         const struct fh_bytes *records,
                         uint32_t count,
                         struct fh_err *err)
{
    struct fh_admin *admin FH_CLEANUP(fh_admin_closep) = NULL;
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    int code = fh_admin_open(&admin, &actor->home, false, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_pack_reader reader;
    fh_msg_admin_identity_begin(&request, count);
    for (uint32_t i = 0; i < count; i++) {
        fh_pack_bin(&request, records[i]);
    }
    return fh_admin_call(admin, fh_buf_view(&request), FH_REQUEST_MS, &answer, &reader, err);
}

int fh_steward_spread(struct fh_cli *cli,
                      const struct fh_actor *actor,
                      const struct fh_bytes *records,
                      uint32_t count,
                      struct fh_err *err)
{
    int code = fh_steward_hand_over(actor, records, count, err);
    if (code == FH_EUNREACH && strcmp(err->rule, "admin.none") == 0) {
        fh_cli_say(cli, "no node is running; it will be taken, and spread, at its next start");
        return FH_OK;
    }
    return code == FH_OK
               ? FH_OK
               : fh_err_wrap(err, "it is kept in the home, but the running node did not take it");
}

int fh_steward_enact(struct fh_cli *cli,
                     struct fh_actor *actor,
                     unsigned order,
                     const char *name,
                     struct fh_bytes record,
                     struct fh_err *err)
{
    struct fh_directory_outcome outcome;
    int code = fh_directory_add(actor->directory, record, fh_clock_wall_ms(), &outcome, err);
    if (code == FH_OK) {
        code = fh_steward_check_room(actor, &record, 1, err);
    }
    if (code == FH_OK) {
        code = fh_home_identity_write(&actor->home, order, name, record, err);
    }
    return code == FH_OK ? fh_steward_spread(cli, actor, &record, 1, err) : code;
}
