# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What the end-to-end tests share: sourced first of all by tests/e2e/*.sh, which are called with
#     SOURCE_FOLDER PROGRAM_FOLDER FIRST_PORT
# The ports are those of this build (ports.sh). Makes `work`, a folder of its own, and sources the scripts
# for nodes. When the test ends, however it ends, every node that was started is ended and `work` is
# removed; after a failure the ends of the nodes' logs are shown. A node that does not end well, leaves a
# process behind or that a sanitizer complained of fails the test.
set -euo pipefail
source_folder=$1
bin=$2
# shellcheck source=tests/e2e/ports.sh
source "$source_folder/tests/e2e/ports.sh"
# shellcheck disable=SC2034 # for mesh.sh
port=$(choose_ports "$3" "$bin")
# shellcheck source=tools/steps.sh
source "$source_folder/tools/steps.sh"
# shellcheck source=tools/mesh.sh
source "$source_folder/tools/mesh.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/freehold-e2e.XXXXXX")
data=$work/data
keys=$work/keys
mkdir "$data"

end_test()
{
    local status=$? domain log left=()
    trap - EXIT
    set +e
    if ((status == 0)); then
        kill "${node_pid[@]}" 2>/dev/null # all at once: goodbyes take seconds
        for domain in "${!node_pid[@]}"; do
            # Should it hang, the test's time limit ends it.
            wait "${node_pid[$domain]}" || {
                say "the node of $domain ended with $?" >&2
                status=1
            }
        done
        node_pid=()
    fi
    for domain in "${!node_pid[@]}"; do
        kill_node "$domain"
    done
    if grep -alE 'Sanitizer: |runtime error: ' "$work"/*/node.log >&2; then
        status=1
    fi
    if ((status != 0)); then
        for log in "$work"/*/node.log; do
            tail -n 30 "$log" | sed "s|^|    ${log#"$work"/} |" >&2
        done
    fi
    mapfile -t left < <(processes)
    if ((${#left[@]} > 0)); then
        kill -KILL "${left[@]}"
        say "left running at the end: ${left[*]}" >&2
        status=1
    fi
    if mountpoint -q "$work/shop"; then
        umount -R "$work/shop" # full_disk.sh
    fi
    rm -rf "$work"
    exit "$status"
}
trap end_test EXIT
trap 'exit 130' INT TERM

# processes: the pids of what still works below `work`, when it does not end within 5 seconds.
processes()
{
    local i
    for ((i = 0; i < 100; i++)); do
        pgrep -f -- "$work/" >/dev/null || return 0
        sleep 0.05
    done
    pgrep -f -- "$work/" || true
}

# kill_node DOMAIN: what a power cut does to it.
kill_node()
{
    kill -KILL "${node_pid[$1]}" 2>/dev/null || true
    wait "${node_pid[$1]}" 2>/dev/null || true
    unset "node_pid[$1]"
}

# bounded COMMAND...: nothing here may hang.
bounded()
{
    if [[ $1 == fh ]]; then
        local domain=$2
        shift 2
        timeout 60 "$bin/freehold" --home "$work/$domain/home" "$@"
    elif [[ $(type -t "$1") == function ]]; then
        "$@"
    else
        timeout 60 "$@"
    fi
}

# refused EXIT TEXT... -- COMMAND...: the command ends with this exit code, says each of the texts on
# standard error, and prints no data. What it printed is in $work/out and $work/err.
refused()
{
    local expected=$1 status=0 texts=() text
    shift
    while [[ $1 != -- ]]; do
        texts+=("$1")
        shift
    done
    shift
    bounded "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    if ((status != expected)); then
        cat "$work/out" "$work/err" >&2
        fail "exit code $status instead of $expected: $*"
    fi
    for text in "${texts[@]}"; do
        if ! grep -qF -- "$text" "$work/err"; then
            cat "$work/err" >&2
            fail "the error does not say '$text': $*"
        fi
    done
    if [[ -s $work/out ]]; then
        cat "$work/out" >&2
        fail "data beside an error: $*"
    fi
}

# by_rule RULE COMMAND...: a program of the tests is refused by this rule, which begins a line of what it prints.
by_rule()
{
    local rule=$1 status=0
    shift
    "$@" >"$work/out" 2>&1 || status=$?
    if ((status == 0)) || ! grep -q "^$rule: " "$work/out"; then
        fail "expected $rule, exit $status: $(cat "$work/out"): $*"
    fi
}

# prints TEXT COMMAND...: the command succeeds, and its standard output is exactly this.
prints()
{
    local expected=$1 got
    shift
    got=$(bounded "$@" 2>"$work/err" </dev/null) || {
        cat "$work/err" >&2
        fail "should succeed: $*"
    }
    [[ $got == "$expected" ]] || fail "$*: expected
$expected
but got
$got"
}

# succeeds COMMAND...
succeeds()
{
    bounded "$@" >"$work/out" 2>"$work/err" </dev/null || {
        cat "$work/out" "$work/err" >&2
        fail "should succeed: $*"
    }
}

# make_contract NAME VERSION >FILE: a contract for NAME.csv beside it.
make_contract()
{
    cat <<YAML
apiVersion: v3.1.0
kind: DataContract
id: contract-of-$1
name: $1
version: $2
status: active
description:
  purpose: Rows that the end-to-end tests ask for.
schema:
  - name: $1
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: item, logicalType: string, required: true}
      - {name: price, logicalType: number, required: true}
roles:
  - {role: mesh, access: read}
servers:
  - {server: here, type: local, path: $1.csv, format: csv}
YAML
}

# make_product NAME ROWS: NAME.csv and NAME.odcs.yaml of version 1.0.0 in `data`.
make_product()
{
    awk -v rows="$2" 'BEGIN {
        print "id,item,price"
        for (i = 1; i <= rows; i++) printf "%d,item %d of the shop in the market hall,%d.5\n", i, i % 10, i % 100
    }' >"$data/$1.csv"
    make_contract "$1" 1.0.0 >"$data/$1.odcs.yaml"
}

# closed NAME: its contract in `data` opens the product to nobody.
closed()
{
    sed -i '/^roles:/,/access: read/d' "$data/$1.odcs.yaml"
}

# open_door DOMAIN LINE...: the node begins anew with these settings, its first ones of a door.
open_door()
{
    local domain=$1
    shift
    stop_node "$domain"
    printf '%s\n' "$@" >>"$work/$domain/home/freehold.yaml"
    start_node "$domain"
    until_true 20 "the door of $domain" grep -q door.ready "$work/$domain/node.log"
}

# let_in DOMAIN NAME ROLE [UNTIL]: a new key of that name in `keys`, let in by the domain.
let_in()
{
    mkdir -p "$keys"
    rm -f "$keys/$2".*
    succeeds "$bin/freehold" key create "$keys/$2.key"
    cp "$work/out" "$keys/$2.pub"
    succeeds fh "$1" member add "$keys/$2.pub" --name "$2" --role "$3" --until "${4:-30d}" --save "$keys/$2.access"
}

# as NAME WORD...: the command with that key.
as()
{
    local name=$1
    shift
    timeout 60 "$bin/freehold" --key "$keys/$name.key" --access "$keys/$name.access" "$@"
}

# column NAME: of the one row in $work/out, which is CSV.
column()
{
    python3 -c '
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) == 1, rows
print(rows[0][sys.argv[2]])' "$work/out" "$1"
}

# policy VERSION RULES: the policy `personal` with these lines behind its head.
policy()
{
    printf 'name: personal\nversion: %s\n%s\n' "$1" "$2" >"$data/personal.policy.yaml"
}

# enforce VERSION RULES: it is published at shop.
enforce()
{
    policy "$1" "$2"
    prints "personal $1" fh shop policy publish "$data/personal.policy.yaml"
}

# version_of DOMAIN PRODUCT: which version of OWNER/PRODUCT the domain's node shows, or nothing.
version_of()
{
    fh "$1" -o csv product list | sed -n "s|^$2@\([0-9.]*\),.*|\1|p"
}
