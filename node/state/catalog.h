/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Catalogue: everything that this node knows of the mesh's products, verified and persistent.
 *
 * Announcements come in by gossip, contracts are pulled by the hash that an announcement names. One
 * entry per (domain, product, major); of two announcements the higher revision wins, then the
 * greater record id, at every node alike. A withdrawn product stays as a tombstone, so that an old
 * announcement cannot bring it back. Nothing unsigned or signed by the wrong key gets in.
 *
 *   announcement --> verified --> stored, in the fingerprint --> contract wanted
 *   contract     --> verified --> columns and search text stored --> entry complete
 *
 * Does not: fetch, spread, or read clocks. Thread: the loop thread only. Ownership: entries and
 * tables are values or live in the caller's arena.
 */
#ifndef FH_NODE_STATE_CATALOG_H
#define FH_NODE_STATE_CATALOG_H

#include "common/arena.h"
#include "node/state/names.h"
#include "node/state/store.h"
#include "proto/contract/contract.h"
#include "proto/gossip/announce.h"
#include "proto/identity/directory.h"
#include "proto/quality/measurement.h"

struct fh_catalog;

/* ---- lifecycle ---- */

struct fh_contract_record; /* proto/contract/contract_record.h */

struct fh_catalog_options {
    struct fh_store *store;               /* kept */
    const struct fh_directory *directory; /* kept: who may sign what */
    struct fh_domain_id self;             /* our domain */
    const struct fh_names *names;         /* kept; NULL: names are those of the directory */
    uint64_t products_per_domain_max;     /* 0: FH_PRODUCTS_PER_DOMAIN_MAX */
};

/* Loads the fingerprint from the store; checks that every stored announcement still hashes to its
 * id (FH_EIO, "store.corrupt"). Given. */
FH_MUST_CHECK int fh_catalog_open(struct fh_catalog **out,
                                  const struct fh_catalog_options *options,
                                  struct fh_err *err);
/* Reads the fingerprint anew: after the rollback of a transaction that the caller had opened around
 * calls of this module. */
FH_MUST_CHECK int fh_catalog_reload(struct fh_catalog *catalog, struct fh_err *err);
void fh_catalog_close(struct fh_catalog *catalog);
static inline void fh_catalog_closep(struct fh_catalog **catalog)
{
    fh_catalog_close(*catalog);
}

/* What is agreed on of contracts: asked of each that others bring, before it is stored. FH_OK, or
 * why it is refused. Both texts are borrowed. */
typedef int fh_catalog_judge_fn(void *user,
                                const struct fh_contract_record *record,
                                const struct fh_contract *contract,
                                struct fh_err *err);
void fh_catalog_set_judge(struct fh_catalog *catalog, fh_catalog_judge_fn *judge, void *user);

/* ---- what comes in ---- */

enum fh_catalog_result {
    FH_CATALOG_ADDED,  /* new and stored: pass it on */
    FH_CATALOG_KNOWN,  /* had it */
    FH_CATALOG_FORKED, /* contradicts one that is held: proof stored, the winner counts (a
                          contract's is the one that came first, and the call is refused); pass it
                          on */
};

struct fh_catalog_outcome {
    enum fh_catalog_result result;
    struct fh_record_id id; /* of the record; zero when the bytes are none */
    struct fh_announce_key key;
    struct fh_record_id wanted;  /* a contract to pull next; zero when none */
    struct fh_record_id against; /* of a fork that is new here: the contract that is held */
    uint64_t contract_seq;       /* of a contract that its owner signed and that has a place in its
                                    chain, also when it is refused then; else 0 */
};

/* Applies an ANNOUNCEMENT record (borrowed). Runs in a lazy transaction of its own. On a refusal
 * nothing changes, and `out->key.domain` says whose it claims to be when it could be read.
 * Refusals: "record.*", "pack.*", "announce.*" (FH_EINVAL); "announcement.signature",
 * "record.signer.*" (FH_ESIG; FH_ENOTFOUND: fetch the domain's identity, then try again),
 * "domain.not_admitted" (FH_EDENIED), "domain.frozen" (FH_EFORK); "announcement.future"
 * (FH_EINVAL), "announcement.expired", "announcement.stale", "contract.version.replayed"
 * (FH_ESTALE); "announcement.status.backward", "announcement.sunset.earlier" (FH_ECHECK);
 * "announcement.quota" (FH_ETOOBIG). */
