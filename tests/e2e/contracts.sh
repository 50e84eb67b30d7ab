#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Contracts without a mesh: no home, no node. Lint of many files in one run, and export in every
# format; DuckDB runs the SQL, rows are checked against the JSON Schema.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
unset FREEHOLD_HOME
mkdir "$work/nobody" # no node, so no log: common.sh looks for one
: >"$work/nobody/node.log"
contract() # ARGUMENTS of `freehold contract`
{
    bounded "$bin/freehold" contract "$@"
}

say "- lint: one verdict for all files, and every finding"
make_contract orders 1.0.0 >"$data/good.yaml"
sed 's/logicalType: integer/logicalType: intger/' "$data/good.yaml" >"$data/bad.yaml"
sed 's/^status:.*/status: [draft]/' "$data/bad.yaml" >"$data/worse.yaml"
succeeds contract lint "$data/good.yaml"
[[ ! -s $work/out && $(<"$work/err") == *"no errors, 0 warnings"* ]] || fail "lint of a good contract says more"
contract lint - <"$data/good.yaml" >"$work/out" 2>&1 || fail "lint of standard input: $(<"$work/out")"
refused_lint() # EXIT TEXT... -- ARGUMENTS: findings are on standard output
{
    local expected=$1 status=0 text texts=()
    shift
    while [[ $1 != -- ]]; do
        texts+=("$1")
        shift
    done
    shift
    contract lint "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    ((status == expected)) || fail "exit code $status instead of $expected: lint $*"
    for text in "${texts[@]}"; do
        grep -qF -- "$text" "$work/out" "$work/err" || fail "lint $* does not say: $text"
    done
}
refused_lint 1 'bad.yaml:12:33: error:' 'worse.yaml:6:9: error: status: expected a string, found a list' \
    'did you mean integer?' '2 of 3 files: 3 errors, 0 warnings' 'rule: odcs.choice' -- \
    "$data/good.yaml" "$data/bad.yaml" "$data/worse.yaml"
refused_lint 1 "$data/nowhere.yaml: no such file" '2 of 3 files: 1 error' -- \
    "$data/nowhere.yaml" "$data/bad.yaml" "$data/good.yaml"
refused_lint 2 'is none of 3.0.2, 3.0.2-strict, 3.1.0, 3.2.0' -- --schema 2 "$data/good.yaml"
refused_lint 1 'says v3.1.0, which the schema of v3.0.2 does not know' -- --schema 3.0.2 "$data/good.yaml"
sed 's/^status:.*/status: lively/' "$data/good.yaml" >"$data/lively.yaml"
succeeds contract lint "$data/lively.yaml"
refused_lint 1 'publish.status' -- --publish "$data/lively.yaml"
contract lint -o json "$data/bad.yaml" "$data/worse.yaml" >"$work/out" 2>"$work/err" && fail "a bad contract passes"
python3 - "$work/out" <<'PYTHON'
import json, sys
found = json.load(open(sys.argv[1]))
assert len(found) == 3, found
assert {f["file"].rsplit("/", 1)[1] for f in found} == {"bad.yaml", "worse.yaml"}
assert all(f["line"] > 0 and f["rule"].startswith("odcs.") and f["message"] for f in found), found
PYTHON
printf '%s\n' '{"openapi": "3.1.0"}' >"$data/api.yaml"
refused_lint 1 'this describes an API (OpenAPI), not data' -- "$data/api.yaml"

say "- export: YAML that reads as the same contract"
cat >"$data/shop.yaml" <<'YAML'
apiVersion: v3.2.0
kind: DataContract
id: shop
version: 1.0.0
status: active
name: shop
description:
  purpose: Orders & customers of the <b>market</b> hall
  limitations: |
    - none before 2020

    "none" after
schema:
  - name: orders
    physicalName: order's
    description: What people bought; it's all here
    relationships:
      - {from: orders.customer, to: customers.id}
    quality:
      - {metric: rowCount, mustBeGreaterThan: 999999}
    properties:
      - {name: id, logicalType: integer, primaryKey: true, logicalTypeOptions: {minimum: 1}}
      - {name: customer, logicalType: string, required: true}
      - name: state
        logicalType: string
        enum: [{value: open}, {value: "it's paid", label: Paid}]
      - {name: day, logicalType: date, logicalTypeOptions: {minimum: "2020-01-01"}}
      - {name: price, logicalType: number, physicalType: "DECIMAL(10,2)", logicalTypeOptions: {exclusiveMinimum: 0}}
      - {name: code, logicalType: string, logicalTypeOptions: {minLength: 2, maxLength: 3, pattern: "^[A-Z]+$"}}
      - name: lines
        logicalType: array
        logicalTypeOptions: {minItems: 1}
        items:
          logicalType: object
          properties: [{name: item, logicalType: string, required: true}, {name: count, logicalType: integer}]
      - {name: notes, logicalType: map, map: {key: {logicalType: string}, value: {logicalType: number}}}
      - {name: total, logicalType: number, semanticType: measure, transformLogic: sum(price)}
  - name: customers
    properties:
      - {name: id, logicalType: string, primaryKey: true}
      - {name: mail, logicalType: string, unique: true, classification: restricted}
