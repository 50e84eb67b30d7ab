#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What says where the data lie never leaves their node. The owner's contracts name hosts, users, folders,
# files, buckets and databases that exist in no other text (new ones in each run). Everything that its
# node sends is written down before it is sealed (tap.c), and searched; so are the homes and logs of the
# peers and all that their commands print. The search is then shown to find what does leave.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

seen=$work/seen # what anybody but the owner is shown
mkdir "$seen"
tap=$work/tap
count=0

# word: a word that stands nowhere else.
word()
{
    local letters
    letters=$(head -c 12 /dev/urandom | base32 | tr -d '=' | tr '[:upper:]' '[:lower:]')
    printf 'q%s' "$letters"
}
declare -A secret=()
for name in folder file table host user bucket database schema comment; do
    secret[$name]=$(word)
done
data=$work/${secret[folder]}
mkdir "$data"

# start_tapped: the owner's node, with the tap open.
start_tapped()
{
    "$bin/freehold-node-tapped" --home "$work/shop/home" >>"$work/shop/node.log" 2>&1 9>>"$tap" </dev/null &
    node_pid[shop]=$!
    until_true 20 "the start of the tapped node" fh shop status
}

# shows DOMAIN ARGUMENT...: a command at a peer, whose words are kept, however it ends.
shows()
{
    local domain=$1
    shift
    count=$((count + 1))
    timeout 60 "$bin/freehold" --home "$work/$domain/home" "$@" >"$seen/$count.out" 2>"$seen/$count.err" </dev/null ||
        true
}

# found WORD: where it stands that it should not, in any case of its letters.
found()
{
    grep -r -a -i -l -F -- "$1" "$tap" "$seen" "$work/market" "$work/museum" 2>/dev/null || true
}

# contract NAME VERSION DESCRIPTION FILE: with every kind of place. The table's file is {model}.
contract()
{
    cat <<YAML
apiVersion: v3.1.0
kind: DataContract
id: contract-of-$1
name: $1
version: $2
status: active
description:
  purpose: $3
  limitations: Rows that the leak test asks for.
schema:
  - name: $1
    physicalName: ${secret[table]}-$1
    physicalType: file
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: item, logicalType: string, required: true}
      - {name: price, logicalType: number}
roles:
  - {role: mesh, access: read}
servers:
  # moved from ${secret[comment]} last year
  - server: ${secret[host]}
    type: local
    description: below ${secret[folder]}, ask ${secret[user]}
    path: ${secret[file]}/{model}.csv
    format: csv
    customProperties:
      - {property: account, value: ${secret[user]}}
  - server: old
    type: postgres
    host: ${secret[host]}.internal
    port: 5432
    database: ${secret[database]}
    schema: ${secret[schema]}
  - server: lake
    type: s3
    location: s3://${secret[bucket]}/orders/*.csv
    format: csv
YAML
}

# product NAME VERSION [DESCRIPTION]: contract and data.
product()
{
    mkdir -p "$data/${secret[file]}"
    printf 'id,item,price\n1,tea,4.5\n2,salt,1.2\n' >"$data/${secret[file]}/${secret[table]}-$1.csv"
    contract "$1" "$2" "${3:-What was sold.}" >"$data/$1.odcs.yaml"
}

mkdir "$work/museum"
make_mesh shop market
stop_node shop
printf 'data_roots: ["%s"]\n' "$data" >>"$work/shop/home/freehold.yaml"
start_tapped
until_true 20 "the return of shop in the view of market" sees market 2

say "- places outside servers are refused"
product orders 1.0.0 "Copied from s3://${secret[bucket]}/orders."
refused 1 'rule: publish.location' -- fh shop product publish "$data/orders.odcs.yaml"
product orders 1.0.0 "Asked of ${secret[host]}.internal every night."
refused 1 'rule: publish.location' -- fh shop product publish "$data/orders.odcs.yaml"
product orders 1.0.0 "Kept in /srv/${secret[folder]}."
refused 1 'rule: publish.location' -- fh shop product publish "$data/orders.odcs.yaml"

say "- published at home and from elsewhere, straight and relayed, well and badly"
product orders 1.0.0
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
timeout 60 "$bin/freehold" key create "$work/ci.key" >"$work/ci.pub" 2>/dev/null
succeeds fh shop member add "$work/ci.pub" --name ci --role publisher --until 1d --save "$work/ci.access"
# What the publisher elsewhere is told is looked at too.
ci() # NODE PRODUCT ARGUMENT...
{
    local domain=$1 product=$2
    shift 2
    mkdir -p "$work/elsewhere"
    cp "$data/$product.odcs.yaml" "$work/elsewhere"
    shows market --key "$work/ci.key" --access "$work/ci.access" product publish \
        "$work/elsewhere/$product.odcs.yaml" --node "${address[$domain]}" "$@"
}
product items 1.0.0
ci market items --dry-run --review "$seen/review.md"
ci market items
[[ $(version_of shop shop/items) == 1.0.0 ]] || fail "shop/items was not published: $(cat "$seen/$count.err")"
product items 1.1.0
sed -i 's/name: price, logicalType: number/name: price, logicalType: date/' "$data/items.odcs.yaml"
ci shop items # the data breaks the promise
mv "$data/${secret[file]}" "$data/away"
product nothing 1.0.0
rm -r "${data:?}/${secret[file]}"
ci shop nothing # the source is not there
grep -q 'source.unavailable' "$seen/$count.err" || fail "$(cat "$seen/$count.err")"
mv "$data/away" "$data/${secret[file]}"

