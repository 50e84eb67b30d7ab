/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/products/{domain}/{product}: one product, verified, in the form that is asked for. */
#include "common/semver.h"
#include "proto/quality/promise.h"
#include "tools/client/describe.h"
#include "tools/client/product_name.h"
#include "tools/contract/export.h"
#include "tools/contract/words.h"
#include "tools/door/http/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { WORDS_BYTES_MAX = 64 * 1024 };

/* ---- asking ---- */

static const char *path_name(char out[FH_PRODUCT_NAME_BYTES], const struct fh_http_call *call)
{
    snprintf(out,
             FH_PRODUCT_NAME_BYTES,
             "%s/%s",
             fh_http_part(call, "domain"),
             fh_http_part(call, "product"));
    return out;
}

int fh_api_product_name(struct fh_product_name *out,
                        const struct fh_http_call *call,
                        struct fh_err *err)
{
    char text[FH_PRODUCT_NAME_BYTES];
    return fh_product_name_parse(out, path_name(text, call), err);
}

void fh_api_product_sql(char out[], const struct fh_http_call *call, const char *product)
{
    struct fh_product_name name;
    struct fh_err ignored;
    bool named = fh_api_product_name(&name, call, &ignored) == FH_OK && name.name.major != 0;
    int size = snprintf(out, FH_PRODUCT_NAME_BYTES, "%s", product);
    if (named && size > 0) {
        snprintf(out + size,
                 (size_t)(FH_PRODUCT_NAME_BYTES - size),
                 "@%" PRIu64,
                 (uint64_t)name.name.major);
    }
}

int fh_api_describe(struct fh_http_call *call,
                    struct freehold_client *client,
                    struct freehold_description **out,
                    struct fh_err *err)
{
    char text[FH_PRODUCT_NAME_BYTES];
    struct fh_product_name name;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = fh_product_name_parse(&name, path_name(text, call), err);
    if (code == FH_OK && freehold_describe(out, client, text, &error) != FREEHOLD_OK) {
        code = fh_http_error(err, &error);
    }
    return code;
}

/* ---- the contract's sections ---- */

/* Links that a page may show: others could be scripts. */
static const char *safe_link(const char *url)
{
    static const char *const schemes[] = {"https://", "http://", "mailto:"};
    for (size_t i = 0; url != NULL && i < FH_COUNT(schemes); i++) {
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0) {
            return url;
        }
    }
    return NULL;
}

static void
put_strings(struct fh_json *json, const char *key, const struct fh_contract_strings *list)
{
    fh_json_key(json, key);
    fh_json_open(json, '[');
    for (size_t i = 0; i < list->count; i++) {
        fh_json_text(json, list->items[i]);
    }
    fh_json_close(json, ']');
}

static void put_about(struct fh_json *json, const struct fh_contract *contract)
{
    const struct fh_contract_description *about = contract->description;
    fh_json_key(json, "description");
    fh_json_open(json, '{');
    fh_json_pair_or_null(json, "purpose", about == NULL ? NULL : about->purpose);
    fh_json_pair_or_null(json, "usage", about == NULL ? NULL : about->usage);
    fh_json_pair_or_null(json, "limitations", about == NULL ? NULL : about->limitations);
    fh_json_close(json, '}');
    put_strings(json, "tags", &contract->tags);
}