YAML
succeeds contract lint "$data/shop.yaml"
contract export "$data/shop.yaml" >"$data/again.yaml"
succeeds contract lint "$data/again.yaml"
contract export "$data/again.yaml" | cmp - "$data/again.yaml" || fail "a written contract is not written the same again"
contract export - --format odcs <"$data/shop.yaml" | cmp - "$data/again.yaml" || fail "standard input is another contract"
refused 1 'did you mean integer?' -- contract export "$data/bad.yaml"
refused 2 'is none of odcs, jsonschema, sql, html, markdown' -- contract export "$data/shop.yaml" --format avro
refused 2 'the contract has no table nothing' -- contract export "$data/shop.yaml" -f sql --table nothing
refused 2 '--dialect goes with --format sql' -- contract export "$data/shop.yaml" --dialect duckdb

say "- export: SQL that DuckDB runs and holds to"
contract export "$data/shop.yaml" --format sql -o "$data/shop.sql"
printf 'SELECT 1 AS one' >"$data/one.sql"
duckdb() # SQL: behind the exported statements
{
    {
        cat "$data/shop.sql"
        printf '%s;\n' "$1"
    } >"$data/all.sql"
    bounded "$bin/fh-direct" "$data/all.sql" "$data" "$data/one.sql"
}
customer="INSERT INTO customers VALUES ('c', 'm')"
order() # VALUES...: an order with these, behind a customer
{
    duckdb "$customer; INSERT INTO \"order's\" VALUES ($1)"
}
prints "$(printf 'one\n1')" order "1, 'c', 'it''s paid', DATE '2024-01-31', 1.5, 'AB', [{'item': 'i', 'count': 1}], MAP {'k': 1.5}"
refused 1 'CHECK constraint' -- order "0, 'c', 'open', NULL, 1.5, 'AB', NULL, NULL"
refused 1 'NOT NULL constraint' -- order "1, NULL, 'open', NULL, 1.5, 'AB', NULL, NULL"
refused 1 'CHECK constraint' -- order "1, 'c', 'shut', NULL, 1.5, 'AB', NULL, NULL"
refused 1 'CHECK constraint' -- order "1, 'c', 'open', DATE '2019-12-31', 1.5, 'AB', NULL, NULL"
refused 1 'CHECK constraint' -- order "1, 'c', 'open', NULL, 0, 'AB', NULL, NULL"
refused 1 'CHECK constraint' -- order "1, 'c', 'open', NULL, 1.5, 'A', NULL, NULL"
refused 1 'CHECK constraint' -- order "1, 'c', 'open', NULL, 1.5, 'AB', [], NULL"
refused 1 'foreign key constraint' -- order "1, 'nobody', 'open', NULL, 1.5, 'AB', NULL, NULL"
refused 1 'Duplicate key' -- duckdb "$customer; INSERT INTO customers VALUES ('d', 'm')"
contract export "$data/shop.yaml" --format sql --dialect postgres >"$work/out"
grep -qF 'ALTER TABLE "order'"'"'s" ADD FOREIGN KEY ("customer") REFERENCES "customers" ("id");' "$work/out" ||
    fail "no foreign key for PostgreSQL"
grep -qF '"lines" JSONB' "$work/out" || fail "no JSONB for PostgreSQL"

say "- export: a JSON Schema that accepts the rows, and no others"
contract export "$data/shop.yaml" --format jsonschema --table orders -o "$data/orders.json"
cat >"$data/rows.json" <<'JSON'
[{"id": 1, "customer": "c", "state": "open", "day": "2024-01-31", "price": 1.5, "code": "AB",
  "lines": [{"item": "i", "count": null}], "notes": {"k": 1.5}},
 {"id": 2, "customer": "c", "state": null, "price": null, "lines": null}]
