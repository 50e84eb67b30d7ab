/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/publish_text.h"

#include "common/assert.h"
#include "common/limits.h"
#include "proto/contract/contract_read.h"
#include "proto/wire/pack.h"

#include <stdlib.h>
#include <string.h>

enum { LEAK_BYTES_MIN = 5 }; /* shorter values stand in any text by chance */

static void refuse(struct fh_findings *findings,
                   uint32_t line,
                   const char *rule,
                   const char *path,
                   const char *message)
{
    fh_findings_add(findings, FH_SEVERITY_ERROR, line, 1, path, rule, "%s", message);
}

/* Byte offset where line `line` (from 1) starts; the size of the text behind the last. Lines end
 * with LF alone: fh_yaml_read refused every other line end but CR LF. */
static size_t line_start(struct fh_bytes text, uint32_t line)
{
    size_t at = 0;
    for (uint32_t i = 1; i < line && at < text.size; i++) {
        const uint8_t *feed = memchr(text.data + at, '\n', text.size - at);
        at = feed == NULL ? text.size : (size_t)(feed - text.data) + 1;
    }
    return at;
}

/* Spaces at the start of the line at `at`; SIZE_MAX for an empty line. */
static size_t indentation(struct fh_bytes text, size_t at)
{
    size_t end = at;
    while (end < text.size && text.data[end] == ' ') {
        end++;
    }
    bool is_empty = end == text.size || text.data[end] == '\n' ||
                    (text.data[end] == '\r' && end + 1 < text.size && text.data[end + 1] == '\n');
    return is_empty ? SIZE_MAX : end - at;
}

static size_t next_line(struct fh_bytes text, size_t at)
{
    const uint8_t *feed = memchr(text.data + at, '\n', text.size - at);
    return feed == NULL ? text.size : (size_t)(feed - text.data) + 1;
}

/* The bytes of `servers`, from the start of its key's line: to its last value, and on over comments
 * that are indented deeper than the key. Empty lines at the end stay outside. */
static struct fh_bytes servers_block(struct fh_bytes text, const struct fh_doc_node *servers)
{
    size_t start = line_start(text, servers->key_line);
    size_t indent = servers->key_column - 1;
    size_t end = line_start(text, servers->last_line + 1);
    for (size_t at = end; at < text.size;) {
        size_t deep = indentation(text, at);
        at = next_line(text, at);
        if (deep == SIZE_MAX) {
            continue; /* decided by what follows */
        }
        if (deep <= indent) {
            break;
        }
        end = at;
    }
    return fh_bytes(text.data + start, end - start);
}

/* Whether the top level is a block map and only `servers` stands on its lines. False after a
 * finding. */
static bool stands_alone(const struct fh_doc_node *root,
                         const struct fh_doc_node *servers,
                         struct fh_findings *findings)
{
    /* A block map starts with its first key, a flow map with a bracket. */
    bool is_block = root->first->key_line == root->line && root->first->key_column == root->column;
    bool alone = is_block && servers->key_column == root->column;
    for (const struct fh_doc_node *child = root->first; child != NULL; child = child->next) {
        if (child != servers && child->key_line <= servers->last_line &&
            child->last_line >= servers->key_line) {
            alone = false;
        }
    }
    if (!alone) {
        refuse(
            findings,
            servers->key_line,
            "publish.text.layout",
            "servers",
            "servers cannot be cut out of a top level in brackets; write one key a line, without "
            "brackets");
    }
    return alone;
}

static void write_mesh_server(struct fh_buf *out,
                              size_t indent,
                              const char *line_end,
                              const struct fh_domain_id *domain,
                              const char *product)
{
    char id[FH_ID_TEXT_BYTES];
    const char *const lines[] = {"servers:",
                                 "  - server: mesh",
                                 "    type: custom",
                                 "    description: Served by the owning domain to the members of "
                                 "its mesh.",
                                 NULL};
    fh_domain_id_text(id, domain);
    for (size_t i = 0; lines[i] != NULL; i++) {
        fh_buf_printf(out, "%*s%s%s", (int)indent, "", lines[i], line_end);
    }
    fh_buf_printf(
        out, "%*s    location: \"freehold://%s/%s\"%s", (int)indent, "", id, product, line_end);
}

/* A place of the source that would stay in the published text. */
static void check_leak(struct fh_bytes published,
                       const struct fh_doc_node *from,
                       const char *path,
                       const char *what,
                       const char *value,
                       struct fh_findings *findings)
{
    if (value == NULL || strlen(value) < LEAK_BYTES_MIN || strpbrk(value, "/.\\:") == NULL) {
        return;
    }
    const uint8_t *found = memmem(published.data, published.size, value, strlen(value));
    if (found == NULL) {
        return;
    }
    uint32_t line = 1;
    for (const uint8_t *at = published.data; at < found; at++) {
        line += *at == '\n';
    }
    fh_findings_add(
        findings,
        FH_SEVERITY_ERROR,
        from->line,
        from->column,
        path,
        "publish.location",
        "the %s also stands elsewhere, on line %u of the published text (maybe in a comment); "
        "remove it there",
        what,
        line);
}

