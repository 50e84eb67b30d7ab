/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/describe.h"
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "tools/client/client.h"
#include "tools/client/home_names.h"
#include "tools/client/lists.h"
#include "tools/client/measured.h"
#include "tools/client/product_name.h"

#include <stdio.h>
#include <string.h>

struct freehold_description {
    struct freehold_product product;
    struct fh_proof *proof;
    struct fh_measured_product *measured; /* NULL: the peer knows no measurement */
    char measured_key[FH_ID_TEXT_BYTES];
    struct fh_buf file;
    char key[FH_ID_TEXT_BYTES];
    size_t column_count; /* of all tables */
};

const struct fh_proof *fh_description_proof(const struct freehold_description *description)
{
    return description->proof;
}

/* ---- what the peer says ---- */

static int ask(struct freehold_client *client,
               const struct fh_msg_product_name *name,
               struct fh_msg_describe *out,
               struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_describe_request(&client->request, name);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_describe_read(&reader, out, err);
    }
    if (code == FH_OK && out->contract.size == 0) {
        code = fh_err_rule(err,
                           FH_ESTATE,
                           "contract.absent",
                           "the contract of %s/%s has not reached this peer yet",
                           name->domain,
                           name->product);
    }
    return code;
}

/* Adds the identity records that came along; fh_client_know asks again for what is missing. */
static int
add_identities(struct freehold_client *client, struct fh_msg_bins *bins, struct fh_err *err)
{
    struct fh_bytes *records FH_CLEANUP(fh_freep) =
        fh_calloc(FH_PROOF_IDENTITIES_MAX, sizeof *records);
    if (records == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for identity records");
    }
    size_t count = 0;
    while (count < FH_PROOF_IDENTITIES_MAX && fh_msg_bins_next(bins, &records[count])) {
        count++;
    }
    struct fh_err ignored = {0};
    int code = fh_directory_add_all(
        client->actor->directory, records, count, fh_clock_wall_ms(), NULL, &ignored);
    if (code == FH_ENOMEM) {
        *err = ignored;
        return code;
    }
    return FH_OK;
}

/* ---- what is true ---- */

/* The verified records are of the product that was asked for, by the mesh's name of its domain or
 * by what the home calls that. */
static int check_name(const struct freehold_client *client,
                      const struct fh_proof *proof,
                      const struct fh_product_name *name,
                      struct fh_err *err)
{
    bool named =
        strcmp(proof->domain_name, name->name.domain) == 0 ||
        fh_home_names_alias(&client->actor->home, name->name.domain, &proof->announced.domain);
    if (!named || strcmp(proof->stated.product, name->name.product) != 0 ||
        (name->name.major != 0 && name->name.major != proof->announced.major)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "contract.other",
                           "asked for %s/%s, but the peer hands out %s/%s@%s",
                           name->name.domain,
                           name->name.product,
                           proof->domain_name,
                           proof->stated.product,
                           proof->stated.version);
    }
    if (name->version[0] != 0 && strcmp(name->version, proof->stated.version) != 0) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "product.version",
                           "%s/%s is at version %s; %s is not served",
                           name->name.domain,
                           name->name.product,
                           proof->stated.version,
                           name->version);
    }
    return FH_OK;
}

static int verify(struct freehold_client *client,
                  struct fh_msg_describe *said,
                  struct freehold_description *out,
                  struct fh_err *err)
{
    struct fh_domain_id domain = said->product.domain;
    int code = add_identities(client, &said->identity, err);
    /* The answer's buffer is used again when something has to be fetched. */
    struct fh_buf records FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&records, 2 * (size_t)FH_RECORD_BYTES_MAX);
    fh_buf_add_bytes(&records, said->announcement);
    fh_buf_add_bytes(&records, said->contract);
    fh_buf_add_bytes(&records, said->measurement);
    if (code == FH_OK && fh_buf_ok(&records) != FH_OK) {
        code = fh_err_set(err, fh_buf_ok(&records), "the records do not fit");
    }
    struct fh_bytes announcement = fh_bytes(records.data, said->announcement.size);
    struct fh_bytes contract =
        fh_bytes(records.data + said->announcement.size, said->contract.size);
    struct fh_bytes measurement = fh_bytes(
        records.data + said->announcement.size + said->contract.size, said->measurement.size);
    const struct fh_directory *directory = client->actor->directory;
    if (code == FH_OK) {
        code = fh_client_know(client, &domain, err);
    }
    if (code == FH_OK) {
        code = fh_proof_check(&out->proof, directory, announcement, contract, err);
    }
    if (code == FH_OK && measurement.size > 0) {
        code = fh_measured_check(&out->measured, directory, out->proof, measurement, err);
    }
    return code;
}

