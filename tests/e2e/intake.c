/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many contracts at once, for the benchmark `intake`.
 *
 *     fh-intake fill HOME COUNT COLUMNS   publishes so many contracts into the home of a node that
 *                                         does not run, signed by its publisher
 *     fh-intake take FROM TO              takes all announcements and contracts of one home into
 *                                         another, in this process, as synchronisation would; says
 *                                         how long verifying, opening and indexing them took
 *     fh-intake yaml NUMBER COLUMNS       prints such a contract
 *     fh-intake wait HOME COUNT SECONDS   until a running node holds so many contracts
 *
 * Times are printed in microseconds.
 */
#include "common/mem.h"
#include "common/time.h"
#include "node/residence.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/publish_rules.h"
#include "proto/contract/publish_text.h"
#include "proto/identity/keyfile.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 200, PAGE_BYTES = 256 * 1024, POLL_MS = 5 };

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fprintf(stderr, "fh-intake: %s (%s)\n", err->text, err->rule);
        exit(1);
    }
}

static struct fh_residence *open_home(const char *path)
{
    struct fh_err err;
    struct fh_config *config = calloc(1, sizeof *config);
    struct fh_residence *home = calloc(1, sizeof *home);
    const char *const args[] = {"fh-intake", "--home", path, "--offline", NULL};
    const char *const environment[] = {NULL};
    if (config == NULL || home == NULL) {
        abort();
    }
    must(fh_config_load(config, 4, args, environment, &err), &err);
    must(fh_residence_open(home, config, &err), &err);
    return home;
}

/* ---- fill ---- */

static void write_yaml(struct fh_buf *out, unsigned number, unsigned columns)
{
    static const char *const types[] = {"string", "integer", "number", "date", "boolean"};
    fh_buf_printf(out,
                  "apiVersion: v3.1.0\nkind: DataContract\nid: bench-%u\nname: product_%05u\n"
                  "version: 1.0.0\nstatus: active\ntags: [bench, lot%u]\n"
                  "description:\n  purpose: Measurements of series %u, one row per reading.\n"
                  "schema:\n  - name: readings_%u\n    description: One row per reading.\n"
                  "    properties:\n",
                  number,
                  number,
                  number % 100,
                  number,
                  number);
    for (unsigned i = 0; i < columns; i++) {
        fh_buf_printf(out,
                      "      - name: column_%02u\n        logicalType: %s\n"
                      "        description: Value %u of series %u, as the station sent it.\n"
                      "        required: %s\n        classification: public\n",
                      i,
                      types[i % FH_COUNT(types)],
                      i,
                      number,
                      i % 3 == 0 ? "true" : "false");
    }
    fh_buf_add_cstr(out,
                    "roles:\n  - {role: mesh, access: read}\n"
                    "servers:\n  - {server: s, type: local, path: readings.csv, format: csv}\n");
}

static int print_yaml(unsigned number, unsigned columns)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf yaml;
    fh_buf_init(&yaml, FH_CONTRACT_BYTES_MAX);
    write_yaml(&yaml, number, columns);
    if (fh_buf_ok(&yaml) != FH_OK) {
        fputs("fh-intake: more columns than a contract holds\n", stderr);
        return 1;
    }
    fwrite(yaml.data, 1, yaml.size, stdout);
    return 0;
}

struct signer {
    struct fh_residence *home;
    struct fh_sign_secret secret;
};

/* The contract's record; its id is given. */
static struct fh_record_id
make_contract(struct fh_buf *out, const struct signer *signer, unsigned number, unsigned columns)
{
    struct fh_err err;
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_published published;
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    FH_CLEANUP(fh_buf_fini) struct fh_buf yaml;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&yaml, FH_CONTRACT_BYTES_MAX);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_findings_init(&findings, arena);
    write_yaml(&yaml, number, columns);
    const struct fh_domain_id *domain = &signer->home->domain;
    must(fh_contract_read(&contract, fh_buf_view(&yaml), &findings, &err), &err);
    fh_publish_rules(contract, NULL, &findings);
    must(fh_findings_ok(&findings, &err), &err);
    must(fh_publish_text(&published, fh_buf_view(&yaml), contract, domain, &findings, &err), &err);
    const struct fh_contract_record record = {
        .domain = *domain,
        .seq = 1,
        .created_ms = fh_clock_wall_ms(),
        .compat_rules = FH_CONTRACT_COMPAT_RULES,
        .text = published.text,
    };
    fh_contract_record_encode(&payload, &record, published.contract);
    fh_record_seal(
        out, FH_RECORD_CONTRACT, &signer->home->mesh_id, fh_buf_view(&payload), &signer->secret);
    fh_err_set(&err, FH_ETOOBIG, "the record is too large");
    must(fh_buf_ok(out), &err);
    struct fh_record_id id =
        fh_record_id_of(FH_RECORD_CONTRACT, &signer->home->mesh_id, fh_buf_view(&payload));
    fh_arena_free(arena);
    return id;
}

