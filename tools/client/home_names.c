/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/home_names.h"

#include "proto/session/messages_names.h"
#include "tools/client/admin_socket.h"

#include <string.h>
#include <unistd.h>

/* True ends the walk. */
typedef bool visit_fn(void *user, const struct fh_msg_named *named);

static bool walk(struct fh_pack_reader *reader, visit_fn *visit, void *user)
{
    struct fh_err err;
    struct fh_msg_named named;
    uint32_t count = 0;
    int code = fh_msg_names_read(reader, &count, &err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_named_next(reader, &named, &err);
        if (code == FH_OK && visit(user, &named)) {
            return true;
        }
    }
    return false;
}

static bool ask(const struct fh_home *home, visit_fn *visit, void *user)
{
    char path[FH_HOME_PATH_BYTES];
    struct fh_err err;
    struct fh_pack_reader reader;
    int fd = home->root[0] == '\0'
                 ? -1
                 : fh_admin_socket_connect(fh_home_path(path, home, FH_HOME_SOCKET));
    if (fd < 0) {
        return false;
    }
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, 64);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_names_request(&request);
    int code =
        fh_admin_socket_call(fd, fh_buf_view(&request), FH_REQUEST_MS, &answer, &reader, &err);
    bool ended = code == FH_OK && walk(&reader, visit, user);
    close(fd);
    return ended;
}

struct calling {
    const char *name;
    const struct fh_domain_id *domain;
};

static bool is_alias(void *user, const struct fh_msg_named *named)
{
    const struct calling *calling = user;
    return named->kind == FH_MSG_NAME_ALIAS && strcmp(named->name, calling->name) == 0 &&
           fh_domain_id_equal(&named->domain, calling->domain);
}

bool fh_home_names_alias(const struct fh_home *home,
                         const char *name,
                         const struct fh_domain_id *domain)
{
    struct calling calling = {name, domain};
    return ask(home, is_alias, &calling);
}

struct settling {
    struct fh_directory *dir;
    bool any;
};

static bool settle(void *user, const struct fh_msg_named *named)
{
    struct settling *settling = user;
    static const struct fh_domain_id none;
    struct fh_err err;
    if (named->contested && fh_domain_id_equal(&named->claimed_by, &none) &&
        fh_directory_settle(settling->dir, named->name, &named->domain, &err) == FH_OK) {
        settling->any = true;
    }
    return false;
}

bool fh_home_names_settle(const struct fh_home *home, struct fh_directory *dir)
{
    struct settling settling = {dir, false};
    ask(home, settle, &settling);
    return settling.any;
}
