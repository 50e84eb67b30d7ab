/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ends of a mesh in one process, over loopback, with real keys and records: the node of the
 * founder, which answers, and a caller: another domain's node or member, or a stranger.
 *
 * Steps fail the test by themselves. Thread: the test's.
 */
#ifndef FH_TESTS_NODE_PEER_PAIR_H
#define FH_TESTS_NODE_PEER_PAIR_H

#include "node/peer/peers.h"
#include "node/peer/questions.h"
#include "tests/lib/identities.h"

struct fh_inbox;
struct fh_link;
struct fh_loop;

enum { WAIT_MS = 20000 };

/* Answers the question (taken), or leaves it: then it gets an empty good answer. */
typedef bool side_answer_fn(struct fh_question *question, void *user);

/* One end: a key that speaks for a domain, and all that a node has of io and peers. */
struct side {
    struct fh_agree_secret agree;
    struct fh_directory *dir;
    struct fh_identity *identity;
    struct fh_link *link;
    struct fh_peers *peers;
    struct fh_questions *questions;
    struct fh_node_id node;
    char address[32];
    unsigned asked; /* questions that reached the handler */
    unsigned gone;  /* open sessions that ended */
    unsigned last_code;
    side_answer_fn *answer; /* NULL: none of its own */
    void *user;
};

struct mesh {
    struct fh_loop *loop;
    struct fh_inbox *inbox;
    struct fh_mesh_id id;
    struct test_domain founder;
    struct test_domain joined;
    struct test_domain stranger;
    struct side server; /* the founder's node */
    struct side caller;
};

/* Who calls. */
enum who { NODE, MEMBER, STRANGER, WHO_COUNT };

/* How a call ended. */
struct end {
    bool done;
    int code;
    char rule[FH_ERR_RULE_BYTES];
};

struct mesh *pair_set_up(enum who caller);
void pair_tear_down(struct mesh *m);

/* Calls the server (any node there) or the target, and waits for the end. */
struct end pair_ask(struct mesh *m, unsigned code);
struct end pair_ask_target(struct mesh *m, const struct fh_peer_target *target, unsigned code);
void pair_expect(const struct end *end, int code, const char *rule);

/* Parts, for a third end: what every member knows, one more record, a delegation in force now. */
struct fh_directory *pair_common_directory(struct mesh *m);
void pair_add(struct fh_directory *dir, const struct test_record *record);
void pair_delegate(const struct mesh *m,
                   struct fh_directory *dir,
                   const struct test_domain *domain,
                   const struct test_key *subject,
                   enum fh_role role);
/* `dir` is taken. */
void pair_set_up_side(struct mesh *m,
                      struct side *side,
                      struct fh_directory *dir,
                      const struct test_domain *domain,
                      const struct test_key *key);
void pair_tear_down_side(struct mesh *m, struct side *side);

#endif
