/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: the keys of `freehold.yaml`, as one table.
 *
 * Each row of the table names a key, its environment variable, its flag, kind, unit, default,
 * bounds and one line of help; parser, writer, `--help` and the tests all walk that table. Unknown
 * keys are errors with line and column and the nearest key that exists. Limits may be lowered,
 * never raised above common/limits.h.
 *
 * The room stands in proto/ because daemon and CLI both need it (the CLI writes the file at `init`)
 * and common/ may not parse YAML; it sits on contract/yaml alone.
 *
 * Does not: open files or read the environment: text and values come in. Thread: any; values.
 * Ownership: plain values, nothing borrowed.
 */
#ifndef FH_PROTO_SETTINGS_SETTINGS_H
#define FH_PROTO_SETTINGS_SETTINGS_H

#include "common/bytes.h"
#include "common/err.h"
#include "common/limits.h"
#include "proto/wire/id.h"

enum { FH_SETTINGS_PATH_BYTES = 1024, FH_SETTINGS_WORD_BYTES = 8, FH_SETTINGS_KEY_BYTES = 64 };

struct fh_settings_addresses {
    size_t count;
    char items[FH_SETTINGS_LIST_MAX][FH_ADDRESS_BYTES_MAX + 1];
};

struct fh_settings_paths {
    size_t count;
    char items[FH_SETTINGS_LIST_MAX][FH_SETTINGS_PATH_BYTES];
};

struct fh_settings {
    char domain[FH_NAME_BYTES_MAX + 1];             /* our domain's name */
    char mesh[FH_ID_TEXT_BYTES];                    /* mesh id as text, "" before it is known */
    char mesh_name[FH_NAME_BYTES_MAX + 1];          /* title of the mesh, "" when not known */
    char listen[FH_ADDRESS_BYTES_MAX + 1];          /* HOST:PORT for UDP and TCP */
    struct fh_settings_addresses advertise;         /* at most FH_ADDRESSES_MAX; empty: `listen` */
    struct fh_settings_addresses peers;             /* contacted at every start, and for ever */
    struct fh_settings_paths data_roots;            /* folders beneath which sources may lie */
    char log_level[FH_SETTINGS_WORD_BYTES];         /* error, warn, info, debug */
    bool require_sandbox;                           /* no worker without fh_layers_enough */
    uint64_t sessions_max;                          /* FH_SESSIONS_MAX */
    uint64_t pipes_max;                             /* FH_PIPES_MAX */
    uint64_t workers_max;                           /* FH_WORKERS_MAX */
    uint64_t worker_memory_mib;                     /* FH_WORKER_MEMORY_MIB */
    uint64_t query_rows_max;                        /* FH_QUERY_ROWS_MAX */
    uint64_t stream_rows_max;                       /* FH_QUERY_STREAM_ROWS_MAX */
    uint64_t query_deadline_ms;                     /* FH_QUERY_DEADLINE_MS */
    uint64_t stream_deadline_ms;                    /* FH_QUERY_STREAM_DEADLINE_MS */
    uint64_t stream_mib_max;                        /* FH_QUERY_STREAM_MIB */
    uint64_t queries_per_key_max;                   /* FH_QUERY_RUNNING_PER_KEY_MAX */
    uint64_t products_per_domain_max;               /* FH_PRODUCTS_PER_DOMAIN_MAX */
    char http_listen[FH_ADDRESS_BYTES_MAX + 1];     /* HOST:PORT of the HTTP door; "": closed */
    char http_tls[FH_SETTINGS_WORD_BYTES];          /* auto, off, own, files */
    char http_catalogue[FH_SETTINGS_WORD_BYTES];    /* auto, open, members */
    char postgres_listen[FH_ADDRESS_BYTES_MAX + 1]; /* of the PostgreSQL door; "": closed */
    char postgres_tls[FH_SETTINGS_WORD_BYTES];      /* prefer, require, off */
    char tls_certificate[FH_SETTINGS_PATH_BYTES];   /* PEM files of both doors, or "" */
    char tls_key[FH_SETTINGS_PATH_BYTES];
    bool audit;                            /* keep an audit log */
    char audit_key[FH_SETTINGS_KEY_BYTES]; /* public key, "" none */
    uint64_t audit_mib;                    /* of all its files */
    uint64_t quality_interval_s; /* between measurements of an own product; 0: none by itself */
};

