/* SPDX-License-Identifier: Apache-2.0 */
#include "node/publish_remote.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/own.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/publish_rules.h"
#include "proto/contract/publish_text.h"
#include "proto/settings/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ARENA_BYTES = 32 * 1024 * 1024,
    MINUTE_MS = 60 * 1000,
};

/* What one key publishes: the order that runs, or how its last one ended. */
struct slot {
    struct fh_remote_publisher *owner;
    bool used;
    bool running;
    bool dry_run;
    struct fh_speaker speaker; /* who ordered */
    struct fh_key_id key;
    uint64_t ticket;
    int64_t touched_ms; /* monotonic; the quietest gives way */
    int64_t minute_ms;  /* when the counted minute began */
    unsigned orders;    /* in that minute */
    struct fh_buf yaml;
    struct fh_buf record;
    struct fh_err failure; /* FH_OK: the findings are the outcome */
    uint32_t finding_count;
    struct fh_buf findings; /* encoded entries */
};

struct fh_remote_publisher {
    struct fh_remote_publisher_options options;
    struct slot slots[FH_PUBLISHING_KEYS_MAX];
};

int fh_remote_publisher_new(struct fh_remote_publisher **out,
                            const struct fh_remote_publisher_options *options,
                            struct fh_err *err)
{
    struct fh_remote_publisher *remote = fh_calloc(1, sizeof *remote);
    if (remote == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to publish");
    }
    remote->options = *options;
    for (size_t i = 0; i < FH_PUBLISHING_KEYS_MAX; i++) {
        struct slot *slot = &remote->slots[i];
        slot->owner = remote;
        fh_buf_init(&slot->yaml, FH_CONTRACT_BYTES_MAX);
        fh_buf_init(&slot->record, FH_RECORD_BYTES_MAX);
        fh_buf_init(&slot->findings, FH_FRAME_REPLY_BYTES_MAX - 1024);
    }
    *out = remote;
    return FH_OK;
}

static void forget_bytes(struct slot *slot)
{
    fh_buf_fini(&slot->yaml);
    fh_buf_fini(&slot->record);
    fh_buf_init(&slot->yaml, FH_CONTRACT_BYTES_MAX);
    fh_buf_init(&slot->record, FH_RECORD_BYTES_MAX);
}

void fh_remote_publisher_free(struct fh_remote_publisher *remote)
{
    for (size_t i = 0; remote != NULL && i < FH_PUBLISHING_KEYS_MAX; i++) {
        FH_ASSERT(!remote->slots[i].running);
        forget_bytes(&remote->slots[i]);
        fh_buf_fini(&remote->slots[i].findings);
    }
    fh_free(remote);
}

/* ---- who may ---- */

static int check_speaker(const struct fh_remote_publisher *remote,
                         const struct fh_speaker *speaker,
                         struct fh_err *err)
{
    if (!fh_domain_id_equal(&speaker->domain, &remote->options.domain)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "publish.domain",
                           "this is a node of %s; a contract is published at a node of the domain "
                           "that signs it",
                           remote->options.settings->domain);
    }
    if (speaker->role != FH_ROLE_PUBLISHER) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "publish.role",
                           "this key acts as %s; only a publisher's key publishes",
                           fh_role_text(speaker->role));
    }
    return FH_OK;
}

static struct slot *slot_of(struct fh_remote_publisher *remote, const struct fh_key_id *key)
{
    struct slot *quietest = NULL;
    for (size_t i = 0; i < FH_PUBLISHING_KEYS_MAX; i++) {
        struct slot *slot = &remote->slots[i];
        if (slot->used && fh_key_id_equal(&slot->key, key)) {
            return slot;
        }
        bool free = !slot->running;
        if (free && (quietest == NULL || slot->touched_ms < quietest->touched_ms)) {
            quietest = slot;
        }
    }
    return quietest;
}

