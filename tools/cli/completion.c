/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for bash and zsh: one function, told apart where the shells differ. */
#include "tools/cli/completion.h"

#include <string.h>

/* ---- what stands where ---- */

static const struct {
    const char *token; /* in the operands or the value's name */
    enum fh_completion_kind kind;
    const char *words;
} tokens[] = {
    {"SHELL", FH_COMPLETION_WORDS, "bash zsh fish"},
    {"MEMBER", FH_COMPLETION_MEMBER, NULL},
    {"REQUEST", FH_COMPLETION_REQUEST, NULL},
    {"GRANT", FH_COMPLETION_GRANT, NULL},
    {"ROLE", FH_COMPLETION_WORDS, "publisher member"},
    {"FORMAT", FH_COMPLETION_WORDS, "table json csv arrow parquet"},
    {"NAME", FH_COMPLETION_PRODUCT, NULL},
    {"FILE", FH_COMPLETION_FILE, NULL},
    {"DIR", FH_COMPLETION_DIR, NULL},
};

static struct fh_completion of_text(const char *text)
{
    for (size_t i = 0; i < FH_COUNT(tokens); i++) {
        if (strstr(text, tokens[i].token) != NULL) {
            return (struct fh_completion){tokens[i].kind, tokens[i].words};
        }
    }
    if (strchr(text, '|') != NULL && text[0] >= 'a' && text[0] <= 'z') {
        return (struct fh_completion){FH_COMPLETION_WORDS, text};
    }
    return (struct fh_completion){FH_COMPLETION_NOTHING, NULL};
}

struct fh_completion fh_completion_of_operands(const struct fh_command *command)
{
    struct fh_completion found = of_text(command->operands);
    bool named =
        strncmp(command->operands, "NAME", 4) == 0 || strstr(command->operands, " NAME") != NULL;
    if (found.kind == FH_COMPLETION_PRODUCT && !named) {
        found.kind = FH_COMPLETION_FILE; /* "FILE|NAME": files are at hand */
    }
    if (found.kind == FH_COMPLETION_NOTHING && command->operands[0] >= 'A' &&
        command->operands[0] <= 'Z') {
        found.kind = FH_COMPLETION_FILE; /* two files, a source */
    }
    return found;
}

struct fh_completion fh_completion_of_flag(const struct fh_flag *flag)
{
    static const struct fh_completion nothing = {FH_COMPLETION_NOTHING, NULL};
    if (flag->value == NULL) {
        return nothing;
    }
    struct fh_completion found = of_text(flag->value);
    bool is_output = strcmp(flag->name, "output") == 0;
    bool is_format = strcmp(flag->value, "FORMAT") == 0;
    /* A name behind a flag is one that is being given; other formats have words of their own. */
    return found.kind == FH_COMPLETION_PRODUCT || (is_format && !is_output) ? nothing : found;
}

bool fh_completion_is_first(size_t index)
{
    return index == 0 || strcmp(fh_commands[index - 1].noun, fh_commands[index].noun) != 0;
}

void fh_completion_words(const char *words,
                         void (*put)(const char *word, int length, void *user),
                         void *user)
{
    for (const char *at = words; at[0] != 0;) {
        size_t length = strcspn(at, " |");
        put(at, (int)length, user);
        at += length;
        at += strspn(at, " |");
    }
}

const char *fh_shell_text(enum fh_shell shell)
{
    static const char *const texts[FH_SHELL_COUNT] = {
        [FH_SHELL_BASH] = "bash", [FH_SHELL_ZSH] = "zsh", [FH_SHELL_FISH] = "fish"};
    return texts[shell];
}

/* ---- the cases of the function ---- */

static void put_word(const char *word, int length, void *user)
{
    fprintf(user, " %.*s", length, word);
}

static void put_flag_words(struct fh_cli *cli, const struct fh_flag *flags, size_t most)
{
    for (size_t i = 0; i < most && flags[i].name != NULL; i++) {
        fprintf(cli->out, " --%s", flags[i].name);
    }
}

static void put_completion(struct fh_cli *cli, struct fh_completion completion)
{
    static const char *const kinds[FH_COMPLETION_KIND_COUNT] = {
        [FH_COMPLETION_NOTHING] = "nothing",
        [FH_COMPLETION_FILE] = "file",
        [FH_COMPLETION_DIR] = "dir",
        [FH_COMPLETION_PRODUCT] = "product",
        [FH_COMPLETION_MEMBER] = "member",
        [FH_COMPLETION_REQUEST] = "access",
        [FH_COMPLETION_GRANT] = "grant",
        [FH_COMPLETION_WORDS] = "words",
    };
    fprintf(cli->out, "kind=%s", kinds[completion.kind]);
    if (completion.kind == FH_COMPLETION_WORDS) {
        fputs(" choices=\"", cli->out);
        fh_completion_words(completion.words, put_word, cli->out);
        fputs("\"", cli->out);
    }
    fputs(" ;;\n", cli->out);
}

