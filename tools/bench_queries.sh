# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What tools/bench measures of queries that are small, many or hostile: sourced by it. One domain with the
# data of the demo and eight member keys beside the home's own.
# The caller sets what tools/mesh.sh asks for.

small=(
    "SELECT 42"
    "SELECT city FROM aviation.airports WHERE iata = 'JFK'"
    "SELECT count(*) FROM aviation.flights"
)
hostile=(
    "SELECT count(*) FROM aviation.flights a, aviation.airports b WHERE a.delay + length(b.city) = #"
    "SELECT origin FROM aviation.flights ORDER BY hash(delay * # + distance), destination LIMIT 1000000"
    "SELECT count(DISTINCT hash(a.delay, b.iata, #)) FROM aviation.flights a, aviation.airports b"
    "SELECT * FROM aviation.flights WHERE distance <> #"
    "SELECT length(repeat('x', 2000000000 - #))"
    "SELECT length(string_agg(origin || destination || '#', '')) FROM aviation.flights"
    "SELECT missing FROM aviation.flights WHERE delay = #"
    "SELECT (SELECT * FROM read_csv('/etc/passwd')) + #"
    "SELECT #, ((((((((((((((((((((("
)

# Those that end soon, by a refusal or by their memory: of the others, which have their 10 s, ten thousand
# take hours.
hostile_brief=(
    "SELECT length(repeat('x', 2000000000 - #))"
    "SELECT missing FROM aviation.flights WHERE delay = #"
    "SELECT (SELECT * FROM read_csv('/etc/passwd')) + #"
    "SELECT #, ((((((((((((((((((((("
    "SELECT * FROM aviation.flights WHERE distance <> # LIMIT 1000"
    "SELECT lpad('', 2000000000 - #, 'x')"
    "COPY aviation.airports TO '/tmp/#'"
    "SELECT CAST('x#' AS INTEGER)"
)

