#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One node and what it and the command refuse before anything happens: wrong homes, loose keys, a home
# or port in use, an address that nobody can dial, words that do not exist, broken contracts.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 1000
make_mesh shop
home=$work/shop/home
node=$bin/freehold-node

say "- a wrong home"
refused 1 "$work/nowhere/home: no such folder" 'freehold init' 'rule: home.missing' -- fh nowhere status
refused 1 "$work/nowhere: no such folder" 'freehold init' 'rule: home.missing' -- "$node" --home "$work/nowhere"
refused 1 'freehold.yaml: no such file, so this is no home' 'rule: home.missing' -- \
    bash -c "mkdir -p -m 700 '$work/empty/keys' && '$node' --home '$work/empty'"
refused 1 "$home is there already" 'rule: home.exists' -- fh shop init --domain other --mesh other
[[ -z $(ls -A "$work/empty/keys") ]] || fail "a refused home was written to"

say "- the doctor"
freehold=$bin/freehold
if "$freehold" --home "$work/nowhere" -o csv doctor >"$work/out" 2>"$work/err"; then
    fail "the doctor finds nothing wrong with a home that is not there"
fi
grep -q "^fail,home,$work/nowhere: no such folder" "$work/out" || fail "no row for the missing home"
grep -q '^rule: doctor.failed' "$work/err" || fail "the doctor fails without a rule"
succeeds "$freehold" --home "$home" -o csv doctor
for row in 'ok,home,' 'ok,worker.start,' 'ok,sandbox.limits,' 'ok,sandbox.seccomp,' 'warn,port.tcp,' \
    'warn,port.udp,' '[a-z]*,disk,' '[a-z]*,clock,' '[a-z]*,sandbox.landlock,'; do
    grep -q "^$row" "$work/out" || fail "no row $row: $(cat "$work/out")"
done

say "- two nodes on one home"
refused 3 "pid ${node_pid[shop]}" 'uses this home' 'rule: home.locked' -- "$node" --home "$home"

say "- a port in use"
mkdir "$work/second" "$work/third"
succeeds fh second init --domain second --mesh other --listen "${address[shop]}"
refused 1 "${address[shop]} is in use by another process" 'listen on another port' 'rule: listen.in_use' -- \
    "$node" --home "$work/second/home"

say "- an address that nobody can dial"
refused 1 'listen 0.0.0.0:7999 takes every address' '--advertise HOST:PORT' 'rule: settings.advertise' -- \
    fh third init --domain third --mesh other --listen 0.0.0.0:7999
refused 1 'listen 0.0.0.0:7999 takes every address' '--advertise HOST:PORT' -- \
    "$node" --home "$work/second/home" --listen 0.0.0.0:7999
refused 1 'listen [::]:7999 takes every address' -- "$node" --home "$work/second/home" --listen '[::]:7999'
[[ -z $(ls -A "$work/third") ]] || fail "a refused init left a folder"

say "- loose permissions"
loose() # MODE FILE CORRECT_MODE RULE COMMAND...
{
    local mode=$1 file=$2 correct=$3 rule=$4
    shift 4
    chmod "$mode" "$file"
    refused 4 "$file" "mode $mode" "chmod $correct $file" "rule: $rule" -- "$@"
    chmod "$correct" "$file"
}
second=$work/second/home
loose 644 "$second/keys/node.key" 600 key.permissions "$node" --home "$second"
loose 640 "$second/keys/publisher.key" 600 key.permissions fh second invite
loose 604 "$second/keys/member.key" 600 key.permissions fh second search x
loose 750 "$second/keys" 700 home.permissions "$node" --home "$second"
loose 777 "$second" 700 home.permissions "$node" --home "$second"

say "- words that do not exist"
refused 2 'unknown command "qurey"; did you mean "query"?' -- fh shop qurey x
refused 2 'did you mean "product publish"?' -- fh shop product pubish x
refused 2 'unknown flag "--limt"; did you mean "--limit"?' -- fh shop search --limt 3
refused 2 'output format "xml" does not exist; use table, wide, json or csv' -- fh shop -o xml search
refused 2 'a command is missing' 'freehold --help' -- "$bin/freehold"
refused 2 'unknown flag --hme; did you mean --home?' -- "$node" --hme x
refused 1 "$work/nowhere.sql: no such file" -- fh shop query -f "$work/nowhere.sql"

say "- broken contracts"
bad=$data/bad.odcs.yaml
printf 'apiVersion: v3.1.0\nkind: [\n' >"$bad"
lint() # findings are the data that lint prints
{
    bounded fh shop contract lint "$bad" >&2
}
refused_contract() # TEXT...: by lint and by publish
{
    refused 1 "$@" -- lint
    refused 1 "$@" -- fh shop product publish "$bad"
}
refused_contract "$bad:3:1: error: not YAML" 'rule: yaml.syntax'
sed -e 's/logicalType: integer/logicalType: intger/' "$data/orders.odcs.yaml" >"$bad"
refused_contract "$bad:12:33: error:" 'did you mean integer?' '[odcs.choice]'
sed -e 's/^version: .*/version: one/' "$data/orders.odcs.yaml" >"$bad"
refused_contract "$bad:5:10: error:" 'MAJOR.MINOR.PATCH' 'rule: publish.version'
{
    cat "$data/orders.odcs.yaml"
    printf 'tags:\n'
    seq -f '  - tag number %.0f' 1 15000
} >"$bad"
refused_contract "$bad: a contract has at most 256 KiB" 'rule: contract.size'
head -c 300000 /dev/urandom >"$bad"
refused_contract "$bad"
head -c 3000 /dev/urandom >"$bad"
refused_contract "$bad"
rm "$bad"
refused_contract "$bad: no such file"
refused 1 "$data: is not a regular file" -- fh shop contract lint "$data"

say "- contracts that the data break, and data that are not there"
sed -e 's/name: item, logicalType: string/name: item, logicalType: integer/' -e 's/name: price/name: prize/' \
    "$data/orders.odcs.yaml" >"$bad"
refused 1 'orders.prize: the source has no column "prize"' 'orders.item: 1000 values are no BIGINT' \
    'nothing was published' 'rule: check.' -- fh shop product publish "$bad"
sed -e 's/path: orders.csv/path: nowhere.csv/' "$data/orders.odcs.yaml" >"$bad"
refused 1 "table orders: $data: nowhere.csv: no such file" 'rule: source.unavailable' -- fh shop product publish "$bad"
sed -e 's|path: orders.csv|path: ../../../../../../etc/passwd|' "$data/orders.odcs.yaml" >"$bad"
refused 1 'stays inside its folder' 'rule: publish.server.path' -- fh shop product publish "$bad"
finds shop 0 || fail "a refused contract is in the catalogue"
succeeds fh shop product publish --dry-run "$data/orders.odcs.yaml"
finds shop 0 || fail "a dry run published"

say "- and the true one is published, once"
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
refused 1 'version 1.0.0 of orders is not greater than 1.0.0' 'rule: contract.version.not_greater' -- \
    fh shop product publish "$data/orders.odcs.yaml"
prints 1.0.0 version_of shop shop/orders
