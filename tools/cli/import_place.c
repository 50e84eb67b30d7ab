/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/import_place.h"

#include "proto/contract/finding.h"
#include "proto/contract/source_mapping.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BYTES = 4096 };

static const struct {
    const char *text;
    const char *file;
    const char *folder;
} kinds[FH_IMPORT_KIND_COUNT] = {
    [FH_IMPORT_PARQUET] = {"parquet", "a Parquet file", "Parquet files"},
    [FH_IMPORT_CSV] = {"csv", "a CSV file", "CSV files"},
    [FH_IMPORT_JSON] = {"json", "a JSON file", "JSON files"},
    [FH_IMPORT_SQLITE] = {"sqlite", "a SQLite database", ""},
    [FH_IMPORT_POSTGRES] = {"postgres", "a PostgreSQL database", ""},
    [FH_IMPORT_SQL] = {"sql", "SQL definitions", ""},
    [FH_IMPORT_DBT] = {"dbt", "a manifest of dbt", ""},
};

/* Endings of names. */
static const struct {
    const char *ending;
    enum fh_import_kind kind;
} endings[] = {
    {".parquet", FH_IMPORT_PARQUET},
    {".pq", FH_IMPORT_PARQUET},
    {".csv", FH_IMPORT_CSV},
    {".tsv", FH_IMPORT_CSV},
    {".json", FH_IMPORT_JSON},
    {".ndjson", FH_IMPORT_JSON},
    {".jsonl", FH_IMPORT_JSON},
    {".sqlite", FH_IMPORT_SQLITE},
    {".sqlite3", FH_IMPORT_SQLITE},
    {".db", FH_IMPORT_SQLITE},
    {".sql", FH_IMPORT_SQL},
    {".ddl", FH_IMPORT_SQL},
};

const char *fh_import_kind_text(enum fh_import_kind kind)
{
    return kinds[kind].text;
}

const char *fh_import_kind_words(enum fh_import_kind kind, bool is_folder)
{
    return is_folder ? kinds[kind].folder : kinds[kind].file;
}

static int parse_format(enum fh_import_kind *out, const char *format, struct fh_err *err)
{
    const char *names[FH_IMPORT_KIND_COUNT];
    for (int i = 0; i < FH_IMPORT_KIND_COUNT; i++) {
        names[i] = kinds[i].text;
        if (strcmp(format, kinds[i].text) == 0) {
            *out = (enum fh_import_kind)i;
            return FH_OK;
        }
    }
    const char *near = fh_nearest(format, names, FH_IMPORT_KIND_COUNT);
    return fh_err_rule(err,
                       FH_EUSAGE,
                       "import.format",
                       "--format %.40s: expected parquet, csv, json, sqlite, postgres, sql or dbt%s"
                       "%s%s",
                       format,
                       near == NULL ? "" : "; did you mean ",
                       near == NULL ? "" : near,
                       near == NULL ? "" : "?");
}

/* Kind by the ending of a name; KIND_COUNT: none that is known. `out_stem` is what stands before
 * it. */
static enum fh_import_kind kind_of_name(const char *name, size_t *out_stem)
{
    const char *dot = strrchr(name, '.');
    *out_stem = dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
    for (size_t i = 0; i < FH_COUNT(endings); i++) {
        if (dot != NULL && strcasecmp(dot, endings[i].ending) == 0) {
            return endings[i].kind;
        }
    }
    return FH_IMPORT_KIND_COUNT;
}

/* Kind by the first bytes; also tells a manifest of dbt from other JSON. */
static enum fh_import_kind kind_of_bytes(const char *path)
{
    char bytes[FIRST_BYTES + 1];
    FILE *file = fopen(path, "re");
    size_t size = file == NULL ? 0 : fread(bytes, 1, FIRST_BYTES, file);
    if (file != NULL) {
        fclose(file);
    }
    bytes[size] = 0;
    size_t blank = strspn(bytes, " \t\r\n");
    if (size >= 4 && memcmp(bytes, "PAR1", 4) == 0) {
        return FH_IMPORT_PARQUET;
    }
    if (size >= 16 && memcmp(bytes, "SQLite format 3", 16) == 0) {
        return FH_IMPORT_SQLITE;
    }
    if (bytes[blank] == '{' || bytes[blank] == '[') {
        return strstr(bytes, "dbt_schema_version") != NULL ? FH_IMPORT_DBT : FH_IMPORT_JSON;
    }
    return FH_IMPORT_KIND_COUNT;
}

