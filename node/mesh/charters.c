/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The charter among nodes: what proves it, which node goes by which one, and news of a new one.
 *
 * Proposals and votes travel as rumours; a proposal that is too large for one comes with the
 * synchronisation that a vote without it begins. A charter that is too large is pushed to a few,
 * who do the same, each once.
 */
#include "node/mesh/parts.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/session/messages_charter.h"

enum {
    PAGE_BYTES = 512 * 1024,
    ASKED_MAX = 256,   /* nodes that are asked which charter they know, all at once */
    ASK_MS = 4000,     /* well below what whoever asks us waits */
    ENTRY_BYTES = 160, /* of an answer */
};

/* ---- what proves it ---- */

struct page {
    struct fh_buf bins;
    uint32_t count;
    uint64_t skip;
    uint64_t seen;
};

static bool
page_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct page *page = user;
    (void)type;
    (void)id;
    if (page->seen >= page->skip) {
        if (page->count > 0 && page->bins.size + bytes.size > PAGE_BYTES) {
            return false;
        }
        fh_pack_bin(&page->bins, bytes);
        page->count++;
    }
    page->seen++;
    return true;
}

void fh_mesh_answer_charter(struct fh_mesh *mesh, struct fh_question *question)
{
    struct page page = {.count = 0};
    struct fh_err err;
    if (fh_msg_charter_request_read(fh_question_fields(question), &page.skip, &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    fh_buf_init(&page.bins, FH_FRAME_REPLY_BYTES_MAX);
    bool complete =
        fh_directory_each_governing(mesh->options.dir, fh_mesh_due_until(), page_record, &page);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_ok(&out, 2);
    fh_pack_uint(&out, complete ? 0 : page.seen);
    fh_pack_array(&out, page.count);
    fh_buf_add_bytes(&out, fh_buf_view(&page.bins));
    fh_buf_fini(&page.bins);
    fh_question_answer_buf(question, &out);
}

/* ---- which node knows which ---- */

/* One question, answered when all have answered or failed. */
struct poll {
    struct fh_question *question;
    unsigned waiting;
    uint32_t count;
    struct fh_msg_charter_known known[ASKED_MAX + 1]; /* this node first */
};

struct polled {
    struct poll *poll;
    uint32_t index;
};

static void poll_end(struct poll *poll)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, (ASKED_MAX + 2) * ENTRY_BYTES);
    fh_msg_charters_answer_begin(&out, poll->count);
    for (uint32_t i = 0; i < poll->count; i++) {
        fh_msg_charters_answer_add(&out, &poll->known[i]);
    }
    fh_question_answer_buf(poll->question, &out);
    fh_free(poll);
}

/* What it says of itself; who it is we know better. */
static void take_own_word(struct fh_msg_charter_known *known, struct fh_pack_reader *fields)
{
    struct fh_msg_charter_known said;
    struct fh_err err;
    uint32_t count = 0;
    if (fh_msg_charters_read(fields, &count, &err) == FH_OK && count == 1 &&
        fh_msg_charters_next(fields, &said, &err) == FH_OK) {
        known->seq = said.seq;
        known->charter = said.charter;
        known->standing = said.standing;
    }
}

static void answered(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct polled *polled = user;
    struct poll *poll = polled->poll;
    if (failure == NULL) {
        take_own_word(&poll->known[polled->index], fields);
    }
    fh_free(polled);
    if (--poll->waiting == 0) {
        poll_end(poll);
    }
}

static struct fh_msg_charter_known own_word(const struct fh_mesh *mesh)
{
    struct fh_msg_charter_known known = {.node = mesh->node, .domain = mesh->domain};
    const struct fh_charter *charter = fh_directory_charter(mesh->options.dir, &known.charter);
    known.seq = charter == NULL ? 0 : charter->seq;
    known.standing = fh_directory_charter_standing(mesh->options.dir, fh_clock_wall_ms());
    return known;
}

static void poll_one(struct fh_mesh *mesh,
                     struct poll *poll,
                     const struct fh_gossip_member *member,
                     const char *address)
{
    struct polled *polled = fh_calloc(1, sizeof *polled);
    poll->known[poll->count] =
        (struct fh_msg_charter_known){.node = member->node, .domain = member->domain};
    if (polled != NULL) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf request;
        fh_buf_init(&request, 64);
        fh_msg_charters_request(&request, false);
        *polled = (struct polled){poll, poll->count};
        poll->waiting++;
        struct fh_peer_target target = {.address = address, .node = member->node};
        fh_peers_ask(mesh->options.peers, &target, &request, ASK_MS, answered, polled);
    }
    poll->count++;
}

void fh_mesh_answer_charters(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_err err;
    bool all = false;
    struct poll *poll = NULL;
    int rc = fh_msg_charters_request_read(fh_question_fields(question), &all, &err);
    if (rc == FH_OK) {
        poll = fh_calloc(1, sizeof *poll);
        rc = poll == NULL ? fh_err_set(&err, FH_ENOMEM, "no memory to ask the others") : FH_OK;
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    poll->question = question;
    poll->known[poll->count++] = own_word(mesh);
    poll->waiting = 1; /* this function: answers may come before it is through */
    unsigned slots = all && mesh->gossip != NULL ? fh_gossip_member_slots(mesh->gossip) : 0;
    for (unsigned i = 0; i < slots && poll->count <= ASKED_MAX; i++) {
        struct fh_gossip_member member;
        const char *address;
        if (fh_gossip_member_at(mesh->gossip, i, &member) && !member.self &&
            fh_mesh_address(mesh, &member.node, &address)) {
            poll_one(mesh, poll, &member, address);
        }
    }
    if (--poll->waiting == 0) {
        poll_end(poll);
    }
}

/* ---- news ---- */

/* Those that contradict each other, so that whoever has one of them learns of the other. */
static void spread_disputed(struct fh_mesh *mesh)
{
    const struct fh_directory *dir = mesh->options.dir;
    for (size_t i = 0; i < fh_directory_charter_count(dir); i++) {
        struct fh_directory_charter_kept kept;
        fh_directory_charter_kept_at(dir, i, &kept);
        if (kept.state == FH_CHARTER_DISPUTED) {
            fh_mesh_spread(mesh, fh_directory_record(dir, &kept.id), FH_RUMOUR_URGENT);
        }
    }
}

void fh_mesh_charter_news(struct fh_mesh *mesh, const struct fh_record_id *id, bool spread)
{
    char text[FH_ID_TEXT_BYTES];
    struct fh_record_id followed = {{0}};
    const struct fh_charter *newest = fh_directory_charter(mesh->options.dir, &followed);
    struct fh_bytes record = fh_directory_record(mesh->options.dir, id);
    bool contested = fh_directory_charter_contested(mesh->options.dir);
    bool settles = fh_record_id_equal(&followed, id) && newest->settles.count > 0;
    fh_record_id_text(text, id);
    if (contested) {
        fh_log(FH_LOG_ERROR, "charter.contested", "id=%s", text);
    } else if (!fh_record_id_equal(&followed, id)) {
        fh_log(FH_LOG_ERROR, "charter.overruled", "id=%s", text);
    } else {
        fh_log(FH_LOG_INFO,
               settles ? "charter.settled" : "charter.in_force",
               "seq=%llu id=%s members=%u threshold=%u",
               (unsigned long long)newest->seq,
               text,
               newest->member_count,
               newest->threshold);
    }
    if (mesh->quiet) {
        return;
    }
    if (contested) {
        spread_disputed(mesh);
    } else if (spread || settles) {
        fh_mesh_spread(mesh, record, FH_RUMOUR_URGENT);
    }
}
