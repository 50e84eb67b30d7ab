#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The HTTP door of two nodes, plain and over TLS: every path of the OpenAPI document; what a masked product
# and a join over two domains give is what the command line gives; hostile requests by name; clients that
# are slow, or hang up.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
# shellcheck source=tests/e2e/http_answer.sh
source "$source_folder/tests/e2e/http_answer.sh"

cat >"$data/people.csv" <<'CSV'
id,name,born,amount,big
1,Ada,1990-05-17,10.50,9007199254740993
2,Bob,1985-11-02,-3.25,12
3,"Cleo, ""C""",1990-12-31,,-9007199254740993
CSV
cat >"$data/people.odcs.yaml" <<'YAML'
apiVersion: v3.1.0
kind: DataContract
id: contract-of-people
name: people
version: 1.0.0
status: active
tags: [people]
description:
  purpose: People, some of whose columns are <b>nobody's</b> business.
team:
  name: harbour
  members:
    - {username: lead, name: Ada Byron, role: owner}
support:
  - {channel: help, url: "https://help.example"}
  - {channel: trap, url: "javascript:alert(1)"}
schema:
  - name: people
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: name, logicalType: string, classification: restricted}
      - {name: born, logicalType: date}
      - {name: amount, logicalType: number}
      - {name: big, logicalType: integer}
roles:
  - {role: mesh, access: read}
servers:
  - {server: here, type: local, path: people.csv, format: csv}
YAML
make_product orders 5000
make_product secret 10
closed secret
make_product plans 30
make_mesh shop museum

plain=http://127.0.0.1:$((port + 5))
tls=https://localhost:$((port + 6))
open_door museum "http_listen: 127.0.0.1:$((port + 5))"
open_door shop "http_listen: 127.0.0.1:$((port + 6))" 'http_tls: own' 'http_catalogue: members'
until_true 30 "two members at museum" sees museum 2

succeeds fh shop product publish "$data/people.odcs.yaml" "$data/orders.odcs.yaml" "$data/secret.odcs.yaml"
succeeds fh museum product publish "$data/plans.odcs.yaml"
enforce 1.0.0 'mask: [{columns: name, method: partial, first: 1}]'
until_true 30 "four products at museum" finds museum 4

fh museum -o csv token create --until 1h >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
token=$(column token)

# ask STATUS ARGUMENT... PATH: the body is in $work/body, the head in $work/head.
ask()
{
    local expected=$1 got
    shift
    : >"$work/body"
    got=$(curl -sS -m 60 -o "$work/body" -D "$work/head" -w '%{http_code}' "${@:1:$#-1}" "$plain${*: -1}") || fail "curl: $*"
    [[ $got == "$expected" ]] || fail "$got, not $expected: ${*: -1}: $(head -c 1000 "$work/body")"
}
# member STATUS ARGUMENT... PATH: with the token.
member()
{
    local expected=$1
    shift
    ask "$expected" -H "Authorization: Bearer $token" "$@"
}
# query STATUS SQL [ARGUMENT...]
query()
{
    local expected=$1 body
    body=$(python3 -c 'import json, sys; print(json.dumps({"sql": sys.argv[1]}))' "$2")
    shift 2
    member "$expected" -H 'Content-Type: application/json' --data "$body" "$@" /v1/query
}
has_head() { grep -qi -- "^$1"$'\r'"$" "$work/head" || fail "no '$1' in $(cat "$work/head")"; }

# While the rest goes on: a client that sends a byte now and then, and never a whole request.
"$source_folder/tests/e2e/http_requests.py" $((port + 5)) slow "$work/slow" &
slow_pid=$!

