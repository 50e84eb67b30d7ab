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
 *     fh-forge HOME ADDRESS revive  DOMAIN/PRODUCT   a newer announcement that says active, by
 * HOME's publisher, who may be the owner's own fh-forge HOME ADDRESS fork    DOMAIN/PRODUCT another
 * contract with the number of the true one
 *     fh-forge HOME ADDRESS hasty   DOMAIN/PRODUCT   HOME's own next contract, one patch further,
 *                                                    without the required item of what it describes
 *     fh-forge HOME ADDRESS again   DOMAIN/PRODUCT   another announcement of HOME's, of one
 * revision
 *
 * Ends with the exit code of the refusal, or 0 when the node took the record.
 */
#include "common/file.h"
#include "common/semver.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_record.h"
#include "proto/gossip/lifecycle.h"
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
seal(struct freehold_client *client, unsigned type, struct fh_bytes payload, struct fh_buf *out)
{
    struct fh_err err;
    struct fh_sign_public public_key;
    FH_CLEANUP(fh_sign_secret_wipe) struct fh_sign_secret secret;
    if (fh_actor_key(
            &client->actor->home, "publisher", FH_KEY_PUBLISHER, &public_key, &secret, &err) !=
        FH_OK) {
        fail(&err);
    }
    fh_record_seal(out, type, &client->actor->mesh, payload, &secret);
}

static struct fh_record parse(struct freehold_client *client, const struct fh_buf *bytes)
{
    struct fh_err err;
    struct fh_record record;
    if (fh_record_parse(&record, fh_buf_view(bytes), &client->actor->mesh, &err) != FH_OK) {
        fail(&err);
    }
    return record;
}

static void
sign_again(struct freehold_client *client, const struct fh_buf *true_record, struct fh_buf *out)
{
    struct fh_record record = parse(client, true_record);
    seal(client, record.type, record.payload, out);
}

static void
revive(struct freehold_client *client, const struct fh_buf *true_record, struct fh_buf *out)
{
    struct fh_err err;
    struct fh_announcement held;
    struct fh_announcement next;
    struct fh_record record = parse(client, true_record);
    if (fh_announce_parse(&held, record.payload, &err) != FH_OK) {
        fail(&err);
    }
    fh_lifecycle_renew(&next, &held, held.issued_ms + 1);
    next.status = FH_ANNOUNCE_ACTIVE;
    next.sunset_ms = 0;
    next.successor[0] = '\0';
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_announce_encode(&payload, &next);
    seal(client, FH_RECORD_ANNOUNCEMENT, fh_buf_view(&payload), out);
}

/* Well-formed in every way: its text says one word more, and so does what is signed. */
static void
fork_contract(struct freehold_client *client, const struct fh_buf *true_record, struct fh_buf *out)
{
    struct fh_err err;
    struct fh_contract_record held;
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    struct fh_record record = parse(client, true_record);
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    if (arena == NULL || fh_contract_record_parse(&held, record.payload, &err) != FH_OK) {
        fail(&err);
    }
    static const char purpose[] = "purpose: ";
    const uint8_t *at = memmem(held.text.data, held.text.size, purpose, sizeof purpose - 1);
    if (at == NULL) {
        fputs("fh-forge: the contract states no purpose to change\n", stderr);
        exit(1);
    }
    size_t before = (size_t)(at - held.text.data) + sizeof purpose - 1;
    fh_buf_add(&text, held.text.data, before);
    fh_buf_add_cstr(&text, "Forked. ");
    fh_buf_add(&text, held.text.data + before, held.text.size - before);
    fh_findings_init(&findings, arena);
    if (fh_contract_read(&contract, fh_buf_view(&text), &findings, &err) != FH_OK) {
        fail(&err);
    }
    held.text = fh_buf_view(&text);
    fh_contract_record_encode(&payload, &held, contract);
    seal(client, FH_RECORD_CONTRACT, fh_buf_view(&payload), out);
}

/* ---- the owner's own, but its version rises too little ---- */

/* The published text of the next patch version, whose first required string may be missing. */
static void rush_text(struct fh_buf *out, const struct fh_contract_record *before)
{
    static const char required[] = "string, required: true";
    struct fh_semver version;
    struct fh_err err;
    struct fh_bytes text = before->text;
    const uint8_t *version_at = memmem(text.data, text.size, "\nversion: ", 10);
    const uint8_t *required_at = memmem(text.data, text.size, required, sizeof required - 1);
    if (version_at == NULL || required_at == NULL ||
        fh_semver_parse(&version, before->version, &err) != FH_OK) {
        fputs("fh-forge: the contract has no version line or no required string\n", stderr);
        exit(1);
    }
    const uint8_t *rest = version_at + 10 + strlen(before->version);
    fh_buf_add(out, text.data, (size_t)(version_at - text.data));
    fh_buf_printf(out, "\nversion: %u.%u.%u", version.major, version.minor, version.patch + 1);
    fh_buf_add(out, rest, (size_t)(required_at - rest));
    fh_buf_add_cstr(out, "string");
    rest = required_at + sizeof required - 1;
    fh_buf_add(out, rest, text.size - (size_t)(rest - text.data));
}

