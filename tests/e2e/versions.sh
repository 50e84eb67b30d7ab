#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Versions of one product: what a change needs, as contract diff and publish tell it; and two majors
# served side by side from one source that changed, each through its own mapping, to another domain.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 100
make_mesh shop market
contract=$data/orders.odcs.yaml

# version VERSION SED...: the first contract with these edits, as that version, in a file of its own.
version()
{
    local to=$data/orders-$1.odcs.yaml edits=(-e "s/^version: .*/version: $1/") edit
    for edit in "${@:2}"; do
        edits+=(-e "$edit")
    done
    sed "${edits[@]}" "$contract" >"$to"
    printf '%s' "$to"
}
diff_of() # the paths and rules that contract diff reports, without the head
{
    fh shop -o csv contract diff "$@" 2>/dev/null | tail -n +2 | cut -d, -f2,6
}
hasty() # only the peers' refusal goes on; that the announcement was taken is no data
{
    "$bin/fh-forge" "$work/shop/home" "${address[market]}" hasty shop/orders >/dev/null
}
# Sales with the second column under another name, as a new source has it.
rename='s/name: item, /name: thing, /'

say "- what a change needs, between files"
succeeds fh shop contract diff "$contract" "$contract"
nulls=$(version 1.1.0 's/name: item, logicalType: string, required: true/name: item, logicalType: string/')
bounded fh shop contract diff "$contract" "$nulls" >"$work/out" 2>"$work/err" </dev/null && fail "1.1.0 is too small"
grep -q 'schema.orders.properties.item.required .*breaking  info .*compat.nulls.allowed' "$work/out" ||
    fail "$(cat "$work/out")"
grep -q 'orders 1.1.0 breaks readers of 1.0.0: .* it must be 2.0.0 or greater' "$work/err" || fail "$(cat "$work/err")"
grep -q 'rule: contract.version.bump_too_small' "$work/err" || fail "$(cat "$work/err")"
prints "schema.orders.properties.item.required,compat.nulls.allowed
version,compat.version.changed" diff_of "$contract" "$nulls" --fail-on none
fails() # EXIT FAIL_ON FILE
{
    local status=0
    bounded fh shop contract diff "$contract" "$3" --fail-on "$2" >"$work/out" 2>"$work/err" </dev/null || status=$?
    ((status == $1)) || fail "--fail-on $2 of $3 ends with $status: $(cat "$work/err")"
}
fails 1 reader "$nulls"
fails 0 stored "$nulls"
fails 1 any "$nulls"
fails 0 none "$nulls"
unique=$(version 1.1.1 's/name: item, /name: item, unique: true, /')
fails 0 reader "$unique"
fails 1 stored "$unique"
fails 2 sometimes "$unique"
# An old version that breaks its schema is compared by what can be read of it, and that is said.
sed 's/^status:/stauts:/' "$contract" >"$work/odd.odcs.yaml"
bounded fh shop contract diff "$work/odd.odcs.yaml" "$contract" --fail-on reader >/dev/null 2>"$work/err" </dev/null ||
    fail "$(cat "$work/err")"
grep -q 'is compared by what could be read of it' "$work/err" || fail "$(cat "$work/err")"
refused 1 "$data/nowhere.odcs.yaml: no such file" -- fh shop contract diff "$contract" "$data/nowhere.odcs.yaml"
refused 2 '@published is what the other one is' -- fh shop contract diff @published @published
refused 1 'has no product "orders"' 'rule: product.unknown' -- fh shop contract diff @published "$contract"
bounded fh shop contract diff "$contract" "$(version one)" >"$work/out" 2>"$work/err" </dev/null && fail "no version"
grep -q 'cannot be told' "$work/err" || fail "$(cat "$work/err")"

say "- and publish refuses less"
prints 'shop/orders@1.0.0' fh shop product publish "$contract"
refused 1 'major: schema.orders.properties.item.required: ' '[compat.nulls.allowed]' \
    'it must be 2.0.0 or greater' 'rule: contract.version.bump_too_small' -- fh shop product publish "$nulls"
refused 1 'rule: contract.version.bump_too_small' -- fh shop product publish --dry-run "$nulls"
more=$(version 1.0.1 's/^  - {role: mesh.*/&\n  - {role: market, access: read}/')
refused 1 'orders 1.0.1 is more than a fix of 1.0.0' 'it must be 1.1.0 or greater' -- fh shop product publish "$more"
succeeds fh shop product publish --dry-run "$(version 1.1.0 's/^  - {role: mesh.*/&\n  - {role: market, access: read}/')"
grep -q 'minor: roles.market: .*compat.access.added' "$work/err" || fail "$(cat "$work/err")"
prints '1.0.0' version_of shop shop/orders
prints 'version,compat.version.changed' diff_of @published "$(version 1.0.1)"
prints 'version,compat.version.changed' diff_of shop/orders@1 "$(version 1.0.1)"

