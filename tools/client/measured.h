/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measured: the last measurement of a product, verified against its contract, with its results.
 *
 * The record must be signed by a node of the owner and name the contract that was verified before;
 * the results must have the hash that the record states. A peer that has no measurement is
 * believed: it can leave one out, but not make one up.
 *
 * Does not: ask. Thread: one. Ownership: owns copies of what it was made from.
 */
#ifndef FH_TOOLS_CLIENT_MEASURED_H
#define FH_TOOLS_CLIENT_MEASURED_H

#include "proto/quality/measurement.h"
#include "tools/client/proof.h"

/* ---- its parts, of any measurement ---- */

/* Reads a record that must be a measurement; `out_record` lends from `bytes`. Verifies nothing.
 * FH_EINVAL ("record.type", "measurement.*"), FH_EVERSION. */
FH_MUST_CHECK int fh_measured_read(struct fh_measurement *out,
                                   struct fh_record *out_record,
                                   struct fh_bytes bytes,
                                   const struct fh_mesh_id *mesh,
                                   struct fh_err *err);
/* Opens the results that a measurement names. FH_ESIG "measurement.results", FH_EINVAL. */
FH_MUST_CHECK int fh_measured_results(struct fh_results *out,
                                      const struct fh_measurement *measurement,
                                      struct fh_bytes bytes,
                                      struct fh_err *err);

/* ---- the last one ---- */

struct fh_measured_product {
    struct fh_measurement measurement;
    struct fh_record_id id;
    struct fh_signer signer;
    bool complete;     /* `results` are all of them; else those that the summary names */
    uint64_t left_out; /* passed ones that did not fit */
    uint32_t count;
    struct fh_result *results;
};

/* Verifies the record (borrowed) for the product of `proof`. FH_ESIG ("measurement.signature",
 * "measurement.other"), FH_EINVAL, FH_ENOMEM. Given: fh_measured_free. */
FH_MUST_CHECK int fh_measured_check(struct fh_measured_product **out,
                                    const struct fh_directory *directory,
                                    const struct fh_proof *proof,
                                    struct fh_bytes record,
                                    struct fh_err *err);
/* Takes all results (borrowed). FH_ESIG "measurement.results", FH_EINVAL, FH_ENOMEM; unchanged
 * then. */
FH_MUST_CHECK int fh_measured_complete(struct fh_measured_product *measured,
                                       struct fh_bytes results,
                                       struct fh_err *err);
void fh_measured_free(struct fh_measured_product *measured);

#endif
