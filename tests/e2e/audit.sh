#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The audit log of an owner: who read which columns, through every way; what was refused; a node that is killed in
# the middle; records that somebody changes; and that no value of a row and no statement stands there in the clear.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

cat >"$data/people.csv" <<'CSV'
id,name,mail,country
1,Canaryada,canary1@example.org,DE
2,Canarybob,canary2@example.org,FR
3,Canarycleo,canary3@example.org,DE
CSV
cat >"$data/people.odcs.yaml" <<'YAML'
apiVersion: v3.1.0
kind: DataContract
id: contract-of-people
name: people
version: 1.0.0
status: active
description:
  purpose: People, whose readers are written down.
schema:
  - name: people
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: name, logicalType: string}
      - {name: mail, logicalType: string, classification: restricted}
      - {name: country, logicalType: string}
roles:
  - {role: mesh, access: read}
servers:
  - {server: here, type: local, path: people.csv, format: csv}
YAML
make_product sales 40000
make_product secret 4
closed secret
make_mesh shop museum market
prints 'shop/people@1.0.0' fh shop product publish "$data/people.odcs.yaml"
succeeds fh shop product publish "$data/sales.odcs.yaml"
succeeds fh shop product publish "$data/secret.odcs.yaml"
prints 'museum/sales@1.0.0' fh museum product publish "$data/sales.odcs.yaml"
until_true 10 "the products at museum" finds museum 4
until_true 10 "the products at market" finds market 4
enforce 1.0.0 'mask: [{classification: [restricted], method: hash}]'