/* ---- where it lies for the contract ---- */

static int resolve(char out[PATH_MAX], const char *path, struct fh_err *err)
{
    if (realpath(path, out) == NULL) {
        return fh_err_set(
            err, errno == ENOENT ? FH_ENOTFOUND : FH_EIO, "%s: %s", path, strerror(errno));
    }
    return FH_OK;
}

/* The folder of the contract, resolved. */
static int contract_folder(char out[PATH_MAX], const char *output, struct fh_err *err)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", output == NULL ? "" : output);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        snprintf(folder, sizeof folder, ".");
    } else {
        slash[slash == folder ? 1 : 0] = 0;
    }
    return resolve(out, folder, err);
}

/* The path of the source from the contract's folder; "" where they are the same folder. */
static int relative_to(const struct fh_import_place *place,
                       const char *output,
                       char out[PATH_MAX],
                       struct fh_err *err)
{
    char folder[PATH_MAX];
    int code = contract_folder(folder, output, err);
    if (code != FH_OK) {
        return code;
    }
    size_t size = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    bool inside = strncmp(place->path, folder, size) == 0 &&
                  (place->path[size] == '/' || place->path[size] == 0);
    if (!inside) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "import.outside",
                           "%s lies outside the folder of the contract (%s); a contract names "
                           "data in its own folder or below",
                           place->path,
                           folder);
    }
    snprintf(out, PATH_MAX, "%s", place->path + size + (place->path[size] == '/' ? 1 : 0));
    return FH_OK;
}

/* ---- folders ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_file(struct fh_import_place *place,
                    const char *name,
                    struct fh_arena *arena,
                    struct fh_err *err)
{
    if (place->files == NULL) {
        place->files = fh_arena_array(arena, FH_CONTRACT_TABLES_MAX, sizeof *place->files);
    }
    const char *copy = fh_arena_strdup(arena, name);
    if (place->files == NULL || copy == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of files");
    }
    if (place->file_count == FH_CONTRACT_TABLES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "import.folder",
                           "%s has more than %d data files; a product has at most that many "
                           "tables",
                           place->path,
                           FH_CONTRACT_TABLES_MAX);
    }
    place->files[place->file_count++] = copy;
    return FH_OK;
}

/* The data files of a folder; all of one kind and one ending, since one path with {model} names
 * them all. */
