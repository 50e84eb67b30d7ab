# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# tools/bench gossip: how fast a mesh learns, simulated against memberlist's rules and real against
# HashiCorp's serf, in the same run. Sourced by tools/bench; the caller sets what tools/mesh.sh asks for.

# Name, unit, decimals, what it is. The names are those that fh-gossip-watch prints. Of those in `gossip_alone` serf
# has no counterpart: its figure beside them, where there is one, is no verdict.
gossip_rows='
start      s   2 all started at once, until all see all: a mesh after a power cut
admission  s   2 the first time: Freehold admits each by its invitation, and each verifies eight signatures of each; not compared
start_answered s 2 start, until each has had an answer of each itself; serf does not ask for that
news       s   2 announcement (a product; serf: a user event) to all nodes, median
news_worst s   2 the same, worst
kill       s   2 kill -9 of one node until all others hold it for dead, median
kill_worst s   2 the same, worst
back       s   2 start of that node until all see it, median
rss        MiB 1 resident memory of a node'"'"'s process
pss        MiB 1 memory of a node with its workers, shared pages shared out (Pss)
rest       B/s 0 bytes a second and node at rest
'

gossip_alone=' admission start_answered '

# need_serf: installs what Freehold is held against.
need_serf()
{
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
    command -v serf >/dev/null && return
    say "- installing Debian's package serf (8 MB), which Freehold is held against"
    if ((EUID != 0)); then
        apt=(sudo -n "${apt[@]}")
    fi
    "${apt[@]}" install --no-install-recommends serf >"$work/apt.log" 2>&1 ||
        fail "no serf; install it: apt-get install --no-install-recommends serf"
}

# make_homes COUNT NEWS: homes of a mesh that has not met yet in $work/mesh/d1 and on, NEWS of them with something
# to publish.
make_homes()
{
    local i work=$work/mesh
    rm -rf "$work"
    for ((i = 1; i <= $1; i++)); do
        mkdir -p "$work/d$i"
        if ((i == 1)); then
            fh d1 init --domain d1 --mesh local --listen 127.0.1.1:7946 >/dev/null 2>&1
        else
            fh d1 invite --domain "d$i" -o "$work/d$i.invitation" >/dev/null 2>&1
            fh "d$i" init --domain "d$i" --join "$work/d$i.invitation" --listen "127.0.1.$i:7946" \
                >/dev/null 2>&1
        fi
    done
    for ((i = 1; i <= $2 && i <= $1; i++)); do
        printf 'id,item\n1,one\n2,two\n' >"$work/d$i/news.csv"
        cat >"$work/d$i/news.odcs.yaml" <<YAML
apiVersion: v3.1.0
kind: DataContract
id: news-of-d$i
name: news
version: 1.0.0
status: active
description:
  purpose: Something to announce.
schema:
  - name: news
    properties:
      - {name: id, logicalType: integer, required: true}
      - {name: item, logicalType: string, required: true}
roles:
  - {role: mesh, access: read}
servers:
  - {server: here, type: local, path: news.csv, format: csv}
YAML
    done
}

# watch_mesh SYSTEM COUNT: its lines in $work/SYSTEM.COUNT.
watch_mesh()
{
    local news=$((2 * runs)) folder=$work/mesh
    if [[ $1 == freehold ]]; then
        make_homes "$2" "$news"
    else
        folder=$work/serf
        rm -rf "$folder"
        mkdir "$folder"
    fi
    "$bin/fh-gossip-watch" "$1" "$folder" "$2" "$news" 3 20 "$bin" >"$work/$1.$2" 2>"$work/error.txt" ||
        fail "$(cat "$work/error.txt")"
}

# watched SYSTEM COUNT NAME UNIT DECIMALS: the measured number in that unit.
watched()
{
    awk -v name="$3" -v unit="$4" -v decimals="$5" '
        BEGIN { divisor = unit == "s" ? 1000 : unit == "MiB" ? 1024 : 1 }
        $1 == name { printf "%.*f\n", decimals, $2 / divisor }' "$work/$1.$2"
}

# json_number LINE KEY [PART]: a number of freehold-sim's object, or of an object in it.
json_number()
{
    sed -nE "s/.*\"$2\":(${3:+\\{[^\}]*\"$3\":})?([0-9.]+).*/\2/p" <<<"$1"
}

# simulated_once COUNT PRESET: the simulator's object in `line`; 1 when it would take longer than `minutes`.
simulated_once()
{
    local status=0
    line=$(timeout "${minutes}m" "$bin/freehold-sim" --scenario curve --nodes "$1" --loss 25 --preset "$2" --json) ||
        status=$?
    ((status == 0 || status == 124)) || fail "freehold-sim: a rule is broken: $line"
    ((status == 0))
}

