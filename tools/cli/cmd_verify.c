/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/verdict.h"

#include "common/file.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/query/receipt_file.h"
#include "tools/client/actor.h"
#include "tools/client/product_name.h"

#include <string.h>

static int find_mesh(struct fh_cli *cli,
                     const struct fh_args *args,
                     struct fh_mesh_id *out,
                     struct fh_err *err)
{
    const char *text = fh_args_value(args, "mesh");
    if (text != NULL) {
        return fh_mesh_id_parse(out, text, err);
    }
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    int code = fh_actor_open_public(&actor, cli->home, err);
    if (code == FH_ENOTFOUND) {
        return fh_err_set(
            err, FH_EUSAGE, "whose mesh is to be trusted? Give --mesh ID, or --home DIR");
    }
    if (code == FH_OK) {
        *out = actor->mesh;
    }
    return code;
}

int fh_verdict_contract(struct fh_cli *cli, const struct fh_proof *proof, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"verdict", FH_OUTPUT_TEXT},
        {"contract_of", FH_OUTPUT_TEXT},
        {"owner", FH_OUTPUT_TEXT},
        {"signed", FH_OUTPUT_TEXT},
        {"signing_key", FH_OUTPUT_TEXT},
        {"role", FH_OUTPUT_TEXT},
        {"sequence", FH_OUTPUT_NUMBER},
        {"contract", FH_OUTPUT_TEXT},
    };
    char name[FH_PRODUCT_NAME_BYTES], owner[FH_ID_TEXT_BYTES], key[FH_ID_TEXT_BYTES];
    char contract[FH_ID_TEXT_BYTES], at[FH_TIME_TEXT_BYTES];
    struct fh_key_id key_id = fh_key_id_of(&proof->signer.key);
    fh_product_name_text(name, proof->domain_name, proof->stated.product, proof->stated.version);
    fh_domain_id_text(owner, &proof->stated.domain);
    fh_key_id_text(key, &key_id);
    fh_record_id_text(contract, &proof->contract_id);
    fh_time_text(at, proof->stated.created_ms);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, "verified");
    fh_output_text(output, name);
    fh_output_text(output, owner);
    fh_output_text(output, at);
    fh_output_text(output, key);
    fh_output_text(output, fh_role_text(proof->signer.role));
    fh_output_uint(output, proof->stated.seq);
    fh_output_text(output, contract);
    return fh_output_end(output, err);
}

/* As --param-json takes them: an array by position, an object by name. */
static void put_params(struct fh_output *output, const struct fh_query_request *request)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    bool named = request->param_count > 0 && request->params[0].name[0] != '\0';
    fh_buf_init(&text, 8 * (size_t)FH_SQL_PARAMS_BYTES_MAX);
    fh_buf_add_u8(&text, named ? '{' : '[');
    for (size_t i = 0; i < request->param_count; i++) {
        const struct fh_param *param = &request->params[i];
        fh_buf_add_cstr(&text, i == 0 ? "" : ", ");
        if (named) {
            fh_json_string(fh_bytes_cstr(param->name), &text);
            fh_buf_add_cstr(&text, ": ");
        }
        fh_cell_json(&param->value, &text);
    }
    fh_buf_add_u8(&text, named ? '}' : ']');
    fh_output_cell(output, fh_buf_view(&text));
}

