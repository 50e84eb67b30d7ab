/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import: data without a contract become a draft that passes lint.
 *
 *     SOURCE -> place (kind, path) -> SQL or dbt: read here
 *                                  -> data: ADMIN_CATALOGUE, ADMIN_PROFILE to a node without a home
 *            -> draft -> YAML -> lint of our own -> file or standard output
 */
#include "common/entropy.h"
#include "common/file.h"
#include "common/limits.h"
#include "common/mem.h"
#include "proto/contract/lint.h"
#include "proto/session/messages_data.h"
#include "tools/cli/admin.h"
#include "tools/cli/cli.h"
#include "tools/cli/import_place.h"
#include "tools/cli/password_file.h"
#include "tools/contract/import.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID_BYTES = 37,
    WANTED_MAX = FH_CONTRACT_TABLES_MAX,
};

struct import {
    struct fh_cli *cli;
    const char *output;
    struct fh_arena *arena;
    struct fh_import_place place;
    struct fh_draft draft;
    struct fh_admin *admin;
    const char **wanted; /* --table */
    size_t wanted_count;
    uint64_t sample;
    char id[ID_BYTES];
    char password[FH_PASSWORD_BYTES]; /* of PostgreSQL, "" for none */
};

/* ---- asking the node ---- */

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL ? "" : value;
}

static struct fh_profile_question question_of(const struct import *im)
{
    static const enum fh_profile_source sources[FH_IMPORT_KIND_COUNT] = {
        [FH_IMPORT_PARQUET] = FH_PROFILE_PARQUET,
        [FH_IMPORT_CSV] = FH_PROFILE_CSV,
        [FH_IMPORT_JSON] = FH_PROFILE_JSON,
        [FH_IMPORT_SQLITE] = FH_PROFILE_SQLITE,
        [FH_IMPORT_POSTGRES] = FH_PROFILE_POSTGRES,
    };
    const struct fh_import_place *place = &im->place;
    const char *name = place->user[0] != 0             ? place->user
                       : environment("PGUSER")[0] != 0 ? environment("PGUSER")
                                                       : environment("USER");
    bool is_server = place->kind == FH_IMPORT_POSTGRES;
    return (struct fh_profile_question){
        .source = sources[place->kind],
        .path = place->path,
        .schema = "",
        .table = "",
        .sample = (uint32_t)im->sample,
        .host = place->host,
        .port = place->port,
        .database = place->database,
        .user = is_server ? name : "",
        .password = im->password,
        .ssl_mode =
            place->ssl_mode[0] != 0 || !is_server ? place->ssl_mode : environment("PGSSLMODE"),
    };
}

/* PGPASSWORD, else the line of PGPASSFILE or ~/.pgpass that fits. */
static int find_password(struct import *im, struct fh_err *err)
{
    char path[PATH_MAX];
    const char *given = environment("PGPASSWORD");
    const char *file = environment("PGPASSFILE");
    const char *home = environment("HOME");
    bool named = file[0] != 0;
    if (im->place.kind != FH_IMPORT_POSTGRES) {
        return FH_OK;
    }
    if (given[0] != 0) {
        return snprintf(im->password, sizeof im->password, "%s", given) < FH_PASSWORD_BYTES
                   ? FH_OK
                   : fh_err_set(err, FH_EUSAGE, "PGPASSWORD is too long");
    }
    int size = snprintf(path, sizeof path, "%s%s", named ? file : home, named ? "" : "/.pgpass");
    if (size < 0 || (size_t)size >= sizeof path || (!named && home[0] == 0)) {
        return FH_OK;
    }
    struct fh_profile_question question = question_of(im);
    const struct fh_password_wanted wanted = {
        question.host, question.port, question.database, question.user};
    return fh_password_file_find(im->password, path, &wanted, err);
}

