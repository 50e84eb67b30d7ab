/* SPDX-License-Identifier: Apache-2.0 */
#include "node/admin.h"

#include "common/assert.h"
#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "node/io/loop.h"
#include "node/peer/questions.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { HEAD_BYTES = 4, CHUNK_BYTES = 64 * 1024 };

struct client {
    struct fh_list link;
    struct fh_admin *admin;
    uv_pipe_t pipe;
    uv_write_t write;
    struct fh_buf in;
    struct fh_buf out;
    struct fh_admin_question *asked; /* one at a time; points back while the client lives */
    bool closing;
    bool writing;
};

struct fh_admin_question {
    struct client *client;      /* NULL: it hung up */
    struct fh_question *remote; /* it came over a session; then there is no client */
    struct fh_admin *admin;
    struct fh_buf bytes;
    unsigned code;
    struct fh_pack_reader fields;
    fh_admin_watch_fn *watch; /* gets the answer first; NULL: nobody */
    void *watch_user;
};

struct fh_admin {
    struct fh_loop *loop;
    fh_admin_fn *fn;
    void *user;
    uv_pipe_t listener;
    bool listening;
    bool freed; /* fh_admin_close was called: the last closed handle frees */
    unsigned handles;
    unsigned client_count;
    struct fh_list clients;
    char path[128]; /* a socket path holds 108 */
    char chunk[CHUNK_BYTES];
};

static void ask_if_whole(struct client *client);

/* ---- closing ---- */

static void handle_closed(struct fh_admin *admin)
{
    admin->handles--;
    if (admin->handles == 0 && admin->freed) {
        fh_free(admin);
    }
}

static void client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    struct fh_admin *admin = client->admin;
    fh_list_remove(&client->link);
    admin->client_count--;
    if (client->asked != NULL) {
        client->asked->client = NULL;
    }
    fh_buf_fini(&client->in);
    fh_buf_fini(&client->out);
    fh_free(client);
    handle_closed(admin);
}

static void hang_up(struct client *client)
{
    if (!client->closing) {
        client->closing = true;
        uv_close((uv_handle_t *)&client->pipe, client_closed);
    }
}

static void listener_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

/* ---- answers ---- */

static void written(uv_write_t *write, int status)
{
    struct client *client = write->data;
    client->writing = false;
    if (status != 0) {
        hang_up(client);
        return;
    }
    ask_if_whole(client); /* what came meanwhile */
}

static void send_answer(struct client *client, const struct fh_buf *answer)
{
    uint8_t head[HEAD_BYTES];
    fh_buf_reset(&client->out);
    fh_put_u32be(head, (uint32_t)answer->size);
    fh_buf_add(&client->out, head, sizeof head);
    fh_buf_add_bytes(&client->out, fh_buf_view(answer));
    if (client->closing || fh_buf_ok(&client->out) != FH_OK || answer->size > UINT32_MAX) {
        hang_up(client);
        return;
    }
    uv_buf_t buf = uv_buf_init((char *)client->out.data, (unsigned)client->out.size);
    client->write.data = client;
    client->writing = true;
    if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buf, 1, written) != 0) {
        client->writing = false;
        hang_up(client);
    }
}

const struct fh_speaker *fh_admin_speaker(const struct fh_admin_question *question)
{
    return question->remote == NULL ? NULL : fh_question_speaker(question->remote);
}

void fh_admin_watch(struct fh_admin_question *question, fh_admin_watch_fn *fn, void *user)
{
    FH_ASSERT(question->watch == NULL);
    question->watch = fn;
    question->watch_user = user;
}

/* Whether somebody else has the answer now. */
static bool is_watched(struct fh_admin_question *question,
                       const struct fh_buf *answer,
                       const struct fh_err *err)
{
    fh_admin_watch_fn *watch = FH_TAKE(question->watch);
    if (watch != NULL) {
        watch(question, answer, err, question->watch_user);
    }
    return watch != NULL;
}

