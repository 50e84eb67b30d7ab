/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pages/pages.h"

#include "common/assert.h"
#include "common/compiler.h"
#include "tools/door/pages/table.h"

#include <string.h>

/* Addresses under which the shell stands: a first name, and how many names may follow. */
static const struct {
    const char *first;
    size_t least, most;
} addresses[] = {
    {"products", 2, 2}, /* domain and product[@version] */
    {"domains", 0, 1},
    {"mesh", 0, 0},
    {"query", 0, 0},
    {"inbox", 0, 0},
    {"compliance", 0, 0},
    {"sign-in", 0, 0},
};

/* The next name of a path, up to its "/" or end, and moves `path` behind it. */
static struct fh_bytes next_name(struct fh_bytes *path)
{
    const uint8_t *slash = path->size == 0 ? NULL : memchr(path->data, '/', path->size);
    struct fh_bytes name = *path;
    if (slash == NULL) {
        *path = FH_BYTES_NONE;
        return name;
    }
    name.size = (size_t)(slash - path->data);
    *path = fh_bytes(slash, path->size - name.size);
    return name;
}

static bool is_address(struct fh_bytes path)
{
    size_t names = 0;
    size_t found = FH_COUNT(addresses);
    while (path.size > 0) {
        path = fh_bytes(path.data + 1, path.size - 1); /* behind the "/" */
        struct fh_bytes name = next_name(&path);
        if (name.size == 0) {
            return false;
        }
        if (names == 0) {
            for (found = 0; found < FH_COUNT(addresses); found++) {
                if (fh_bytes_equal_cstr(name, addresses[found].first)) {
                    break;
                }
            }
        }
        names++;
    }
    return found < FH_COUNT(addresses) && names - 1 >= addresses[found].least &&
           names - 1 <= addresses[found].most;
}

const struct fh_page_asset *fh_pages_find(struct fh_bytes path)
{
    if (path.size == 0 || path.data[0] != '/') {
        return NULL;
    }
    if (path.size > 1 && is_address(path)) {
        path = fh_bytes_cstr("/");
    }
    for (size_t i = 0; i < fh_pages_table_count; i++) {
        if (fh_bytes_equal_cstr(path, fh_pages_table[i].path)) {
            return &fh_pages_table[i];
        }
    }
    return NULL;
}

/* What stands in the shell for its style and the scripts that it will need, before the script that
 * begins, first in its main part, and at the end of its body. */
static const char links[] = "<link rel=\"stylesheet\"";
static const char head_end[] = "<script type=\"module\"";
static const char main_begin[] = "<noscript>";
static const char body_end[] = "</body>";

const struct fh_page_asset *fh_pages_front_style(void)
{
    return fh_pages_find(fh_bytes_cstr("/assets/app.css"));
}

/* What stands before `mark`, which is there; `at` is moved to it. */
static struct fh_bytes take_until(struct fh_bytes *at, const char *mark)
{
    const uint8_t *found = memmem(at->data, at->size, mark, strlen(mark));
    FH_ASSERT(found != NULL); /* a test reads the shell */
    struct fh_bytes before = fh_bytes(at->data, (size_t)(found - at->data));
    *at = fh_bytes(found, at->size - before.size);
    return before;
}

void fh_pages_front(struct fh_buf *out, struct fh_bytes list, struct fh_bytes html)
{
    const struct fh_page_asset *shell = fh_pages_find(fh_bytes_cstr("/"));
    const struct fh_page_asset *style = fh_pages_front_style();
    struct fh_bytes at = fh_bytes(shell->bytes, shell->size);
    fh_buf_add_bytes(out, take_until(&at, links));
    fh_buf_add_cstr(out, "<style>");
    fh_buf_add(out, style->bytes, style->size); /* a test reads it: it has no "<" */
    fh_buf_add_cstr(out, "</style>\n");
    (void)take_until(&at, head_end); /* start.js asks for the scripts behind the first paint */
    fh_buf_add_bytes(out, take_until(&at, main_begin));
    fh_buf_add_bytes(out, html);
    fh_buf_add_bytes(out, take_until(&at, body_end));
    fh_buf_add_cstr(out, "<script type=\"application/json\" id=\"first\">");
    for (size_t i = 0, from = 0; i <= list.size; i++) {
        /* In JSON a "<" stands in texts alone, where it can be written in this way too. */
        if (i == list.size || list.data[i] == '<') {
            fh_buf_add(out, list.data + from, i - from);
            fh_buf_add_cstr(out, i < list.size ? "\\u003c" : "");
            from = i + 1;
        }
    }
    fh_buf_add_cstr(out, "</script>\n");
    fh_buf_add_bytes(out, at);
}

const struct fh_page_asset *fh_pages_at(size_t index)
{
    return index < fh_pages_table_count ? &fh_pages_table[index] : NULL;
}
