#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What tokens may beside reading, over HTTP at two nodes: asking for access, and answering. The command line
# sees what a token did; a token does nothing that it was not made for, and ends everywhere.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
# shellcheck source=tests/e2e/http_answer.sh
source "$source_folder/tests/e2e/http_answer.sh"

make_product plans 20
make_product items 10
closed plans
closed items
make_mesh shop museum harbour
shop=http://127.0.0.1:$((port + 5))
museum=http://127.0.0.1:$((port + 6))
open_door shop "http_listen: ${shop#*//}"
open_door museum "http_listen: ${museum#*//}"
succeeds fh shop product publish "$data/plans.odcs.yaml" "$data/items.odcs.yaml"
until_true 30 "two products at museum" finds museum 2
known() { fh museum product describe "shop/$1" >/dev/null 2>&1; }
until_true 30 "the contract of plans" known plans
until_true 30 "the contract of items" known items
until_true 30 "two products at harbour" finds harbour 2

reads='' asks='' narrow='' sees='' decides='' decides_items='' # tokens
# token VARIABLE COMMAND...: makes a token with the command.
token()
{
    local name=$1
    shift
    "$@" >"$work/out" 2>"$work/err" || fail "no token: $(cat "$work/err")"
    printf -v "$name" '%s' "$(column token)"
}
# ask STATUS DOOR TOKEN PATH [JSON]: a POST with a body; the answer is in $work/body.
ask()
{
    local got body=()
    [[ $# == 5 ]] && body=(-H 'Content-Type: application/json' --data "$5")
    got=$(curl -sS -m 60 -o "$work/body" -D "$work/head" -w '%{http_code}' -H "Authorization: Bearer $3" "${body[@]}" "$2$4") ||
        fail "curl: $2$4"
    [[ $got == "$1" ]] || fail "$got, not $1: $4: $(head -c 1000 "$work/body")"
}
plans=/v1/products/shop/plans/access-requests

say "- a token that was made to ask"
token reads fh museum -o csv token create
token asks fh museum -o csv token create --may ask
token narrow fh museum -o csv token create --may ask --purpose audit --product shop/plans@1
refused 2 'ask, decide' -- fh museum token create --may publish
refused 2 'ask, decide' -- fh museum token create --may ask,
refused 4 'a publisher' -- fh museum token create --may decide
fh museum -o csv token list >"$work/out"
[[ $(grep -c ',ask$' "$work/out") == 2 ]] || fail "powers are not listed: $(cat "$work/out")"
ask 200 "$museum" "$reads" /v1/me
is '[]' 'd["may"]'
ask 200 "$museum" "$asks" /v1/me
is "['ask']" 'd["may"]'

say "- asks in its member's name, once"
ask 403 "$museum" "$reads" "$plans" '{"purpose":"audit"}'
rule token.power
is True '"freehold access request shop/plans" in d["detail"]'
ask 401 "$museum" "fht1aaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" "$plans" '{"purpose":"audit"}'
ask 400 "$museum" "$asks" "$plans" '{"note":"no purpose"}'
ask 400 "$museum" "$asks" "$plans" '{"purpose":"audit","columns":["nothing"]}'
rule access.columns
ask 400 "$museum" "$asks" "$plans" '{"purpose":"audit","until":"2001-01-01"}'
ask 404 "$museum" "$asks" /v1/products/shop/nothing/access-requests '{"purpose":"audit"}'
ask 201 "$museum" "$asks" "$plans" '{"purpose":"audit","columns":["price","plans.id"],"note":"please"}'
is "(['plans.id', 'plans.price'], True, 'open')" '(d["columns"], d["by_token"], d["state"])'
request=$(json 'd["id"]')
grep -qi "^location: /v1/access-requests/$request" "$work/head" || fail "no Location"
ask 200 "$museum" "$asks" "$plans" '{"purpose":"audit","columns":["plans.price","id"],"note":"please!"}'
is "$request" 'd["id"]'
ask 200 "$museum" "$asks" "/v1/access-requests/$request"
is "('sent', 'please')" '(d["direction"], d["note"])'

say "- and the command line of both sides sees the same request"
fh museum -o csv access list >"$work/out"
grep -q "^$request,sent,open,shop/plans,museum,.*,audit," "$work/out" || fail "not sent: $(cat "$work/out")"
fh shop -o csv access list --open >"$work/out"
grep -q "^$request,received,open,shop/plans,museum,.*,audit," "$work/out" || fail "not received: $(cat "$work/out")"

say "- for its purposes and products alone"
ask 403 "$museum" "$narrow" "$plans" '{"purpose":"sales"}'
rule token.purpose
ask 403 "$museum" "$narrow" "$plans" '{"purpose":"audit"}' # every version
rule token.product
ask 403 "$museum" "$narrow" /v1/products/shop/items@1/access-requests '{"purpose":"audit"}'
rule token.product
ask 201 "$museum" "$narrow" /v1/products/shop/plans@1/access-requests '{"purpose":"audit"}'
is "shop/plans@1" 'd["product"]'

say "- a token is told its own rights, not its member's"
ask 200 "$museum" "$reads" '/v1/products/shop/items/access'
is True '"access.denied" == d["rule"]'
succeeds fh shop grant create shop/items --to museum --until 1d
items() { ask 200 "$museum" "$reads" /v1/products/shop/items/access && [[ $(json 'd["readable"]') == True ]]; }
until_true 10 "the grant of items" items
ask 200 "$museum" "$narrow" /v1/products/shop/items/access
is "(False, 'token.purpose')" '(d["readable"], d["rule"])'
ask 200 "$museum" "$narrow" '/v1/products/shop/items/access?purpose=audit'
is "(False, 'token.product')" '(d["readable"], d["rule"])'

say "- what it asked for is its member's"
succeeds fh shop access approve "${request:0:20}"
granted() { ask 200 "$museum" "$reads" '/v1/products/shop/plans/access?purpose=audit' && [[ $(json 'd["readable"]') == True ]]; }
until_true 10 "the grant" granted
ask 201 "$museum" "$asks" "$plans" '{"purpose":"audit","columns":["id","price"]}' # answered: another request
is True "d['id'] != '$request'"

say "- a token that was made to decide answers, within bounds"
for grant in $(fh shop -o csv grant list | tail -n +2 | cut -d, -f1); do
    succeeds fh shop grant revoke "$grant"
done
let_in shop pat publisher
let_in shop mia member
by_pat() { as pat -o csv token create --node "${address[shop]}" "$@"; }
refused 4 'a publisher' -- as mia token create --node "${address[shop]}" --may decide
token sees by_pat
token decides by_pat --may decide
token decides_items by_pat --may decide --product shop/items
ask 201 "$museum" "$asks" "$plans" '{"purpose":"audit","columns":["id","item"],"until":"'"$(date -u -d '+300 days' +%Y-%m-%d)"'"}'
second=$(json 'd["id"]')
ask 201 "$museum" "$asks" /v1/products/shop/items/access-requests '{"purpose":"sales"}'
third=$(json 'd["id"]')
answer() { ask "$1" "$shop" "$2" "/v1/access-requests/$3" "$4"; } # STATUS TOKEN ID/VERB BODY
answer 403 "$sees" "$second/approve" '{}'
rule token.power
is True '"freehold access approve" in d["detail"]'
answer 404 "$decides_items" "$second/approve" '{}' # not for it, and not shown
answer 400 "$decides" "$second/approve" '{"columns":["nothing"]}'
rule access.columns
answer 403 "$decides" "$second/approve" '{"columns":["id","price"]}' # more than was asked
rule grant.token.more
answer 400 "$decides" "$second/approve" '{"until":"'"$(date -u -d '+100 days' +%Y-%m-%d)"'"}'
rule grant.token.time
answer 422 "$decides" "$second/approve" '{"rows":"no_column > 1"}'
answer 400 "$decides" "$second/deny" '{}'
[[ $(fh shop -o csv grant list | wc -l) == 1 ]] || fail "a grant was made: $(fh shop grant list)"
answer 200 "$decides" "$second/approve" '{"columns":["id"],"rows":"id < 5","reason":"for you"}'
is "('approved', 'for you', True)" '(d["state"], d["reason"], d["answered_by_token"])'
answer 200 "$decides" "$second/approve" '{}' # once more
answer 409 "$decides" "$second/deny" '{"reason":"no"}'
rule access.answered
answer 200 "$decides_items" "$third/deny" '{"reason":"not these"}'
is "denied" 'd["state"]'
fh shop -o csv access list >"$work/out"
grep -q "^$second,received,approved," "$work/out" || fail "not answered: $(cat "$work/out")"
ask 200 "$museum" "$asks" "/v1/access-requests/$second"
is "('approved', 'for you', True)" '(d["state"], d["reason"], d["answered_by_token"])'
days=$(python3 -c 'import datetime, json, sys; d = json.load(open(sys.argv[1])); print((datetime.datetime.fromisoformat(d["until"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)).days)' "$work/body")
((days == 89 || days == 90)) || fail "granted for $days days"
four() { [[ $(fh museum -o csv query 'SELECT count(*) AS n FROM shop.plans' --purpose audit 2>/dev/null | tail -1) == 4 ]]; }
until_true 10 "what the token granted" four

say "- and the owner's audit log names the token, not only its member"
fh shop audit export >"$work/log"
python3 - "$work/log" <<'PY' || fail "the log does not say which token decided"
import json, sys
said = [r for r in map(json.loads, open(sys.argv[1])) if r["kind"] == "governed" and r["who"]["token"]]
done = {(r["what"], r["subject"].split()[0]) for r in said if r["code"] == "FH_OK"}
assert {("grant", "plans"), ("access-answer", "approves"), ("access-answer", "denies")} <= done, said
assert any(r["code"] == "FH_ECHECK" and r["rule"] == "grant.rows.sql" for r in said), said # refused at the node
PY

say "- and what it granted ends when it is revoked as of then"
succeeds as pat token revoke "${decides%.*}" --node "${address[shop]}"
four || fail "a revocation as of now took the grant"
answer 401 "$decides" "$second/approve" '{}'
token decides by_pat --may decide
ask 201 "$museum" "$asks" "$plans" '{"purpose":"audit","columns":["item"]}'
fourth=$(json 'd["id"]')
answer 200 "$decides" "$fourth/approve" '{}'
items_read() { fh museum -o csv query 'SELECT item FROM shop.plans' --purpose audit >/dev/null 2>&1; }
until_true 10 "another grant" items_read
succeeds as pat token revoke "${decides%.*}" --node "${address[shop]}" --since "$(date -u -d '-1 hour' +%Y-%m-%dT%H:%M:%SZ)"
gone() { ! items_read; }
until_true 10 "the grant of a stolen token to end" gone

say "- revoked where it was left, and refused at an owner behind a relay that never saw it"
thief() # TEXT: opens the token, and asks harbour for what is shop's once there is a file
{
    timeout 60 "$bin/fh-token" "$work/museum/home" stolen "$1" "SELECT count(*) FROM shop.plans" \
        "${address[harbour]}" "$work/go" >"$work/thief" 2>&1 &
    thief=$!
    until_true 20 "the thief" grep -q '^open' "$work/thief"
}
thief "$reads"
touch "$work/go"
wait "$thief" || fail "a token that holds: $(cat "$work/thief")"
grep -qx 4 "$work/thief" || fail "no rows: $(cat "$work/thief")"
rm "$work/go"
thief "$reads"
refused 2 'is ahead' -- fh museum token revoke "${reads%.*}" --since 2099-01-01
succeeds fh museum token revoke "${reads%.*}"
shut_out() { ask 401 "$museum" "$reads" /v1/access-requests; } # the door has looked again
until_true 10 "the door of museum to look again" shut_out
heard() { grep -q 'token.ended' "$work/$1/node.log"; }
until_true 20 "shop to hear of it" heard shop
until_true 20 "harbour to hear of it" heard harbour
touch "$work/go"
wait "$thief" && fail "a revoked token reads"
grep -q '^token.revoked: ' "$work/thief" || fail "refused otherwise: $(cat "$work/thief")"