# curves: both presets of the simulator at each size in `simulated`, in a table, in $work/plot for the plot and in
# `json_rows`. A standing mesh, 25 % loss: twenty announcements, crashes, a newcomer, rest.
curves()
{
    local count preset line all crash50 crash99 deaths rest join_bytes
    printf '\n%-8s %-11s %16s %14s %14s %7s %12s %12s\n' nodes simulated 'to all p99, ms' 'crash p50, ms' \
        'crash p99, ms' wrong 'at rest, B/s' 'join, bytes'
    for count in "${simulated[@]}"; do
        for preset in freehold memberlist; do
            if ! simulated_once "$count" "$preset"; then
                printf '%-8s %-11s not done in %s minutes (--minutes)\n' "$count" "$preset" "$minutes"
                json_rows+=("{\"preset\": \"$preset\", \"nodes\": $count, \"not_done_in_minutes\": $minutes}")
                continue
            fi
            all=$(json_number "$line" spread_to_all_ms p99)
            crash50=$(json_number "$line" crash_seen_ms p50)
            crash99=$(json_number "$line" crash_seen_ms p99)
            deaths=$(json_number "$line" false_deaths)
            rest=$(json_number "$line" bytes_per_member_second_at_rest)
            join_bytes=$(json_number "$line" join_bytes max)
            printf '%-8s %-11s %16s %14s %14s %7s %12s %12s\n' "$count" "$preset" "$all" "$crash50" "$crash99" \
                "$deaths" "$rest" "$join_bytes"
            json_rows+=("$line")
            {
                echo "announcement to all (simulated, 25 % loss)|ms|$preset p99|$count|$all"
                echo "crash seen (simulated, 25 % loss)|ms|$preset|$count|$crash50"
                echo "crash seen (simulated, 25 % loss)|ms|$preset p99|$count|$crash99"
                echo "at rest (simulated)|bytes a second and node|$preset|$count|$rest"
            } >>"$work/plot"
        done
    done
}

# costs: what one change among many products and a cold join cost, against their bounds; no network is needed.
costs()
{
    local text lines
    text=$("$bin/fh-gossip-costs") || fail "fh-gossip-costs: a bound is missed: $text"
    mapfile -t lines <<<"$text"
    printf '\n%-8s %10s %10s  %s\n' cost measured bound what
    printf '%-8s %10s %10s  %s\n' \
        change "$(json_number "${lines[0]}" bytes)" 2048 'bytes for one change among 100,000 products, with its record' \
        '' "$(json_number "${lines[0]}" round_trips)" 4 'round trips for it' \
        join "$(json_number "${lines[1]}" bytes)" 5000000 'bytes of a cold join: 10,000 nodes of 200 domains' \
        '' "$(json_number "${lines[1]}" cpu_seconds)" 5 'seconds of its processor, all signatures checked'
    json_rows+=("${lines[@]}")
}

# beside_serf COUNT: one table of both, the same run.
beside_serf()
{
    local count=$1 name unit decimals about ours theirs verdict
    for name in serf freehold; do
        step "$count nodes of $name" watch_mesh "$name" "$count" || fail "$(cat "$work/error.txt")"
    done
    printf '\n%-14s %9s %9s %-4s %-7s %s\n' "$count nodes" freehold serf unit verdict what
    while read -r name unit decimals about; do
        [[ -n $name ]] || continue
        ours=$(watched freehold "$count" "$name" "$unit" "$decimals")
        theirs=$(watched serf "$count" "$name" "$unit" "$decimals")
        if [[ $gossip_alone == *" $name "* ]]; then
            theirs=${theirs:-null}
            verdict=alone
        else
            verdict=$(awk -v a="$ours" -v b="$theirs" 'BEGIN { print (a < b ? "better" : a == b ? "equal" : "WORSE") }')
        fi
        [[ $verdict != WORSE ]] || worse=$((worse + 1))
        printf '%-14s %9s %9s %-4s %-7s %s\n' "$name" "$ours" "${theirs/null/-}" "$unit" "$verdict" "$about"
        json_rows+=("{\"nodes\": $count, \"measure\": \"$name\", \"freehold\": $ours, \"serf\": $theirs, \"unit\": \"$unit\"}")
        if [[ $name == kill || $name == news ]]; then
            printf '%s\n' "$name (real, median)|s|freehold|$count|$ours" "$name (real, median)|s|serf|$count|$theirs" \
                >>"$work/plot"
        fi
    done <<<"$gossip_rows"
}

# bench_gossip: 1 when serf is better in a row.
bench_gossip()
{
    local count worse=0 json_rows=()
    : >"$work/plot"
    costs
    curves
    ((${#nodes[@]} == 0)) || need_serf
    for count in "${nodes[@]}"; do
        beside_serf "$count"
    done
    [[ -z $json ]] || printf '[\n%s\n]\n' "$(printf '  %s,\n' "${json_rows[@]}" | sed '$ s/,$//')" >"$json"
    [[ -z $svg ]] || awk -f tools/bench_plot.awk "$work/plot" >"$svg"
    ((worse == 0)) || say "$worse rows are worse than serf"
    ((worse == 0))
}
