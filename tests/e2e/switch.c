/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network of hosts on one machine, and its faults: each host is a network namespace whose only
 * way out is a TUN device that this program holds, so that every packet between two hosts passes
 * its loop, which drops what it is told to. The kernel's own fault injection (netem) is not there
 * on every machine.
 *
 *     fh-switch HOSTS SEED      hosts 1..HOSTS are 10.77.0.1 and up
 *
 * A program gets into host I with `nsenter --net=/proc/PID/fd/(100 + I)`. Commands come as lines on
 * standard input; each is answered with one line, and the end of input ends the program:
 *
 *     loss PERCENT      of all packets, at random by SEED
 *     cut A B [oneway]  nothing passes between the hosts listed in A and those in B ("1,2,5");
 *                       oneway: from A to B
 *     heal              takes back all cuts
 *     count             "PASSED DROPPED": packets so far
 *
 * Ends with 77 when the machine allows no namespaces or no TUN device. Not for measuring bandwidth.
 */
#include "common/prng.h"
#include "tests/lib/network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    HOSTS_MAX = 64,
    SPACES_AT = 100, /* descriptors of the namespaces begin here */
    PACKET_BYTES = 2048,
    LINE_BYTES = 512,
    SKIPPED = 77,
    TAKEN_AT_ONCE = 64, /* packets of one host before the next is looked at */
    ADDRESS_AT = 16,    /* where an IPv4 header has its destination */
};

struct network {
    unsigned hosts;
    int tuns[HOSTS_MAX + 1]; /* from 1 */
    bool cut[HOSTS_MAX + 1][HOSTS_MAX + 1];
    unsigned loss; /* percent */
    struct fh_prng prng;
    unsigned long passed, dropped;
};

static _Noreturn void skip(const char *what)
{
    fprintf(stderr, "fh-switch: %s: %s\n", what, strerror(errno));
    exit(SKIPPED);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static int open_tun(void)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(request.ifr_name, sizeof request.ifr_name, "mesh");
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) {
        skip("/dev/net/tun");
    }
    return fd;
}

static void make_hosts(struct network *network)
{
    char address[16];
    for (unsigned i = 1; i <= network->hosts; i++) {
        if (!fh_network_enter()) {
            skip("network namespaces");
        }
        network->tuns[i] = open_tun();
        snprintf(address, sizeof address, "10.77.0.%u", i);
        if (!fh_network_up("mesh", address)) {
            skip(address);
        }
        int space = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        if (space < 0 || fcntl(space, F_DUPFD_CLOEXEC, SPACES_AT + (int)i) != SPACES_AT + (int)i) {
            skip("/proc/self/ns/net");
        }
        close(space);
    }
}

/* ---- packets --------------------------------------------------------------------------------- */

/* The host that a packet is for; 0: none of ours, as what the kernel says to everybody. */
static unsigned addressee(const struct network *network, const uint8_t *packet, size_t size)
{
    const uint8_t *to = packet + ADDRESS_AT;
    bool ours = size >= 20 && packet[0] >> 4 == 4 && to[0] == 10 && to[1] == 77 && to[2] == 0 &&
                to[3] >= 1 && to[3] <= network->hosts;
    return ours ? to[3] : 0;
}

static void forward(struct network *network, unsigned from)
{
    uint8_t packet[PACKET_BYTES];
    for (unsigned i = 0; i < TAKEN_AT_ONCE; i++) {
        ssize_t size = read(network->tuns[from], packet, sizeof packet);
        if (size <= 0) {
            return;
        }
        unsigned to = addressee(network, packet, (size_t)size);
        if (to == 0) {
            continue;
        }
        if (network->cut[from][to] || fh_prng_below(&network->prng, 100) < network->loss ||
            write(network->tuns[to], packet, (size_t)size) != size) {
            network->dropped++;
        } else {
            network->passed++;
        }
    }
}

/* ---- commands -------------------------------------------------------------------------------- */

/* Marks the listed hosts; false when a word of the list is no host. */
static bool read_hosts(const struct network *network, const char *list, bool out[HOSTS_MAX + 1])
{
    memset(out, 0, (HOSTS_MAX + 1) * sizeof *out);
    for (const char *at = list; *at != '\0';) {
        char *end;
        unsigned long host = strtoul(at, &end, 10);
        if (end == at || host < 1 || host > network->hosts || (*end != ',' && *end != '\0')) {
            return false;
        }
        out[host] = true;
        at = *end == ',' ? end + 1 : end;
    }
    return true;
}

static bool cut(struct network *network, const char *from, const char *to, bool oneway)
{
    bool left[HOSTS_MAX + 1];
    bool right[HOSTS_MAX + 1];
    if (!read_hosts(network, from, left) || !read_hosts(network, to, right)) {
        return false;
    }
    for (unsigned i = 1; i <= network->hosts; i++) {
        for (unsigned j = 1; j <= network->hosts; j++) {
            bool here = left[i] && right[j] && i != j;
            network->cut[i][j] = network->cut[i][j] || here;
            network->cut[j][i] = network->cut[j][i] || (here && !oneway);
        }
    }
    return true;
}

static void obey(struct network *network, char *line)
{
    char *words[4] = {NULL};
    unsigned count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word != NULL && count < 4;
         word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    const char *verb = count > 0 ? words[0] : "";
    bool done = false;
    if (count == 2 && strcmp(verb, "loss") == 0) {
        network->loss = (unsigned)strtoul(words[1], NULL, 10);
        done = network->loss < 100;
    } else if (count >= 3 && strcmp(verb, "cut") == 0) {
        bool oneway = count == 4 && strcmp(words[3], "oneway") == 0;
        done = (count == 3 || oneway) && cut(network, words[1], words[2], oneway);
    } else if (count == 1 && strcmp(verb, "heal") == 0) {
        memset(network->cut, 0, sizeof network->cut);
        done = true;
    } else if (count == 1 && strcmp(verb, "count") == 0) {
        printf("%lu %lu\n", network->passed, network->dropped);
        return;
    }
    printf("%s\n", done ? "ok" : "no such command");
}

/* Whole lines from standard input; false at its end. */
static bool read_commands(struct network *network)
{
    static char line[LINE_BYTES];
    static size_t used;
    ssize_t size = read(STDIN_FILENO, line + used, sizeof line - used);
    if (size <= 0) {
        return false;
    }
    used += (size_t)size;
    for (char *end; (end = memchr(line, '\n', used)) != NULL;) {
        *end = '\0';
        obey(network, line);
        used -= (size_t)(end + 1 - line);
        memmove(line, end + 1, used);
    }
    used = used == sizeof line ? 0 : used; /* nobody writes such a line */
    return true;
}

int main(int argc, char **argv)
{
    static struct network network;
    struct pollfd polled[HOSTS_MAX + 1];
    network.hosts = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (network.hosts < 1 || network.hosts > HOSTS_MAX) {
        fprintf(stderr, "fh-switch: see the head of tests/e2e/switch.c\n");
        return 2;
    }
    fh_prng_init(&network.prng, strtoull(argv[2], NULL, 10));
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    make_hosts(&network);
    polled[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    for (unsigned i = 1; i <= network.hosts; i++) {
        polled[i] = (struct pollfd){.fd = network.tuns[i], .events = POLLIN};
    }
    puts("ready");
    while (poll(polled, network.hosts + 1, -1) >= 0 || errno == EINTR) {
        for (unsigned i = 1; i <= network.hosts; i++) {
            if (polled[i].revents != 0) {
                forward(&network, i);
            }
        }
        if (polled[0].revents != 0 && !read_commands(&network)) {
            return 0;
        }
    }
    return 1;
}
