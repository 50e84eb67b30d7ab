/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published text: the author's bytes, with the `servers` node replaced by the mesh address, and
 * the physicalName of each table by its name.
 *
 * What says where the data lies stays with the owner. So the lines of `servers` (with the comments
 * inside it) give way to one server of type `custom` whose location is freehold://<domain
 * id>/<product>, and the physicalName of a table, which names a file or a table of a database, to
 * the table's own name in quotes; every other byte stays the author's, comments included. The
 * physicalName of a column stays: it is a name inside the data, not a place. The result is read
 * again, and the canonical form that gets signed is the form of the published text, so that anybody
 * can check that the two agree.
 *
 * Does not: read files. Thread: distinct objects. Ownership: text and contract live in the arena of
 * `findings`.
 */
#ifndef FH_PROTO_CONTRACT_PUBLISH_TEXT_H
#define FH_PROTO_CONTRACT_PUBLISH_TEXT_H

#include "proto/contract/contract.h"
#include "proto/contract/finding.h"
#include "proto/wire/crypto.h"

struct fh_published {
    struct fh_bytes text;         /* what is published */
    struct fh_hash text_hash;     /* BLAKE2b-256 of it */
    struct fh_contract *contract; /* the model of the published text: what is signed */
};

/* Makes the published text of `contract`, which was read from `text` without an error (both
 * borrowed). FH_ECHECK with findings (publish.text.*, publish.location, publish.form) when
 * `servers` cannot be cut out cleanly or when a place of the source would stay in the text;
 * FH_ENOMEM, FH_ETOOBIG. */
FH_MUST_CHECK int fh_publish_text(struct fh_published *out,
                                  struct fh_bytes text,
                                  const struct fh_contract *contract,
                                  const struct fh_domain_id *domain,
                                  struct fh_findings *findings,
                                  struct fh_err *err);

#endif