static void
put_flag_values(struct fh_cli *cli, const char *command, const struct fh_flag *flags, size_t most)
{
    for (size_t i = 0; i < most && flags[i].name != NULL; i++) {
        if (flags[i].value == NULL) {
            continue;
        }
        fprintf(cli->out, "    \"%s --%s\"", command, flags[i].name);
        if (flags[i].letter != 0) {
            fprintf(cli->out, " | \"%s -%c\"", command, flags[i].letter);
        }
        fputs(") ", cli->out);
        put_completion(cli, fh_completion_of_flag(&flags[i]));
    }
}

static void put_command_name(struct fh_cli *cli, const struct fh_command *command)
{
    fprintf(cli->out,
            "    \"%s%s%s\") ",
            command->noun,
            command->verb == NULL ? "" : " ",
            command->verb == NULL ? "" : command->verb);
}

static bool has_verbs(const char *noun)
{
    bool has = false;
    for (size_t i = 0; i < fh_command_count; i++) {
        has = has || (fh_commands[i].verb != NULL && strcmp(fh_commands[i].noun, noun) == 0);
    }
    return has;
}

static void put_verbs(struct fh_cli *cli, const char *noun)
{
    fprintf(cli->out, "    \"%s\") kind=words choices=\"", noun);
    for (size_t i = 0; i < fh_command_count; i++) {
        if (fh_commands[i].verb != NULL && strcmp(fh_commands[i].noun, noun) == 0) {
            fprintf(cli->out, " %s", fh_commands[i].verb);
        }
    }
    fputs("\" ;;\n", cli->out);
}

/* The verbs of each noun that has some, and the nouns. */
static void put_subcommands(struct fh_cli *cli)
{
    fputs("    \"\") kind=words choices=\"", cli->out);
    for (size_t i = 0; i < fh_command_count; i++) {
        if (fh_completion_is_first(i)) {
            fprintf(cli->out, " %s", fh_commands[i].noun);
        }
    }
    fputs("\" ;;\n", cli->out);
    for (size_t i = 0; i < fh_command_count; i++) {
        if (fh_completion_is_first(i) && has_verbs(fh_commands[i].noun)) {
            put_verbs(cli, fh_commands[i].noun);
        }
    }
}

static void put_cases(struct fh_cli *cli)
{
    fputs("    case \"$command\" in\n", cli->out);
    put_subcommands(cli);
    for (size_t i = 0; i < fh_command_count; i++) {
        put_command_name(cli, &fh_commands[i]);
        put_completion(cli, fh_completion_of_operands(&fh_commands[i]));
    }
    fputs("    esac\n    case \"$command\" in\n", cli->out);
    for (size_t i = 0; i < fh_command_count; i++) {
        put_command_name(cli, &fh_commands[i]);
        fputs("flags=\"", cli->out);
        put_flag_words(cli, fh_commands[i].flags, FH_ARGS_FLAGS_MAX);
        fputs("\" ;;\n", cli->out);
    }
    fputs("    esac\n    flags+=\"", cli->out);
    put_flag_words(cli, fh_global_flags, SIZE_MAX);
    fputs("\"\n    case \" $previous\" in\n", cli->out);
    put_flag_values(cli, "", fh_global_flags, SIZE_MAX);
    fputs("    esac\n    case \"$command $previous\" in\n", cli->out);
    for (size_t i = 0; i < fh_command_count; i++) {
        const struct fh_command *command = &fh_commands[i];
        char name[64];
        snprintf(name,
                 sizeof name,
                 "%s%s%s",
                 command->noun,
                 command->verb == NULL ? "" : " ",
                 command->verb == NULL ? "" : command->verb);
        put_flag_values(cli, name, command->flags, FH_ARGS_FLAGS_MAX);
    }
    fputs("    esac\n", cli->out);
}

/* Flags whose next word is their value, so that it is no noun or verb. */
static void put_value_flags(struct fh_cli *cli, const struct fh_flag *flags, size_t most)
{
    for (size_t i = 0; i < most && flags[i].name != NULL; i++) {
        if (flags[i].value != NULL) {
            fprintf(cli->out, " | --%s", flags[i].name);
            if (flags[i].letter != 0) {
                fprintf(cli->out, " | -%c", flags[i].letter);
            }
        }
    }
}

