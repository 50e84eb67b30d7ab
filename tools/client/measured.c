/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/measured.h"

#include "common/mem.h"

#include <stdio.h>
#include <string.h>

int fh_measured_read(struct fh_measurement *out,
                     struct fh_record *out_record,
                     struct fh_bytes bytes,
                     const struct fh_mesh_id *mesh,
                     struct fh_err *err)
{
    int code = fh_record_parse(out_record, bytes, mesh, err);
    if (code == FH_OK && out_record->type != FH_RECORD_MEASUREMENT) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "record.type",
                           "expected a measurement, got a record of type %s",
                           fh_record_type_text(out_record->type));
    }
    return code == FH_OK ? fh_measurement_parse(out, out_record->payload, err) : code;
}

int fh_measured_results(struct fh_results *out,
                        const struct fh_measurement *measurement,
                        struct fh_bytes bytes,
                        struct fh_err *err)
{
    struct fh_hash hash = fh_results_hash(bytes);
    if (memcmp(hash.b, measurement->results.b, sizeof hash.b) != 0) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "measurement.results",
                           "measurement of %s: these are not the results that it names",
                           measurement->product);
    }
    return fh_results_open(out, bytes, err);
}

static int name_broken(struct fh_measured_product *measured, struct fh_err *err)
{
    const struct fh_measurement *m = &measured->measurement;
    measured->results = fh_calloc((size_t)m->broken_count + 1, sizeof *measured->results);
    if (measured->results == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a measurement");
    }
    for (unsigned i = 0; i < m->broken_count; i++) {
        bool sla = strncmp(m->broken[i].id, "sla", 3) == 0;
        bool rule = strstr(m->broken[i].id, ".quality.") != NULL;
        fh_result_make(&measured->results[i],
                       m->broken[i].id,
                       "",
                       "",
                       sla    ? FH_PROMISE_SLA
                       : rule ? FH_PROMISE_QUALITY
                              : FH_PROMISE_SCHEMA,
                       m->broken[i].outcome);
    }
    measured->count = m->broken_count;
    return FH_OK;
}

static int check_record(struct fh_measured_product *measured,
                        const struct fh_directory *directory,
                        const struct fh_proof *proof,
                        struct fh_bytes bytes,
                        struct fh_err *err)
{
    struct fh_record record;
    struct fh_measurement *m = &measured->measurement;
    int code = fh_measured_read(m, &record, bytes, fh_directory_mesh(directory), err);
    if (code != FH_OK) {
        return code;
    }
    if (!fh_domain_id_equal(&m->domain, &proof->stated.domain) ||
        !fh_record_id_equal(&m->contract, &proof->contract_id) ||
        strcmp(m->product, proof->stated.product) != 0 ||
        strcmp(m->version, proof->stated.version) != 0) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "measurement.other",
                           "it is a measurement of another product or version than was asked for");
    }
    code = fh_directory_verify(directory,
                               &record,
                               &m->domain,
                               FH_ROLE_MASK(FH_ROLE_NODE),
                               m->measured_ms,
                               &measured->signer,
                               err);
    if (code != FH_OK && strcmp(err->rule, "record.signature") == 0) {
        snprintf(err->rule, sizeof err->rule, "measurement.signature");
    }
    measured->id = record.id;
    return code;
}

int fh_measured_check(struct fh_measured_product **out,
                      const struct fh_directory *directory,
                      const struct fh_proof *proof,
                      struct fh_bytes record,
                      struct fh_err *err)
{
    struct fh_measured_product *measured = fh_calloc(1, sizeof *measured);
    if (measured == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a measurement");
    }
    int code = check_record(measured, directory, proof, record, err);
    if (code == FH_OK) {
        code = name_broken(measured, err);
    } else {
        fh_err_wrap(err, "measurement of %s", proof->stated.product);
    }
    if (code != FH_OK) {
        fh_measured_free(measured);
        return code;
    }
    *out = measured;
    return FH_OK;
}

int fh_measured_complete(struct fh_measured_product *measured,
                         struct fh_bytes bytes,
                         struct fh_err *err)
{
    struct fh_results read;
    int code = fh_measured_results(&read, &measured->measurement, bytes, err);
    if (code != FH_OK) {
        return code;
    }
    uint32_t count = read.left;
    struct fh_result *results = fh_calloc((size_t)count + 1, sizeof *results);
    if (results == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for results");
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_results_next(&read, &results[i], err);
    }
    if (code != FH_OK) {
        fh_free(results);
        return code;
    }
    fh_free(measured->results);
    measured->results = results;
    measured->count = count;
    measured->left_out = read.left_out;
    measured->complete = true;
    return FH_OK;
}

void fh_measured_free(struct fh_measured_product *measured)
{
    if (measured != NULL) {
        fh_free(measured->results);
        fh_free(measured);
    }
}