static int ask(struct import *im,
               const struct fh_profile_question *question,
               bool lists,
               struct fh_buf *answer,
               struct fh_bytes *out,
               struct fh_err *err)
{
    struct fh_buf form FH_CLEANUP(fh_buf_fini);
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    fh_buf_init(&form, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_profile_put_question(&form, question);
    fh_msg_profile_request(&request, lists, fh_buf_view(&form));
    if (fh_buf_ok(&form) != FH_OK || fh_buf_ok(&request) != FH_OK) {
        return fh_err_set(err, FH_ETOOBIG, "the question does not fit a frame");
    }
    int code =
        fh_admin_call(im->admin, fh_buf_view(&request), FH_ADMIN_CHECK_MS, answer, &reader, err);
    return code == FH_OK ? fh_msg_profile_read(&reader, out, err) : code;
}

static int add_table(struct import *im,
                     const struct fh_profile_question *question,
                     const char *name,
                     bool is_view,
                     struct fh_err *err)
{
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_bytes form = FH_BYTES_NONE;
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    struct fh_profile *profile = fh_arena_alloc(im->arena, sizeof *profile);
    if (profile == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a draft");
    }
    if (im->cli->progress) {
        fh_cli_say(im->cli, "reading %s ...", name);
    }
    int code = ask(im, question, false, &answer, &form, err);
    if (code == FH_OK) {
        code = fh_profile_get(profile, form, im->arena, err);
    }
    if (code == FH_OK) {
        code = fh_import_profile(&im->draft, question->schema, name, is_view, profile, err);
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "%s", name);
}

/* ---- files ---- */

/* How much of a file's name stands before its ending. */
static size_t stem_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
}

static int add_file(struct import *im, const char *path, const char *name, struct fh_err *err)
{
    char stem[256];
    struct fh_profile_question question = question_of(im);
    size_t size = stem_of(name);
    snprintf(stem, sizeof stem, "%.*s", (int)(size < sizeof stem ? size : sizeof stem - 1), name);
    question.path = path;
    return add_table(im, &question, stem, false, err);
}

/* Whether --table names this file, with or without its ending; all are wanted without --table. */
static bool is_wanted_file(const struct import *im, const char *name)
{
    size_t stem = stem_of(name);
    for (size_t i = 0; i < im->wanted_count; i++) {
        if (strcmp(name, im->wanted[i]) == 0 ||
            (strlen(im->wanted[i]) == stem && memcmp(name, im->wanted[i], stem) == 0)) {
            return true;
        }
    }
    return im->wanted_count == 0;
}

/* Every name of --table must have been a file. */
static int check_files(struct import *im, struct fh_err *err)
{
    size_t count = im->place.file_count;
    const char **names = fh_arena_array(im->arena, count + 1, sizeof *names);
    for (size_t i = 0; i < count && names != NULL; i++) {
        const char *file = im->place.files[i];
        names[i] = fh_arena_string(im->arena, fh_bytes(file, stem_of(file)));
        if (names[i] == NULL) {
            names = NULL;
        }
    }
    if (names == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of files");
    }
    for (size_t i = 0; i < im->wanted_count; i++) {
        bool found = false;
        for (size_t k = 0; k < count; k++) {
            found = found || strcmp(im->wanted[i], names[k]) == 0 ||
                    strcmp(im->wanted[i], im->place.files[k]) == 0;
        }
        if (!found) {
            return fh_import_no_table(im->wanted[i], names, count, err);
        }
    }
    return FH_OK;
}

static int import_files(struct import *im, struct fh_err *err)
{
    const struct fh_import_place *place = &im->place;
    int code = fh_admin_open_errand(&im->admin, err);
    if (!place->is_folder && code == FH_OK) {
        const char *name = strrchr(place->path, '/') + 1;
        if (im->wanted_count > 1 || !is_wanted_file(im, name)) {
            return fh_err_rule(
                err,
                FH_EUSAGE,
                "import.table",
                "--table chooses among several tables; a file of this format is one");
        }
        return add_file(im, place->path, name, err);
    }
    for (size_t i = 0; i < place->file_count && code == FH_OK; i++) {
        char path[PATH_MAX];
        int size = snprintf(path, sizeof path, "%s/%s", place->path, place->files[i]);
        if (size < 0 || (size_t)size >= sizeof path) {
            code = fh_err_set(err, FH_EINVAL, "%s: the path is too long", place->files[i]);
        } else if (is_wanted_file(im, place->files[i])) {
            code = add_file(im, path, place->files[i], err);
        }
    }
    return code == FH_OK ? check_files(im, err) : code;
}

