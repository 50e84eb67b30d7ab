#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the commands of README.md, from "Five minutes by hand" to what it promises, as they stand there but
# for their ports, in a folder of their own, and looks at what they leave. Building is left out: the
# programs are given.
#     readme.sh SOURCE_FOLDER PROGRAM_FOLDER FIRST_PORT
set -euo pipefail
source_folder=$1
bin=$2
# shellcheck source=tests/e2e/ports.sh
source "$source_folder/tests/e2e/ports.sh"
port=$(choose_ports "$3" "$bin")
work=$(mktemp -d "${TMPDIR:-/tmp}/freehold-readme.XXXXXX")
clean_up()
{
    local status=$?
    # The nodes were started by the commands themselves: end those that work in our folder.
    for pid in $(pgrep -f "freehold-node --home" || true); do
        if [[ $(readlink "/proc/$pid/cwd") == "$work"* ]]; then
            kill -KILL "$pid" 2>/dev/null || true
        fi
    done
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT

awk '/^## Five minutes by hand/ {on = 1; next} /^## What it promises/ {on = 0}
     on && /^```sh$/ {code = 1; next} /^```$/ {code = 0; next} on && code' \
    "$source_folder/README.md" |
    grep -v -e '^\./tools/setup' -e '^cmake ' -e '^export PATH' >"$work/commands.sh"
[[ $(wc -l <"$work/commands.sh") -gt 20 ]] || {
    echo "README.md: the commands were not found" >&2
    exit 1
}

# A reader waits for the prompt and looks; a script waits until a node that it started answers, and
# until what the shop published is the same at the museum.
cat >"$work/waits.sh" <<'SH'
wait_for() # TEXT COMMAND...: for at most 30 seconds
{
    local text=$1 end=$((SECONDS + 30))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || {
            echo "readme: $text did not happen" >&2
            exit 1
        }
        sleep 0.05
    done
}
of_shop() # HOME: what its node knows, without what each node sees in its own way
{
    freehold --home "$1" -o csv product status shop/orders | cut -d, -f 1-7,10-
    [[ ! -e ledger.odcs.yaml ]] || freehold --home "$1" -o csv product status shop/ledger | cut -d, -f 1-7,10-
}
has_travelled()
{
    local here there
    here=$(of_shop shop) && there=$(of_shop museum) && [[ $here == "$there" ]]
}
SH
sed -i -E -e "s/127\.0\.0\.1:7411/127.0.0.1:$port/g; s/127\.0\.0\.1:7412/127.0.0.1:$((port + 1))/g; s/127\.0\.0\.1:7413/127.0.0.1:$((port + 2))/g" \
    -e 's/^freehold --home ([a-z]+) node >.*/&\nwait_for "the start of \1" freehold --home \1 status/' \
    -e 's|^curl .*(http://[^/]*)/.*|wait_for "the door of museum" curl -fsS \1/healthz\n&|' \
    -e '/product (publish|deprecate)/a wait_for "the journey of the product" has_travelled' \
    "$work/commands.sh"
if grep -F ':74' "$work/commands.sh"; then
    echo "readme: README.md names a port that is not replaced here" >&2
    exit 1
fi
cd "$work"
PATH=$bin:$PATH BASH_ENV=waits.sh bash -euo pipefail -x commands.sh >out.txt 2>err.txt </dev/null || {
    cat out.txt
    tail -n 40 err.txt
    cat mesh/*.log
    exit 1
} >&2

expect()
{
    grep -qE "$1" out.txt || {
        echo "readme: expected to see: $1" >&2
        cat out.txt err.txt mesh/*.log >&2
        exit 1
    }
}
expect 'shop/orders@1\.0\.0'
expect '^shop/orders@1\.1\.0$'
expect '^ci +publisher +active '
grep -q 'shop/orders&#64;1.1.0: can be published' mesh/review.md
expect '^members +shop$'
expect '^salt +1\.2$'
expect '"product": ?"shop/orders@1\.0\.0"'
expect '^ask first$'
expect '^fhr1[a-z0-9]+ +sent +approved +shop/ledger +museum '
expect '^readable +yes$'
expect '^granted$'
expect '^tea +13\.5$'
expect 'museum'
expect '^shop/orders@1\.0\.0 +deprecated +20[0-9-]+ +shop/orders@2 '
expect ' deprecated +1\.0\.0 .* ends 20[0-9-]+; use shop/orders@2 '
grep -q 'verified' err.txt
grep -qE '^note: shop/orders@1 is deprecated, ends 20[0-9-]+; use shop/orders@2$' err.txt
echo "the commands of README.md do what it says"
