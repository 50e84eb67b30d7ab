/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/observe.h"

#include <string.h>

enum { PERSONAL_PERCENT = 5 }; /* of the sampled values: more is no accident */

bool fh_observer_tellable(struct fh_bytes value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < 0x20 || value.data[i] == 0x7f) {
            return false;
        }
    }
    return value.size > 0 && value.size <= FH_PROFILE_VALUE_BYTES_MAX && fh_utf8_valid(value);
}

static void count_value(struct fh_observer *observer, struct fh_bytes value)
{
    for (uint32_t i = 0; i < observer->value_count; i++) {
        if (observer->values[i].size == value.size &&
            memcmp(observer->values[i].text, value.data, value.size) == 0) {
            observer->values[i].times++;
            return;
        }
    }
    if (observer->value_count < FH_OBSERVER_VALUES) {
        uint32_t at = observer->value_count++;
        observer->values[at].times = 1;
        observer->values[at].size = (uint8_t)value.size;
        memcpy(observer->values[at].text, value.data, value.size);
    }
}

void fh_observer_add(struct fh_observer *observer, struct fh_bytes value)
{
    enum fh_likeness likeness = fh_likeness_of_value(value);
    observer->sampled++;
    if (likeness != FH_LIKENESS_COUNT) {
        observer->alike[likeness]++;
    }
    if (fh_observer_tellable(value)) {
        count_value(observer, value);
    }
}

/* Whether a column may hold something about a person; also finds what most of its values are like.
 */
static bool is_personal(const struct fh_observer *observer, struct fh_profile_column *column)
{
    enum fh_likeness by_name = fh_likeness_of_name(column->name);
    bool personal = by_name != FH_LIKENESS_COUNT;
    column->likeness = FH_LIKENESS_COUNT;
    for (enum fh_likeness i = 0; i < FH_LIKENESS_COUNT; i++) {
        if (observer->alike[i] > column->alike) {
            column->likeness = i;
            column->alike = observer->alike[i];
        }
        personal = personal || (fh_likeness_classification(i) != NULL &&
                                (uint64_t)observer->alike[i] * 100 >
                                    (uint64_t)observer->sampled * PERSONAL_PERCENT);
    }
    return personal;
}

static int add_examples(const struct fh_observer *observer,
                        struct fh_profile_column *column,
                        uint32_t times_min,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    bool told[FH_OBSERVER_VALUES] = {false};
    while (column->example_count < FH_PROFILE_EXAMPLES_MAX) {
        uint32_t best = FH_OBSERVER_VALUES;
        for (uint32_t i = 0; i < observer->value_count; i++) {
            if (!told[i] && observer->values[i].times >= times_min &&
                (best == FH_OBSERVER_VALUES ||
                 observer->values[i].times > observer->values[best].times)) {
                best = i;
            }
        }
        if (best == FH_OBSERVER_VALUES) {
            break;
        }
        told[best] = true;
        const char *copy = fh_arena_string(
            arena, fh_bytes(observer->values[best].text, observer->values[best].size));
        if (copy == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a profile");
        }
        column->examples[column->example_count++] = copy;
    }
    return FH_OK;
}

int fh_observer_report(const struct fh_observer *observer,
                       struct fh_profile_column *column,
                       bool is_text,
                       struct fh_arena *arena,
                       struct fh_err *err)
{
    column->sampled = observer->sampled;
    if (is_personal(observer, column)) {
        column->minimum = "";
        column->maximum = "";
        return FH_OK;
    }
    return add_examples(observer, column, is_text ? 2 : 1, arena, err);
}

int fh_observer_name(const char **out,
                     const char *what,
                     struct fh_bytes name,
                     struct fh_arena *arena,
                     struct fh_err *err)
{
    if (name.size == 0 || name.size > FH_COLUMN_NAME_BYTES_MAX || !fh_utf8_valid(name)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "source.name",
                           "a %s of the source has a name of %zu bytes; it takes 1 to %d bytes of "
                           "UTF-8",
                           what,
                           name.size,
                           FH_COLUMN_NAME_BYTES_MAX);
    }
    *out = fh_arena_string(arena, name);
    return *out == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a profile") : FH_OK;
}