# begin_one: the node, its products, and keys in $work/keys (2 to 8 in $work/others).
begin_one()
{
    local i
    mkdir -p "$work/aviation" "$work/keys" "$work/others"
    cp deploy/demo/aviation/*.odcs.yaml "$work/aviation/"
    deploy/demo/fetch --quiet --into "$work"
    make_mesh aviation
    for i in airports flights; do
        fh aviation product publish "$work/aviation/$i.odcs.yaml" >/dev/null 2>"$work/error.txt" ||
            fail "$(cat "$work/error.txt")"
    done
    for i in 1 2 3 4 5 6 7 8; do
        "$bin/freehold" key create "$work/keys/$i.key" >"$work/keys/$i.pub" 2>/dev/null
        fh aviation member add "$work/keys/$i.pub" --name "m$i" --role member --until 1d \
            --save "$work/keys/$i.access" >/dev/null 2>&1
        cp "$work/keys/$i.key" "$work/keys/$i.access" "$work/others/"
    done
    until_true 10 "the last key's admission" "$bin/freehold" --key "$work/keys/8.key" \
        --access "$work/keys/8.access" status
}

# asked_small WHO CLIENTS FLIGHTS SQL...: median and p99 in us, answers a second, us of CPU at the client.
asked_small()
{
    local who=$1 clients=$2 flights=$3
    shift 3
    "$bin/fh-small" "$who" "${address[aviation]}" "$clients" "$flights" "$seconds" "$@" 2>"$work/error.txt" ||
        fail "fh-small: $(cat "$work/error.txt")"
}

# cpu_us: of the node and its workers, those that have ended too, in microseconds.
cpu_us()
{
    local pid sum=0 fields
    for pid in ${node_pid[aviation]} $(pgrep -P "${node_pid[aviation]}"); do
        read -ra fields 2>/dev/null <"/proc/$pid/stat" || continue
        sum=$((sum + fields[13] + fields[14]))
        ((pid != node_pid[aviation])) || sum=$((sum + fields[15] + fields[16]))
    done
    echo $((sum * 10000))
}

# bench_small: one line for each way to ask.
bench_small()
{
    local sql who before after p50 p99 rate client
    begin_one
    printf '%-56s %9s %9s %9s %12s\n' 'small query, receipt verified' 'p50, ms' 'p99, ms' '1/s' 'CPU us each'
    for sql in "${small[@]}" 'SELECT # + 1' "SELECT city FROM aviation.airports WHERE iata = 'J#'" \
        'SELECT # AS "a#"'; do
        [[ $sql != *'AS "a#"' ]] || sql='SELECT 1 AS "a#"' # another plan each time: PLAN and QUERY
        for who in "$work/aviation/home 1 1 1" "$work/aviation/home 1 4 4" "$work/keys 4 4 16"; do
            read -r who clients flights all <<<"$who"
            before=$(cpu_us)
            read -r p50 p99 rate client < <(asked_small "$who" "$clients" "$flights" "$sql")
            after=$(cpu_us)
            printf '%-56s %9s %9s %9s %12s\n' "${sql:0:38} | $all in flight" "$(ms3 "$p50")" "$(ms3 "$p99")" \
                "$rate" "$((client + (after - before) * 10 / (rate * (seconds * 10 + 10))))"
        done
    done
}

ms3()
{
    awk -v us="$1" 'BEGIN { printf "%.3f\n", us / 1000 }'
}

# bench_fair: an honest key's quick question alone, and beside eight hostile sessions of other keys.
bench_fair()
{
    local sql alone beside missed=0 verdict
    begin_one
    printf '%-56s %9s %9s %9s %9s\n' 'honest query, p99 in ms' alone beside ratio 'at most 3'
    for sql in "${small[@]}"; do
        read -r _ alone _ _ < <(asked_small "$work/aviation/home" 1 1 "$sql")
        "$bin/fh-small" "$work/others" "${address[aviation]}" 8 2 $((seconds + 2)) "${hostile[@]}" \
            >/dev/null 2>&1 &
        sleep 1
        read -r _ beside _ _ < <(asked_small "$work/aviation/home" 1 1 "$sql")
        wait $!
        verdict=$(awk -v a="$alone" -v b="$beside" 'BEGIN { print (b <= 3 * a ? "met" : "MISSED") }')
        [[ $verdict == met ]] || missed=1
        printf '%-56s %9s %9s %9s %9s\n' "$sql" "$(ms3 "$alone")" "$(ms3 "$beside")" \
            "$(awk -v a="$alone" -v b="$beside" 'BEGIN { printf "%.1f", b / a }')" "$verdict"
    done
    return "$missed"
}

# start_twin: the same home once more, on the next port and without an audit log; nobody else is in its mesh.
start_twin()
{
    stop_node aviation
    mkdir -p "$work/plain"
    cp -r "$work/aviation/home" "$work/plain/home"
    rm -rf "$work/plain/home/audit" "$work/plain/home/audit.log"
    address[plain]=127.0.0.1:$((port + 1))
    sed -i "s/^listen: .*/listen: ${address[plain]}/; \$ a audit: false" "$work/plain/home/freehold.yaml"
    start_node aviation
    start_node plain
}

# spread FILE: lowest and highest ratio of a turn, audited by plain.
spread()
{
    paste "$work/plain.$1" "$work/aviation.$1" | awk -v by="$1" '{
        r = by == "p50" ? $2 / $1 : $1 / $2
        if (NR == 1 || r < low) low = r
        if (NR == 1 || r > high) high = r
    } END { printf "%.2f-%.2f\n", low, high }'
}

