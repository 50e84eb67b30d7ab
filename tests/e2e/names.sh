#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Names: the founder's home is restored from a copy between two invitations, so the mesh admits two domains as
# market. Who knew the first is refused until a person decides, in whichever way, and keeps that over restarts;
# aliases stand beside it.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

pins() # DOMAIN: name, by and state of each
{
    fh "$1" -o csv pin list 2>/dev/null | tail -n +2 | cut -d , -f 1-3
}
named_by() # DOMAIN OTHER: how a node names another domain
{
    fh "$1" -o csv peers | awk -F , -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $1 == name { print $at["named_by"] }' | sort -u
}
begin() # HOME NAME: a domain of that name joins by an invitation of shop
{
    mkdir "$work/$1"
    fh shop invite --domain "$2" -o "$work/$1.invitation" 2>/dev/null
    fh "$1" init --domain "$2" --join "$work/$1.invitation" --listen "${address[$1]}" >/dev/null
    start_node "$1"
    until_true 20 "the admission of $1" grep -q 'joined mesh=' "$work/$1/node.log"
}
id_of() # HOME
{
    fh "$1" -o json domain show | sed -nE 's/.*"domain_id": *"([^"]*)".*/\1/p'
}
asked() # DOMAIN SQL: the one number that comes back
{
    fh "$1" -o csv query "$2" 2>/dev/null | tail -n 1
}
gives() # NUMBER DOMAIN SQL
{
    [[ $(asked "$2" "$3") == "$1" ]]
}
first_is() # ID DOMAIN: market's pin there
{
    fh "$2" -o csv pin list 2>/dev/null | grep -q "^market,.*,$1,"
}

make_product rows 3
mkdir "$work/first"
mv "$data"/* "$work/first"
make_product rows 5
make_mesh shop reader
address[one]=127.0.0.1:$((port + 2)) address[two]=127.0.0.1:$((port + 3))

say "- first use"
stop_node shop
cp -a "$work/shop/home" "$work/copy"
start_node shop
begin one market
succeeds fh one product publish "$work/first/rows.odcs.yaml"
until_true 20 "the product at reader" finds reader 1
until_true 10 "an answer" gives 3 reader 'SELECT count(*) FROM market.rows'
prints 'market,first use,good
reader,first use,good
shop,first use,good' pins reader
prints charter named_by reader shop
prints admission named_by reader market
one=$(id_of one)

say "- the founder forgets it, and admits another"
kill_node reader
kill_node one
stop_node shop
rm -rf "$work/shop/home"
mv "$work/copy" "$work/shop/home"
start_node shop
begin two market
succeeds fh two product publish "$data/rows.odcs.yaml"
until_true 20 "the product at shop" finds shop 1
until_true 10 "an answer at shop" gives 5 shop 'SELECT count(*) FROM market.rows'
two=$(id_of two)
[[ $one != "$two" ]] || fail "both have one id"

say "- who knew the first stops"
start_node reader
until_true 30 "the contest at reader" grep -q name.contested "$work/reader/node.log"
for ask in 'query SELECT*FROM/**/market.rows' 'product describe market/rows' 'product status market/rows' \
    'product history market/rows' 'grant create reader/rows --to market --until 1d'; do
    read -ra words <<<"$ask"
    refused 5 'rule: name.pinned' "freehold pin accept market $two" -- fh reader "${words[@]}"
done
fh reader -o csv pin list | grep -q "^market,first use,stopped,$one,$two," || fail "pin list tells no claim"
prints stopped named_by reader market
prints true bash -c "'$bin/freehold' --home '$work/reader/home' -o json search rows |
    python3 -c 'import json, sys; print(str({p[\"verification\"] for p in json.load(sys.stdin)} == {\"contested\"}).lower())'"
refused 5 'rule: name.pinned' -- fh reader product describe market/rows

say "- decisions that are none"
refused 1 'rule: pin.claim' 'freehold pin list' -- fh reader pin accept market "$(id_of shop)"
refused 1 'rule: id.text' -- fh reader pin accept market nobody
refused 1 'rule: pin.claim' -- fh reader pin accept shop "$two"
refused 4 'rule: pin.own' -- fh reader pin alias reader "$two"
refused 1 'rule: pin.unknown' -- fh reader pin remove mall
succeeds fh reader pin accept market "$two" --dry-run
refused 5 'rule: name.pinned' -- fh reader product describe market/rows

say "- the first is right after all"
prints "name,domain_id
market,$one" fh reader -o csv pin accept market "$one"
start_node one
until_true 20 "an answer of the first" gives 3 reader 'SELECT count(*) FROM market.rows'

say "- no, the second is, and stays so"
succeeds fh reader pin accept market "$two"
until_true 30 "an answer of the second" gives 5 reader 'SELECT count(*) FROM market.rows'
stop_node reader
start_node reader
until_true 20 "an answer of the second after a restart" gives 5 reader 'SELECT count(*) FROM market.rows'
first_is "$two" reader || fail "the decision is lost"
prints accepted named_by reader market

say "- an alias, for the one that lost the name too"
succeeds fh reader pin alias old_market "$one"
succeeds fh reader pin alias corner shop
until_true 20 "the product by its alias" fh reader product describe old_market/rows
succeeds fh reader -o json product describe old_market/rows
grep -q '"rows": 3,' "$work/out" || fail "the alias leads elsewhere"
succeeds fh reader product describe market/rows
refused 1 'rule: sql.alias' 'write market' -- fh reader query 'SELECT * FROM old_market.rows'
refused 1 'rule: domain.unknown' -- fh two product describe old_market/rows
fh reader -o csv peers | grep -q ',corner$' || fail "peers tells no alias"
succeeds fh reader pin remove old_market
refused 1 'rule: domain.unknown' -- fh reader product describe old_market/rows
succeeds fh reader pin remove market
prints 'corner,alias,good
market,first use,good
reader,first use,good
shop,first use,good' pins reader
prints 5 asked reader 'SELECT count(*) FROM market.rows'
