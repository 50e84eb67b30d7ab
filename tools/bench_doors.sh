# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# What tools/bench measures of the doors: sourced by it behind
# bench_columns.sh, which opens the door.

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
