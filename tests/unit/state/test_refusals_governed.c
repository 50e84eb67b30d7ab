/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ten thousand objects of governance that nobody may take: policies of the mesh and of the domain,
 * waivers of both, votes for a charter, checkpoints of audit logs. Each attack of TUF's list has a
 * row of its own, which makes its share of every type that it fits, with a seed of its own; every
 * single one is refused, or held already, and changes nothing. What else the directory takes is in
 * tests/unit/identity/test_refusals.c.
 */
#include "node/state/policies.h"

#include "proto/governance/audit_chain.h"
#include "proto/identity/charter.h"
#include "proto/identity/proposal.h"

#include "tests/unit/state/catalog_world.h"

enum { OBJECTS = 10000, REVOKED_KEY = 77, GOOD_MAX = 8 };

#define HOUR   TEST_HOUR_MS
#define ENDS   (TEST_START_MS + 40 * HOUR) /* charter 2 */
#define MOMENT (TEST_START_MS + 5 * HOUR / 2)

enum kind { MESH_POLICY, OWN_POLICY, MESH_WAIVER, OWN_WAIVER, VOTE, CHECKPOINT, KIND_COUNT };

/* xorshift64*: a failure names row and turn, which make the same object again. */
static uint64_t state_of_draw;
static uint64_t draw(uint64_t below)
{
    state_of_draw ^= state_of_draw >> 12;
    state_of_draw ^= state_of_draw << 25;
    state_of_draw ^= state_of_draw >> 27;
    return state_of_draw * UINT64_C(2685821657736338717) % below;
}

struct scene {
    struct world *w;
    struct fh_policies *policies;
    struct test_key revoked; /* was a publisher of ours */
    struct fh_charter charter;
    struct fh_record_id charter_id;
    struct fh_record_id mesh_policy; /* in force, number 2 */
    struct fh_record_id own_policy;
    struct test_record good[GOOD_MAX]; /* that were taken, of the type of their place */
    struct fh_charter next;            /* proposed */
};

struct object {
    enum kind kind;
    struct test_record record;
};

/* ---- good ones ---- */

