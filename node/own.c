/* SPDX-License-Identifier: Apache-2.0 */
#include "node/own.h"

#include "common/log.h"
#include "common/time.h"

/* ---- the delegation ---- */

static bool
keep_one(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct fh_mesh *mesh = user;
    bool is_new = false;
    struct fh_err err;
    (void)id;
    if (type == FH_RECORD_DELEGATION && fh_mesh_identity(mesh, bytes, &is_new, &err) != FH_OK) {
        fh_log(FH_LOG_WARN, "record.not_stored", "rule=%s text=\"%s\"", err.rule, err.text);
    }
    return true;
}

void fh_own_keep_delegation(struct fh_directory *dir,
                            struct fh_mesh *mesh,
                            const struct fh_speaker *speaker)
{
    struct fh_ref ref = fh_key_id_ref(&speaker->key);
    if (mesh != NULL) {
        fh_directory_credentials(dir, &speaker->domain, &ref, fh_clock_wall_ms(), keep_one, mesh);
    }
}

/* ---- the question ---- */

static int
check_speaker(const struct fh_own *own, const struct fh_speaker *speaker, struct fh_err *err)
{
    if (!fh_domain_id_equal(&speaker->domain, &own->domain)) {
        return fh_err_rule(
            err,
            FH_EDENIED,
            "own.domain",
            "this is a node of another domain; access and policies are governed at a "
            "node of the domain that signs");
    }
    if (speaker->by_token) { /* it may decide, or fh_speaker_may had refused it */
        struct fh_ref member = fh_key_id_ref(&speaker->key);
        return fh_directory_signer(own->dir,
                                   &member,
                                   &speaker->domain,
                                   fh_clock_wall_ms(),
                                   FH_ROLE_MASK(FH_ROLE_PUBLISHER),
                                   NULL,
                                   err);
    }
    if (speaker->role != FH_ROLE_PUBLISHER) {
        return fh_err_rule(
            err,
            FH_EDENIED,
            "own.role",
            "this key acts as %s; only a publisher's key governs access and policies",
            fh_role_text(speaker->role));
    }
    return FH_OK;
}

/* Whether a publisher may ask it from elsewhere, a token of it what it signs alone, and whether it
 * brings what the key signed. */
static bool may_ask(unsigned code, bool by_token, bool *out_signed)
{
    static const struct {
        unsigned code;
        bool is_signed;
    } asked[] = {
        {FH_MSG_ADMIN_ASKED, false},
        {FH_MSG_ADMIN_GOVERN, true},
        {FH_MSG_ADMIN_GRANTS, false},
        {FH_MSG_ADMIN_WHO, false},
        {FH_MSG_ADMIN_POLICY, false},
        {FH_MSG_ADMIN_ENFORCE, true},
        {FH_MSG_ADMIN_AGREED, false},
        {FH_MSG_ADMIN_WAIVERS, false},
        {FH_MSG_ADMIN_VERSIONS, false},
        {FH_MSG_ADMIN_POLICIES, false},
        {FH_MSG_ADMIN_EXPLAIN, false},
        {FH_MSG_ADMIN_RULES, false},
        {FH_MSG_ADMIN_SIMULATE, false},
    };
    for (size_t i = 0; i < FH_COUNT(asked); i++) {
        if (asked[i].code == code && (!by_token || code == FH_MSG_ADMIN_GOVERN)) {
            *out_signed = asked[i].is_signed;
            return true;
        }
    }
    return false;
}

struct fh_admin_question *fh_own_question(const struct fh_own *own, struct fh_question *question)
{
    const struct fh_speaker *speaker = fh_question_speaker(question);
    struct fh_bytes message = FH_BYTES_NONE;
    struct fh_err err;
    bool is_signed = false;
    int rc = check_speaker(own, speaker, &err);
    if (rc == FH_OK) {
        rc = fh_msg_own_read(fh_question_fields(question), &message, &err);
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        return NULL;
    }
    struct fh_admin_question *asked = fh_admin_question_of(question, message);
    if (asked == NULL) {
        return NULL;
    }
    if (!may_ask(fh_admin_code(asked), speaker->by_token, &is_signed)) {
        fh_err_rule(&err,
                    FH_EPROTO,
                    "own.message",
                    "message %u is asked at the home of the node alone",
                    fh_admin_code(asked));
        fh_admin_refuse(asked, &err);
        return NULL;
    }
    if (is_signed) {
        fh_own_keep_delegation(own->dir, own->mesh, speaker);
    }
    return asked;
}
