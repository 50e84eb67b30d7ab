/* SPDX-License-Identifier: Apache-2.0 */
#include "node/io/link.h"

#include "common/address.h"
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/link_inside.h"

#include <signal.h>
#include <string.h>
#include <sys/un.h>

/* ---- messages ---- */

struct fh_message *fh_message_new(size_t size)
{
    struct fh_message *message = fh_alloc(sizeof *message + size);
    if (message != NULL) {
        message->size = size;
    }
    return message;
}

struct fh_message *fh_message_copy(struct fh_bytes bytes)
{
    struct fh_message *message = fh_message_new(bytes.size);
    if (message != NULL && bytes.size > 0) {
        memcpy(message->data, bytes.data, bytes.size);
    }
    return message;
}

uint8_t *fh_message_data(struct fh_message *message)
{
    return message->data;
}

size_t fh_message_size(const struct fh_message *message)
{
    return message->size;
}

struct fh_bytes fh_message_bytes(struct fh_message *message)
{
    return fh_bytes(message->data, message->size);
}

void fh_message_truncate(struct fh_message *message, size_t size)
{
    FH_ASSERT(size <= message->size);
    message->size = size;
}

void fh_message_free(struct fh_message *message)
{
    fh_free(message);
}

/* ---- addresses ---- */

int fh_link_address(const char *address,
                    struct fh_address *out_tcp,
                    const char **out_path,
                    struct fh_err *err)
{
    static const char scheme[] = "ipc://";
    const size_t path_max = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (strncmp(address, scheme, sizeof scheme - 1) != 0) {
        return fh_address_parse(out_tcp, address, err);
    }
    const char *path = address + sizeof scheme - 1;
    if (path[0] != '/' || strlen(path) > path_max) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "address",
                           "\"%.128s\": a local socket is ipc:// and an absolute path of at most "
                           "%zu bytes",
                           address,
                           path_max);
    }
    *out_path = path;
    return FH_OK;
}

/* ---- its own loop, inside the owner's ---- */

enum { SWEEP_MS_MIN = 20, SWEEP_MS_MAX = 1000 };

static void set_sweep(struct fh_link *link, int64_t now_ms)
{
    int64_t least = link->options.handshake_ms < link->options.idle_ms ? link->options.handshake_ms
                                                                       : link->options.idle_ms;
    int64_t wait_ms = least / 4;
    wait_ms = wait_ms < SWEEP_MS_MIN ? SWEEP_MS_MIN : wait_ms;
    wait_ms = wait_ms > SWEEP_MS_MAX ? SWEEP_MS_MAX : wait_ms;
    fh_timer_set(link->sweep_timer, now_ms + wait_ms);
}

static void on_sweep_timer(void *user)
{
    struct fh_link *link = user;
    int64_t now_ms = fh_clock_mono_ms();
    fh_link_pipes_sweep(link, now_ms);
    fh_link_dialers_sweep(link, now_ms);
    set_sweep(link, now_ms);
}

static void on_deadline_timer(void *user)
{
    fh_link_deadlines(user, fh_clock_mono_ms());
}

static void on_listen(struct fh_inbox_event *event)
{
    fh_link_accept_begin(FH_LIST_ENTRY(event, struct fh_link, listen));
}

static void on_sweep(struct fh_inbox_event *event)
{
    struct fh_link *link = FH_LIST_ENTRY(event, struct fh_link, sweep);
    fh_conn_write_all(link); /* what was answered before is sent */
    fh_link_pipes_sweep(link, fh_clock_mono_ms());
}

static void on_quiesce(struct fh_inbox_event *event)
{
    struct fh_link *link = FH_LIST_ENTRY(event, struct fh_link, quiesce);
    fh_link_accept_end(link);
    fh_link_requests_end(link);
}

static void on_stop(struct fh_inbox_event *event)
{
    struct fh_link *link = FH_LIST_ENTRY(event, struct fh_link, stop);
    fh_conn_write_all(link);
    FH_LIST_FOREACH (place, &link->conns) {
        fh_conn_end(FH_LIST_ENTRY(place, struct fh_conn, link_list), UV_ECANCELED);
    }
    fh_timer_free(link->sweep_timer);
    fh_timer_free(link->deadline_timer);
    fh_loop_stop(link->io);
}

/* ---- lifecycle: the owner's thread ---- */

static unsigned cut_unsigned(unsigned wanted, unsigned limit)
{
    return wanted == 0 || wanted > limit ? limit : wanted;
}

static int64_t cut_ms(int64_t wanted, int64_t limit)
{
    return wanted <= 0 || wanted > limit ? limit : wanted;
}

static struct fh_link_options cut_options(const struct fh_link_options *wanted)
{
    struct fh_link_options o = wanted != NULL ? *wanted : (struct fh_link_options){0};
    return (struct fh_link_options){
        .contexts = cut_unsigned(o.contexts, FH_LINK_CONTEXTS),
        .pipes_max = cut_unsigned(o.pipes_max, FH_PIPES_MAX),
        .unauthenticated_per_address_max = cut_unsigned(o.unauthenticated_per_address_max,
                                                        FH_PIPES_UNAUTHENTICATED_PER_ADDRESS_MAX),
        .handshake_ms = cut_ms(o.handshake_ms, FH_HANDSHAKE_MS),
        .idle_ms = cut_ms(o.idle_ms, FH_PIPE_IDLE_MS),
        .connect_ms = cut_ms(o.connect_ms, FH_CONNECT_MS),
    };
}

