/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes: what a question decides, in a word each: the signed records that it carries, with what
 * they are about, or a decision that no record is of.
 *
 * Does not: verify anything; what is refused is noted too. Thread: distinct objects. Ownership:
 * copies.
 */
#ifndef FH_NODE_NOTES_H
#define FH_NODE_NOTES_H

#include "common/limits.h"
#include "proto/wire/pack.h"
#include "proto/wire/record.h"

enum {
    /* "domain/product@1.0.0", or two names and a word */
    FH_NOTE_SUBJECT_BYTES = 2 * FH_NAME_BYTES_MAX + FH_VERSION_BYTES_MAX + 32
};

struct fh_note {
    struct fh_record_id id; /* zero: no record is of it */
    const char *what;       /* "grant"; static */
    char subject[FH_NOTE_SUBJECT_BYTES];
};

struct fh_notes {
    uint32_t count;
    uint32_t capacity;
    struct fh_note *items;
};

/* Zeros are notes without any. NULL is fine. */
void fh_notes_fini(struct fh_notes *notes);

/* What a record is: its type, and what it is about. */
void fh_note_record(struct fh_note *out, const struct fh_record *record);
/* Notes the record in these bytes; what is no record says nothing. False without memory. */
bool fh_notes_add(struct fh_notes *notes, struct fh_bytes record, const struct fh_mesh_id *mesh);
/* Notes the records among the fields, also those of an array in them, and whether nothing is to be
 * done (the last field is true). `type` is that of those that decide; 0: all. False without memory.
 */
bool fh_notes_look(struct fh_notes *notes,
                   struct fh_pack_reader fields,
                   unsigned type,
                   const struct fh_mesh_id *mesh,
                   bool *out_dry_run);
/* Notes a decision that no record is of: `what` is kept. False without memory. */
bool fh_notes_say(struct fh_notes *notes, const char *what, const char *subject);

#endif
