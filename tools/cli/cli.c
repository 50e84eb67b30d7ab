/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/cli.h"

#include "common/assert.h"
#include "common/file.h"
#include "common/time.h"
#include "common/version.h"
#include "tools/client/product_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Remedies, by rule or by the beginning of a rule, then by code. */
static const struct {
    const char *rule; /* "" matches by code alone */
    int code;         /* FH_OK matches by rule alone */
    const char *hint;
} hints[] = {
    {"home.missing", FH_OK, "make a home with `freehold init`, or name one with --home DIR"},
    {"home.exists", FH_OK, "name another folder with --home DIR; a home is never overwritten"},
    {"home.permissions", FH_OK, "run: chmod 700 HOME HOME/keys"},
    {"key.permissions",
     FH_OK,
     "run: chmod 600 KEYFILE, and for a home: chmod 700 HOME/keys; chmod 600 HOME/keys/*.key"},
    {"identity.invitation.expired", FH_OK, "ask for a new one: `freehold invite` at the issuer"},
    {"identity.invitation.used", FH_OK, "ask for a new one: `freehold invite` at the issuer"},
    {"contract.version.", FH_OK, "raise `version` in the contract and publish again"},
    {"contract.absent", FH_OK, "try again in a moment, or ask another peer with --peer"},
    {"product.unreachable", FH_OK, "`freehold peers` shows who is there; try again later"},
    {"product.name", FH_OK, "`freehold search WORDS` finds products"},
    {"query.access", FH_OK, "ask the owner; `freehold product describe NAME` names the team"},
    {"answer.incomplete", FH_OK, "do not use these rows; ask again"},
    {"receipt.", FH_OK, "do not use these rows; ask again"},
    {"session.peer.", FH_OK, "the node is not who it should be; do not use it"},
    {"record.signer.revoked", FH_OK, "this key is shut out for good; ask your domain for another"},
    {"record.signer.expired", FH_OK, "ask your domain for a new access: `freehold member add`"},
    {"publish.root.none", FH_OK, "add data_roots to freehold.yaml of that node, and restart it"},
    {"member.domain_key", FH_OK, "run it where the domain key is, or put it back for this moment"},
    {"source.unreachable", FH_OK, "does `psql` reach it with the same address?"},
    {"source.denied", FH_OK, "set PGPASSWORD, or add a line to ~/.pgpass; never in the address"},
    {"import.outside", FH_OK, "write the draft beside the data with -o FILE"},
    {"admin.none", FH_OK, "start it with `freehold node`"},
    {"", FH_EUNREACH, "is the node running? `freehold node` starts it; --peer names another"},
    {"", FH_EBUSY, "try again later"},
    {"", FH_ESIG, "what was received is not what was signed; nothing of it was used"},
};

const char *fh_cli_hint(const struct fh_err *err)
{
    for (size_t i = 0; i < FH_COUNT(hints); i++) {
        size_t length = strlen(hints[i].rule);
        bool begins = strncmp(err->rule, hints[i].rule, length) == 0;
        if (length > 0 ? begins : hints[i].code == err->code) {
            return hints[i].hint;
        }
    }
    return NULL;
}

static void put_visible(FILE *file, const char *text)
{
    struct fh_buf visible FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&visible, 16 * 1024);
    fh_output_visible(&visible, fh_bytes_cstr(text));
    fputs(fh_buf_cstr(&visible), file);
}

static void put_pause(FILE *file, uint32_t ms)
{
    if (ms < 120 * 1000) {
        fprintf(file, "%.1f s", (double)ms / 1000);
    } else {
        fprintf(file, "%u min", (ms + 59999) / 60000);
    }
}

void fh_cli_complain(struct fh_cli *cli, const struct fh_err *err)
{
    const char *red = cli->message_colour ? "\x1b[31m" : "";
    const char *dim = cli->message_colour ? "\x1b[2m" : "";
    const char *off = cli->message_colour ? "\x1b[0m" : "";
    fprintf(cli->messages, "%sfreehold: ", red);
    put_visible(cli->messages, err->text[0] == 0 ? fh_code_text(err->code) : err->text);
    fprintf(cli->messages, "%s\n", off);
    if (err->rule[0] != 0) {
        fprintf(cli->messages, "%srule: ", dim);
        put_visible(cli->messages, err->rule);
        fprintf(cli->messages, "%s\n", off);
    }
    const char *hint = fh_cli_hint(err);
    if (err->retry_after_ms > 0) {
        fprintf(cli->messages, "%shint: worth asking again in ", dim);
        put_pause(cli->messages, err->retry_after_ms);
        fprintf(cli->messages, "%s\n", off);
    } else if (hint != NULL) {
        fprintf(cli->messages, "%shint: %s%s\n", dim, hint, off);
    }
}

void fh_cli_say(struct fh_cli *cli, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(cli->messages, format, list);
    va_end(list);
    fputc('\n', cli->messages);
}

