#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `freehold contract test` for people who have no home and no mesh: outcomes, exit codes, JSON, JUnit,
# samples, times; the demo's contracts over their data where it is there; contracts of others.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

unset FREEHOLD_HOME
home=$HOME # for the cache of the demo's data
export HOME=$work/nobody TMPDIR=$work/tmp
mkdir "$HOME" "$TMPDIR"
: >"$data/node.log" # no node has one here
folder=$work/orders
mkdir -p "$folder/data"
cat >"$folder/data/orders.csv" <<'CSV'
id,total,mail,placed
1,10.50,a@b.example,2026-03-01T10:00:00
2,-3,secret@c.example,2026-03-01T11:00:00
2,7,nobody,2026-03-01T11:30:00
CSV
cat >"$folder/orders.odcs.yaml" <<'YAML'
apiVersion: v3.1.0
kind: DataContract
id: orders
name: Orders of the shop
version: 1.0.0
status: active
servers:
  - {server: files, type: local, path: data/orders.csv, format: csv}
schema:
  - name: orders
    properties:
      - {name: id, logicalType: integer, required: true, classification: public}
      - name: total
        logicalType: number
        classification: public
        logicalTypeOptions: {minimum: 0}
      - {name: mail, logicalType: string, logicalTypeOptions: {format: email}}
      - {name: placed, logicalType: timestamp}
    quality:
      - {id: enough, metric: rowCount, mustBeGreaterThan: 2}
      - {id: ids, metric: duplicateValues, arguments: {properties: [id]}, mustBe: 0, severity: info}
      - {id: words, type: text, description: "It looks <good> & \"fine\"."}
      - {id: "thief", type: sql, query: "SELECT count(*) FROM read_csv('/etc/passwd')", mustBe: 0}
slaProperties:
  - {property: latency, value: 1, unit: h, element: orders.placed}
YAML
contract=$folder/orders.odcs.yaml
freehold=$bin/freehold

# tested EXIT ARGUMENTS...: runs the test; output in out and err.
tested()
{
    local expected=$1 status=0
    shift
    timeout 60 "$freehold" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    ((status == expected)) || {
        cat "$work/out" "$work/err" >&2
        fail "exit code $status instead of $expected: freehold $*"
    }
    [[ -z $(ls -A "$TMPDIR") ]] || fail "left behind: $(ls "$TMPDIR")"
}

# says FILE TEXT...
says()
{
    local file=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$work/$file" || {
            cat "$work/$file" >&2
            fail "$file does not say '$text'"
        }
    done
}

say "- outcomes and exit codes"
tested 1 contract test "$contract" --now 2026-03-01T12:00:00Z
says out 'failed   schema.orders.properties.total.minimum' 'failed   schema.orders.properties.mail.format' \
    'passed   schema.orders.quality.enough' 'warning  schema.orders.quality.ids' \
    'not_run  schema.orders.quality.words' 'not_run  schema.orders.quality.thief' 'sql.gate.table_function' \
    'passed   slaProperties.latency' 'PT30M'
says err '2 failed, 1 warnings, 2 not run; 3 rows in 1 table' 'rule: check.failed'
tested 0 contract test "$contract" --only quality
tested 1 contract test "$contract" --only quality --fail-on warning
tested 0 contract test "$contract" --only sla --now 2026-03-01T12:00:00Z
tested 1 contract test "$contract" --only sla --now 2026-03-02
says out 'failed' 'the newest value is of 2026-03-01T11:30:00Z'