static int put_receipt(struct fh_cli *cli,
                       const struct fh_receipt_verdict *verdict,
                       const struct fh_receipt_file *file,
                       struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"verdict", FH_OUTPUT_TEXT},
        {"sql", FH_OUTPUT_TEXT},
        {"parameters", FH_OUTPUT_RAW},
        {"purpose", FH_OUTPUT_TEXT},
        {"consumer", FH_OUTPUT_TEXT},
        {"answered_by", FH_OUTPUT_TEXT},
        {"node_id", FH_OUTPUT_TEXT},
        {"rows", FH_OUTPUT_NUMBER},
        {"bytes", FH_OUTPUT_NUMBER},
        {"batches", FH_OUTPUT_NUMBER},
        {"tables", FH_OUTPUT_NUMBER},
        {"owners_receipts", FH_OUTPUT_NUMBER},
        {"finished", FH_OUTPUT_TEXT},
        {"hash_tree", FH_OUTPUT_BOOL},
    };
    char consumer[FH_ID_TEXT_BYTES], owner[FH_ID_TEXT_BYTES], node[FH_ID_TEXT_BYTES];
    char finished[FH_TIME_TEXT_BYTES];
    fh_domain_id_text(consumer, &verdict->request.consumer);
    fh_domain_id_text(owner, &verdict->receipt.owner);
    fh_node_id_text(node, &verdict->receipt.node);
    fh_time_text(finished, verdict->receipt.finished_ms);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, "verified");
    fh_output_cell(output, verdict->request.sql);
    put_params(output, &verdict->request);
    fh_output_text(output, verdict->request.purpose);
    fh_output_text(output, consumer);
    fh_output_text(output, owner);
    fh_output_text(output, node);
    fh_output_uint(output, verdict->receipt.sent.rows);
    fh_output_uint(output, verdict->receipt.sent.bytes);
    fh_output_uint(output, verdict->receipt.sent.batches);
    fh_output_uint(output, verdict->request.table_count);
    fh_output_uint(output, file->receipt_count - 1);
    fh_output_text(output, finished);
    fh_output_bool(output, verdict->receipt.sent.has_tree);
    return fh_output_end(output, err);
}

static int verify_receipt(struct fh_cli *cli,
                          struct fh_bytes bytes,
                          const struct fh_mesh_id *mesh,
                          struct fh_err *err)
{
    struct fh_receipt_file *file FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *file);
    struct fh_receipt_verdict *verdict FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *verdict);
    if (file == NULL || verdict == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a receipt");
    }
    int code = fh_receipt_file_parse(file, bytes, err);
    if (code == FH_OK) {
        code = fh_receipt_file_verify(verdict, file, mesh, &fh_verifier_plain, err);
    }
    return code == FH_OK ? put_receipt(cli, verdict, file, err) : code;
}

static int verify_contract(struct fh_cli *cli,
                           struct fh_bytes bytes,
                           const struct fh_mesh_id *mesh,
                           struct fh_err *err)
{
    struct fh_proof *proof FH_CLEANUP(fh_proof_freep) = NULL;
    int code = fh_proof_verify_file(&proof, bytes, mesh, fh_clock_wall_ms(), err);
    return code == FH_OK ? fh_verdict_contract(cli, proof, err) : code;
}

int fh_verdict_file(struct fh_cli *cli,
                    const struct fh_args *args,
                    const char *path,
                    struct fh_err *err)
{
    struct fh_mesh_id mesh;
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    _Static_assert((int)FH_PROOF_FILE_BYTES_MAX >= (int)FH_RECEIPT_FILE_BYTES_MAX, "either fits");
    fh_buf_init(&bytes, FH_PROOF_FILE_BYTES_MAX);
    int code = fh_crypto_init() == FH_OK
                   ? FH_OK
                   : fh_err_set(err, FH_EINTERNAL, "the cryptographic library does not start");
    if (code == FH_OK) {
        code = find_mesh(cli, args, &mesh, err);
    }
    if (code == FH_OK) {
        code = fh_cli_read(cli, path, &bytes, err);
    }
    if (code == FH_OK) {
        code = fh_proof_is_file(fh_buf_view(&bytes))
                   ? verify_contract(cli, fh_buf_view(&bytes), &mesh, err)
                   : verify_receipt(cli, fh_buf_view(&bytes), &mesh, err);
        if (code != FH_OK) {
            code = fh_err_wrap(err, "%s", path);
        }
    }
    return code;
}

int fh_cmd_verify(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    return fh_verdict_file(cli, args, args->operands[0], err);
}
