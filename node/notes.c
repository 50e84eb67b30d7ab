/* SPDX-License-Identifier: Apache-2.0 */
#include "node/notes.h"

#include "common/mem.h"
#include "proto/contract/contract_record.h"
#include "proto/gossip/announce.h"
#include "proto/governance/access_request.h"
#include "proto/governance/policy_record.h"
#include "proto/governance/waiver.h"
#include "proto/identity/admission.h"
#include "proto/identity/delegation.h"
#include "proto/identity/token.h"
#include "proto/identity/token_end.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NOTES_FIRST = 4, ARENA_BYTES = FH_GRANT_ARENA_BYTES_MAX };

_Static_assert((int)FH_NOTE_SUBJECT_BYTES <= (int)FH_AUDIT_SUBJECT_BYTES_MAX,
               "a subject fits its record");

void fh_notes_fini(struct fh_notes *notes)
{
    if (notes != NULL) {
        fh_free(notes->items);
        *notes = (struct fh_notes){.count = 0};
    }
}

/* ---- what records are about ---- */

FH_PRINTF(2, 3) static void say(struct fh_note *note, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(note->subject, sizeof note->subject, format, args);
    va_end(args);
}

static void of_contract(struct fh_note *note, const struct fh_record *record)
{
    struct fh_contract_record read;
    if (fh_contract_record_parse(&read, record->payload, NULL) == FH_OK) {
        say(note, "%s@%s", read.product, read.version);
    }
}

static void of_announcement(struct fh_note *note, const struct fh_record *record)
{
    struct fh_announcement read;
    if (fh_announce_parse(&read, record->payload, NULL) == FH_OK) {
        say(note, "%s@%s %s", read.product, read.version, fh_announce_status_text(read.status));
    }
}

static void of_policy(struct fh_note *note, const struct fh_record *record)
{
    struct fh_policy_record read;
    if (fh_policy_record_parse(&read, record->payload, NULL) == FH_OK) {
        say(note, "%s %s", read.name, read.version);
    }
}

static void of_waiver(struct fh_note *note, const struct fh_record *record)
{
    struct fh_waiver read;
    if (fh_waiver_decode(&read, record, NULL) == FH_OK) {
        say(note, "%s %s", read.product, read.rule[0] == '\0' ? "all" : read.rule);
    }
}

static void of_grant(struct fh_note *note, const struct fh_record *record)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
    struct fh_grant read;
    if (arena != NULL && fh_grant_decode(&read, record, arena, NULL) == FH_OK) {
        say(note, "%s", read.product);
    }
}

static void of_grant_end(struct fh_note *note, const struct fh_record *record)
{
    struct fh_grant_end read;
    char id[FH_ID_SHORT_BYTES];
    if (fh_grant_end_decode(&read, record, NULL) == FH_OK) {
        fh_record_id_short(id, &read.grant);
        say(note, "grant %s", id);
    }
}

static void of_answer(struct fh_note *note, const struct fh_record *record)
{
    struct fh_access_answer read;
    char id[FH_ID_SHORT_BYTES];
    if (fh_access_answer_decode(&read, record, NULL) == FH_OK) {
        fh_record_id_short(id, &read.request);
        say(note, "%s request %s", read.outcome == FH_ACCESS_APPROVED ? "approves" : "denies", id);
    }
}

static void of_delegation(struct fh_note *note, const struct fh_record *record)
{
    struct fh_delegation read;
    char id[FH_ID_SHORT_BYTES];
    if (fh_delegation_decode(&read, record, NULL) == FH_OK) {
        struct fh_key_id key = fh_key_id_of(&read.subject);
        fh_key_id_short(id, &key);
        say(note,
            "%s as %s",
            read.label[0] == '\0' ? id : read.label,
            fh_delegation_role_text(&read));
    }
}

static void of_revocation(struct fh_note *note, const struct fh_record *record)
{
    struct fh_revocation read;
    char id[FH_ID_SHORT_BYTES];
    if (fh_revocation_decode(&read, record, NULL) != FH_OK) {
        return;
    }
    if (read.kind == FH_REVOKE_KEY) {
        struct fh_key_id key;
        memcpy(key.b, read.target, sizeof key.b);
        fh_key_id_short(id, &key);
        say(note, "key %s", id);
    } else {
        struct fh_record_id delegation;
        memcpy(delegation.b, read.target, sizeof delegation.b);
        fh_record_id_short(id, &delegation);
        say(note, "delegation %s", id);
    }
}

static void of_token(struct fh_note *note, const struct fh_record *record)
{
    struct fh_token read;
    if (fh_token_decode(&read, record, NULL) == FH_OK) {
        say(note, "%s", read.label);
    }
}