void fh_admin_answer(struct fh_admin_question *question, const struct fh_buf *answer)
{
    if (fh_buf_ok(answer) != FH_OK) {
        struct fh_err err;
        fh_err_set(&err, fh_buf_ok(answer), "the answer is too large");
        fh_admin_refuse(question, &err);
        return;
    }
    if (is_watched(question, answer, NULL)) {
        return;
    }
    if (question->remote != NULL) {
        fh_question_answer_buf(question->remote, answer);
        fh_free(question);
        return;
    }
    if (question->client != NULL) {
        question->client->asked = NULL;
        send_answer(question->client, answer);
    }
    fh_buf_fini(&question->bytes);
    fh_free(question);
}

void fh_admin_refuse(struct fh_admin_question *question, const struct fh_err *err)
{
    if (is_watched(question, NULL, err)) {
        return;
    }
    if (question->remote != NULL) {
        fh_question_refuse(question->remote, err);
        fh_free(question);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 4096);
    fh_msg_error(&out, err, 0);
    FH_ASSERT(fh_buf_ok(&out) == FH_OK);
    fh_admin_answer(question, &out);
}

void fh_admin_conclude(struct fh_admin_question *question,
                       int code,
                       const struct fh_buf *answer,
                       const struct fh_err *err)
{
    if (code == FH_OK) {
        fh_admin_answer(question, answer);
    } else {
        fh_admin_refuse(question, err);
    }
}

unsigned fh_admin_code(const struct fh_admin_question *question)
{
    return question->code;
}

struct fh_pack_reader *fh_admin_fields(struct fh_admin_question *question)
{
    return &question->fields;
}

/* ---- questions ---- */

