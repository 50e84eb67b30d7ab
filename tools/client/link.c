/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The REQ side of nanomsg's "SP over TCP" on a socket of our own, read and written by the thread
 * that waits anyway. NNG's library would hand each message through three threads of its own, which
 * is most of what a small question costs.
 */
#include "tools/client/link.h"

#include "common/address.h"
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/wire/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    GREETING_BYTES = 8,
    HEAD_BYTES = 12,        /* length of what follows, and the number of the request */
    NUMBER_BYTES = 4,       /* of it, counted in the length */
    IN_BYTES = 16 * 1024,   /* read ahead: heads, and small answers whole */
    KEPT_BYTES = 64 * 1024, /* memory that a free slot keeps for its next answer */
    LATE_MS = 1000,         /* for what has come, and its rest, when nobody read in time */
};

static const uint8_t our_greeting[GREETING_BYTES] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
static const uint8_t their_greeting[GREETING_BYTES] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};
static const uint32_t request_bit = 0x80000000U; /* of a request's number on the wire */

/*      take          post              the answer is here      wait
 * FREE ────► TAKEN ──────► WAITING ───────────────► ANSWERED ──────► TAKEN ─ release ─► FREE */
enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_WAITING, SLOT_ANSWERED };

struct slot {
    enum slot_state state;
    uint32_t number; /* of the request that waits */
    int64_t deadline_ms;
    uint8_t *answer;
    size_t size;
    size_t capacity;
};

struct fh_link {
    int fd;
    int interrupts; /* an eventfd of the client, or -1 */
    void (*before_wait)(void *user);
    void *before_user;
    bool lost;               /* the connection is of no use any more */
    int64_t silent_since_ms; /* monotonic: since when nothing came that is waited for; 0: none is */
    char address[FH_ADDRESS_BYTES_MAX + 10];
    uint32_t last_number;
    struct slot slots[FH_LINK_SLOTS];
    struct {
        uint8_t head[HEAD_BYTES];
        size_t got;        /* of the message: head and body */
        size_t size;       /* of its body, once the head is complete */
        struct slot *slot; /* whose answer it is; NULL: nobody waits for it */
        uint8_t ahead[IN_BYTES];
        size_t from, to; /* of `ahead`, read and not looked at */
    } in;
};

/* ---- failures ---- */

static int hung_up(struct fh_link *link, struct fh_err *err)
{
    link->lost = true;
    return fh_err_set(err, FH_EUNREACH, "%s closed the connection", link->address);
}

static void note_silence(struct fh_link *link, int64_t now_ms)
{
    link->silent_since_ms = link->silent_since_ms == 0 ? now_ms : link->silent_since_ms;
}

static int too_late(const struct fh_link *link, struct fh_err *err)
{
    return fh_err_set(err, FH_ETIMEOUT, "%s did not answer in time", link->address);
}

/* Waits until the socket can be read or written; false at the deadline. */
static bool wait_for(const struct fh_link *link, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = deadline_ms - fh_clock_mono_ms();
        if (left <= 0) {
            return false;
        }
        struct pollfd p = {.fd = link->fd, .events = events};
        int n = poll(&p, 1, left < INT32_MAX ? (int)left : INT32_MAX);
        if (n > 0) {
            return true;
        }
    }
}

/* ---- connecting ---- */

static int resolve(struct addrinfo **out, const char *text, struct fh_err *err)
{
    struct fh_address address;
    int code = fh_address_parse(&address, text, err);
    if (code != FH_OK) {
        return code;
    }
    if (address.port == 0) {
        return fh_err_set(err, FH_EINVAL, "%s: port 0 is nobody's; use 1 to 65535", text);
    }
    char port[8];
    snprintf(port, sizeof port, "%u", address.port);
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    int failed = getaddrinfo(address.host, port, &wanted, out);
    if (failed != 0) {
        return fh_err_set(
            err, FH_EUNREACH, "%s: the host name has no address: %s", text, gai_strerror(failed));
    }
    return FH_OK;
}

