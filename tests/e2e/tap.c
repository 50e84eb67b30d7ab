/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tap on everything that leaves a node: linked with node/main.c into freehold-node-tapped, whose
 * linker sends the calls of all its files through here (--wrap).
 *
 *   fh_aead_seal     every plaintext before it is sealed: sessions, handshakes, datagrams
 *   fh_aes_seal      the same, in sessions between machines with instructions for it
 *   uv_write         what goes to a TCP connection, sealed or not; the admin socket is no network
 *   uv_udp_try_send  every datagram
 *
 * The bytes go to descriptor 9, which the test opens; nothing else of the node is changed, and
 * without that descriptor nothing is written.
 */
#include "common/assert.h"
#include "proto/wire/crypto.h"

#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

enum { TAP = 9 };

void __real_fh_aead_seal(uint8_t *out,
                         struct fh_bytes plaintext,
                         struct fh_bytes ad,
                         uint64_t counter,
                         const uint8_t key[FH_AEAD_KEY_BYTES]);
void __wrap_fh_aead_seal(uint8_t *out,
                         struct fh_bytes plaintext,
                         struct fh_bytes ad,
                         uint64_t counter,
                         const uint8_t key[FH_AEAD_KEY_BYTES]);
void __real_fh_aes_seal(uint8_t *out,
                        const struct fh_bytes *parts,
                        size_t count,
                        struct fh_bytes ad,
                        uint64_t counter,
                        const uint8_t key[FH_AEAD_KEY_BYTES]);
void __wrap_fh_aes_seal(uint8_t *out,
                        const struct fh_bytes *parts,
                        size_t count,
                        struct fh_bytes ad,
                        uint64_t counter,
                        const uint8_t key[FH_AEAD_KEY_BYTES]);
int __real_uv_write(uv_write_t *request,
                    uv_stream_t *stream,
                    const uv_buf_t bufs[],
                    unsigned count,
                    uv_write_cb written);
int __wrap_uv_write(uv_write_t *request,
                    uv_stream_t *stream,
                    const uv_buf_t bufs[],
                    unsigned count,
                    uv_write_cb written);
int __real_uv_udp_try_send(uv_udp_t *udp,
                           const uv_buf_t bufs[],
                           unsigned count,
                           const struct sockaddr *to);
int __wrap_uv_udp_try_send(uv_udp_t *udp,
                           const uv_buf_t bufs[],
                           unsigned count,
                           const struct sockaddr *to);

/* Workers do not inherit the tap. */
static __attribute__((constructor)) void keep_to_ourselves(void)
{
    if (fcntl(TAP, F_SETFD, FD_CLOEXEC) != 0) {
        /* nobody listens */
        return;
    }
}

/* One write: what several threads send does not mix. What cannot be written down must not leave. */
static void record(const void *data, size_t size)
{
    if (fcntl(TAP, F_GETFD) < 0) {
        return;
    }
    ssize_t written = write(TAP, data, size);
    FH_ASSERT(written == (ssize_t)size);
}

void __wrap_fh_aead_seal(uint8_t *out,
                         struct fh_bytes plaintext,
                         struct fh_bytes ad,
                         uint64_t counter,
                         const uint8_t key[FH_AEAD_KEY_BYTES])
{
    record(plaintext.data, plaintext.size);
    record(ad.data, ad.size);
    __real_fh_aead_seal(out, plaintext, ad, counter, key);
}

void __wrap_fh_aes_seal(uint8_t *out,
                        const struct fh_bytes *parts,
                        size_t count,
                        struct fh_bytes ad,
                        uint64_t counter,
                        const uint8_t key[FH_AEAD_KEY_BYTES])
{
    for (size_t i = 0; i < count; i++) {
        record(parts[i].data, parts[i].size);
    }
    record(ad.data, ad.size);
    __real_fh_aes_seal(out, parts, count, ad, counter, key);
}

static void record_bufs(const uv_buf_t bufs[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        record(bufs[i].base, bufs[i].len);
    }
}

int __wrap_uv_write(uv_write_t *request,
                    uv_stream_t *stream,
                    const uv_buf_t bufs[],
                    unsigned count,
                    uv_write_cb written)
{
    if (stream->type == UV_TCP) {
        record_bufs(bufs, count);
    }
    return __real_uv_write(request, stream, bufs, count, written);
}

int __wrap_uv_udp_try_send(uv_udp_t *udp,
                           const uv_buf_t bufs[],
                           unsigned count,
                           const struct sockaddr *to)
{
    record_bufs(bufs, count);
    return __real_uv_udp_try_send(udp, bufs, count, to);
}
