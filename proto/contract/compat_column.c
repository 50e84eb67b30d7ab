/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, columns, and the options of their types. */
#include "proto/contract/compat_inner.h"
#include "proto/contract/field_text.h"
#include "proto/contract/sql_type.h"

#include <string.h>
#include <strings.h>

/* The two columns whose field, or whose options' field, has changed. */
struct columns {
    const struct fh_contract_column *before;
    const struct fh_contract_column *after;
};

static struct columns columns_of(const struct fh_change *change)
{
    const struct fh_diff_level *level = change->level;
    if (level->section == &fh_section_options) {
        level = level->up;
    }
    return (struct columns){level->before, level->after};
}

/* --- tables and columns as a whole --- */

enum fh_compat_rule_name fh_judge_table(const struct fh_change *change)
{
    return change->kind == FH_CHANGE_ADDED ? FH_COMPAT_TABLE_ADDED : FH_COMPAT_TABLE_REMOVED;
}

static bool is_key(const struct fh_contract_column *column)
{
    return column->primary_key == FH_CONTRACT_TRUE;
}

static bool is_never_null(const struct fh_contract_column *column)
{
    return column->required == FH_CONTRACT_TRUE || is_key(column);
}

static bool has_key(const struct fh_contract_table *table)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        if (is_key(&table->columns.items[i])) {
            return true;
        }
    }
    return false;
}

enum fh_compat_rule_name fh_judge_column(const struct fh_change *change)
{
    const struct fh_contract_column *column = change->element_after;
    if (change->kind != FH_CHANGE_ADDED) {
        return FH_COMPAT_COLUMN_REMOVED;
    }
    if (change->level->section == &fh_section_table && is_key(column) &&
        has_key(change->level->before)) {
        return FH_COMPAT_COLUMN_ADDED_KEY;
    }
    return is_never_null(column) ? FH_COMPAT_COLUMN_ADDED_REQUIRED : FH_COMPAT_COLUMN_ADDED;
}

/* The name of an element of an array is for people. */
enum fh_compat_rule_name fh_judge_column_name(const struct fh_change *change)
{
    return change->level->section == &fh_section_item ? FH_COMPAT_TEXT_CHANGED
                                                      : FH_COMPAT_COLUMN_RENAMED;
}

enum fh_compat_rule_name fh_judge_relationship(const struct fh_change *change)
{
    return change->kind == FH_CHANGE_ADDED ? FH_COMPAT_RELATIONSHIP_ADDED
                                           : FH_COMPAT_RELATIONSHIP_DROPPED;
}

/* --- types --- */

enum wire { WIRE_SAME, WIRE_OTHER, WIRE_GAINED, WIRE_LOST, WIRE_UNKNOWN };

static enum wire compare_wire(struct columns columns)
{
    char before[FH_SQL_TYPE_BYTES];
    char after[FH_SQL_TYPE_BYTES];
    struct fh_err ignored;
    bool was = fh_contract_sql_type(columns.before, before, &ignored) == FH_OK;
    bool is = fh_contract_sql_type(columns.after, after, &ignored) == FH_OK;
    if (!was || !is) {
        return was ? WIRE_LOST : is ? WIRE_GAINED : WIRE_UNKNOWN;
    }
    return strcmp(before, after) == 0 ? WIRE_SAME : WIRE_OTHER;
}

/* Whether the logical type itself is another: then that change says all. */
static bool has_other_type(struct columns columns)
{
    return columns.before->logical_type != NULL && columns.after->logical_type != NULL &&
           strcmp(columns.before->logical_type, columns.after->logical_type) != 0;
}

enum fh_compat_rule_name fh_judge_logical_type(const struct fh_change *change)
{
    if (change->kind == FH_CHANGE_CHANGED) {
        return FH_COMPAT_TYPE_CHANGED;
    }
    switch (compare_wire(columns_of(change))) {
    case WIRE_SAME:
        return FH_COMPAT_SAME_MEANING;
    case WIRE_OTHER:
        return FH_COMPAT_TYPE_WIRE;
    case WIRE_GAINED:
    case WIRE_LOST:
    case WIRE_UNKNOWN:
        break;
    }
    return change->kind == FH_CHANGE_ADDED ? FH_COMPAT_TYPE_STATED : FH_COMPAT_TYPE_DROPPED;
}

enum fh_compat_rule_name fh_judge_physical_type(const struct fh_change *change)
{
    struct columns columns = columns_of(change);
    if (has_other_type(columns)) {
        return FH_COMPAT_TYPE_PHYSICAL;
    }
    switch (compare_wire(columns)) {
    case WIRE_SAME:
        return FH_COMPAT_TYPE_PHYSICAL;
    case WIRE_OTHER:
        return FH_COMPAT_TYPE_WIRE;
    case WIRE_GAINED:
    case WIRE_LOST:
    case WIRE_UNKNOWN:
        break;
    }
    if (columns.before->logical_type != NULL && columns.after->logical_type != NULL) {
        return FH_COMPAT_TYPE_PHYSICAL; /* an object or array, whatever the source calls it */
    }
    return change->kind == FH_CHANGE_ADDED     ? FH_COMPAT_TYPE_STATED
           : change->kind == FH_CHANGE_REMOVED ? FH_COMPAT_TYPE_DROPPED
                                               : FH_COMPAT_TYPE_CHANGED;
}