/* Sends the greeting and reads theirs; 0 or an errno. */
static int greet(const struct fh_link *link, int64_t deadline_ms)
{
    uint8_t theirs[GREETING_BYTES];
    /* An empty socket takes eight bytes. */
    if (send(link->fd, our_greeting, sizeof our_greeting, MSG_NOSIGNAL) != sizeof our_greeting) {
        return errno != 0 ? errno : EIO;
    }
    for (size_t got = 0; got < sizeof theirs;) {
        if (!wait_for(link, POLLIN, deadline_ms)) {
            return ETIMEDOUT;
        }
        ssize_t n = recv(link->fd, theirs + got, sizeof theirs - got, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            return n == 0 ? ECONNRESET : errno;
        }
        got += n > 0 ? (size_t)n : 0;
    }
    return memcmp(theirs, their_greeting, sizeof theirs) == 0 ? 0 : EPROTO;
}

/* Connects to one address; 0 or an errno, ETIMEDOUT at the deadline. */
static int dial(struct fh_link *link, const struct addrinfo *info, int64_t deadline_ms)
{
    int one = 1;
    link->fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->fd < 0) {
        return errno;
    }
    (void)setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* or only slower */
    int result = connect(link->fd, info->ai_addr, info->ai_addrlen) == 0 ? 0 : errno;
    if (result == EINPROGRESS) {
        socklen_t size = sizeof result;
        if (!wait_for(link, POLLOUT, deadline_ms)) {
            result = ETIMEDOUT;
        } else if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &result, &size) != 0) {
            result = errno;
        }
    }
    if (result == 0) {
        result = greet(link, deadline_ms);
    }
    if (result != 0) {
        close(link->fd);
        link->fd = -1;
    }
    return result;
}

/* Connects to the first of the host's addresses that answers. */
static int dial_any(struct fh_link *link, const struct addrinfo *list, struct fh_err *err)
{
    int64_t deadline_ms = fh_clock_mono_ms() + FH_CONNECT_MS;
    int result = EADDRNOTAVAIL;
    for (const struct addrinfo *info = list; info != NULL && link->fd < 0; info = info->ai_next) {
        result = dial(link, info, deadline_ms);
    }
    if (result == ETIMEDOUT) {
        return fh_err_set(err,
                          FH_ETIMEOUT,
                          "%s did not accept a connection within %d s",
                          link->address,
                          FH_CONNECT_MS / 1000);
    }
    if (result == EPROTO) {
        return fh_err_set(err, FH_EUNREACH, "whoever listens at %s is no node", link->address);
    }
    return result == 0
               ? FH_OK
               : fh_err_set(
                     err, FH_EUNREACH, "nobody listens at %s: %s", link->address, strerror(result));
}

