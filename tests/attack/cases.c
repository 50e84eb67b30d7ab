/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/attack/cases.h"

#include "common/compiler.h"
#include "common/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1024 * 1024, SQL_BYTES_MAX = 128 * 1024 };

struct reader {
    struct fh_attacks *attacks;
    const struct fh_words *words;
    struct fh_arena *arena;
    const char *path;
    const char *file;
    unsigned line;
    uint32_t deadline_ms;
    bool in_one_lane;
    const char *common[FH_OUTCOMES_MAX]; /* outcomes of every block from here on */
    size_t common_count;
    struct fh_attack *attack; /* the block that is read; NULL before the first */
    struct fh_buf sql;
    struct fh_err *err;
};

static int wrong(struct reader *r, const char *why)
{
    return fh_err_set(r->err, FH_EINVAL, "%s:%u: %s", r->path, r->line, why);
}

/* ---- what stands in %{...} ---- */

static int put_bytes(struct reader *r, struct fh_buf *out, const char *digits, size_t size)
{
    char text[3] = {0};
    uint8_t byte;
    for (size_t i = 0; i + 1 < size; i += 2) {
        memcpy(text, digits + i, 2);
        if (!fh_unhex(&byte, 1, text)) {
            return wrong(r, "%{x:...} takes hexadecimal digits");
        }
        fh_buf_add_u8(out, byte);
    }
    return FH_OK;
}

static int put_place(struct reader *r, struct fh_buf *out, const char *inside, size_t size)
{
    char *end;
    unsigned long times = strtoul(inside, &end, 10);
    if (size > 2 && inside[0] == 'x' && inside[1] == ':') {
        return put_bytes(r, out, inside + 2, size - 2);
    }
    if (end != inside && *end == '*') {
        size_t text_size = size - (size_t)(end + 1 - inside);
        for (unsigned long i = 0; i < times; i++) {
            fh_buf_add(out, end + 1, text_size);
        }
        return FH_OK;
    }
    for (size_t i = 0; i < r->words->count; i++) {
        if (strlen(r->words->names[i]) == size && memcmp(r->words->names[i], inside, size) == 0) {
            fh_buf_add_cstr(out, r->words->values[i]);
            return FH_OK;
        }
    }
    return wrong(r, "what stands in %{...} is not known");
}

static int put_line(struct reader *r, struct fh_buf *out, const char *line)
{
    int code = FH_OK;
    while (code == FH_OK && *line != '\0') {
        const char *place = strstr(line, "%{");
        const char *end = place == NULL ? NULL : strchr(place, '}');
        if (end == NULL) {
            fh_buf_add_cstr(out, line);
            break;
        }
        fh_buf_add(out, line, (size_t)(place - line));
        code = put_place(r, out, place + 2, (size_t)(end - place) - 2);
        line = end + 1;
    }
    return code;
}

/* ---- lines ---- */

static int finish_block(struct reader *r)
{
    if (r->attack == NULL) {
        return FH_OK;
    }
    for (size_t i = 0; i < r->common_count; i++) {
        if (r->attack->outcome_count == FH_OUTCOMES_MAX) {
            return wrong(r, "the block above has too many outcomes");
        }
        r->attack->outcomes[r->attack->outcome_count++] = r->common[i];
    }
    if (r->attack->outcome_count == 0 || r->sql.size == 0 || fh_buf_ok(&r->sql) != FH_OK) {
        return wrong(r, "the block above has no SQL or no outcome");
    }
    r->attack->sql = fh_arena_strdup(r->arena, fh_buf_cstr(&r->sql));
    return r->attack->sql == NULL ? wrong(r, "no memory") : FH_OK;
}

static int begin_block(struct reader *r, const char *name)
{
    int code = finish_block(r);
    if (code != FH_OK) {
        return code;
    }
    for (size_t i = 0; i < r->attacks->count; i++) {
        if (strcmp(r->attacks->items[i].name, name) == 0) {
            return wrong(r, "there is an attack of that name");
        }
    }
    if (r->attacks->count == FH_ATTACKS_MAX) {
        return wrong(r, "too many attacks");
    }
    r->attack = &r->attacks->items[r->attacks->count++];
    *r->attack = (struct fh_attack){
        .file = r->file,
        .name = fh_arena_strdup(r->arena, name),
        .deadline_ms = r->deadline_ms,
        .in_one_lane = r->in_one_lane,
    };
    fh_buf_reset(&r->sql);
    return r->attack->name == NULL ? wrong(r, "no memory") : FH_OK;
}