/* The key's slot, ready for an order. */
static int take_slot(struct fh_remote_publisher *remote,
                     const struct fh_key_id *key,
                     struct slot **out,
                     struct fh_err *err)
{
    int64_t now = fh_clock_mono_ms();
    struct slot *slot = slot_of(remote, key);
    if (slot == NULL) {
        return fh_err_rule(err,
                           FH_EBUSY,
                           "publish.busy",
                           "%d other keys publish at this node; try again in a moment",
                           FH_PUBLISHING_KEYS_MAX);
    }
    if (!slot->used || !fh_key_id_equal(&slot->key, key)) {
        slot->used = true;
        slot->key = *key;
        slot->orders = 0;
        slot->minute_ms = now;
    } else if (slot->running) {
        return fh_err_rule(err,
                           FH_EBUSY,
                           "publish.running",
                           "this key publishes a contract already; one at a time");
    }
    if (now - slot->minute_ms >= MINUTE_MS) {
        slot->orders = 0;
        slot->minute_ms = now;
    }
    if (slot->orders == FH_PUBLISHES_PER_MINUTE_MAX) {
        return fh_err_rule(err,
                           FH_EBUSY,
                           "publish.rate",
                           "this key has published %d times within a minute; try again in %" PRId64
                           " s",
                           FH_PUBLISHES_PER_MINUTE_MAX,
                           (slot->minute_ms + MINUTE_MS - now) / 1000 + 1);
    }
    slot->orders++;
    slot->touched_ms = now;
    *out = slot;
    return FH_OK;
}

/* ---- the order ---- */

static int no_root(const char *root, size_t count, struct fh_err *err)
{
    if (count == 0) {
        return fh_err_rule(err,
                           FH_ESTATE,
                           "publish.root.none",
                           "this node serves no data of contracts from elsewhere: its setting "
                           "data_roots is empty");
    }
    return fh_err_rule(
        err,
        FH_ENOTFOUND,
        "publish.root",
        "this node has no data root \"%.60s\"; name one of its %zu by number from 1, "
        "or by the last part of its path",
        root,
        count);
}

/* Which of the configured folders is meant; what is not configured does not exist. */
static int find_root(const struct fh_settings_paths *roots,
                     const char *root,
                     const char **out,
                     struct fh_err *err)
{
    if (root[0] == '\0' && roots->count > 0) {
        *out = roots->items[0];
        return FH_OK;
    }
    for (size_t i = 0; i < roots->count; i++) {
        char number[24];
        const char *slash = strrchr(roots->items[i], '/');
        snprintf(number, sizeof number, "%zu", i + 1);
        if (strcmp(root, number) == 0 || (slash != NULL && strcmp(root, slash + 1) == 0)) {
            *out = roots->items[i];
            return FH_OK;
        }
    }
    return no_root(root, roots->count, err);
}

/* The model of the published text, which is what was signed. */
static int read_text(const struct fh_remote_publisher *remote,
                     struct fh_bytes yaml,
                     struct fh_arena *arena,
                     struct fh_published *out,
                     struct fh_err *err)
{
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    fh_findings_init(&findings, arena);
    int rc = fh_contract_read(&contract, yaml, &findings, err);
    if (rc == FH_OK) {
        fh_publish_rules(contract, remote->options.settings->domain, &findings);
        rc = fh_findings_ok(&findings, err);
    }
    return rc == FH_OK
               ? fh_publish_text(out, yaml, contract, &remote->options.domain, &findings, err)
               : rc;
}

static int join_record(const struct fh_remote_publisher *remote,
                       const struct fh_speaker *speaker,
                       const struct fh_msg_order *order,
                       const struct fh_published *published,
                       struct fh_buf *out,
                       struct fh_err *err)
{
    struct fh_contract_record next = {
        .domain = remote->options.domain,
        .seq = order->seq,
        .prev = order->prev,
        .created_ms = order->created_ms,
        .compat_rules = order->compat_rules,
        .text = published->text,
    };
    struct fh_record_signature signature = {.key = fh_key_id_ref(&speaker->key),
                                            .signature = order->signature};
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_contract_record_encode(&payload, &next, published->contract);
    if (fh_buf_ok(&payload) == FH_OK) {
        fh_record_join(out, FH_RECORD_CONTRACT, fh_buf_view(&payload), &signature);
    }
    int rc = fh_buf_ok(&payload) != FH_OK ? fh_buf_ok(&payload) : fh_buf_ok(out);
    if (rc != FH_OK) {
        return fh_err_set(err, rc, "the contract is too large for a record");
    }
    struct fh_record record;
    rc = fh_record_parse(&record, fh_buf_view(out), &remote->options.mesh_id, err);
    if (rc == FH_OK &&
        !fh_record_signed_by(
            &record, 0, &remote->options.mesh_id, &speaker->public_key, &fh_verifier_plain)) {
        rc = fh_err_rule(err,
                         FH_ESIG,
                         "publish.signature",
                         "the signature is not that of the contract which this node reads from the "
                         "text; is `freehold` of the node's version?");
    }
    return rc;
}