static void ask(struct client *client, struct fh_bytes bytes)
{
    struct fh_admin_question *question = fh_calloc(1, sizeof *question);
    if (question == NULL) {
        hang_up(client);
        return;
    }
    question->client = client;
    question->admin = client->admin;
    fh_buf_init(&question->bytes, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_add_bytes(&question->bytes, bytes);
    client->asked = question;
    struct fh_err err;
    int rc = fh_buf_ok(&question->bytes);
    if (rc != FH_OK) {
        fh_err_set(&err, rc, "no memory for a question");
    } else {
        rc = fh_msg_open(&question->fields,
                         fh_buf_view(&question->bytes),
                         FH_ADMIN_FRAME_BYTES_MAX,
                         &question->code,
                         &err);
    }
    if (rc != FH_OK) {
        fh_admin_refuse(question, &err);
        return;
    }
    client->admin->fn(question, client->admin->user);
}

struct fh_admin_question *fh_admin_question_of(struct fh_question *remote, struct fh_bytes message)
{
    struct fh_err err;
    struct fh_admin_question *question = fh_calloc(1, sizeof *question);
    int rc = question == NULL ? fh_err_set(&err, FH_ENOMEM, "no memory for a question") : FH_OK;
    if (rc == FH_OK) {
        rc = fh_msg_open(
            &question->fields, message, FH_FRAME_REQUEST_BYTES_MAX, &question->code, &err);
    }
    if (rc != FH_OK) {
        fh_question_refuse(remote, &err);
        fh_free(question);
        return NULL;
    }
    question->remote = remote;
    return question;
}

static void ask_if_whole(struct client *client)
{
    if (client->closing || client->asked != NULL || client->writing ||
        client->in.size < HEAD_BYTES) {
        return;
    }
    size_t size = fh_get_u32be(client->in.data);
    if (size == 0 || size > FH_ADMIN_FRAME_BYTES_MAX) {
        hang_up(client);
        return;
    }
    if (client->in.size < HEAD_BYTES + size) {
        return;
    }
    ask(client, fh_bytes(client->in.data + HEAD_BYTES, size));
    size_t left = client->in.size - HEAD_BYTES - size;
    memmove(client->in.data, client->in.data + HEAD_BYTES + size, left);
    client->in.size = left;
}

static void give_chunk(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct client *client = handle->data;
    *out = uv_buf_init(client->admin->chunk, CHUNK_BYTES);
}

static void received(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct client *client = stream->data;
    if (n < 0) {
        hang_up(client);
        return;
    }
    fh_buf_add(&client->in, buf->base, (size_t)n);
    if (fh_buf_ok(&client->in) != FH_OK) {
        hang_up(client);
        return;
    }
    ask_if_whole(client);
}

static bool is_ours(uv_pipe_t *pipe)
{
    uv_os_fd_t fd;
    struct ucred peer;
    socklen_t size = sizeof peer;
    return uv_fileno((uv_handle_t *)pipe, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void connected(uv_stream_t *listener, int status)
{
    struct fh_admin *admin = listener->data;
    struct client *client = status == 0 ? fh_calloc(1, sizeof *client) : NULL;
    if (client == NULL) {
        return;
    }
    client->admin = admin;
    client->pipe.data = client;
    fh_buf_init(&client->in, FH_ADMIN_FRAME_BYTES_MAX + HEAD_BYTES + CHUNK_BYTES);
    fh_buf_init(&client->out, FH_ADMIN_FRAME_BYTES_MAX + HEAD_BYTES);
    if (uv_pipe_init(fh_loop_uv(admin->loop), &client->pipe, 0) != 0) {
        fh_free(client);
        return;
    }
    admin->handles++;
    admin->client_count++;
    fh_list_push_back(&admin->clients, &client->link);
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0 || !is_ours(&client->pipe) ||
        admin->client_count > FH_ADMIN_CLIENTS_MAX ||
        uv_read_start((uv_stream_t *)&client->pipe, give_chunk, received) != 0) {
        hang_up(client);
    }
}

/* ---- lifecycle ---- */

int fh_admin_open(struct fh_admin **out,
                  struct fh_loop *loop,
                  const char *path,
                  fh_admin_fn *fn,
                  void *user,
                  struct fh_err *err)
{
    struct fh_admin *admin = fh_calloc(1, sizeof *admin);
    if (admin == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the admin socket");
    }
    admin->loop = loop;
    admin->fn = fn;
    admin->user = user;
    fh_list_init(&admin->clients);
    snprintf(admin->path, sizeof admin->path, "%s", path);
    int rc = uv_pipe_init(fh_loop_uv(loop), &admin->listener, 0);
    if (rc != 0) {
        fh_free(admin);
        return fh_err_set(err, FH_EIO, "%s: %s", path, uv_strerror(rc));
    }
    admin->listener.data = admin;
    admin->handles = 1;
    unlink(path);
    mode_t before = umask(0177); /* the socket is ours alone from its first moment */
    rc = uv_pipe_bind(&admin->listener, path);
    umask(before);
    if (rc == 0) {
        rc = uv_listen((uv_stream_t *)&admin->listener, FH_ADMIN_CLIENTS_MAX, connected);
    }
    admin->listening = true;
    if (rc != 0) {
        fh_admin_close(admin);
        return fh_err_set(err, FH_EIO, "%s: cannot listen: %s", path, uv_strerror(rc));
    }
    *out = admin;
    return FH_OK;
}

void fh_admin_quiesce(struct fh_admin *admin)
{
    if (admin->listening) {
        admin->listening = false;
        unlink(admin->path);
        uv_close((uv_handle_t *)&admin->listener, listener_closed);
    }
}

void fh_admin_close(struct fh_admin *admin)
{
    if (admin == NULL) {
        return;
    }
    fh_admin_quiesce(admin);
    FH_LIST_FOREACH (link, &admin->clients) {
        hang_up(FH_LIST_ENTRY(link, struct client, link));
    }
    admin->freed = true;
    if (admin->handles == 0) {
        fh_free(admin);
    }
}
