/* SPDX-License-Identifier: Apache-2.0 */
/* What `slaProperties` promise: ages, gaps and dates that can be measured, and what cannot. */
#include "common/time.h"
#include "proto/quality/promise_build.h"

#include <string.h>
#include <strings.h>

enum { ELEMENT_BYTES = 256 };

/* Names of ODCS in lower case, with their abbreviations and drivers. */
static const struct name {
    const char *name;
    const char *rule; /* as the standard spells it */
    enum fh_promise_kind kind;
    const char *not_run; /* why it is never measured here */
} names[] = {
#define PEOPLE  "how fast people react is not in the data"
#define SERVING "it is measured by the node that serves the product"
    {"freshness", "freshness", FH_PROMISE_FRESHNESS, NULL},
    {"fr", "freshness", FH_PROMISE_FRESHNESS, NULL},
    {"latency", "latency", FH_PROMISE_FRESHNESS, NULL},
    {"ly", "latency", FH_PROMISE_FRESHNESS, NULL},
    {"retention", "retention", FH_PROMISE_RETENTION, NULL},
    {"re", "retention", FH_PROMISE_RETENTION, NULL},
    {"frequency", "frequency", FH_PROMISE_FREQUENCY, NULL},
    {"fy", "frequency", FH_PROMISE_FREQUENCY, NULL},
    {"availability", "availability", FH_PROMISE_AVAILABILITY, SERVING},
    {"av", "availability", FH_PROMISE_AVAILABILITY, SERVING},
    {"throughput", "throughput", FH_PROMISE_SLA_OTHER, SERVING},
    {"th", "throughput", FH_PROMISE_SLA_OTHER, SERVING},
    {"errorrate", "errorRate", FH_PROMISE_SLA_OTHER, SERVING},
    {"er", "errorRate", FH_PROMISE_SLA_OTHER, SERVING},
    {"generalavailability", "generalAvailability", FH_PROMISE_AVAILABLE_FROM, NULL},
    {"ga", "generalAvailability", FH_PROMISE_AVAILABLE_FROM, NULL},
    {"endofsupport", "endOfSupport", FH_PROMISE_SUPPORTED_UNTIL, NULL},
    {"es", "endOfSupport", FH_PROMISE_SUPPORTED_UNTIL, NULL},
    {"endoflife", "endOfLife", FH_PROMISE_SUPPORTED_UNTIL, NULL},
    {"el", "endOfLife", FH_PROMISE_SUPPORTED_UNTIL, NULL},
    {"timetodetect", "timeToDetect", FH_PROMISE_SLA_OTHER, PEOPLE},
    {"td", "timeToDetect", FH_PROMISE_SLA_OTHER, PEOPLE},
    {"timetonotify", "timeToNotify", FH_PROMISE_SLA_OTHER, PEOPLE},
    {"tn", "timeToNotify", FH_PROMISE_SLA_OTHER, PEOPLE},
    {"timetorepair", "timeToRepair", FH_PROMISE_SLA_OTHER, PEOPLE},
    {"tr", "timeToRepair", FH_PROMISE_SLA_OTHER, PEOPLE},
#undef PEOPLE
#undef SERVING
};

static const struct name *find_name(const char *text)
{
    char plain[40]; /* "end of life", "end-of-life" and "endOfLife" are one */
    size_t size = 0;
    for (; *text != '\0' && size + 1 < sizeof plain; text++) {
        if (*text != ' ' && *text != '-' && *text != '_') {
            plain[size++] = *text;
        }
    }
    plain[size] = '\0';
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        if (strcasecmp(names[i].name, plain) == 0) {
            return &names[i];
        }
    }
    return NULL;
}

/* ---- elements ---- */

/* Sets table and column of "table.column", or of "column" when there is one table. */
static bool find_element(const struct fh_promise_build *build,
                         const char *element,
                         struct fh_promise_place *out)
{
    const char *dot = strchr(element, '.');
    for (uint32_t i = 0; i < build->contract->tables.count; i++) {
        const struct fh_contract_table *table = &build->contract->tables.items[i];
        bool named = dot != NULL && strlen(table->name) == (size_t)(dot - element) &&
                     strncmp(table->name, element, (size_t)(dot - element)) == 0;
        if (!named && (dot != NULL || build->contract->tables.count > 1)) {
            continue;
        }
        const struct fh_contract_column *column =
            fh_contract_column(table, dot == NULL ? element : dot + 1);
        if (column != NULL) {
            out->table = i;
            out->column = (uint32_t)(column - table->columns.items);
            out->column_name = column->name;
            out->of = column;
            return true;
        }
    }
    return false;
}

/* The `n`th entry of a list divided by commas; false behind its end. */
static bool nth_element(const char *list, size_t n, char out[ELEMENT_BYTES])
{
    for (const char *at = list; at != NULL && *at != '\0';) {
        at += strspn(at, ", ");
        size_t size = strcspn(at, ", ");
        if (size > 0 && n-- == 0) {
            size = size < ELEMENT_BYTES - 1 ? size : ELEMENT_BYTES - 1;
            memcpy(out, at, size);
            out[size] = '\0';
            return true;
        }
        at += size;
    }
    return false;
}

/* ---- values ---- */

