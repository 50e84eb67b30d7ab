/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "proto/identity/directory_impl.h"

/* Whether the key is, or was once, a member's or publisher's of the domain. What may have become of
 * it since does not matter: a member ends its own tokens alone, and those of a key that does not
 * count any more do not count either. So every node takes the record, whatever it hears first. */
static bool was_member(const struct fh_directory *dir,
                       const struct fh_domain *domain,
                       const struct fh_sign_public *key)
{
    struct fh_key_id id = fh_key_id_of(key);
    struct fh_map_link *link = fh_map_first(&dir->keys, fh_entry_hash(id.b));
    for (; link != NULL; link = fh_map_next(link)) {
        const struct fh_entry *entry = FH_MAP_ENTRY(link, struct fh_entry, by_key);
        if (entry->domain == domain && entry->type == FH_RECORD_DELEGATION &&
            fh_key_id_equal(&entry->key, &id) &&
            entry->what.delegation.value.role != FH_ROLE_NODE) {
            return true;
        }
    }
    return false;
}

static int
check_room(const struct fh_adding *adding, struct fh_domain *domain, const struct fh_token_end *end)
{
    size_t all = 0;
    size_t of_key = 0;
    FH_LIST_FOREACH (link, &domain->groups[FH_ENTRY_TOKEN_END]) {
        const struct fh_entry *entry = FH_LIST_ENTRY(link, struct fh_entry, link);
        of_key += memcmp(entry->what.token_end.member.b, end->member.b, sizeof end->member.b) == 0;
        all++;
    }
    if (all >= FH_DOMAIN_TOKEN_ENDS_MAX || of_key >= FH_TOKEN_ENDS_PER_KEY_MAX) {
        return fh_err_rule(
            adding->err,
            FH_ETOOBIG,
            "identity.token_ends",
            "token end: this key has ended %zu tokens, and its domain %zu (at most %d "
            "and %d); let the tokens expire, or have the key revoked",
            of_key,
            all,
            FH_TOKEN_ENDS_PER_KEY_MAX,
            FH_DOMAIN_TOKEN_ENDS_MAX);
    }
    return FH_OK;
}

/* The domain of the end, in which its signer is or was somebody. */
static int
find_domain(struct fh_adding *adding, const struct fh_token_end *end, struct fh_domain **out)
{
    const struct fh_record *record = &adding->record;
    struct fh_domain *domain = fh_domain_find(adding->dir, &end->domain);
    adding->out->domain = end->domain;
    if (domain == NULL) {
        return fh_adding_missing(adding, "identity.missing.key_log", &end->domain);
    }
    if (!domain->pinned) { /* also of one that is expelled: it may be readmitted */
        return fh_err_rule(adding->err,
                           FH_EDENIED,
                           "domain.not_admitted",
                           "token end: nobody has admitted the domain of its member");
    }
    if (!was_member(adding->dir, domain, &end->member)) {
        return fh_adding_missing(adding, "identity.missing.delegation", &end->domain);
    }
    if (record->signature_count != 1 ||
        !fh_record_signed_by(record, 0, &adding->dir->mesh, &end->member, &adding->dir->verifier)) {
        return fh_err_rule(adding->err,
                           FH_ESIG,
                           "record.signature",
                           "token end: expected one signature, by the member's key");
    }
    *out = domain;
    return FH_OK;
}

int fh_add_token_end(struct fh_adding *adding)
{
    struct fh_directory *dir = adding->dir;
    struct fh_token_end end;
    struct fh_domain *domain = NULL;
    int code = fh_token_end_decode(&end, &adding->record, adding->err);
    if (code == FH_OK) {
        code = find_domain(adding, &end, &domain);
    }
    if (code == FH_OK) {
        code = fh_adding_check_time(adding, end.created_ms);
    }
    if (code == FH_OK) {
        code = check_room(adding, domain, &end);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_entry *entry = fh_entry_new(adding, domain);
    if (entry == NULL || fh_map_reserve(&dir->records, 1) != FH_OK ||
        fh_map_reserve(&dir->token_ends, 1) != FH_OK) {
        fh_free(entry);
        return fh_adding_no_memory(adding);
    }
    entry->what.token_end = end;
    fh_entry_commit(dir, entry, &domain->groups[FH_ENTRY_TOKEN_END], &dir->token_ends, end.token.b);
    return FH_OK;
}

int64_t fh_directory_token_ended(const struct fh_directory *dir,
                                 const struct fh_sign_public *member,
                                 const struct fh_record_id *token)
{
    int64_t since = INT64_MAX;
    struct fh_map_link *link = fh_map_first(&dir->token_ends, fh_entry_hash(token->b));
    for (; link != NULL; link = fh_map_next(link)) {
        const struct fh_entry *entry = FH_MAP_ENTRY(link, struct fh_entry, by_key);
        const struct fh_token_end *end = &entry->what.token_end;
        if (fh_record_id_equal(&end->token, token) &&
            memcmp(end->member.b, member->b, sizeof member->b) == 0 && end->since_ms < since) {
            since = end->since_ms;
        }
    }
    return since;
}