/* `items` or `map`: what an array or a map is made of. */
enum fh_compat_rule_name fh_judge_element_type(const struct fh_change *change)
{
    if (has_other_type(columns_of(change))) {
        return FH_COMPAT_TYPE_OPTION;
    }
    return change->kind == FH_CHANGE_ADDED ? FH_COMPAT_TYPE_STATED : FH_COMPAT_TYPE_DROPPED;
}

/* --- nulls, keys, class --- */

enum fh_compat_rule_name fh_judge_required(const struct fh_change *change)
{
    struct columns columns = columns_of(change);
    bool was = is_never_null(columns.before);
    bool is = is_never_null(columns.after);
    return was == is ? FH_COMPAT_SAME_MEANING
           : is      ? FH_COMPAT_NULLS_EXCLUDED
                     : FH_COMPAT_NULLS_ALLOWED;
}

enum fh_compat_rule_name fh_judge_unique(const struct fh_change *change)
{
    struct columns columns = columns_of(change);
    bool was = columns.before->unique == FH_CONTRACT_TRUE;
    bool is = columns.after->unique == FH_CONTRACT_TRUE;
    return was == is ? FH_COMPAT_SAME_MEANING
           : is      ? FH_COMPAT_UNIQUE_ADDED
                     : FH_COMPAT_UNIQUE_DROPPED;
}

/* One more column in a key makes the others alone repeat, one less makes what was told apart one:
 * only a key from nothing, or to nothing, has a direction. */
enum fh_compat_rule_name fh_judge_primary_key(const struct fh_change *change)
{
    struct columns columns = columns_of(change);
    const struct fh_diff_level *up = change->level->up;
    bool was = is_key(columns.before);
    bool is = is_key(columns.after);
    if (was == is) {
        return FH_COMPAT_SAME_MEANING;
    }
    bool of_table = up->section == &fh_section_table;
    if (is) {
        return of_table && has_key(up->before) ? FH_COMPAT_KEY_CHANGED : FH_COMPAT_KEY_ADDED;
    }
    return of_table && has_key(up->after) ? FH_COMPAT_KEY_CHANGED : FH_COMPAT_KEY_DROPPED;
}

enum { CLASS_UNKNOWN = -1, CLASS_PROTECTED = 2 };

/* How protected a column of this class is. What is not classified is as what is internal. */
static int class_rank(const char *class)
{
    static const struct {
        const char *name;
        int rank;
    } classes[] = {
        {"open", 0},
        {"public", 0},
        {"unrestricted", 0},
        {"internal", 1},
        {"private", CLASS_PROTECTED},
        {"sensitive", CLASS_PROTECTED},
        {"pii", CLASS_PROTECTED},
        {"confidential", CLASS_PROTECTED},
        {"restricted", 3},
        {"highly confidential", 3},
        {"secret", 3},
    };
    if (class == NULL) {
        return 1;
    }
    for (size_t i = 0; i < FH_COUNT(classes); i++) {
        if (strcasecmp(classes[i].name, class) == 0) {
            return classes[i].rank;
        }
    }
    return CLASS_UNKNOWN;
}

enum fh_compat_rule_name fh_judge_classification(const struct fh_change *change)
{
    struct columns columns = columns_of(change);
    int before = class_rank(columns.before->classification);
    int after = class_rank(columns.after->classification);
    if (before == CLASS_UNKNOWN || after == CLASS_UNKNOWN) {
        return FH_COMPAT_CLASS_CHANGED;
    }
    if (change->kind != FH_CHANGE_CHANGED && before < CLASS_PROTECTED && after < CLASS_PROTECTED) {
        return FH_COMPAT_CLASS_STATED;
    }
    return after > before   ? FH_COMPAT_CLASS_RAISED
           : after < before ? FH_COMPAT_CLASS_LOWERED
                            : FH_COMPAT_CLASS_STATED;
}

/* --- values --- */

/* One value of an `enum`: the first makes it a constraint, the last ends it. */
enum fh_compat_rule_name fh_judge_enum(const struct fh_change *change)
{
    size_t before = fh_field_list(change->field, change->level->before).count;
    size_t after = fh_field_list(change->field, change->level->after).count;
    if (before == 0 || after == 0) {
        return before == 0 ? FH_COMPAT_VALUES_TIGHTENED : FH_COMPAT_VALUES_LOOSENED;
    }
    return change->kind == FH_CHANGE_ADDED ? FH_COMPAT_VALUES_LOOSENED : FH_COMPAT_VALUES_TIGHTENED;
}