/* ---- databases ---- */

/* A listed table, named "schema.table" or, in the schema that is meant, "table". */
static const struct fh_profile_table *
find_listed(const struct import *im, const struct fh_profile_catalogue *listed, const char *wanted)
{
    char full[2 * FH_COLUMN_NAME_BYTES_MAX + 2];
    for (uint32_t i = 0; i < listed->table_count; i++) {
        const struct fh_profile_table *table = &listed->tables[i];
        snprintf(full, sizeof full, "%s.%s", table->schema, table->name);
        if (strcmp(wanted, full) == 0 ||
            (strcmp(wanted, table->name) == 0 &&
             (table->schema[0] == 0 || strcmp(table->schema, im->place.schema) == 0))) {
            return table;
        }
    }
    return NULL;
}

static int refuse_listed(struct import *im,
                         const struct fh_profile_catalogue *listed,
                         const char *wanted,
                         struct fh_err *err)
{
    const char **names = fh_arena_array(im->arena, (size_t)listed->table_count + 1, sizeof *names);
    if (names == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of tables");
    }
    for (uint32_t i = 0; i < listed->table_count; i++) {
        const struct fh_profile_table *table = &listed->tables[i];
        bool here = table->schema[0] == 0 || strcmp(table->schema, im->place.schema) == 0;
        names[i] =
            here ? table->name : fh_arena_printf(im->arena, "%s.%s", table->schema, table->name);
        if (names[i] == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a list of tables");
        }
    }
    return fh_import_no_table(wanted, names, listed->table_count, err);
}

static int add_listed(struct import *im, const struct fh_profile_table *table, struct fh_err *err)
{
    struct fh_profile_question question = question_of(im);
    question.schema = table->schema;
    question.table = table->name;
    return add_table(im, &question, table->name, table->is_view, err);
}

/* The wanted tables; without --table, all that are no views in the schema that is meant. */
static int
add_chosen(struct import *im, const struct fh_profile_catalogue *listed, struct fh_err *err)
{
    int code = FH_OK;
    for (size_t i = 0; i < im->wanted_count && code == FH_OK; i++) {
        const struct fh_profile_table *table = find_listed(im, listed, im->wanted[i]);
        code = table == NULL ? refuse_listed(im, listed, im->wanted[i], err)
                             : add_listed(im, table, err);
    }
    for (uint32_t i = 0; i < listed->table_count && im->wanted_count == 0 && code == FH_OK; i++) {
        const struct fh_profile_table *table = &listed->tables[i];
        bool here = table->schema[0] == 0 || strcmp(table->schema, im->place.schema) == 0;
        if (here && !table->is_view) {
            code = add_listed(im, table, err);
        }
    }
    if (code == FH_OK && im->draft.table_count == 0) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "import.table",
                           "the source has no table%s%s%s; views and tables of other schemas are "
                           "drafted when --table names them",
                           im->place.schema[0] == 0 ? "" : " in schema \"",
                           im->place.schema,
                           im->place.schema[0] == 0 ? "" : "\"");
    }
    return code;
}

static int import_database(struct import *im, struct fh_err *err)
{
    struct fh_profile_catalogue listed;
    struct fh_bytes form = FH_BYTES_NONE;
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    int code = find_password(im, err);
    struct fh_profile_question question = question_of(im);
    if (code == FH_OK) {
        code = fh_admin_open_errand(&im->admin, err);
    }
    if (code == FH_OK) {
        code = ask(im, &question, true, &answer, &form, err);
    }
    if (code == FH_OK) {
        code = fh_profile_get_catalogue(&listed, form, im->arena, err);
    }
    return code == FH_OK ? add_chosen(im, &listed, err) : code;
}

/* ---- definitions ---- */