static int list_folder(struct fh_import_place *place, struct fh_arena *arena, struct fh_err *err)
{
    DIR *folder = opendir(place->path);
    int code =
        folder == NULL ? fh_err_set(err, FH_EIO, "%s: %s", place->path, strerror(errno)) : FH_OK;
    const char *ending = NULL;
    const enum fh_import_kind chosen = place->kind;
    for (const struct dirent *entry; code == FH_OK && (entry = readdir(folder)) != NULL;) {
        size_t stem;
        enum fh_import_kind kind = kind_of_name(entry->d_name, &stem);
        if (entry->d_name[0] == '.' || kind > FH_IMPORT_JSON ||
            (chosen != FH_IMPORT_KIND_COUNT && chosen != kind)) {
            continue;
        }
        if (ending != NULL && strcmp(ending, entry->d_name + stem) != 0) {
            if (place->kind != kind) {
                code = fh_err_rule(err,
                                   FH_EINVAL,
                                   "import.folder",
                                   "%s has files of several formats (%s, %s); choose one with "
                                   "--format",
                                   place->path,
                                   kinds[place->kind].text,
                                   kinds[kind].text);
            } else {
                code = fh_err_rule(err,
                                   FH_EINVAL,
                                   "import.folder",
                                   "%s has files ending in %s and in %s; one path names them all, "
                                   "so give them one ending",
                                   place->path,
                                   ending,
                                   entry->d_name + stem);
            }
            break;
        }
        code = add_file(place, entry->d_name, arena, err);
        if (code == FH_OK && ending == NULL) {
            ending = place->files[0] + stem;
            place->kind = kind;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    if (code == FH_OK && place->file_count == 0) {
        code = fh_err_rule(err,
                           FH_ENOTFOUND,
                           "import.folder",
                           "%s has no data file; expected names ending in .parquet, .csv or .json",
                           place->path);
    }
    return code;
}

static int check_models(const struct fh_import_place *place, struct fh_err *err)
{
    int code = FH_OK;
    for (size_t i = 0; i < place->file_count && code == FH_OK; i++) {
        code = fh_source_path_check(place->files[i], err);
        if (code != FH_OK) {
            fh_err_wrap(err, "%s", place->files[i]);
        }
    }
    return code;
}

static int find_folder(struct fh_import_place *place,
                       const char *output,
                       struct fh_arena *arena,
                       struct fh_err *err)
{
    char relative[PATH_MAX];
    size_t stem;
    place->is_folder = true;
    int code = list_folder(place, arena, err);
    if (code == FH_OK) {
        code = check_models(place, err);
    }
    if (code == FH_OK) {
        code = relative_to(place, output, relative, err);
    }
    if (code != FH_OK) {
        return code;
    }
    qsort(place->files, place->file_count, sizeof *place->files, compare_names);
    (void)kind_of_name(place->files[0], &stem);
    int size = snprintf(place->server,
                        sizeof place->server,
                        "%s%s{model}%s",
                        relative,
                        relative[0] == 0 ? "" : "/",
                        place->files[0] + stem);
    return size < 0 || (size_t)size >= sizeof place->server
               ? fh_err_set(err, FH_EINVAL, "%s: the path is too long", place->path)
               : FH_OK;
}

/* ---- files ---- */

static int find_file(struct fh_import_place *place, const char *output, struct fh_err *err)
{
    size_t stem;
    const char *name = strrchr(place->path, '/') + 1;
    enum fh_import_kind by_name = kind_of_name(name, &stem);
    if (place->kind == FH_IMPORT_KIND_COUNT) {
        enum fh_import_kind by_bytes = kind_of_bytes(place->path);
        place->kind =
            by_name == FH_IMPORT_KIND_COUNT || by_bytes == FH_IMPORT_DBT ? by_bytes : by_name;
    }
    snprintf(place->name, sizeof place->name, "%.*s", (int)(stem < 200 ? stem : 200), name);
    if (place->kind == FH_IMPORT_KIND_COUNT) {
        return fh_err_rule(err,
                           FH_EUSAGE,
                           "import.format",
                           "%s: neither its name nor its first bytes say what it is; give "
                           "--format",
                           place->path);
    }
    if (place->kind == FH_IMPORT_POSTGRES) {
        return fh_err_rule(err,
                           FH_EUSAGE,
                           "import.format",
                           "a PostgreSQL database is named by postgres://USER@HOST/DATABASE");
    }
    if (place->kind == FH_IMPORT_SQL || place->kind == FH_IMPORT_DBT) {
        return FH_OK; /* no data: the contract does not name it */
    }
    int code = relative_to(place, output, place->server, err);
    return code == FH_OK ? fh_source_path_check(place->server, err) : code;
}

int fh_import_place_find(struct fh_import_place *out,
                         const char *source,
                         const char *format,
                         const char *output,
                         struct fh_arena *arena,
                         struct fh_err *err)
{
    struct stat status;
    *out = (struct fh_import_place){.kind = FH_IMPORT_KIND_COUNT};
    int code = format == NULL ? FH_OK : parse_format(&out->kind, format, err);
    if (code != FH_OK) {
        return code;
    }
    if (fh_import_url_is(source)) {
        return fh_import_url_parse(out, source, err);
    }
    code = resolve(out->path, source, err);
    if (code == FH_OK && stat(out->path, &status) != 0) {
        code = fh_err_set(err, FH_EIO, "%s: %s", source, strerror(errno));
    }
    if (code != FH_OK) {
        return code;
    }
    snprintf(out->name, sizeof out->name, "%.200s", strrchr(out->path, '/') + 1);
    if (S_ISDIR(status.st_mode)) {
        return find_folder(out, output, arena, err);
    }
    if (!S_ISREG(status.st_mode)) {
        return fh_err_rule(
            err, FH_EINVAL, "import.format", "%s is neither a file nor a folder", source);
    }
    return find_file(out, output, err);
}
