#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A product's life at two nodes: published, deprecated before and after its successor is there, two
# majors read side by side, put off, retired; what its consumers are told at each step; all of it kept
# through restarts and learned by a peer that was down meanwhile.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 50
make_mesh shop museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
until_true 10 "the product at museum" finds museum 1

one='SELECT count(*) AS n FROM shop."orders@1"'
two='SELECT count(*) AS n FROM shop."orders@2"'
any='SELECT count(*) AS n FROM shop.orders'
rows=$'n\n50'

# field DOMAIN NAME KEY: of `product list`, as JSON.
field()
{
    fh "$1" -o json product list 2>/dev/null | python3 -c '
import json, sys
name, key = sys.argv[1:]
print(next((row[key] for row in json.load(sys.stdin) if row["product"] == name), ""))' "$2" "$3"
}
is_now() # DOMAIN NAME KEY VALUE
{
    [[ $(field "$1" "$2" "$3") == "$4" ]]
}
# events DOMAIN PRODUCT: what its history holds, in order.
events()
{
    bounded fh "$1" -o json product history "$2" | python3 -c '
import json, sys
print(" ".join(row["event"] for row in json.load(sys.stdin)))'
}
# told NOTE COMMAND...: it prints the 50 rows, and on standard error exactly this; "" for nothing.
told()
{
    local note=$1
    shift
    prints "$rows" "$@"
    [[ $(<"$work/err") == "$note" ]] || fail "expected the note '$note' but got: $(<"$work/err")"
}

say "- active: nothing to say"
told '' fh museum -o csv query "$any"
prints 'published' events museum shop/orders

say "- moves that are refused"
refused 2 'name the major version' 'shop/orders@1' -- fh shop product deprecate shop/orders
refused 2 'as a whole' -- fh shop product deprecate shop/orders@1.0.0
refused 2 'in the past' -- fh shop product deprecate shop/orders@1 --sunset 2020-01-01
refused 2 'no time' -- fh shop product deprecate shop/orders@1 --sunset soon
refused 2 'names no successor' -- fh shop product deprecate shop/orders@1 --successor shop/orders
refused 1 'cannot be its own successor' -- fh shop product deprecate shop/orders@1 --successor shop/orders@1
refused 1 'never announced orders@7' 'rule: product.unknown' -- fh shop product deprecate shop/orders@7
refused 4 'this home is domain museum' 'rule: publish.domain' -- fh museum product deprecate shop/orders@1
refused 1 'deprecate it first' 'rule: lifecycle.retired.early' -- fh shop product retire shop/orders@1
succeeds fh shop -o json product deprecate shop/orders@1 --sunset 2099-03-31 --dry-run
is_now shop shop/orders@1.0.0 status active || fail "a dry run deprecated the product"

forge() # HOME MODE PRODUCT|FILE: at museum's node
{
    bounded "$bin/fh-forge" "$work/$1/home" "127.0.0.1:$((port + 1))" "$2" "$3"
}
"$bin/fh-forge" "$work/museum/home" "127.0.0.1:$((port + 1))" save shop/orders >"$work/active.record"

say "- deprecated, before its successor is there"
succeeds fh shop product deprecate shop/orders@1 --sunset 2099-03-31 --successor shop/orders@2
grep -q 'shop/orders@2 is not in the catalogue yet' "$work/err" || fail "no word of the missing successor"
until_true 10 "the deprecation at museum" is_now museum shop/orders@1.0.0 status deprecated
is_now museum shop/orders@1.0.0 sunset 2099-03-31 || fail "museum shows another sunset"
is_now museum shop/orders@1.0.0 successor shop/orders@2 || fail "museum shows another successor"
note='note: shop/orders@1 is deprecated, ends 2099-03-31; use shop/orders@2'
told "$note" fh museum -o csv query "$any"
told "$note" fh shop -o csv query "$one"
prints "$(printf 'n\n2500')" fh museum -o csv query \
    'SELECT count(*) AS n FROM shop.orders a, shop."orders@1" b'
[[ $(<"$work/err") == "$note" ]] || fail "one product, not one note: $(<"$work/err")"
refused 1 'can be put off, not brought forward to 2098-01-01' 'rule: announcement.sunset.earlier' -- \
    fh shop product deprecate shop/orders@1 --sunset 2098-01-01
refused 1 'already' 'rule: lifecycle.unchanged' -- fh shop product deprecate shop/orders@1

say "- the owner cannot take its word back, nor can anybody replay it"
refused 1 'is deprecated and cannot become active again' 'rule: announcement.status.backward' -- \
    forge shop revive shop/orders
