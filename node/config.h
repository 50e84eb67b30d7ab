/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config: the settings that this daemon runs with.
 *
 * Default, then freehold.yaml, then environment, then flags, each over the one before; the table in
 * proto/settings drives all of them.
 *
 * Does not: write the file (`init` does, with fh_settings_render). Thread: immutable after loading.
 * Ownership: plain value.
 */
#ifndef FH_NODE_CONFIG_H
#define FH_NODE_CONFIG_H

#include "common/home.h"
#include "proto/settings/settings.h"

struct fh_config {
    struct fh_home home;
    bool offline; /* --offline: admin socket only, no network */
    bool errand;  /* --errand: `home` is a folder without an identity, see node/errand.h */
    bool help;    /* --help was given: nothing was read */
    bool doctor;  /* --doctor: look at machine and home, then end; set also when loading fails */
    bool named;   /* --home or FREEHOLD_HOME named a home; likewise */
    struct fh_settings settings;
    char warning[256]; /* a FREEHOLD_ variable that looks mistyped, or "" */
    /* private: what it was read from, for fh_config_again */
    int argc;
    const char *const *argv;
    const char *const *environment;
};

/* Reads the command line of freehold-node ("--home DIR", "--offline", "--errand DIR", "--doctor",
 * "--help" and every flag of the table, as "--listen X" or "--listen=X"), the environment and the
 * home's file, and checks it all. `environment` is getenv's list ("NAME=value", NULL at the end);
 * unknown FREEHOLD_ variables are ignored, see `warning`. FH_EUSAGE (unknown flag, with the nearest
 * right one), and the errors of fh_home_locate, fh_home_check, fh_settings_parse,
 * fh_settings_check. */
FH_MUST_CHECK int fh_config_load(struct fh_config *out,
                                 int argc,
                                 const char *const *argv,
                                 const char *const *environment,
                                 struct fh_err *err);

/* Reads the same again: the file may say something else now. Command line and environment must
 * still be there. Errors of fh_config_load. */
FH_MUST_CHECK int
fh_config_again(struct fh_config *out, const struct fh_config *config, struct fh_err *err);

/* Appends the help text: every setting with flag, variable, default and unit. */
void fh_config_help(struct fh_buf *out);

#endif
