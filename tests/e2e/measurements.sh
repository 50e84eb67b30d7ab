#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Promises that are measured: what the owner's node finds is signed and seen at every peer, with its
# age, also while the owner is away; a broken promise closes the gate, the next good look opens it; no
# value of a row ever leaves with it.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

# In rows that keep and in rows that break promises; nowhere else.
canary=Canary7f3aQuartz

rows() # LAST-ID: 200 good rows, and one more with this id
{
    awk -v last="$1" -v canary="$canary" 'BEGIN {
        print "id,item,price"
        for (i = 1; i <= 200; i++) printf "%d,%s %d,%d.5\n", i, canary, i, i % 100
        printf "%s,%s broken,7\n", last, canary
    }' >"$data/orders.csv"
}
contract() # NAME GATE
{
    make_contract "$1" 1.0.0
    cat <<YAML
customProperties:
  - {property: qualityGate, value: $2}
slaProperties:
  - {property: availability, value: 50, unit: "%"}
YAML
}
rows 201
contract orders block >"$data/orders.odcs.yaml"
make_contract visits 1.0.0 >"$data/visits.odcs.yaml"
cp "$data/orders.csv" "$data/visits.csv"
make_mesh shop museum market

quality() # DOMAIN PRODUCT: what its list says
{
    fh "$1" -o csv product list | sed -n "s|^$2@||p" | cut -d, -f7
}
is() # QUALITY DOMAIN PRODUCT
{
    [[ $(quality "$2" "$3") == "$1" ]]
}
says() # FIELD VALUE DOMAIN: of the measurement that describe verifies there
{
    fh "$3" -o json product describe shop/orders >"$work/described.json" 2>"$work/err" || return
    python3 - "$work/described.json" "$1" "$2" <<'PYTHON'
import json, sys
path, field, value = sys.argv[1:]
said = json.load(open(path))
said = (said[0] if isinstance(said, list) else said)["measurement"]
sys.exit(said is None or str(said[field]) != value)
PYTHON
}
sql='SELECT count(*) AS n FROM shop.orders'

say "- the look before publishing is the first measurement, at every peer"
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
for domain in shop museum market; do
    until_true 10 "a first measurement at $domain" is ok "$domain" shop/orders
    until_true 10 "it, verified, at $domain" says quality ok "$domain"
done
says complete True museum || fail "museum has not all results"
says rows 201 museum || fail "rows: $(<"$work/described.json")"
grep -q '"promise": "slaProperties.availability", "category": "sla", "outcome": "passed"' \
    "$work/described.json" || fail "availability is not measured: $(<"$work/described.json")"
succeeds fh museum product describe shop/orders
grep -q '^quality  *ok$' "$work/out" || fail "describe: $(<"$work/out")"
prints "$(printf 'n\n201')" fh museum -o csv query "$sql"

say "- a dry run looks, and tells nobody"
rows 7
refused_check() # ARGUMENT...: results on standard output, and exit code 1
{
    local status=0
    bounded fh shop -o csv product check "$@" >"$work/out" 2>"$work/err" || status=$?
    ((status == 1)) || fail "product check ended with $status: $(<"$work/err")"
    grep -q 'rule: product.quality.failed' "$work/err" || fail "check: $(<"$work/err")"
    grep -q '^schema.orders.primaryKey,failed,schema,primaryKey,1,' "$work/out" || fail "check: $(<"$work/out")"
}
refused_check shop/orders --dry-run
is ok shop shop/orders || fail "a dry run was stored"

say "- broken in place: every peer knows within seconds, and why"
refused_check shop/orders
for domain in shop museum market; do
    until_true 10 "fail at $domain" is fail "$domain" shop/orders
    until_true 10 "fail, verified, at $domain" says quality fail "$domain"
done
succeeds fh market product describe shop/orders
grep -q '^schema.orders.primaryKey  *failed  *1  *' "$work/out" || fail "describe: $(<"$work/out")"

say "- the gate is closed to others, at the owner and already where they ask; not to the owner"
blocked=('rule: product.quality.blocked' 'schema.orders.primaryKey')
refused 4 "${blocked[@]}" -- fh museum query "$sql"
refused 4 "${blocked[@]}" -- fh market query "$sql" --peer "${address[museum]}"
refused 4 "${blocked[@]}" -- fh museum query "$sql" --peer "${address[shop]}"
succeeds fh shop -o csv query "$sql"
[[ $(<"$work/out") == "$(printf 'n\n201')" ]] || fail "the owner cannot read its own data"
grep -q 'warning: shop/orders@1: not all promises of its contract held' "$work/err" ||
    fail "the owner is not told: $(<"$work/err")"

say "- a restart forgets nothing of it"
kill_node shop
start_node shop
is fail shop shop/orders || fail "shop forgot"
until_true 30 "the mesh again" sees museum 3
refused 4 "${blocked[@]}" -- fh museum query "$sql" --peer "${address[shop]}"