static enum fh_order order_of_kind(enum fh_change_kind kind)
{
    return kind == FH_CHANGE_ADDED     ? FH_ORDER_TIGHTER
           : kind == FH_CHANGE_REMOVED ? FH_ORDER_LOOSER
                                       : FH_ORDER_OTHER;
}

static enum fh_compat_rule_name judge_option(const struct fh_change *change, enum fh_order order)
{
    return has_other_type(columns_of(change)) ? FH_COMPAT_TYPE_OPTION : fh_judge_order(order);
}

static bool is_upper(const struct fh_change *change)
{
    return strstr(change->field->key, "ax") != NULL; /* maximum, exclusiveMaximum, maxLength */
}

enum fh_compat_rule_name fh_judge_bound(const struct fh_change *change)
{
    struct columns columns = columns_of(change);
    return judge_option(change, fh_order_bounds(columns.before, columns.after, is_upper(change)));
}

enum fh_compat_rule_name fh_judge_length(const struct fh_change *change)
{
    const struct fh_contract_int *before = fh_field_member(change->field, change->level->before);
    const struct fh_contract_int *after = fh_field_member(change->field, change->level->after);
    return judge_option(change, fh_order_length(*before, *after, is_upper(change)));
}

/* Whether one pattern matches all that another does cannot be told in general. */
enum fh_compat_rule_name fh_judge_pattern(const struct fh_change *change)
{
    return judge_option(change, order_of_kind(change->kind));
}

enum fh_compat_rule_name fh_judge_multiple_of(const struct fh_change *change)
{
    const struct fh_contract_options *before = change->level->before;
    const struct fh_contract_options *after = change->level->after;
    return judge_option(change, fh_order_multiple(before->multiple_of, after->multiple_of));
}

/* Of a number the width, of a text what it looks like, of a date how the source writes it. */
enum fh_compat_rule_name fh_judge_format(const struct fh_change *change)
{
    struct columns columns = columns_of(change);
    const char *type = columns.after->logical_type;
    if (has_other_type(columns)) {
        return FH_COMPAT_TYPE_OPTION;
    }
    if (type != NULL && (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0)) {
        return compare_wire(columns) == WIRE_SAME ? FH_COMPAT_TYPE_PHYSICAL : FH_COMPAT_TYPE_WIRE;
    }
    if (type != NULL && strcmp(type, "string") != 0) {
        return FH_COMPAT_TYPE_FORMAT;
    }
    return fh_judge_order(order_of_kind(change->kind));
}

enum fh_compat_rule_name fh_judge_timezone(const struct fh_change *change)
{
    const struct fh_contract_options *before = change->level->before;
    const struct fh_contract_options *after = change->level->after;
    struct columns columns = columns_of(change);
    if (has_other_type(columns)) {
        return FH_COMPAT_TYPE_OPTION;
    }
    if (compare_wire(columns) == WIRE_OTHER) {
        return FH_COMPAT_TYPE_WIRE;
    }
    bool same = (before->timezone == FH_CONTRACT_TRUE) == (after->timezone == FH_CONTRACT_TRUE);
    bool is_timestamp = columns.after->logical_type != NULL &&
                        strcmp(columns.after->logical_type, "timestamp") == 0;
    return same || is_timestamp ? FH_COMPAT_SAME_MEANING : FH_COMPAT_TIMEZONE_CHANGED;
}

enum fh_compat_rule_name fh_judge_default_timezone(const struct fh_change *change)
{
    if (has_other_type(columns_of(change))) {
        return FH_COMPAT_TYPE_OPTION;
    }
    return change->kind == FH_CHANGE_CHANGED ? FH_COMPAT_TIMEZONE_CHANGED
                                             : FH_COMPAT_TIMEZONE_STATED;
}

enum fh_compat_rule_name fh_judge_unique_items(const struct fh_change *change)
{
    const struct fh_contract_options *before = change->level->before;
    const struct fh_contract_options *after = change->level->after;
    bool was = before->unique_items == FH_CONTRACT_TRUE;
    bool is = after->unique_items == FH_CONTRACT_TRUE;
    return judge_option(change,
                        was == is ? FH_ORDER_SAME
                        : is      ? FH_ORDER_TIGHTER
                                  : FH_ORDER_LOOSER);
}

enum fh_compat_rule_name fh_judge_required_keys(const struct fh_change *change)
{
    const struct fh_contract_options *before = change->level->before;
    const struct fh_contract_options *after = change->level->after;
    return judge_option(change, fh_order_words(&before->required, &after->required));
}

/* `enum` is no option of the standard, but tools write and heed it. */
enum fh_compat_rule_name fh_judge_option_extra(const struct fh_change *change)
{
    const struct fh_doc_node *before = change->element_before;
    const struct fh_doc_node *after = change->element_after;
    const char *key = before != NULL ? before->key : after->key;
    return strcmp(key, "enum") == 0 ? judge_option(change, fh_order_values(before, after))
                                    : FH_COMPAT_TEXT_CHANGED;
}