static void seal_by(struct freehold_client *client,
                    const char *key,
                    enum fh_key_kind kind,
                    enum fh_record_type type,
                    const struct fh_buf *payload,
                    struct fh_buf *out)
{
    struct fh_err err;
    struct fh_sign_public public_key;
    FH_CLEANUP(fh_sign_secret_wipe) struct fh_sign_secret secret;
    if (fh_actor_key(&client->actor->home, key, kind, &public_key, &secret, &err) != FH_OK) {
        fail(&err);
    }
    fh_record_seal(out, type, &client->actor->mesh, fh_buf_view(payload), &secret);
}

/* The next announcement of a contract that was sealed. */
static struct fh_announcement announce(struct freehold_client *client,
                                       const struct fh_buf *announcement,
                                       const struct fh_buf *sealed)
{
    struct fh_err err;
    struct fh_record record;
    struct fh_contract_record contract;
    struct fh_announcement said;
    const struct fh_mesh_id *mesh = &client->actor->mesh;
    if (fh_record_parse(&record, fh_buf_view(announcement), mesh, &err) != FH_OK ||
        fh_announce_parse(&said, record.payload, &err) != FH_OK ||
        fh_record_parse(&record, fh_buf_view(sealed), mesh, &err) != FH_OK ||
        fh_contract_record_parse(&contract, record.payload, &err) != FH_OK) {
        fail(&err);
    }
    said.revision++;
    said.contract = record.id;
    said.contract_bytes = sealed->size;
    said.contract_seq = contract.seq;
    memcpy(said.version, contract.version, sizeof said.version);
    return said;
}

static void
rush(struct freehold_client *client, const struct fh_buf *announcement, const struct fh_buf *before)
{
    struct fh_err err;
    struct fh_record record;
    struct fh_contract_record next;
    struct fh_findings findings;
    struct fh_contract *contract;
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    FH_CLEANUP(fh_buf_fini) struct fh_buf sealed;
    FH_CLEANUP(fh_buf_fini) struct fh_buf news;
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_buf_init(&sealed, FH_RECORD_BYTES_MAX);
    fh_buf_init(&news, FH_RECORD_BYTES_MAX);
    fh_findings_init(&findings, arena);
    if (fh_record_parse(&record, fh_buf_view(before), &client->actor->mesh, &err) != FH_OK ||
        fh_contract_record_parse(&next, record.payload, &err) != FH_OK) {
        fail(&err);
    }
    rush_text(&text, &next);
    if (fh_contract_read(&contract, fh_buf_view(&text), &findings, &err) != FH_OK) {
        fail(&err);
    }
    next.seq++;
    next.prev = record.id;
    next.text = fh_buf_view(&text);
    fh_contract_record_encode(&payload, &next, contract);
    seal_by(client, "publisher", FH_KEY_PUBLISHER, FH_RECORD_CONTRACT, &payload, &sealed);
    struct fh_announcement said = announce(client, announcement, &sealed);
    fh_buf_reset(&payload);
    fh_announce_encode(&payload, &said);
    seal_by(client, "node", FH_KEY_NODE, FH_RECORD_ANNOUNCEMENT, &payload, &news);
    push(client, &news);
    push(client, &sealed);
}

/* Says the same a moment later, under the same revision. */
static void
again(struct freehold_client *client, const struct fh_buf *announcement, struct fh_buf *out)
{
    struct fh_err err;
    struct fh_announcement said;
    struct fh_record record = parse(client, announcement);
    if (fh_announce_parse(&said, record.payload, &err) != FH_OK) {
        fail(&err);
    }
    said.issued_ms++;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_announce_encode(&payload, &said);
    seal_by(client, "node", FH_KEY_NODE, FH_RECORD_ANNOUNCEMENT, &payload, out);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: fh-forge HOME ADDRESS changed|foreign|save|replay|revive|fork|hasty|again "
              "DOMAIN/PRODUCT|FILE\n",
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
        } else if (strcmp(mode, "revive") == 0) {
            revive(client, &announcement, &forged);
            push(client, &forged);
        } else if (strcmp(mode, "fork") == 0) {
            fork_contract(client, &contract, &forged);
            push(client, &forged);
        } else if (strcmp(mode, "again") == 0) {
            again(client, &announcement, &forged);
            push(client, &forged);
        } else if (strcmp(mode, "hasty") == 0) {
            rush(client, &announcement, &contract);
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
