# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What tests ask of charters: sourced after tests/e2e/common.sh. The caller sets `domains`.

# of DOMAIN FIELD: what its node shows of the charter.
of()
{
    fh "$1" -o csv charter show >"$work/out" 2>"$work/err" && column "$2"
}
goes_by() # DOMAIN NUMBER
{
    [[ $(of "$1" number) == "$2" ]]
}
everybody_goes_by() # NUMBER
{
    local domain
    for domain in "${domains[@]}"; do
        until_true 20 "charter $1 at $domain" goes_by "$domain" "$1"
    done
}
# open_one DOMAIN: the id of the only open proposal that its node knows, or nothing.
open_one()
{
    fh "$1" -o csv charter history 2>"$work/err" | awk -F, '$2 == "proposed"' | grep -o 'fhr1[a-z2-7]*'
}
knows_one() # DOMAIN: a proposal, and that who made it votes for it, which is a record of its own
{
    fh "$1" -o csv charter history 2>"$work/err" | python3 -c '
import csv, sys
sys.exit(not any(row["state"] == "proposed" and row["signed_by"] for row in csv.DictReader(sys.stdin)))'
}
vote_at() # DOMAIN: for the only open proposal
{
    until_true 20 "the proposal at $1" knows_one "$1"
    succeeds fh "$1" -o csv charter vote "$(open_one "$1")"
}