static void check_leaks(struct fh_bytes published,
                        const struct fh_contract *contract,
                        struct fh_findings *findings)
{
    for (size_t i = 0; i < contract->servers.count; i++) {
        const struct fh_contract_server *server = &contract->servers.items[i];
        check_leak(
            published, server->node, "servers", "path of this server", server->path, findings);
        check_leak(published,
                   server->node,
                   "servers",
                   "location of this server",
                   server->location,
                   findings);
        check_leak(
            published, server->node, "servers", "host of this server", server->host, findings);
        check_leak(published,
                   server->node,
                   "servers",
                   "endpointUrl of this server",
                   server->endpoint_url,
                   findings);
        check_leak(published,
                   server->node,
                   "servers",
                   "stagingDir of this server",
                   server->staging_dir,
                   findings);
    }
    for (size_t i = 0; i < contract->tables.count; i++) {
        const struct fh_contract_table *table = &contract->tables.items[i];
        check_leak(published,
                   table->node,
                   "schema",
                   "physicalName of this table",
                   table->physical_name,
                   findings);
    }
}

/* ---- physical names of tables ---- */

/* A place of the author's text and what stands there in the published one. */
struct edit {
    size_t at;
    size_t size;
    const struct fh_contract_table *table; /* its quoted name */
};

struct edits {
    size_t count;
    struct edit *items; /* by place */
};

/* Byte offset of a place in characters. The text was read without an error, so it is UTF-8. */
static size_t place_of(struct fh_bytes text, uint32_t line, uint32_t column)
{
    size_t at = line_start(text, line);
    for (uint32_t i = 1; i < column && at < text.size; i++) {
        at++;
        while (at < text.size && (text.data[at] & 0xc0) == 0x80) {
            at++;
        }
    }
    return at;
}

/* Bytes of the scalar whose first is at `at`, all on one line; 0 when it is not that simple. */
static size_t scalar_size(struct fh_bytes text, size_t at, const struct fh_doc_node *scalar)
{
    size_t left = text.size - at;
    if (scalar->line != scalar->last_line || left == 0) {
        return 0;
    }
    if (scalar->plain) {
        size_t size = strlen(scalar->text);
        return size <= left && memcmp(text.data + at, scalar->text, size) == 0 ? size : 0;
    }
    uint8_t quote = text.data[at];
    if (quote != '"' && quote != '\'') {
        return 0;
    }
    for (size_t i = 1; i < left && text.data[at + i] != '\n'; i++) {
        bool escaped = quote == '"' && text.data[at + i] == '\\';
        bool doubled = quote == '\'' && text.data[at + i] == quote && i + 1 < left &&
                       text.data[at + i + 1] == quote;
        if (escaped || doubled) {
            i++;
        } else if (text.data[at + i] == quote) {
            return i + 1;
        }
    }
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct edit *left = a;
    const struct edit *right = b;
    return left->at < right->at ? -1 : left->at > right->at;
}

/* The physicalName of a table is the name of a file, or of a table in a database: part of where the
 * data lies. Gives FH_OK also with findings. */
static int find_physical_names(struct edits *out,
                               struct fh_bytes text,
                               const struct fh_contract *contract,
                               struct fh_findings *findings,
                               struct fh_err *err)
{
    out->items = fh_arena_array(findings->arena, contract->tables.count + 1, sizeof *out->items);
    if (out->items == NULL) {
        return fh_err_set(err, FH_ENOMEM, "published text: out of memory");
    }
    for (size_t i = 0; i < contract->tables.count; i++) {
        const struct fh_contract_table *table = &contract->tables.items[i];
        const struct fh_doc_node *scalar = fh_doc_get(table->node, "physicalName");
        if (scalar == NULL || table->physical_name == NULL || table->name == NULL ||
            strcmp(table->physical_name, table->name) == 0) {
            continue;
        }
        size_t at = place_of(text, scalar->line, scalar->column);
        size_t size = scalar_size(text, at, scalar);
        if (size == 0) {
            refuse(findings,
                   scalar->line,
                   "publish.text.layout",
                   "schema",
                   "the physicalName of a table gives way to its name in the published text; write "
                   "it on one line, plain or in quotes");
            continue;
        }
        out->items[out->count++] = (struct edit){.at = at, .size = size, .table = table};
    }
    qsort(out->items, out->count, sizeof *out->items, by_place);
    return FH_OK;
}

