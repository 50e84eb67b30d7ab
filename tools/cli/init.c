/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/init.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/identity/charter.h"
#include "proto/identity/delegation.h"
#include "proto/identity/keyfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- invitation ---- */

int fh_init_join(struct fh_init *init, const char *text, struct fh_err *err)
{
    struct fh_buf bytes;
    fh_buf_init(&bytes, FH_INVITATION_FILE_BYTES_MAX);
    int code = FH_OK;
    if (strncmp(text, "fhi1", 4) == 0) {
        fh_buf_add_cstr(&bytes, text);
        code = fh_buf_ok(&bytes) == FH_OK
                   ? FH_OK
                   : fh_err_set(err, FH_ETOOBIG, "--join: the text is too long");
    } else {
        code = fh_file_read(text, &bytes, err);
    }
    if (code == FH_OK) {
        code = fh_invitation_parse(&init->ticket, &init->invitation, fh_buf_view(&bytes), err);
    }
    if (bytes.data != NULL) {
        fh_wipe(bytes.data, bytes.capacity);
    }
    fh_buf_fini(&bytes);
    init->joins = code == FH_OK;
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "--join");
}

static int check_invitation(const struct fh_init *init, struct fh_err *err)
{
    if (init->invitation.not_after_ms < init->now_ms) {
        char until[FH_TIME_TEXT_BYTES];
        fh_time_text(until, init->invitation.not_after_ms);
        return fh_err_rule(
            err, FH_EDENIED, "identity.invitation.expired", "the invitation ended at %s", until);
    }
    if (init->invitation.name[0] != 0 &&
        strcmp(init->invitation.name, init->settings.domain) != 0) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "identity.invitation.name",
                           "the invitation admits the name %s, not %s",
                           init->invitation.name,
                           init->settings.domain);
    }
    return FH_OK;
}

/* ---- checks ---- */

/* A folder that is absent or empty may become a home. */
static int check_place(const struct fh_init *init, struct fh_err *err)
{
    DIR *folder = opendir(init->home.root);
    if (folder == NULL) {
        return errno == ENOENT ? FH_OK
                               : fh_err_rule(err,
                                             FH_EEXIST,
                                             "home.exists",
                                             "%s is there already and no empty folder",
                                             init->home.root);
    }
    bool empty = true;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    }
    closedir(folder);
    return empty ? FH_OK
                 : fh_err_rule(err,
                               FH_EEXIST,
                               "home.exists",
                               "%s is there already and not empty",
                               init->home.root);
}

static int check_recovery(struct fh_init *init, struct fh_err *err)
{
    if (init->recovery[0] == 0) {
        snprintf(init->recovery, sizeof init->recovery, "%s.recovery", init->home.root);
    }
    struct stat st;
    if (lstat(init->recovery, &st) == 0) {
        return fh_err_rule(err,
                           FH_EEXIST,
                           "recovery.exists",
                           "%s is there already: it may hold the next key of a domain; move it "
                           "away, or choose another place with --recovery",
                           init->recovery);
    }
    size_t length = strlen(init->home.root);
    if (strncmp(init->recovery, init->home.root, length) == 0 && init->recovery[length] == '/') {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "recovery.inside",
                           "the recovery file must not lie inside the home: whoever steals the "
                           "home could rotate its keys");
    }
    return FH_OK;
}

int fh_init_check(struct fh_init *init, struct fh_err *err)
{
    FH_ASSERT(init->joins != (init->mesh_name != NULL));
    int code = fh_name_check("domain", init->settings.domain, err);
    if (code == FH_OK && init->mesh_name != NULL) {
        code = fh_name_check("mesh", init->mesh_name, err);
    }
    if (code == FH_OK) {
        code = fh_settings_check(&init->settings, err);
    }
    if (code == FH_OK && init->joins) {
        code = check_invitation(init, err);
    }
    if (code == FH_OK) {
        code = check_place(init, err);
    }
    return code == FH_OK ? check_recovery(init, err) : code;
}

/* ---- keys ---- */

struct keys {
    struct fh_sign_public domain_public, next_public, publisher_public, node_public, member_public;
    struct fh_sign_secret domain, next, publisher, node, member;
};

