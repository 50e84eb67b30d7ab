#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tokens: made by a member of one domain, left at another's node, and what their text opens there: the
# member's rights, narrowed, at owners and in joins, with receipts that verify; how they end; and what a
# thief of a token or of a node's disk does not get.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 10000
make_product plans 20
make_product items 10
closed plans
mkdir "$work/texts"
make_mesh shop market
door=$bin/fh-token

# made NAME OPTION...: a token of ann at the market's node; its text is in $work/texts/NAME.
made()
{
    local name=$1
    shift
    as ann -o csv token create --node "${address[market]}" "$@" >"$work/out" 2>"$work/err" ||
        fail "no token: $(cat "$work/err")"
    column token >"$work/texts/$name"
    column id >"$work/texts/$name.id"
}
text() { cat "$work/texts/$1"; }
# by NAME SQL [PURPOSE [FILE]]: what the market's door answers to who has that text.
by()
{
    local name=$1
    shift
    timeout 60 "$door" "$work/market/home" bearer "$(text "$name")" "$@"
}

say "- a member of the shop, who may read what others may not"
let_in shop ann member 2h
let_in shop eve member 2h
succeeds fh shop product publish "$data/orders.odcs.yaml" "$data/plans.odcs.yaml"
succeeds fh market product publish "$data/items.odcs.yaml"
until_true 30 "three products at the market" finds market 3
until_true 30 "three products at the shop" finds shop 3

say "- made, left at the market's node, and opened there by Bearer and SCRAM"
succeeds as ann token create --node "${address[market]}" --dry-run
[[ $(as ann -o csv token list --node "${address[market]}" | wc -l) == 1 ]] || fail "a dry run left a token"
made all --label "all of it" --until 1h
[[ $(text all) =~ ^fht1[a-z2-7]{16}\.[a-z2-7]{32}$ ]] || fail "not a text: $(text all)"
as ann -o csv token list --node "${address[market]}" >"$work/out"
grep -q "^$(text all.id),all of it,.*Z,.*Z," "$work/out" || fail "not listed: $(cat "$work/out")"
grep -aq "$(text all | cut -d. -f2)" "$work/market/home/node.db"* && fail "the node keeps the secret"
prints 10000 by all "SELECT count(*) FROM shop.orders"
prints 20 by all "SELECT count(*) FROM shop.plans"
prints 10000 timeout 60 "$door" "$work/market/home" scram "$(text all)" "SELECT count(*) FROM shop.orders"
prints 10 timeout 60 "$door" "$work/market/home" member "SELECT count(*) FROM market.items"

made brief --until "$(date -u -d '+25 seconds' +%Y-%m-%dT%H:%M:%SZ)" # ends while the test goes on

say "- in a join by the market, with a receipt that verifies"
prints 10 by all "SELECT count(*) FROM shop.orders o JOIN market.items i ON o.id = i.id" audit "$work/join.receipt"
succeeds fh shop verify "$work/join.receipt"
prints 10000 by all "SELECT count(*) FROM shop.orders" audit "$work/orders.receipt"
succeeds fh market verify "$work/orders.receipt"

say "- narrowed to a purpose and to products"
made narrow --purpose audit --purpose review --product shop/orders,market/items@2
prints 10000 by narrow "SELECT count(*) FROM shop.orders" audit
by_rule token.purpose by narrow "SELECT count(*) FROM shop.orders"
by_rule token.purpose by narrow "SELECT count(*) FROM shop.orders" Audit
by_rule token.product by narrow "SELECT count(*) FROM shop.plans" review
by_rule token.product by narrow "SELECT count(*) FROM market.items" audit
by_rule token.product by narrow "SELECT count(*) FROM shop.orders o JOIN market.items i ON o.id = i.id" audit
refused 1 token.products -- as ann token create --node "${address[market]}" --product shop.orders
refused 2 '90 days' -- as ann token create --node "${address[market]}" --until 91d

say "- what does not fit opens nothing, and tells nothing"
sed 's/.$/a/; t' "$work/texts/all" | tr -d '\n' >"$work/texts/near"
[[ $(text near) != $(text all) ]] || sed 's/.$/q/' "$work/texts/all" >"$work/texts/near"
printf 'fht1aaaaaaaaaaaaaaaa.%032d' 0 | tr 0 a >"$work/texts/nobody"
printf 'let me in' >"$work/texts/prose"
for name in near nobody prose; do
    by_rule token.unknown by "$name" "SELECT 1"
done
by_rule scram.proof timeout 60 "$door" "$work/market/home" scram "$(text near)" "SELECT 1"
by_rule scram.proof timeout 60 "$door" "$work/market/home" scram "$(text nobody)" "SELECT 1"
made_up=$("$door" "$work/market/home" verifier fht1aaaaaaaaaaaaaaaa)
[[ ${#made_up} == 101 && $made_up == "$("$door" "$work/market/home" verifier fht1aaaaaaaaaaaaaaaa)" ]] ||
    fail "a made-up verifier changes: $made_up"
[[ $made_up != "$("$door" "$work/market/home" verifier fht1aaaaaaaaaaaaaaab)" ]] || fail "one for all"
by_rule token.unknown timeout 60 "$door" "$work/shop/home" bearer "$(text all)" "SELECT 1" # left elsewhere

say "- a token reads, and does nothing else"
for message in deposit list revoke chain publish push; do
    by_rule token.scope timeout 60 "$door" "$work/market/home" order "$(text all)" "$message"
done
for message in ask own; do
    by_rule token.power timeout 60 "$door" "$work/market/home" order "$(text all)" "$message"
done

say "- and vouches for nothing"
for forgery in chain:record.signer.unknown widened:record.signer.unknown stripped:record.signature \
    other:token.other bare:record.signer.unknown silent:record.signer.unknown; do
    by_rule "${forgery#*:}" timeout 60 "$door" "$work/market/home" forge "$(text all)" "${forgery%:*}"
done

say "- revoked: by its member alone, and what it runs ends"
refused 1 token.unknown -- as eve token revoke "$(text all.id)" --node "${address[market]}"
refused 1 token.text -- as ann token revoke all --node "${address[market]}"
succeeds as ann token revoke "$(text all.id)" --node "${address[market]}" --dry-run
timeout 60 "$door" "$work/market/home" hold "$(text all)" \
    "SELECT a.id FROM market.items m, shop.orders a, shop.orders b" >"$work/held" 2>&1 &
held=$!
until_true 20 "the stream" grep -q '^begun' "$work/held"
succeeds as ann token revoke "$(text all.id)" --node "${address[market]}"
wait "$held" && fail "a stream of a revoked token ended well"
grep -q '^token.revoked: ' "$work/held" || fail "the stream ended otherwise: $(cat "$work/held")"
by_rule token.unknown by all "SELECT 1"
refused 1 token.unknown -- as ann token revoke "$(text all.id)" --node "${address[market]}"
stop_node market
start_node market
by_rule token.unknown by all "SELECT 1"
prints 10000 by narrow "SELECT count(*) FROM shop.orders" audit # kept over the restart

say "- ended by its time, and with its member"
over() { ! by brief "SELECT 1"; }
until_true 40 "the token's end" over
by_rule 'token.\(unknown\|expired\)' by brief "SELECT 1"
succeeds fh shop member revoke ann
shut_out() { ! by narrow "SELECT count(*) FROM shop.orders" audit; }
until_true 20 "the market to hear that ann is shut out" shut_out
by_rule token.unknown by narrow "SELECT count(*) FROM shop.orders" audit
refused 5 record.signer.revoked -- as ann token list --node "${address[market]}"
