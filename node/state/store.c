/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store.h"

#include "common/assert.h"
#include "common/mem.h"
#include "node/state/schema.h"
#include "node/state/store_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    APPLICATION_ID = 0x46484c44, /* "FHLD" */
    FILE_MODE = 0600,
};

/* migrations[n] turns version n into n + 1; each runs whole or not at all. */
static const char *const migrations[] = {schema_1, schema_2, schema_3};

/* Every connection: the log of the last commits is fsynced by the next durable one. 8 MiB of pages
 * hold what an intake of thousands of contracts comes back to; a node at rest has read few. The log
 * grows to its limit before it is written back, so that such an intake writes a page once, not ten
 * times. */
static const char pragmas[] = "PRAGMA journal_mode = WAL;"
                              "PRAGMA synchronous = FULL;"
                              "PRAGMA cache_size = -8192;"
                              "PRAGMA temp_store = MEMORY;"
                              "PRAGMA trusted_schema = OFF;"
                              "PRAGMA cell_size_check = ON;"
                              "PRAGMA wal_autocheckpoint = 4000;"
                              "PRAGMA journal_size_limit = 16777216;";

/* ---- opening ---- */

/* Makes the file first, so that it is 0600 whatever the umask; SQLite gives its log files the same
 * bits. A symbolic link is refused. */
static int make_file(const char *path, struct fh_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0) {
        return fh_err_rule(err,
                           FH_EIO,
                           "store.io",
                           "%s: %s; check that the file and its folder belong to you",
                           path,
                           strerror(errno));
    }
    struct stat st;
    int code = FH_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        code = fh_err_rule(err, FH_EIO, "store.io", "%s: is not a regular file", path);
    } else if ((st.st_mode & 077) != 0 && fchmod(fd, FILE_MODE) != 0) {
        code =
            fh_err_rule(err, FH_EDENIED, "store.permissions", "%s: run: chmod 600 %s", path, path);
    }
    close(fd);
    return code;
}

static int read_pragma(struct fh_store *store, const char *text, int64_t *out, struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, text);
    return fh_sql_read_numbers(&sql, 1, out, err);
}

static int migrate_one(struct fh_store *store, size_t version, struct fh_err *err)
{
    char stamp[96];
    snprintf(stamp,
             sizeof stamp,
             "PRAGMA user_version = %zu; PRAGMA application_id = %d;",
             version + 1,
             APPLICATION_ID);
    int code = fh_store_begin(store, FH_STORE_DURABLE, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_sql_script(store, migrations[version], err);
    if (code == FH_OK) {
        code = fh_sql_script(store, stamp, err);
    }
    if (code != FH_OK) {
        fh_store_rollback(store);
        return fh_err_wrap(err, "schema version %zu", version + 1);
    }
    return fh_store_commit(store, err);
}

static int migrate(struct fh_store *store, struct fh_err *err)
{
    int64_t version = 0;
    int64_t application = 0;
    int64_t tables = 0;
    int code = read_pragma(store, "PRAGMA user_version", &version, err);
    if (code == FH_OK) {
        code = read_pragma(store, "PRAGMA application_id", &application, err);
    }
    if (code == FH_OK) {
        code = read_pragma(store, "SELECT count(*) FROM sqlite_schema", &tables, err);
    }
    if (code != FH_OK) {
        return code;
    }
    if (tables > 0 && application != APPLICATION_ID) {
        return fh_err_rule(err,
                           FH_ESTATE,
                           "store.foreign",
                           "%s: is an SQLite file of another program; move it aside",
                           store->path);
    }
    if (version < 0 || version > (int64_t)FH_COUNT(migrations)) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "store.version",
                           "%s: schema version %lld is from a newer Freehold; this one knows up "
                           "to %zu: upgrade, or restore a copy of that time",
                           store->path,
                           (long long)version,
                           FH_COUNT(migrations));
    }
    for (size_t at = (size_t)version; at < FH_COUNT(migrations) && code == FH_OK; at++) {
        code = migrate_one(store, at, err);
    }
    return code;
}

static int set_up(struct fh_store *store, struct fh_err *err)
{
    int code = make_file(store->path, err);
    if (code != FH_OK) {
        return code;
    }
    int sqlite = sqlite3_open_v2(store->path,
                                 &store->db,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                     SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
                                 NULL);
    if (sqlite != SQLITE_OK) {
        return fh_sql_error(store, sqlite, err);
    }
    sqlite3_busy_timeout(store->db, FH_STORE_BUSY_MS);
    sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    code = fh_sql_script(store, pragmas, err);
    return code == FH_OK ? migrate(store, err) : code;
}