say "- the catalogue, for anybody on this machine"
ask 200 '/v1/products'
is 4 'd["total"]'
is "['museum/plans@1.0.0', 'shop/orders@1.0.0', 'shop/people@1.0.0', 'shop/secret@1.0.0']" '[p["product"] for p in d["products"]]'
has_head 'Content-Type: application/json'
has_head 'X-Content-Type-Options: nosniff'
grep -qi '^set-cookie' "$work/head" && fail "a cookie"
etag=$(sed -n 's/^etag: \(.*\)\r$/\1/pI' "$work/head")
ask 304 -H "If-None-Match: $etag" /v1/products
[[ ! -s $work/body ]] || fail "a body of 304"
ask 200 -H 'Accept: text/html' /
sed -n 's|.*<script type="application/json" id="first">\(.*\)</script>$|\1|p' "$work/body" >"$work/first"
cp "$work/first" "$work/body"
is "['museum/plans@1.0.0', 'shop/orders@1.0.0', 'shop/people@1.0.0', 'shop/secret@1.0.0']" '[p["product"] for p in d["products"]]'
is "True" 'len(d["facets"]) > 0'
ask 200 /
has_head 'Content-Type: text/html; charset=utf-8'
grep -qi "^content-security-policy: default-src 'none'; script-src 'self';" "$work/head" || fail "no policy: $(<"$work/head")"
ask 304 -H "If-None-Match: $(sed -n 's/^etag: \(.*\)\r$/\1/pI' "$work/head")" /
ask 200 -H 'Authorization: Bearer nobody' /
! grep -q 'id="first"' "$work/body" || fail "a list for whoever signs in"
ask 200 /mesh
! grep -q 'id="first"' "$work/body" || fail "a list where none is shown"
ask 405 -X POST -H 'Content-Length: 0' /
ask 200 '/v1/products?tag=people&facets=yes'
is "shop/people@1.0.0" 'd["products"][0]["product"]'
is "[{'value': 'shop', 'products': 1}]" '[f["top"] for f in d["facets"] if f["facet"] == "domain"][0]'
ask 200 '/v1/products?q=peopel'
is people 'd["read_as"]'
pages=()
at='/v1/products?limit=3'
while :; do
    ask 200 "$at"
    pages+=("$(json 'len(d["products"])')")
    [[ $(json 'd["next"]') != None ]] || break
    at="/v1/products?limit=3&cursor=$(json 'd["next"]')"
done
[[ ${pages[*]} == '3 1' ]] || fail "pages of ${pages[*]}"
ask 400 "/v1/products?q=orders&cursor=p3.00000000"
rule http.cursor
ask 400 '/v1/products?status=gone'
rule search.status
ask 400 '/v1/products?nothing=1'
rule http.argument

say "- a product in each form"
ask 200 /v1/products/shop/people
is "('verified', 'harbour')" '(d["verification"], d["team"]["name"])'
is "[('help', 'https://help.example'), ('trap', None)]" '[(s["channel"], s["url"]) for s in d["support"]]'
is "restricted" '[c["classification"] for c in d["tables"][0]["columns"] if c["name"] == "name"][0]'
is "shop.people" 'd["tables"][0]["sql"]'
ask 200 -H 'Accept: application/yaml' /v1/products/shop/people@1
fh shop contract export shop/people --format odcs >"$work/expected" 2>/dev/null
cmp "$work/body" "$work/expected" || fail "another contract than the command line gives"
ask 200 -H 'Accept: text/html' /v1/products/shop/people@1.0.0
grep -q '<b>nobody' "$work/body" && fail "markup of a contract in a page"
grep -q "style-src 'unsafe-inline'" "$work/head" || fail "no policy for the page"
ask 200 '/v1/products/shop/people?format=proof'
succeeds fh museum contract verify "$work/body"
for form in markdown jsonschema sql; do
    ask 200 "/v1/products/shop/people?format=$form"
done
ask 406 -H 'Accept: text/xml' /v1/products/shop/people
rule http.accept
ask 404 /v1/products/shop/nothing
rule product.unknown
ask 404 /v1/products/shop/people@2
ask 400 /v1/products/shop/p-p
rule name.form

say "- who signs in, and who does not"
ask 200 /v1/me
is False 'd["signed_in"]'
member 200 /v1/me
is "(True, 'museum')" '(d["signed_in"], d["domain"])'
ask 401 /v1/products/shop/people/sample
rule http.sign_in
has_head 'WWW-Authenticate: Bearer realm="freehold"'
ask 401 -H 'Authorization: Bearer fht1aaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' /v1/products
rule token.unknown
[[ $(curl -sS -o /dev/null -w '%{http_code}' -k "$tls/v1/products") == 401 ]] || fail "members only, but anybody"
! curl -sS -k "$tls/" | grep -q 'id="first"' || fail "members only, but the page brings a list"
[[ $(curl -sS -k "$tls/healthz") == ok ]] || fail "no TLS"
curl -sS -m 5 "http://127.0.0.1:$((port + 6))/healthz" >/dev/null 2>&1 && fail "HTTP where TLS is spoken"
fh shop -o csv token create --until 1h >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
certificate=$(find "$work/shop/home" -name '*certificate*' -o -name '*.pem' | head -n 1)
[[ $(curl -sS --cacert "$certificate" -H "Authorization: Bearer $(column token)" -o "$work/body" -w '%{http_code}' \
    "$tls/v1/products") == 200 ]] || fail "TLS with the node's own certificate: $(cat "$work/body")"
is 4 'd["total"]'