int fh_link_open(struct fh_link **out, const char *address, struct fh_err *err)
{
    struct addrinfo *list = NULL;
    int code = resolve(&list, address, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_link *link = fh_calloc(1, sizeof *link);
    if (link == NULL) {
        freeaddrinfo(list);
        return fh_err_set(err, FH_ENOMEM, "no memory for a connection");
    }
    link->fd = -1;
    link->interrupts = -1;
    snprintf(link->address, sizeof link->address, "%s", address);
    code = dial_any(link, list, err);
    freeaddrinfo(list);
    if (code != FH_OK) {
        fh_link_close(link);
        return code;
    }
    *out = link;
    return FH_OK;
}

void fh_link_close(struct fh_link *link)
{
    if (link == NULL) {
        return;
    }
    if (link->fd >= 0) {
        close(link->fd);
    }
    for (size_t i = 0; i < FH_LINK_SLOTS; i++) {
        fh_free(link->slots[i].answer);
    }
    fh_free(link);
}

void fh_link_interrupts(struct fh_link *link, int fd)
{
    link->interrupts = fd;
}

const char *fh_link_address(const struct fh_link *link)
{
    return link->address;
}

/* ---- slots ---- */

int fh_link_take_slot(struct fh_link *link)
{
    for (int i = 0; i < FH_LINK_SLOTS; i++) {
        if (link->slots[i].state == SLOT_FREE) {
            link->slots[i].state = SLOT_TAKEN;
            return i;
        }
    }
    return -1;
}

/* Whatever the slot waits for is nobody's any more: its rest is read and dropped. */
static void end_wait(struct fh_link *link, struct slot *slot)
{
    if (link->in.slot == slot) {
        link->in.slot = NULL;
    }
    slot->state = SLOT_TAKEN;
}

void fh_link_release_slot(struct fh_link *link, int slot)
{
    FH_ASSERT(slot >= 0 && slot < FH_LINK_SLOTS);
    struct slot *s = &link->slots[slot];
    end_wait(link, s);
    if (s->capacity > KEPT_BYTES) {
        fh_free(FH_TAKE(s->answer));
        s->capacity = 0;
    }
    s->state = SLOT_FREE;
}

/* ---- messages out ---- */

static int send_all(struct fh_link *link,
                    const uint8_t head[HEAD_BYTES],
                    struct fh_bytes message,
                    int64_t deadline_ms,
                    struct fh_err *err)
{
    size_t all = HEAD_BYTES + message.size;
    for (size_t done = 0; done < all;) {
        size_t skip = done < HEAD_BYTES ? 0 : done - HEAD_BYTES;
        union { /* iovec has no const; sendmsg only reads */
            const uint8_t *from;
            uint8_t *to;
        } first = {.from = head}, second = {.from = message.data};
        struct iovec pieces[] = {{first.to + done, done < HEAD_BYTES ? HEAD_BYTES - done : 0},
                                 {second.to + skip, message.size - skip}};
        if (done >= HEAD_BYTES) {
            pieces[0] = (struct iovec){first.to, 0};
        }
        struct msghdr out = {.msg_iov = pieces, .msg_iovlen = FH_COUNT(pieces)};
        ssize_t n = sendmsg(link->fd, &out, MSG_NOSIGNAL);
        if (n > 0) {
            done += (size_t)n;
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return hung_up(link, err);
        } else if (!wait_for(link, POLLOUT, deadline_ms)) {
            link->lost = true; /* half a message is on its way */
            return too_late(link, err);
        }
    }
    return FH_OK;
}

int fh_link_post(
    struct fh_link *link, int slot, struct fh_bytes message, int64_t timeout_ms, struct fh_err *err)
{
    FH_ASSERT(slot >= 0 && slot < FH_LINK_SLOTS);
    FH_ASSERT(message.size > 0 && timeout_ms > 0 && timeout_ms < INT32_MAX);
    struct slot *s = &link->slots[slot];
    FH_ASSERT(s->state != SLOT_FREE);
    if (link->lost) {
        return hung_up(link, err);
    }
    end_wait(link, s);
    uint8_t head[HEAD_BYTES];
    s->number = ++link->last_number | request_bit;
    fh_put_u64be(head, NUMBER_BYTES + message.size);
    fh_put_u32be(head + HEAD_BYTES - NUMBER_BYTES, s->number);
    int64_t now_ms = fh_clock_mono_ms();
    s->deadline_ms = now_ms + timeout_ms;
    note_silence(link, now_ms);
    int code = send_all(link, head, message, s->deadline_ms, err);
    if (code == FH_OK) {
        s->state = SLOT_WAITING;
    }
    return code;
}

/* ---- messages in ---- */

/* The head is complete: whose answer it is, and room for it. */
static int take_head(struct fh_link *link, struct fh_err *err)
{
    uint64_t size = fh_get_u64be(link->in.head);
    uint32_t number = fh_get_u32be(link->in.head + HEAD_BYTES - NUMBER_BYTES);
    if (size < NUMBER_BYTES || size - NUMBER_BYTES > FH_FRAME_REPLY_BYTES_MAX) {
        link->lost = true;
        return fh_err_set(
            err, FH_ETOOBIG, "%s: a message of this size is no answer", link->address);
    }
    link->in.size = (size_t)size - NUMBER_BYTES;
    link->in.slot = NULL;
    for (size_t i = 0; i < FH_LINK_SLOTS; i++) {
        if (link->slots[i].state == SLOT_WAITING && link->slots[i].number == number) {
            link->in.slot = &link->slots[i];
        }
    }
    struct slot *slot = link->in.slot;
    if (slot == NULL || slot->capacity >= link->in.size) {
        return FH_OK;
    }
    fh_free(FH_TAKE(slot->answer)); /* nothing of it is needed: no realloc */
    slot->capacity = 0;
    slot->answer = fh_alloc(link->in.size);
    if (slot->answer == NULL) {
        link->lost = true;
        return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
    }
    slot->capacity = link->in.size;
    return FH_OK;
}

/* The message is complete. */
static void take_message(struct fh_link *link)
{
    if (link->in.slot != NULL) {
        link->in.slot->size = link->in.size;
        link->in.slot->state = SLOT_ANSWERED;
        link->in.slot = NULL;
    }
    link->in.got = 0;
}

/* Moves what was read ahead to where it belongs. */
static int sort_ahead(struct fh_link *link, struct fh_err *err)
{
    while (link->in.from < link->in.to) {
        const uint8_t *from = link->in.ahead + link->in.from;
        size_t there = link->in.to - link->in.from;
        size_t got = link->in.got;
        bool in_head = got < HEAD_BYTES;
        size_t left = in_head ? HEAD_BYTES - got : HEAD_BYTES + link->in.size - got;
        size_t now = left < there ? left : there;
        if (in_head) {
            memcpy(link->in.head + got, from, now);
        } else if (link->in.slot != NULL && now > 0) {
            memcpy(link->in.slot->answer + (got - HEAD_BYTES), from, now);
        }
        link->in.from += now;
        link->in.got += now;
        int code = in_head && link->in.got == HEAD_BYTES ? take_head(link, err) : FH_OK;
        if (code != FH_OK) {
            return code;
        }
        if (link->in.got >= HEAD_BYTES && link->in.got == HEAD_BYTES + link->in.size) {
            take_message(link);
        }
    }
    return FH_OK;
}

/* Waits until there is something to read, or somebody interrupts. Messages that are being sent are
 * not interrupted: half of one would end the connection. */
static int wait_to_read(struct fh_link *link, int64_t deadline_ms, struct fh_err *err)
{
    for (;;) {
        int64_t now_ms = fh_clock_mono_ms();
        int64_t left = deadline_ms - now_ms;
        if (left <= 0) {
            return too_late(link, err);
        }
        note_silence(link, now_ms); /* what came was not all that is waited for */
        struct pollfd p[] = {{.fd = link->interrupts, .events = POLLIN},
                             {.fd = link->fd, .events = POLLIN}};
        int n = poll(p, FH_COUNT(p), left < INT32_MAX ? (int)left : INT32_MAX);
        eventfd_t times;
        if (n > 0 && p[0].revents != 0 && eventfd_read(link->interrupts, &times) == 0) {
            return fh_err_set(err, FH_ECANCELLED, "interrupted while %s was asked", link->address);
        }
        if (n > 0 && p[1].revents != 0) {
            return FH_OK;
        }
    }
}

/* Reads what is there, if anything is. */
static int read_there(struct fh_link *link, struct fh_err *err)
{
    /* The rest of an answer goes straight to its slot, what follows is read ahead. */
    size_t rest = link->in.got >= HEAD_BYTES && link->in.slot != NULL
                      ? HEAD_BYTES + link->in.size - link->in.got
                      : 0;
    uint8_t *to = rest > 0 ? link->in.slot->answer + (link->in.got - HEAD_BYTES) : NULL;
    struct iovec pieces[] = {{to, rest}, {link->in.ahead, IN_BYTES}};
    ssize_t n = readv(link->fd, pieces, FH_COUNT(pieces));
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return FH_OK;
    }
    if (n <= 0) {
        return hung_up(link, err);
    }
    link->silent_since_ms = 0;
    size_t direct = (size_t)n < rest ? (size_t)n : rest;
    link->in.got += direct;
    link->in.from = 0;
    link->in.to = (size_t)n - direct;
    if (rest > 0 && direct == rest) {
        take_message(link);
    }
    return sort_ahead(link, err);
}

