/* SPDX-License-Identifier: Apache-2.0 */
#include "node/residence.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/state/policies_judge.h"
#include "proto/wire/verified.h"

struct import {
    struct fh_buf bytes; /* all records, one behind the other */
    size_t sizes[FH_HOME_RECORDS_MAX];
    size_t count;
};

static int gather(void *user, const char *name, struct fh_bytes bytes, struct fh_err *err)
{
    (void)name;
    struct import *import = user;
    if (import->count == FH_HOME_RECORDS_MAX) {
        return fh_err_set(err, FH_ETOOBIG, "more than %d identity records", FH_HOME_RECORDS_MAX);
    }
    fh_buf_add_bytes(&import->bytes, bytes);
    import->sizes[import->count++] = bytes.size;
    return fh_buf_ok(&import->bytes) == FH_OK
               ? FH_OK
               : fh_err_set(err, fh_buf_ok(&import->bytes), "the identity records are too large");
}

int fh_residence_take(struct fh_residence *home,
                      struct fh_bytes record,
                      bool *out_new,
                      struct fh_err *err)
{
    struct fh_directory_outcome outcome;
    int64_t wall = fh_clock_wall_ms();
    int rc = fh_directory_add(home->dir, record, wall, &outcome, err);
    *out_new = rc == FH_OK && outcome.result == FH_DIRECTORY_ADDED;
    if (*out_new) {
        struct fh_store_record kept = {.id = outcome.id,
                                       .type = outcome.type,
                                       .domain = outcome.domain,
                                       .bytes = record,
                                       .received_ms = wall};
        rc = fh_store_record_put(home->store, &kept, err);
    }
    if (rc == FH_OK && !fh_record_id_is_zero(&outcome.completed)) { /* by this vote */
        struct fh_store_record charter = {.id = outcome.completed,
                                          .type = FH_RECORD_CHARTER,
                                          .bytes =
                                              fh_directory_record(home->dir, &outcome.completed),
                                          .received_ms = wall};
        rc = fh_store_record_put(home->store, &charter, err);
    }
    return rc;
}

/* In one write to the disk: a first start waited for twenty. */
static int take_all(struct fh_residence *home, const struct import *import, struct fh_err *err)
{
    size_t at = 0;
    int rc = fh_store_begin(home->store, FH_STORE_DURABLE, err);
    if (rc != FH_OK) {
        return rc;
    }
    for (size_t i = 0; rc == FH_OK && i < import->count; i++) {
        bool is_new;
        rc = fh_residence_take(
            home, fh_bytes(import->bytes.data + at, import->sizes[i]), &is_new, err);
        at += import->sizes[i];
    }
    return fh_store_commit_after(home->store, rc, err);
}

/* What init and the key commands left in the home; known records change nothing. */
static int import_records(struct fh_residence *home, struct fh_err *err)
{
    struct import *import = fh_calloc(1, sizeof *import);
    if (import == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for identity records");
    }
    fh_buf_init(&import->bytes, FH_HOME_IDENTITY_BYTES_MAX);
    int rc = fh_home_identity_each(&home->config->home, gather, import, err);
    if (rc == FH_OK) {
        rc = take_all(home, import, err);
    }
    fh_buf_fini(&import->bytes);
    fh_free(import);
    return rc;
}

/* What lies in the store was verified when it came, and its id is a hash of all that is signed.
 * Signatures of sixty domains took a node 70 ms of the processor at each start. Tokens and grants
 * by them are verified for each question. */
static bool verify_unless_held(void *user,
                               const struct fh_signature *signature,
                               struct fh_bytes message,
                               const struct fh_sign_public *key)
{
    const struct fh_residence *home = user;
    return home->remembers || fh_verified_check(home->verified, signature, message, key);
}

