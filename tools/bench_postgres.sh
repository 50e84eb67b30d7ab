# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What tools/bench measures of the PostgreSQL door, beside a real PostgreSQL with the same rows in the same
# run: sourced by it. The caller sources tools/postgres.sh, too, and sets what tools/mesh.sh asks for.

# fill_postgres: a server in $work/pg, with the flights and the airports.
fill_postgres()
{
    [[ -n $(postgres_programs) ]] || fail "PostgreSQL is not installed; run tools/setup"
    begin_postgres "$work/pg"
    fh aviation -o csv query --stream 'SELECT * FROM aviation.flights' >"$work/flights.csv" 2>"$work/error.txt"
    fh aviation -o csv query 'SELECT * FROM aviation.airports' >"$work/airports.csv" 2>"$work/error.txt"
    theirs -q <<SQL
CREATE TABLE flights (date timestamp, delay bigint, distance bigint, origin text, destination text);
\\copy flights FROM '$work/flights.csv' (FORMAT csv, HEADER)
CREATE TABLE airports (iata text PRIMARY KEY, name text, city text, state text, country text, latitude float8, longitude float8);
\\copy airports FROM '$work/airports.csv' (FORMAT csv, HEADER)
VACUUM ANALYZE;
SQL
}

theirs() # OPTION...: psql at PostgreSQL
{
    psql -X -h "$work/pg" -p 5432 -U boss -d postgres "$@"
}

ours() # OPTION...: psql at the door, without TLS, as PostgreSQL's socket has none
{
    PGPASSWORD=$token PGSSLMODE=disable psql -X -h 127.0.0.1 -p "$door_port" -U "${token%%.*}" -d mesh "$@"
}

# door_pid: of the node's door.
door_pid()
{
    pgrep -P "${node_pid[aviation]}" -f freehold-door
}

# selects MODE CLIENTS: single-row selects a second through the door, by pgbench.
selects()
{
    PGPASSWORD=$token PGSSLMODE=disable pgbench -n -h 127.0.0.1 -p "$door_port" -U "${token%%.*}" -M "$1" \
        -c "$2" -j 1 -T "$seconds" -f "$work/select.sql" mesh >"$work/pgbench.txt" 2>"$work/error.txt" ||
        fail "pgbench: $(cat "$work/error.txt")"
    awk '/^tps/ { printf "%.0f\n", $3 }' "$work/pgbench.txt"
}

# idle_kib COUNT: what one more connection at rest takes of the door's memory, in KiB.
idle_kib()
{
    local pid before after
    pid=$(door_pid)
    before=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
    PGPASSWORD=$token python3 "$PWD/tests/e2e/pg_idle.py" 127.0.0.1 "$door_port" "${token%%.*}" "$1" >"$work/idle.txt" &
    until_true 60 "$1 connections" grep -q ready "$work/idle.txt"
    after=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
    kill $!
    awk -v b="$before" -v a="$after" -v n="$1" 'BEGIN { printf "%.1f\n", (a - b) / n }'
}

# judged NAME VALUE SENSE BOUND UNIT: a line, and whether the bound holds.
judged()
{
    local verdict
    verdict=$(awk -v v="$2" -v s="$3" -v b="$4" \
        'BEGIN { print ((s == "most" ? v <= b : v >= b) ? "met" : "MISSED") }')
    printf '%-58s %10s %9s %6s %-8s %s\n' "$1" "$2" "at $3" "$4" "$5" "$verdict"
    [[ $verdict == met ]] || missed=$((missed + 1))
}

bench_postgres()
{
    local i mode clients missed=0 our=() their=() copy='COPY (SELECT * FROM aviation.flights) TO STDOUT (FORMAT binary)'
    door_port=$((port + 5))
    begin_one
    stop_node aviation
    echo "postgres_listen: 127.0.0.1:$door_port" >>"$work/aviation/home/freehold.yaml"
    start_node aviation
    token=$(fh aviation -o csv token create --until 2h | awk -F, 'NR == 2 { print $1 }')
    [[ $token == fht1* ]] || fail "no token: $token"
    until_true 20 "the door" ours -c 'SELECT 1'
    fill_postgres
    for ((i = 0; i < runs; i++)); do
        our+=("$(timed ours -c "$copy")")
        their+=("$(timed theirs -c 'COPY flights TO STDOUT (FORMAT binary)')")
    done
    our=("$(printf '%s\n' "${our[@]}" | median)")
    their=("$(printf '%s\n' "${their[@]}" | median)")
    say "- COPY of 3 M flights, binary: $(ms "${our[0]}") ms here, $(ms "${their[0]}") ms at PostgreSQL"
    judged 'COPY binary, their time to ours' \
        "$(awk -v a="${their[0]}" -v b="${our[0]}" 'BEGIN { printf "%.2f\n", a / b }')" least 1 ratio
    echo "SELECT city FROM aviation.airports WHERE iata = 'JFK';" >"$work/select.sql"
    for mode in simple prepared; do
        for clients in 1 8; do
            judged "single-row select, $mode, $clients clients" "$(selects "$mode" "$clients")" least \
                $((clients == 1 ? 1 : 3000)) 1/s
        done
    done
    judged '500 connections at rest, each' "$(idle_kib 500)" most 64 KiB
    ((missed == 0)) || say "$missed bounds missed"
    return "$((missed > 0))"
}
