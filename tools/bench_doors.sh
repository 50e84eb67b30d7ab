# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# What tools/bench measures of the doors: sourced by it, with its mesh and its helpers.

# door: aviation's node answers over HTTP too, from now on.
door='' token=''
open_door()
{
    [[ -z $token ]] || return 0
    door=http://127.0.0.1:$((port + 6))
    stop_node aviation
    echo "http_listen: ${door#*//}" >>"$work/aviation/home/freehold.yaml"
    start_node aviation
    until_true 30 "aviation at analytics" finds analytics 2
    until_true 30 "the door of aviation" curl --fail --silent "$door/readyz"
    token=$(fh aviation -o csv token create --until 1h 2>/dev/null | sed -n '2s/,.*//p')
    echo '{"sql": "SELECT * FROM aviation.flights", "stream": true}' >"$work/flights.json"
}

# requested PATH: microseconds for each of 20,000 requests over 16 connections, all answered.
requested()
{
    command -v ab >/dev/null || fail "ab is not installed (Debian: apache2-utils)"
    ab -q -l -k -c 16 -n 20000 "$door$1" >"$work/ab.txt" 2>&1 || fail "ab: $(tail -n 3 "$work/ab.txt")"
    grep -q '^Failed requests: *0$' "$work/ab.txt" || fail "failed requests: $(grep -A 1 '^Failed' "$work/ab.txt")"
    ! grep -q '^Non-2xx' "$work/ab.txt" || fail "$(grep '^Non-2xx' "$work/ab.txt")"
    awk '/^Requests per second/ { printf "%d\n", 1000000 / $4 }' "$work/ab.txt"
}

measure_http()
{
    open_door
    command="ab -l -k -c 16 -n 20000 AVIATION/v1/products"
    requested /v1/products >/dev/null
    value=$(repeat requested /v1/products)
}

measure_http_static()
{
    open_door
    command="ab -l -k -c 16 -n 20000 AVIATION/v1/products; ab ... AVIATION/"
    requested /v1/products >/dev/null
    value=$(awk -v a="$(repeat requested /v1/products)" -v b="$(repeat requested /)" 'BEGIN { printf "%.2f\n", a / b }')
}

# fetched FORMAT: microseconds for all flights over HTTP, each of them counted by the door.
fetched()
{
    local us
    us=$(curl --fail --silent --show-error --output /dev/null --dump-header "$work/headers" --write-out '%{time_total}' \
        --header "Authorization: Bearer $token" --json "@$work/flights.json" "$door/v1/query?format=$1" 2>"$work/error.txt") ||
        fail "HTTP failed: $(cat "$work/error.txt")"
    grep -qi '^freehold-rows: 3000000' "$work/headers" || fail "not all flights: $(cat "$work/headers")"
    awk -v s="$us" 'BEGIN { printf "%d\n", s * 1000000 }'
}

measure_arrow_http()
{
    open_door
    command="curl --output /dev/null --json '{\"sql\": \"SELECT * FROM aviation.flights\", \"stream\": true}' AVIATION/v1/query?format=arrow"
    fetched arrow >/dev/null
    value=$(ms "$(repeat fetched arrow)")
}

measure_arrow_native()
{
    open_door
    command="curl ... AVIATION/v1/query?format=arrow; fh-stopwatch plain analytics/home AVIATION ..."
    fetched arrow >/dev/null
    value=$(awk -v a="$(repeat fetched arrow)" -v b="$(columns plain)" 'BEGIN { printf "%.1f\n", a / b }')
}

measure_arrow_cli()
{
    command="freehold -o arrow query --stream 'SELECT * FROM aviation.flights' --peer AVIATION >/dev/null"
    value=$(ms "$(repeat timed fh analytics -o arrow query --stream 'SELECT * FROM aviation.flights' \
        --peer "${address[aviation]}")")
}

measure_parquet_http()
{
    open_door
    command="curl ... AVIATION/v1/query?format=parquet"
    fetched parquet >/dev/null
    value=$(ms "$(repeat fetched parquet)")
}
