#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A waiver in every answer that it touches: command line, HTTP in each form, PostgreSQL, a join at a third node,
# descriptions and the audit log; and none of them once it is over. Then compliance over HTTP: who is shown it,
# page by page, in each form, what is refused.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
# shellcheck source=tests/e2e/http_answer.sh
source "$source_folder/tests/e2e/http_answer.sh"

cat >"$data/people.csv" <<'CSV'
id,name,born
1,Ada,1990-05-17
2,Bob,1985-11-02
CSV
sed -e 's/orders/people/g' -e 's/name: item, logicalType: string/name: name, logicalType: string, classification: restricted/' \
    -e 's/name: price, logicalType: number/name: born, logicalType: date/' \
    -e 's/^schema:/team: {name: "<script>alert(1)<\/script>"}\nschema:/' \
    <(make_contract orders 1.0.0) >"$data/people.odcs.yaml"
make_product plans 3
make_mesh shop museum market
plain=http://127.0.0.1:$((port + 5))
owner=http://127.0.0.1:$((port + 6))
pg_port=$((port + 7))
open_door museum "http_listen: ${plain#*//}" "postgres_listen: 127.0.0.1:$pg_port"
open_door shop "http_listen: ${owner#*//}"
succeeds fh shop product publish "$data/people.odcs.yaml"
succeeds fh museum product publish "$data/plans.odcs.yaml"
enforce 1.0.0 'mask: [{columns: [name], method: partial, first: 1}, {columns: [born], method: "null"}]'
for domain in museum market; do
    until_true 20 "two products at $domain" finds "$domain" 2
done

succeeds fh museum -o csv token create --label waivers --until 1h
token=$(column token)
export PGHOST=127.0.0.1 PGPORT=$pg_port PGUSER=${token%%.*} PGPASSWORD=$token PGDATABASE=mesh PGCONNECT_TIMEOUT=20
sql='SELECT id, name FROM shop.people ORDER BY id'
for domain in museum market; do
    until_true 60 "an answer at $domain" fh "$domain" query "$sql"
done
# http STATUS TOKEN ARGUMENT... URL: the body is in $work/body, the head in $work/head.
http()
{
    local expected=$1 got
    local arguments=("${@:3:$#-3}")
    if [[ -n $2 ]]; then
        arguments+=(-H "Authorization: Bearer $2")
    fi
    : >"$work/body"
    got=$(curl -sS -m 60 -o "$work/body" -D "$work/head" -w '%{http_code}' "${arguments[@]}" "${*: -1}") || fail "curl: $*"
    [[ $got == "$expected" ]] || fail "$got, not $expected: ${*: -1}: $(head -c 1000 "$work/body")"
}
query() # FORM
{
    http 200 "$token" -H 'Content-Type: application/json' --data "{\"sql\":\"$sql\"}" "$plain/v1/query?format=$1"
}
# every_door CLI HTTP_JSON HTTP_HEAD PG: how often each of them tells of a waiver.
every_door()
{
    succeeds fh museum -o csv query "$sql"
    [[ $(grep -c 'is waived for you until' "$work/err") == "$1" ]] || fail "the command line: $(cat "$work/err")"
    query json
    is "$2" 'len(d["waived"])'
    query csv
    [[ $(grep -ci '^freehold-waived: ' "$work/head") == "$3" ]] || fail "HTTP: $(cat "$work/head")"
    if command -v psql >/dev/null; then
        psql -X -At -c "$sql" >"$work/out" 2>"$work/err" </dev/null || fail "psql: $(cat "$work/err")"
        [[ $(grep -c 'is waived for shop/people@1.0.0 until' "$work/err") == "$4" ]] || fail "psql: $(cat "$work/err")"
    fi
}

say "- nothing is waived, and no answer says so"
every_door 0 0 0 0
http 200 '' "$plain/v1/products/shop/people"
is "(False, [], [])" '(d["governance"]["whole"], d["governance"]["policies"], d["governance"]["waived"])'
http 200 "$token" "$plain/v1/products/shop/people/access"
is "(True, ['personal'], [], [])" \
    '(d["governance"]["whole"], [p["policy"] for p in d["governance"]["policies"]], d["governance"]["waived"], d["waived"])'

say "- a waiver, and one that breaks the glass: every door names policy, rule and end"
succeeds fh shop policy waive personal 'mask[0]' --product people --until 1d --reason 'secret reason'
succeeds fh shop policy waive personal 'mask[1]' --product people --for museum --break-glass --reason 'secret fire'
every_door 2 2 1 2
succeeds fh museum -o csv query "$sql"
grep -q '^note: shop/people@1: rule mask\[0\] of policy personal 1.0.0 is waived for you until 2.*(waiver fhr1' "$work/err" ||
    fail "$(cat "$work/err")"