static const char *text_of(const struct fh_doc_node *node)
{
    return node == NULL || node->kind != FH_DOC_SCALAR ? "" : node->text;
}

static void read_length(struct fh_promise_build *build, struct fh_promise *promise)
{
    const struct fh_contract_sla *sla = promise->sla;
    char text[FH_DURATION_TEXT_BYTES];
    struct fh_err err;
    promise->unit = FH_PROMISE_TIME;
    promise->bound = (struct fh_promise_bound){.operator= FH_PROMISE_LESS_OR_EQUAL };
    const char *unit = text_of(sla->value)[0] == 'P' ? NULL : sla->unit;
    if (fh_duration_parse(&promise->duration, text_of(sla->value), unit, &err) != FH_OK) {
        promise->promised = fh_promise_text(build, "%.64s", text_of(sla->value));
        promise->not_run = fh_promise_text(build, "%s", err.text);
        return;
    }
    fh_duration_text(text, promise->duration);
    promise->promised = fh_promise_text(build, "<= %s", text);
}

static void read_date(struct fh_promise_build *build, struct fh_promise *promise)
{
    const char *text = text_of(promise->sla->value);
    promise->unit = FH_PROMISE_TIME;
    promise->bound = (struct fh_promise_bound){.operator= FH_PROMISE_GREATER };
    promise->promised = fh_promise_text(build, "%.64s", text);
    if (!fh_time_parse(text, &promise->date_ms)) {
        promise->not_run =
            fh_promise_text(build, "\"%.40s\" is no date; write it as in 2027-01-31", text);
        return;
    }
    bool whole_day = strlen(text) == strlen("2027-01-31");
    if (whole_day && promise->kind == FH_PROMISE_SUPPORTED_UNTIL) {
        promise->date_ms += 86400000; /* the day itself is included */
    }
}

static void read_percentage(struct fh_promise_build *build, struct fh_promise *promise)
{
    char text[FH_DECIMAL_BYTES];
    promise->unit = FH_PROMISE_PERCENT;
    promise->promised = fh_promise_text(build, ">= %.40s percent", text_of(promise->sla->value));
    promise->bound = (struct fh_promise_bound){.operator= FH_PROMISE_GREATER_OR_EQUAL, .a = "0"};
    if (fh_decimal_normalise(text, text_of(promise->sla->value))) {
        promise->bound.a = fh_promise_text(build, "%s", text);
    }
}

/* ---- all of it ---- */

static struct fh_promise *add(struct fh_promise_build *build,
                              const struct fh_promise_place *place,
                              const struct name *name,
                              const struct fh_contract_sla *sla)
{
    enum fh_promise_kind kind = name == NULL ? FH_PROMISE_SLA_OTHER : name->kind;
    const char *rule = name == NULL ? sla->property : name->rule;
    struct fh_promise *promise =
        fh_promise_add(build, kind, place, sla->id != NULL ? sla->id : rule);
    if (promise == NULL) {
        return NULL;
    }
    promise->sla = sla;
    promise->rule = rule;
    if (kind == FH_PROMISE_AVAILABLE_FROM || kind == FH_PROMISE_SUPPORTED_UNTIL) {
        read_date(build, promise);
    } else if (kind == FH_PROMISE_AVAILABILITY) {
        read_percentage(build, promise);
        promise->not_run = name->not_run;
    } else if (kind == FH_PROMISE_SLA_OTHER) {
        promise->promised =
            fh_promise_text(build, "%.64s %.20s", text_of(sla->value), sla->unit ? sla->unit : "");
        promise->not_run =
            name != NULL ? name->not_run
                         : fh_promise_text(build, "no rule is known for \"%.40s\"", sla->property);
    } else {
        read_length(build, promise);
    }
    return promise;
}

static bool needs_element(const struct name *name)
{
    return name != NULL &&
           (name->kind == FH_PROMISE_FRESHNESS || name->kind == FH_PROMISE_RETENTION ||
            name->kind == FH_PROMISE_FREQUENCY);
}

static void add_sla(struct fh_promise_build *build, const struct fh_contract_sla *sla)
{
    const struct name *name = find_name(sla->property);
    struct fh_promise_place place = {.path = "slaProperties",
                                     .column_name = "",
                                     .table = FH_PROMISE_NONE,
                                     .column = FH_PROMISE_NONE};
    if (!needs_element(name)) {
        (void)add(build, &place, name, sla);
        return;
    }
    const char *elements =
        sla->element != NULL ? sla->element : build->contract->sla_default_element;
    char element[ELEMENT_BYTES];
    size_t count = 0;
    for (; nth_element(elements, count, element); count++) {
        struct fh_promise_place at = place;
        bool found = find_element(build, element, &at);
        struct fh_promise *promise = add(build, &at, name, sla);
        if (promise != NULL && !found) {
            promise->not_run = fh_promise_text(
                build, "\"%.80s\" is no column of a table, as in orders.updated_at", element);
        }
    }
    if (count == 0) {
        struct fh_promise *promise = add(build, &place, name, sla);
        if (promise != NULL) {
            promise->not_run = "no element says which column holds the time";
        }
    }
}

void fh_promise_slas(struct fh_promise_build *build)
{
    for (size_t i = 0; i < build->contract->sla.count; i++) {
        add_sla(build, &build->contract->sla.items[i]);
    }
}