say "- data: what the command line gives"
sql='SELECT * FROM shop.people ORDER BY id'
fh museum -o csv query "$sql" >"$work/expected" 2>/dev/null
query 200 "$sql" -H 'Accept: text/csv'
cmp "$work/body" "$work/expected" || fail "masked: $(cat "$work/body")"
query 200 "$sql"
is "[['name']]" '[l["masked"] for l in d["limited"]]'
is "['int', 'text', 'date', 'double', 'int']" '[c["kind"] for c in d["columns"]]'
is "[1, 'A**', '1990-05-17', 10.5, '9007199254740993']" 'd["rows"][0]'
is "None" 'd["rows"][2][3]'
has_head 'Freehold-Limited: shop/people.people'
join='SELECT o.id, p.item FROM shop.orders o JOIN museum.plans p ON o.id = p.id ORDER BY o.id'
fh museum -o csv query "$join" >"$work/expected" 2>/dev/null
query 200 "$join" -H 'Accept: text/csv'
cmp "$work/body" "$work/expected" || fail "joined"
query 200 "$join"
is "(30, True)" '(d["summary"]["rows"], d["summary"]["joined"])'
href=$(json 'd["receipt"]["href"]')
member 200 "$href"
cp "$work/body" "$work/receipt"
succeeds fh museum verify "$work/receipt"
ask 401 "$href"
member 404 /v1/receipts/fhr1aaaaaaaa
query 200 'SELECT count(*) FROM shop.orders' --raw
grep -q '^Freehold-Rows: 1' "$work/body" || fail "no trailer: $(cat "$work/body")"
# shellcheck disable=SC2016 # of the SQL
member 200 -H 'Content-Type: application/json' --data '{"sql":"SELECT $a + $b AS n","params":{"a":40,"b":2}}' /v1/query
is "[[42]]" 'd["rows"]'
for form in arrow parquet; do
    fh museum query "$sql" -o $form --out "$work/expected" >/dev/null 2>&1
    member 200 -H 'Content-Type: application/json' --data "{\"sql\":\"$sql\"}" "/v1/query?format=$form"
    [[ $(head -c 4 "$work/body" | od -An -tx1) == $(head -c 4 "$work/expected" | od -An -tx1) ]] || fail "no $form"
done
member 200 '/v1/products/shop/people/sample?limit=2'
is 2 'len(d["rows"])'
member 200 '/v1/products/shop/people/access'
is "[('name', True)]" '[(c["column"], c["masked"]) for c in d["columns"] if c["masked"]]'
member 200 /v1/products/shop/secret/access
is "(False, 'access.denied')" '(d["readable"], d["rule"])'

say "- refusals are those of the command line"
query 403 'SELECT * FROM shop.secret'
rule access.denied
is 4 'd["exit_code"]'
query 422 'SELECT nothing FROM shop.people'
query 422 'DELETE FROM shop.people'
query 404 'SELECT * FROM shop.nothing'
member 400 -H 'Content-Type: application/json' --data '{"sql":"SELECT 1","sql":"SELECT 2"}' /v1/query
rule http.json
member 403 -H 'Content-Type: application/json' --data '{"purpose":"test"}' /v1/products/shop/secret/access-requests
rule token.power

say "- versions, and what becomes of them"
sed 's/^version: .*/version: 2.0.0/; /name: price/d' "$data/orders.odcs.yaml" >"$data/orders2.odcs.yaml"
succeeds fh shop product publish "$data/orders2.odcs.yaml"
succeeds fh shop product deprecate shop/orders@1 --sunset 2099-01-01 --successor shop/orders@2
deprecated()
{
    ask 200 /v1/products/shop/orders@1 && [[ $(json 'd["status"]') == deprecated ]]
}
until_true 20 "the deprecation at museum" deprecated
has_head 'Sunset: Thu, 01 Jan 2099 23:59:59 GMT'
grep -qi '^deprecation: @[0-9]*'$'\r' "$work/head" || fail "no Deprecation"
has_head 'Link: </v1/products/shop/orders@2>; rel="successor-version"'
query 200 'SELECT id FROM shop."orders@1" LIMIT 1'
has_head 'Sunset: Thu, 01 Jan 2099 23:59:59 GMT'
is "['deprecated']" '[n["status"] for n in d["notices"]]'
member 200 /v1/products/shop/orders@1/sample
is 3 'len(d["columns"])'
ask 200 /v1/products/shop/orders/history
is "['deprecated', 'active']" '[m["status"] for m in d["majors"]]'
ask 200 /v1/products/shop/orders@1/quality
is "[True, 1, 'ok', True]" '[d["whole"], len(d["measurements"]), d["measurements"][-1]["found"], d["measurements"][-1]["told"]]'
is "True" 'all(len(c[k]) == len(d["measurements"]) for c in d["checks"] for k in ("outcomes", "measured", "failing", "total"))'
is "['passed']" '[c["outcomes"][-1] for c in d["checks"] if c["promise"] == "schema.orders.primaryKey"]'
ask 304 -H "If-None-Match: $(sed -n 's/^etag: \(.*\)\r$/\1/pI' "$work/head")" /v1/products/shop/orders@1/quality
ask 404 /v1/products/shop/nothing/quality
ask 400 '/v1/products/shop/orders/quality?since=1'
ask 200 /v1/products/shop/orders@2/changes
is "shop/orders@1.0.0" 'd["before"]'
is "True" 'any(c["breaking"] and "price" in c["path"] for c in d["changes"])'
is "major" 'd["needed"]'

