/* SPDX-License-Identifier: Apache-2.0 */
#include "node/moves.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/time.h"
#include "node/renewal.h"
#include "proto/gossip/lifecycle.h"

#include <stdio.h>

struct move {
    struct fh_moves *moves;
    struct fh_msg_move asked; /* views into the question */
    struct fh_record record;
    struct fh_announcement next;
    struct fh_announcement held;
};

static int tell_announced(struct fh_moves *moves,
                          struct fh_admin_question *question,
                          struct fh_buf *out,
                          struct fh_err *err)
{
    struct fh_announce_key key = {.domain = moves->domain};
    struct fh_announcement last;
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    int rc = fh_msg_announced_request_read(fh_admin_fields(question), key.product, &key.major, err);
    if (rc == FH_OK) {
        rc = fh_catalog_last_said(moves->catalog, key.product, key.major, &last, err);
    }
    if (rc == FH_OK) {
        rc = fh_catalog_announcement_record(moves->catalog, &key, &record, err);
    }
    if (rc == FH_OK) {
        fh_msg_announced_answer(out, fh_buf_view(&record));
    }
    return rc;
}

/* ---- a move ---- */

static int read_move(struct move *move, struct fh_pack_reader *fields, struct fh_err *err)
{
    int rc = fh_msg_move_read(fields, &move->asked, err);
    if (rc == FH_OK) {
        rc = fh_record_parse(&move->record, move->asked.announcement, &move->moves->mesh_id, err);
    }
    if (rc == FH_OK && move->record.type != FH_RECORD_ANNOUNCEMENT) {
        rc = fh_err_rule(err, FH_EINVAL, "record.type", "a move is an announcement");
    }
    if (rc == FH_OK) {
        rc = fh_announce_parse(&move->next, move->record.payload, err);
    }
    if (rc == FH_OK) {
        rc = fh_catalog_last_said(
            move->moves->catalog, move->next.product, move->next.major, &move->held, err);
    }
    return rc;
}

/* The step is made here again from what is held: status, sunset and successor may change, and
 * nothing else. */
static int check_step(const struct move *move, struct fh_err *err)
{
    const struct fh_announcement *next = &move->next;
    const struct fh_announcement *held = &move->held;
    struct fh_lifecycle_move asked = {
        .status = next->status,
        .sunset_ms = next->sunset_ms == held->sunset_ms ? 0 : next->sunset_ms,
        .successor = strcmp(next->successor, held->successor) == 0 ? NULL : next->successor,
        .force = move->asked.force,
    };
    struct fh_announcement right;
    int rc = fh_lifecycle_move(&right, held, &asked, next->issued_ms, err);
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    if (rc == FH_OK) {
        fh_announce_encode(&payload, &right);
        rc = fh_buf_ok(&payload) == FH_OK
                 ? FH_OK
                 : fh_err_set(err, fh_buf_ok(&payload), "the announcement does not fit a record");
    }
    if (rc == FH_OK && !fh_bytes_equal(fh_buf_view(&payload), move->record.payload)) {
        rc = fh_err_rule(err,
                         FH_EBUSY,
                         "lifecycle.raced",
                         "%s@%u was announced anew meanwhile; ask again",
                         next->product,
                         (unsigned)next->major);
    }
    return rc;
}

/* A successor is the owner's word; that nobody can read it now is worth a note. */
static bool note_successor(const struct move *move, struct fh_msg_finding *out)
{
    const struct fh_announcement *next = &move->next;
    const struct fh_directory_domain *self =
        fh_directory_domain(move->moves->dir, &move->moves->domain);
    char name[FH_SUCCESSOR_TEXT_BYTES];
    struct fh_catalog_entry entry;
    struct fh_err err;
    fh_announce_successor_text(name, next->successor, self == NULL ? "" : self->name);
    *out = (struct fh_msg_finding){.rule = "lifecycle.successor"};
    snprintf(out->table, sizeof out->table, "%s", next->product);
    if (name[0] == '\0') {
        snprintf(out->text, sizeof out->text, "no successor is named");
    } else if (fh_catalog_resolve(move->moves->catalog, name, &entry, &err) != FH_OK) {
        snprintf(out->text, sizeof out->text, "%s is not in the catalogue yet", name);
    } else if (entry.announcement.status != FH_ANNOUNCE_ACTIVE) {
        snprintf(out->text,
                 sizeof out->text,
                 "%s is %s itself",
                 name,
                 fh_announce_status_text(entry.announcement.status));
    } else {
        return false;
    }
    return true;
}

static void answer(const struct move *move, struct fh_buf *out)
{
    struct fh_msg_finding note;
    bool has_note = note_successor(move, &note);
    fh_msg_findings_answer_begin(out, has_note);
    if (has_note) {
        fh_msg_findings_answer_add(out, &note);
    }
}

static int take_move(struct fh_moves *moves,
                     struct fh_pack_reader *fields,
                     struct fh_buf *out,
                     struct fh_err *err)
{
    struct move move = {.moves = moves};
    struct fh_catalog_outcome outcome;
    int rc = read_move(&move, fields, err);
    if (rc == FH_OK) {
        rc = check_step(&move, err);
    }
    if (rc == FH_OK) {
        rc = fh_renewal_judge(moves->policies, &move.held, &move.next, err);
    }
    if (rc == FH_OK) {
        rc = fh_catalog_move(moves->catalog,
                             move.asked.announcement,
                             move.asked.dry_run,
                             fh_clock_wall_ms(),
                             &outcome,
                             err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    if (!move.asked.dry_run) {
        fh_log(FH_LOG_INFO,
               "product.moved",
               "product=%s major=%u status=%s",
               move.next.product,
               (unsigned)move.next.major,
               fh_announce_status_text(move.next.status));
        if (moves->mesh != NULL) {
            fh_mesh_announced(moves->mesh, move.asked.announcement);
        }
    }
    answer(&move, out);
    return FH_OK;
}

void fh_moves_question(struct fh_moves *moves, struct fh_admin_question *question)
{
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    unsigned code = fh_admin_code(question);
    FH_ASSERT(code == FH_MSG_ADMIN_ANNOUNCED || code == FH_MSG_ADMIN_MOVE);
    int rc = code == FH_MSG_ADMIN_MOVE ? take_move(moves, fh_admin_fields(question), &out, &err)
                                       : tell_announced(moves, question, &out, &err);
    fh_admin_conclude(question, rc, &out, &err);
}