grep -q '^warning: shop/people@1: rule mask\[1\] .*(break-glass fhr1' "$work/err" || fail "$(cat "$work/err")"
query json
is "[('personal', '1.0.0', 'mask[1]', True, 'one domain'), ('personal', '1.0.0', 'mask[0]', False, 'everybody')]" \
    '[(w["policy"], w["policy_version"], w["rule"], w["break_glass"], w["whom"]) for w in d["waived"]]'
is "[1, 'Ada']" 'd["rows"][0]'
is True 'all(n["waiver"].startswith("fhr1") for n in d["notices"]) and len(d["notices"]) == 1'
query csv
grep -qiE '^freehold-waived: shop/people;policy="personal";version="1.0.0";rule="mask\[1\]";until=[0-9]+;break-glass, shop/people;' \
    "$work/head" || fail "$(cat "$work/head")"
http 200 "$token" "$plain/v1/products/shop/people/sample?limit=1"
is 2 'len(d["waived"])'
http 200 "$token" "$plain/v1/products/shop/people/access"
is "(2, 2)" '(len(d["waived"]), len(d["governance"]["waived"]))'
succeeds fh museum access can-i read shop/people
grep -q 'rule mask\[0\] .* is waived for you until' "$work/err" || fail "can-i: $(cat "$work/err")"
succeeds fh museum -o json product describe shop/people
grep -q '"whole":true' "$work/out" || fail "describe: $(cat "$work/out")"
grep -q '"rule":"mask\[1\]"' "$work/out" || fail "describe: $(cat "$work/out")"
succeeds fh museum product describe shop/people
grep -Eq '^mask\[1\] +personal 1.0.0 +one domain +break-glass' "$work/out" || fail "describe: $(cat "$work/out")"
http 200 '' "$owner/v1/products/shop/people"
is "(True, 2)" '(d["governance"]["whole"], len(d["governance"]["waived"]))'
grep -rqE 'secret (reason|fire)' "$work/body" && fail "a reason is told to everybody"
succeeds fh market -o csv query "$sql"
grep -q 'break-glass' "$work/err" && fail "a waiver of another domain: $(cat "$work/err")"
succeeds fh market -o csv query 'SELECT p.name, o.item FROM shop.people p JOIN museum.plans o ON p.id = o.id'
grep -q '^note: shop/people@1: rule mask\[0\] of policy personal 1.0.0 is waived' "$work/err" || fail "a join: $(cat "$work/err")"
succeeds fh shop -o json audit who-read people name
python3 - "$work/out" <<'PY' || fail "the audit log: $(tail -c 2000 "$work/out")"
import json, sys
rows = json.load(open(sys.argv[1]))
assert rows[0]["waived"] == "", rows[0]
assert {r["waived"] for r in rows if r["domain"] == "museum"} >= {"", "personal 1.0.0 mask[0], personal 1.0.0 mask[1]"}, rows
assert rows[-1]["domain"] == "market" and rows[-1]["waived"] == "personal 1.0.0 mask[0]", rows[-1]
PY
succeeds fh shop audit export
grep -Eq '"waived": ?\[\{"rule": ?"personal 1.0.0 mask\[0\]", ?"waiver": ?"[0-9a-f]{64}"' "$work/out" || fail "the export: $(tail -n 2 "$work/out")"

say "- compliance is for publishers, as far as their token is for the product"
let_in shop pub publisher
as pub -o csv token create --node "${address[shop]}" >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
publisher=$(column token)
http 401 '' "$owner/v1/compliance"
rule http.sign_in
http 403 "$token" "$plain/v1/compliance"
rule compliance.role
http 200 "$publisher" "$owner/v1/compliance"
is "('shop', 3, 1, 2, 0)" '(d["domain"], d["total"], d["states"]["ok"], d["states"]["waived"], d["states"]["violated"])'
is "['policy', 'mask[0]', 'mask[1]']" '[r["rule"] for r in d["rows"]]'
is "[('waiver', 'waived: secret reason'), ('break-glass', 'waived for one domain or key: secret fire')]" \
    '[(r["waiver_kind"], r["evidence"]) for r in d["rows"][1:]]'
