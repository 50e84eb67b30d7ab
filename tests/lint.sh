#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The lint lanes that lean on a tool: formatting, clang-tidy, shell scripts, spelling.
set -euo pipefail

usage()
{
    cat <<'TEXT'
usage: tests/lint.sh format|shell|spell [--tree DIR]
       tests/lint.sh clang-tidy --build DIR [--tree DIR] [FILE...]

Ends with 1 when the tool has something to say, with 77 when the tool is not installed.

  --build DIR   a build by clang (preset clang, asan, ...): its compile_commands.json is read
  FILE...       only these sources                 (default: all that the build compiles)

clang-tidy keeps a stamp per source in the build folder and looks again only at what changed.
TEXT
}

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=
what=
files=()
while (($#)); do
    case "$1" in
    --tree) tree=$(cd "$2" && pwd) && shift ;;
    --build) build=$(cd "$2" && pwd) && shift ;;
    -h | --help) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
    *) if [[ -z $what ]]; then what=$1; else files+=("$1"); fi ;;
    esac
    shift
done
cd "$tree"

# list PATTERN...: the project's files that match, as git knows them, or all when there is no git.
list()
{
    local path
    if [[ -e .git ]]; then
        git ls-files --cached --others --exclude-standard --deduplicate -- "$@"
    else
        find . -type f -not -path './build/*' -printf '%P\n' | while read -r path; do
            for pattern in "$@"; do
                # shellcheck disable=SC2053 # the right side is a pattern
                [[ $path != $pattern ]] || echo "$path"
            done
        done
    fi | sort -u | while read -r path; do
        [[ ! -f $path ]] || echo "$path"
    done
}

tool()
{
    local name
    for name in "$@"; do
        command -v "$name" && return 0
    done
    echo "skipped: $1 is not installed (tools/setup installs it)" >&2
    exit 77
}

lint_format()
{
    local formatter sources
    formatter=$(tool clang-format-14)
    mapfile -t sources < <(list '*.c' '*.h')
    ((${#sources[@]} == 0)) || "$formatter" --dry-run -Werror "${sources[@]}" || exit 1
    echo "format: ${#sources[@]} files are as .clang-format wants them"
}

shell_scripts()
{
    list '*.sh' 'tools/*' '.ci/*' 'deploy/*' 'tests/*' | while read -r path; do
        [[ $path == *.sh ]] && echo "$path" && continue
        head -c 64 "$path" | head -n 1 | tr -d '\0' | grep -qE '^#!.*\b(bash|sh)\b' && echo "$path"
    done
    return 0
}

lint_shell()
{
    local checker scripts script
    checker=$(tool shellcheck)
    mapfile -t scripts < <(shell_scripts)
    for script in "${scripts[@]}"; do
        bash -n "$script" || exit 1
    done
    ((${#scripts[@]} == 0)) || "$checker" -x "${scripts[@]}" || exit 1
    echo "shell: ${#scripts[@]} scripts, nothing to mend"
}

lint_spell()
{
    local speller sources
    speller=$(tool codespell)
    mapfile -t sources < <(list '*.c' '*.h' '*.md' '*.sh' '*.py' '*.cmake' '*CMakeLists.txt' '*.yaml' 'tools/*')
    "$speller" --ignore-words "$tree/tests/spelling.txt" "${sources[@]}" || exit 1
    echo "spell: ${#sources[@]} files, nothing to mend"
}

# tidy_one SOURCE: clang-tidy of one file, unless its stamp says that nothing has changed.
tidy_one()
{
    local source=$1 key stamp
    key=$(cat "$source" <(echo "$COMMON_KEY") | sha256sum | cut -c1-40)
    stamp=$STAMPS/$key
    [[ ! -e $stamp ]] || return 0
    "$TIDY" -p "$BUILD" --quiet --warnings-as-errors='*' "$source" 2>/dev/null || return 1
    : >"$stamp"
}

lint_clang_tidy()
{
    [[ -n $build ]] || {
        usage >&2
        exit 2
    }
    TIDY=$(tool clang-tidy-14)
    BUILD=$build
    STAMPS=$build/clang-tidy-stamps
    mkdir -p "$STAMPS"
    if ((${#files[@]} == 0)); then
        mapfile -t files < <(sed -nE "s|^ *\"file\": \"$tree/(.*)\",?$|\1|p" \
            "$build/compile_commands.json" | grep -v '^build/' | sort -u)
    fi
    # Any header, the configuration or the flags may change any verdict.
    COMMON_KEY=$({ list '*.h' | xargs cat; cat .clang-tidy; grep -h '^ *"command"' "$build/compile_commands.json" | sed 's/ -o .*//' | sort -u; } | sha256sum)
    export TIDY BUILD STAMPS COMMON_KEY
    export -f tidy_one
    printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -I{} bash -c 'tidy_one {}' ||
        exit 1
    echo "clang-tidy: ${#files[@]} files, nothing to mend"
}

case "$what" in
format | shell | spell) "lint_$what" ;;
clang-tidy) lint_clang_tidy ;;
*) usage >&2 && exit 2 ;;
esac