FH_MUST_CHECK int fh_catalog_announce(struct fh_catalog *catalog,
                                      struct fh_bytes record,
                                      int64_t now_ms,
                                      struct fh_catalog_outcome *out,
                                      struct fh_err *err);

/* Applies a CONTRACT record (borrowed) that an announcement names or that a chain needs.
 * `expected` is the id it was pulled by, or NULL. Refusals: "contract.hash" (FH_ESIG: not what was
 * asked for), "contract.signature", "record.signer.*" (FH_ESIG, FH_ENOTFOUND), "domain.*",
 * "contract.version.replayed" (FH_ESTALE), "contract.forked" (FH_EFORK, proof kept),
 * "contract.chain.gap" (FH_EINCOMPLETE: pull out->wanted first), "contract.chain.broken",
 * "contract.version.not_greater", "contract.version.bump_too_small",
 * "contract.mismatch" (FH_ECHECK: not what the announcement says), "contract.unannounced"
 * (FH_ENOTFOUND), "odcs.*", "contract.record.*", "publish.*". Of a contract that its owner signed
 * and that is refused for what it says, nothing is kept but that, until the catalogue is opened
 * again: it is not asked for once more, and the chain goes on behind it. */
FH_MUST_CHECK int fh_catalog_contract(struct fh_catalog *catalog,
                                      struct fh_bytes record,
                                      const struct fh_record_id *expected,
                                      int64_t now_ms,
                                      struct fh_catalog_outcome *out,
                                      struct fh_err *err);

/* Offers the contract that fh_contract_record_open gave for these very bytes, so that it is not
 * opened again when they are handed over. Borrowed until the next offer; NULL takes it back. */
struct fh_contract;
void fh_catalog_offer(struct fh_catalog *catalog,
                      struct fh_bytes record,
                      const struct fh_contract *contract);

/* Publishes an own version: contract, announcement and source in one durable transaction, all or
 * nothing. The contract must be the next of its chain, the announcement must name it.
 * `source` may be NULL (a withdrawal). Refusals as above. */
FH_MUST_CHECK int fh_catalog_publish(struct fh_catalog *catalog,
                                     struct fh_bytes contract,
                                     struct fh_bytes announcement,
                                     const struct fh_store_source *source,
                                     int64_t now_ms,
                                     struct fh_catalog_outcome *out,
                                     struct fh_err *err);

/* Announces a move of an own product's life cycle in a durable transaction; a dry run only judges
 * it. Refusals as fh_catalog_announce, and "announcement.stale" (FH_ESTALE) also for a second one
 * of a revision, "publish.domain" (FH_EDENIED), "contract.mismatch" (FH_ECHECK). */
FH_MUST_CHECK int fh_catalog_move(struct fh_catalog *catalog,
                                  struct fh_bytes announcement,
                                  bool dry_run,
                                  int64_t now_ms,
                                  struct fh_catalog_outcome *out,
                                  struct fh_err *err);

/* Every rule that fh_catalog_publish has for the contract alone, changing nothing: for a dry run
 * and before the data is looked at. */
FH_MUST_CHECK int fh_catalog_check_contract(struct fh_catalog *catalog,
                                            struct fh_bytes contract,
                                            int64_t now_ms,
                                            struct fh_err *err);

/* What the next version of an own product follows: seq and the last contract record (appended);
 * seq 0 and nothing when there is none yet. */
FH_MUST_CHECK int fh_catalog_chain(struct fh_catalog *catalog,
                                   const char *product,
                                   uint64_t *out_seq,
                                   struct fh_buf *out_record,
                                   struct fh_err *err);

/* The contract record of an own product that a new version is judged against (appended): the last
 * release of its major. Nothing when there is none. "name.*", "semver.form". */
FH_MUST_CHECK int fh_catalog_base(struct fh_catalog *catalog,
                                  const char *product,
                                  const char *version,
                                  struct fh_buf *out_record,
                                  struct fh_err *err);

/* The last announcement of an own key, also one that has expired: what the next one must follow.
 * FH_ENOTFOUND "product.unknown" when there was none. */
