/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "proto/identity/directory_impl.h"

/* Judges a signer of the issuer; what is not known yet counts as missing. */
static int check_issuer_signature(struct fh_adding *adding,
                                  const struct fh_record *record,
                                  const struct fh_domain_id *issuer,
                                  unsigned roles,
                                  int64_t when_ms)
{
    struct fh_err local = {0};
    int code = fh_directory_verify(adding->dir, record, issuer, roles, when_ms, NULL, &local);
    if (code == FH_OK) {
        return FH_OK;
    }
    if (strcmp(local.rule, "record.signer.unknown") == 0) {
        return fh_adding_missing(adding, "identity.missing.delegation", issuer);
    }
    return fh_err_rule(adding->err, code, local.rule, "admission: %s", local.text);
}

static int check_invitation(struct fh_adding *adding,
                            const struct fh_admission *admission,
                            struct fh_invitation *out)
{
    struct fh_record record;
    int code = fh_record_parse(&record, admission->invitation, &adding->dir->mesh, adding->err);
    if (code == FH_OK && record.type != FH_RECORD_INVITATION) {
        code = fh_err_rule(adding->err,
                           FH_EINVAL,
                           "identity.admission.invitation",
                           "admission: expected an invitation record inside");
    }
    if (code == FH_OK) {
        code = fh_invitation_decode(out, &record, adding->err);
    }
    if (code != FH_OK) {
        return code;
    }
    bool fits = fh_domain_id_equal(&out->issuer, &admission->issuer) &&
                (out->name[0] == '\0' || strcmp(out->name, admission->name) == 0);
    if (!fits) {
        return fh_err_rule(
            adding->err,
            FH_ESIG,
            "identity.admission.invitation",
            "admission: the invitation is by another issuer or for another name than "
            "%s",
            admission->name);
    }
    if (admission->admitted_ms > out->not_after_ms + FH_CLOCK_SKEW_MS ||
        admission->admitted_ms + FH_CLOCK_SKEW_MS < out->created_ms) {
        return fh_err_rule(adding->err,
                           FH_EDENIED,
                           "identity.invitation.expired",
                           "admission of %s: the invitation was not valid at that time",
                           admission->name);
    }
    return check_issuer_signature(
        adding, &record, &out->issuer, FH_ROLES_PUBLISHING, out->created_ms);
}

/* The invitation is free, and the name where the domain has one; FH_OK with result KNOWN when the
 * domain is in already. Who is admitted under a name that another has is in without a name: two
 * members of the charter may invite while they cannot see each other, and then everybody shall have
 * the same members, whichever of the two came first. */
static int check_admission_free(struct fh_adding *adding,
                                const struct fh_admission *admission,
                                const struct fh_invitation *invitation,
                                struct fh_domain *domain)
{
    const struct fh_domain *named = fh_name_claimed(adding->dir, admission->name, domain);
    adding->out->name_taken = named != NULL && named != domain;
    if (domain->pinned && named != domain) {
        return fh_err_rule(adding->err,
                           FH_ESIG,
                           "identity.name.changed",
                           "admission: domain %s would be renamed to %s; names are pinned",
                           domain->info.given_name,
                           admission->name);
    }
    const struct fh_entry *use = fh_entry_of_one_time(adding->dir, &invitation->one_time);
    if (use != NULL && use->domain != domain) {
        return fh_err_rule(adding->err,
                           FH_EDENIED,
                           "identity.invitation.used",
                           "admission of %s: its invitation was used by %s",
                           admission->name,
                           use->domain->info.given_name);
    }
    if (domain->pinned) {
        adding->out->result = FH_DIRECTORY_KNOWN;
        return FH_OK;
    }
    if (adding->dir->domain_count - adding->dir->stranger_count >= FH_DOMAINS_MAX) {
        return fh_err_rule(adding->err,
                           FH_ETOOBIG,
                           "identity.domains",
                           "a mesh has at most %d domains",
                           FH_DOMAINS_MAX);
    }
    return FH_OK;
}

static int check_admission(struct fh_adding *adding,
                           const struct fh_admission *admission,
                           struct fh_domain *domain,
                           struct fh_invitation *out_invitation)
{
    const struct fh_charter *charter = fh_charter_in_force(adding->dir, admission->admitted_ms);
    if (charter == NULL || fh_charter_find(charter, &admission->issuer) < 0) {
        return fh_err_rule(adding->err,
                           FH_EDENIED,
                           "identity.admission.issuer",
                           "admission of %s: its issuer was not a member of the charter",
                           admission->name);
    }
    int code = fh_adding_check_time(adding, admission->admitted_ms);
    if (code == FH_OK && fh_domain_frozen_at(domain, admission->admitted_ms)) {
        code = fh_adding_frozen(adding, domain);
    }
    if (code == FH_OK) {
        code = check_issuer_signature(adding,
                                      &adding->record,
                                      &admission->issuer,
                                      FH_ROLES_ANNOUNCING,
                                      admission->admitted_ms);
    }
    if (code == FH_OK) {
        code = check_invitation(adding, admission, out_invitation);
    }
    if (code == FH_OK && !fh_redemption_verify(&admission->redemption,
                                               &out_invitation->one_time,
                                               &adding->dir->mesh,
                                               &admission->domain,
                                               admission->name,
                                               &adding->dir->verifier)) {
        code =
            fh_err_rule(adding->err,
                        FH_ESIG,
                        "identity.admission.redemption",
                        "admission of %s: the one-time key did not sign for this domain and name",
                        admission->name);
    }
    return code != FH_OK ? code : check_admission_free(adding, admission, out_invitation, domain);
}

int fh_add_admission(struct fh_adding *adding)
{
    struct fh_directory *dir = adding->dir;
    struct fh_admission admission;
    struct fh_invitation invitation;
    int code = fh_admission_decode(&admission, &adding->record, adding->err);
    if (code != FH_OK) {
        return code;
    }
    adding->out->domain = admission.domain;
    struct fh_domain *domain = fh_domain_find(dir, &admission.domain);
    if (fh_domain_find(dir, &admission.issuer) == NULL) {
        return fh_adding_missing(adding, "identity.missing.key_log", &admission.issuer);
    }
    if (domain == NULL) {
        return fh_adding_missing(adding, "identity.missing.key_log", &admission.domain);
    }
    if (dir->charter == NULL) {
        return fh_adding_missing_charter(adding);
    }
    code = check_admission(adding, &admission, domain, &invitation);
    if (code != FH_OK || adding->out->result == FH_DIRECTORY_KNOWN) {
        return code;
    }
    struct fh_entry *entry = fh_entry_new(adding, domain);
    if (entry == NULL || fh_map_reserve(&dir->records, 1) != FH_OK ||
        fh_map_reserve(&dir->used, 1) != FH_OK || fh_map_reserve(&dir->names, 1) != FH_OK) {
        fh_free(entry);
        return fh_adding_no_memory(adding);
    }
    entry->what.one_time = invitation.one_time;
    fh_entry_commit(
        dir, entry, &domain->groups[FH_ENTRY_ADMISSION], &dir->used, invitation.one_time.b);
    fh_domain_admit(dir, domain, admission.name, admission.admitted_ms, &admission.issuer);
    return FH_OK;
}