JSON
succeeds python3 "$source_folder/tests/e2e/check_rows.py" "$data/orders.json" "$data/rows.json" \
    id=0 id=null id=1.5 id=- customer=null 'state="shut"' 'day="31.1.2024"' price=0 'code="ab"' 'code="ABCD"' \
    'lines=[]' 'lines=[{"count":1}]' 'notes={"k":"v"}'
contract export "$data/shop.yaml" --format jsonschema -o "$data/any.json"
succeeds python3 "$source_folder/tests/e2e/check_rows.py" "$data/any.json" "$data/rows.json" id=null

say "- export: pages that hold nothing but text"
contract export "$data/shop.yaml" --format html >"$work/page.html"
python3 - "$work/page.html" <<'PYTHON'
import sys
from html.parser import HTMLParser

class Page(HTMLParser):
    void = {"meta", "br"}
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text, self.ids, self.jumps = [], [], "", set(), []
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.seen.append(tag)
        assert not any(name.startswith("on") for name in attrs), attrs
        if tag not in self.void:
            self.open.append(tag)
        if "id" in attrs:
            assert attrs["id"] not in self.ids
            self.ids.add(attrs["id"])
        if attrs.get("href", "").startswith("#"):
            self.jumps.append(attrs["href"][1:])
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        self.text += data

page = Page()
page.feed(open(sys.argv[1], encoding="utf-8").read())
assert not page.open, page.open
assert not {"script", "img", "link", "iframe", "b"} & set(page.seen), set(page.seen)
assert "Orders & customers of the <b>market</b> hall" in page.text
assert "The table has more than 999,999 rows" in page.text
assert "always there" in page.text and "restricted" in page.text and "Paid" in page.text
assert page.jumps and all(jump in page.ids for jump in page.jumps), (page.jumps, page.ids)
PYTHON
contract export "$data/shop.yaml" --format markdown >"$work/page.md"
grep -qF '# shop' "$work/page.md" || fail "no title in Markdown"
grep -qF 'Orders &amp; customers of the &lt;b&gt;market&lt;/b&gt; hall' "$work/page.md" || fail "markup in Markdown"
# shellcheck disable=SC2016 # the backquotes are Markdown's
grep -qE '^\| `id` \*\*key\*\* \| Whole number, at least 1 <br>\*\*always there\*\* \|' "$work/page.md" ||
    fail "no row for a column in Markdown"
full=/dev/full
[[ -c $full ]] && refused 1 'could not be written' -- bash -c "'$bin/freehold' contract export '$data/shop.yaml' >$full"

examples=${FH_SHARED_DATA:-}/odcs
if [[ ! -d $examples/bitol-3.2dev ]]; then
    say "- skipped: the official examples are absent (FH_SHARED_DATA)"
    exit 0
fi
say "- the 46 official examples pass in one run, each of the 28 official negatives is refused"
mapfile -t files < <(find "$examples"/bitol-3.1 "$examples"/bitol-3.2dev -name '*.yaml' | sort)
[[ ${#files[@]} -eq 46 ]] || fail "${#files[@]} official examples, not 46"
contract lint "${files[@]}" >"$work/out" 2>&1 || fail "an official example is refused: $(cat "$work/out")"
grep -q 'warning.*addresses has no property address_street' "$work/out" ||
    fail "nothing is said of the example whose relationship names no column"
negatives=("$examples"/bitol-negative/*.yaml)
[[ ${#negatives[@]} -eq 28 ]] || fail "${#negatives[@]} official negatives, not 28"
for file in "${negatives[@]}"; do
    refused_lint 1 -- "$file"
done
exported=0
for file in "${files[@]}" "$examples"/datacontract-cli/*.y*ml; do
    contract lint "$file" >"$work/out" 2>&1 || continue
    for format in odcs html markdown; do
        contract export "$file" -f $format -o "$work/document"
    done
    if contract export "$file" -f sql -o "$data/shop.sql" 2>"$work/err"; then
        contract export "$file" -f jsonschema | python3 -c 'import json, sys; json.load(sys.stdin)'
        bounded "$bin/fh-direct" "$data/shop.sql" "$data" "$data/one.sql" >"$work/out" 2>&1 ||
            fail "DuckDB refuses the SQL of $file: $(<"$work/out")"
    else
        grep -qF 'no table under schema' "$work/err" || fail "$file: $(<"$work/err")"
    fi
    exported=$((exported + 1))
done
((exported == 76)) || fail "$exported contracts of 76 were exported"
