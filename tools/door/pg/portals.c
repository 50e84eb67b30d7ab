/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/portals.h"

#include "common/assert.h"
#include "common/mem.h"

#include <stdio.h>
#include <string.h>

/* ---- statements ---- */

static void free_statement(struct fh_pg_statement *statement)
{
    fh_buf_fini(&statement->sql);
    fh_free(statement->columns);
    fh_free(statement);
}

struct fh_pg_statement *fh_pg_statement_find(struct fh_pg_portals *portals, const char *name)
{
    struct fh_pg_statement *at = portals->statements;
    while (at != NULL && strcmp(at->name, name) != 0) {
        at = at->next;
    }
    return at;
}

void fh_pg_statement_drop(struct fh_pg_portals *portals, struct fh_pg_statement *statement)
{
    struct fh_pg_statement **at = &portals->statements;
    while (*at != statement) {
        FH_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = statement->next;
    portals->statement_count--;
    portals->statement_bytes -= statement->sql.size;
    free_statement(statement);
}

void fh_pg_statement_drop_all(struct fh_pg_portals *portals)
{
    while (portals->statements != NULL) {
        fh_pg_statement_drop(portals, portals->statements);
    }
}

struct fh_pg_statement *fh_pg_statement_make(struct fh_pg_portals *portals,
                                             const char *name,
                                             struct fh_bytes sql,
                                             struct fh_pg_report *report)
{
    struct fh_pg_statement *old = fh_pg_statement_find(portals, name);
    if (old != NULL && name[0] != 0) {
        fh_pg_report_set(report, "42P05", "prepared statement \"%s\" already exists", name);
        return NULL;
    }
    if (old != NULL) {
        fh_pg_statement_drop(portals, old);
    }
    if (portals->statement_count >= FH_PG_STATEMENTS_MAX ||
        portals->statement_bytes + sql.size > FH_PG_STATEMENTS_BYTES_MAX) {
        fh_pg_report_set(report,
                         "54000",
                         "a connection keeps at most %d prepared statements, of %d bytes together",
                         FH_PG_STATEMENTS_MAX,
                         FH_PG_STATEMENTS_BYTES_MAX);
        return NULL;
    }
    struct fh_pg_statement *made = fh_calloc(1, sizeof *made);
    if (made != NULL) {
        fh_buf_init(&made->sql, FH_PG_MESSAGE_BYTES_MAX);
        fh_buf_add_bytes(&made->sql, sql);
    }
    if (made == NULL || fh_buf_ok(&made->sql) != FH_OK) {
        fh_free(made);
        fh_pg_report_set(report, "53200", "out of memory");
        return NULL;
    }
    snprintf(made->name, sizeof made->name, "%s", name);
    made->next = portals->statements;
    portals->statements = made;
    portals->statement_count++;
    portals->statement_bytes += sql.size;
    return made;
}

/* ---- portals ---- */

/* An answer that still uses a client cannot be freed at once. */
static void leave(struct fh_pg_portals *portals, struct fh_pg_answer *answer)
{
    if (answer == NULL || !fh_pg_answer_is_open(answer)) {
        fh_pg_answer_free(answer);
        return;
    }
    FH_ASSERT(portals->leaving.count < FH_COUNT(portals->leaving.answers));
    portals->leaving.answers[portals->leaving.count++] = answer;
}

struct fh_pg_portal *fh_pg_portal_find(struct fh_pg_portals *portals, const char *name)
{
    struct fh_pg_portal *at = portals->portals;
    while (at != NULL && strcmp(at->name, name) != 0) {
        at = at->next;
    }
    return at;
}

void fh_pg_portal_drop(struct fh_pg_portals *portals, struct fh_pg_portal *portal)
{
    struct fh_pg_portal **at = &portals->portals;
    while (*at != portal) {
        FH_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = portal->next;
    portals->portal_count--;
    leave(portals, portal->answer);
    fh_buf_fini(&portal->sql);
    fh_pg_params_fini(&portal->params);
    fh_free(portal);
}

void fh_pg_portal_drop_all(struct fh_pg_portals *portals, bool holds_too)
{
    struct fh_pg_portal *next = NULL;
    for (struct fh_pg_portal *at = portals->portals; at != NULL; at = next) {
        next = at->next;
        if (holds_too || !at->hold) {
            fh_pg_portal_drop(portals, at);
        }
    }
}

struct fh_pg_portal *fh_pg_portal_make(struct fh_pg_portals *portals,
                                       const char *name,
                                       bool question,
                                       struct fh_pg_report *report)
{
    struct fh_pg_portal *old = fh_pg_portal_find(portals, name);
    if (old != NULL && name[0] != 0) {
        fh_pg_report_set(report, "42P03", "cursor \"%s\" already exists", name);
        return NULL;
    }
    if (old != NULL) {
        fh_pg_portal_drop(portals, old);
    }
    /* Those that wait to be ended count: the list of them has no more room. */
    if (portals->portal_count + portals->leaving.count >= FH_PG_PORTALS_MAX) {
        fh_pg_report_set(
            report, "54000", "a connection has at most %d open cursors", FH_PG_PORTALS_MAX);
        return NULL;
    }
    struct fh_pg_portal *made = fh_calloc(1, sizeof *made);
    if (made != NULL && question) {
        made->answer = fh_pg_answer_new();
    }
    if (made == NULL || (question && made->answer == NULL)) {
        fh_free(made);
        fh_pg_report_set(report, "53200", "out of memory");
        return NULL;
    }
    snprintf(made->name, sizeof made->name, "%s", name);
    fh_buf_init(&made->sql, FH_PG_MESSAGE_BYTES_MAX);
    fh_pg_params_init(&made->params);
    made->first = true;
    made->next = portals->portals;
    portals->portals = made;
    portals->portal_count++;
    return made;
}

bool fh_pg_portal_rewind(struct fh_pg_portals *portals, struct fh_pg_portal *portal)
{
    struct fh_pg_answer *old = portal->answer;
    struct fh_pg_answer *anew = fh_pg_answer_new();
    if (anew == NULL || portals->leaving.count >= FH_PG_PORTALS_MAX) {
        fh_pg_answer_free(anew);
        return false;
    }
    anew->sql = old->sql;
    anew->params = old->params;
    anew->formats = old->formats;
    anew->copy = old->copy;
    anew->stream = old->stream;
    anew->deadline_ms = old->deadline_ms;
    memcpy(anew->purpose, old->purpose, sizeof anew->purpose);
    fh_buf_init(&old->sql, 1);
    fh_pg_params_init(&old->params);
    fh_buf_init(&old->formats, 1);
    portal->answer = anew;
    portal->done = false;
    portal->first = true;
    leave(portals, old);
    return true;
}

size_t fh_pg_portals_bytes(const struct fh_pg_portals *portals)
{
    size_t bytes = 0;
    for (const struct fh_pg_statement *at = portals->statements; at != NULL; at = at->next) {
        bytes += sizeof *at + at->sql.capacity + at->column_count * sizeof *at->columns;
    }
    for (const struct fh_pg_portal *at = portals->portals; at != NULL; at = at->next) {
        bytes += sizeof *at + at->sql.capacity + at->params.text.capacity +
                 (at->answer == NULL ? 0 : fh_pg_answer_bytes(at->answer));
    }
    for (size_t i = 0; i < portals->leaving.count; i++) {
        bytes += fh_pg_answer_bytes(portals->leaving.answers[i]);
    }
    return bytes;
}

void fh_pg_portals_fini(struct fh_pg_portals *portals)
{
    fh_pg_portal_drop_all(portals, true);
    fh_pg_statement_drop_all(portals);
    while (portals->leaving.count > 0) {
        fh_pg_answer_free(portals->leaving.answers[--portals->leaving.count]);
    }
}
