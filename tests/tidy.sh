#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Reads the tree (and a build of it) for what a compiler does not check: who includes whom, that
# proto/ is sans-IO, names, guards, lengths. The rules are in tests/tidy/.
set -euo pipefail

usage()
{
    cat <<'TEXT'
usage: tests/tidy.sh [--tree DIR] [--build DIR] [--notes] [RULE...]
       tests/tidy.sh --self-test

Runs the named rules, or all. Prints "path:line: what; remedy", ends with 1 if anything is wrong.

  --tree DIR    the tree to read                       (default: the one this script is in)
  --build DIR   a build of it; without one, the rules that look at objects are left out
  --notes       also name files past 250 lines
  --self-test   plants one violation of each rule into a copy and expects it to be refused
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(dirname "$here")
build=
notes=false
self_test=false
rules=()
while (($#)); do
    case "$1" in
    --tree) tree=$(cd "$2" && pwd) && shift ;;
    --build) build=$(cd "$2" && pwd) && shift ;;
    --notes) notes=true ;;
    --self-test) self_test=true ;;
    -h | --help) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
    *) rules+=("$1") ;;
    esac
    shift
done
if $self_test; then
    exec "$here/tidy/self_test.sh"
fi
cd "$tree"

# The project's files: what git tracks or would track; without git, everything but builds.
list_files()
{
    if [[ -e .git ]]; then
        git ls-files --cached --others --exclude-standard --deduplicate
    else
        find . -type f -not -path './build/*' -printf '%P\n'
    fi | sort | while read -r path; do
        [[ ! -f $path || -L $path ]] || echo "$path"
    done
}

code_lines()
{
    ((${#c_files[@]} == 0)) || awk -f "$here/tidy/strip_c.awk" "${c_files[@]}"
}

mapfile -t all_files < <(list_files)
c_files=()
text_files=()
for path in "${all_files[@]}"; do
    case "$path" in
    *.[ch])
        c_files+=("$path")
        text_files+=("$path")
        ;;
    LICENSE | *.bin | *.png | *.parquet | *.tgz | tests/fuzz/corpus/* | tests/data/* | tests/vectors/*) ;;
    *) text_files+=("$path") ;;
    esac
done

# shellcheck source=tests/tidy/text_rules.sh
source "$here/tidy/text_rules.sh"
# shellcheck source=tests/tidy/build_rules.sh
source "$here/tidy/build_rules.sh"

if ((${#rules[@]} == 0)); then
    rules=(layers owners sans_io typedefs cleanup spdx guards length markers words orphans)
    [[ -z $build ]] || rules+=(symbols prefixes linkage headers)
fi
wrong=0
for rule in "${rules[@]}"; do
    declare -F "rule_$rule" >/dev/null || {
        echo "tidy.sh: no rule '$rule'" >&2
        exit 2
    }
    # grep ends with 1 when it finds nothing, which is the good case: no pipefail in the rules.
    found=$(set +e +o pipefail && "rule_$rule")
    [[ -n $found ]] || continue
    printf '%s\n' "${found//$'\n'/ [$rule]$'\n'} [$rule]"
    wrong=$((wrong + $(wc -l <<<"$found")))
done
if ((wrong > 0)); then
    echo "tidy: $wrong places to mend"
    exit 1
fi
echo "tidy: ${#all_files[@]} files, ${#rules[@]} rules, nothing to mend"