FH_MUST_CHECK int fh_catalog_last_said(struct fh_catalog *catalog,
                                       const char *product,
                                       uint32_t major,
                                       struct fh_announcement *out,
                                       struct fh_err *err);

/* The owner was heard at this time (a verified ALIVE, or a session): the age of its entries. Kept
 * in memory and stored with the next lazy write. */
void fh_catalog_heard(struct fh_catalog *catalog,
                      const struct fh_domain_id *domain,
                      int64_t now_ms);

/* Drops entries whose announcement has expired (their revision stays as a floor), and measurements
 * and wants that no announcement goes with any more. Once a minute is plenty. `out_dropped` may be
 * NULL. */
FH_MUST_CHECK int fh_catalog_sweep(struct fh_catalog *catalog,
                                   int64_t now_ms,
                                   uint64_t *out_dropped,
                                   struct fh_err *err);

/* Contracts to pull: up to `max` ids (and their owners), of one domain after the other in turn, so
 * that each has its share; those behind the domain `after_or_null` begin. Without those that wait
 * for another. */
struct fh_catalog_wanted {
    struct fh_record_id contract;
    struct fh_domain_id domain;
};
FH_MUST_CHECK int fh_catalog_missing(struct fh_catalog *catalog,
                                     const struct fh_domain_id *after_or_null,
                                     struct fh_catalog_wanted *out,
                                     size_t max,
                                     size_t *out_count,
                                     struct fh_err *err);
/* Up to `max` of one domain, about to be asked for: oldest wish first, but each call goes on behind
 * the last one, and so all come in turn. */
FH_MUST_CHECK int fh_catalog_missing_of(struct fh_catalog *catalog,
                                        const struct fh_domain_id *domain,
                                        struct fh_record_id *out,
                                        size_t max,
                                        size_t *out_count,
                                        struct fh_err *err);

/* Another number whenever entries, contracts or measurements may be other ones than before: for who
 * keeps answers. Begins anew with the process. */
uint64_t fh_catalog_edits(const struct fh_catalog *catalog);

/* ---- what is known ---- */

struct fh_catalog_entry {
    struct fh_announcement announcement;
    struct fh_record_id id;                  /* of the announcement record */
    char domain_name[FH_NAME_BYTES_MAX + 1]; /* pinned by the directory; "" when unknown */
    int64_t received_ms;                     /* when this announcement arrived */
    int64_t heard_ms;                        /* when its owner was last heard, at least received */
    bool live; /* false: expired, which fh_catalog_each_own alone visits */
    bool contract_held;
    bool open_to_mesh;         /* every domain may read; false while the contract is not held */
    bool forked;               /* two contracts of one number in the product's chain are known */
    struct fh_quality quality; /* by the last measurement under this contract */
};

/* An entry by key; major 0 means the highest active one, else the highest deprecated, else draft,
 * else retired one.
 * FH_ENOTFOUND, rule "product.unknown", with near names in the text. */
FH_MUST_CHECK int fh_catalog_find(struct fh_catalog *catalog,
                                  const struct fh_domain_id *domain,
                                  const char *product,
                                  uint32_t major,
                                  struct fh_catalog_entry *out,
                                  struct fh_err *err);

/* The id of a domain by the name that counts here (node/state/names.h); `out_alias` (may be NULL)
 * says whether it is an alias. FH_ENOTFOUND, rule "domain.unknown", with the near name; FH_ESIG,
 * rule "name.pinned"; FH_EDENIED, rule "domain.expelled". */
FH_MUST_CHECK int fh_catalog_domain(const struct fh_catalog *catalog,
                                    const char *name,
                                    struct fh_domain_id *out,
                                    bool *out_alias,
                                    struct fh_err *err);

/* An entry by the name of its domain, with the refusals of the two above. */
FH_MUST_CHECK int fh_catalog_find_by_name(struct fh_catalog *catalog,
                                          const char *domain_name,
                                          const char *product,
                                          uint32_t major,
                                          struct fh_catalog_entry *out,
                                          struct fh_err *err);

/* The same by the name that people write: "domain/product", "domain.product", either with
 * "@MAJOR" or "@1.2.0" (which must be the announced version). FH_EINVAL ("product.name"),
 * FH_ENOTFOUND ("domain.unknown", "product.unknown", "product.version"). */
