/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams on their way: who reaches whom, what is lost, late, twice, damaged or too large.
 */
#include "tests/sim/world_impl.h"

#include "common/assert.h"
#include "common/mem.h"

#include <math.h>
#include <string.h>

enum {
    LAN_MIN_MS = 1,
    LAN_SPREAD_MS = 5,
    LAN_TAIL_PERMILLE = 20, /* so many take up to LAN_TAIL_MS more: reordering */
    LAN_TAIL_MS = 80,
    TAIL_MOST_MS = 2000,
    HALVES = 4, /* uniform numbers whose sum stands for a normal one */
};

bool sim_reaches(const struct sim_node *from, const struct sim_node *to)
{
    const struct sim_world *w = from->world;
    for (unsigned i = 0; i < w->cut_count; i++) {
        if (w->cuts[i].from == from->index && w->cuts[i].to == to->index) {
            return false;
        }
    }
    return from->island == to->island && !to->deaf;
}

/* exp(z) around the median, z about normal: most are near, some are very late. */
static int64_t tail_ms(struct sim_world *w, double median)
{
    double sum = 0;
    for (unsigned i = 0; i < HALVES; i++) {
        sum += (double)fh_prng_below(&w->prng, 1u << 20) / (1u << 20);
    }
    double z = (sum - (double)HALVES / 2) * sqrt(12.0 / HALVES);
    double ms = median * exp(z);
    return 1 + (int64_t)(ms < TAIL_MOST_MS ? ms : TAIL_MOST_MS);
}

int64_t sim_delay_ms(struct sim_world *w)
{
    unsigned typical = w->options.delay_ms;
    switch (w->options.delay) {
    case SIM_DELAY_CONSTANT:
        return typical > 0 ? typical : LAN_MIN_MS;
    case SIM_DELAY_UNIFORM:
        return 1 + (int64_t)fh_prng_below(&w->prng, 2 * (typical > 0 ? typical : LAN_SPREAD_MS));
    case SIM_DELAY_TAIL:
        return tail_ms(w, typical > 0 ? typical : LAN_SPREAD_MS);
    case SIM_DELAY_LAN:
        break;
    }
    int64_t ms = LAN_MIN_MS + (int64_t)fh_prng_below(&w->prng, LAN_SPREAD_MS);
    if (fh_prng_below(&w->prng, 1000) < LAN_TAIL_PERMILLE) {
        ms += (int64_t)fh_prng_below(&w->prng, LAN_TAIL_MS);
    }
    return ms;
}

static bool chance(struct sim_world *w, unsigned permille)
{
    return permille > 0 && fh_prng_below(&w->prng, 1000) < permille;
}

struct packet {
    const char *from_address;
    uint32_t from; /* of a model's packet: index of the sender */
    struct fh_bytes bytes;
    uint32_t wire;
};

static void
deliver_later(struct sim_world *w, const struct sim_node *to, const struct packet *packet)
{
    struct fh_bytes bytes = packet->bytes;
    struct sim_event event = {.kind = EVENT_DATAGRAM,
                              .at_ms = w->now_ms + sim_delay_ms(w),
                              .node = to->index,
                              .life = to->life,
                              .peer = packet->from,
                              .size = (uint32_t)bytes.size,
                              .wire = packet->wire};
    bool damaged = chance(w, w->options.corrupt_permille);
    if (damaged && to->model != NULL) {
        return; /* the checksum of UDP finds it */
    }
    size_t length = strlen(packet->from_address);
    FH_ASSERT(length < sizeof event.from);
    memcpy(event.from, packet->from_address, length + 1);
    event.bytes = sim_must(fh_alloc(bytes.size));
    memcpy(event.bytes, bytes.data, bytes.size);
    if (damaged) {
        uint64_t at = fh_prng_below(&w->prng, bytes.size);
        event.bytes[at] ^= (uint8_t)(1u << fh_prng_below(&w->prng, 8));
    }
    sim_push(w, &event);
}

static void send_packet(struct sim_world *w,
                        const struct sim_node *from,
                        const struct sim_node *to,
                        const struct packet *packet)
{
    if (packet->wire > w->options.mtu) {
        w->figures.too_large++;
        return;
    }
    if (!sim_runs(to) || (from != NULL && !sim_reaches(from, to)) ||
        chance(w, w->options.loss_permille)) {
        return;
    }
    deliver_later(w, to, packet);
    if (chance(w, w->options.duplicate_permille)) {
        deliver_later(w, to, packet);
    }
}

void sim_send(struct sim_world *w,
              const struct sim_node *from,
              struct sim_node *to,
              const char *from_address,
              struct fh_bytes bytes)
{
    struct packet packet = {
        .from_address = from_address, .bytes = bytes, .wire = (uint32_t)bytes.size};
    send_packet(w, from, to, &packet);
}

void sim_count_datagram(struct sim_world *w, struct sim_node *node, uint64_t hash, size_t wire)
{
    w->figures.datagrams++;
    w->figures.datagram_bytes += wire;
    node->bytes += wire;
    if (wire > w->figures.largest_datagram) {
        w->figures.largest_datagram = wire;
    }
    sim_mix(w, hash);
}

void sim_post(struct sim_world *w,
              struct sim_node *from,
              struct sim_node *to,
              struct fh_bytes bytes,
              uint32_t wire)
{
    struct packet packet = {
        .from_address = from->address, .from = from->index, .bytes = bytes, .wire = wire};
    sim_count_datagram(w, from, sim_hash(bytes), wire);
    send_packet(w, from, to, &packet);
}

void sim_cut(struct sim_world *w, uint32_t from, uint32_t to)
{
    if (w->cut_count < SIM_CUTS_MAX && from != to) {
        w->cuts[w->cut_count].from = from;
        w->cuts[w->cut_count++].to = to;
    }
}
