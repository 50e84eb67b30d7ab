/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a freehold_client: who we are, the link, the session with the entry peer, and the
 * sessions with owners that run through it.
 *
 * Does not: belong to the public interface (freehold.h does). Thread: one. Ownership: the client
 * owns everything; channels are lent until the next call that may open one.
 */
#ifndef FH_TOOLS_CLIENT_CLIENT_H
#define FH_TOOLS_CLIENT_CLIENT_H

#include "tools/client/channel.h"
#include "tools/client/freehold.h"
#include "tools/client/plans.h"

enum {
    FH_CLIENT_ADDRESS_BYTES = FH_ADDRESS_BYTES_MAX + 10, /* with brackets, port and NUL */
    FH_CLIENT_OWNERS_MAX = 16,  /* inner sessions kept beside the one with the entry peer */
    FH_CLIENT_GIVEN_UP_MAX = 8, /* slots kept for answers that came too late */
};

struct fh_owner_channel {
    struct fh_channel *channel; /* NULL: free */
    unsigned in_use;            /* results that read from it */
};

/* A QUERY whose answer came too late (given_up.h). */
struct fh_given_up {
    struct fh_channel *channel; /* in use for it */
    int slot;
    unsigned renewals; /* of the channel, when it was asked */
    int64_t until_ms;  /* monotonic: no answer comes after that */
};

struct freehold_client {
    struct fh_actor *actor;
    char address[FH_CLIENT_ADDRESS_BYTES];
    int interrupts; /* an eventfd: see freehold_interrupt */
    struct fh_link *link;
    struct fh_channel *entry;
    unsigned results; /* open ones, of any channel */
    struct fh_owner_channel owners[FH_CLIENT_OWNERS_MAX];
    struct fh_plans *plans;
    unsigned given_up_count;
    struct fh_given_up given_up[FH_CLIENT_GIVEN_UP_MAX];
    unsigned outbox_count; /* results whose requests are not signed yet: outbox.h */
    struct freehold_result *outbox[FH_TOGETHER_MAX];
    int64_t outbox_since_ms; /* monotonic: the first of them */
    struct fh_buf outgoing;  /* scratch of what is sent in the midst of other calls */
    struct fh_buf request;   /* scratch of one call */
    struct fh_buf answer;
};

/* ---- between the public structs and ours ---- */

/* Copies `err` to the caller's struct (may be NULL) as far as its size goes; returns err->code. */
int fh_public_error(struct freehold_error *out, const struct fh_err *err);
/* Copies a filled value struct of `known` bytes to the caller's, whose leading size is kept and
 * bounds the copy. Both begin with `size_t size`. */
void fh_public_copy(void *out, const void *filled, size_t known);

/* ---- opening in this process ---- */

/* As freehold_open_with; `options` is complete. */
FH_MUST_CHECK int fh_client_open(struct freehold_client **out,
                                 const struct freehold_options *options,
                                 struct fh_err *err);
/* A client of an actor that is at hand (taken, also on failure), at `peer`. */
FH_MUST_CHECK int fh_client_open_actor(struct freehold_client **out,
                                       struct fh_actor *actor,
                                       const char *peer,
                                       struct fh_err *err);
/* Where the node of these settings listens; a wildcard is reached by the loopback of its family. */
FH_MUST_CHECK int fh_client_own_address(char out[FH_CLIENT_ADDRESS_BYTES],
                                        const struct fh_settings *settings,
                                        struct fh_err *err);

/* Whether its session can take new work as it is, and no result is open. */
bool fh_client_is_whole(const struct freehold_client *client);

/* ---- calls ---- */

/* Makes sure that the session with the entry peer can take new work: opens it, or opens it again
 * when it is worn and no result reads from it. */
FH_MUST_CHECK int fh_client_ready(struct freehold_client *client, struct fh_err *err);

/* Sends client->request to the entry peer; `reader` stands at the first field of the answer, which
 * stays in client->answer. Requires fh_client_ready. */
FH_MUST_CHECK int
fh_client_call(struct freehold_client *client, struct fh_pack_reader *reader, struct fh_err *err);
/* The same at the node of a channel of this client. */
FH_MUST_CHECK int fh_client_call_at(struct freehold_client *client,
                                    struct fh_channel *channel,
                                    struct fh_pack_reader *reader,
                                    struct fh_err *err);

/* Asks the entry peer for one record. `*out` lies in client->answer, and is FH_BYTES_NONE when the
 * peer does not hold it. */
FH_MUST_CHECK int fh_client_pull(struct fh_bytes *out,
                                 struct freehold_client *client,
                                 const struct fh_record_id *id,
                                 struct fh_err *err);

/* Reads by `end` what stands behind the entries of a page: where the next one begins. `next` held
 * where this one began; 0: it was the last, also when the peer does not go on. */
typedef int fh_page_end_fn(struct fh_pack_reader *reader, uint64_t *out_next, struct fh_err *err);
FH_MUST_CHECK int fh_client_page_end(fh_page_end_fn *end,
                                     struct fh_pack_reader *reader,
                                     uint64_t *next,
                                     struct fh_err *err);

/* Asks the entry peer for the identity records of a domain (NULL: of all, as far as one answer
 * goes) and adds what verifies. Requires fh_client_ready; uses request and answer. */
FH_MUST_CHECK int fh_client_learn(struct freehold_client *client,
                                  const struct fh_domain_id *domain,
                                  struct fh_err *err);

/* Makes sure that the directory holds an admitted domain (or one that was, and is expelled) with
 * its keys, asking the entry peer for records when it does not; what comes is verified. Uses
 * request and answer. FH_ENOTFOUND, FH_ESIG. */
FH_MUST_CHECK int fh_client_know(struct freehold_client *client,
                                 const struct fh_domain_id *domain,
                                 struct fh_err *err);

/* Whether `name` is the domain's, as the directory pins it or as the home calls it; not as a peer
 * says. */
bool fh_client_calls(const struct freehold_client *client,
                     const char *name,
                     const struct fh_domain_id *domain);

/* As fh_directory_verify, fetching what is missing first. `record` must not lie in
 * client->answer. */
FH_MUST_CHECK int fh_client_verify(struct freehold_client *client,
                                   const struct fh_record *record,
                                   const struct fh_domain_id *domain,
                                   unsigned roles,
                                   int64_t when_ms,
                                   struct fh_signer *out,
                                   struct fh_err *err);

/* The channel to a node of `domain`: the entry peer's when it is that node, else an inner session
 * through it. The channel is marked in use: fh_client_release. */
FH_MUST_CHECK int fh_client_channel(struct freehold_client *client,
                                    const struct fh_domain_id *domain,
                                    const struct fh_node_id *node,
                                    struct fh_channel **out,
                                    struct fh_err *err);
void fh_client_release(struct freehold_client *client, struct fh_channel *channel);
/* The channel is in use once more, or once less, by what is no result: it is not closed for another
 * owner's meanwhile. */
void fh_client_keep(struct freehold_client *client, const struct fh_channel *channel, bool on);

#endif