FH_MUST_CHECK int fh_catalog_resolve(struct fh_catalog *catalog,
                                     const char *name,
                                     struct fh_catalog_entry *out,
                                     struct fh_err *err);

/* FH_OK unless the contract of this entry was refused here: then the rule and why. */
FH_MUST_CHECK int fh_catalog_refusal(struct fh_catalog *catalog,
                                     const struct fh_catalog_entry *entry,
                                     struct fh_err *err);

typedef int
fh_catalog_visit_fn(void *user, const struct fh_catalog_entry *entry, struct fh_err *err);
/* All entries, or those of one domain, by domain name, product, major; tombstones too. */
FH_MUST_CHECK int fh_catalog_each(struct fh_catalog *catalog,
                                  const struct fh_domain_id *domain_or_null,
                                  fh_catalog_visit_fn *visit,
                                  void *user,
                                  struct fh_err *err);

/* All that was ever announced of the own domain, by product and major; tombstones and what expired
 * too. */
FH_MUST_CHECK int fh_catalog_each_own(struct fh_catalog *catalog,
                                      fh_catalog_visit_fn *visit,
                                      void *user,
                                      struct fh_err *err);

/* The majors of a product, the lowest first; tombstones too. */
FH_MUST_CHECK int fh_catalog_each_of(struct fh_catalog *catalog,
                                     const struct fh_domain_id *domain,
                                     const char *product,
                                     fh_catalog_visit_fn *visit,
                                     void *user,
                                     struct fh_err *err);

/* Appends the record bytes; FH_ENOTFOUND. */
FH_MUST_CHECK int fh_catalog_announcement_record(struct fh_catalog *catalog,
                                                 const struct fh_announce_key *key,
                                                 struct fh_buf *out,
                                                 struct fh_err *err);
FH_MUST_CHECK int fh_catalog_contract_record(struct fh_catalog *catalog,
                                             const struct fh_record_id *contract,
                                             struct fh_buf *out,
                                             struct fh_err *err);

/* A page of announcement records for synchronisation, in the order of their ids: those after
 * `cursor` (the id where the last page ended, or empty), until `bytes_max` is used. `visit` gets
 * each record; `out_cursor` gets 32 bytes, or stays empty after the last page. */
typedef int fh_catalog_record_visit_fn(void *user, struct fh_bytes record, struct fh_err *err);
FH_MUST_CHECK int fh_catalog_page(struct fh_catalog *catalog,
                                  struct fh_bytes cursor,
                                  size_t bytes_max,
                                  fh_catalog_record_visit_fn *visit,
                                  void *user,
                                  struct fh_buf *out_cursor,
                                  struct fh_err *err);

/* ---- measurements ---- */

/* Applies a MEASUREMENT record (borrowed), with its results (borrowed) or none. Runs in a lazy
 * transaction of its own; on a refusal nothing changes. Of two for one key the later measured wins,
 * then the greater record id. `out_changed` (may be NULL): the state of the product is another than
 * before. An own one is also kept in the history. Refusals: "record.*", "pack.*", "measurement.*"
 * (FH_EINVAL); "measurement.stale" (FH_ESTALE), "measurement.future" (FH_EINVAL),
 * "measurement.signature", "record.signer.*" (FH_ESIG, FH_ENOTFOUND), "domain.*",
 * "measurement.results" (FH_ESIG: other results than it names), "measurement.unannounced"
 * (FH_EINCOMPLETE: verified, but no announcement here names its contract; try again when one
 * came). */
FH_MUST_CHECK int fh_catalog_measure(struct fh_catalog *catalog,
                                     struct fh_bytes record,
                                     struct fh_bytes results,
                                     int64_t now_ms,
                                     struct fh_catalog_outcome *out,
                                     bool *out_changed,
                                     struct fh_err *err);

/* Keeps the results (borrowed) of the measurement that is held. FH_ESIG "measurement.results" when
 * they are another's, FH_ENOTFOUND. */
FH_MUST_CHECK int fh_catalog_keep_results(struct fh_catalog *catalog,
                                          const struct fh_announce_key *key,
                                          struct fh_bytes results,
                                          struct fh_err *err);

/* The measurement of a product: decoded, its record and its results appended (each output may be
 * NULL; results stay empty while they are not held). FH_ENOTFOUND, rule "measurement.none". */