say "- repaired: served again with the next good look"
rows 201
succeeds fh shop product check shop/orders --junit "$work/checked.xml"
grep -q '<testsuite name="orders.schema"' "$work/checked.xml" || fail "JUnit: $(<"$work/checked.xml")"
refused 2 '--junit tells one look' -- fh shop product check shop/orders --junit "$work/no.xml" --history
for domain in museum market; do
    until_true 10 "ok at $domain" is ok "$domain" shop/orders
done
prints "$(printf 'n\n201')" fh museum -o csv query "$sql"
bounded fh shop -o csv product check shop/orders --history >"$work/history"
[[ $(cut -d, -f3 "$work/history" | xargs) == 'quality ok fail ok' ]] || fail "history: $(<"$work/history")"
refused 4 'rule: product.check.owner' -- fh museum product check shop/orders

say "- how promises held over time, verified at a peer, whichever of them is asked"
remembered() # DOMAIN ARGUMENT...: of shop/orders, as CSV
{
    succeeds fh "$1" -o csv product quality shop/orders "${@:2}"
    cp "$work/out" "$work/remembered"
}
for asked in shop museum; do
    remembered market --history --peer "${address[$asked]}"
    [[ $(cut -d, -f3 "$work/remembered" | xargs) == 'quality ok fail ok' ]] || fail "history of $asked: $(<"$work/remembered")"
    [[ ! -s $work/err ]] || fail "a history that is not whole: $(<"$work/err")"
done
remembered museum
grep -qx 'schema.orders.primaryKey,passed,0,2,1,0,0,20[-0-9T:.]*Z' "$work/remembered" || fail "checks: $(<"$work/remembered")"
grep -q '^slaProperties.availability,passed,[0-9.]*,3,0,0,0,$' "$work/remembered" || fail "checks: $(<"$work/remembered")"
remembered museum --check schema.orders.primaryKey
[[ $(cut -d, -f3-5 "$work/remembered" | xargs) == 'outcome,measured,failing passed,0,0 failed,1,1 passed,0,0' ]] ||
    fail "one promise: $(<"$work/remembered")"
refused 1 'rule: quality.check' -- fh museum product quality shop/orders --check schema.orders.nothing
refused 1 'rule: product.unknown' -- fh museum product quality shop/nothing

say "- with gate warn, answers say that promises do not hold"
prints 'shop/visits@1.0.0' fh shop product publish "$data/visits.odcs.yaml"
until_true 10 "visits at museum" is ok museum shop/visits
sed -i 's/^5,/6,/' "$data/visits.csv"
bounded fh shop -o csv product check shop/visits >"$work/out" 2>"$work/err" && fail "a broken key passed"
until_true 10 "fail at museum" is fail museum shop/visits
succeeds fh museum -o csv query 'SELECT count(*) AS n FROM shop.visits'
grep -q 'warning: shop/visits@1: not all promises of its contract held' "$work/err" ||
    fail "no notice: $(<"$work/err")"

say "- a source that is gone is measured too"
mv "$data/visits.csv" "$data/away.csv"
bounded fh shop -o csv product check shop/visits >"$work/out" 2>"$work/err" && fail "nothing passed"
grep -q '^schema.visits.source,failed,schema,' "$work/out" || fail "no source: $(<"$work/out")"
until_true 10 "that at museum" bash -c \
    "'$bin/freehold' --home '$work/museum/home' product describe shop/visits | grep -q 'schema.visits.source'"
mv "$data/away.csv" "$data/visits.csv"

say "- by itself every second; stale when the owner is gone"
kill_node shop
FREEHOLD_QUALITY_INTERVAL=1 start_node shop
measured_often()
{
    (($(fh shop -o csv product check shop/orders --history | wc -l) > 7))
}
until_true 30 "four looks of its own" measured_often
until_true 30 "the news at museum" is ok museum shop/orders
kill_node shop
until_true 20 "stale at museum" is stale museum shop/orders
until_true 20 "stale at market" is stale market shop/orders
says found ok museum || fail "what it was is forgotten"
remembered museum --history
[[ $(wc -l <"$work/remembered") == 2 ]] || fail "of an owner who is away: $(<"$work/remembered")"
grep -q 'its owner keeps more' "$work/err" || fail "not told to be a part: $(<"$work/err")"
succeeds fh market product describe shop/orders
kill_node museum
start_node museum
is stale museum shop/orders || fail "museum forgot"

say "- no value of a row in any record, store or log"
for domain in shop museum market; do
    if grep -al "$canary" "$work/$domain/node.log" "$work/$domain"/home/node.db* >&2; then
        fail "a value of a row is kept at $domain"
    fi
done
grep -qa 'schema.orders.primaryKey' "$work"/museum/home/node.db* || fail "the search finds nothing"