struct fh_output *fh_cli_output(struct fh_cli *cli,
                                bool record,
                                const struct fh_output_column *columns,
                                size_t column_count)
{
    struct fh_output *output =
        fh_output_new(cli->out, cli->format, record, cli->out_colour, columns, column_count);
    if (output == NULL) {
        fputs("freehold: out of memory\n", cli->messages);
        exit(fh_code_exit(FH_ENOMEM));
    }
    return output;
}

int fh_cli_error(struct fh_err *out, const struct freehold_error *error)
{
    fh_err_rule(out, error->code, error->rule, "%s", error->text);
    if (error->retry_after_ms > 0) {
        fh_err_retry(out, error->retry_after_ms);
    }
    return error->code;
}

int fh_cli_client(struct fh_cli *cli,
                  const char *peer,
                  struct freehold_client **out,
                  struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_options options = {
        .size = sizeof options,
        .home = cli->home,
        .peer = peer,
        .key_file = cli->key,
        .access_file = cli->access,
        .passphrase_file = cli->passphrase_file,
    };
    int code = freehold_open_with(out, &options, &error);
    return code == FREEHOLD_OK ? FH_OK : fh_cli_error(err, &error);
}

int fh_cli_describe(struct fh_cli *cli,
                    const struct fh_args *args,
                    struct freehold_client **out_client,
                    struct freehold_description **out,
                    struct fh_err *err)
{
    struct fh_product_name name;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = fh_product_name_parse(&name, args->operands[0], err);
    if (code == FH_OK) {
        code = fh_cli_client(cli, fh_args_value(args, "peer"), out_client, err);
    }
    if (code == FH_OK &&
        freehold_describe(out, *out_client, args->operands[0], &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    return code;
}

void fh_cli_age(char out[FH_AGE_BYTES], uint64_t ms)
{
    static const struct {
        uint64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};
    if (ms == UINT64_MAX) {
        snprintf(out, FH_AGE_BYTES, "never");
        return;
    }
    for (size_t i = 0; i < FH_COUNT(units); i++) {
        /* From two of a unit on, so that no more than half is lost: 90 s, 119 min, 47 h. */
        if (ms >= 2 * units[i].ms || i + 1 == FH_COUNT(units)) {
            snprintf(out, FH_AGE_BYTES, "%" PRIu64 " %s", ms / units[i].ms, units[i].unit);
            return;
        }
    }
}

const char *fh_cli_since(char out[FH_AGE_BYTES], int64_t wall_ms)
{
    out[0] = '\0';
    if (wall_ms != 0) {
        int64_t age = fh_clock_wall_ms() - wall_ms;
        fh_cli_age(out, age > 0 ? (uint64_t)age : 0);
    }
    return out;
}

int fh_cli_number(
    uint64_t *out, const char *flag, const char *text, uint64_t most, struct fh_err *err)
{
    if (text == NULL) {
        return FH_OK;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || end[0] != 0 || text[0] < '0' || text[0] > '9' || value == 0 ||
        value > most) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          "--%s: \"%.30s\" is not a whole number from 1 to %llu",
                          flag,
                          text,
                          (unsigned long long)most);
    }
    *out = value;
    return FH_OK;
}

static int read_stream(FILE *file, struct fh_buf *out, struct fh_err *err)
{
    uint8_t chunk[4096];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0) {
        fh_buf_add(out, chunk, got);
    }
    if (ferror(file) != 0) {
        return fh_err_set(err, FH_EIO, "standard input: %s", strerror(errno));
    }
    int code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "standard input is too long");
}

int fh_cli_read(struct fh_cli *cli, const char *path, struct fh_buf *out, struct fh_err *err)
{
    return strcmp(path, "-") == 0 ? read_stream(cli->in, out, err) : fh_file_read(path, out, err);
}

static int choose_format(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    cli->wide = strcmp(args->format, "wide") == 0;
    cli->columnar = fh_columns_format_parse(&cli->columns, args->format);
    if (!cli->columnar) {
        return fh_output_format_parse(&cli->format, args->format, err);
    }
    return args->command == NULL || args->command->columnar
               ? FH_OK
               : fh_err_set(err, FH_EUSAGE, "-o %s goes with `freehold query`", args->format);
}

int fh_cli_run(struct fh_cli *cli, int argc, char *const *argv)
{
    struct fh_err err = {0};
    struct fh_args args;
    int code = fh_args_parse(&args, fh_commands, fh_command_count, argc, argv, &err);
    if (code == FH_OK && args.format != NULL) {
        code = choose_format(cli, &args, &err);
    }
    if (code == FH_OK) {
        cli->home = args.home;
        cli->key = args.key;
        cli->access = args.access;
        cli->passphrase_file = args.passphrase_file;
        if (args.version) {
            fprintf(cli->out, "freehold %s\n", FH_VERSION);
        } else if (args.help) {
            fh_cli_help(cli, &args);
        } else {
            code = args.command->run(cli, &args, &err);
        }
    }
    if (fflush(cli->out) != 0 && code == FH_OK) {
        code = fh_err_set(&err, FH_EIO, "the output could not be written: %s", strerror(errno));
    }
    if (code != FH_OK) {
        FH_ASSERT(err.code == code);
        fh_cli_complain(cli, &err);
    }
    return fh_code_exit(code);
}
