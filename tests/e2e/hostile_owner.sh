#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An owner whose node lies to the entry peer of a join: each lie by name fails the query that it is told
# to, and that alone; an honest member of another domain asks the same peer on and notices nothing.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 20
make_product rooms 3
make_product prices 3000
make_mesh shop market museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
prints 'museum/rooms@1.0.0' fh museum product publish "$data/rooms.odcs.yaml"
prints 'market/prices@1.0.0' fh market product publish "$data/prices.odcs.yaml"
stop_node shop
told=$work/told
: >"$told"
"$bin/freehold-node-liar" --home "$work/shop/home" >>"$work/shop/node.log" 2>&1 9>>"$told" </dev/null &
node_pid[shop]=$!
until_true 20 "the start of the liar" fh shop status
for domain in market museum; do
    until_true 30 "3 members in the view of $domain" sees "$domain" 3
    for product in shop/orders museum/rooms market/prices; do
        until_true 20 "$product at $domain" fh "$domain" contract verify "$product"
    done
done
honest='SELECT count(*) AS n FROM market.prices p, museum.rooms r WHERE p.id > r.id'
expected=$(bounded fh market -o csv query --peer "${address[museum]}" "$honest" 2>/dev/null | tail -n 1)
lie='SELECT sum(o.id) + count(o.item) + count(r.id) AS lie_%u FROM shop.orders o, museum.rooms r'
lenient=()
if grep -q 'FH_SANITIZE:[A-Z]*=.' "$bin/../CMakeCache.txt"; then
    lenient=(lenient)
fi
timeout 880 "$bin/fh-entry" "$work/museum/home" "$work/market/home" "${address[museum]}" "${node_pid[museum]}" \
    "$told" "$lie" "$honest" "$expected" "${lenient[@]}" </dev/null || fail "lies were not met as they should be"
# Told no lie, the same query is answered: by the same peer, from the same owner.
succeeds fh museum query "${lie/lie_%u/truth}"
[[ $(grep -c node.ready "$work/museum/node.log") == 1 ]] || fail "the entry peer did not go through all of it"
# The last of them is no lie but an end that comes late: the join has enough of the owner's rows by then,
# cancels what has ended there already, and still takes the owner's receipt for its own.
late=$("$bin/fh-entry" late)
early="SELECT o.id AS lie_$late FROM shop.orders o, market.prices p LIMIT 1"
before=$(wc -l <"$told")
for _ in {1..30}; do # where the CANCEL is quicker than the end there is none that could be late
    prints "$(printf 'lie_%s\n1' "$late")" fh museum -o csv query "$early"
    (($(wc -l <"$told") < before + 3)) || break
done
(($(wc -l <"$told") >= before + 3)) || fail "the end did not come late"