/* Frees what there is of a link whose sockets are closing. */
static void free_parts(struct fh_link *link)
{
    fh_inbox_free(link->io_inbox);
    fh_loop_free(link->io); /* runs the closing callbacks */
    fh_link_calls_free(link);
    fh_link_dialers_free(link);
    fh_pipes_fini(&link->pipes);
    fh_free(link);
}

static void write_replies(void *user)
{
    fh_conn_write_all(user);
}

static int new_parts(struct fh_link *link, struct fh_loop *loop, struct fh_err *err)
{
    int code = fh_loop_new(&link->io, err);
    if (code == FH_OK) {
        code = fh_inbox_new(&link->io_inbox, link->io, err);
    }
    if (code == FH_OK) {
        fh_inbox_after(link->io_inbox, write_replies, link);
        code = fh_link_calls_new(link, err);
    }
    if (code == FH_OK) {
        code = fh_timer_new(&link->sweep_timer, link->io, on_sweep_timer, link, err);
    }
    if (code == FH_OK) {
        code = fh_timer_new(&link->deadline_timer, link->io, on_deadline_timer, link, err);
    }
    if (code == FH_OK) {
        set_sweep(link, fh_clock_mono_ms());
        code = fh_loop_embed(loop, link->io, err);
    }
    if (code != FH_OK) {
        fh_timer_free(link->sweep_timer);
        fh_timer_free(link->deadline_timer);
    }
    return code;
}

int fh_link_new(struct fh_link **out,
                struct fh_loop *loop,
                struct fh_inbox *inbox,
                const struct fh_link_options *options,
                fh_call_fn *fn,
                void *user,
                struct fh_err *err)
{
    struct fh_link *link = fh_calloc(1, sizeof *link);
    if (link == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the link");
    }
    signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
    link->inbox = inbox;
    link->options = cut_options(options);
    link->fn = fn;
    link->user = user;
    link->next_deadline_ms = INT64_MAX;
    fh_list_init(&link->conns);
    fh_list_init(&link->unwritten);
    fh_list_init(&link->dialing);
    fh_inbox_event_init(&link->listen, on_listen);
    fh_inbox_event_init(&link->sweep, on_sweep);
    fh_inbox_event_init(&link->quiesce, on_quiesce);
    fh_inbox_event_init(&link->stop, on_stop);
    fh_pipes_init(
        &link->pipes, link->options.pipes_max, link->options.unauthenticated_per_address_max);
    int code = new_parts(link, loop, err);
    if (code != FH_OK) {
        free_parts(link);
        return code;
    }
    *out = link;
    return FH_OK;
}

int fh_link_listen(struct fh_link *link, const char *address, struct fh_err *err)
{
    return fh_link_bind(link, address, err);
}

uint16_t fh_link_port(const struct fh_link *link)
{
    return link->port;
}

void fh_link_quiesce(struct fh_link *link)
{
    if (!atomic_exchange(&link->quiesced, true)) {
        fh_inbox_post(link->io_inbox, &link->quiesce);
    }
}

bool fh_link_drained(const struct fh_link *link)
{
    return atomic_load(&link->quiesced) && atomic_load(&link->held) == 0 &&
           atomic_load(&link->sending) == 0 && link->in_flight == 0;
}

void fh_link_free(struct fh_link *link)
{
    if (link == NULL) {
        return;
    }
    FH_ASSERT(atomic_load(&link->held) == 0);
    fh_link_quiesce(link);
    fh_inbox_post(link->io_inbox, &link->stop);
    fh_loop_run(link->io); /* until on_stop */
    free_parts(link);
}

/* ---- connections ---- */

int fh_link_trust(struct fh_link *link,
                  uint32_t pipe,
                  const uint8_t key[FH_LINK_KEY_BYTES],
                  struct fh_err *err)
{
    return fh_pipes_trust(&link->pipes, pipe, key, err);
}

bool fh_link_stands(struct fh_link *link, uint32_t pipe)
{
    return fh_pipes_stand(&link->pipes, pipe);
}

void fh_link_disconnect(struct fh_link *link, uint32_t pipe)
{
    if (fh_pipes_unwant(&link->pipes, pipe)) {
        fh_inbox_post(link->io_inbox, &link->sweep);
    }
}

struct fh_link_counters fh_link_counters(struct fh_link *link)
{
    return (struct fh_link_counters){
        .calls = atomic_load(&link->calls_count),
        .replies = atomic_load(&link->replies_count),
        .replies_lost = atomic_load(&link->replies_lost),
        .pipes = fh_pipes_count(&link->pipes),
        .pipes_refused = atomic_load(&link->pipes_refused),
        .pipes_expired = atomic_load(&link->pipes_expired),
        .requests = link->requests_count,
        .requests_failed = link->requests_failed,
    };
}