/* The record from the text, the fields and the signature. */
static int make_record(const struct fh_remote_publisher *remote,
                       const struct fh_speaker *speaker,
                       const struct fh_msg_order *order,
                       struct fh_buf *out,
                       struct fh_err *err)
{
    int64_t ahead_ms = order->created_ms - fh_clock_wall_ms();
    if (ahead_ms > FH_CLOCK_SKEW_MS || -ahead_ms > FH_CLOCK_SKEW_MS) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "publish.clock",
                           "the contract was signed %" PRId64 " s %s this node's clock; set the "
                           "clocks",
                           (ahead_ms > 0 ? ahead_ms : -ahead_ms) / 1000,
                           ahead_ms > 0 ? "ahead of" : "behind");
    }
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to publish");
    }
    struct fh_published published;
    int rc = read_text(remote, order->yaml, arena, &published, err);
    return rc == FH_OK ? join_record(remote, speaker, order, &published, out, err) : rc;
}

static void add_findings(struct slot *slot, const struct fh_publish_report *report)
{
    for (uint32_t i = 0; i < report->count; i++) {
        size_t before = slot->findings.size;
        fh_msg_findings_answer_add(&slot->findings, &report->findings[i]);
        if (fh_buf_ok(&slot->findings) != FH_OK) {
            slot->findings.size = before; /* a thousand findings say enough */
            slot->findings.failed = FH_OK;
            break;
        }
        slot->finding_count++;
    }
}

/* How it ended, in a word: a finding that is an error says that nothing was published. */
static struct fh_err outcome_of(const struct fh_publish_report *report,
                                const struct fh_err *failure)
{
    struct fh_err outcome = {.code = FH_OK};
    if (failure != NULL) {
        return *failure;
    }
    for (uint32_t i = 0; i < report->count && outcome.code == FH_OK; i++) {
        if (report->findings[i].error) {
            fh_err_rule(&outcome, FH_ECHECK, report->findings[i].rule, "refused");
        }
    }
    return outcome;
}

static void recorded(void *user)
{
    struct slot *slot = user;
    slot->running = false;
    slot->touched_ms = fh_clock_mono_ms();
}

static void ended(const struct fh_publish_report *report, const struct fh_err *failure, void *user)
{
    struct slot *slot = user;
    const struct fh_err outcome = outcome_of(report, failure);
    if (failure != NULL) {
        slot->failure = *failure;
    } else {
        add_findings(slot, report);
    }
    if (slot->dry_run) {
        recorded(slot);
    } else {
        fh_recording_decided(slot->owner->options.recording,
                             &slot->speaker,
                             fh_buf_view(&slot->record),
                             &outcome,
                             recorded,
                             slot);
    }
    forget_bytes(slot);
}

static int begin(struct fh_remote_publisher *remote,
                 const struct fh_speaker *speaker,
                 const struct fh_msg_order *order,
                 struct slot *slot,
                 struct fh_err *err)
{
    const char *root = NULL;
    int rc = find_root(&remote->options.settings->data_roots, order->root, &root, err);
    if (rc != FH_OK) {
        return rc;
    }
    forget_bytes(slot);
    fh_buf_reset(&slot->findings);
    slot->finding_count = 0;
    slot->failure = (struct fh_err){.code = FH_OK};
    fh_entropy(&slot->ticket, sizeof slot->ticket);
    fh_buf_add_bytes(&slot->yaml, order->yaml);
    rc = fh_buf_ok(&slot->yaml) == FH_OK ? make_record(remote, speaker, order, &slot->record, err)
                                         : fh_err_set(err, FH_ENOMEM, "no memory to publish");
    struct fh_publish_order publish = {
        .asked = {.contract = fh_buf_view(&slot->record),
                  .yaml = fh_buf_view(&slot->yaml),
                  .dry_run = order->dry_run},
        .remote = true,
        .done = ended,
        .user = slot,
    };
    snprintf(publish.asked.data_root, sizeof publish.asked.data_root, "%s", root);
    if (rc == FH_OK) {
        rc = fh_publisher_begin(remote->options.publisher, &publish, err);
    }
    if (rc != FH_OK) {
        forget_bytes(slot);
        return rc;
    }
    slot->running = true;
    slot->dry_run = order->dry_run;
    slot->speaker = *speaker;
    if (!order->dry_run) { /* peers verify the contract by it */
        fh_own_keep_delegation(remote->options.dir, remote->options.mesh, speaker);
    }
    return FH_OK;
}

/* ---- questions ---- */