/* What both shells need to know: sets kind, choices and flags for the word being written. */
static void put_look(struct fh_cli *cli)
{
    fputs("_freehold_look() # WORDS-BEFORE...\n"
          "{\n"
          "    local command=\"\" previous=\"\" skip=0 item\n"
          "    kind=nothing choices=\"\" flags=\"\"\n"
          "    for item in \"$@\"; do\n"
          "        previous=$item\n"
          "        if ((skip)); then skip=0; previous=\"\"; continue; fi\n"
          "        case $item in\n"
          "        --=",
          cli->out);
    put_value_flags(cli, fh_global_flags, SIZE_MAX);
    for (size_t i = 0; i < fh_command_count; i++) {
        put_value_flags(cli, fh_commands[i].flags, FH_ARGS_FLAGS_MAX);
    }
    fputs(") skip=1 ;;\n"
          "        -*) ;;\n"
          "        *) case \"$command $item\" in\n",
          cli->out);
    for (size_t i = 0; i < fh_command_count; i++) {
        if (fh_completion_is_first(i)) {
            fprintf(cli->out,
                    "            \" %s\") command=%s ;;\n",
                    fh_commands[i].noun,
                    fh_commands[i].noun);
        }
        if (fh_commands[i].verb != NULL) {
            fprintf(cli->out,
                    "            \"%s %s\") command=\"%s %s\" ;;\n",
                    fh_commands[i].noun,
                    fh_commands[i].verb,
                    fh_commands[i].noun,
                    fh_commands[i].verb);
        }
    }
    fputs("            esac ;;\n"
          "        esac\n"
          "    done\n"
          "    ((skip)) || previous=\"\"\n",
          cli->out);
    put_cases(cli);
    fputs("}\n"
          "_freehold_names() # product|member|access|grant\n"
          "{\n"
          "    timeout 2 freehold -o csv $1 list 2>/dev/null | tail -n +2 | sed 's/[,@].*//'\n"
          "}\n",
          cli->out);
}

static void put_bash(struct fh_cli *cli)
{
    fputs("# Completion of freehold for bash: source <(freehold completion bash)\n", cli->out);
    put_look(cli);
    fputs("_freehold()\n"
          "{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} kind choices flags\n"
          "    COMPREPLY=()\n"
          "    _freehold_look \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"\n"
          "    if [[ $word == -* ]]; then\n"
          "        kind=words choices=$flags\n"
          "    fi\n"
          "    case $kind in\n"
          "    words) mapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$word\") ;;\n"
          "    dir) mapfile -t COMPREPLY < <(compgen -d -- \"$word\") ;;\n"
          "    product | member | access | grant)\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$(_freehold_names $kind)\" -- \"$word\")\n"
          "        ((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
          "    file) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
          "    esac\n"
          "}\n"
          "complete -o filenames -F _freehold freehold\n",
          cli->out);
}

static void put_zsh(struct fh_cli *cli)
{
    fputs("#compdef freehold\n"
          "# Completion of freehold for zsh: freehold completion zsh > DIR-OF-FPATH/_freehold\n",
          cli->out);
    put_look(cli);
    fputs("_freehold()\n"
          "{\n"
          "    local -a before\n"
          "    before=(\"${(@)words[2,CURRENT-1]}\")\n"
          "    local word=${words[CURRENT]} kind choices flags\n"
          "    _freehold_look \"${before[@]}\"\n"
          "    if [[ $word == -* ]]; then\n"
          "        kind=words choices=$flags\n"
          "    fi\n"
          "    case $kind in\n"
          "    words) compadd -- ${=choices} ;;\n"
          "    dir) _path_files -/ ;;\n"
          "    product | member | access | grant)\n"
          "        compadd -- ${(f)\"$(_freehold_names $kind)\"} || _files ;;\n"
          "    file) _files ;;\n"
          "    esac\n"
          "}\n"
          "if [[ ${funcstack[1]-} == _freehold ]]; then _freehold \"$@\"; else compdef _freehold "
          "freehold; fi\n",
          cli->out);
}

void fh_cli_completion(struct fh_cli *cli, enum fh_shell shell)
{
    switch (shell) {
    case FH_SHELL_BASH:
        put_bash(cli);
        break;
    case FH_SHELL_ZSH:
        put_zsh(cli);
        break;
    case FH_SHELL_FISH:
        fh_completion_fish(cli);
        break;
    case FH_SHELL_COUNT:
        break;
    }
}

int fh_cmd_completion(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    for (unsigned shell = 0; shell < FH_SHELL_COUNT; shell++) {
        if (strcmp(args->operands[0], fh_shell_text((enum fh_shell)shell)) == 0) {
            fh_cli_completion(cli, (enum fh_shell)shell);
            return FH_OK;
        }
    }
    return fh_err_set(err,
                      FH_EUSAGE,
                      "no completion for \"%.20s\"; bash, zsh and fish are known",
                      args->operands[0]);
}
