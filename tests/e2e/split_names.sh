#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The network splits, and on either side a member of the charter invites a domain as market. After it healed every node
# has the same members and products, stops the name and says so, whichever of the two it knew first; when people decide,
# all read the same.
# shellcheck source=tests/e2e/hosts.sh
source "$1/tests/e2e/hosts.sh"
# shellcheck source=tests/e2e/charters.sh
source "$1/tests/e2e/charters.sh"

hosts=5
say "seed $seed: FH_SEED=$seed repeats what chance does here"
begin_network "$hosts"

join() # HOST DOMAIN INVITER
{
    mkdir "$work/h$1"
    fh "h$3" invite --domain "$2" -o "$work/h$1.invitation" 2>/dev/null
    fh "h$1" init --domain "$2" --join "$work/h$1.invitation" --listen "10.77.0.$1:7951" >/dev/null 2>&1
    start_node "h$1"
    until_true 30 "the admission of host $1" grep -q 'joined mesh=' "$work/h$1/node.log"
}
publish() # HOST ROWS
{
    make_product rows "$2"
    mv "$data"/rows.* "$work/h$1"
    succeeds fh "h$1" product publish "$work/h$1/rows.odcs.yaml"
}
id_of() # HOST
{
    fh "h$1" -o json domain show | sed -nE 's/.*"domain_id": *"([^"]*)".*/\1/p'
}
reads() # HOST ROWS: of market.rows
{
    [[ $(fh "h$1" -o csv query 'SELECT count(*) FROM market.rows' 2>/dev/null | tail -n 1) == "$2" ]]
}
stops() # HOST: the name, and says so
{
    fh "h$1" -o csv pin list 2>/dev/null | grep -q '^market,first use,stopped,'
}
proves() # HOST: that two domains were admitted under one name
{
    fh "h$1" -o csv proof list 2>/dev/null | grep -q ',identity.name.taken,'
}
verification() # HOST: of the products, each once
{
    fh "h$1" -o csv search rows | tail -n +2 | cut -d , -f 10 | sort -u
}

say "- two members of the charter, and a reader"
domains=(h1 h2 h3)
mkdir "$work/h1"
fh h1 init --domain shop --mesh weather --listen 10.77.0.1:7951 >/dev/null 2>&1
start_node h1
join 2 museum 1
join 3 reader 1
for i in 1 2 3; do
    until_true 30 "three members at host $i" sees "h$i" 3
done
succeeds fh h1 charter propose --add museum --threshold 2
vote_at h2
everybody_goes_by 2

say "- either side of a split invites a market"
network cut 1,4 2,3,5
join 4 market 1
join 5 market 2
publish 4 3
publish 5 5
until_true 30 "an answer of one market" reads 1 3
until_true 30 "an answer of the other" reads 3 5
for i in 1 2 3 4 5; do
    ! proves "$i" || fail "host $i knows of both while they are apart"
done

say "- it heals: all have the same members and products, and stop the name"
network heal
for i in 1 2 3 4 5; do
    until_true 120 "five members at host $i" sees "h$i" 5
    until_true 60 "both products at host $i" finds "h$i" 2
    until_true 30 "the proof at host $i" proves "$i"
    grep -q name.contested "$work/h$i/node.log" || fail "the log of host $i is silent"
done
for i in 1 2 3; do
    stops "$i" || fail "host $i does not stop the name: $(fh "h$i" -o csv pin list)"
    refused 5 'rule: name.pinned' 'freehold pin accept market' -- \
        fh "h$i" query 'SELECT count(*) FROM market.rows'
    prints contested verification "$i"
done

say "- people decide, at each node; the other market is called otherwise"
one=$(id_of 4)
two=$(id_of 5)
for i in 1 2 3; do
    succeeds fh "h$i" pin accept market "$one"
    succeeds fh "h$i" pin alias second_market "$two"
    until_true 30 "an answer of the first at host $i" reads "$i" 3
    succeeds fh "h$i" -o json product describe second_market/rows
    grep -q '"rows": 5,' "$work/out" || fail "the alias leads elsewhere at host $i"
done
refused 4 'rule: pin.own' -- fh h5 pin accept market "$one"
