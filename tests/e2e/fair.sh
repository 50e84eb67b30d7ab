#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One key that asks without end, and others beside it: what runs, waits and is refused, in which words;
# who asks quick questions has a turn while all that one key may have is in use; a command waits for a
# busy node as long as it is told; what is fetched as a stream has bounds of its own.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 3000
make_product items 50
make_product parts 50
closed items
closed parts
mkdir "$work/shop"
export FREEHOLD_LIMITS_QUERY_ROWS=100 FREEHOLD_LIMITS_STREAM_MIB=16
make_mesh shop museum
succeeds fh shop product publish "$data/orders.odcs.yaml"
succeeds fh shop product publish "$data/items.odcs.yaml"
succeeds fh shop product publish "$data/parts.odcs.yaml"
for key in greedy honest; do
    let_in shop "$key" member
done

say "- eight sessions and more of one key fill what it may have"
long='SELECT count(*) FROM shop.orders a, shop.orders b, shop.orders c, shop.orders d WHERE a.id + b.id + c.id + d.id = 7'
greedy=()
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
    "$bin/freehold" --key "$keys/greedy.key" --access "$keys/greedy.access" query "$long" --wait 60 \
        >"$work/greedy.$i" 2>&1 &
    greedy+=($!)
done
# full: one more is refused, and told by whom, why and for how long. Where there is room it would wait
# itself until those that run have had their time, so it hangs up soon.
full()
{
    local status=0 text
    timeout 2 "$bin/freehold" --key "$keys/greedy.key" --access "$keys/greedy.access" query 'SELECT 1' --wait 0 \
        >"$work/out" 2>"$work/err" || status=$?
    ((status == 3)) || return 1
    for text in '2 questions of your key run here and 8 wait' 'limits.queries_per_key' \
        'rule: limit.queries' 'worth asking again in'; do
        grep -qF "$text" "$work/err" || return 1
    done
}
until_true 20 "a full queue" full

say "- another key has its turn"
for i in 1 2 3; do
    succeeds as honest -o csv query 'SELECT count(*) AS n FROM shop.orders' --wait 0
    grep -qx 3000 "$work/out" || fail "another answer: $(cat "$work/out")"
done
until_true 20 "a queue that is full again" full

say "- a command waits, and says so"
as greedy -o csv query 'SELECT 42 AS n' --wait 60 >"$work/waited.out" 2>"$work/waited.err" &
waiter=$!
until_true 10 "a note of the wait" grep -q 'limit.queries; asking again in' "$work/waited.err"
kill "${greedy[@]}" 2>/dev/null || true
wait "$waiter" || fail "the command that waited failed: $(cat "$work/waited.err")"
grep -qx 42 "$work/waited.out" || fail "the command that waited got: $(cat "$work/waited.out")"
wait "${greedy[@]}" 2>/dev/null || true
refused 2 '--wait' -- as honest query 'SELECT 1' --wait soon

say "- streams"
refused 1 'more than 100 rows' 'rule: query.rows' -- as honest query 'SELECT * FROM shop.orders'
succeeds as honest -o csv query 'SELECT * FROM shop.orders' --stream
(($(wc -l <"$work/out") == 3001)) || fail "the stream has $(wc -l <"$work/out") lines"
refused 1 'more than 10 rows' 'rule: query.rows' -- as honest query 'SELECT * FROM shop.orders' --stream --rows 10
if as honest -o csv query 'SELECT a.id, b.id FROM shop.orders a, shop.orders b' --stream >/dev/null 2>"$work/err"; then
    fail "a stream went beyond its bytes"
fi
grep -q 'more than 16 MiB.*limits.stream_mib' "$work/err" || fail "not told why: $(cat "$work/err")"
grep -q 'rule: limit.stream_bytes' "$work/err" || fail "no rule: $(cat "$work/err")"

say "- who hangs up between two batches holds nothing"
mkfifo "$work/unread"
exec 7<>"$work/unread"
"$bin/freehold" --key "$keys/greedy.key" --access "$keys/greedy.access" -o csv query --stream \
    "SELECT repeat('x', 100000) FROM shop.orders LIMIT 150" >"$work/unread" 2>/dev/null &
reader=$!
read -r -N 1 -t 20 -u 7 || fail "the stream does not begin"
sleep 0.5 # it has what it asked for, and asks for no more
kill -KILL "$reader"
wait "$reader" 2>/dev/null || true
exec 7>&-
succeeds as greedy -o csv query 'SELECT 7 AS n' --stream --wait 0 # one stream of a key at once

say "- rows are counted as they leave: those of a stream that runs, also when the node is killed"
until_true 10 "the products at museum" finds museum 3
succeeds fh shop grant create shop/parts --to museum --until 5d --budget 100/hour,105/day
mkfifo "$work/slow"
exec 7<>"$work/slow"
"$bin/freehold" --home "$work/museum/home" -o csv query --stream --peer "${address[shop]}" \
    "SELECT repeat('x', 100000) FROM shop.parts a, shop.parts b LIMIT 105" >"$work/slow" 2>/dev/null &
reader=$!
read -r -N 1 -t 20 -u 7 || fail "the stream does not begin"
beyond=('beyond the 105 rows a day of shop/parts' 'or ask shop for more' 'rule: limit.rows_per_day' 'asking again in')
hundred='SELECT a.id FROM shop.parts a, shop.parts b LIMIT 100'
refused 3 "${beyond[@]}" -- fh museum query "$hundred" --peer "${address[shop]}"
kill -0 "$reader" || fail "the stream has ended before"
sleep 6 # within five seconds it is written down
kill_node shop
start_node shop
refused 3 "${beyond[@]}" -- fh museum query "$hundred" --peer "${address[shop]}"
kill -KILL "$reader" 2>/dev/null || true
wait "$reader" 2>/dev/null || true
exec 7>&-

say "- budgets of a grant, also after a restart"
succeeds fh shop grant create shop/items --to museum --until 5d --budget 3/hour,120/day
all='SELECT * FROM shop.items'
for i in 1 2; do
    succeeds fh museum -o csv query "$all"
    (($(wc -l <"$work/out") == 51)) || fail "$(wc -l <"$work/out") lines"
done
refused 3 'beyond the 120 rows a day of shop/items' 'rule: limit.rows_per_day' -- fh museum query "$all"
spent=('3 questions an hour of shop/items' 'ask shop for more' 'rule: limit.queries_per_hour' 'asking again in 60 min')
refused 3 "${spent[@]}" -- fh museum query "$all"
stop_node shop
start_node shop
refused 3 "${spent[@]}" -- fh museum query "$all" --peer "${address[shop]}"
