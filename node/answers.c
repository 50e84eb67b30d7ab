/* SPDX-License-Identifier: Apache-2.0 */
#include "node/answers.h"

#include "common/time.h"

void fh_answers_init(struct fh_answers *answers, const struct fh_answers_options *o)
{
    struct fh_residence *home = o->home;
    answers->desk =
        (struct fh_desk){.grants = &home->grants, .courier = o->courier, .names = home->names};
    answers->token_desk = (struct fh_token_desk){.deposits = home->deposits,
                                                 .dir = home->dir,
                                                 .mesh = o->mesh,
                                                 .mesh_id = home->mesh_id,
                                                 .serve = o->serve};
    answers->moves = (struct fh_moves){
        .catalog = home->catalog,
        .dir = home->dir,
        .policies = home->policies,
        .mesh = o->mesh,
        .mesh_id = home->mesh_id,
        .domain = home->domain,
    };
    answers->lookup = (struct fh_lookup){
        .catalog = home->catalog,
        .dir = home->dir,
        .names = home->names,
        .policies = home->policies,
        .mesh = o->mesh,
        .mesh_id = home->mesh_id,
        .domain = home->domain,
        .started_ms = fh_clock_mono_ms(),
    };
    if (home->keys != NULL) {
        answers->lookup.node = fh_keystore_node(home->keys);
    }
    answers->can = (struct fh_can){
        .catalog = home->catalog,
        .dir = home->dir,
        .rights = home->rights,
        .domain = home->domain,
    };
    answers->governed = (struct fh_governed){
        .catalog = home->catalog,
        .policies = home->policies,
        .domain = home->domain,
    };
    answers->routes = (struct fh_routes){
        .home = home,
        .mesh = o->mesh,
        .relay = o->relay,
        .serve = o->serve,
        .schedule = o->schedule,
        .publisher = o->publisher,
        .remote_publisher = o->remote_publisher,
        .lookup = &answers->lookup,
        .moves = &answers->moves,
        .desk = &answers->desk,
        .token_desk = &answers->token_desk,
        .own = {.dir = home->dir, .mesh = o->mesh, .domain = home->domain},
        .recording = o->recording,
        .witnessing = o->witnessing,
        .policing = o->policing,
        .can = &answers->can,
        .governed = &answers->governed,
    };
}
