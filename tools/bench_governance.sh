# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# tools/bench governance: what a decision over 200 rules costs, and how soon every node of a mesh knows what was
# decided or revoked, and its owner enforces it. Sourced by tools/bench after bench_gossip.sh; the caller sets what
# tools/mesh.sh asks for.

# governed NAME VALUE BOUND UNIT WHAT: a line of the table; counts in `missed` what is above its bound.
governed()
{
    local verdict
    verdict=$(awk -v v="$2" -v b="$3" 'BEGIN { print (b == "-" ? "-" : v + 0 <= b + 0 ? "met" : "MISSED") }')
    [[ $verdict != MISSED ]] || missed=$((missed + 1))
    printf '%-16s %9s %9s %-5s %-7s %s\n' "$1" "$2" "$3" "$4" "$verdict" "$5"
    json_rows+=("{\"measure\": \"$1\", \"value\": $2, \"at_most\": ${3/#-/null}, \"unit\": \"$4\"}")
}

# of_lines FILE NAME: the value of a "name value" line.
of_lines()
{
    awk -v name="$2" '$1 == name { print $2 }' "$1"
}

decision_costs()
{
    local file=$work/decision
    "$bin/fh-decision-cost" >"$file" || fail "fh-decision-cost ended with $?"
    governed decision "$(of_lines "$file" compiled)" 20 us 'a decision over 200 rules of 8 policies, 20 columns, 16 waivers (CPU time)'
    governed decision_ratio "$(awk '$1 == "compiled" { c = $2 } $1 == "verify" { v = $2 } END { printf "%.2f", c / v }' \
        "$file")" - ratio 'the same to one verification of an Ed25519 signature, by turns'
    governed decision_plain "$(of_lines "$file" plain)" - us 'the same without what is compiled once for a version of a product'
}

# start_nodes COUNT: those of make_homes, all at once; returns when each sees all.
start_nodes()
{
    local i work=$work/mesh
    for ((i = 1; i <= $1; i++)); do
        "$bin/freehold-node" --home "$work/d$i/home" >>"$work/d$i/node.log" 2>&1 </dev/null &
        # shellcheck disable=SC2034 # tools/mesh.sh stops them
        node_pid[d$i]=$!
    done
    for ((i = 1; i <= $1; i++)); do
        until_true 300 "all members in the view of d$i" sees "d$i" "$1"
    done
}

# let_member_in DOMAIN NAME ROLE: a key of its own, in $work/keys.
let_member_in()
{
    mkdir -p "$work/keys"
    "$bin/freehold" key create "$work/keys/$2.key" >"$work/keys/$2.pub" 2>"$work/error.txt" ||
        fail "$(cat "$work/error.txt")"
    "$bin/freehold" --home "$work/mesh/$1/home" member add "$work/keys/$2.pub" --name "$2" --role "$3" --until 30d \
        --save "$work/keys/$2.access" >/dev/null 2>"$work/error.txt" || fail "$(cat "$work/error.txt")"
}

# as_member NAME WORD...: the command with that key.
as_member()
{
    local name=$1
    shift
    "$bin/freehold" --key "$work/keys/$name.key" --access "$work/keys/$name.access" "$@"
}

# field FILE NAME: of the first row of a CSV file.
field()
{
    python3 -c '
import csv, sys
print(next(csv.DictReader(open(sys.argv[1])))[sys.argv[2]])' "$1" "$2"
}

# refuses COMMAND...: it is not served.
refuses()
{
    ! "$@" >/dev/null 2>&1
}

# told NAME COUNT policy|DOMAIN_ID WHAT COMMAND...: how long it takes until every node knows.
told()
{
    local name=$1 count=$2 what=$4 file=$work/$1
    local watched=("$bin/fh-govern-watch" "$work/mesh" "$2" "$3")
    shift 4
    "${watched[@]}" "$@" >"$file.out" 2>"$work/error.txt" || fail "$name: $(cat "$work/error.txt")"
    grep -E '^(command|first|median|all) [0-9.]+$' "$file.out" >"$file"
    governed "$name" "$(of_lines "$file" all)" 10000 ms "$what: all $count nodes know"
    governed "${name}_median" "$(of_lines "$file" median)" - ms '  half of them; the command itself took '"$(of_lines "$file" command)"' ms'
}

# enforced NAME WHAT COMMAND...: a line of the table; it is not late when the command succeeds at its first try.
enforced()
{
    local name=$1 what=$2
    shift 2
    if "$@"; then
        governed "$name" 0 0 late "$what"
    else
        governed "$name" 1 0 late "$what"
    fi
}

