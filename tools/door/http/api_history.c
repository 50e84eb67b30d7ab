/* SPDX-License-Identifier: Apache-2.0 */
/* GET .../history: a product's majors as they stand, its versions, and all that happened. */
#include "proto/gossip/lifecycle.h"
#include "tools/client/events.h"
#include "tools/client/product_name.h"
#include "tools/door/http/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_record_id(struct fh_json *json, const char *key, const struct fh_record_id *id)
{
    char text[FH_ID_TEXT_BYTES];
    fh_record_id_text(text, id);
    fh_json_pair(json, key, text);
}

static void put_key_id(struct fh_json *json, const char *key, const struct fh_key_id *id)
{
    static const struct fh_key_id none;
    char text[FH_ID_TEXT_BYTES] = "";
    if (memcmp(id, &none, sizeof none) != 0) {
        fh_key_id_text(text, id);
    }
    fh_json_pair_or_null(json, key, text);
}

static void put_major(struct fh_json *json,
                      const struct fh_msg_product *product,
                      const struct fh_history_move *now)
{
    char successor[FH_SUCCESSOR_TEXT_BYTES];
    struct fh_key_id signer = fh_key_id_of(&now->signer.key);
    fh_announce_successor_text(successor, now->said.successor, product->domain_name);
    fh_json_open(json, '{');
    fh_json_pair(json, "version", now->said.version);
    fh_json_pair(json, "status", fh_announce_status_text(now->said.status));
    fh_http_json_time(json, "sunset", now->said.sunset_ms);
    fh_json_pair_or_null(json, "successor", successor);
    fh_json_pair_uint(json, "sequence", now->said.contract_seq);
    fh_json_pair_bool(json, "reachable", product->reachable);
    fh_json_pair_bool(json, "held", product->contract_held);
    fh_http_json_time(json, "announced", now->said.issued_ms);
    fh_json_pair(json, "announced_by", fh_role_text(now->signer.role));
    put_key_id(json, "signing_key", &signer);
    put_record_id(json, "contract", &now->said.contract);
    fh_json_close(json, '}');
}

static void put_majors(struct fh_json *json, const struct fh_history *history)
{
    fh_json_key(json, "majors");
    fh_json_open(json, '[');
    for (size_t i = 0; i < history->product_count; i++) {
        const struct fh_msg_product *product = &history->products[i];
        uint32_t major = (uint32_t)strtoul(product->version, NULL, 10);
        const struct fh_history_move *now = fh_history_now(history, major);
        if (now != NULL) {
            put_major(json, product, now);
        }
    }
    fh_json_close(json, ']');
}

static void put_versions(struct fh_json *json, const struct fh_history *history)
{
    fh_json_key(json, "versions");
    fh_json_open(json, '[');
    for (size_t i = 0; i < history->version_count; i++) {
        const struct fh_msg_version *version = &history->versions[i];
        fh_json_open(json, '{');
        fh_json_pair(json, "version", version->version);
        fh_json_pair_uint(json, "sequence", version->seq);
        fh_http_json_time(json, "created", version->created_ms);
        put_record_id(json, "contract", &version->id);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

static void put_events(struct fh_json *json, const struct fh_events *events)
{
    fh_json_key(json, "events");
    fh_json_open(json, '[');
    for (size_t i = 0; i < events->count; i++) {
        const struct fh_event *event = &events->items[i];
        fh_json_open(json, '{');
        fh_http_json_time(json, "at", event->at_ms);
        fh_json_pair(json, "event", event->what);
        fh_json_pair(json, "version", event->version);
        if (event->seq == 0) {
            fh_json_pair_or_null(json, "sequence", NULL);
        } else {
            fh_json_pair_uint(json, "sequence", event->seq);
        }
        fh_json_pair(json, "detail", event->detail);
        put_record_id(json, "record", &event->id);
        put_key_id(json, "signing_key", &event->key);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

int fh_api_history(struct fh_http_call *call, struct fh_err *err)
{
    struct fh_product_name name;
    struct freehold_client *client = NULL;
    struct fh_history *history FH_CLEANUP(fh_history_freep) = NULL;
    struct fh_events events FH_CLEANUP(fh_events_fini) = {.count = 0};
    int code = fh_api_product_name(&name, call, err);
    if (code == FH_OK) {
        code = fh_http_asker(call, &client, err);
    }
    if (code == FH_OK) {
        code = fh_history_ask(&history, client, name.name.domain, name.name.product, err);
    }
    fh_http_asker_end(call, client);
    if (code == FH_OK) {
        code = fh_events_make(&events, history, (uint32_t)name.name.major, err);
    }
    if (code != FH_OK) {
        return code;
    }
    char product[FH_PRODUCT_NAME_BYTES];
    struct fh_json json = fh_http_json(call);
    snprintf(product, sizeof product, "%s/%s", name.name.domain, name.name.product);
    fh_json_open(&json, '{');
    fh_json_pair(&json, "product", product);
    put_majors(&json, history);
    put_versions(&json, history);
    put_events(&json, &events);
    fh_json_close(&json, '}');
    return FH_OK;
}