static struct test_record seal(const struct scene *s,
                               unsigned type,
                               struct fh_buf *payload,
                               const struct test_key *const *keys)
{
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_record_seal(&buf, type, &s->w->mesh, fh_buf_view(payload), &keys[0]->secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(payload);
    for (unsigned i = 1; keys[i] != NULL; i++) {
        struct fh_record parsed;
        fh_buf_reset(&buf);
        must(fh_record_parse(&parsed, test_bytes(&made), &s->w->mesh, &s->w->err), &s->w->err);
        fh_record_cosign(&buf, &parsed, &s->w->mesh, &keys[i]->secret);
        made = test_record_of(&buf);
    }
    fh_buf_fini(&buf);
    return made;
}

struct stated {
    uint64_t seq;
    struct fh_record_id prev;
    unsigned minor; /* of the version */
    int64_t created_ms;
    bool elsewhere; /* of another mesh, or another domain */
};

static struct test_record policy(const struct scene *s,
                                 enum kind kind,
                                 struct stated stated,
                                 const struct test_key *const *keys)
{
    char text[256];
    struct fh_buf payload;
    bool mesh = kind == MESH_POLICY;
    struct fh_policy_record record = {.seq = stated.seq,
                                      .prev = stated.prev,
                                      .created_ms = stated.created_ms,
                                      .until_ms = INT64_MAX};
    snprintf(record.name, sizeof record.name, "%s", mesh ? "agreed" : "personal");
    snprintf(record.version, sizeof record.version, "1.%u.0", stated.minor);
    snprintf(text,
             sizeof text,
             "name: %s\nversion: %s\npurposes: [p%u]\n",
             record.name,
             record.version,
             (unsigned)draw(1000000000));
    record.text = fh_bytes_cstr(text);
    memcpy(record.domain.b, mesh ? s->w->mesh.b : s->w->domains[0].id.b, sizeof record.domain.b);
    record.domain.b[3] ^= stated.elsewhere ? 1 : 0;
    fh_buf_init(&payload, TEST_RECORD_BYTES_MAX);
    fh_policy_record_encode(&payload, &record);
    return seal(s, mesh ? FH_RECORD_MESH_POLICY : FH_RECORD_POLICY, &payload, keys);
}

static struct test_record waiver(const struct scene *s,
                                 enum kind kind,
                                 struct stated stated,
                                 const struct test_key *const *keys)
{
    struct fh_buf payload;
    struct fh_waiver made = {.mesh = kind == MESH_WAIVER,
                             .owner = s->w->domains[stated.elsewhere ? 1 : 0].id,
                             .product = "orders",
                             .policy = kind == MESH_WAIVER ? s->mesh_policy : s->own_policy,
                             .since_ms = stated.created_ms,
                             .until_ms = stated.created_ms + 1 + (int64_t)draw((uint64_t)HOUR),
                             .created_ms = stated.created_ms};
    snprintf(made.reason, sizeof made.reason, "r%u", (unsigned)draw(1000000000));
    fh_buf_init(&payload, TEST_RECORD_BYTES_MAX);
    fh_waiver_encode(&payload, &made);
    return seal(s, FH_RECORD_WAIVER, &payload, keys);
}

static struct test_record vote(const struct scene *s,
                               const struct fh_charter *charter,
                               unsigned voter,
                               const struct test_key *key)
{
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_vote_make(&buf, &s->w->domains[voter].id, charter, &s->w->mesh, &key->secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

static struct test_record
checkpoint(const struct scene *s, const struct test_key *named, const struct test_key *by)
{
    const struct test_key *keys[] = {by, NULL};
    struct fh_buf payload;
    struct fh_audit_checkpoint said = {.domain = s->w->domains[0].id,
                                       .key = named->public_key,
                                       .seq = 1 + draw(1000000),
                                       .time_ms = MOMENT};
    said.head.b[0] = (uint8_t)draw(256);
    fh_buf_init(&payload, TEST_RECORD_BYTES_MAX);
    fh_audit_checkpoint_payload(&payload, &said);
    return seal(s, FH_RECORD_AUDIT_CHECKPOINT, &payload, keys);
}

/* Signed by these, what would follow what is held, with something of its own. */
static struct test_record
next_of(const struct scene *s, enum kind kind, int64_t when_ms, const struct test_key *const *keys)
{
    bool mesh = kind == MESH_POLICY;
    struct stated stated = {
        .seq = 3, .prev = mesh ? s->mesh_policy : s->own_policy, .minor = 3, .created_ms = when_ms};
    return kind == MESH_POLICY || kind == OWN_POLICY ? policy(s, kind, stated, keys)
                                                     : waiver(s, kind, stated, keys);
}

/* ---- the attacks ---- */

static enum kind of_these(unsigned kinds)
{
    enum kind kind;
    do {
        kind = (enum kind)draw(KIND_COUNT);
    } while ((kinds & 1u << kind) == 0);
    return kind;
}

enum {
    SEVERAL = 1 << MESH_POLICY | 1 << MESH_WAIVER, /* sign these */
    ONE = 1 << OWN_POLICY | 1 << OWN_WAIVER,
    POLICIES = 1 << MESH_POLICY | 1 << OWN_POLICY,
    ALL = (1 << KIND_COUNT) - 1
};

/* A good object that nobody has yet: it would be taken as it is. */
static struct object fresh(const struct scene *s)
{
    const struct test_domain *d = s->w->domains;
    const struct test_key *both[] = {&d[0].publisher, &d[1].key, NULL};
    const struct test_key *ours[] = {&d[0].publisher, NULL};
    struct object out = {.kind = of_these(ALL)};
    out.record = out.kind == VOTE ? vote(s, &s->next, 1, &d[1].key)
                 : out.kind == CHECKPOINT
                     ? checkpoint(s, &d[0].node, &d[0].node)
                     : next_of(s, out.kind, MOMENT, (SEVERAL & 1 << out.kind) != 0 ? both : ours);
    return out;
}

static struct object arbitrary(const struct scene *s)
{
    struct object out = fresh(s);
    out.record.bytes[draw(out.record.size)] ^= (uint8_t)(1 + draw(255));
    return out;
}

static struct object endless_data(const struct scene *s)
{
    struct object out = fresh(s);
    size_t more = 1 + draw(TEST_RECORD_BYTES_MAX - out.record.size);
    if (draw(2) == 0) {
        memset(out.record.bytes + out.record.size, (int)draw(256), more);
        out.record.size += more;
    } else {
        out.record.size = 1 + draw(out.record.size - 1);
    }
    return out;
}

/* An older version under the next number, by all who have to sign. */
static struct object rollback(const struct scene *s)
{
    const struct test_domain *d = s->w->domains;
    const struct test_key *both[] = {&d[0].publisher, &d[1].key, NULL};
    const struct test_key *ours[] = {&d[0].publisher, NULL};
    struct object out = {.kind = of_these(POLICIES)};
    bool mesh = out.kind == MESH_POLICY;
    const struct stated stated = {.seq = 3,
                                  .prev = mesh ? s->mesh_policy : s->own_policy,
                                  .minor = (unsigned)draw(3),
                                  .created_ms = MOMENT};
    out.record = policy(s, out.kind, stated, mesh ? both : ours);
    return out;
}

/* A number far ahead, so that nothing later could follow: below the quorum, or with a gap. */
static struct object fast_forward(const struct scene *s)
{
    const struct test_domain *d = s->w->domains;
    const struct test_key *one[] = {draw(2) == 0 ? &d[0].publisher : &d[0].key, NULL};
    struct object out = {.kind = of_these(POLICIES)};
    struct stated stated = {.seq = 4 + draw(1u << 30), .minor = 9, .created_ms = MOMENT};
    stated.prev.b[0] = (uint8_t)(1 + draw(255));
    out.record = policy(s, out.kind, stated, one);
    return out;
}

/* What was signed after the charter had ended: who keeps its renewal from others gains nothing. */
static struct object indefinite_freeze(const struct scene *s)
{
    const struct test_key *both[] = {&s->w->domains[0].publisher, &s->w->domains[1].key, NULL};
    struct object out = {.kind = of_these(SEVERAL)};
    out.record = next_of(s, out.kind, ENDS + 1 + (int64_t)draw((uint64_t)HOUR), both);
    return out;
}

/* Good signatures under what they were not made for. */
static struct object mix_and_match(const struct scene *s)
{
    struct fh_record one, other;
    struct fh_buf buf;
    struct object out = fresh(s);
    const struct test_record *held = &s->good[draw(KIND_COUNT)];
    must(fh_record_parse(&one, test_bytes(&out.record), &s->w->mesh, &s->w->err), &s->w->err);
    must(fh_record_parse(&other, test_bytes(held), &s->w->mesh, &s->w->err), &s->w->err);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_record_join_all(&buf, one.type, one.payload, other.signatures, other.signature_count);
    out.record = test_record_of(&buf);
    fh_buf_fini(&buf);
    return out;
}

/* Keys that sign other things: nodes, members, the recovery key, strangers. */
static struct object wrong_key(const struct scene *s)
{
    const struct test_domain *d = s->w->domains;
    const struct test_key *wrong[] = {
        &d[0].node, &d[0].next, &d[1].node, &d[1].member, &d[2].key, &d[2].publisher};
    const struct test_key *by = wrong[draw(FH_COUNT(wrong))];
    const struct test_key *pair[] = {&d[0].publisher, by, NULL};
    const struct test_key *alone[] = {by, NULL};
    struct object out = {.kind = of_these(ALL)};
    out.record = out.kind == VOTE ? vote(s, &s->next, (unsigned)draw(3), by)
                 : out.kind == CHECKPOINT
                     ? checkpoint(s, &d[0].node, by == &d[0].node ? &d[1].node : by)
                     : next_of(s,
                               out.kind,
                               MOMENT,
                               (SEVERAL & 1 << out.kind) != 0 && by != &d[0].next ? pair : alone);
    return out;
}

/* All keys of one member: a mesh of two that both have to sign is not theirs. */
static struct object compromise_below_threshold(const struct scene *s)
{
    const struct test_domain *thief = &s->w->domains[draw(2)];
    const struct test_key *keys[] = {draw(2) == 0 ? &thief->publisher : &thief->key, NULL};
    struct object out = {.kind = of_these(SEVERAL)};
    out.record = next_of(s, out.kind, MOMENT, keys);
    return out;
}

/* A stolen key that was revoked since dates back what it signs. */
static struct object revoked_key(const struct scene *s)
{
    const struct test_key *pair[] = {&s->revoked, &s->w->domains[1].key, NULL};
    const struct test_key *alone[] = {&s->revoked, NULL};
    struct object out = {.kind = of_these(SEVERAL | ONE)};
    bool several = (SEVERAL & 1 << out.kind) != 0;
    /* the quorum's date is judged by the key's day; alone it is judged by today as well */
    int64_t when_ms = several ? MOMENT : TEST_START_MS + HOUR + (int64_t)draw((uint64_t)HOUR / 2);
    out.record = next_of(s, out.kind, when_ms, several ? pair : alone);
    return out;
}

static struct object signer_counted_twice(const struct scene *s)
{
    const struct test_domain *d = &s->w->domains[draw(2)];
    const struct test_key *keys[] = {&d->key, &d->publisher, NULL};
    struct object out = {.kind = of_these(SEVERAL)};
    out.record = next_of(s, out.kind, MOMENT, keys);
    return out;
}

/* Another one of the number that is held, by too few to be a fork. */
static struct object fork_below_quorum(const struct scene *s)
{
    const struct test_key *keys[] = {&s->w->domains[draw(2)].key, NULL};
    struct object out = {.kind = MESH_POLICY};
    const struct stated stated = {
        .seq = 2, .prev = s->own_policy, .minor = 2, .created_ms = MOMENT};
    out.record = policy(s, out.kind, stated, keys);
    return out;
}

/* What was taken once, or was made for another mesh or another domain. */
static struct object replayed(const struct scene *s)
{
    const struct test_domain *d = s->w->domains;
    const struct test_key *both[] = {&d[0].publisher, &d[1].key, NULL};
    const struct test_key *ours[] = {&d[0].publisher, NULL};
    struct object out = {.kind = of_these(SEVERAL | ONE | 1 << VOTE)};
    if (out.kind == VOTE || out.kind == MESH_WAIVER || draw(2) == 0) {
        out.record = s->good[out.kind];
        return out;
    }
    const struct stated stated = {
        .seq = 3, .prev = s->own_policy, .minor = 3, .created_ms = MOMENT, .elsewhere = true};
    out.record = out.kind == OWN_WAIVER
                     ? waiver(s, out.kind, stated, ours)
                     : policy(s, out.kind, stated, out.kind == MESH_POLICY ? both : ours);
    return out;
}

static struct object dated_ahead(const struct scene *s)
{
    const struct test_domain *d = s->w->domains;
    const struct test_key *both[] = {&d[0].publisher, &d[1].key, NULL};
    const struct test_key *ours[] = {&d[0].publisher, NULL};
    struct object out = {.kind = of_these(SEVERAL | ONE)};
    out.record = next_of(s,
                         out.kind,
                         NOW_MS + FH_CLOCK_SKEW_MS + 1 + (int64_t)draw((uint64_t)HOUR),
                         (SEVERAL & 1 << out.kind) != 0 ? both : ours);
    return out;
}

/* For a charter that nobody proposed, or by somebody who has no voice. */
static struct object vote_of_nobody(const struct scene *s)
{
    const struct test_domain *d = s->w->domains;
    struct object out = {.kind = VOTE};
    struct fh_charter other = s->next;
    other.created_ms += 1 + (int64_t)draw((uint64_t)HOUR / 2);
    out.record = draw(2) == 0 ? vote(s, &other, (unsigned)draw(2), &d[draw(2)].key)
                              : vote(s, &s->next, 2, &d[2].key);
    return out;
}

static const struct attack {
    const char *name;
    struct object (*make)(const struct scene *scene);
    int64_t now_ms;
} attacks[] = {
    {"arbitrary installation", arbitrary, NOW_MS},
    {"endless data", endless_data, NOW_MS},
    {"rollback", rollback, NOW_MS},
    {"fast forward", fast_forward, NOW_MS},
    {"indefinite freeze", indefinite_freeze, ENDS + 2 * HOUR},
    {"mix and match", mix_and_match, NOW_MS},
    {"wrong key", wrong_key, NOW_MS},
    {"key compromise below the threshold", compromise_below_threshold, NOW_MS},
    {"key revoked since", revoked_key, NOW_MS},
    {"signer counted twice", signer_counted_twice, NOW_MS},
    {"fork below the quorum", fork_below_quorum, NOW_MS},
    {"replay", replayed, NOW_MS},
    {"dated ahead", dated_ahead, NOW_MS},
    {"vote of nobody", vote_of_nobody, NOW_MS},
};

/* ---- taking ---- */

/* FH_OK only for what is new. */
static int offer(struct scene *s, const struct object *object, int64_t now_ms, struct fh_err *err)
{
    struct fh_bytes bytes = test_bytes(&object->record);
    struct fh_audit_checkpoint said;
    struct fh_directory_outcome outcome;
    bool is_new = false;
    int code;
    switch (object->kind) {
    case OWN_POLICY:
        return fh_policies_take(s->policies, bytes, now_ms, err);
    case VOTE:
        code = fh_directory_add(s->w->dir, bytes, now_ms, &outcome, err);
        is_new = code == FH_OK && outcome.result != FH_DIRECTORY_KNOWN;
        break;
    case CHECKPOINT:
        return fh_audit_checkpoint_open(&said, bytes, &s->w->mesh, &fh_verifier_plain, err);
    case MESH_POLICY:
    case MESH_WAIVER:
    case OWN_WAIVER:
    case KIND_COUNT:
    default:
        code = fh_policies_agree(s->policies, bytes, now_ms, &is_new, err);
        break;
    }
    return code == FH_OK && !is_new ? fh_err_rule(err, FH_EEXIST, "test.known", "known") : code;
}

static void take(struct scene *s, enum kind kind, const struct test_record *record)
{
    struct object object = {.kind = kind, .record = *record};
    must(offer(s, &object, NOW_MS, &s->w->err), &s->w->err);
    s->good[kind] = *record;
}

static struct fh_record_id id_of(const struct scene *s, const struct test_record *record)
{
    struct fh_record parsed;
    must(fh_record_parse(&parsed, test_bytes(record), &s->w->mesh, &s->w->err), &s->w->err);
    return parsed.id;
}

static void make_charters(struct scene *s)
{
    struct world *w = s->w;
    struct fh_charter *two = &s->charter;
    fh_charter_first(
        two, "skyline", &w->domains[0].id, w->domains[0].name, TEST_START_MS + 2 * HOUR);
    two->seq = 2;
    two->expires_ms = ENDS;
    two->threshold = two->policy_threshold = two->member_count = two->policy_signer_count = 2;
    memcpy(two->prev.b, w->mesh.b, sizeof two->prev.b);
    unsigned other = fh_domain_id_compare(&w->domains[0].id, &w->domains[1].id) < 0 ? 1 : 0;
    for (unsigned i = 0; i < 2; i++) {
        const struct test_domain *domain = &w->domains[i == other];
        two->members[i] = (struct fh_charter_member){.domain = domain->id};
        memcpy(two->members[i].name, domain->name, sizeof domain->name);
        two->policy_signers[i] = domain->id;
    }
    const struct test_key *keys[] = {&w->domains[0].key, &w->domains[1].key, NULL};
    struct fh_buf payload;
    fh_buf_init(&payload, TEST_RECORD_BYTES_MAX);
    fh_charter_payload(&payload, two);
    struct test_record record = seal(s, FH_RECORD_CHARTER, &payload, keys);
    add(w, record);
    s->charter_id = id_of(s, &record);
    s->next = *two; /* proposed, and voted for by one */
    s->next.seq = 3;
    s->next.prev = s->charter_id;
    s->next.created_ms = MOMENT;
    struct fh_proposal *proposal = calloc(1, sizeof *proposal);
    struct fh_buf buf;
    proposal->proposer = w->domains[0].id;
    proposal->proposed_ms = MOMENT;
    proposal->charter = s->next;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_proposal_make(&buf, proposal, &w->mesh, &w->domains[0].key.secret);
    add(w, test_record_of(&buf));
    fh_buf_fini(&buf);
    free(proposal);
    record = vote(s, &s->next, 0, &w->domains[0].key);
    take(s, VOTE, &record);
}

static void make_policies(struct scene *s)
{
    const struct test_domain *d = s->w->domains;
    const struct test_key *both[] = {&d[0].publisher, &d[1].key, NULL};
    const struct test_key *ours[] = {&d[0].publisher, NULL};
    const enum kind kinds[] = {MESH_POLICY, OWN_POLICY};
    for (size_t i = 0; i < FH_COUNT(kinds); i++) {
        struct stated stated = {.seq = 1, .minor = 1, .created_ms = MOMENT};
        struct test_record record = policy(s, kinds[i], stated, i == 0 ? both : ours);
        take(s, kinds[i], &record);
        stated =
            (struct stated){.seq = 2, .prev = id_of(s, &record), .minor = 2, .created_ms = MOMENT};
        record = policy(s, kinds[i], stated, i == 0 ? both : ours);
        take(s, kinds[i], &record);
        *(i == 0 ? &s->mesh_policy : &s->own_policy) = id_of(s, &record);
    }
    struct test_record record = next_of(s, MESH_WAIVER, MOMENT, both);
    take(s, MESH_WAIVER, &record);
    record = next_of(s, OWN_WAIVER, MOMENT, ours);
    take(s, OWN_WAIVER, &record);
    s->good[CHECKPOINT] = checkpoint(s, &d[0].node, &d[0].node);
}

static struct scene *scene_new(struct world *w)
{
    struct scene *s = calloc(1, sizeof *s);
    s->w = w;
    state_of_draw = 1;
    make_charters(s);
    s->revoked = test_key_of("revoked", REVOKED_KEY);
    add(w, test_delegation(&w->domains[0], &s->revoked, FH_ROLE_PUBLISHER, &w->mesh));
    add(w,
        test_revocation(
            &w->domains[0], FH_REVOKE_KEY, s->revoked.id.b, TEST_START_MS + 2 * HOUR, &w->mesh));
    const struct fh_policies_options options = {
        .store = w->store, .dir = w->dir, .mesh_id = w->mesh, .domain = w->domains[0].id};
    must(fh_policies_open(&s->policies, &options, &w->err), &w->err);
    make_policies(s);
    return s;
}

/* What must not change. */
struct snapshot {
    struct fh_hash agreed;
    uint64_t generation;
    uint32_t waivers;
    uint64_t charter;
    unsigned votes;
    bool forked;
};

static struct snapshot look(const struct scene *s)
{
    struct snapshot now = {.agreed = fh_agreed_hash(fh_policies_agreed(s->policies)),
                           .generation = fh_policies_generation(s->policies),
                           .charter = fh_directory_charter(s->w->dir, NULL)->seq};
    uint32_t count;
    const struct fh_waiver_held *const *waivers =
        fh_agreed_waivers(fh_policies_agreed(s->policies), &count);
    for (uint32_t i = 0; i < count; i++) {
        now.waivers = now.waivers * 31 + waivers[i]->id.b[0];
    }
    const struct fh_policy_held *const *held = fh_policies_held(s->policies, &count);
    for (uint32_t i = 0; i < count; i++) {
        now.forked = now.forked || held[i]->forked;
    }
    struct fh_directory_proposal proposal;
    fh_directory_proposal_at(s->w->dir, 0, &proposal);
    now.votes = proposal.vote_count;
    return now;
}

static bool same(const struct snapshot *a, const struct snapshot *b)
{
    return memcmp(a->agreed.b, b->agreed.b, sizeof a->agreed.b) == 0 &&
           a->generation == b->generation && a->waivers == b->waivers && a->charter == b->charter &&
           a->votes == b->votes && a->forked == b->forked;
}

static void every_one_is_refused(void **state)
{
    struct scene *s = scene_new(*state);
    const struct snapshot before = look(s);
    unsigned counts[FH_COUNT(attacks)] = {0};
    for (size_t i = 0; i < OBJECTS; i++) {
        size_t row = i % FH_COUNT(attacks);
        state_of_draw = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
        struct object object = attacks[row].make(s);
        struct fh_err err = {0};
        int code = offer(s, &object, attacks[row].now_ms, &err);
        if (code == FH_OK) {
            fail_msg("%s, object %zu, type %d: taken", attacks[row].name, i, (int)object.kind);
        }
        assert_int_equal(code, err.code);
        if (err.rule[0] == '\0' && code != FH_EEXIST) {
            fail_msg("%s, object %zu: no rule: %s", attacks[row].name, i, err.text);
        }
        const struct snapshot after = look(s);
        if (!same(&before, &after)) {
            fail_msg(
                "%s, object %zu: %s, but it changed something", attacks[row].name, i, err.rule);
        }
        counts[row]++;
    }
    for (size_t row = 0; row < FH_COUNT(attacks); row++) {
        print_message("%5u refused: %s\n", counts[row], attacks[row].name);
    }
    fh_policies_close(s->policies);
    free(s);
}

/* What the rows begin from is taken where nothing was done to it. */
static void the_right_ones_are_taken(void **state)
{
    unsigned taken[KIND_COUNT] = {0};
    struct scene *s = scene_new(*state);
    for (uint64_t turn = 1; turn < 100; turn++) {
        state_of_draw = UINT64_C(0x9e3779b97f4a7c15) * turn;
        struct object object = fresh(s);
        if (taken[object.kind] == 0) {
            must(offer(s, &object, NOW_MS, &s->w->err), &s->w->err);
            taken[object.kind]++;
        }
    }
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        assert_int_equal(taken[kind], 1);
    }
    fh_policies_close(s->policies);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_one_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_right_ones_are_taken, setup, teardown),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