/* Appends the author's bytes from `from` to `to` with the edits among them. */
static void add_edited(
    struct fh_buf *out, struct fh_bytes text, size_t from, size_t to, const struct edits *edits)
{
    for (size_t i = 0; i < edits->count; i++) {
        const struct edit *edit = &edits->items[i];
        if (edit->at < from || edit->at >= to) {
            continue;
        }
        fh_buf_add(out, text.data + from, edit->at - from);
        fh_buf_printf(out, "\"%s\"", edit->table->name);
        from = edit->at + edit->size;
    }
    fh_buf_add(out, text.data + from, to - from);
}

static int make_text(struct fh_bytes *out,
                     struct fh_bytes text,
                     const struct fh_contract *contract,
                     const struct fh_doc_node *servers,
                     const struct fh_domain_id *domain,
                     struct fh_findings *findings,
                     struct fh_err *err)
{
    struct edits edits = {.count = 0};
    int rc = find_physical_names(&edits, text, contract, findings, err);
    if (rc == FH_OK) {
        rc = fh_findings_ok(findings, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    struct fh_bytes block = servers_block(text, servers);
    size_t before = (size_t)(block.data - text.data);
    bool is_crlf = memmem(block.data, block.size, "\r\n", 2) != NULL;
    struct fh_buf FH_CLEANUP(fh_buf_fini) buf;
    fh_buf_init(&buf, FH_CONTRACT_BYTES_MAX);
    add_edited(&buf, text, 0, before, &edits);
    write_mesh_server(
        &buf, servers->key_column - 1, is_crlf ? "\r\n" : "\n", domain, contract->name);
    add_edited(&buf, text, before + block.size, text.size, &edits);
    rc = fh_buf_ok(&buf);
    if (rc != FH_OK) {
        return fh_err_rule(err, rc, "yaml.size", "the published text is larger than 256 KiB");
    }
    const char *copy = fh_arena_string(findings->arena, fh_buf_view(&buf));
    if (copy == NULL) {
        return fh_err_set(err, FH_ENOMEM, "published text: out of memory");
    }
    *out = fh_bytes(copy, buf.size);
    return FH_OK;
}

/* Whether the form fits into a record, which adds one level and a few values around it. Nested
 * values under customProperties can be deeper than records are. */
static int
check_form(const struct fh_contract *contract, struct fh_findings *findings, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_CONTRACT_FORM_BYTES_MAX);
    struct fh_err why = {0};
    struct fh_buf FH_CLEANUP(fh_buf_fini) form;
    limits.depth_max -= 1;
    limits.items_max -= 32;
    fh_buf_init(&form, FH_CONTRACT_FORM_BYTES_MAX);
    fh_contract_encode(&form, contract);
    int rc = fh_buf_ok(&form);
    if (rc == FH_ENOMEM) {
        return fh_err_set(err, rc, "published contract: out of memory");
    }
    if (rc == FH_OK) {
        rc = fh_pack_scan(fh_buf_view(&form), &limits, &why);
    }
    if (rc != FH_OK) {
        refuse(findings,
               contract->node->line,
               "publish.form",
               "",
               "the contract nests too deeply or holds too many values for a record; flatten what "
               "stands "
               "under customProperties, arguments or examples");
        return fh_findings_ok(findings, err);
    }
    return FH_OK;
}

int fh_publish_text(struct fh_published *out,
                    struct fh_bytes text,
                    const struct fh_contract *contract,
                    const struct fh_domain_id *domain,
                    struct fh_findings *findings,
                    struct fh_err *err)
{
    FH_ASSERT(contract->node != NULL);
    struct fh_published made = {0};
    const struct fh_doc_node *servers = fh_doc_get(contract->node, "servers");
    if (servers == NULL || contract->name == NULL) {
        refuse(findings,
               contract->node->line,
               "publish.server.missing",
               "servers",
               "name and servers are needed; run the publish rules first");
        return fh_findings_ok(findings, err);
    }
    if (!stands_alone(contract->node, servers, findings)) {
        return fh_findings_ok(findings, err);
    }
    int rc = make_text(&made.text, text, contract, servers, domain, findings, err);
    if (rc != FH_OK) {
        return rc;
    }
    check_leaks(made.text, contract, findings);
    rc = fh_findings_ok(findings, err);
    if (rc != FH_OK) {
        return rc;
    }
    /* Read back: what is signed is what the published text says. Warnings were given for the
     * author's. */
    struct fh_findings again;
    fh_findings_init(&again, findings->arena);
    rc = fh_contract_read(&made.contract, made.text, &again, err);
    if (rc != FH_OK) {
        return fh_err_wrap(err, "published text");
    }
    rc = check_form(made.contract, findings, err);
    if (rc != FH_OK) {
        return rc;
    }
    made.text_hash = fh_hash(made.text);
    *out = made;
    return FH_OK;
}
