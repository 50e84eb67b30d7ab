/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mem.h"
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/init.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int set(struct fh_init *init, const char *key, const char *text, struct fh_err *err)
{
    char origin[FH_NAME_BYTES_MAX];
    const struct fh_setting *setting = fh_settings_find(key);
    snprintf(origin, sizeof origin, "--%s", key);
    return text == NULL ? FH_OK : fh_settings_set(&init->settings, setting, text, origin, err);
}

static int take_recovery(struct fh_init *init, const char *path, struct fh_err *err)
{
    char here[FH_INIT_PATH_BYTES] = "";
    if (path == NULL) {
        return FH_OK;
    }
    if (path[0] != '/' && getcwd(here, sizeof here) == NULL) {
        return fh_err_set(err, FH_EIO, "the working folder: %s", strerror(errno));
    }
    int length = snprintf(
        init->recovery, sizeof init->recovery, "%s%s%s", here, path[0] == '/' ? "" : "/", path);
    if (length < 0 || (size_t)length >= sizeof init->recovery) {
        return fh_err_set(err, FH_EUSAGE, "--recovery: the path is too long");
    }
    return FH_OK;
}

static int
read_flags(struct fh_cli *cli, const struct fh_args *args, struct fh_init *init, struct fh_err *err)
{
    const char *domain = fh_args_value(args, "domain");
    const char *join = fh_args_value(args, "join");
    init->mesh_name = fh_args_value(args, "mesh");
    init->now_ms = fh_clock_wall_ms();
    fh_settings_init(&init->settings);
    if (domain == NULL) {
        return fh_err_set(err, FH_EUSAGE, "--domain NAME is missing: how the domain is called");
    }
    if ((init->mesh_name == NULL) == (join == NULL)) {
        return fh_err_set(
            err, FH_EUSAGE, "give either --mesh NAME to begin a mesh, or --join FILE to join one");
    }
    int code = fh_home_locate(&init->home, cli->home, err);
    if (code == FH_OK) {
        code = fh_name_check("domain", domain, err);
    }
    if (code == FH_OK) {
        code = set(init, "domain", domain, err);
    }
    if (code == FH_OK) {
        code = set(init, "listen", fh_args_value(args, "listen"), err);
    }
    if (code == FH_OK) {
        code = set(init, "advertise", fh_args_value(args, "advertise"), err);
    }
    if (code == FH_OK) {
        code = take_recovery(init, fh_args_value(args, "recovery"), err);
    }
    return code == FH_OK && join != NULL ? fh_init_join(init, join, err) : code;
}

static int report(struct fh_cli *cli, const struct fh_init *init, bool dry, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"home", FH_OUTPUT_TEXT},
        {"domain", FH_OUTPUT_TEXT},
        {"domain_id", FH_OUTPUT_TEXT},
        {"mesh_id", FH_OUTPUT_TEXT},
        {"listen", FH_OUTPUT_TEXT},
        {"recovery", FH_OUTPUT_TEXT},
    };
    char domain[FH_ID_TEXT_BYTES], mesh[FH_ID_TEXT_BYTES];
    fh_domain_id_text(domain, &init->domain);
    fh_mesh_id_text(mesh, init->joins ? &init->ticket.mesh : &init->mesh);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, init->home.root);
    fh_output_text(output, init->settings.domain);
    if (dry) {
        fh_output_null(output);
    } else {
        fh_output_text(output, domain);
    }
    if (dry && !init->joins) {
        fh_output_null(output);
    } else {
        fh_output_text(output, mesh);
    }
    fh_output_text(output, init->settings.listen);
    fh_output_text(output, init->recovery);
    return fh_output_end(output, err);
}

int fh_cmd_init(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_init *init = fh_calloc(1, sizeof *init);
    bool dry = fh_args_has(args, "dry-run");
    if (init == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a home");
    }
    int code = fh_crypto_init() == FH_OK
                   ? FH_OK
                   : fh_err_set(err, FH_EINTERNAL, "the cryptographic library does not start");
    if (code == FH_OK) {
        code = read_flags(cli, args, init, err);
    }
    if (code == FH_OK) {
        code = fh_init_check(init, err);
    }
    if (code == FH_OK && !dry) {
        code = fh_init_make(init, err);
    }
    if (code == FH_OK) {
        code = report(cli, init, dry, err);
    }
    if (code == FH_OK && dry) {
        fh_cli_say(cli, "nothing was written");
    } else if (code == FH_OK) {
        fh_cli_say(cli,
                   "Take %s offline: it is the only way to replace the domain's key.\n"
                   "Next: freehold --home %s node",
                   init->recovery,
                   init->home.root);
    }
    fh_init_wipe(init);
    fh_free(init);
    return code;
}
