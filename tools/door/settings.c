/* SPDX-License-Identifier: Apache-2.0 */
/* What freehold.yaml means for the doors. */
#include "common/address.h"
#include "tools/door/certificate.h"
#include "tools/door/door.h"

#include <string.h>

static bool is(const char *word, const char *wanted)
{
    return strcmp(word, wanted) == 0;
}

/* The hosts of the two addresses, for the certificate; those that clients can name alone. */
struct names {
    size_t count;
    struct fh_address addresses[2];
    const char *hosts[2];
};

static int add_name(struct names *names, const char *listen, bool *out_loopback, struct fh_err *err)
{
    if (listen[0] == '\0') {
        return FH_OK;
    }
    struct fh_address *address = &names->addresses[names->count];
    int code = fh_address_parse(address, listen, err);
    if (code != FH_OK) {
        return code;
    }
    *out_loopback = fh_host_is_loopback(address->host);
    if (!*out_loopback && !fh_host_is_wildcard(address->host)) {
        names->hosts[names->count++] = address->host;
    }
    return FH_OK;
}

int fh_door_settings_of(struct fh_door_settings *out,
                        const struct fh_home *home,
                        const struct fh_settings *settings,
                        struct fh_err *err)
{
    struct fh_door_settings door = {.home = *home, .node = *settings};
    struct names names = {.count = 0};
    bool http_loopback = false;
    bool postgres_loopback = false;
    int code = fh_settings_check(settings, err);
    if (code == FH_OK) {
        code = add_name(&names, settings->http_listen, &http_loopback, err);
    }
    if (code == FH_OK) {
        code = add_name(&names, settings->postgres_listen, &postgres_loopback, err);
    }
    if (code != FH_OK) {
        return code;
    }
    memcpy(door.domain, settings->domain, sizeof door.domain);
    memcpy(door.mesh_name, settings->mesh_name, sizeof door.mesh_name);
    memcpy(door.http_listen, settings->http_listen, sizeof door.http_listen);
    memcpy(door.postgres_listen, settings->postgres_listen, sizeof door.postgres_listen);
    bool off = is(settings->http_tls, "off") || (is(settings->http_tls, "auto") && http_loopback);
    door.http_tls = off ? FH_DOOR_TLS_OFF : FH_DOOR_TLS_REQUIRE;
    door.catalogue_open = is(settings->http_catalogue, "open") ||
                          (is(settings->http_catalogue, "auto") && http_loopback);
    door.postgres_tls = is(settings->postgres_tls, "off")       ? FH_DOOR_TLS_OFF
                        : is(settings->postgres_tls, "require") ? FH_DOOR_TLS_REQUIRE
                                                                : FH_DOOR_TLS_PREFER;
    bool wanted = (door.http_listen[0] != '\0' && door.http_tls != FH_DOOR_TLS_OFF) ||
                  (door.postgres_listen[0] != '\0' && door.postgres_tls != FH_DOOR_TLS_OFF);
    struct fh_settings of_certificate = *settings;
    if (is(settings->http_tls, "own")) {
        of_certificate.tls_certificate[0] = '\0';
    }
    if (wanted) {
        struct fh_certificate certificate;
        code =
            fh_certificate_open(&certificate, home, &of_certificate, names.hosts, names.count, err);
        if (code == FH_OK) {
            memcpy(door.certificate, certificate.certificate, sizeof door.certificate);
            memcpy(door.certificate_key, certificate.key, sizeof door.certificate_key);
            memcpy(door.certificate_print, certificate.print, sizeof door.certificate_print);
        }
    }
    if (code == FH_OK) {
        *out = door;
    }
    return code;
}
