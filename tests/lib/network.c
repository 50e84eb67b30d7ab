/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return done;
}

static bool become_root(void)
{
    char users[64];
    char groups[64];
    snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    return unshare(CLONE_NEWUSER) == 0 && write_file("/proc/self/setgroups", "deny") &&
           write_file("/proc/self/uid_map", users) && write_file("/proc/self/gid_map", groups);
}

bool fh_network_enter(void)
{
    return (geteuid() == 0 || become_root()) && unshare(CLONE_NEWNET) == 0 &&
           fh_network_up("lo", NULL);
}

static void set_address(struct ifreq *request, const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    (void)inet_pton(AF_INET, address, &in.sin_addr);
    memcpy(&request->ifr_addr, &in, sizeof in);
}

bool fh_network_up(const char *name, const char *address)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    bool done = fd >= 0;
    if (done && address != NULL) {
        set_address(&request, address);
        done = ioctl(fd, SIOCSIFADDR, &request) == 0;
        set_address(&request, "255.255.255.0");
        done = done && ioctl(fd, SIOCSIFNETMASK, &request) == 0;
    }
    done = done && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP | IFF_RUNNING);
    done = done && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return done;
}