say "- a peer asks for everything"
until_true 10 "shop/orders at market" fh market contract verify shop/orders
until_true 10 "shop/items at market" fh market contract verify shop/items
ask()
{
    local domain=$1
    shows "$domain" search orders
    shows "$domain" -o json search "${secret[table]}"
    shows "$domain" -o json product list
    shows "$domain" product describe shop/orders
    shows "$domain" -o json product describe shop/items
    shows "$domain" contract show shop/orders --save "$seen/$domain.contract"
    shows "$domain" contract verify shop/orders
    shows "$domain" -o json peers
    shows "$domain" -o json status --peer "${address[shop]}"
    shows "$domain" query 'SELECT * FROM shop.orders' --receipt "$seen/$domain.receipt"
    [[ $(cat "$seen/$count.out") == *tea* ]] || fail "no rows: $(cat "$seen/$count.err")"
    shows "$domain" verify "$seen/$domain.receipt"
    shows "$domain" query 'EXPLAIN SELECT * FROM shop.orders'
    shows "$domain" query 'SELECT o.id FROM shop.orders o JOIN shop.items i ON o.id = i.id'
    shows "$domain" query 'SELECT nothing FROM shop.orders'
    shows "$domain" query 'SELECT CAST(item AS INTEGER) FROM shop.orders'
    shows "$domain" query "SELECT * FROM read_csv('$data/${secret[file]}/orders.csv')"
    rm "$seen/$count".??? # its own question, told back to it
}
ask market

say "- sources that break under a published product"
mv "$data/${secret[file]}/${secret[table]}-orders.csv" "$data/kept"
shows market query 'SELECT * FROM shop.orders'
grep -q 'source.unavailable' "$seen/$count.err" || fail "$(cat "$seen/$count.err")"
printf 'id,item,price\nmany,tea,4.5\n' >"$data/${secret[file]}/${secret[table]}-orders.csv"
shows market query 'SELECT sum(id) FROM shop.orders'
printf 'other,columns\n1,2\n' >"$data/${secret[file]}/${secret[table]}-orders.csv"
shows market query 'SELECT * FROM shop.orders'
mv "$data/kept" "$data/${secret[file]}/${secret[table]}-orders.csv"

say "- one that joins later, and a restart of both ends"
address[museum]=127.0.0.1:$((port + 2))
fh shop invite --domain museum -o "$work/museum.invitation" >/dev/null 2>&1
succeeds fh museum init --domain museum --join "$work/museum.invitation" --listen "${address[museum]}"
start_node museum
until_true 20 "shop/orders at museum" fh museum contract verify shop/orders
product orders 1.1.0
prints 'shop/orders@1.1.0' fh shop product publish "$data/orders.odcs.yaml"
until_true 10 "the new version at museum" test "$(version_of museum shop/orders)" != ''
stop_node market
stop_node shop
start_tapped
start_node market
until_true 20 "3 members in the view of market" sees market 3
until_true 20 "shop/orders at museum again" fh museum contract verify shop/orders
ask museum
ask market

say "- searched"
stop_node market
stop_node museum
[[ -s $tap ]] || fail "the tap holds nothing"
((count > 40)) || fail "only $count outputs were looked at"
for name in "${!secret[@]}"; do
    [[ -z $(found "${secret[$name]}") ]] || fail "the $name left its node: $(found "${secret[$name]}")"
done
for path in "$work/shop" "$data"; do
    [[ -z $(found "$path") ]] || fail "a path left its node: $(found "$path")"
done

say "- and the search finds what does leave"
start_node market
start_node museum
secret[told]=$(word)
product gossip 1.0.0 "Told to everybody, ${secret[told]}."
prints 'shop/gossip@1.0.0' fh shop product publish "$data/gossip.odcs.yaml"
for domain in market museum; do
    until_true 20 "shop/gossip at $domain" fh "$domain" contract verify shop/gossip
    shows "$domain" product describe shop/gossip
    shows "$domain" contract show shop/gossip
done
stop_node market
stop_node museum
leaked=$(found "${secret[told]}")
for place in "$tap" "$seen/$count.out" "$work/market/home/node.db" "$work/museum/home/node.db"; do
    grep -qF -- "$place" <<<"$leaked" || fail "the search does not look at $place"
done
for name in "${!secret[@]}"; do
    [[ $name == told || -z $(found "${secret[$name]}") ]] || fail "the $name left its node"
done
