# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What an HTTP answer says, of which the body is in $work/body: sourced after tests/e2e/common.sh.

# json EXPRESSION: of the body, as `d`.
json() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/body" "$1"; }
is() # EXPECTED EXPRESSION
{
    local got
    got=$(json "$2") || fail "$2 of $(head -c 1000 "$work/body")"
    [[ $got == "$1" ]] || fail "$2 is $got, not $1"
}
# rule RULE: it is a problem (RFC 9457) by this rule.
rule() { is "$1" 'd["rule"]'; }