say "- a source that changed serves two majors"
sed -i '1s/id,item,price/id,thing,price,currency/; 2,$s/$/,EUR/' "$data/orders.csv"
two=$(version 2.0.0 "$rename" \
    's/^      - {name: price.*/&\n      - {name: currency, logicalType: string, required: true}/')
prints 'shop/orders@2.0.0' fh shop product publish "$two"
one=$(version 1.0.1 's/name: item, /name: item, physicalName: thing, /')
refused 1 'rule: contract.version.not_greater' -- fh shop product publish "$(version 1.0.0)"
prints 'shop/orders@1.0.1' fh shop product publish "$one"
prints "schema.orders.properties.item.physicalName,compat.source.changed
version,compat.version.changed" diff_of "$contract" "$one"
both()
{
    [[ $(version_of market shop/orders) == "1.0.1
2.0.0" ]]
}
until_true 30 "both versions in the catalogue of market" both
held() # MAJOR: the contract has arrived
{
    fh market product describe "shop/orders@$1"
}
until_true 30 "version 1 at market" held 1
until_true 30 "version 2 at market" held 2
prints 'item,n
item 1 of the shop in the market hall,10' \
    fh market -o csv query 'SELECT item, count(*) AS n FROM shop."orders@1" GROUP BY 1 ORDER BY 1 LIMIT 1 OFFSET 1'
prints 'thing,currency,n
item 1 of the shop in the market hall,EUR,10' \
    fh market -o csv query \
    'SELECT thing, currency, count(*) AS n FROM shop."orders@2" GROUP BY 1, 2 ORDER BY 1 LIMIT 1 OFFSET 1'
rows_of() # COLUMN MAJOR
{
    fh market -o csv query "SELECT id, $1, price FROM shop.\"orders@$2\" ORDER BY id" 2>/dev/null | tail -n +2
}
rows_of item 1 >"$work/one"
rows_of thing 2 >"$work/two"
(($(wc -l <"$work/one") == 100)) || fail "not all rows of a major came"
cmp "$work/one" "$work/two" || fail "the two majors differ"
prints 'rows
100' fh market -o csv query 'SELECT count(*) AS rows FROM shop."orders@1" a JOIN shop."orders@2" b
    ON a.id = b.id AND a.item = b.thing AND a.price = b.price'
refused 1 'currency' -- fh market query 'SELECT currency FROM shop."orders@1"'
refused 1 'item' -- fh market query 'SELECT item FROM shop."orders@2"'
prints 'thing' bash -c "'$bin/freehold' --home '$work/market/home' -o csv query \
    'SELECT * FROM shop.orders LIMIT 0' 2>/dev/null | cut -d, -f2"

say "- which go on by themselves"
prints 'shop/orders@2.1.0' fh shop product publish "$(version 2.1.0 "$rename" \
    's/^      - {name: price.*/&\n      - {name: currency, logicalType: string, required: true}/' \
    's/^status: .*/&\ntags: [more]/')"
refused 1 'breaks readers of 2.1.0' '3.0.0 or greater' -- fh shop product publish "$(version 2.2.0 "$rename")"
refused 1 'nothing of its major was published before' 'rule: contract.version.not_greater' -- \
    fh shop product publish "$(version 0.9.0 's/name: item, /name: item, physicalName: thing, /')"
succeeds fh shop product publish --dry-run "$(version 3.0.0 "$rename" \
    's/^      - {name: price.*/&\n      - {name: currency, logicalType: string, required: true}/')"
grep -q 'no reader of 2.1.0 breaks; another major was not needed' "$work/err" || fail "$(cat "$work/err")"

say "- an owner who does not ask its own node is refused by its peers"
# Its version rises by a patch, and a column that was always there may be missing.
at_market()
{
    version_of market shop/orders | grep -qx '2\.1\.0'
}
until_true 30 "version 2.1.0 at market" at_market
until_true 30 "its contract" held 2
refused 1 'orders 2.1.1 breaks readers of 2.1.0: schema.orders.properties.thing.required' \
    '[compat.nulls.allowed]' '3.0.0 or greater' 'rule: contract.version.bump_too_small' -- \
    hasty
refused 1 'its contract was refused here: orders 2.1.1 breaks readers of 2.1.0' \
    'rule: contract.version.bump_too_small' -- fh market product describe shop/orders@2
refused 1 'its contract was refused here' 'rule: contract.version.bump_too_small' -- \
    fh market query 'SELECT count(*) FROM shop."orders@2"'
prints 'rows
100' fh market -o csv query 'SELECT count(*) AS rows FROM shop."orders@1"'