static int write_seed(const struct fh_home *home,
                      const char *name,
                      enum fh_key_kind kind,
                      const uint8_t seed[FH_SEED_BYTES],
                      struct fh_err *err)
{
    uint8_t file[FH_KEYFILE_BYTES];
    int code = fh_keyfile_encode(file, kind, seed, NULL, err);
    if (code == FH_OK) {
        code = fh_home_key_write(home, name, fh_bytes(file, sizeof file), err);
    }
    fh_wipe(file, sizeof file);
    return code;
}

static int make_key(const struct fh_home *home,
                    const char *name,
                    enum fh_key_kind kind,
                    struct fh_sign_public *out_public,
                    struct fh_sign_secret *out_secret,
                    struct fh_err *err)
{
    uint8_t seed[FH_SEED_BYTES];
    fh_entropy(seed, sizeof seed);
    fh_sign_keys(seed, out_public, out_secret);
    int code = write_seed(home, name, kind, seed, err);
    fh_wipe(seed, sizeof seed);
    return code;
}

static int make_next_key(const struct fh_init *init, struct keys *keys, struct fh_err *err)
{
    uint8_t seed[FH_SEED_BYTES], file[FH_KEYFILE_BYTES];
    fh_entropy(seed, sizeof seed);
    fh_sign_keys(seed, &keys->next_public, &keys->next);
    int code = fh_keyfile_encode(file, FH_KEY_NEXT, seed, NULL, err);
    if (code == FH_OK) {
        code = fh_file_create(init->recovery, fh_bytes(file, sizeof file), 0600, err);
    }
    fh_wipe(seed, sizeof seed);
    fh_wipe(file, sizeof file);
    return code;
}

static int make_keys(const struct fh_init *init,
                     const struct fh_home *home,
                     struct keys *keys,
                     struct fh_err *err)
{
    uint8_t agree[FH_SEED_BYTES];
    fh_entropy(agree, sizeof agree);
    int code = write_seed(home, "node_agree", FH_KEY_NODE_AGREE, agree, err);
    fh_wipe(agree, sizeof agree);
    if (code == FH_OK) {
        code = make_key(home, "domain", FH_KEY_DOMAIN, &keys->domain_public, &keys->domain, err);
    }
    if (code == FH_OK) {
        code = make_key(
            home, "publisher", FH_KEY_PUBLISHER, &keys->publisher_public, &keys->publisher, err);
    }
    if (code == FH_OK) {
        code = make_key(home, "node", FH_KEY_NODE, &keys->node_public, &keys->node, err);
    }
    if (code == FH_OK) {
        code = make_key(home, "member", FH_KEY_MEMBER, &keys->member_public, &keys->member, err);
    }
    return code == FH_OK ? make_next_key(init, keys, err) : code;
}

/* ---- records ---- */

struct records {
    const struct fh_home *home;
    struct fh_buf record;
};

static int leave(struct records *records, unsigned order, const char *name, struct fh_err *err)
{
    int code = fh_buf_ok(&records->record);
    return code == FH_OK ? fh_home_identity_write(
                               records->home, order, name, fh_buf_view(&records->record), err)
                         : fh_err_set(err, code, "identity record %s", name);
}

/* The id of the record just made. */
static int record_id(const struct records *records,
                     const struct fh_mesh_id *mesh,
                     struct fh_record_id *out,
                     struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, fh_buf_view(&records->record), mesh, err);
    if (code == FH_OK) {
        *out = record.id;
    }
    return code;
}

static int make_inception(struct fh_init *init,
                          struct records *records,
                          const struct keys *keys,
                          struct fh_err *err)
{
    static const struct fh_mesh_id no_mesh;
    struct fh_key_event event = {
        .kind = FH_KEY_INCEPTION,
        .key = keys->domain_public,
        .next = fh_next_key_hash(&keys->next_public),
        .created_ms = init->now_ms,
    };
    struct fh_record_id id;
    fh_buf_reset(&records->record);
    fh_key_event_make(&records->record, &event, &keys->domain);
    int code = leave(records, 0, "inception", err);
    if (code == FH_OK) {
        code = record_id(records, &no_mesh, &id, err);
    }
    if (code == FH_OK) {
        memcpy(init->domain.b, id.b, sizeof init->domain.b);
    }
    return code;
}