say "- samples hide what is not public"
tested 1 contract test "$contract" --samples 5
says out '-3'
grep -qF 'nobody' "$work/out" && fail "a value that is not public was shown"
says out '***'
tested 1 -o json contract test "$contract" --samples 5
python3 - "$work/out" <<'PY'
import json, sys
checks = {c["check"]: c for c in json.load(open(sys.argv[1]))}
total = checks["schema.orders.properties.total.minimum"]
assert total["outcome"] == "failed" and total["failing"] == 1 and total["total"] == 3, total
assert total["samples"] == [{"total": "-3"}], total
assert checks["schema.orders.properties.mail.format"]["samples"] == [{"mail": "***"}]
assert checks["schema.orders.quality.thief"]["reason"].endswith("(sql.gate.table_function)")
assert checks["schema.orders.quality.ids"]["severity"] == "warning"
PY

say "- JUnit"
tested 1 contract test "$contract" --junit "$work/report.xml" --fail-on warning
python3 - "$work/report.xml" <<'PY'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
suites = {s.get("name"): s for s in root}
assert root.tag == "testsuites" and set(suites) == {"orders.schema", "orders.quality", "orders.sla"}, suites
quality = suites["orders.quality"]
assert (quality.get("tests"), quality.get("failures"), quality.get("skipped")) == ("4", "1", "2")
for suite in root:
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")), suite.get("name")
PY

say "- what it refuses"
tested 2 contract test "$contract" --only beauty
says err 'none of schema, quality, sla'
tested 2 contract test "$contract" --now yesterday
tested 2 contract test "$contract" --samples 0
tested 2 contract test "$contract" --server nowhere
says err 'server.unknown'
tested 1 contract test "$folder/gone.yaml"
sed 's/metric: rowCount/metric: beauty/' "$contract" >"$folder/broken.yaml"
tested 1 contract test "$folder/broken.yaml"
says err 'broken.yaml:'
for path in ../orders/data/orders.csv /etc/passwd data/gone.csv; do
    sed "s|path: [^,]*|path: $path|" "$contract" >"$folder/other.yaml"
    tested 1 contract test "$folder/other.yaml" --only schema
    says out 'failed   schema.orders.source'
done
ln -s ../../orders/data/orders.csv "$folder/data/link.csv"
sed "s|path: [^,]*|path: data/link.csv|" "$contract" >"$folder/other.yaml"
tested 1 contract test "$folder/other.yaml" --only schema
says out 'crosses a symbolic link'

say "- the demo's contracts keep their promises"
if HOME=$home "$source_folder/deploy/demo/fetch" --check >/dev/null 2>&1; then
    cp -r "$source_folder/deploy/demo" "$work/demo"
    HOME=$home "$source_folder/deploy/demo/fetch" --into "$work/demo" >/dev/null 2>&1
    for file in "$work"/demo/*/*.odcs.yaml; do
        tested 0 contract test "$file" --fail-on warning
    done
else
    say "  skipped: deploy/demo/fetch has not fetched the data of the demo"
fi

say "- contracts that others wrote"
shared=${FH_SHARED_DATA:-}/odcs
if [[ -d $shared/data ]]; then
    mkdir -p "$work/others/fixtures/schema-evolution/invalid"
    for file in "$shared"/data/schema-evolution__*; do
        name=${file##*/schema-evolution__}
        cp "$file" "$work/others/fixtures/schema-evolution/${name/invalid__/invalid/}"
    done
    cp "$shared"/datacontract-cli/schema-evolution__*.yaml "$work/others"
    cd "$work/others"
    first=schema-evolution__odcs-datacontract-cities-version-1.yaml
    third=schema-evolution__odcs-datacontract-cities-version-3.yaml
    tested 0 contract test "$first" --server dev-csv
    tested 0 contract test "$first" --server dev-parquet
    tested 1 contract test "$first"
    says out 'name one with --server'
    tested 1 contract test "$third" --server historical-parquet # has no column population
    says out 'failed   schema.cities.properties.population.present'
    tested 1 contract test "$third" --server current-csv-invalid
    tested 1 contract test "$third" --server mixed-schema-csv # many files are not read
    says out 'failed   schema.cities.source'
else
    say "  skipped: $shared/data is absent (FH_SHARED_DATA)"
fi
