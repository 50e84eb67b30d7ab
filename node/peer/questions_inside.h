/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What questions.c and answering.c share; for them alone.
 */
#ifndef FH_NODE_PEER_QUESTIONS_INSIDE_H
#define FH_NODE_PEER_QUESTIONS_INSIDE_H

#include "node/peer/questions.h"

struct fh_question {
    struct fh_questions *owner;
    struct fh_call *call;       /* direct: answered here */
    struct fh_question *relay;  /* inner: this question is answered with our frame */
    struct fh_session *session; /* a reference */
    struct fh_session_binding binding;
    uint64_t number;
    struct fh_speaker speaker;
    struct fh_node_id via;
    bool relayed;
    unsigned code;
    struct fh_pack_reader fields;
    fh_question_watch_fn *watch; /* gets the answer first; NULL: nobody */
    void *watch_user;
};

#endif
