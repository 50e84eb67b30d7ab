#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The catalogue for people, at a node that is not the owner's: search by words and filters, counts, pages,
# also after the owner was killed; why the node sees the owner as it does; records that contradict each
# other, shown with their proof.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_mesh shop museum
for product in orders stock prices; do
    make_product $product 20
done
sed -i 's/^status: active$/&\ntags: [transport, "tea and cake"]/' "$data/orders.odcs.yaml"
sed -i 's/^status: active$/&\ntags: [transport]\nteam:\n  name: harbour\n  members:\n    - {username: lead, name: Ada Byron}/' \
    "$data/stock.odcs.yaml"
closed prices
for product in orders stock prices; do
    prints "shop/$product@1.0.0" fh shop product publish "$data/$product.odcs.yaml"
done

# names WORD...: the products that museum finds, in its order.
names()
{
    fh museum -o csv search "$@" 2>/dev/null | sed -n '2,$s/^shop\/\([a-z]*\)@.*/\1/p' | tr '\n' ' '
}
has() # NAMES WORD...
{
    local expected=$1
    shift
    [[ $(names "$@") == "$expected" ]]
}
until_true 10 "the contracts of two products at museum" has 'orders stock ' --tag transport
until_true 10 "three products at museum" has 'orders prices stock '

say "- filters, words, pages"
while IFS='|' read -r expected words; do
    eval "set -- $words"
    has "$expected" "$@" || fail "search $words: $(names "$@"), not $expected"
done <<'ROWS'
orders prices stock |
orders |--tag "tea and cake"
orders |--tag transport --tag "tea and cake"
|--tag tea
stock |--person byron
stock |harbour
orders stock |--access mesh
prices |--access granted
prices |access=granted
orders prices stock |--domain shop --status active --reachable
|--domain museum
|--status draft
|--quality fail
|--classification pii
prices orders stock |--column price
prices |prices
orders |--limit 1
prices |--limit 1 --offset 1
orders |"tea and" cake
orders |tag:tea
orders |'"tea and cake"'
|'"cake and tea"'
orders |odrers
ROWS
succeeds fh museum search --limit 2
grep -q '^1 to 2 of 3; the next with --offset 2$' "$work/err" || fail "no word of the next page: $(<"$work/err")"

say "- counts"
prints 'domain,shop,3
status,active,3
tag,transport,2
tag,tea and cake,1
quality,ok,3
access,mesh,2
access,granted,1
reachable,yes,3' bounded bash -c "'$bin/freehold' --home '$work/museum/home' -o csv search --facets |
    sed '1d; /^classification/d'"
prints '1' bounded bash -c "'$bin/freehold' --home '$work/museum/home' -o json search --facets prices |
    grep -c '\"facet\": \"access\", \"value\": \"granted\", \"products\": 1'"

say "- what cannot be asked"
refused 1 'status:gone is none of draft, active, deprecated, retired' 'rule: search.status' -- \
    fh museum search --status gone
refused 1 'rule: search.filter' -- fh museum search quality:good
refused 2 'has a quote' -- fh museum search --tag 'a"b'
refused 2 'leave out --limit and --offset' -- fh museum search --facets --limit 3
refused 2 'limit' -- fh museum search --limit 0
refused 2 'not UTF-8' -- fh museum search $'\xff'
for words in '"' '*' 'a OR' 'NEAR(' 'tag="' '^' '{name} :' 'x" OR "y' ' ' "' --"; do
    succeeds fh museum search "$words"
done

say "- two contracts of one number, with their proof"
refused 5 'rule: contract.forked' -- "$bin/fh-forge" "$work/shop/home" "127.0.0.1:$port" fork shop/stock
proofs() # DOMAIN: rule and subject of what it knows
{
    fh "$1" -o csv proof list 2>/dev/null | sed '1d' | cut -d , -f 2-4
}
knows() # DOMAIN TEXT
{
    [[ $(proofs "$1") == *"$2"* ]]
}
until_true 10 "the fork at museum" knows museum 'contract.forked,shop,"contract of stock'
id=$(fh museum -o csv proof list | sed -n 2p | cut -d , -f 1)
succeeds fh museum -o csv proof show "${id:0:20}"
(($(grep -c '^fhr1.*,contract,"contract of stock, number 1",.*,fhk1.*,verified$' "$work/out") == 2)) ||
    fail "not two verified records: $(<"$work/out")"
grep -q '^proven: the owner signed two contracts under one number' "$work/err" || fail "$(<"$work/err")"
grep -q '^what helps: ' "$work/err" || fail "no word of what helps"
prints 'forked' bounded bash -c "'$bin/freehold' --home '$work/museum/home' -o csv search stock | sed -n 2p | cut -d , -f 10"
refused 2 'proof show needs ID' -- fh museum proof show
refused 1 'rule: proof.unknown' -- fh museum proof show fhr1aaaaaaaaaaaaaaaaaaaa
refused 1 'rule: proof.unknown' -- fh museum proof show "${id:0:8}"

say "- what a node thinks of another"
why() # DOMAIN NODE SECTION NAME: the value
{
    fh "$1" -o csv peers explain "$2" 2>/dev/null | sed -n "s/^$3,$4,//p" | cut -d , -f 1
}
says() # VALUE DOMAIN NODE SECTION NAME
{
    local expected=$1
    shift
    [[ $(why "$@") == "$expected" ]]
}
until_true 10 "shop alive at museum" says alive museum shop member state
says verified museum shop record alive || fail "the owner's record: $(why museum shop record alive)"
says no museum shop member forked || fail "forked: $(why museum shop member forked)"
prints 'alive' bounded bash -c "'$bin/freehold' --home '$work/museum/home' -o json peers explain 127.0.0.1:$port |
    sed -n 's/.*\"name\": \"state\", \"value\": \"\\([a-z]*\\)\".*/\\1/p'"
refused 1 'rule: node.unknown' -- fh museum peers explain nobody
refused 1 'rule: node.unknown' -- fh museum peers explain fhn1
counts_a_probe()
{
    fh museum status --counters >"$work/out" && grep -q '^probes  *[1-9]' "$work/out"
}
until_true 10 "a probe that museum counts" counts_a_probe
succeeds fh museum peers -o wide
grep -q ' rtt_ms  accusers ' "$work/out" || fail "not wide: $(<"$work/out")"

say "- the owner is killed: the catalogue answers, and says why the owner is gone"
kill_node shop
has 'orders stock ' --tag transport || fail "no search while the owner is down"
until_true 60 "shop dead at museum" says dead museum shop member state
says verified museum shop record alive || fail "the dead owner's record"
fh museum -o csv peers explain shop | grep -q '^accuser,museum .*,verified,"signed ' || fail "no accuser with his record"
says failed museum shop verdict own_probe || fail "no failed probe"
has 'orders prices stock ' || fail "no list while the owner is down"
has '' --reachable || fail "a dead owner is reachable"
has 'orders prices stock ' reachable=no || fail "not found as unreachable"
prints 'no' bounded bash -c "'$bin/freehold' --home '$work/museum/home' -o csv search orders | sed -n 2p | cut -d , -f 5 |
    sed 's/false/no/'"
succeeds fh museum product describe shop/orders
