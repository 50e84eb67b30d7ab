/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/lifecycle.h"

#include "common/assert.h"

#include <stdio.h>

void fh_sunset_text(char out[FH_TIME_TEXT_BYTES], int64_t sunset_ms)
{
    static const size_t date = sizeof "2027-03-31" - 1;
    out[0] = '\0';
    if (sunset_ms != 0) {
        fh_time_text(out, sunset_ms);
        if (strcmp(out + date, "T23:59:59Z") == 0) {
            out[date] = '\0';
        }
    }
}

int fh_lifecycle_follows(const struct fh_announcement *held,
                         const struct fh_announcement *next,
                         struct fh_err *err)
{
    FH_ASSERT(held->major == next->major);
    if (next->status < held->status) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "announcement.status.backward",
                           "%s@%u is %s and cannot become %s again; a new major version can be %s",
                           next->product,
                           (unsigned)next->major,
                           fh_announce_status_text(held->status),
                           fh_announce_status_text(next->status),
                           fh_announce_status_text(next->status));
    }
    bool promised = held->status == FH_ANNOUNCE_DEPRECATED && held->sunset_ms != 0;
    if (promised && next->status == FH_ANNOUNCE_DEPRECATED && next->sunset_ms < held->sunset_ms) {
        char until[FH_TIME_TEXT_BYTES];
        char asked[FH_TIME_TEXT_BYTES];
        fh_sunset_text(until, held->sunset_ms);
        fh_sunset_text(asked, next->sunset_ms);
        return fh_err_rule(err,
                           FH_ECHECK,
                           "announcement.sunset.earlier",
                           "%s@%u: consumers were promised %s; the sunset can be put off, not "
                           "%s%s",
                           next->product,
                           (unsigned)next->major,
                           until,
                           next->sunset_ms == 0 ? "taken back" : "brought forward to ",
                           next->sunset_ms == 0 ? "" : asked);
    }
    return FH_OK;
}

void fh_lifecycle_renew(struct fh_announcement *out,
                        const struct fh_announcement *held,
                        int64_t now_ms)
{
    *out = *held;
    out->revision = held->revision + 1;
    out->issued_ms = now_ms;
    out->expires_ms = now_ms + FH_ANNOUNCEMENT_TTL_MS;
}

/* Retiring breaks a promise while consumers were told nothing, or of a later day. */
static int check_retired(const struct fh_announcement *held, int64_t now_ms, struct fh_err *err)
{
    if (held->status == FH_ANNOUNCE_ACTIVE) {
        return fh_err_rule(
            err,
            FH_ECHECK,
            "lifecycle.retired.early",
            "%s@%u is active: deprecate it first, so that its consumers are told, or "
            "use --force",
            held->product,
            (unsigned)held->major);
    }
    if (held->status == FH_ANNOUNCE_DEPRECATED && held->sunset_ms > now_ms) {
        char until[FH_TIME_TEXT_BYTES];
        fh_sunset_text(until, held->sunset_ms);
        return fh_err_rule(err,
                           FH_ECHECK,
                           "lifecycle.retired.early",
                           "%s@%u: consumers were promised it until %s; wait, or use --force",
                           held->product,
                           (unsigned)held->major,
                           until);
    }
    return FH_OK;
}

static int check_sunset(const struct fh_announcement *next, int64_t now_ms, struct fh_err *err)
{
    if (next->sunset_ms > now_ms) {
        return FH_OK;
    }
    char asked[FH_TIME_TEXT_BYTES];
    fh_sunset_text(asked, next->sunset_ms);
    return fh_err_rule(err,
                       FH_ECHECK,
                       "lifecycle.sunset.past",
                       "%s@%u: the sunset %s has passed already; name a day to come",
                       next->product,
                       (unsigned)next->major,
                       asked);
}

static int check_move(const struct fh_announcement *held,
                      const struct fh_announcement *next,
                      const struct fh_lifecycle_move *move,
                      int64_t now_ms,
                      struct fh_err *err)
{
    bool same = next->status == held->status && next->sunset_ms == held->sunset_ms &&
                strcmp(next->successor, held->successor) == 0;
    if (same) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "lifecycle.unchanged",
                           "%s@%u is %s already, with that sunset and successor",
                           held->product,
                           (unsigned)held->major,
                           fh_announce_status_text(held->status));
    }
    int code = fh_lifecycle_follows(held, next, err);
    bool early = next->status == FH_ANNOUNCE_RETIRED && held->status < FH_ANNOUNCE_RETIRED;
    if (code == FH_OK && early && !move->force) {
        code = check_retired(held, now_ms, err);
    }
    if (code == FH_OK && move->sunset_ms != 0) {
        code = check_sunset(next, now_ms, err);
    }
    return code;
}

int fh_lifecycle_move(struct fh_announcement *out,
                      const struct fh_announcement *held,
                      const struct fh_lifecycle_move *move,
                      int64_t now_ms,
                      struct fh_err *err)
{
    struct fh_announcement next;
    fh_lifecycle_renew(&next, held, now_ms);
    next.status = move->status;
    if (move->sunset_ms != 0) {
        next.sunset_ms = move->sunset_ms;
    }
    if (move->successor != NULL) {
        int code = fh_announce_successor_check(move->successor, err);
        if (code != FH_OK) {
            return code;
        }
        /* What was checked fits: two names and a number. */
        snprintf(next.successor, sizeof next.successor, "%s", move->successor);
    }
    int code = check_move(held, &next, move, now_ms, err);
    if (code == FH_OK) {
        *out = next;
    }
    return code;
}

int fh_lifecycle_publish(struct fh_announcement *next,
                         const struct fh_announcement *held,
                         int64_t now_ms,
                         bool *out_kept,
                         struct fh_err *err)
{
    *out_kept = false;
    if (held == NULL) {
        return FH_OK;
    }
    if (held->status >= FH_ANNOUNCE_RETIRED) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "product.retired",
                           "%s@%u is %s and takes no new version; publish %s under a new major",
                           held->product,
                           (unsigned)held->major,
                           fh_announce_status_text(held->status),
                           held->product);
    }
    bool kept = held->status == FH_ANNOUNCE_DEPRECATED && next->status == FH_ANNOUNCE_ACTIVE;
    if (kept) {
        next->status = FH_ANNOUNCE_DEPRECATED;
    }
    if (next->status >= FH_ANNOUNCE_DEPRECATED) {
        next->sunset_ms = held->sunset_ms;
        memcpy(next->successor, held->successor, sizeof next->successor);
    }
    int code = fh_lifecycle_follows(held, next, err);
    if (code == FH_OK && next->status == FH_ANNOUNCE_RETIRED) {
        code = check_retired(held, now_ms, err);
    }
    *out_kept = code == FH_OK && kept;
    return code;
}
