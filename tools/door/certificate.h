/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate: what the doors show in TLS.
 *
 * The operator's files when the settings name them; else one of its own, self-signed, made at the
 * first start and kept in the home's keys/ (door_certificate.pem, door_certificate_key.pem), so
 * that clients can pin it. It is made anew before it ends.
 *
 * Does not: speak TLS. Thread: one, at the start. Ownership: values.
 */
#ifndef FH_TOOLS_DOOR_CERTIFICATE_H
#define FH_TOOLS_DOOR_CERTIFICATE_H

#include "common/home.h"
#include "proto/settings/settings.h"

enum { FH_CERTIFICATE_PRINT_BYTES = 32 * 3 }; /* "AB:CD:..." and NUL */

struct fh_certificate {
    char certificate[FH_SETTINGS_PATH_BYTES]; /* PEM files */
    char key[FH_SETTINGS_PATH_BYTES];
    char print[FH_CERTIFICATE_PRINT_BYTES]; /* SHA-256 of the certificate, as browsers show it */
    bool own;                               /* self-signed by this home */
    int64_t until_ms;                       /* Unix ms */
};

/* The certificate of these settings; makes the home's own when it is needed and not there, or ends
 * within 30 days. `names` are the hosts that it is for, "localhost" and the loopback besides.
 * FH_EINVAL ("door.certificate": the files do not fit each other or are none), FH_EDENIED, FH_EIO.
 */
FH_MUST_CHECK int fh_certificate_open(struct fh_certificate *out,
                                      const struct fh_home *home,
                                      const struct fh_settings *settings,
                                      const char *const *names,
                                      size_t name_count,
                                      struct fh_err *err);

#endif