static bool is_outcome(const char *text)
{
    static const char *const forms[] = {"refused ", "answers ", "rows ", "columns "};
    for (size_t i = 0; i < FH_COUNT(forms); i++) {
        if (strncmp(text, forms[i], strlen(forms[i])) == 0 && text[strlen(forms[i])] != '\0') {
            return true;
        }
    }
    return false;
}

static int add_outcome(struct reader *r, const char *text)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf filled;
    fh_buf_init(&filled, SQL_BYTES_MAX);
    if (r->attack == NULL || r->attack->outcome_count == FH_OUTCOMES_MAX || !is_outcome(text)) {
        return wrong(r, "this outcome is none, or one too many");
    }
    int code = put_line(r, &filled, text);
    const char *copy = fh_arena_strdup(r->arena, fh_buf_cstr(&filled));
    r->attack->outcomes[r->attack->outcome_count++] = copy;
    return copy == NULL ? wrong(r, "no memory") : code;
}

static int add_sql(struct reader *r, const char *line)
{
    if (r->sql.size > 0) {
        fh_buf_add_u8(&r->sql, '\n');
    }
    return put_line(r, &r->sql, line);
}

/* What holds from here to the end of the file. */
static int read_rule(struct reader *r, const char *text)
{
    static const char deadline[] = "deadline ";
    static const char common[] = "or ";
    int code = finish_block(r);
    r->attack = NULL;
    if (code == FH_OK && strncmp(text, deadline, sizeof deadline - 1) == 0) {
        r->deadline_ms = (uint32_t)strtoul(text + sizeof deadline - 1, NULL, 10);
        return FH_OK;
    }
    if (code == FH_OK && strcmp(text, "in one lane") == 0) {
        r->in_one_lane = true;
        return FH_OK;
    }
    if (code == FH_OK && strncmp(text, common, sizeof common - 1) == 0 &&
        is_outcome(text + sizeof common - 1) && r->common_count < FH_OUTCOMES_MAX) {
        const char *copy = fh_arena_strdup(r->arena, text + sizeof common - 1);
        r->common[r->common_count++] = copy;
        return copy == NULL ? wrong(r, "no memory") : FH_OK;
    }
    return code == FH_OK ? wrong(r, "this rule is none") : code;
}

static int read_line(struct reader *r, const char *line)
{
    if (strncmp(line, "== ", 3) == 0) {
        return begin_block(r, line + 3);
    }
    if (strncmp(line, "! ", 2) == 0) {
        return read_rule(r, line + 2);
    }
    if (strncmp(line, "=> ", 3) == 0) {
        return add_outcome(r, line + 3);
    }
    if (line[0] == '\0' ||
        (line[0] == '#' && (r->attack == NULL || r->attack->outcome_count > 0))) {
        return FH_OK;
    }
    return r->attack == NULL || r->attack->outcome_count > 0 ? wrong(r, "a line outside of a block")
                                                             : add_sql(r, line);
}

static const char *class_of(const char *path, struct fh_arena *arena)
{
    const char *slash = strrchr(path, '/');
    char *name = fh_arena_strdup(arena, slash == NULL ? path : slash + 1);
    char *dot = name == NULL ? NULL : strchr(name, '.');
    if (dot != NULL) {
        *dot = '\0';
    }
    return name;
}

int fh_attacks_init(struct fh_attacks *out, struct fh_arena *arena, struct fh_err *err)
{
    *out = (struct fh_attacks){.items = fh_arena_array(arena, FH_ATTACKS_MAX, sizeof *out->items)};
    return out->items == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for attacks") : FH_OK;
}

int fh_attacks_read(struct fh_attacks *attacks,
                    const char *path,
                    const struct fh_words *words,
                    struct fh_arena *arena,
                    struct fh_err *err)
{
    struct reader r = {
        .attacks = attacks,
        .words = words,
        .arena = arena,
        .path = path,
        .file = class_of(path, arena),
        .err = err,
    };
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, FILE_BYTES_MAX);
    fh_buf_init(&r.sql, SQL_BYTES_MAX);
    int code = r.file == NULL ? wrong(&r, "no memory") : fh_file_read(path, &text, err);
    char *rest = code == FH_OK ? (char *)(uintptr_t)fh_buf_cstr(&text) : NULL;
    for (char *line; code == FH_OK && (line = strsep(&rest, "\n")) != NULL;) {
        r.line++;
        code = read_line(&r, line);
    }
    if (code == FH_OK) {
        code = finish_block(&r);
    }
    fh_buf_fini(&r.sql);
    return code;
}
