/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of the mesh that does not behave: takes true records from a node, breaks them, and
 * pushes them to that node as an admitted member may push news. The demo and the end-to-end tests
 * show with it by which rule each forgery is refused.
 *
 *     fh-forge HOME ADDRESS changed DOMAIN/PRODUCT   one byte of the contract is changed
 *     fh-forge HOME ADDRESS foreign DOMAIN/PRODUCT   the same, signed by HOME's publisher
 *     fh-forge HOME ADDRESS save    DOMAIN/PRODUCT   the announcement, to standard output
 *     fh-forge HOME ADDRESS replay  FILE             pushes a saved announcement
 *
 * Ends with the exit code of the refusal, or 0 when the node took the record.
 */
#include "common/file.h"
#include "proto/identity/directory.h"
#include "proto/session/messages.h"
#include "tools/client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const struct fh_err *err)
{
    fprintf(stderr, "fh-forge: %s\nrule: %s\n", err->text, err->rule);
    exit(fh_code_exit(err->code));
}

static void describe(struct freehold_client *client,
                     const char *name,
                     struct fh_buf *announcement,
                     struct fh_buf *contract)
{
    struct fh_err err;
    struct fh_msg_product_name product = {.major = 0};
    const char *slash = strchr(name, '/');
    if (slash == NULL || (size_t)(slash - name) >= sizeof product.domain ||
        strlen(slash + 1) >= sizeof product.product) {
        fh_err_set(&err, FH_EUSAGE, "%s: name it DOMAIN/PRODUCT", name);
        fail(&err);
    }
    memcpy(product.domain, name, (size_t)(slash - name));
    snprintf(product.product, sizeof product.product, "%s", slash + 1);
    struct fh_pack_reader reader;
    struct fh_msg_describe answer;
    fh_buf_reset(&client->request);
    fh_msg_describe_request(&client->request, &product);
    if (fh_client_call(client, &reader, &err) != FH_OK ||
        fh_msg_describe_read(&reader, &answer, &err) != FH_OK) {
        fail(&err);
    }
    fh_buf_add_bytes(announcement, answer.announcement);
    fh_buf_add_bytes(contract, answer.contract);
}

static void push(struct freehold_client *client, const struct fh_buf *record)
{
    struct fh_err err;
    struct fh_pack_reader reader;
    fh_buf_reset(&client->request);
    fh_msg_push_request_begin(&client->request, 1);
    fh_pack_bin(&client->request, fh_buf_view(record));
    if (fh_client_call(client, &reader, &err) != FH_OK) {
        fail(&err);
    }
    puts("the node took the record");
}

/* Changes one letter of the contract's text: everything else stays well-formed. */
static void change(struct fh_buf *record)
{
    for (size_t i = 200; i + 4 < record->size; i++) {
        if (memcmp(record->data + i, "name", 4) == 0) {
            record->data[i + 1] = 'i';
            return;
        }
    }
    fputs("fh-forge: the contract holds no word to change\n", stderr);
    exit(1);
}

static void
sign_again(struct freehold_client *client, const struct fh_buf *true_record, struct fh_buf *out)
{
    struct fh_err err;
    struct fh_record record;
    struct fh_sign_public public_key;
    FH_CLEANUP(fh_sign_secret_wipe) struct fh_sign_secret secret;
    const struct fh_mesh_id *mesh = &client->actor->mesh;
    if (fh_record_parse(&record, fh_buf_view(true_record), mesh, &err) != FH_OK ||
        fh_actor_key(
            &client->actor->home, "publisher", FH_KEY_PUBLISHER, &public_key, &secret, &err) !=
            FH_OK) {
        fail(&err);
    }
    fh_record_seal(out, record.type, mesh, record.payload, &secret);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: fh-forge HOME ADDRESS changed|foreign|save|replay DOMAIN/PRODUCT|FILE\n",
              stderr);
        return 2;
    }
    struct freehold_client *client;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    if (fh_crypto_init() != FH_OK || freehold_open(&client, argv[1], argv[2], &error) != 0) {
        fprintf(stderr, "fh-forge: %s\nrule: %s\n", error.text, error.rule);
        return freehold_exit_code(error.code);
    }
    const char *mode = argv[3];
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf announcement;
    FH_CLEANUP(fh_buf_fini) struct fh_buf contract;
    FH_CLEANUP(fh_buf_fini) struct fh_buf forged;
    fh_buf_init(&announcement, FH_RECORD_BYTES_MAX);
    fh_buf_init(&contract, FH_RECORD_BYTES_MAX);
    fh_buf_init(&forged, FH_RECORD_BYTES_MAX);
    if (strcmp(mode, "replay") == 0) {
        if (fh_file_read(argv[4], &forged, &err) != FH_OK) {
            fail(&err);
        }
        push(client, &forged);
    } else {
        describe(client, argv[4], &announcement, &contract);
        if (strcmp(mode, "save") == 0) {
            fwrite(announcement.data, 1, announcement.size, stdout);
        } else if (strcmp(mode, "changed") == 0) {
            change(&contract);
            push(client, &contract);
        } else {
            change(&contract); /* the true one is held already, whoever brings it */
            sign_again(client, &contract, &forged);
            push(client, &forged);
        }
    }
    freehold_close(client);
    return 0;
}