static int import_definitions(struct import *im, struct fh_err *err)
{
    bool is_sql = im->place.kind == FH_IMPORT_SQL;
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, is_sql ? FH_IMPORT_SQL_BYTES_MAX : FH_IMPORT_DBT_BYTES_MAX);
    int code = fh_cli_read(im->cli, im->place.path, &text, err);
    if (code == FH_ETOOBIG) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "import.size",
                           "%s is larger than %zu MiB",
                           im->place.path,
                           text.limit / 1024 / 1024);
    }
    if (code != FH_OK) {
        return code;
    }
    if (is_sql) {
        code = fh_import_sql(&im->draft, fh_buf_view(&text), err);
        if (code == FH_OK) {
            code = fh_import_choose(&im->draft, im->wanted, im->wanted_count, err);
        }
    } else {
        code = fh_import_dbt(&im->draft, fh_buf_view(&text), im->wanted, im->wanted_count, err);
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "%s", strrchr(im->place.path, '/') + 1);
}

/* ---- the draft ---- */

static void set_server(struct import *im)
{
    const struct fh_import_place *place = &im->place;
    struct fh_draft_server *server = &im->draft.server;
    switch (place->kind) {
    case FH_IMPORT_PARQUET:
    case FH_IMPORT_CSV:
    case FH_IMPORT_JSON:
        server->type = "local";
        break;
    case FH_IMPORT_SQLITE:
        server->type = "custom";
        break;
    case FH_IMPORT_POSTGRES:
        server->type = "postgres";
        server->path = place->host;
        server->port = place->port;
        server->database = place->database;
        server->schema = place->schema;
        return;
    case FH_IMPORT_SQL:
    case FH_IMPORT_DBT:
    case FH_IMPORT_KIND_COUNT:
        return;
    }
    server->path = place->server;
    server->format = fh_import_kind_text(place->kind);
}

/* A random UUID (RFC 9562, version 4). */
static void make_id(struct import *im)
{
    uint8_t b[16];
    char hex[33];
    fh_entropy(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    fh_hex(hex, b, sizeof b);
    snprintf(im->id,
             sizeof im->id,
             "%.8s-%.4s-%.4s-%.4s-%.12s",
             hex,
             hex + 8,
             hex + 12,
             hex + 16,
             hex + 20);
    im->draft.id = im->id;
}

/* Lints what was written, as `contract lint` does. FH_ECHECK with the first error. */
static int lint_draft(const struct import *im, const struct fh_buf *yaml, struct fh_err *err)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_contract *contract = NULL;
    struct fh_findings findings;
    struct fh_lint_options options = {.for_reading = true, .domain = im->draft.domain};
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to check the draft");
    }
    fh_findings_init(&findings, arena);
    return fh_contract_lint(&contract, fh_buf_view(yaml), &options, &findings, err);
}

/* In full, or where that is larger than a contract may be, brief. */
static int write_draft(struct import *im, struct fh_buf *yaml, struct fh_err *err)
{
    int code = FH_OK;
    for (int brief = 0; brief < 2; brief++) {
        fh_buf_reset(yaml);
        fh_draft_write(yaml, &im->draft, brief == 1);
        code = fh_buf_ok(yaml);
        if (code == FH_ETOOBIG) {
            code = fh_err_rule(err,
                               FH_ETOOBIG,
                               "contract.size",
                               "the draft is larger than the %d KiB that a contract has; choose "
                               "tables with --table",
                               FH_CONTRACT_BYTES_MAX / 1024);
        }
        if (code == FH_OK) {
            code = lint_draft(im, yaml, err);
        }
        if (code == FH_OK) {
            return FH_OK;
        }
    }
    return code == FH_ECHECK ? fh_err_wrap(err, "the draft does not pass lint") : code;
}

static int put_draft(struct import *im, struct fh_buf *yaml, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"product", FH_OUTPUT_TEXT},
        {"tables", FH_OUTPUT_NUMBER},
        {"file", FH_OUTPUT_TEXT},
        {"yaml", FH_OUTPUT_TEXT},
    };
    if (im->output != NULL) {
        int code = fh_file_create(im->output, fh_buf_view(yaml), 0644, err);
        if (code == FH_EEXIST) {
            return fh_err_rule(err,
                               FH_EEXIST,
                               "import.exists",
                               "%s is there already; a draft replaces no contract",
                               im->output);
        }
        if (code != FH_OK) {
            return fh_err_wrap(err, "--output %s", im->output);
        }
        fh_cli_say(
            im->cli, "%s: read every line marked REVIEW, then lint and publish it", im->output);
    }
    if (im->cli->format == FH_OUTPUT_TABLE) {
        if (im->output == NULL) {
            fputs(fh_buf_cstr(yaml), im->cli->out);
        }
        return FH_OK;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(im->cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, im->draft.product);
    fh_output_uint(output, im->draft.table_count);
    fh_output_text(output, im->output == NULL ? "" : im->output);
    fh_output_text(output, fh_buf_cstr(yaml));
    return fh_output_end(output, err);
}