static void of_token_end(struct fh_note *note, const struct fh_record *record)
{
    struct fh_token_end read;
    char id[FH_ID_SHORT_BYTES];
    if (fh_token_end_decode(&read, record, NULL) == FH_OK) {
        fh_record_id_short(id, &read.token);
        say(note, "token %s", id);
    }
}

static void of_invitation(struct fh_note *note, const struct fh_record *record)
{
    struct fh_invitation read;
    if (fh_invitation_decode(&read, record, NULL) == FH_OK) {
        say(note, "%s", read.name);
    }
}

void fh_note_record(struct fh_note *out, const struct fh_record *record)
{
    static const struct {
        unsigned type;
        void (*describe)(struct fh_note *, const struct fh_record *);
    } types[] = {
        {FH_RECORD_CONTRACT, of_contract},
        {FH_RECORD_ANNOUNCEMENT, of_announcement},
        {FH_RECORD_POLICY, of_policy},
        {FH_RECORD_MESH_POLICY, of_policy},
        {FH_RECORD_WAIVER, of_waiver},
        {FH_RECORD_GRANT, of_grant},
        {FH_RECORD_GRANT_END, of_grant_end},
        {FH_RECORD_ACCESS_ANSWER, of_answer},
        {FH_RECORD_DELEGATION, of_delegation},
        {FH_RECORD_REVOCATION, of_revocation},
        {FH_RECORD_TOKEN, of_token},
        {FH_RECORD_TOKEN_END, of_token_end},
        {FH_RECORD_INVITATION, of_invitation},
    };
    *out = (struct fh_note){.id = record->id, .what = fh_record_type_text(record->type)};
    for (size_t i = 0; i < FH_COUNT(types); i++) {
        if (types[i].type == record->type) {
            types[i].describe(out, record);
        }
    }
}

/* ---- what a question carries ---- */

/* NULL without memory. */
static struct fh_note *next(struct fh_notes *notes)
{
    if (notes->count == notes->capacity) {
        uint32_t capacity = notes->capacity == 0 ? NOTES_FIRST : 2 * notes->capacity;
        struct fh_note *items = fh_realloc(notes->items, capacity * sizeof *items);
        if (items == NULL) {
            return NULL;
        }
        notes->items = items;
        notes->capacity = capacity;
    }
    return &notes->items[notes->count++];
}

static bool
add_of(struct fh_notes *notes, struct fh_bytes bytes, unsigned type, const struct fh_mesh_id *mesh)
{
    struct fh_record record;
    if (bytes.size == 0 || fh_record_parse(&record, bytes, mesh, NULL) != FH_OK ||
        (type != 0 && record.type != type)) {
        return true;
    }
    struct fh_note *note = next(notes);
    if (note != NULL) {
        fh_note_record(note, &record);
    }
    return note != NULL;
}

bool fh_notes_add(struct fh_notes *notes, struct fh_bytes record, const struct fh_mesh_id *mesh)
{
    return add_of(notes, record, 0, mesh);
}

bool fh_notes_look(struct fh_notes *notes,
                   struct fh_pack_reader fields,
                   unsigned type,
                   const struct fh_mesh_id *mesh,
                   bool *out_dry_run)
{
    bool noted = true;
    *out_dry_run = false;
    while (noted && fields.failed == FH_OK && !fh_pack_at_end(&fields)) {
        enum fh_pack_kind kind = fh_pack_peek(&fields);
        *out_dry_run = false;
        if (kind == FH_PACK_BIN) {
            noted = add_of(notes, fh_pack_read_bin(&fields, FH_ADMIN_FRAME_BYTES_MAX), type, mesh);
        } else if (kind == FH_PACK_BOOL) {
            *out_dry_run = fh_pack_read_bool(&fields);
        } else if (kind == FH_PACK_ARRAY) {
            uint32_t count = fh_pack_read_array(&fields, FH_PACK_ITEMS_MAX);
            for (uint32_t i = 0; i < count && noted && fields.failed == FH_OK; i++) {
                if (fh_pack_peek(&fields) == FH_PACK_BIN) {
                    noted = add_of(
                        notes, fh_pack_read_bin(&fields, FH_ADMIN_FRAME_BYTES_MAX), type, mesh);
                } else {
                    fh_pack_skip(&fields);
                }
            }
        } else {
            fh_pack_skip(&fields);
        }
    }
    return noted;
}

bool fh_notes_say(struct fh_notes *notes, const char *what, const char *subject)
{
    struct fh_note *note = next(notes);
    if (note != NULL) {
        *note = (struct fh_note){.what = what};
        say(note, "%s", subject);
    }
    return note != NULL;
}
