/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/reader.h"

#include "common/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t fh_reader_push_key(struct fh_reader *reader, const char *key)
{
    size_t before = reader->path_size;
    int wanted = snprintf(reader->path + before,
                          sizeof reader->path - before,
                          "%s%.64s",
                          before == 0 ? "" : ".",
                          key);
    reader->path_size = wanted > 0 ? before + (size_t)wanted : before;
    if (reader->path_size >= sizeof reader->path) {
        reader->path_size = sizeof reader->path - 1;
    }
    return before;
}

size_t fh_reader_push_index(struct fh_reader *reader, uint32_t index)
{
    size_t before = reader->path_size;
    int wanted =
        snprintf(reader->path + before, sizeof reader->path - before, "[%u]", (unsigned)index);
    reader->path_size = wanted > 0 ? before + (size_t)wanted : before;
    if (reader->path_size >= sizeof reader->path) {
        reader->path_size = sizeof reader->path - 1;
    }
    return before;
}

void fh_reader_pop(struct fh_reader *reader, size_t size)
{
    FH_ASSERT(size <= reader->path_size);
    reader->path_size = size;
    reader->path[size] = '\0';
}

FH_PRINTF(5, 0)
static void add(struct fh_reader *reader,
                enum fh_severity severity,
                const struct fh_doc_node *node,
                const char *rule,
                const char *format,
                va_list args)
{
    char message[FH_ERR_TEXT_BYTES];
    vsnprintf(message, sizeof message, format, args);
    fh_findings_add(
        reader->findings, severity, node->line, node->column, reader->path, rule, "%s", message);
}

void fh_reader_error(struct fh_reader *reader,
                     const struct fh_doc_node *node,
                     const char *rule,
                     const char *format,
                     ...)
{
    va_list args;
    va_start(args, format);
    add(reader, FH_SEVERITY_ERROR, node, rule, format, args);
    va_end(args);
}

void fh_reader_warning(struct fh_reader *reader,
                       const struct fh_doc_node *node,
                       const char *rule,
                       const char *format,
                       ...)
{
    if (reader->is_foreign) {
        return;
    }
    va_list args;
    va_start(args, format);
    add(reader, FH_SEVERITY_WARNING, node, rule, format, args);
    va_end(args);
}

const char *fh_reader_discriminator(const struct fh_doc_node *node, const char *key)
{
    const struct fh_doc_node *child = fh_doc_get(node, key);
    return child == NULL || child->kind != FH_DOC_SCALAR ? "" : child->text;
}

void *fh_reader_allocate(struct fh_reader *reader, size_t count, size_t size)
{
    void *memory = fh_arena_array(reader->arena, count, size);
    if (memory == NULL) {
        reader->failed = FH_ENOMEM;
    }
    return memory;
}

enum fh_odcs_version fh_odcs_first(unsigned versions)
{
    FH_ASSERT(versions != 0);
    unsigned version = 0;
    while ((versions & 1u << version) == 0) {
        version++;
    }
    FH_ASSERT(version < FH_ODCS_COUNT);
    return (enum fh_odcs_version)version;
}