/* All results of the measurement, when some peer has them: what the summary names is true without.
 * A newer measurement may have been made meanwhile; then its results do not fit, and that is all.
 */
static void complete(struct freehold_client *client,
                     const struct fh_msg_product_name *name,
                     struct freehold_description *description)
{
    struct fh_pack_reader reader;
    struct fh_msg_measurement said;
    struct fh_err ignored = {0};
    if (description->measured == NULL) {
        return;
    }
    fh_buf_reset(&client->request);
    fh_msg_measurement_request(&client->request, name);
    int code = fh_client_call(client, &reader, &ignored);
    if (code == FH_OK) {
        code = fh_msg_measurement_read(&reader, &said, &ignored);
    }
    if (code == FH_OK && said.results.size > 0) {
        (void)!fh_measured_complete(description->measured, said.results, &ignored);
    }
}

static int describe(struct freehold_description **out,
                    struct freehold_client *client,
                    const char *product,
                    struct fh_err *err)
{
    struct fh_product_name name;
    struct fh_msg_describe *said FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *said);
    struct freehold_description *description = fh_calloc(1, sizeof *description);
    if (said == NULL || description == NULL) {
        fh_free(description);
        return fh_err_set(err, FH_ENOMEM, "no memory for a description");
    }
    fh_buf_init(&description->file, FH_PROOF_FILE_BYTES_MAX);
    int code = fh_product_name_parse(&name, product, err);
    if (code == FH_OK) {
        code = ask(client, &name.name, said, err);
    }
    if (code == FH_OK) {
        code = verify(client, said, description, err);
    }
    if (code == FH_OK) {
        code = check_name(client, description->proof, &name, err);
    }
    if (code == FH_OK) {
        complete(client, &name.name, description);
    }
    if (code == FH_OK) {
        code = fh_proof_save(&description->file,
                             description->proof,
                             client->actor->directory,
                             fh_clock_wall_ms(),
                             err);
    }
    if (code != FH_OK) {
        freehold_description_free(description);
        return code;
    }
    /* Of the life cycle counts what the owner signed, not what the peer says. */
    const struct fh_announcement *announced = &description->proof->announced;
    said->product.status = announced->status;
    said->product.sunset_ms = announced->sunset_ms;
    memcpy(said->product.successor, announced->successor, sizeof said->product.successor);
    fh_public_product(&description->product, &said->product);
    struct fh_key_id key = fh_key_id_of(&description->proof->signer.key);
    fh_key_id_text(description->key, &key);
    if (description->measured != NULL) {
        key = fh_key_id_of(&description->measured->signer.key);
        fh_key_id_text(description->measured_key, &key);
    }
    for (size_t i = 0; i < description->proof->model->tables.count; i++) {
        description->column_count += description->proof->model->tables.items[i].columns.count;
    }
    *out = description;
    return FH_OK;
}

int freehold_describe(struct freehold_description **out,
                      struct freehold_client *client,
                      const char *product,
                      struct freehold_error *error)
{
    struct fh_err err = {0};
    *out = NULL;
    return describe(out, client, product, &err) == FH_OK ? FH_OK : fh_public_error(error, &err);
}

void freehold_description_free(struct freehold_description *description)
{
    if (description != NULL) {
        fh_proof_free(description->proof);
        fh_measured_free(description->measured);
        fh_buf_fini(&description->file);
        fh_free(description);
    }
}