int fh_store_open(struct fh_store **out, const char *path, struct fh_err *err)
{
    FH_CLEANUP(fh_store_closep) struct fh_store *store = fh_calloc(1, sizeof *store);
    if (store == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the store");
    }
    store->is_durable = true; /* as the pragmas say */
    if (strlen(path) >= sizeof store->path) {
        return fh_err_set(err, FH_ETOOBIG, "the path of the store is too long");
    }
    memcpy(store->path, path, strlen(path) + 1);
    int code = set_up(store, err);
    if (code == FH_OK) {
        *out = FH_TAKE(store);
    }
    return code;
}

void fh_store_close(struct fh_store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < store->statement_count; i++) {
        sqlite3_finalize(store->statements[i].statement);
    }
    sqlite3_close(store->db); /* rolls an open transaction back */
    fh_free(store);
}

/* ---- transactions ---- */

static int set_synchronous(struct fh_store *store, bool durable, struct fh_err *err)
{
    if (durable == store->is_durable) {
        return FH_OK;
    }
    int code = fh_sql_script(
        store, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err);
    if (code == FH_OK) {
        store->is_durable = durable;
    }
    return code;
}

static int savepoint(struct fh_store *store, const char *verb, unsigned level, struct fh_err *err)
{
    char text[64];
    snprintf(text, sizeof text, "%s level_%u", verb, level);
    return fh_sql_script(store, text, err);
}

static int undone(struct fh_store *store, struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EIO,
                       "store.undone",
                       "%s: the transaction was undone by an earlier failure",
                       store->path);
}

int fh_store_begin(struct fh_store *store, enum fh_store_durability durability, struct fh_err *err)
{
    int code = FH_OK;
    if (store->depth == 0) {
        code = set_synchronous(store, durability == FH_STORE_DURABLE, err);
        if (code == FH_OK) {
            code = fh_sql_script(store, "BEGIN IMMEDIATE", err);
        }
    } else if (store->is_broken) {
        code = undone(store, err);
    } else {
        /* SQLite cannot raise the level inside a transaction. */
        FH_ASSERT(durability != FH_STORE_DURABLE || store->is_durable);
        FH_ASSERT(durability != FH_STORE_BULK);
        /* A savepoint makes FTS5 write out what it has gathered, which is most of the work of a
         * small transaction. */
        code = store->is_bulk ? FH_OK : savepoint(store, "SAVEPOINT", store->depth, err);
    }
    if (code == FH_OK) {
        FH_ASSERT(store->depth < FH_STORE_DEPTH_MAX);
        store->changed[store->depth] = sqlite3_total_changes64(store->db);
        store->is_bulk = store->is_bulk || durability == FH_STORE_BULK;
        store->depth++;
    }
    return code;
}

/* Leaves the outer transaction, which is over in SQLite's eyes too. */
static void leave_outer(struct fh_store *store)
{
    struct fh_err ignored;
    store->depth = 0;
    store->is_broken = false;
    store->is_bulk = false;
    if (set_synchronous(store, true, &ignored) != FH_OK) {
        store->is_durable = false; /* tried again at the next begin */
    }
}

int fh_store_commit(struct fh_store *store, struct fh_err *err)
{
    FH_ASSERT(store->depth > 0);
    int code = FH_OK;
    if (store->is_broken) {
        code = undone(store, err);
    } else if (store->depth > 1) {
        code = store->is_bulk ? FH_OK : savepoint(store, "RELEASE", store->depth - 1, err);
    } else {
        code = fh_sql_script(store, "COMMIT", err);
    }
    if (code != FH_OK) {
        fh_store_rollback(store);
        return code;
    }
    store->depth--;
    if (store->depth == 0) {
        leave_outer(store);
    }
    return FH_OK;
}

int fh_store_commit_after(struct fh_store *store, int rc, struct fh_err *err)
{
    struct fh_err failure;
    int code = fh_store_commit(store, &failure);
    if (rc == FH_OK && code != FH_OK) {
        *err = failure;
        rc = code;
    }
    return rc;
}

