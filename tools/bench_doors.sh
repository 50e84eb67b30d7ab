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
    command="ab -l -k -c 16 -n 20000 AVIATION/v1/products; ab ... AVIATION/domains"
    requested /v1/products >/dev/null
    value=$(awk -v a="$(repeat requested /v1/products)" -v b="$(repeat requested /domains)" 'BEGIN { printf "%.2f\n", a / b }')
}

# first_view: the three numbers of tests/browser/first_view.mjs, which has both measures; taken once.
first_view=
look_first()
{
    [[ -z $first_view ]] || return 0
    open_door
    FH_NPM=${FREEHOLD_CACHE:-$HOME/.cache/freehold}/npm-$(sha256sum tests/npm.pins | cut -c 1-12)
    FH_CHROMIUM=$(command -v chromium || command -v chromium-headless-shell || true)
    export FH_NPM FH_CHROMIUM
    [[ -n $FH_CHROMIUM && -d $FH_NPM/node_modules/playwright-core ]] ||
        fail "no chromium, or no playwright-core (tools/setup installs both)"
    first_view=$(node tests/browser/first_view.mjs "$door" "$((runs < 9 ? 9 : runs))" 2>"$work/error.txt") ||
        fail "the browser failed: $(cat "$work/error.txt")"
}

measure_page()
{
    look_first
    command="node tests/browser/first_view.mjs AVIATION 9"
    value=$(ms "${first_view%% *}")
}

measure_page_static()
{
    look_first
    command="node tests/browser/first_view.mjs AVIATION 9"
    value=$(awk '{ printf "%.1f\n", $1 / $3 }' <<<"$first_view")
}