say "- access requests, as their owner sees them"
succeeds fh museum access request shop/secret --purpose audit --note "please"
member 200 /v1/access-requests
is "('sent', 'open', 'audit')" '(lambda r: (r["direction"], r["state"], r["purpose"]))(d["requests"][0])'
member 200 "/v1/access-requests/$(json 'd["requests"][0]["id"][:20]')"
let_in shop pub publisher
as pub -o csv token create --node "${address[shop]}" >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
publisher=$(column token)
owner() # STATUS ARGUMENT... PATH
{
    local expected=$1 got
    shift
    got=$(curl -sS -k -m 60 -o "$work/body" -w '%{http_code}' -H "Authorization: Bearer $publisher" "${@:1:$#-1}" "$tls${*: -1}")
    [[ $got == "$expected" ]] || fail "$got, not $expected: ${*: -1}: $(head -c 1000 "$work/body")"
}
owner 200 /v1/me
is True 'd["owner"]'
owner 200 '/v1/access-requests?state=open'
is "('received', 'museum', 'please')" '(lambda r: (r["direction"], r["consumer"], r["note"]))(d["requests"][0])'
id=$(json 'd["requests"][0]["id"]')
owner 403 -X POST -H 'Content-Length: 0' "/v1/access-requests/$id/approve"
rule token.power
owner 403 -H 'Content-Type: application/json' --data '{"reason":"no"}' "/v1/access-requests/$id/deny"
is True '"freehold access deny" in d["detail"]'
succeeds fh shop access approve "${id:0:20}"
granted() { member 200 '/v1/products/shop/secret/access?purpose=audit' && [[ $(json 'd["readable"]') == True ]]; }
until_true 10 "the grant" granted

say "- the mesh, and what operators look at"
ask 200 /v1/domains
is "['museum', 'shop']" '[x["domain"] for x in d["domains"]]'
ask 200 /v1/peers
is "['alive', 'alive']" '[x["state"] for x in d["peers"]]'
ask 200 /readyz
ask 200 /metrics
grep -q '^freehold_http_requests_total{route="/v1/query",status="200"} ' "$work/body" || fail "not counted"
if command -v promtool >/dev/null; then
    promtool check metrics <"$work/body" >"$work/out" 2>&1 || fail "promtool: $(cat "$work/out")"
    [[ ! -s $work/out ]] || fail "promtool says: $(cat "$work/out")"
else
    say "  promtool is not installed: metrics are not checked by it"
fi
ask 200 -I /v1/products
ask 200 /
grep -q "script-src 'self'" "$work/head" || fail "no policy for the page"

say "- every path of the document answers"
ask 200 /v1/openapi.json
json '"\n".join(m + " " + p for p in d["paths"] for m in d["paths"][p])' >"$work/paths"
while read -r method path; do
    path=${path//\{domain\}/shop} path=${path//\{product\}/people} path=${path//\{id\}/fhr1aaaaaaaa}
    got=$(curl -sS -m 60 -X "${method^^}" -H "Authorization: Bearer $token" -o "$work/body" -w '%{http_code}' \
        ${method:+$([[ $method == post ]] && echo -H Content-Length:0)} "$plain$path")
    [[ $got == [24]* && $got != 405 && $got != 406 ]] || fail "$method $path: $got"
    [[ $got != 404 || $(json 'd["rule"]') != http.path ]] || fail "$method $path is nowhere"
done <"$work/paths"

say "- hostile requests"
"$source_folder/tests/e2e/http_requests.py" $((port + 5)) >"$work/out" || fail "$(cat "$work/out")"
ask 200 /healthz

say "- who hangs up ends the query"
long='SELECT count(*) FROM shop.orders a, shop.orders b, shop.orders c WHERE a.id + b.id + c.id = 7'
curl -sS -m 1 -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    --data "{\"sql\":\"$long\",\"stream\":true}" "$plain/v1/query" >/dev/null 2>&1 && fail "not a long query"
hung_up() { ask 200 /metrics && grep -q '^freehold_queries_hung_up_total [1-9]' "$work/body" &&
    grep -q 'outcome=FH_ECANCELLED' "$work"/*/node.log; }
until_true 10 "the cancelled query" hung_up

say "- who is slow is cut"
wait "$slow_pid"
(($(<"$work/slow") < 30)) || fail "a slow client was kept for $(<"$work/slow") s"