static void put_team(struct fh_json *json, const struct fh_contract_team *team)
{
    if (team == NULL) {
        fh_json_pair_or_null(json, "team", NULL);
        return;
    }
    fh_json_key(json, "team");
    fh_json_open(json, '{');
    fh_json_pair_or_null(json, "name", team->name);
    fh_json_pair_or_null(json, "description", team->description);
    fh_json_key(json, "members");
    fh_json_open(json, '[');
    for (size_t i = 0; i < team->members.count; i++) {
        fh_json_open(json, '{');
        fh_json_pair_or_null(json, "name", team->members.items[i].name);
        fh_json_pair_or_null(json, "username", team->members.items[i].username);
        fh_json_pair_or_null(json, "role", team->members.items[i].role);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
    fh_json_close(json, '}');
}

static void put_support(struct fh_json *json, const struct fh_contract *contract)
{
    fh_json_key(json, "support");
    fh_json_open(json, '[');
    for (size_t i = 0; i < contract->support.count; i++) {
        const struct fh_contract_support *support = &contract->support.items[i];
        fh_json_open(json, '{');
        fh_json_pair_or_null(json, "channel", support->channel);
        fh_json_pair_or_null(json, "url", safe_link(support->url));
        fh_json_pair_or_null(json, "tool", support->tool);
        fh_json_pair_or_null(json, "scope", support->scope);
        fh_json_pair_or_null(json, "description", support->description);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

static void put_terms(struct fh_json *json, const struct fh_contract *contract)
{
    const struct fh_contract_price *price = contract->price;
    if (price == NULL) {
        fh_json_pair_or_null(json, "price", NULL);
    } else {
        fh_json_key(json, "price");
        fh_json_open(json, '{');
        fh_json_pair_or_null(json, "amount", price->amount);
        fh_json_pair_or_null(json, "currency", price->currency);
        fh_json_pair_or_null(json, "unit", price->unit);
        fh_json_close(json, '}');
    }
    fh_json_key(json, "roles");
    fh_json_open(json, '[');
    for (size_t i = 0; i < contract->roles.count; i++) {
        const struct fh_contract_role *role = &contract->roles.items[i];
        fh_json_open(json, '{');
        fh_json_pair(json, "role", role->role == NULL ? "" : role->role);
        fh_json_pair_or_null(json, "access", role->access);
        fh_json_pair_or_null(json, "description", role->description);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

/* Writes words into a scratch buffer, then as a text. */
static void put_words(struct fh_json *json, struct fh_buf *words)
{
    fh_json_text(json, fh_buf_cstr(words));
    fh_buf_reset(words);
}

static void
put_service_levels(struct fh_json *json, const struct fh_contract *contract, struct fh_buf *words)
{
    fh_json_key(json, "service_levels");
    fh_json_open(json, '[');
    for (size_t i = 0; i < contract->sla.count; i++) {
        const struct fh_contract_sla *sla = &contract->sla.items[i];
        fh_json_open(json, '{');
        fh_json_pair(json, "property", sla->property == NULL ? "" : sla->property);
        fh_json_key(json, "words");
        fh_words_sla(words, sla);
        put_words(json, words);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

/* ---- tables ---- */

static void put_rules(struct fh_json *json,
                      const struct fh_contract_quality *rules,
                      size_t count,
                      struct fh_buf *words)
{
    fh_json_key(json, "checks");
    fh_json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        fh_words_quality(words, &rules[i]);
        put_words(json, words);
    }
    fh_json_close(json, ']');
}

static void
put_column(struct fh_json *json, const struct fh_contract_column *column, struct fh_buf *words)
{
    fh_json_open(json, '{');
    fh_json_pair(json, "name", column->name == NULL ? "" : column->name);
    fh_json_pair_or_null(json, "business_name", column->business_name);
    fh_json_pair(json, "type", column->logical_type == NULL ? "" : column->logical_type);
    fh_json_key(json, "type_words");
    fh_words_type(words, column);
    put_words(json, words);
    fh_json_pair_or_null(json, "physical_type", column->physical_type);
    fh_json_pair_or_null(json, "description", column->description);
    fh_json_pair_or_null(json, "classification", column->classification);
    fh_json_pair_bool(json, "required", column->required == FH_CONTRACT_TRUE);
    fh_json_pair_bool(json, "unique", column->unique == FH_CONTRACT_TRUE);
    fh_json_pair_bool(json, "primary_key", column->primary_key == FH_CONTRACT_TRUE);
    put_strings(json, "tags", &column->tags);
    fh_json_key(json, "examples");
    if (column->examples != NULL && fh_doc_type(column->examples) == FH_DOC_TYPE_LIST) {
        fh_json_value(json, column->examples);
    } else {
        fh_json_open(json, '[');
        fh_json_close(json, ']');
    }
    put_rules(json, column->quality.items, column->quality.count, words);
    fh_json_close(json, '}');
}

/* How a query names the table: by the product alone where there is no other. */
static void put_sql_name(struct fh_json *json,
                         const struct fh_http_call *call,
                         const struct fh_proof *proof,
                         const struct fh_contract_table *table)
{
    char product[FH_PRODUCT_NAME_BYTES];
    char name[2 * FH_PRODUCT_NAME_BYTES + 8];
    bool sole = proof->model->tables.count == 1;
    fh_api_product_sql(product, call, proof->stated.product);
    const char *mark = strchr(product, '@') == NULL ? "" : "\"";
    snprintf(name,
             sizeof name,
             "%s.%s%s%s%s%s",
             proof->domain_name,
             mark,
             product,
             mark,
             sole ? "" : ".",
             sole || table->name == NULL ? "" : table->name);
    fh_json_pair(json, "sql", name);
}

static void put_tables(struct fh_json *json,
                       const struct fh_http_call *call,
                       const struct fh_proof *proof,
                       struct fh_buf *words)
{
    const struct fh_contract *contract = proof->model;
    fh_json_key(json, "tables");
    fh_json_open(json, '[');
    for (size_t i = 0; i < contract->tables.count; i++) {
        const struct fh_contract_table *table = &contract->tables.items[i];
        fh_json_open(json, '{');
        fh_json_pair(json, "name", table->name == NULL ? "" : table->name);
        fh_json_pair_or_null(json, "business_name", table->business_name);
        fh_json_pair_or_null(json, "description", table->description);
        fh_json_pair_or_null(json, "granularity", table->granularity);
        put_sql_name(json, call, proof, table);
        fh_json_key(json, "columns");
        fh_json_open(json, '[');
        for (size_t c = 0; c < table->columns.count; c++) {
            put_column(json, &table->columns.items[c], words);
        }
        fh_json_close(json, ']');
        put_rules(json, table->quality.items, table->quality.count, words);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

/* ---- promises and measurements ---- */

static bool find_result(const struct freehold_description *description,
                        const char *id,
                        struct freehold_promise_result *out)
{
    for (size_t i = 0; i < freehold_description_result_count(description); i++) {
        *out = (struct freehold_promise_result){.size = sizeof *out};
        freehold_description_result(description, i, out);
        if (strcmp(out->promise, id) == 0) {
            return true;
        }
    }
    return false;
}

/* All promises, each with what became of it where that is told. What is not told passed, when the
 * measurement has its broken ones alone. */
static void put_checks(struct fh_json *json,
                       const struct freehold_description *description,
                       const struct fh_promises *promises)
{
    fh_json_key(json, "checks");
    fh_json_open(json, '[');
    for (uint32_t i = 0; i < promises->count; i++) {
        const struct fh_promise *promise = &promises->items[i];
        struct freehold_promise_result result;
        bool told = find_result(description, promise->id, &result);
        fh_json_open(json, '{');
        fh_json_pair(json, "promise", promise->id);
        fh_json_pair_or_null(json, "name", promise->name);
        fh_json_pair(json, "category", fh_promise_category_text(promise->category));
        fh_json_pair(json, "dimension", promise->dimension);
        fh_json_pair(json, "severity", promise->severity == FH_PROMISE_ERROR ? "error" : "warning");
        fh_json_pair(json, "promised", promise->promised);
        fh_json_pair_or_null(json, "outcome", told ? result.outcome : NULL);
        fh_json_pair_or_null(json, "measured", told ? result.measured : NULL);
        fh_json_pair_uint(json, "failing", told ? result.failing : 0);
        fh_json_pair_uint(json, "total", told ? result.total : 0);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

static void put_measurement(struct fh_json *json, const struct freehold_description *description)
{
    struct freehold_measurement m = {.size = sizeof m};
    char uptime[32];
    freehold_description_measurement(description, &m);
    if (m.measured_ms == 0) {
        fh_json_pair_or_null(json, "measurement", NULL);
        return;
    }
    snprintf(uptime, sizeof uptime, "%.6f", m.uptime);
    fh_json_key(json, "measurement");
    fh_json_open(json, '{');
    fh_json_pair(json, "quality", m.quality);
    fh_json_pair(json, "found", m.found);
    fh_json_pair(json, "gate", m.gate);
    fh_http_json_time(json, "measured", m.measured_ms);
    fh_http_json_time(json, "expires", m.expires_ms);
    fh_json_pair_uint(json, "rows", m.rows);
    fh_json_pair_uint(json, "passed", m.passed);
    fh_json_pair_uint(json, "failed", m.failed);
    fh_json_pair_uint(json, "warnings", m.warnings);
    fh_json_pair_uint(json, "not_run", m.not_run);
    fh_json_key(json, "uptime_30d");
    fh_json_literal(json, m.uptime < 0 ? "null" : uptime);
    fh_json_pair_bool(json, "complete", m.complete);
    fh_json_pair(json, "signing_key", m.key);
    fh_json_pair(json, "record", m.record);
    fh_json_close(json, '}');
}

/* ---- the product ---- */

static void put_head(struct fh_json *json, const struct freehold_description *description)
{
    const struct fh_proof *proof = fh_description_proof(description);
    struct freehold_product product = {.size = sizeof product};
    char judged[64];
    freehold_description_product(description, &product);
    fh_api_put_product(json, &product);
    fh_http_json_time(json, "signed", freehold_description_signed_ms(description));
    fh_json_pair(json, "signing_key", freehold_description_key(description));
    fh_json_pair_uint(json, "sequence", proof->stated.seq);
    snprintf(judged, sizeof judged, "rule set %" PRIu64, proof->stated.compat_rules);
    fh_json_pair(json, "compatibility", judged);
    fh_json_pair_bool(json, "forked", product.forked);
}

static int put_json(struct fh_http_call *call,
                    struct freehold_client *client,
                    const struct freehold_description *description,
                    struct fh_err *err)
{
    const struct fh_proof *proof = fh_description_proof(description);
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_promises promises = {.count = 0};
    struct fh_buf words FH_CLEANUP(fh_buf_fini);
    struct fh_json json = fh_http_json(call);
    fh_buf_init(&words, WORDS_BYTES_MAX);
    int code = arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a product")
                             : fh_promises_make(&promises, proof->model, arena, err);
    if (code != FH_OK) {
        return code;
    }
    fh_json_open(&json, '{');
    put_head(&json, description);
    put_about(&json, proof->model);
    put_team(&json, proof->model->team);
    put_support(&json, proof->model);
    put_terms(&json, proof->model);
    put_service_levels(&json, proof->model, &words);
    put_tables(&json, call, proof, &words);
    put_checks(&json, description, &promises);
    put_measurement(&json, description);
    fh_api_put_governance(&json, client, proof, NULL);
    fh_json_close(&json, '}');
    return FH_OK;
}

static int put_export(struct fh_http_call *call,
                      const struct freehold_description *description,
                      struct fh_err *err)
{
    struct fh_export_options options = {.dialect = FH_EXPORT_DUCKDB};
    const struct fh_export_format *format = fh_export_find(call->form->name, err);
    return format == NULL
               ? err->code
               : fh_export_write(
                     &call->out, format, fh_description_proof(description)->model, &options, err);
}

/* A name for who saves the answer. */
static void
name_file(struct fh_http_call *call, const struct freehold_product *product, const char *ending)
{
    fh_http_header(call,
                   "Content-Disposition",
                   "attachment; filename=\"%s.%s.%s\"",
                   product->domain_name,
                   product->product,
                   ending);
}

static int put_form(struct fh_http_call *call,
                    struct freehold_client *client,
                    const struct freehold_description *description,
                    struct fh_err *err)
{
    struct freehold_product product = {.size = sizeof product};
    freehold_description_product(description, &product);
    if (strcmp(call->form->name, "json") == 0) {
        return put_json(call, client, description, err);
    }
    if (strcmp(call->form->name, "yaml") == 0) {
        name_file(call, &product, "odcs.yaml");
        fh_buf_add_cstr(&call->out, freehold_description_yaml(description));
        return FH_OK;
    }
    if (strcmp(call->form->name, "proof") == 0) {
        size_t size = 0;
        const void *file = freehold_description_file(description, &size);
        name_file(call, &product, "contract");
        fh_buf_add(&call->out, file, size);
        return FH_OK;
    }
    return put_export(call, description, err);
}

int64_t fh_api_deprecated_since(struct freehold_client *client,
                                const char *domain,
                                const char *product,
                                const char *version)
{
    struct fh_history *history FH_CLEANUP(fh_history_freep) = NULL;
    struct fh_err ignored;
    struct fh_semver parsed;
    if (fh_semver_parse(&parsed, version, &ignored) != FH_OK ||
        fh_history_ask(&history, client, domain, product, &ignored) != FH_OK) {
        return 0;
    }
    int64_t since_ms = 0;
    for (size_t i = 0; i < history->move_count; i++) {
        const struct fh_announcement *said = &history->moves[i].said;
        bool of_it = said->major == parsed.major;
        if (of_it && said->status != FH_ANNOUNCE_DEPRECATED &&
            said->status != FH_ANNOUNCE_RETIRED) {
            since_ms = 0;
        } else if (of_it && since_ms == 0) {
            since_ms = said->issued_ms;
        }
    }
    return since_ms;
}

int fh_api_product(struct fh_http_call *call, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct freehold_description *description = NULL;
    struct freehold_product product = {.size = sizeof product};
    int code = fh_http_asker(call, &client, err);
    if (code == FH_OK) {
        code = fh_api_describe(call, client, &description, err);
    }
    if (code == FH_OK) {
        code = put_form(call, client, description, err);
        freehold_description_product(description, &product);
    }
    if (code == FH_OK && strcmp(product.status, "deprecated") == 0) {
        fh_http_life_headers(
            call,
            fh_api_deprecated_since(client, product.domain_name, product.product, product.version),
            product.sunset_ms,
            product.successor);
    }
    freehold_description_free(description);
    fh_http_asker_end(call, client);
    return code;
}
