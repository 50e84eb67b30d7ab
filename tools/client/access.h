/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access: asking owners for it, what became of that, and what may be read.
 *
 * A request is signed here, so any peer may carry it. What comes back is verified: an answer and a
 * grant count when the owner signed them for the request that this key made. Whether something may
 * be read is the owner's word, asked end to end.
 *
 * Does not: print. Thread: one. Ownership: a list owns what its entries name.
 */
#ifndef FH_TOOLS_CLIENT_ACCESS_H
#define FH_TOOLS_CLIENT_ACCESS_H

#include "proto/governance/access_request.h"
#include "proto/governance/grant.h"
#include "proto/session/messages_access.h"
#include "proto/session/messages_waived.h"
#include "tools/client/client.h"

/* What became of a request. */
enum fh_access_state {
    FH_ACCESS_WAITS,    /* at the peer that took it: its owner is away */
    FH_ACCESS_OPEN_YET, /* the owner has it and has not answered */
    FH_ACCESS_GRANTED,
    FH_ACCESS_REFUSED, /* denied, or not taken */
    FH_ACCESS_OVER,    /* granted once; ended or expired since */
    FH_ACCESS_STATE_COUNT
};
/* "waiting", "open", "approved", "denied", "ended". */
const char *fh_access_state_text(enum fh_access_state state);

struct fh_access_entry {
    struct fh_record_id id;
    struct fh_access_request request;
    int64_t received_ms; /* Unix, by the clock of who holds it */
    bool delivered;
    char refused[FH_ERR_RULE_BYTES]; /* the rule by which the owner did not take it, or "" */
    bool by_token;                   /* a token of the key signed it */
    bool has_answer;
    struct fh_access_answer answer;
    bool answer_by_token; /* a token of a publisher signed it */
    bool has_grant;
    struct fh_grant grant;
    int64_t ended_ms;                       /* since when the grant is ended; 0: it is not */
    char owner_name[FH_NAME_BYTES_MAX + 1]; /* as the node says them, for people; "" */
    char consumer_name[FH_NAME_BYTES_MAX + 1];
    char key_label[FH_NAME_BYTES_MAX + 1];
};

struct fh_access_list {
    struct fh_arena *arena;
    size_t count;
    size_t capacity; /* private */
    struct fh_access_entry *items;
    unsigned away; /* owners that could not be asked */
};

FH_MUST_CHECK int fh_access_list_init(struct fh_access_list *list, struct fh_err *err);
void fh_access_list_fini(struct fh_access_list *list);

/* Reads one entry of ASKED or ADMIN_ASKED, without verifying: its texts lie in the list's arena,
 * tokens are lent from the message. FH_EPROTO, FH_EINVAL, FH_ENOMEM. */
FH_MUST_CHECK int fh_access_entry_read(struct fh_access_list *list,
                                       const struct fh_msg_asked *asked,
                                       const struct fh_mesh_id *mesh,
                                       struct fh_access_entry *out,
                                       struct fh_err *err);
/* The same into the list, one that is there is replaced when the new one knows more. */
FH_MUST_CHECK int fh_access_list_add(struct fh_access_list *list,
                                     const struct fh_msg_asked *asked,
                                     const struct fh_mesh_id *mesh,
                                     struct fh_err *err);
enum fh_access_state fh_access_state(const struct fh_access_entry *entry, int64_t now_ms);
/* Whether nobody has answered yet. */
bool fh_access_is_open(enum fh_access_state state);
/* The newest comes first. */
void fh_access_list_sort(struct fh_access_list *list);
/* The one whose id is `text`, or begins with it (8 letters and more). FH_ENOTFOUND
 * ("access.request.unknown"), FH_EUSAGE when several do. Lent with the list. */
FH_MUST_CHECK int fh_access_entry_find(const struct fh_access_list *list,
                                       const char *text,
                                       const struct fh_access_entry **out,
                                       struct fh_err *err);

/* The requests of the client's key, verified: what the entry peer knows, and what the owners say
 * whom it can reach. `products` of others are looked through for owners. */
FH_MUST_CHECK int
fh_access_mine(struct fh_access_list *list, struct freehold_client *client, struct fh_err *err);

/* A request of the client's key that nobody has answered yet and that asks for the same (owner,
 * product, columns, purpose), by the word of the entry peer and of its owner; NULL: none. Lent with
 * the list, into which what was told goes. */
FH_MUST_CHECK int fh_access_find_open(struct fh_access_list *list,
                                      struct freehold_client *client,
                                      const struct fh_access_request *like,
                                      const struct fh_access_entry **out,
                                      struct fh_err *err);

/* Signs and hands in a request; consumer, key, token and created_ms are filled here.
 * `out_delivered`: the owner has it; else the entry peer keeps it. */
FH_MUST_CHECK int fh_access_ask(struct freehold_client *client,
                                struct fh_access_request *request,
                                struct fh_record_id *out_id,
                                bool *out_delivered,
                                struct fh_err *err);

/* What the client's key may read, and by what. */
struct fh_access_right {
    struct fh_record_id grant; /* zero: none is needed */
    bool masked;               /* not all is shown as it is */
    uint32_t waived_count;     /* rules that do not bind it here */
    struct fh_msg_waived waived[FH_MSG_WAIVED_MAX];
};
/* Asks the owner whether the client's key may read. A token is told its own rights. FH_EDENIED with
 * the owner's reason, FH_EUNREACH ("product.unreachable"); then `out` is nothing. */
FH_MUST_CHECK int fh_access_can(struct freehold_client *client,
                                const struct fh_domain_id *owner,
                                const struct fh_msg_can *can,
                                struct fh_access_right *out,
                                struct fh_err *err);

/* An end-to-end channel to a node of that domain. Given: fh_client_release. FH_EUNREACH
 * ("product.unreachable"). */
FH_MUST_CHECK int fh_access_open_owner(struct freehold_client *client,
                                       const struct fh_domain_id *owner,
                                       struct fh_channel **out,
                                       struct fh_err *err);

#endif
