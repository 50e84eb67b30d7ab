/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Door: where people and programs that do not speak Freehold's protocol come in.
 *
 * The program `freehold-door` listens for HTTP and for PostgreSQL's wire protocol and asks the node
 * of its home over libfreehold, as any consumer does. What a door shows is so decided by the same
 * gate, rights, masks, limits and receipts, and whatever strangers send to it is parsed outside of
 * the process that holds the node's key.
 *
 *     strangers -> http, pg -> tokens (who asks) -> jobs -> askers -> the node
 *
 * Does not: decide what anybody may see, or hold a key that may ask without its token's secret.
 * Thread: fh_door_run one; services are for any. Ownership: services are kept by the doors until
 * their _stop.
 */
#ifndef FH_TOOLS_DOOR_DOOR_H
#define FH_TOOLS_DOOR_DOOR_H

#include "common/home.h"
#include "proto/settings/settings.h"
#include "tools/door/askers.h"
#include "tools/door/certificate.h"
#include "tools/door/jobs.h"
#include "tools/door/tokens.h"

enum fh_door_tls {
    FH_DOOR_TLS_OFF,
    FH_DOOR_TLS_PREFER,  /* PostgreSQL only: who asks for TLS gets it */
    FH_DOOR_TLS_REQUIRE, /* HTTP: the address speaks TLS alone */
};

/* What the home's settings mean for the doors. */
struct fh_door_settings {
    struct fh_home home;
    struct fh_settings node;            /* that the home's node runs with */
    char domain[FH_NAME_BYTES_MAX + 1]; /* of the home, for people */
    char mesh_name[FH_NAME_BYTES_MAX + 1];
    char http_listen[FH_ADDRESS_BYTES_MAX + 1]; /* HOST:PORT; "": this door is closed */
    enum fh_door_tls http_tls;                  /* OFF or REQUIRE */
    bool catalogue_open;                        /* the catalogue is shown without a token */
    char postgres_listen[FH_ADDRESS_BYTES_MAX + 1];
    enum fh_door_tls postgres_tls;
    /* PEM files of the certificate (chain) and its private key; "" where no door speaks TLS. */
    char certificate[FH_SETTINGS_PATH_BYTES];
    char certificate_key[FH_SETTINGS_PATH_BYTES];
    char certificate_print[FH_CERTIFICATE_PRINT_BYTES]; /* its SHA-256, "AB:CD:..." */
};

/* What both doors stand on. All of it is kept and thread-safe. */
struct fh_door_services {
    struct fh_tokens *tokens;
    struct fh_askers *askers;
    struct fh_jobs *jobs;
    const struct fh_door_settings *settings;
};

/* ---- the doors ---- */

/* Listens at settings->http_listen; returns once it does. Given: fh_http_stop. FH_EIO (the address
 * is taken), FH_EINVAL (certificate), FH_ENOMEM. */
struct fh_http;
FH_MUST_CHECK int
fh_http_start(struct fh_http **out, const struct fh_door_services *services, struct fh_err *err);
/* Takes nothing new, ends what runs within FH_DRAIN_MS, and frees; NULL is fine. */
void fh_http_stop(struct fh_http *http);

/* The same at settings->postgres_listen. */
struct fh_pg;
FH_MUST_CHECK int
fh_pg_start(struct fh_pg **out, const struct fh_door_services *services, struct fh_err *err);
void fh_pg_stop(struct fh_pg *pg);

/* ---- the program ---- */

/* Says what the settings of a home mean for the doors; makes the certificate that they need.
 * FH_EINVAL
 * ("settings.*", "door.certificate"), FH_EIO. */
FH_MUST_CHECK int fh_door_settings_of(struct fh_door_settings *out,
                                      const struct fh_home *home,
                                      const struct fh_settings *settings,
                                      struct fh_err *err);

/* Opens the doors that are set and keeps them open until SIGTERM or SIGINT. FH_ESTATE
 * ("door.none": no door is set), and the codes of the starts. */
FH_MUST_CHECK int fh_door_run(const struct fh_door_settings *settings, struct fh_err *err);

#endif
