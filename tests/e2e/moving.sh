#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Addresses that change: of a node that starts again elsewhere, of one that is told so while it runs, of two that
# were cut off meanwhile; and a seed by name, which stays and leads to wherever the name does now.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

set_line() # DOMAIN KEY VALUE: in its settings
{
    local file=$work/$1/home/freehold.yaml
    sed -i "/^$2:/d" "$file"
    printf '%s: %s\n' "$2" "$3" >>"$file"
}
start_at() # DOMAIN PLACE: it starts at that port behind the first one
{
    address[$1]=127.0.0.1:$((port + $2))
    set_line "$1" listen "${address[$1]}"
    start_node "$1"
}
of_peer() # DOMAIN OTHER FIELD...: these fields (numbers in CSV) of the other as it sees it
{
    fh "$1" -o csv peers | awk -F , -v name="$2" -v first="$3" -v second="${4:-$3}" \
        '$1 == name { print $first (second == first ? "" : " " $second) }'
}
seen_at() # OTHER ADDRESS DOMAIN...
{
    local other=$1 where=$2 domain
    shift 2
    for domain in "$@"; do
        [[ $(of_peer "$domain" "$other" 2 3) == "alive $where" ]] || return 1
    done
}
doubts() # OTHER DOMAIN...: each of them asked it in vain (and where commands take seconds has buried it by now)
{
    local other=$1 domain
    shift
    for domain in "$@"; do
        [[ $(of_peer "$domain" "$other" 2) == @(suspect|dead) ]] || return 1
    done
}
in_this_life() # OTHER DOMAIN...: they see the life that it is in
{
    local other=$1 domain life
    shift
    life=$(of_peer "$other" "$other" 5)
    for domain in "$@"; do
        [[ -n $life && $(of_peer "$domain" "$other" 5) == "$life" ]] || return 1
    done
}
reads() # DOMAIN: the rows of shop/rows
{
    [[ $(bounded fh "$1" -o csv query 'SELECT count(*) FROM shop.rows' 2>/dev/null | tail -n 1) == 3 ]]
}

make_product rows 3
make_mesh shop museum market
prints 'shop/rows@1.0.0' fh shop product publish "$data/rows.odcs.yaml"
until_true 20 "the product at market" finds market 1

say "- it starts again at another port"
kill_node museum
start_at museum 5
until_true 30 "museum at its new port" seen_at museum "${address[museum]}" shop market
until_true 20 "an answer for museum" reads museum

say "- the owner does, suspected by now, and answers there"
kill_node shop
until_true 20 "a suspicion" doubts shop museum market
start_at shop 6
until_true 30 "shop at its new port" seen_at shop "${address[shop]}" museum market
until_true 20 "an answer through market" reads market
refused 3 -- fh market status --peer 127.0.0.1:"$port"

say "- two move while the third is away"
kill_node market
kill_node museum
start_at museum 7
until_true 30 "museum elsewhere again" seen_at museum "${address[museum]}" shop
start_at market 8
until_true 30 "all of them" seen_at market "${address[market]}" shop museum
until_true 30 "museum for market" seen_at museum "${address[museum]}" market

say "- while it runs: another address of the same machine"
kill_node market
set_line market listen 0.0.0.0:$((port + 8))
set_line market advertise "[127.0.0.1:$((port + 8))]"
start_node market
until_true 30 "market's new life" in_this_life market shop museum
until_true 30 "market as before" seen_at market 127.0.0.1:$((port + 8)) shop museum
set_line market advertise "[127.0.0.2:$((port + 8))]"
kill -HUP "${node_pid[market]}"
until_true 20 "market at its other address" seen_at market 127.0.0.2:$((port + 8)) shop museum
until_true 20 "an answer for market" reads market
started=$(of_peer market market 5)
set_line market advertise "[nowhere]"
kill -HUP "${node_pid[market]}"
until_true 10 "the refusal" grep -q config.refused "$work/market/node.log"
for domain in shop museum; do
    [[ $(of_peer "$domain" market 3) == 127.0.0.2:$((port + 8)) ]] || fail "a refused address was told to $domain"
done
set_line market advertise "[127.0.0.2:$((port + 8))]"
[[ -n $started && $(of_peer market market 5) == "$started" ]] || fail "market began a new life"

say "- a seed by name is kept, and called for ever"
mkdir "$work/mill"
address[mill]=127.0.0.1:$((port + 9))
kill_node shop
set_line shop advertise "[\"localhost:$((port + 6))\"]"
start_node shop
succeeds fh shop invite --domain mill -o "$work/mill.invitation"
succeeds fh mill init --domain mill --join "$work/mill.invitation" --listen "${address[mill]}"
grep -q "localhost:$((port + 6))" "$work/mill/home/freehold.yaml" || fail "the name is not in the settings"
start_node mill
until_true 30 "shop by its name" seen_at shop "localhost:$((port + 6))" mill
for domain in shop museum market mill; do
    kill_node "$domain"
done
start_node mill # nobody is there
start_node shop
until_true 60 "shop, which came back behind its name" seen_at shop "localhost:$((port + 6))" mill
until_true 30 "mill at shop" seen_at mill "${address[mill]}" shop
