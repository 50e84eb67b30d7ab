/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/subject.h"

#include "proto/contract/sql_type.h"

#include <inttypes.h>
#include <string.h>

/* ---- pieces ---- */

void fh_subject_put_name(struct fh_buf *out, const char *name)
{
    fh_buf_add_quoted(out, name, '"');
}

void fh_subject_put_text(struct fh_buf *out, const char *text)
{
    fh_buf_add_quoted(out, text, '\'');
}

bool fh_subject_is_logical(const struct fh_contract_column *column, const char *type)
{
    return column->logical_type != NULL && strcmp(column->logical_type, type) == 0;
}

bool fh_subject_is_nested(const struct fh_contract_column *column)
{
    return fh_subject_is_logical(column, "array") || fh_subject_is_logical(column, "object") ||
           fh_subject_is_logical(column, "map") || column->columns.count > 0 ||
           column->items != NULL;
}

struct fh_type fh_subject_type(const struct fh_contract_column *column)
{
    char sql[FH_SQL_TYPE_BYTES];
    struct fh_type type;
    struct fh_err err;
    if (fh_subject_is_nested(column)) {
        return (struct fh_type){.code = FH_TYPE_JSON};
    }
    if (fh_contract_sql_type(column, sql, &err) != FH_OK) {
        return (struct fh_type){.code = FH_TYPE_VARCHAR};
    }
    if (fh_type_parse(&type, fh_bytes_cstr(sql), &err) != FH_OK) {
        return (struct fh_type){.code = FH_TYPE_HUGEINT}; /* UHUGEINT, which no batch carries */
    }
    return type;
}

/* ---- the value that a promise is about ---- */

static void find(struct fh_subject *subject, const struct fh_promise *promise);

void fh_subject_init(struct fh_subject *subject, const struct fh_promise *promise)
{
    *subject = (struct fh_subject){.column = promise->of, .type = fh_subject_type(promise->of)};
    fh_buf_init(&subject->raw, FH_SUBJECT_SQL_BYTES_MAX);
    fh_buf_init(&subject->value, FH_SUBJECT_SQL_BYTES_MAX);
    fh_buf_init(&subject->length, FH_SUBJECT_SQL_BYTES_MAX);
    fh_buf_init(&subject->parent, FH_SUBJECT_SQL_BYTES_MAX);
    for (size_t i = 0; i < FH_COUNT(subject->lists); i++) {
        fh_buf_init(&subject->lists[i], FH_SUBJECT_SQL_BYTES_MAX);
    }
    find(subject, promise);
}

void fh_subject_fini(struct fh_subject *subject)
{
    fh_buf_fini(&subject->raw);
    fh_buf_fini(&subject->value);
    fh_buf_fini(&subject->length);
    fh_buf_fini(&subject->parent);
    for (size_t i = 0; i < FH_COUNT(subject->lists); i++) {
        fh_buf_fini(&subject->lists[i]);
    }
}

/* A JSON pointer of one name (RFC 6901). */
void fh_subject_put_pointer(struct fh_buf *out, const char *name)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf pointer;
    fh_buf_init(&pointer, FH_SUBJECT_SQL_BYTES_MAX);
    fh_buf_add_u8(&pointer, '/');
    for (; *name != '\0'; name++) {
        if (*name == '~' || *name == '/') {
            fh_buf_add_cstr(&pointer, *name == '~' ? "~0" : "~1");
        } else {
            fh_buf_add_u8(&pointer, (uint8_t)*name);
        }
    }
    fh_subject_put_text(out, fh_buf_cstr(&pointer));
}

/* Moves `at`, the JSON of a column, to one inside it. */
static void step(struct fh_subject *subject,
                 struct fh_buf *at,
                 const struct fh_contract_column *inner,
                 bool is_item)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf next;
    fh_buf_init(&next, FH_SUBJECT_SQL_BYTES_MAX);
    fh_buf_reset(&subject->parent);
    if (is_item) {
        struct fh_buf *list = &subject->lists[subject->list_count];
        fh_buf_printf(list, "json_extract(%s, '$[*]')", fh_buf_cstr(at));
        fh_buf_printf(&next, "x%u", subject->list_count);
        subject->list_count++;
    } else {
        fh_buf_add_bytes(&subject->parent, fh_buf_view(at));
        fh_buf_printf(&next, "json_extract(%s, ", fh_buf_cstr(at));
        fh_subject_put_pointer(&next, inner->name);
        fh_buf_add_u8(&next, ')');
    }
    fh_buf_reset(at);
    fh_buf_add_bytes(at, fh_buf_view(&next));
}

static void find(struct fh_subject *subject, const struct fh_promise *promise)
{
    if (promise->depth == 0) {
        fh_buf_printf(&subject->raw, "r%" PRIu32, promise->column);
        fh_buf_printf(&subject->value, "v%" PRIu32, promise->column);
        bool is_text = subject->type.code == FH_TYPE_VARCHAR;
        fh_buf_printf(
            &subject->length, is_text ? "l%" PRIu32 : "length(v%" PRIu32 ")", promise->column);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf at;
    char type[FH_TYPE_TEXT_BYTES];
    fh_buf_init(&at, FH_SUBJECT_SQL_BYTES_MAX);
    fh_buf_printf(&at, "v%" PRIu32, promise->column);
    for (uint32_t i = 0; i < promise->depth; i++) {
        step(subject, &at, promise->nested[i], (promise->item_bits >> i & 1U) != 0);
    }
    fh_type_text(type, subject->type);
    /* JSON's null is NULL, a string loses its quotes. */
    fh_buf_printf(&subject->raw,
                  subject->type.code == FH_TYPE_JSON ? "nullif(CAST(%s AS VARCHAR), 'null')"
                                                     : "json_extract_string(%s, '$')",
                  fh_buf_cstr(&at));
    fh_buf_printf(&subject->value, "TRY_CAST(%s AS %s)", fh_buf_cstr(&subject->raw), type);
    fh_buf_printf(&subject->length, "length(%s)", fh_buf_cstr(&subject->value));
}