/* ---- the table ---- */

enum fh_setting_kind {
    FH_SETTING_NAME,      /* a Freehold name */
    FH_SETTING_ID,        /* mesh id text */
    FH_SETTING_KEY,       /* public key text */
    FH_SETTING_ADDRESS,   /* HOST:PORT or [v6]:PORT */
    FH_SETTING_ADDRESSES, /* list of those */
    FH_SETTING_PATHS,     /* list of absolute folders */
    FH_SETTING_PATH,      /* absolute file */
    FH_SETTING_WORD,      /* one of `words` */
    FH_SETTING_SWITCH,    /* true or false */
    FH_SETTING_COUNT_OF,  /* whole number within bounds */
    FH_SETTING_KIND_COUNT
};

struct fh_setting {
    const char *key;         /* in freehold.yaml; limits are under "limits." */
    const char *environment; /* FREEHOLD_..., overrides the file; lists by comma */
    const char *flag;        /* of freehold-node, without dashes; overrides both */
    enum fh_setting_kind kind;
    const char *unit; /* "ms", "MiB", "rows" or "" */
    const char *fallback;
    uint64_t least, most; /* FH_SETTING_COUNT_OF only */
    const char *help;
    const char *words; /* FH_SETTING_WORD: "auto, off, own or files" */
    size_t offset;     /* private: member of struct fh_settings */
    size_t items_max;  /* lists */
};

extern const struct fh_setting fh_settings_table[];
extern const size_t fh_settings_table_count;

/* ---- reading and writing ---- */

/* The default of a whole number: `fallback`, or the most it may be. */
uint64_t fh_setting_default(const struct fh_setting *setting);

/* Every setting at its default. */
void fh_settings_init(struct fh_settings *settings);

/* Reads the text of freehold.yaml over `settings`, whose other members keep their values.
 * `file` names it in errors ("freehold.yaml"). FH_EINVAL with rule "settings.key", "settings.value"
 * or "yaml.*": "freehold.yaml:3:1: unknown key \"lisen\"; did you mean \"listen\"?". Unchanged on
 * failure. */
FH_MUST_CHECK int fh_settings_parse(struct fh_settings *settings,
                                    struct fh_bytes yaml,
                                    const char *file,
                                    struct fh_err *err);

/* Sets one setting from text, as from a flag or an environment variable (lists by comma). `origin`
 * names it in errors ("--listen"). FH_EINVAL, rule "settings.value". Unchanged on failure. */
FH_MUST_CHECK int fh_settings_set(struct fh_settings *settings,
                                  const struct fh_setting *setting,
                                  const char *text,
                                  const char *origin,
                                  struct fh_err *err);

/* The row with this key, or NULL. */
const struct fh_setting *fh_settings_find(const char *key);

/* Rules across settings: a wildcard `listen` needs `advertise` ("settings.advertise"), `domain` is
 * present ("settings.domain"), a certificate has its key and is there when `http_tls` is files
 * ("settings.tls"). */
FH_MUST_CHECK int fh_settings_check(const struct fh_settings *settings, struct fh_err *err);

/* Appends a commented freehold.yaml: settings that differ from their default as values, the others
 * as comments. Reading it back gives the same settings. */
void fh_settings_render(struct fh_buf *out, const struct fh_settings *settings);

/* ---- addresses ---- */

/* Splits HOST:PORT or [v6]:PORT. `host` without brackets gets at most FH_ADDRESS_BYTES_MAX + 1
 * bytes. FH_EINVAL, rule "settings.address". */
FH_MUST_CHECK int fh_address_split(const char *text,
                                   char host[FH_ADDRESS_BYTES_MAX + 1],
                                   uint16_t *out_port,
                                   struct fh_err *err);

#endif