void fh_store_rollback(struct fh_store *store)
{
    if (store->depth == 0) {
        return;
    }
    struct fh_err ignored;
    if (store->depth > 1) {
        store->depth--;
        if (store->is_bulk) {
            store->is_broken = store->is_broken ||
                               sqlite3_total_changes64(store->db) != store->changed[store->depth];
        } else if (!store->is_broken &&
                   (savepoint(store, "ROLLBACK TO", store->depth, &ignored) != FH_OK ||
                    savepoint(store, "RELEASE", store->depth, &ignored) != FH_OK)) {
            store->is_broken = true;
        }
        return;
    }
    if (sqlite3_get_autocommit(store->db) == 0 && fh_sql_script(store, "ROLLBACK", &ignored) != 0) {
        /* SQLite only refuses while a statement runs: a walk whose visitor failed to end it. */
        FH_ASSERT(sqlite3_get_autocommit(store->db) != 0);
    }
    leave_outer(store);
}

uint64_t fh_store_changes(const struct fh_store *store)
{
    return (uint64_t)sqlite3_total_changes64(store->db);
}

unsigned fh_store_depth(const struct fh_store *store)
{
    return store->depth;
}

/* ---- numbers and bytes by key ---- */

static const char *const keys[] = {
#define X(name, text) [FH_STORE_KEY_##name] = (text),
    FH_STORE_KEYS(X)
#undef X
};

static const char get_value[] = "SELECT value FROM kv WHERE key = ?";
static const char put_value[] = "INSERT INTO kv (key, value) VALUES (?, ?)"
                                " ON CONFLICT (key) DO UPDATE SET value = excluded.value";

int fh_store_get_number(struct fh_store *store,
                        enum fh_store_key key,
                        int64_t fallback,
                        int64_t *out,
                        struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, get_value);
    fh_sql_text(&sql, keys[key]);
    int64_t value = fallback;
    int code = fh_sql_read_numbers(&sql, 1, &value, err);
    if (code == FH_OK) {
        *out = value;
    }
    return code;
}

int fh_store_put_number(struct fh_store *store,
                        enum fh_store_key key,
                        int64_t value,
                        struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, put_value);
    fh_sql_text(&sql, keys[key]);
    fh_sql_number(&sql, value);
    return fh_sql_run(&sql, err);
}

int fh_store_get_bytes(struct fh_store *store,
                       enum fh_store_key key,
                       struct fh_buf *out,
                       struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, get_value);
    fh_sql_text(&sql, keys[key]);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code != FH_OK) {
        return code;
    }
    if (!row) {
        fh_sql_end(&sql);
        return fh_err_set(err, FH_ENOTFOUND, "%s: no %s yet", store->path, keys[key]);
    }
    code = fh_sql_append(&sql, 0, out, err);
    fh_sql_end(&sql);
    return code;
}

int fh_store_put_bytes(struct fh_store *store,
                       enum fh_store_key key,
                       struct fh_bytes value,
                       struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, put_value);
    fh_sql_text(&sql, keys[key]);
    fh_sql_bytes(&sql, value);
    return fh_sql_run(&sql, err);
}

/* Compares an id with the one put before, or puts it. */
static int identify_one(struct fh_store *store,
                        enum fh_store_key key,
                        const uint8_t id[FH_ID_BYTES],
                        struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf held;
    fh_buf_init(&held, FH_ID_BYTES);
    int code = fh_store_get_bytes(store, key, &held, err);
    if (code == FH_ENOTFOUND) {
        return fh_store_put_bytes(store, key, fh_bytes(id, FH_ID_BYTES), err);
    }
    if (code == FH_OK && !fh_bytes_equal(fh_buf_view(&held), fh_bytes(id, FH_ID_BYTES))) {
        code = fh_err_rule(err,
                           FH_ESTATE,
                           "store.identity",
                           "%s: belongs to another %s than this home; one home is one node in one "
                           "mesh: put the matching node.db back, or move it aside",
                           store->path,
                           keys[key]);
    }
    return code;
}

int fh_store_identify(struct fh_store *store,
                      const struct fh_mesh_id *mesh,
                      const struct fh_domain_id *domain,
                      const struct fh_node_id *node,
                      struct fh_err *err)
{
    int code = fh_store_begin(store, FH_STORE_DURABLE, err);
    if (code != FH_OK) {
        return code;
    }
    if (!fh_mesh_id_is_zero(mesh)) {
        code = identify_one(store, FH_STORE_KEY_MESH, mesh->b, err);
    }
    if (code == FH_OK) {
        code = identify_one(store, FH_STORE_KEY_DOMAIN, domain->b, err);
    }
    if (code == FH_OK) {
        /* A domain may give its node another key; that it is its, the directory has said. */
        code = fh_store_put_bytes(store, FH_STORE_KEY_NODE, fh_bytes(node->b, sizeof node->b), err);
    }
    if (code != FH_OK) {
        fh_store_rollback(store);
        return code;
    }
    return fh_store_commit(store, err);
}