/* ---- all of it ---- */

static int read_wanted(struct import *im, const char *list, struct fh_err *err)
{
    im->wanted = fh_arena_array(im->arena, WANTED_MAX, sizeof *im->wanted);
    if (im->wanted == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a draft");
    }
    for (const char *at = list; at != NULL && *at != 0;) {
        size_t size = strcspn(at, ",");
        if (size == 0 || im->wanted_count == WANTED_MAX) {
            return fh_err_set(err, FH_EUSAGE, "--table takes 1 to %d names by comma", WANTED_MAX);
        }
        im->wanted[im->wanted_count] = fh_arena_string(im->arena, fh_bytes(at, size));
        if (im->wanted[im->wanted_count++] == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a draft");
        }
        at += size + (at[size] == ',' ? 1 : 0);
    }
    return FH_OK;
}

static int prepare(struct import *im, const struct fh_args *args, struct fh_err *err)
{
    const char *source = args->operands[0];
    im->output = fh_args_value(args, "output");
    im->sample = FH_PROFILE_SAMPLE_DEFAULT;
    fh_draft_init(&im->draft, im->arena);
    int code = fh_cli_number(
        &im->sample, "sample", fh_args_value(args, "sample"), FH_PROFILE_SAMPLE_MAX, err);
    if (code == FH_OK) {
        code = read_wanted(im, fh_args_value(args, "table"), err);
    }
    if (code == FH_OK) {
        code = fh_import_place_find(
            &im->place, source, fh_args_value(args, "format"), im->output, im->arena, err);
    }
    const char *name = fh_args_value(args, "name");
    im->draft.product = name == NULL ? im->place.name : name;
    im->draft.domain = fh_args_value(args, "domain");
    im->draft.id = fh_args_value(args, "id");
    if (code == FH_OK && name != NULL) {
        code = fh_name_check("product", name, err);
    }
    if (code == FH_OK && im->draft.domain != NULL) {
        code = fh_name_check("domain", im->draft.domain, err);
    }
    if (im->draft.id == NULL) {
        make_id(im);
    }
    return code;
}

static int run(struct import *im, const struct fh_args *args, struct fh_err *err)
{
    struct fh_buf yaml FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&yaml, FH_CONTRACT_BYTES_MAX);
    int code = prepare(im, args, err);
    if (code != FH_OK) {
        return code;
    }
    enum fh_import_kind kind = im->place.kind;
    im->draft.kind = fh_import_kind_words(kind, im->place.is_folder);
    im->draft.types_are_physical = kind != FH_IMPORT_CSV && kind != FH_IMPORT_JSON;
    set_server(im);
    code = kind <= FH_IMPORT_JSON       ? import_files(im, err)
           : kind <= FH_IMPORT_POSTGRES ? import_database(im, err)
                                        : import_definitions(im, err);
    if (code == FH_OK) {
        code = fh_draft_finish(&im->draft, err);
    }
    for (size_t i = 0; i < im->draft.dropped.count && code == FH_OK; i++) {
        fh_cli_say(im->cli,
                   "%s is left out: it has no column that a contract can name",
                   im->draft.dropped.items[i]);
    }
    if (code == FH_OK) {
        code = write_draft(im, &yaml, err);
    }
    return code == FH_OK ? put_draft(im, &yaml, err) : code;
}

int fh_cmd_contract_import(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct import *im FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *im);
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_IMPORT_ARENA_BYTES_MAX);
    if (im == NULL || arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a draft");
    }
    im->cli = cli;
    im->arena = arena;
    int code = run(im, args, err);
    fh_admin_close(im->admin);
    return code;
}