# reads ARGUMENT...: rows of `audit who-read` at shop, in $work/out.
reads() { succeeds fh shop -o json audit who-read "$@"; }
# is EXPECTED EXPRESSION: of what is in $work/out, as `d`.
is()
{
    local got
    got=$(python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/out" "$2")
    [[ $got == "$1" ]] || fail "$2 is $got, not $1: $(head -c 2000 "$work/out")"
}

say "- who read what, from which domain, as what, under which policy, with what outcome"
succeeds fh museum query "SELECT mail FROM shop.people WHERE country = 'DE'" --purpose research
reads people
is 1 'len(d)'
is "['museum', 'shop', 'people@1.0.0', 'mail, country', 'mail', 'research', 'personal 1.0.0', 'complete', 2]" \
    '[d[0]["domain"], "shop", *(d[0][k] for k in ("product", "columns", "masked", "purpose", "policies", "outcome", "rows"))]'
is True 'd[0]["bytes"] > 0 and d[0]["key"].startswith("fhk1") and "member" in d[0]["roles"]'
reads shop/people mail
is 1 'len(d)'
reads people name
is 0 'len(d)'
succeeds fh market query "SELECT * FROM shop.people" --purpose research
reads people@1 name --since 1h
is "['market']" '[r["domain"] for r in d]'
reads people@2
is 0 'len(d)'
grep -q 'nothing of that stands in the log: it has records 1 to ' "$work/err" || fail "an empty list does not say how far it goes"

say "- a join elsewhere is in the log of each owner, an answer in many batches has its end, a token its label"
succeeds fh market query 'SELECT count(p.id) FROM shop.people p JOIN museum.sales s ON p.id = s.id'
reads people id
is "['market']" '[r["domain"] for r in d if r["columns"] == "id"]'
succeeds fh museum -o json audit who-read sales
is "['market', 'complete', 'id']" '[d[-1]["domain"], d[-1]["outcome"], d[-1]["columns"]]'
prints 40001 bash -c "$bin/freehold --home $work/museum/home -o csv query --stream 'SELECT * FROM shop.sales' | wc -l"
reads sales
is "['museum', 'complete', 40000]" '[d[-1][k] for k in ("domain", "outcome", "rows")]'

say "- what is refused is there too, and what the owner's people decide"
refused 4 'freehold access request' -- fh museum query 'SELECT price FROM shop.secret' --purpose spying
reads secret price
is "['museum', 'refused', 'access.denied', 'spying', 0]" '[d[-1][k] for k in ("domain", "outcome", "rule", "purpose", "rows")]'
succeeds fh shop -o json audit what-read museum
is True '{"people@1.0.0", "sales@1.0.0", "secret@1.0.0"} <= {r["product"] for r in d}'
succeeds fh shop -o json audit what-read market --since 1h
is "['market']" 'sorted({r["domain"] for r in d})'
policy 2.0.0 'filter: [{table: people, where: "id IN (SELECT id FROM people)"}]'
refused 1 'policy.filter.shape' -- fh shop policy publish "$data/personal.policy.yaml"
succeeds fh shop grant create shop/secret --to market --until 1d --dry-run
succeeds fh shop grant create shop/secret --to museum --until 1d
succeeds fh shop -o json audit show
is "[('invitation', 'museum', 'done'), ('invitation', 'market', 'done'), ('contract', 'people@1.0.0', 'done'), \
('contract', 'sales@1.0.0', 'done'), ('contract', 'secret@1.0.0', 'done'), \
('policy', 'personal 1.0.0', 'done'), ('policy', 'personal 2.0.0', 'refused'), ('grant', 'secret', 'done')]" \
    '[(r["what"], r["about"], r["outcome"]) for r in d if r["kind"] == "governed"]'
refused 2 'this home keeps the log of shop' -- fh shop audit who-read museum/sales
refused 2 'no time' -- fh shop audit show --since yesterday

say "- compliance at a glance: each product and rule, with what shows it"
succeeds fh shop compliance report -o json
is "[('shop/people@1.0.0', 'mask[0]', 'ok', 'museum, market'), ('shop/sales@1.0.0', 'policy', 'ok', 'museum')]" \
    'sorted((r["product"], r["rule"], r["state"], r["readers"]) for r in d if r["rule"] == "mask[0]" and "people" in r["product"] or r["rule"] == "policy" and "sales" in r["product"])'
is "[True, 'personal 1.0.0', 1, 4, 'ok']" \
    '[[r["record"] > 0, r["policy"], r["classified"], r["columns"], r["quality"]] for r in d if r["rule"] == "mask[0]" and "people" in r["product"]][0]'
succeeds fh shop compliance report -o html
grep -q '<td>shop/people@1.0.0</td>' "$work/out" || fail "the page"
succeeds fh shop -o json compliance explain people@1 'mask[0]'
is 1 'len(d)'
refused 1 compliance.unknown -- fh shop compliance explain people@1 'mask[7]'

say "- the log is whole, while its node runs and after it was killed"
succeeds fh shop -o json audit verify
is "['whole', 1]" '[d[0]["verdict"], d[0]["first"]]'
before=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[0]["last"])' "$work/out")
longer_than() { (($(fh shop -o csv audit verify | tail -n 1 | cut -d , -f 5) > $1)); }
fh museum query --stream 'SELECT * FROM shop.sales, range(100)' >/dev/null 2>&1 &
reader=$!
until_true 10 "a question in the middle" longer_than "$before"
kill_node shop
wait "$reader" || true
succeeds fh shop -o json audit verify
is 'whole by itself' 'd[0]["verdict"]'
is True "d[0]['last'] > $before"
start_node shop
until_true 20 "shop for museum" fh museum query 'SELECT count(*) FROM shop.people'
reads people
is True 'all(r["outcome"] in ("complete", "unknown", "ended early") for r in d)'
succeeds fh shop -o json audit verify
is whole 'd[0]["verdict"]'

say "- statements are there for the key of an auditor alone"
succeeds "$bin/freehold" key create "$work/auditor.key"
stop_node shop
echo "audit_key: $(cat "$work/out")" >>"$work/shop/home/freehold.yaml"
start_node shop
until_true 20 "shop for museum" fh museum query "SELECT count(*) FROM shop.people WHERE name = 'Canaryada'"
fh shop audit export >"$work/export.jsonl"
fh shop audit export --audit-key "$work/auditor.key" >"$work/opened.jsonl"
grep -q 'Canaryada' "$work/opened.jsonl" || fail "the auditor's key opens no statement"
python3 - "$work/export.jsonl" <<'PY' || fail "the export"
import json, sys
prev, seq = None, 0
for line in open(sys.argv[1]):
    record = json.loads(line)
    assert record["record"] == seq + 1 and record["prev"] == prev, record
    seq, prev = record["record"], record["hash"]