static int make_charter(struct fh_init *init,
                        struct records *records,
                        const struct keys *keys,
                        struct fh_err *err)
{
    static const struct fh_mesh_id no_mesh;
    struct fh_charter *charter FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *charter);
    if (charter == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a charter");
    }
    fh_charter_first(charter, init->mesh_name, &init->domain, init->settings.domain, init->now_ms);
    struct fh_record_id id;
    fh_buf_reset(&records->record);
    fh_charter_make(&records->record, charter, &no_mesh, &keys->domain);
    int code = leave(records, 10, "charter", err);
    if (code == FH_OK) {
        code = record_id(records, &no_mesh, &id, err);
    }
    if (code == FH_OK) {
        memcpy(init->mesh.b, id.b, sizeof init->mesh.b);
    }
    return code;
}

/* Peers whose clock runs behind ours shall find today's delegations valid too. */
static int64_t begins(const struct fh_init *init)
{
    return init->now_ms - FH_CLOCK_SKEW_MS / 2;
}

static int make_delegation(const struct fh_init *init,
                           struct records *records,
                           const struct keys *keys,
                           const struct fh_delegation *delegation,
                           unsigned order,
                           const char *name,
                           struct fh_err *err)
{
    fh_buf_reset(&records->record);
    fh_delegation_make(&records->record, delegation, &init->mesh, &keys->domain);
    return leave(records, order, name, err);
}

static int make_delegations(const struct fh_init *init,
                            struct records *records,
                            const struct keys *keys,
                            struct fh_err *err)
{
    int code = FH_OK;
    for (unsigned i = 0; i < FH_INIT_NODE_DELEGATIONS && code == FH_OK; i++) {
        struct fh_delegation month = {
            .domain = init->domain,
            .subject = keys->node_public,
            .role = FH_ROLE_NODE,
            .not_before_ms = begins(init) + (int64_t)i * FH_NODE_DELEGATION_MS,
            .not_after_ms = begins(init) + (int64_t)(i + 1) * FH_NODE_DELEGATION_MS,
            .label = "node",
        };
        char name[16];
        snprintf(name, sizeof name, "node_%02u", i + 1);
        code = make_delegation(init, records, keys, &month, 100 + i, name, err);
    }
    struct fh_delegation other = {
        .domain = init->domain,
        .subject = keys->publisher_public,
        .role = FH_ROLE_PUBLISHER,
        .not_before_ms = begins(init),
        .not_after_ms = begins(init) + FH_INIT_MEMBER_MS,
        .label = "publisher",
    };
    if (code == FH_OK) {
        code = make_delegation(init, records, keys, &other, 200, "publisher", err);
    }
    other.subject = keys->member_public;
    other.role = FH_ROLE_MEMBER;
    snprintf(other.label, sizeof other.label, "member");
    return code == FH_OK ? make_delegation(init, records, keys, &other, 300, "member", err) : code;
}

/* ---- invitation and settings ---- */

static int
leave_invitation(const struct fh_init *init, const struct fh_home *home, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    struct fh_buf text;
    fh_buf_init(&text, FH_INVITATION_TEXT_BYTES + 1);
    fh_invitation_text(&text, &init->ticket);
    fh_buf_add_u8(&text, '\n');
    int code = fh_buf_ok(&text);
    if (code != FH_OK) {
        code = fh_err_set(err, code, "the invitation does not fit its text form");
    } else {
        fh_home_path(path, home, FH_HOME_INVITATION);
        code = fh_file_create(path, fh_buf_view(&text), 0600, err);
    }
    if (text.data != NULL) {
        fh_wipe(text.data, text.capacity);
    }
    fh_buf_fini(&text);
    return code;
}

static int leave_settings(struct fh_init *init, const struct fh_home *home, struct fh_err *err)
{
    struct fh_settings *settings = &init->settings;
    fh_mesh_id_text(settings->mesh, &init->mesh);
    if (init->mesh_name != NULL) {
        snprintf(settings->mesh_name, sizeof settings->mesh_name, "%s", init->mesh_name);
    }
    settings->peers.count = init->joins ? init->ticket.address_count : 0;
    for (size_t i = 0; i < settings->peers.count; i++) {
        memcpy(
            settings->peers.items[i], init->ticket.addresses[i], sizeof settings->peers.items[i]);
    }
    char path[FH_HOME_PATH_BYTES];
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_SETTINGS_BYTES_MAX);
    fh_settings_render(&text, settings);
    int code = fh_buf_ok(&text);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the settings do not fit freehold.yaml");
    }
    fh_home_path(path, home, FH_HOME_SETTINGS);
    return fh_file_create(path, fh_buf_view(&text), 0600, err);
}

