#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Twenty nodes, each a host of its own, over a network that loses packets: kill -9 at random points, partitions, one-way
# cuts. Afterwards all agree about who is alive and what is published, nobody that lives is held for dead, every
# peer answers queries, and nothing that was acknowledged is gone. Chance is of a seed: FH_SEED repeats it.
# shellcheck source=tests/e2e/hosts.sh
source "$1/tests/e2e/hosts.sh"

hosts=20
say "seed $seed: FH_SEED=$seed repeats what chance does here"
RANDOM=$seed

begin_network "$hosts"

declare -A acknowledged=() tried=()
order=()
publish() # HOST VERSION: whether it was acknowledged
{
    make_contract p "$2" >"$work/h$1/p.odcs.yaml"
    fh "h$1" product publish "$work/h$1/p.odcs.yaml" >"$work/h$1/publish.log" 2>&1
}
publish_surely() # HOST VERSION
{
    tried[$1]=$2
    publish "$1" "$2" || fail "host $1 did not publish $2: $(<"$work/h$1/publish.log")"
    acknowledged[$1]=$2
}
# A power cut at any moment while a version is being published.
publish_and_cut() # HOST VERSION
{
    local writer
    tried[$1]=$2
    publish "$1" "$2" &
    writer=$!
    sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
    kill_node "h$1"
    if wait "$writer"; then
        acknowledged[$1]=$2
    fi
}
# The hosts in an order by chance, in `order`. Not printed: RANDOM begins anew in a subshell.
shuffle()
{
    local i j swap
    for ((i = 0; i < hosts; i++)); do
        order[i]=$((i + 1))
    done
    for ((i = hosts - 1; i > 0; i--)); do
        j=$((RANDOM % (i + 1)))
        swap=${order[i]}
        order[i]=${order[j]}
        order[j]=$swap
    done
}
list() # HOST...
{
    local IFS=,
    echo "$*"
}

# What each host holds: members that are alive, with their generations, and products with their contracts.
look()
{
    local i
    rm -f "$work"/view.*
    for ((i = 1; i <= hosts; i++)); do
        (
            fh "h$i" -o csv peers | awk -F, '$2 == "alive" { print $1, $5, $7 }' | sort
            fh "h$i" -o csv product list | tail -n +2 | cut -d, -f1-4 | sort
        ) >"$work/view.$i" 2>/dev/null &
        views[i]=$!
    done
    wait "${views[@]:1}" || return 1
}
agreed() # all hosts hold the same, and everybody is in it
{
    local i
    local -a views=()
    look || return 1
    for ((i = 1; i <= hosts; i++)); do
        cmp -s "$work/view.1" "$work/view.$i" || return 1
        (($(grep -c "^h$i " "$work/view.1") == 1)) || return 1
    done
}
keeps_its_word() # nothing that was acknowledged is gone
{
    local i version
    for ((i = 1; i <= hosts; i++)); do
        [[ -n ${acknowledged[$i]:-} ]] || continue
        version=$(sed -n "s|^h$i/p@\([0-9.]*\),.*|\1|p" "$work/view.1")
        [[ $version == "${acknowledged[$i]}" || $version == "${tried[$i]}" ]] ||
            fail "h$i/p is at '$version'; ${acknowledged[$i]} was acknowledged, ${tried[$i]} was the last that was tried"
        acknowledged[$i]=$version # what all agreed on stays, acknowledged or not
    done
}
agree() # WHEN
{
    until_true 150 "agreement of $hosts hosts $1" agreed
    say "  agreed after $((waited_us / 1000)) ms"
    keeps_its_word
}
every_peer_answers()
{
    local i owner
    for ((i = 1; i <= hosts; i++)); do
        owner=$((RANDOM % hosts + 1))
        until_true 60 "a query through host $i about h$owner" answers "$i" "$owner"
    done
}
answers() # HOST OWNER
{
    [[ $(fh "h$1" -o csv query "SELECT count(*) AS n FROM h$2.p" 2>&1) == $'n\n5' ]]
}
generation() # HOST: its own, as it says
{
    fh "h$1" -o csv peers | awk -F, '$6 == "true" { print $5 }'
}
holds_dead() # HOST COUNT: at least so many
{
    (($(fh "h$1" -o csv peers | grep -c ',dead,') >= $2))
}
deaths() # that nodes have concluded so far
{
    cat "$work"/h*/node.log | grep -c 'change=died' || true
}

