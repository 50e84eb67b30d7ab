# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# The measures of tools/bench that fetch the flights in a columnar format; sourced there. Each sets `value` and
# `command`.

# open_door: aviation's node answers over HTTP too, from now on.
door=
token=
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