assert seq > 10
PY
strings -n 6 "$work/shop/home/audit.log" >"$work/strings"
cat "$work/export.jsonl" "$work/shop/node.log" >>"$work/strings"
if grep -E 'Canary|canary[1-3]@|example\.org|SELECT|item [0-9]+ of' "$work/strings"; then
    fail "a value or a statement stands in the log"
fi

say "- two other domains keep what the node signed, so that a log that is cut off or written anew is found"
shop_id=$(fh shop -o csv domain show | grep -om1 'fhd1[a-z2-7]*')
witnessed() { fh "$1" -o csv audit witnessed | grep -q "^$shop_id,"; }
until_true 30 "a checkpoint of shop at museum" witnessed museum
until_true 30 "a checkpoint of shop at market" witnessed market
succeeds fh shop -o json audit verify
is "['whole', 2, True]" '[d[0]["verdict"], d[0]["witnesses"], 0 < d[0]["witnessed up to"] <= d[0]["signed up to"] + 1]'
upto=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[0]["witnessed up to"])' "$work/out")
cp "$work/shop/home/audit.log" "$work/witnessed.log"
stop_node shop
python3 - "$work/witnessed.log" "$work/shop/home/audit.log" "$upto" <<'PY'
import sys
data, at = open(sys.argv[1], "rb").read(), 0
for _ in range(int(sys.argv[3]) - 1):
    at += 36 + int.from_bytes(data[at:at + 4], "big")
open(sys.argv[2], "wb").write(data[:at])
PY
succeeds fh shop audit verify # of itself it is whole
start_node shop
refused_by() { ! fh shop -o json audit verify >"$work/out" 2>"$work/err" && grep -q "rule: $1" "$work/err"; }
until_true 20 "the cut end is found" refused_by audit.truncated
rewritten() # the same number again, of another record
{
    fh museum query 'SELECT count(*) FROM shop.people' >/dev/null 2>&1 || true
    refused_by audit.rewritten
}
until_true 30 "what was written anew is found" rewritten
stop_node shop
rm -r "$work/shop/home/audit" "$work/shop/home/audit.log"
cp "$work/witnessed.log" "$work/shop/home/audit.log"
start_node shop

say "- a record that is changed, left out or moved is found"
stop_node shop
cp "$work/shop/home/audit.log" "$work/kept.log"
frames=$(python3 - "$work/kept.log" <<'PY'
import sys
data, at, begins = open(sys.argv[1], "rb").read(), 0, []
while int.from_bytes(data[at:at + 4], "big"):
    begins.append(at)
    at += 36 + int.from_bytes(data[at:at + 4], "big")
print(*begins, at)
PY
)
read -ra frames <<<"$frames"
middle=$((${#frames[@]} / 2))
# changed PYTHON RULE: the log as the script makes it of `data`, a frame being `a:b`.
changed()
{
    python3 -c "
import sys
data = open(sys.argv[1], 'rb').read()
a, b, c, end = (int(n) for n in sys.argv[3:])
open(sys.argv[2], 'wb').write($1)" "$work/kept.log" "$work/shop/home/audit.log" \
        "${frames[middle]}" "${frames[middle + 1]}" "${frames[middle + 2]}" "${frames[-1]}"
    local status=0
    fh shop audit verify >"$work/out" 2>"$work/err" || status=$?
    ((status == 1)) || fail "verify ends with $status: $1"
    grep -q "rule: $2" "$work/err" || fail "$1: $(cat "$work/err")"
    grep -q changed "$work/out" || fail "$1: $(cat "$work/out")"
}
changed 'data[:a + 40] + bytes([data[a + 40] ^ 1]) + data[a + 41:]' audit.hash
changed 'data[:a] + data[b:]' audit.seq
changed 'data[:a] + data[b:c] + data[a:b] + data[c:]' audit.seq
changed 'data[:b] + data[a:b] + data[b:]' audit.seq
changed 'data[:a + 50] + bytes(len(data) - a - 50)' audit.hash
changed 'data[:end] + b"more"' audit.torn
changed 'data[a:]' audit.seq
cp "$work/kept.log" "$work/shop/home/audit.log"
succeeds fh shop audit verify
start_node shop
