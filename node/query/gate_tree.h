/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading DuckDB's tree of a statement, which is JSON. For the files of the gate alone.
 *
 * Does not: know what belongs in a tree (gate_kinds.h). Thread: any. Ownership: texts are lent by
 * the tree.
 */
#ifndef FH_NODE_QUERY_GATE_TREE_H
#define FH_NODE_QUERY_GATE_TREE_H

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

/* The text at a key; "" where there is none. */
static inline const char *fh_gate_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* Whether nothing is there: no value, null or an empty array. */
static inline bool fh_gate_is_empty(const json_t *value)
{
    return value == NULL || json_is_null(value) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

#endif