is True '"museum" in d["rows"][0]["readers"] and d["rows"][0]["record"] > 0 and d["rows"][1]["waived_until"] > "2"'
etag=$(sed -n 's/^etag: \(.*\)\r$/\1/pI' "$work/head")
http 304 "$publisher" -H "If-None-Match: $etag" "$owner/v1/compliance"
fh shop -o json compliance report >"$work/report" 2>/dev/null || fail "the report"
http 200 "$publisher" "$owner/v1/compliance"
python3 - "$work/report" "$work/body" <<'PY' || fail "HTTP says something else than the command line"
import json, sys
said = [{k: v or None for k, v in row.items()} for row in json.load(open(sys.argv[1]))]
http = [{k: v or None for k, v in row.items()} for row in json.load(open(sys.argv[2]))["rows"]]
for row in said + http:
    for name in ("record", "enforced", "read", "readers", "measured", "quality"):
        row.pop(name)
assert said == http, (said, http)
PY
seen=()
at="$owner/v1/compliance?limit=2"
while :; do
    http 200 "$publisher" "$at"
    seen+=("$(json 'len(d["rows"])')")
    [[ $(json 'd["next"]') != None ]] || break
    at="$owner/v1/compliance?limit=2&cursor=$(json 'd["next"]')"
done
[[ ${seen[*]} == '2 1' ]] || fail "pages of ${seen[*]}"
http 200 "$publisher" "$owner/v1/compliance/shop/people?rule=mask&state=waived"
is "(2, 2)" '(d["total"], len(d["rows"]))'
http 200 "$publisher" "$owner/v1/compliance?policy=nothing"
is 0 'd["total"]'
http 200 "$publisher" "$owner/v1/compliance?domain=museum"
is "('museum', 0)" '(d["domain"], d["total"])'
for bad in 'state=good' 'limit=0' 'limit=1001' 'cursor=p2.00000000' 'nothing=1' 'domain=M%20x'; do
    http 400 "$publisher" "$owner/v1/compliance?$bad"
done
http 404 "$publisher" "$owner/v1/compliance?domain=nobody"
http 404 "$publisher" "$owner/v1/compliance/shop/nothing"
http 406 "$publisher" -H 'Accept: text/xml' "$owner/v1/compliance"
http 405 "$publisher" -X POST --data '' "$owner/v1/compliance"
as pub -o csv token create --node "${address[shop]}" --product museum/plans >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
narrow=$(column token)
http 200 "$narrow" "$owner/v1/compliance"
is 0 'd["total"]'
http 403 "$narrow" "$owner/v1/compliance/shop/people"
rule token.product

say "- in other forms, in which a team called <script> is a text"
for form in html csv; do
    http 200 "$publisher" "$owner/v1/compliance?format=$form"
    fh shop compliance report -o $form >"$work/report" 2>/dev/null || fail "the report as $form"
    [[ $(head -n 1 "$work/body") == $(head -n 1 "$work/report") ]] || fail "another $form than the command line's"
    [[ $form == csv ]] || for page in "$work/body" "$work/report"; do
        grep -q '<script' "$page" && fail "markup of a contract in $page"
        grep -q '<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>' "$page" || fail "no team in $page"
        [[ $(grep -c '^<tr class=' "$page") == 3 ]] || fail "rows of $page"
    done
done
http 200 "$publisher" -H 'Accept: text/html' "$owner/v1/compliance/shop/people"
grep -q "style-src 'unsafe-inline'" "$work/head" || fail "no policy for the page"
succeeds fh shop -o json compliance report --domain museum
succeeds fh shop -o json compliance explain shop/people 'mask[0]'

say "- it is over, and no answer says it any more"
over() # RULE ARGUMENT...: one of the same scope that ends in a moment
{
    fh shop policy waive personal "$1" --product people "${@:2}" --until "$(date -u -d '+6 seconds' +%Y-%m-%dT%H:%M:%SZ)" \
        --reason over >/dev/null 2>&1
}
until_true 60 "a waiver that ends soon" over 'mask[0]'
until_true 60 "a waiver that ends soon" over 'mask[1]' --for museum
silent()
{
    fh museum -o csv query "$sql" >"$work/out" 2>"$work/err" && ! grep -q waived "$work/err"
}
until_true 60 "the end of both" silent
every_door 0 0 0 0
query json
is "[1, 'A**']" 'd["rows"][0]'
succeeds fh museum -o json product describe shop/people
grep -q '"waived":\[\]' "$work/out" || fail "describe: $(cat "$work/out")"
shows_none()
{
    http 200 '' "$owner/v1/products/shop/people" && [[ $(json 'd["governance"]["waived"]') == '[]' ]]
}
until_true 60 "the product without a waiver" shows_none
say "all of it"