static bool is_whole(const struct fh_residence *home, const struct fh_store_record *record)
{
    struct fh_record parsed;
    struct fh_err err;
    return fh_record_parse(&parsed, record->bytes, &home->mesh_id, &err) == FH_OK &&
           fh_record_id_equal(&parsed.id, &record->id);
}

static int remember(void *user, const struct fh_store_record *record, struct fh_err *err)
{
    struct fh_residence *home = user;
    struct fh_directory_outcome outcome;
    struct fh_err why;
    home->remembers = is_whole(home, record);
    /* It was no record of the future when it came. A clock that is behind now must not make it one:
     * nobody would look at it again, and what it revokes would act. */
    int64_t wall = fh_clock_wall_ms();
    int64_t now = record->received_ms > wall ? record->received_ms : wall;
    int rc = fh_directory_add(home->dir, record->bytes, now, &outcome, &why);
    home->remembers = false;
    if (rc != FH_OK) {
        /* Proposals and votes of charters that are decided stay in the store: nothing is wrong. */
        fh_log(rc == FH_ESTALE ? FH_LOG_DEBUG : FH_LOG_WARN,
               "record.not_loaded",
               "type=%s rule=%s text=\"%s\"",
               fh_record_type_text(record->type),
               why.rule,
               why.text);
    }
    (void)err;
    return FH_OK;
}

/* Our domain is the one that delegates to our node key. */
static int find_self(struct fh_residence *home, struct fh_err *err)
{
    struct fh_sign_public key = fh_keystore_sign_public(home->keys);
    struct fh_key_id id = fh_key_id_of(&key);
    struct fh_ref ref = fh_key_id_ref(&id);
    int64_t wall = fh_clock_wall_ms();
    struct fh_err last;
    fh_err_rule(&last, FH_ENOTFOUND, "identity.missing", "no domain delegates to the node's key");
    for (size_t i = 0; i < fh_directory_domain_count(home->dir); i++) {
        const struct fh_directory_domain *domain = fh_directory_domain_at(home->dir, i);
        struct fh_signer signer;
        struct fh_err why;
        int rc = fh_directory_signer_of_stranger(
            home->dir, &ref, &domain->id, wall, FH_ROLE_MASK(FH_ROLE_NODE), &signer, &why);
        if (rc == FH_OK) {
            home->domain = domain->id;
            if (signer.not_after_ms - wall < FH_NODE_DELEGATION_MS / 3) {
                fh_log(FH_LOG_WARN, "delegation.ends_soon", "role=node domain=%s", domain->name);
            }
            return FH_OK;
        }
        if (strcmp(why.rule, "record.signer.expired") == 0 ||
            strcmp(why.rule, "record.signer.revoked") == 0) {
            last = why;
        }
    }
    *err = last;
    return fh_err_wrap(err, "%s: this home's node key", home->config->home.root);
}

/* The directory, as the store remembers it and as the home's files add to it. */
static int open_directory(struct fh_residence *home, struct fh_err *err)
{
    const struct fh_verifier verifier = {.verify = verify_unless_held, .user = home};
    home->verified = fh_verified_new(&fh_verifier_plain);
    home->dir = fh_directory_new(&home->mesh_id, &verifier);
    int rc = home->dir != NULL && home->verified != NULL
                 ? FH_OK
                 : fh_err_set(err, FH_ENOMEM, "no memory for a directory");
    if (rc == FH_OK) {
        rc = fh_names_settle(home->store, home->dir, err);
    }
    if (rc == FH_OK) {
        rc = fh_store_records_each(home->store, remember, home, err);
    }
    if (rc == FH_OK) {
        rc = import_records(home, err);
    }
    return rc == FH_OK ? find_self(home, err) : rc;
}