/* Reads what is there, and waits until something is. */
static int read_some(struct fh_link *link, int64_t deadline_ms, struct fh_err *err)
{
    int code = wait_to_read(link, deadline_ms, err);
    return code == FH_OK ? read_there(link, err) : code;
}

void fh_link_before_wait(struct fh_link *link, void (*before)(void *user), void *user)
{
    link->before_wait = before;
    link->before_user = user;
}

void fh_link_hold_nothing(struct fh_link *link)
{
    if (link->before_wait != NULL) {
        link->before_wait(link->before_user);
    }
}

static bool any_slot(const struct fh_link *link, enum slot_state state)
{
    for (size_t i = 0; i < FH_LINK_SLOTS; i++) {
        if (link->slots[i].state == state) {
            return true;
        }
    }
    return false;
}

bool fh_link_is_unread(struct fh_link *link)
{
    struct fh_err ignored; /* whoever waits meets it */
    if (any_slot(link, SLOT_ANSWERED)) {
        return true;
    }
    return !link->lost && any_slot(link, SLOT_WAITING) && read_there(link, &ignored) == FH_OK &&
           any_slot(link, SLOT_ANSWERED);
}

bool fh_link_has_answer(struct fh_link *link, int slot)
{
    FH_ASSERT(slot >= 0 && slot < FH_LINK_SLOTS);
    const struct slot *s = &link->slots[slot];
    struct fh_err ignored; /* whoever waits meets it */
    if (s->state == SLOT_WAITING && !link->lost && read_there(link, &ignored) != FH_OK) {
        return false;
    }
    return s->state == SLOT_ANSWERED;
}