FH_MUST_CHECK int fh_catalog_measurement(struct fh_catalog *catalog,
                                         const struct fh_announce_key *key,
                                         struct fh_measurement *out,
                                         struct fh_buf *out_record,
                                         struct fh_buf *out_results,
                                         struct fh_err *err);

/* Measurements of an own product before `before_ms`, newest first, at most `limit`. */
typedef int fh_catalog_measured_fn(void *user,
                                   const struct fh_measurement *measurement,
                                   struct fh_bytes record,
                                   struct fh_bytes results,
                                   struct fh_err *err);
FH_MUST_CHECK int fh_catalog_measured_each(struct fh_catalog *catalog,
                                           const char *product,
                                           uint32_t major,
                                           int64_t before_ms,
                                           size_t limit,
                                           fh_catalog_measured_fn *visit,
                                           void *user,
                                           struct fh_err *err);

/* As fh_catalog_page, of measurement records whose contract is announced. */
FH_MUST_CHECK int fh_catalog_measurement_page(struct fh_catalog *catalog,
                                              struct fh_bytes cursor,
                                              size_t bytes_max,
                                              fh_catalog_record_visit_fn *visit,
                                              void *user,
                                              struct fh_buf *out_cursor,
                                              struct fh_err *err);

/* ---- for the planner ---- */

struct fh_catalog_column {
    const char *name;           /* SQL name */
    const char *sql_type;       /* DuckDB's name, as the contract promises */
    bool required;              /* NOT NULL */
    const char *classification; /* "" when none */
};

struct fh_catalog_table {
    struct fh_catalog_entry entry;
    const char *name; /* of the table inside the product */
    size_t column_count;
    struct fh_catalog_column *columns; /* in the arena */
};

/* A table with its columns. `domain` and `product` as in SQL; `table` NULL takes the only table of
 * the product ("product.tables.many" names them when there are several); major 0 as above.
 * FH_ENOTFOUND: "domain.unknown", "product.unknown", "product.table.unknown" (with the near name),
 * FH_EINCOMPLETE "product.contract.missing" (announced, but its contract has not arrived), or the
 * rule by which its contract was refused, FH_EFORK "product.forked" (it has, and contradicts the
 * one of its number that is held). */
FH_MUST_CHECK int fh_catalog_table(struct fh_catalog *catalog,
                                   const char *domain,
                                   const char *product,
                                   uint32_t major,
                                   const char *table,
                                   struct fh_arena *arena,
                                   struct fh_catalog_table *out,
                                   struct fh_err *err);

/* Names of all tables of a contract, in its order; items in the arena. */
FH_MUST_CHECK int fh_catalog_tables(struct fh_catalog *catalog,
                                    const struct fh_record_id *contract,
                                    struct fh_arena *arena,
                                    const char ***out_names,
                                    size_t *out_count,
                                    struct fh_err *err);

/* The decoded contract, in the arena. FH_ENOTFOUND. */
FH_MUST_CHECK int fh_catalog_open_contract(struct fh_catalog *catalog,
                                           const struct fh_record_id *contract,
                                           struct fh_arena *arena,
                                           struct fh_contract **out,
                                           struct fh_err *err);

/* ---- fingerprints ---- */

/* Count of live announcements (tombstones are live), and the sum of their record ids as 256-bit
 * big-endian numbers modulo 2^256: order does not matter, and a change costs one addition. */
struct fh_catalog_head {
    uint64_t count;
    uint8_t root[32];
};

/* Of everything, kept up to date. */
struct fh_catalog_head fh_catalog_head(const struct fh_catalog *catalog);
/* Of our own domain, kept up to date: what the ALIVE lease states. */
struct fh_catalog_head fh_catalog_own_head(const struct fh_catalog *catalog);
/* Of any domain, by a walk: to compare with the head in its owner's lease. */
FH_MUST_CHECK int fh_catalog_head_of(struct fh_catalog *catalog,
                                     const struct fh_domain_id *domain,
                                     struct fh_catalog_head *out,
                                     struct fh_err *err);
/* First 16 bytes of BLAKE2b-256("freehold/v1/catalogue\0" || u64be(count) || root): what ACKs
 * carry. */
void fh_catalog_fingerprint(const struct fh_catalog *catalog, uint8_t out[16]);

#endif
