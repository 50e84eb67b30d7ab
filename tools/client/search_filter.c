/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/search_filter.h"

#include "common/assert.h"

#include <string.h>

static const struct {
    const char *name;
    char sign; /* "=": the whole value; ":": a word of the field */
} filters[] = {
    {"domain", '='},
    {"status", '='},
    {"classification", '='},
    {"quality", '='},
    {"access", '='},
    {"column", ':'},
    {"person", ':'},
    {"tag", '='},
    {"reachable", '='},
};

/* 0: none has this name. */
static char sign_of(const char *name)
{
    for (size_t i = 0; i < FH_COUNT(filters); i++) {
        if (strcmp(filters[i].name, name) == 0) {
            return filters[i].sign;
        }
    }
    return 0;
}

bool fh_search_has_filter(const char *name)
{
    return sign_of(name) != 0;
}

bool fh_search_add_filter(struct fh_buf *words, const char *name, const char *value)
{
    char sign = sign_of(name);
    FH_ASSERT(sign != 0);
    if (value[0] == '\0' || strchr(value, '"') != NULL) {
        return false;
    }
    fh_buf_printf(words, "%s%s%c\"%s\"", words->size == 0 ? "" : " ", name, sign, value);
    return true;
}
