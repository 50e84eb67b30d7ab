#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Nodes that die while a large answer streams through them: the owner, the entry peer, one owner of a
# join. The client must call what it got incomplete and end with 3, the others go on, no worker stays.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

rows=600000
make_product orders "$rows"
make_product prices "$rows"
make_mesh shop market museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
prints 'market/prices@1.0.0' fh market product publish "$data/prices.odcs.yaml"
for domain in shop market museum; do
    until_true 10 "two products at $domain" finds "$domain" 2
done
mkfifo "$work/pipe"

gone() # PID...: none of these processes lives
{
    local pid
    for pid in "$@"; do
        [[ ! -e /proc/$pid ]] || return 1
    done
}

# cut DOMAIN PEER SQL: asks PEER from museum's home, reads the first rows, kills DOMAIN's node and reads
# the rest.
cut()
{
    local victim=$1 peer=$2 sql=$3 status=0 client workers got=0 started
    timeout 50 "$bin/freehold" --home "$work/museum/home" -o csv query --peer "${address[$peer]}" "$sql" \
        >"$work/pipe" 2>"$work/err" </dev/null &
    client=$!
    exec {pipe}<"$work/pipe"
    while ((got < 100)); do
        read -r <&"$pipe" || fail "the answer ended after $got lines: $(<"$work/err")"
        got=$((got + 1))
    done
    # A reader that is slow holds the producer: the answer cannot be through yet.
    mapfile -t workers < <(pgrep -P "${node_pid[$victim]}" || true)
    started=$SECONDS
    kill_node "$victim"
    got=$((got + $(wc -l <&"$pipe")))
    exec {pipe}<&-
    wait "$client" || status=$?
    ((status == 3)) || fail "exit code $status instead of 3: $(<"$work/err")"
    ((got > 100 && got < rows)) || fail "$got lines of $rows came"
    grep -q 'the answer is incomplete' "$work/err" || fail "not called incomplete: $(<"$work/err")"
    grep -q 'do not use these rows; ask again' "$work/err" || fail "no remedy: $(<"$work/err")"
    ((SECONDS - started < 15)) || fail "it took $((SECONDS - started)) s to notice"
    until_true 10 "the end of the dead node's workers" gone "${workers[@]}"
    say "    $got of $rows rows: $(head -n 1 "$work/err")"
}
counts() # DOMAIN.PRODUCT
{
    prints "$(printf 'n\n%s' "$rows")" fh museum -o csv query "SELECT count(*) AS n FROM $1"
}

# hangs_up SECONDS SQL: asks shop through market, and dies; the owner hears of it from the relay, long before its
# deadline would end the question by another rule.
abandoned=0
hangs_up()
{
    timeout -s KILL "$1" "$bin/freehold" --home "$work/museum/home" -o csv query --peer "${address[market]}" "$2" \
        >"$work/pipe" 2>/dev/null </dev/null &
    local client=$!
    exec {pipe}<"$work/pipe"
    wait "$client" 2>/dev/null || true
    abandoned=$((abandoned + 1))
    until_true 20 "the end of a question whose asker hung up" ended_abandoned
    exec {pipe}<&-
}
ended_abandoned()
{
    (($(grep -c 'question.ended kind=query .*rule=stream.abandoned' "$work/shop/node.log") == abandoned))
}
say "- a consumer that hangs up behind a relay, before its answer and in the middle of it"
hangs_up 4 'SELECT count(*) FROM shop.orders a, shop.orders b WHERE a.price + b.id > a.id * b.price'
hangs_up 4 'SELECT * FROM shop.orders'
counts shop.orders

say "- the owner dies, its rows come through the entry peer"
cut shop museum 'SELECT * FROM shop.orders'
counts market.prices
refused 3 'hint: ' -- fh museum query 'SELECT count(*) FROM shop.orders'
# Nobody listens there; or the entry peer knows already that shop is gone, which takes it some seconds.
grep -qE '^hint: (is the node running\?|.freehold peers. shows who is there)' "$work/err" || fail "$(<"$work/err")"
start_node shop
until_true 30 "the return of shop" counts shop.orders

say "- the entry peer dies, the owner lives"
cut market market 'SELECT * FROM shop.orders'
counts shop.orders
start_node market
until_true 30 "the return of market" counts market.prices

say "- one owner of a query over two dies, the entry peer lives"
cut shop market "SELECT id, item FROM shop.orders UNION ALL SELECT id, 'price' FROM market.prices WHERE id <= 1000"
counts market.prices