/* ---- all of it, at a place beside ---- */

static int fill(struct fh_init *init, const struct fh_home *home, struct fh_err *err)
{
    struct keys *keys = fh_calloc(1, sizeof *keys);
    struct records records = {.home = home};
    fh_buf_init(&records.record, FH_RECORD_BYTES_MAX);
    if (keys == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for keys");
    }
    int code = fh_home_create(home, err);
    if (code == FH_OK) {
        code = make_keys(init, home, keys, err);
    }
    if (code == FH_OK) {
        code = make_inception(init, &records, keys, err);
    }
    if (code == FH_OK && init->joins) {
        init->mesh = init->ticket.mesh;
        code = leave_invitation(init, home, err);
    } else if (code == FH_OK) {
        code = make_charter(init, &records, keys, err);
    }
    if (code == FH_OK) {
        code = make_delegations(init, &records, keys, err);
    }
    if (code == FH_OK) {
        code = leave_settings(init, home, err);
    }
    fh_buf_fini(&records.record);
    fh_wipe(keys, sizeof *keys);
    fh_free(keys);
    return code;
}

/* Deletes a folder of ours and what is directly in it and in its folders: a home is two deep. */
static void remove_tree(const char *path, unsigned depth)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char inner[FH_INIT_PATH_BYTES];
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        int length = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (length < 0 || (size_t)length >= sizeof inner || lstat(inner, &st) != 0) {
            continue;
        }
        if (!S_ISDIR(st.st_mode)) {
            unlink(inner);
        } else if (depth > 0) {
            remove_tree(inner, depth - 1);
        }
    }
    closedir(folder);
    rmdir(path);
}

static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int failed = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return failed;
}

/* "<parent>/.fhXXXXXX", made 0700; `parent` gets the folder that holds the home. */
static int make_beside(const struct fh_init *init,
                       struct fh_home *out,
                       char parent[FH_HOME_BYTES_MAX + 2],
                       struct fh_err *err)
{
    const char *name = strrchr(init->home.root, '/');
    FH_ASSERT(name != NULL);
    size_t length = name == init->home.root ? 1 : (size_t)(name - init->home.root);
    memcpy(parent, init->home.root, length);
    parent[length] = 0;
    char place[FH_HOME_BYTES_MAX + 16];
    snprintf(place, sizeof place, "%s%s.fhXXXXXX", parent, length == 1 ? "" : "/");
    if (strlen(place) > FH_HOME_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_EUSAGE,
                           "home.path",
                           "%s: the path is too long for the socket in it",
                           init->home.root);
    }
    if (mkdtemp(place) == NULL) {
        return fh_err_set(err, FH_EIO, "%s: %s", parent, strerror(errno));
    }
    memcpy(out->root, place, strlen(place) + 1);
    return FH_OK;
}

int fh_init_make(struct fh_init *init, struct fh_err *err)
{
    struct fh_home beside;
    char parent[FH_HOME_BYTES_MAX + 2];
    int code = make_beside(init, &beside, parent, err);
    if (code != FH_OK) {
        return code;
    }
    struct stat st;
    code = fill(init, &beside, err);
    int failed = code == FH_OK ? sync_folder(beside.root) : 0;
    if (code == FH_OK && failed == 0 && rename(beside.root, init->home.root) != 0) {
        failed = errno;
    }
    if (failed != 0) {
        code = fh_err_set(err, FH_EIO, "%s: %s", init->home.root, strerror(failed));
    }
    if (code == FH_OK) {
        /* The home is there; that its name outlives a power cut can only be hoped for now. */
        sync_folder(parent);
        return FH_OK;
    }
    remove_tree(beside.root, 2);
    /* fh_init_check saw no such file, so one that is there is ours, unless creating it failed
     * because another had come between. */
    if (code != FH_EEXIST && lstat(init->recovery, &st) == 0) {
        unlink(init->recovery);
    }
    return code;
}

void fh_init_wipe(struct fh_init *init)
{
    fh_invitation_ticket_wipe(&init->ticket);
}