say "- $hosts hosts join over a network that loses 5 % of all packets"
network loss 5
for ((i = 1; i <= hosts; i++)); do
    mkdir "$work/h$i"
    cat >"$work/h$i/p.csv" <<'CSV'
id,item,price
1,a,1.5
2,b,2.5
3,c,3.5
4,d,4.5
5,e,5.5
CSV
    if ((i == 1)); then
        fh h1 init --domain h1 --mesh weather --listen 10.77.0.1:7951 >/dev/null 2>"$work/err"
        start_node h1
    else
        fh h1 invite --domain "h$i" -o "$work/h$i.invitation" >/dev/null 2>"$work/err"
        fh "h$i" init --domain "h$i" --join "$work/h$i.invitation" --listen "10.77.0.$i:7951" \
            >/dev/null 2>"$work/err"
        launch "$i"
    fi
done
for ((i = 1; i <= hosts; i++)); do
    # It answers before it is admitted, and publishes only then.
    tried[$i]=1.0.0
    until_true 60 "the first version of host $i" publish "$i" 1.0.0
    acknowledged[$i]=1.0.0
done
agree "after joining"

say "- a generation is on the disk before it is used: three cuts within a second"
before=$(generation 2)
for i in 1 2 3; do
    kill_node h2
    start_node h2
    after=$(generation 2)
    ((after > before)) || fail "host 2 came back with generation $after after $before"
    before=$after
done

say "- cuts while versions are published, and a partition meanwhile"
shuffle
size=$((7 + RANDOM % 7))
left=("${order[@]:0:size}")
right=("${order[@]:size}")
for i in "${left[0]}" "${left[1]}" "${right[0]}"; do
    publish_and_cut "$i" 1.0.1
done
network cut "$(list "${left[@]}")" "$(list "${right[@]}")"
say "  hosts $(list "${left[@]}") are on their own"
start_node "h${left[0]}"
publish_surely "${left[2]}" 1.0.1
publish_surely "${right[1]}" 1.0.1
publish_and_cut "${right[2]}" 1.0.1
start_node "h${right[2]}"
# Not all of it: who hears nothing from half of the mesh doubts itself, and takes its time.
until_true 120 "the other side's death at host ${left[2]}" holds_dead "${left[2]}" 3
until_true 120 "the other side's death at host ${right[1]}" holds_dead "${right[1]}" 3
network heal
for i in "${left[1]}" "${right[0]}"; do
    start_node "h$i"
done
agree "after the partition"
every_peer_answers

say "- one-way cuts, more loss, more cuts"
network loss 15
shuffle
network cut "$(list "${order[@]:0:3}")" "$(list "${order[@]:3:6}")" oneway
for i in "${order[@]:0:4}"; do
    publish_and_cut "$i" 1.0.2
    start_node "h$i"
done
publish_surely "${order[8]}" 1.0.2
network heal
network loss 5
agree "after one-way cuts"
every_peer_answers

say "- nobody that lives is held for dead while nothing but loss happens"
before=$(deaths)
sleep 10
(($(deaths) == before)) || fail "$(($(deaths) - before)) times somebody held a living node for dead"
agree "at the end"
read -r passed dropped < <(echo count >&"$to_switch" && head -n 1 <&"$from_switch")
say "  $passed packets passed, $dropped were dropped"
((dropped > 0)) || fail "the network lost nothing"