/* ---- reading ---- */

void freehold_description_product(const struct freehold_description *description,
                                  struct freehold_product *out)
{
    fh_public_copy(out, &description->product, sizeof description->product);
}

const char *freehold_description_yaml(const struct freehold_description *description)
{
    return description->proof->text;
}

int64_t freehold_description_signed_ms(const struct freehold_description *description)
{
    return description->proof->stated.created_ms;
}

const char *freehold_description_key(const struct freehold_description *description)
{
    return description->key;
}

size_t freehold_description_column_count(const struct freehold_description *description)
{
    return description->column_count;
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

void freehold_description_column(const struct freehold_description *description,
                                 size_t index,
                                 struct freehold_contract_column *out)
{
    FH_ASSERT(index < description->column_count);
    const struct fh_contract_table *table = description->proof->model->tables.items;
    while (index >= table->columns.count) {
        index -= table->columns.count;
        table++;
    }
    const struct fh_contract_column *column = &table->columns.items[index];
    struct freehold_contract_column filled = {
        .table = or_empty(table->name),
        .name = or_empty(column->name),
        .type = or_empty(column->logical_type),
        .description = or_empty(column->description),
        .classification = or_empty(column->classification),
        .required = column->required == FH_CONTRACT_TRUE,
        .primary_key = column->primary_key == FH_CONTRACT_TRUE,
    };
    fh_public_copy(out, &filled, sizeof filled);
}

void freehold_description_measurement(const struct freehold_description *description,
                                      struct freehold_measurement *out)
{
    struct freehold_measurement filled = {.uptime = -1};
    const struct fh_measured_product *measured = description->measured;
    enum fh_quality_state found = FH_QUALITY_UNKNOWN;
    enum fh_quality_state now = FH_QUALITY_UNKNOWN;
    if (measured != NULL) {
        const struct fh_measurement *m = &measured->measurement;
        found = fh_measurement_state(m);
        now = fh_quality_state_at(found, m->expires_ms, fh_clock_wall_ms());
        filled = (struct freehold_measurement){
            .measured_ms = m->measured_ms,
            .expires_ms = m->expires_ms,
            .rows = m->rows,
            .passed = m->counts[FH_PROMISE_PASSED],
            .failed = m->counts[FH_PROMISE_FAILED],
            .warnings = m->counts[FH_PROMISE_WARNED],
            .not_run = m->counts[FH_PROMISE_NOT_RUN],
            .uptime =
                m->up_permyriad == FH_MEASUREMENT_UP_UNKNOWN ? -1 : (double)m->up_permyriad / 10000,
            .complete = measured->complete,
        };
        snprintf(filled.gate, sizeof filled.gate, "%s", fh_quality_gate_text(m->gate));
        snprintf(filled.key, sizeof filled.key, "%s", description->measured_key);
        fh_record_id_text(filled.record, &measured->id);
    }
    snprintf(filled.quality, sizeof filled.quality, "%s", fh_quality_state_text(now));
    snprintf(filled.found, sizeof filled.found, "%s", fh_quality_state_text(found));
    fh_public_copy(out, &filled, sizeof filled);
}

size_t freehold_description_result_count(const struct freehold_description *description)
{
    return description->measured == NULL ? 0 : description->measured->count;
}

void freehold_description_result(const struct freehold_description *description,
                                 size_t index,
                                 struct freehold_promise_result *out)
{
    FH_ASSERT(index < freehold_description_result_count(description));
    const struct fh_result *result = &description->measured->results[index];
    struct freehold_promise_result filled = {
        .promise = result->id,
        .category = fh_promise_category_text(result->category),
        .outcome = fh_promise_outcome_text(result->outcome),
        .rule = result->rule,
        .measured = result->measured,
        .failing = result->failing,
        .total = result->total,
    };
    fh_public_copy(out, &filled, sizeof filled);
}

const void *freehold_description_file(const struct freehold_description *description,
                                      size_t *out_size)
{
    *out_size = description->file.size;
    return description->file.data;
}
