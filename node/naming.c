/* SPDX-License-Identifier: Apache-2.0 */
#include "node/naming.h"

#include "common/log.h"
#include "common/time.h"
#include "proto/session/messages_names.h"

#include <string.h>

struct listing {
    const struct fh_names *names;
    struct fh_buf entries;
    uint32_t count;
};

static int add_name(void *user, const struct fh_named *named, struct fh_err *err)
{
    (void)err;
    struct listing *listing = user;
    const struct fh_names *names = listing->names;
    struct fh_msg_named told = {.domain = named->domain,
                                .kind = named->alias     ? FH_MSG_NAME_ALIAS
                                        : named->decided ? FH_MSG_NAME_DECIDED
                                                         : FH_MSG_NAME_FIRST_USE,
                                .since_ms = (uint64_t)named->since_ms,
                                .known = named->known,
                                .contested =
                                    !named->alias && fh_names_contested(names, named->name)};
    memcpy(told.name, named->name, sizeof told.name);
    if (named->stopped) {
        told.claimed_by = named->claimed_by;
    }
    fh_msg_named_add(&listing->entries, &told);
    listing->count++;
    return FH_OK;
}

static int list(struct fh_residence *home, struct fh_buf *out, struct fh_err *err)
{
    struct listing listing = {.names = home->names};
    fh_buf_init(&listing.entries, FH_ADMIN_FRAME_BYTES_MAX - 64);
    int rc = fh_names_review(home->names, err);
    if (rc == FH_OK) {
        rc = fh_names_each(home->names, add_name, &listing, err);
    }
    if (rc == FH_OK) {
        fh_msg_ok(out, 1);
        fh_pack_array(out, listing.count);
        fh_buf_add_bytes(out, fh_buf_view(&listing.entries));
    }
    fh_buf_fini(&listing.entries);
    return rc;
}

static int accept(struct fh_residence *home,
                  const struct fh_msg_name *said,
                  struct fh_domain_id *out,
                  struct fh_err *err)
{
    int rc = fh_domain_id_parse(out, said->domain, err);
    if (rc == FH_OK) {
        rc = fh_names_accept(home->names, said->name, out, fh_clock_wall_ms(), said->dry_run, err);
    }
    if (rc == FH_OK && !said->dry_run) {
        char id[FH_ID_TEXT_BYTES];
        fh_domain_id_text(id, out);
        fh_log(FH_LOG_INFO, "name.accepted", "name=%s id=%s", said->name, id);
    }
    return rc;
}

static int call(struct fh_residence *home,
                const struct fh_msg_name *said,
                struct fh_domain_id *out,
                struct fh_err *err)
{
    int rc = strncmp(said->domain, "fhd1", 4) == 0
                 ? fh_domain_id_parse(out, said->domain, err)
                 : fh_names_resolve(home->names, said->domain, out, NULL, err);
    return rc == FH_OK ? fh_names_alias(
                             home->names, said->name, out, fh_clock_wall_ms(), said->dry_run, err)
                       : rc;
}

static int decide(struct fh_residence *home,
                  struct fh_pack_reader *fields,
                  struct fh_buf *out,
                  struct fh_err *err)
{
    struct fh_msg_name said;
    struct fh_domain_id domain = {{0}};
    int rc = fh_msg_name_read(fields, &said, err);
    if (rc == FH_OK) {
        rc = fh_names_review(home->names, err);
    }
    if (rc == FH_OK && said.what == FH_MSG_NAME_ACCEPT) {
        rc = accept(home, &said, &domain, err);
    } else if (rc == FH_OK && said.what == FH_MSG_NAME_CALL) {
        rc = call(home, &said, &domain, err);
    } else if (rc == FH_OK) {
        rc = fh_names_remove(home->names, said.name, fh_clock_wall_ms(), said.dry_run, err);
    }
    if (rc == FH_OK) {
        fh_msg_name_answer(out, &domain);
    }
    return rc;
}

bool fh_naming_admin(struct fh_residence *home, struct fh_admin_question *question)
{
    struct fh_pack_reader *fields = fh_admin_fields(question);
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    int rc;
    switch (fh_admin_code(question)) {
    case FH_MSG_ADMIN_NAMES:
        rc = list(home, &out, &err);
        break;
    case FH_MSG_ADMIN_NAME:
        rc = decide(home, fields, &out, &err);
        break;
    default:
        return false;
    }
    fh_admin_conclude(question, rc, &out, &err);
    return true;
}