int64_t fh_link_silence_ms(const struct fh_link *link)
{
    return link->silent_since_ms == 0 ? 0 : fh_clock_mono_ms() - link->silent_since_ms;
}

void fh_link_hurry(struct fh_link *link, int slot, int64_t timeout_ms)
{
    FH_ASSERT(slot >= 0 && slot < FH_LINK_SLOTS);
    int64_t deadline_ms = fh_clock_mono_ms() + timeout_ms;
    struct slot *s = &link->slots[slot];
    s->deadline_ms = s->deadline_ms < deadline_ms ? s->deadline_ms : deadline_ms;
}

/* A wait that begins after its deadline: what lies on the socket came while the program did other
 * things, and its rest may stand behind what did not fit. So all that is waited for gets LATE_MS
 * more. Only here: whoever sends other things for ever is not read for ever. */
static void begin_late(struct fh_link *link, const struct slot *slot)
{
    int64_t now_ms = fh_clock_mono_ms();
    struct pollfd p = {.fd = link->fd, .events = POLLIN};
    if (slot->deadline_ms > now_ms || poll(&p, 1, 0) <= 0) {
        return;
    }
    for (size_t i = 0; i < FH_LINK_SLOTS; i++) {
        struct slot *other = &link->slots[i];
        if (other->deadline_ms < now_ms + LATE_MS) {
            other->deadline_ms = now_ms + LATE_MS;
        }
    }
}

int fh_link_wait(
    struct fh_link *link, int slot, uint8_t **out_data, size_t *out_size, struct fh_err *err)
{
    FH_ASSERT(slot >= 0 && slot < FH_LINK_SLOTS);
    struct slot *s = &link->slots[slot];
    FH_ASSERT(s->state == SLOT_WAITING || s->state == SLOT_ANSWERED);
    int code = FH_OK;
    if (s->state == SLOT_WAITING) {
        fh_link_hold_nothing(link);
        begin_late(link, s);
    }
    while (code == FH_OK && s->state == SLOT_WAITING) {
        code = link->lost ? hung_up(link, err) : read_some(link, s->deadline_ms, err);
    }
    if (code == FH_ETIMEOUT) {
        return code; /* it may be wanted still, when it comes */
    }
    if (code != FH_OK) {
        end_wait(link, s);
        return code;
    }
    s->state = SLOT_TAKEN;
    *out_data = s->answer;
    *out_size = s->size;
    return FH_OK;
}