# masked: ann has an answer of the owner, whose item is no value.
masked()
{
    local answer
    answer=$(as_member ann -o csv query 'SELECT item FROM d1.news WHERE id = 1' --peer 127.0.1.1:7946 2>/dev/null) &&
        [[ $answer == item ]]
}

# everywhere COUNT NAME: that member is let in by none of the mesh's nodes, of which each seventh is asked.
everywhere()
{
    local i
    for ((i = 1; i <= $1; i += 7)); do
        refuses as_member "$2" query 'SELECT 1' --peer "127.0.1.$i:7946" || return 1
    done
}

bench_governance()
{
    local count=0 missed=0 json_rows=() member_domain grant key token
    ((${#nodes[@]} == 0)) || count=${nodes[-1]}
    printf '\n%-16s %9s %9s %-5s %-7s %s\n' measure value 'at most' unit verdict what
    decision_costs
    if ((count > 0)); then
        make_homes "$count" 1
        printf 'data_roots: ["%s"]\n' "$work/mesh/d1" >>"$work/mesh/d1/home/freehold.yaml"
        start_nodes "$count"
        local mesh=$work/mesh
        home() { printf '%s' "$mesh/$1/home"; }
        let_member_in d2 ann member
        let_member_in d2 bob member
        let_member_in d2 eve member
        "$bin/freehold" --home "$(home d1)" product publish "$mesh/d1/news.odcs.yaml" >/dev/null 2>"$work/error.txt" ||
            fail "$(cat "$work/error.txt")"
        "$bin/freehold" --home "$(home d2)" -o csv status >"$work/status"
        member_domain=$(field "$work/status" domain_id)
        printf 'name: agreed\nversion: 1.0.0\nmask: [{columns: [item], method: "null"}]\n' >"$work/agreed.policy.yaml"
        until_true 60 "ann at d1" as_member ann query 'SELECT item FROM d1.news' --peer 127.0.1.1:7946
        until_true 60 "bob at d$count" as_member bob query 'SELECT 1' --peer "127.0.1.$count:7946"
        until_true 60 "eve at d$count" as_member eve query 'SELECT 1' --peer "127.0.1.$count:7946"

        told policy "$count" policy 'policy publish --mesh' "$bin/freehold" --home "$(home d1)" \
            policy publish "$work/agreed.policy.yaml" --mesh
        enforced policy_owner 'its owner enforces it for the next query' masked

        "$bin/freehold" --home "$(home d1)" -o csv grant create d1/news --to d2 --until 5d >"$work/grant" 2>"$work/error.txt" ||
            fail "$(cat "$work/error.txt")"
        grant=$(grep -o 'fhr1[a-z2-7]*' "$work/grant" | head -n 1)
        "$bin/freehold" --home "$(home d1)" grant revoke "$grant" >/dev/null 2>"$work/error.txt" || fail "$(cat "$work/error.txt")"
        enforced grant_owner 'grant revoke: its owner, who alone holds it, has ended it' \
            grep -q "^$grant,ended," <("$bin/freehold" --home "$(home d1)" -o csv grant list --all)

        as_member eve -o csv token create --node 127.0.1.2:7946 >"$work/token" 2>"$work/error.txt" || fail "$(cat "$work/error.txt")"
        token=$(field "$work/token" token)
        told token_revoke "$count" "$member_domain" 'token revoke' "$bin/freehold" --key "$work/keys/eve.key" \
            --access "$work/keys/eve.access" token revoke "${token%.*}" --node 127.0.1.2:7946
        told member_revoke "$count" "$member_domain" 'member revoke' "$bin/freehold" --home "$(home d2)" member revoke ann
        enforced member_owner 'a node here and there of them lets that member in no more' everywhere "$count" ann
        key=$("$bin/freehold" --home "$(home d2)" -o csv member list | grep '^bob,' | grep -o 'fhk1[a-z2-7]*')
        told key_revoke "$count" "$member_domain" 'key revoke' "$bin/freehold" --home "$(home d2)" key revoke "$key"
        enforced key_owner 'a node here and there of them lets that key in no more' everywhere "$count" bob
        stop_mesh
    fi
    [[ -z $json ]] || printf '[\n%s\n]\n' "$(printf '  %s,\n' "${json_rows[@]}" | sed '$ s/,$//')" >"$json"
    ((missed == 0)) || say "$missed bounds missed"
    ((missed == 0))
}