refused 5 'rule: announcement.stale' -- forge museum replay "$work/active.record"
is_now museum shop/orders@1.0.0 status deprecated || fail "a forgery undid the deprecation"

say "- a fix of a deprecated major stays deprecated; it cannot become a draft"
make_contract orders 1.0.1 >"$data/orders.odcs.yaml"
prints 'shop/orders@1.0.1' fh shop product publish "$data/orders.odcs.yaml"
grep -q '1.0.1 stays deprecated until 2099-03-31' "$work/err" || fail "the author is not told: $(<"$work/err")"
until_true 10 "the fix at museum" is_now museum shop/orders@1.0.1 status deprecated
is_now museum shop/orders@1.0.1 sunset 2099-03-31 || fail "the fix lost the sunset"
make_contract orders 1.0.2 | sed 's/^status: active/status: draft/' >"$data/draft.odcs.yaml"
refused 1 'cannot become draft again' 'rule: announcement.status.backward' -- \
    fh shop product publish "$data/draft.odcs.yaml" --dry-run

say "- the next major: a draft for its own domain, then active, side by side with the first"
make_contract orders 2.0.0 | sed 's/^status: active/status: draft/' >"$data/draft.odcs.yaml"
prints 'shop/orders@2.0.0' fh shop product publish "$data/draft.odcs.yaml"
until_true 10 "the draft at museum" is_now museum shop/orders@2.0.0 status draft
refused 4 'shop/orders@2 is a draft' 'rule: product.draft' -- fh museum query "$two"
told 'note: shop/orders@2 is a draft' fh shop -o csv query "$two"
told "$note" fh museum -o csv query "$any" # the deprecated one is served, the draft is not
make_contract orders 2.0.1 >"$data/orders.odcs.yaml"
prints 'shop/orders@2.0.1' fh shop product publish "$data/orders.odcs.yaml"
until_true 10 "the second major at museum" is_now museum shop/orders@2.0.1 status active
told '' fh museum -o csv query "$any"
told "$note" fh museum -o csv query "$one"
prints "$(printf 'n\n50')" fh museum -o csv query \
    'SELECT count(*) AS n FROM shop."orders@1" a JOIN shop."orders@2" b ON a.id = b.id'
[[ $(<"$work/err") == "$note" ]] || fail "no note of the one that is deprecated: $(<"$work/err")"

say "- a join of two owners: each says what it serves"
make_product visits 50
prints 'museum/visits@1.0.0' fh museum product publish "$data/visits.odcs.yaml"
succeeds fh museum product deprecate museum/visits@1 --successor shop/orders@2
join='SELECT count(*) AS n FROM shop."orders@1" o JOIN museum.visits v ON o.id = v.id'
until_true 10 "the visits at shop" is_now shop museum/visits@1.0.0 status deprecated
for domain in shop museum; do
    prints "$rows" fh $domain -o csv query "$join"
    [[ $(sort "$work/err") == "$(sort <<<"$note
note: museum/visits@1 is deprecated; use shop/orders@2")" ]] || fail "the notes of a join: $(<"$work/err")"
done

say "- put off, without a node running; a peer that was down learns it, restarts keep it"
stop_node museum
stop_node shop
succeeds fh shop product deprecate shop/orders@1 --sunset 2099-12-31
start_node shop
is_now shop shop/orders@1.0.1 sunset 2099-12-31 || fail "the restart lost the sunset"
start_node museum
until_true 20 "the new sunset at museum" is_now museum shop/orders@1.0.1 sunset 2099-12-31
told "${note/2099-03-31/2099-12-31}" fh museum -o csv query "$one"

say "- retired, while a peer is down"
refused 1 'were promised it until 2099-12-31' 'rule: lifecycle.retired.early' -- fh shop product retire shop/orders@1
stop_node museum
succeeds fh shop product retire shop/orders@1 --force
refused 4 'shop/orders@1 is retired and not served any more; use shop/orders@2' 'rule: product.retired' -- \
    fh shop query "$one"
start_node museum
until_true 20 "the retirement at museum" is_now museum shop/orders@1.0.1 status retired
refused 4 'shop/orders@1 is retired and not served any more; use shop/orders@2' 'rule: product.retired' -- \
    fh museum query "$one"
told '' fh museum -o csv query "$any"
make_contract orders 1.0.2 >"$data/orders.odcs.yaml"
refused 1 -- fh shop product publish "$data/orders.odcs.yaml"
refused 1 'cannot become deprecated again' 'rule: announcement.status.backward' -- \
    fh shop product deprecate shop/orders@1 --sunset 2099-12-31