static int start(struct fh_residence *home, struct fh_err *err)
{
    const struct fh_config *config = home->config;
    char path[FH_HOME_PATH_BYTES];
    int rc = fh_home_lock(&config->home, &home->lock, err);
    if (rc == FH_OK && config->settings.mesh[0] != '\0') {
        rc = fh_mesh_id_parse(&home->mesh_id, config->settings.mesh, err);
    }
    if (rc == FH_OK) {
        rc = fh_keystore_open(&home->keys, &config->home, err);
    }
    if (rc == FH_OK) {
        rc = fh_store_open(&home->store, fh_home_path(path, &config->home, FH_HOME_DATABASE), err);
    }
    if (rc == FH_OK) {
        rc = open_directory(home, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    home->mesh_id = *fh_directory_mesh(home->dir);
    struct fh_node_id self = fh_keystore_node(home->keys);
    rc = fh_store_identify(home->store, &home->mesh_id, &home->domain, &self, err);
    const struct fh_names_options names = {
        .store = home->store, .dir = home->dir, .mesh_id = home->mesh_id, .self = home->domain};
    if (rc == FH_OK) {
        rc = fh_names_open(&home->names, &names, fh_clock_wall_ms(), err);
    }
    struct fh_catalog_options catalog = {
        .store = home->store,
        .directory = home->dir,
        .self = home->domain,
        .names = home->names,
        .products_per_domain_max = config->settings.products_per_domain_max,
    };
    if (rc == FH_OK) {
        rc = fh_catalog_open(&home->catalog, &catalog, err);
    }
    home->grants = (struct fh_grants){
        .store = home->store, .dir = home->dir, .mesh_id = home->mesh_id, .domain = home->domain};
    const struct fh_policies_options policies = {
        .store = home->store, .dir = home->dir, .mesh_id = home->mesh_id, .domain = home->domain};
    if (rc == FH_OK) {
        rc = fh_policies_open(&home->policies, &policies, err);
    }
    if (rc == FH_OK) {
        fh_catalog_set_judge(home->catalog, fh_policies_judge_foreign, home->policies);
    }
    if (rc == FH_OK) {
        rc = fh_deposits_open(&home->deposits, home->store, home->dir, &home->domain, err);
    }
    const struct fh_rights_options rights = {.catalog = home->catalog,
                                             .dir = home->dir,
                                             .grants = &home->grants,
                                             .policies = home->policies,
                                             .domain = home->domain};
    if (rc == FH_OK) {
        rc = fh_rights_new(&home->rights, &rights, err);
    }
    if (rc == FH_OK && config->settings.audit) {
        const struct fh_audit_file_options audit = {
            .home = &config->home,
            .keys = home->keys,
            .mesh = home->mesh_id,
            .domain = home->domain,
            .bytes_max = config->settings.audit_mib * 1024 * 1024,
        };
        rc = fh_audit_open(&home->audit, &audit, err);
    }
    struct fh_sign_public key = fh_keystore_sign_public(home->keys);
    if (rc == FH_OK) {
        home->identity = fh_identity_new(home->dir,
                                         &home->mesh_id,
                                         &home->domain,
                                         &key,
                                         fh_keystore_sign_secret(home->keys),
                                         fh_keystore_agree_secret(home->keys));
        rc = home->identity != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory to start");
    }
    return rc;
}

int fh_residence_open(struct fh_residence *home, const struct fh_config *config, struct fh_err *err)
{
    *home = (struct fh_residence){.config = config, .lock = -1};
    return start(home, err);
}

void fh_residence_close(struct fh_residence *home)
{
    fh_identity_free(home->identity);
    fh_audit_close(home->audit);
    fh_rights_free(home->rights);
    fh_deposits_close(home->deposits);
    fh_policies_close(home->policies);
    fh_catalog_close(home->catalog);
    fh_names_close(home->names);
    fh_directory_free(home->dir);
    fh_verified_free(home->verified);
    fh_store_close(home->store);
    fh_keystore_close(home->keys);
    if (home->config != NULL && home->lock >= 0) {
        fh_home_unlock(home->lock);
    }
    *home = (struct fh_residence){.lock = -1};
}
