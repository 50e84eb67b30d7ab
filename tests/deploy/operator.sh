#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs a build into a folder of its own, moves that folder, and runs the commands of
# deploy/README.md from it as they stand there; looks in between at whether what the page says is so.
#     operator.sh SOURCE_FOLDER BUILD_FOLDER
set -euo pipefail
source_folder=$1
build=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/deploy/page.sh
source "$here/page.sh"

unset FREEHOLD_HOME FREEHOLD_PEER
work=$(mktemp -d "${TMPDIR:-/tmp}/freehold-operator.XXXXXX")
clean_up()
{
    local status=$? pid
    # The nodes were started by the commands themselves: end those that work in our folder.
    for pid in $(pgrep -f "freehold-node --home $work/" || true); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    if ((status != 0)); then
        tail -n 20 "$work"/*.log "$work"/err.txt >&2 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT

# Free ports instead of those of the page: other tests may run at the same time.
port=$((20000 + ($$ * 7) % 10000))
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || (exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null; do
    port=$((port + 2))
done
page_blocks "$source_folder/deploy/README.md" sh |
    grep -v -e '^\./tools/setup' -e '^cmake --preset' |
    sed -E -e "s#build/release#$build#" -e "s/:7421/:$port/" -e "s/:7422/:$((port + 1))/" \
        -e 's/^freehold --home ([a-z]+) node >.*/&\nis_up \1/' >"$work/commands.sh"
(($(wc -l <"$work/commands.sh") > 25)) || {
    echo "deploy/README.md: the commands were not found" >&2
    exit 1
}

# ---- what is looked at after each block of the page ---------------------------------------------

is_up()
{
    until_true 20 "the node of $1 answers" freehold --home "$1" status
}

expect() # expect WHAT COMMAND...
{
    local what=$1
    shift
    "$@" >&2 || {
        echo "operator: $what: not so" >&2
        exit 1
    }
}

publish() # publish VERSION
{
    sed -i "s/^version: .*/version: $1/" data/sales.odcs.yaml
    freehold --home orders product publish data/sales.odcs.yaml
}

lists() # lists HOME VERSION: that version of sales is in the catalogue there
{
    freehold --home "$1" -o csv product list | grep -q "^orders/sales@${2//./\\.},"
}

verifies() # verifies PRODUCT: at its own node
{
    freehold --home orders contract verify "$1"
}

fails_by() # fails_by RULE COMMAND...
{
    local rule=$1 said
    shift
    ! said=$("$@" 2>&1) && grep -qF "rule: $rule" <<<"$said"
}

is_alive() # is_alive HOME COUNT
{
    (($(freehold --home "$1" -o csv peers | grep -c ',alive,') == $2))
}

after()
{
    case "$2 $1" in
    "Install 1")
        local file
        for file in bin/freehold bin/freehold-node bin/freehold-worker include/freehold.h \
            share/bash-completion/completions/freehold share/zsh/site-functions/_freehold \
            share/fish/vendor_completions.d/freehold.fish share/doc/freehold/LICENSE \
            "lib/systemd/system/freehold-node@.service" lib/sysusers.d/freehold.conf; do
            expect "$file is installed" test -s "$PREFIX/$file"
        done
        expect "the completion is one" bash -n "$PREFIX/share/bash-completion/completions/freehold"
        mv "$PREFIX" "$work/moved"
        PATH=$work/moved/bin:$PATH
        ;;
    "A home is a domain's node 2")
        until_true 30 "orders and stock see each other" is_alive stock 2
        until_true 30 "orders sees stock" is_alive orders 2
        ;;
    "What is in a home 1")
        expect "the next key is offline" test -s offline/orders.recovery
        publish 1.0.0
        freehold --home orders invite --domain third -o third.invitation
        until_true 30 "the product is at stock" lists stock 1.0.0
        [[ $(freehold --home stock -o csv query 'SELECT count(*) AS n FROM orders.sales') == $'n\n2' ]]
        ;;
    "Backup 1")
        publish 1.1.0 # after the backup
        until_true 30 "the new version is at stock" lists stock 1.1.0
        ;;
    "Backup 2")
        until_true 90 "the restored home learns its later contract" lists orders 1.1.0
        until_true 90 "the restored home holds its later contract" verifies orders/sales
        until_true 10 "the restored home does not know where its data lie" \
            fails_by source.unknown freehold --home stock query 'SELECT count(*) FROM orders.sales'
        publish 1.2.0
        until_true 30 "the next version is at stock" lists stock 1.2.0
        [[ $(freehold --home stock -o csv query 'SELECT count(*) AS n FROM orders.sales') == $'n\n2' ]]
        expect "a second node on the same home is refused" fails_by home.locked freehold --home orders node
        # shellcheck disable=SC2154 # assigned by the commands of the page
        kill "$orders_node"
        wait "$orders_node"
        chmod 0644 orders/keys/node.key
        expect "a key that others can read is refused" fails_by key.permissions freehold --home orders node
        chmod 0600 orders/keys/node.key
        chmod 0770 orders
        expect "a home that others can change is refused" \
            fails_by home.permissions freehold --home orders node
        chmod 0700 orders
        ;;
    "Confinement 1")
        expect "the doctor knows what stands" grep -q '"check": "sandbox.seccomp"' doctor.json
        : >"$work/all-done"
        ;;
    *) ;;
    esac
}

mkdir "$work/data"
printf 'day,item\n2026-11-02,tea\n2026-11-03,salt\n' >"$work/data/sales.csv"
cat >"$work/data/sales.odcs.yaml" <<'YAML'
apiVersion: v3.1.0
kind: DataContract
id: 5d1c6f0e-sales
name: sales
version: 1.0.0
status: active
description:
  purpose: What was sold, one row per item.
schema:
  - name: sales
    properties:
      - {name: day, logicalType: date, required: true}
      - {name: item, logicalType: string, required: true}
roles:
  - {role: mesh, access: read}
servers:
  - {server: here, type: local, path: sales.csv, format: csv}
YAML

cd "$work"
export PREFIX=$work/installed
# shellcheck source=/dev/null
source commands.sh >out.txt 2>err.txt </dev/null
[[ -e all-done ]] || {
    echo "operator: the commands did not all run" >&2
    exit 1
}
echo "the commands of deploy/README.md do what it says"