succeeds fh shop product retire shop/orders@1 --successor shop/orders@3
until_true 10 "the other successor at museum" is_now museum shop/orders@1.0.1 successor shop/orders@3
prints 'published deprecated published published draft published active deprecated retired retired' \
    events museum shop/orders
prints 'published deprecated published deprecated retired retired' events shop shop/orders@1
succeeds fh museum -o json product status shop/orders
python3 - "$work/out" <<'PYTHON' || fail "the status of shop/orders: $(<"$work/out")"
import json, sys
one, two = json.load(open(sys.argv[1]))
assert one["product"] == "shop/orders@1.0.1" and two["product"] == "shop/orders@2.0.1", (one, two)
assert one["status"] == "retired" and two["status"] == "active"
assert one["sunset"] == "2099-12-31" and two["sunset"] == ""
assert one["successor"] == "shop/orders@3" and two["successor"] == ""
assert one["sequence"] == 2 and two["sequence"] == 4 and one["chain_head"] == 4
assert one["announced_by"] == "publisher" and two["announced_by"] == "node"
assert one["held"] and one["reachable"] and one["forks"] == []
PYTHON
prints '1' bash -c "\"$bin/freehold\" --home \"$work/shop/home\" -o csv product status shop/orders@2 | grep -c active"
refused 1 'no product "order"; did you mean "orders"?' -- fh museum product status shop/order
refused 1 'is not known here' 'rule: domain.unknown' -- fh museum product history nobody/orders

say "- a retired product takes no new version"
make_product tickets 3
prints 'shop/tickets@1.0.0' fh shop product publish "$data/tickets.odcs.yaml"
soon=$(date -u -d '+8 seconds' +%Y-%m-%dT%H:%M:%SZ)
succeeds fh shop product deprecate shop/tickets@1 --sunset "$soon"
refused 1 "were promised it until $soon" 'rule: lifecycle.retired.early' -- fh shop product retire shop/tickets@1
has_passed() # DATE
{
    (($(date +%s) > $(date -d "$1" +%s)))
}
until_true 20 "the sunset" has_passed "$soon"
prints $'n\n3' fh shop -o csv query 'SELECT count(*) AS n FROM shop.tickets'
[[ $(<"$work/err") == "warning: shop/tickets@1 is deprecated, its end $soon has passed" ]] ||
    fail "no warning after the sunset: $(<"$work/err")"
succeeds fh shop product retire shop/tickets@1
make_contract tickets 1.0.1 >"$data/tickets.odcs.yaml"
refused 1 'takes no new version' 'rule: product.retired' -- fh shop product publish "$data/tickets.odcs.yaml"
refused 4 'its domain names no successor' 'rule: product.retired' -- fh shop query 'SELECT * FROM shop.tickets'

say "- a fork: two contracts under one number, found at one peer, shown at all"
for product in prices stock; do
    make_product $product 50
    prints "shop/$product@1.0.0" fh shop product publish "$data/$product.odcs.yaml"
    until_true 10 "$product at museum" is_now museum shop/$product@1.0.0 status active
done
is_forked() # DOMAIN PRODUCT
{
    fh "$1" -o json product status "shop/$2" | grep -q '"number": 1, "contracts": '
}
fork() # PRODUCT: at shop's node
{
    refused 5 'another contract with number 1' 'rule: contract.forked' -- \
        "$bin/fh-forge" "$work/shop/home" "127.0.0.1:$port" fork "shop/$1"
    is_forked shop "$1" || fail "the node that found the fork of $1 does not show it"
}
fork stock
until_true 5 "the fork at museum, which is told at once" is_forked museum stock
stop_node museum
fork prices
start_node museum
until_true 30 "the fork at museum, which was down" is_forked museum prices
succeeds fh museum product status shop/prices
grep -q 'warning: shop/prices is forked: its domain signed two contracts with number 1:' "$work/err" ||
    fail "no word of the fork: $(<"$work/err")"
(($(grep -c '^    fhr1.* by fhk1' "$work/err") == 2)) || fail "not both records with their signers"
succeeds fh museum -o json product describe shop/prices
grep -q 'is forked' "$work/err" || fail "describe is silent about the fork"
grep -q '"forked": true' "$work/out" || fail "describe does not show the fork"
prints 'published forked' events museum shop/prices
told '' fh museum -o csv query 'SELECT count(*) AS n FROM shop.prices' # the first one counts
stop_node museum
start_node museum
is_forked museum prices || fail "a restart forgot the fork"