static int publish(struct fh_remote_publisher *remote,
                   struct fh_question *question,
                   struct fh_buf *out,
                   struct fh_err *err)
{
    const struct fh_speaker *speaker = fh_question_speaker(question);
    struct fh_msg_order order;
    struct slot *slot = NULL;
    int rc = fh_msg_order_read(fh_question_fields(question), &order, err);
    if (rc == FH_OK) {
        rc = take_slot(remote, &speaker->key, &slot, err);
    }
    if (rc == FH_OK) {
        rc = begin(remote, speaker, &order, slot, err);
    }
    if (rc == FH_OK) {
        fh_msg_ticket_answer(out, slot->ticket);
    }
    return rc;
}

static int tell_outcome(struct fh_remote_publisher *remote,
                        struct fh_question *question,
                        struct fh_buf *out,
                        struct fh_err *err)
{
    uint64_t ticket = 0;
    int rc = fh_msg_ticket_read(fh_question_fields(question), &ticket, err);
    if (rc != FH_OK) {
        return rc;
    }
    const struct fh_key_id *key = &fh_question_speaker(question)->key;
    const struct slot *slot = slot_of(remote, key);
    if (slot == NULL || !slot->used || !fh_key_id_equal(&slot->key, key) ||
        slot->ticket != ticket) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "publish.ticket",
                           "this node knows no such order of this key; see what is published, and "
                           "publish again");
    }
    if (!slot->running && slot->failure.code != FH_OK) {
        *err = slot->failure;
        return err->code;
    }
    uint32_t count = slot->running ? 0 : slot->finding_count;
    fh_msg_outcome_answer_begin(out, !slot->running, count);
    fh_buf_add_bytes(out, count == 0 ? FH_BYTES_NONE : fh_buf_view(&slot->findings));
    return FH_OK;
}

static int tell_chain(struct fh_remote_publisher *remote,
                      struct fh_question *question,
                      struct fh_buf *out,
                      struct fh_err *err)
{
    char product[FH_NAME_BYTES_MAX + 1];
    struct fh_pack_reader *fields = fh_question_fields(question);
    uint64_t seq = 0;
    FH_CLEANUP(fh_buf_fini) struct fh_buf last;
    fh_buf_init(&last, FH_RECORD_BYTES_MAX);
    fh_pack_read_cstr(fields, product, sizeof product);
    int rc = fh_pack_read_ok(fields, "chain", err);
    if (rc == FH_OK) {
        rc = fh_catalog_chain(remote->options.catalog, product, &seq, &last, err);
    }
    if (rc == FH_OK) {
        fh_msg_chain_answer(out, seq, fh_buf_view(&last));
    }
    return rc;
}

static int tell_base(struct fh_remote_publisher *remote,
                     struct fh_question *question,
                     struct fh_buf *out,
                     struct fh_err *err)
{
    char product[FH_NAME_BYTES_MAX + 1] = "";
    char version[FH_VERSION_BYTES_MAX + 1] = "";
    struct fh_pack_reader *fields = fh_question_fields(question);
    FH_CLEANUP(fh_buf_fini) struct fh_buf base;
    fh_buf_init(&base, FH_RECORD_BYTES_MAX);
    fh_pack_read_cstr(fields, product, sizeof product);
    fh_pack_read_cstr(fields, version, sizeof version);
    int rc = fh_pack_read_ok(fields, "base", err);
    if (rc == FH_OK) {
        rc = fh_catalog_base(remote->options.catalog, product, version, &base, err);
    }
    if (rc == FH_OK) {
        fh_msg_base_answer(out, fh_buf_view(&base));
    }
    return rc;
}

void fh_remote_publisher_question(struct fh_remote_publisher *remote, struct fh_question *question)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    struct fh_err err;
    int rc = check_speaker(remote, fh_question_speaker(question), &err);
    if (rc == FH_OK) {
        switch (fh_question_code(question)) {
        case FH_MSG_CHAIN:
            rc = tell_chain(remote, question, &out, &err);
            break;
        case FH_MSG_BASE:
            rc = tell_base(remote, question, &out, &err);
            break;
        case FH_MSG_PUBLISH:
            rc = publish(remote, question, &out, &err);
            break;
        default:
            FH_ASSERT(fh_question_code(question) == FH_MSG_OUTCOME);
            rc = tell_outcome(remote, question, &out, &err);
            break;
        }
    }
    if (rc != FH_OK && fh_question_code(question) == FH_MSG_PUBLISH) {
        fh_recording_refused(
            remote->options.recording, fh_question_speaker(question), FH_MSG_PUBLISH, &err);
    }
    fh_question_conclude(question, rc, &out, &err);
}