static void publish(const struct signer *signer, unsigned number, unsigned columns)
{
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf contract;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    FH_CLEANUP(fh_buf_fini) struct fh_buf announcement;
    fh_buf_init(&contract, FH_RECORD_BYTES_MAX);
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&announcement, FH_RECORD_BYTES_MAX);
    int64_t now_ms = fh_clock_wall_ms();
    struct fh_announcement said = {
        .domain = signer->home->domain,
        .major = 1,
        .revision = 1,
        .status = FH_ANNOUNCE_ACTIVE,
        .version = "1.0.0",
        .contract = make_contract(&contract, signer, number, columns),
        .contract_bytes = contract.size,
        .contract_seq = 1,
        .issued_ms = now_ms,
        .expires_ms = now_ms + FH_ANNOUNCEMENT_TTL_MS,
    };
    snprintf(said.product, sizeof said.product, "product_%05u", number);
    snprintf(said.title, sizeof said.title, "Series %u", number);
    snprintf(said.summary, sizeof said.summary, "Measurements of series %u.", number);
    fh_announce_encode(&payload, &said);
    fh_keystore_seal(signer->home->keys,
                     &announcement,
                     FH_RECORD_ANNOUNCEMENT,
                     &signer->home->mesh_id,
                     fh_buf_view(&payload));
    struct fh_catalog_outcome outcome;
    must(fh_catalog_publish(signer->home->catalog,
                            fh_buf_view(&contract),
                            fh_buf_view(&announcement),
                            NULL,
                            now_ms,
                            &outcome,
                            &err),
         &err);
}

static void read_publisher(struct signer *out)
{
    struct fh_err err;
    struct fh_sign_public key;
    uint8_t seed[FH_SEED_BYTES];
    FH_CLEANUP(fh_buf_fini) struct fh_buf file;
    fh_buf_init(&file, FH_KEY_FILE_BYTES_MAX);
    must(fh_home_key_read(&out->home->config->home, "publisher", &file, &err), &err);
    must(fh_keyfile_decode(seed, FH_KEY_PUBLISHER, fh_buf_view(&file), FH_BYTES_NONE, &err), &err);
    fh_sign_keys(seed, &key, &out->secret);
}

static int fill(const char *path, unsigned count, unsigned columns)
{
    struct fh_err err;
    struct signer signer = {.home = open_home(path)};
    read_publisher(&signer);
    int64_t started = fh_clock_mono_ms();
    for (unsigned i = 0; i < count; i++) {
        if (i % BATCH == 0) {
            must(fh_store_begin(signer.home->store, FH_STORE_DURABLE, &err), &err);
        }
        publish(&signer, i, columns);
        if (i % BATCH == BATCH - 1 || i + 1 == count) {
            must(fh_store_commit(signer.home->store, &err), &err);
        }
    }
    printf("%lld\n", (long long)(fh_clock_mono_ms() - started) * 1000);
    fh_residence_close(signer.home);
    return 0;
}

/* ---- take ---- */

struct list {
    struct fh_buf bytes;
    size_t *sizes;
    size_t count;
};

static void add_to(struct list *list, struct fh_bytes record)
{
    list->sizes = realloc(list->sizes, (list->count + 1) * sizeof *list->sizes);
    if (list->sizes == NULL) {
        abort();
    }
    list->sizes[list->count++] = record.size;
    fh_buf_add_bytes(&list->bytes, record);
}

struct gathering {
    struct fh_residence *home;
    struct list announcements;
    struct list contracts;
};

static int gather(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    struct gathering *gathering = user;
    struct fh_catalog *catalog = gathering->home->catalog;
    struct fh_announce_key key = fh_announce_key(&entry->announcement);
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    must(fh_catalog_announcement_record(catalog, &key, &record, err), err);
    add_to(&gathering->announcements, fh_buf_view(&record));
    fh_buf_reset(&record);
    must(fh_catalog_contract_record(catalog, &entry->announcement.contract, &record, err), err);
    add_to(&gathering->contracts, fh_buf_view(&record));
    return FH_OK;
}