# bench_audit: the same small queries with and without an audit log, by turns; medians of the turns, and between
# which ratios the turns lie. An answer waits for the disk at least, whose median wait in the same turns is printed
# beside with the ratio that follows: the bound of a question that is alone.
bench_audit()
{
    local sql who clients flights all domain i missed=0 verdict ratio_p50 ratio_rate disk bound
    local -A p50=() rate=()
    begin_one
    start_twin
    printf '%-62s %9s %9s %7s %11s %9s %9s %7s %11s %9s %7s %8s\n' "small query, medians of $runs turns" 'p50, ms' 'audited' \
        ratio turns '1/s' 'audited' ratio turns 'disk, ms' bound '<= 1.05'
    for sql in "SELECT city FROM aviation.airports WHERE iata = 'JFK'" \
        "SELECT city FROM aviation.airports WHERE iata = 'J#'" "SELECT count(*) FROM aviation.flights"; do
        for who in "$work/aviation/home 1 1 1" "$work/keys 4 4 16"; do
            read -r who clients flights all <<<"$who"
            for domain in plain aviation; do
                : >"$work/$domain.p50"
                : >"$work/$domain.rate"
            done
            : >"$work/disk"
            for ((i = 0; i < runs; i++)); do
                for domain in $( ((i % 2)) && echo aviation plain || echo plain aviation); do
                    read -r "p50[$domain]" _ "rate[$domain]" _ < <("$bin/fh-small" "$who" "${address[$domain]}" \
                        "$clients" "$flights" "$seconds" "$sql" 2>"$work/error.txt") || true
                    [[ -n ${rate[$domain]} ]] || fail "fh-small: $(cat "$work/error.txt")"
                    echo "${p50[$domain]}" >>"$work/$domain.p50"
                    echo "${rate[$domain]}" >>"$work/$domain.rate"
                done
                "$bin/fh-disk-wait" "$work" 1 | cut -d ' ' -f 1 >>"$work/disk"
            done
            disk=$(median <"$work/disk")
            for domain in plain aviation; do
                p50[$domain]=$(median <"$work/$domain.p50")
                rate[$domain]=$(median <"$work/$domain.rate")
            done
            ratio_p50=$(awk -v a="${p50[plain]}" -v b="${p50[aviation]}" 'BEGIN { printf "%.3f", b / a }')
            ratio_rate=$(awk -v a="${rate[plain]}" -v b="${rate[aviation]}" 'BEGIN { printf "%.3f", a / b }')
            # What it cannot be less than: an answer that is there before the disk is waits for the rest.
            bound=$(awk -v d="$disk" -v p="${p50[plain]}" 'BEGIN { printf "%.2f", (d > p ? d / p : 1) }')
            verdict=$(awk -v a="$ratio_p50" -v b="$ratio_rate" 'BEGIN { print (a <= 1.05 && b <= 1.05 ? "met" : "MISSED") }')
            [[ $verdict == met ]] || missed=1
            printf '%-62s %9s %9s %7s %11s %9s %9s %7s %11s %9s %7s %8s\n' "${sql:0:44} | $all in flight" \
                "$(ms3 "${p50[plain]}")" "$(ms3 "${p50[aviation]}")" "$ratio_p50" "$(spread p50)" "${rate[plain]}" \
                "${rate[aviation]}" "$ratio_rate" "$(spread rate)" "$(ms3 "$disk")" "$bound" "$verdict"
        done
    done
    return "$missed"
}

rss_kib()
{
    awk '/^VmRSS/ { print $2 }' "/proc/${node_pid[aviation]}/status"
}

# hostile_questions SECONDS FOLDER CLIENTS FLIGHTS SQL...: how many questions of these keys have ended. Sessions
# that a node in such a state did not open in time are none of its memory: 0, and the next round tries again.
hostile_questions()
{
    local seconds=$1 folder=$2 clients=$3 flights=$4 count
    shift 4
    count=$("$bin/fh-small" "$folder" "${address[aviation]}" "$clients" "$flights" "$seconds" "$@" \
        2>"$folder/error.txt") || say "  none of ${folder##*/}: $(cat "$folder/error.txt")" >&2
    echo "${count:-0}"
}

# hostile_round SECONDS: eight sessions ask, two of them what runs into its memory or its deadline, and this
# prints how many questions have ended.
hostile_round()
{
    local long brief
    hostile_questions "$1" "$work/long" 2 1 "${hostile[@]}" >"$work/long.txt" &
    long=$!
    brief=$(hostile_questions "$1" "$work/others" 6 2 "${hostile_brief[@]}")
    wait "$long"
    echo $((brief + $(<"$work/long.txt")))
}

# bench_memory: peaks of workers, and the node before, in the course of and after 10,000 hostile questions.
bench_memory()
{
    local before after count=0 status=0 mark marks=(1000 5000 10000)
    "$bin/test_bombs" 512 2>/dev/null || status=1
    begin_one
    mkdir "$work/long"
    for mark in 1 2; do
        cp "$work/keys/$((mark + 6)).key" "$work/long/$mark.key"
        cp "$work/keys/$((mark + 6)).access" "$work/long/$mark.access"
    done
    # Caches that are bounded fill, and every thread has its part of the work.
    while ((count < 1000)); do
        count=$((count + $(hostile_round 10)))
    done
    sleep 3 # workers have ended
    before=$(rss_kib)
    printf 'the node has %d KiB after %d hostile questions to warm up\n' "$before" "$count"
    count=0
    for mark in "${marks[@]}"; do
        while ((count < mark)); do
            count=$((count + $(hostile_round 10)))
        done
        sleep 3
        after=$(rss_kib)
        printf 'after %d hostile questions: %d KiB\n' "$count" "$after"
    done
    ((after <= before + before / 10 && status == 0))
}