/* Hands the records to the catalogue, a page in a transaction. */
static int64_t hand_over(struct fh_residence *home, const struct list *list, bool contracts)
{
    struct fh_err err;
    int64_t started = fh_clock_mono_ms();
    size_t at = 0, page = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct fh_bytes record = fh_bytes(list->bytes.data + at, list->sizes[i]);
        struct fh_catalog_outcome outcome;
        if (page == 0) {
            must(fh_store_begin(home->store, FH_STORE_BULK, &err), &err);
        }
        int64_t now_ms = fh_clock_wall_ms();
        must(contracts ? fh_catalog_contract(home->catalog, record, NULL, now_ms, &outcome, &err)
                       : fh_catalog_announce(home->catalog, record, now_ms, &outcome, &err),
             &err);
        at += record.size;
        page += record.size;
        if (page >= PAGE_BYTES || i + 1 == list->count) {
            must(fh_store_commit(home->store, &err), &err);
            page = 0;
        }
    }
    return fh_clock_mono_ms() - started;
}

static int take(const char *from, const char *to)
{
    struct fh_err err;
    struct gathering gathering = {.home = open_home(from)};
    fh_buf_init(&gathering.announcements.bytes, SIZE_MAX / 2);
    fh_buf_init(&gathering.contracts.bytes, SIZE_MAX / 2);
    must(
        fh_catalog_each(gathering.home->catalog, &gathering.home->domain, gather, &gathering, &err),
        &err);
    struct fh_residence *home = open_home(to);
    int64_t announcements_ms = hand_over(home, &gathering.announcements, false);
    int64_t contracts_ms = hand_over(home, &gathering.contracts, true);
    fprintf(stderr,
            "%zu announcements of %zu bytes: %lld ms\n%zu contracts of %zu bytes: %lld ms\n",
            gathering.announcements.count,
            gathering.announcements.bytes.size,
            (long long)announcements_ms,
            gathering.contracts.count,
            gathering.contracts.bytes.size,
            (long long)contracts_ms);
    printf("%lld\n", (long long)(announcements_ms + contracts_ms) * 1000);
    fh_residence_close(home);
    fh_residence_close(gathering.home);
    fh_buf_fini(&gathering.announcements.bytes);
    fh_buf_fini(&gathering.contracts.bytes);
    free(gathering.announcements.sizes);
    free(gathering.contracts.sizes);
    return 0;
}

/* ---- wait ---- */

/* How many contracts lie in the database, or -1 while there is none to read. */
static long long held(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *count = NULL;
    long long rows = -1;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(db, 1000) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT count(*) FROM contracts", -1, &count, NULL) == SQLITE_OK &&
        sqlite3_step(count) == SQLITE_ROW) {
        rows = sqlite3_column_int64(count, 0);
    }
    sqlite3_finalize(count);
    sqlite3_close(db);
    return rows;
}

static int wait_for(const char *home, long long wanted, long long seconds)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/node.db", home);
    int64_t started = fh_clock_mono_ms();
    long long rows;
    while ((rows = held(path)) < wanted) {
        if (fh_clock_mono_ms() - started > seconds * 1000) {
            fprintf(
                stderr, "fh-intake: %lld of %lld contracts after %lld s\n", rows, wanted, seconds);
            return 1;
        }
        struct timespec rest = {.tv_nsec = POLL_MS * 1000000L};
        nanosleep(&rest, NULL);
    }
    printf("%lld\n", (long long)(fh_clock_mono_ms() - started) * 1000);
    return 0;
}

int main(int argc, char **argv)
{
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    if (argc == 5 && strcmp(argv[1], "fill") == 0) {
        return fill(
            argv[2], (unsigned)strtoul(argv[3], NULL, 10), (unsigned)strtoul(argv[4], NULL, 10));
    }
    if (argc == 4 && strcmp(argv[1], "yaml") == 0) {
        return print_yaml((unsigned)strtoul(argv[2], NULL, 10),
                          (unsigned)strtoul(argv[3], NULL, 10));
    }
    if (argc == 4 && strcmp(argv[1], "take") == 0) {
        return take(argv[2], argv[3]);
    }
    if (argc == 5 && strcmp(argv[1], "wait") == 0) {
        return wait_for(argv[2], strtoll(argv[3], NULL, 10), strtoll(argv[4], NULL, 10));
    }
    fputs("usage: fh-intake fill HOME COUNT COLUMNS | take FROM TO | yaml NUMBER COLUMNS |\n"
          "       wait HOME COUNT SECONDS\n",
          stderr);
    return 2;
}
