#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A product that is shown by groups of at least five: what its consumers are told, what is refused, and ten members of one
# domain who attack it together, by every door and in joins (groups_attack.py). The same attack over the same
# product with hidden names and no groups must find people: else it shows nothing.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

attack=$source_folder/tests/e2e/groups_attack.py
people=$(python3 "$attack" data "$data/orders.csv")
cat >"$data/orders.odcs.yaml" <<'YAML'
apiVersion: v3.1.0
kind: DataContract
id: contract-of-orders
name: orders
version: 1.0.0
status: active
description:
  purpose: What was bought, by people whose amounts are nobody's business.
schema:
  - name: orders
    properties:
      - {name: person, logicalType: integer, required: true}
      - {name: region, logicalType: string, required: true}
      - {name: placed, logicalType: timestamp, required: true}
      - {name: channel, logicalType: string, required: true}
      - {name: amount, logicalType: integer, required: true}
      - {name: pieces, logicalType: integer, required: true}
roles:
  - {role: mesh, access: read}
servers:
  - {server: here, type: local, path: orders.csv, format: csv}
YAML
python3 - >"$data/known.csv" <<'PY'
print("region,month,channel,weight")
for at in range(24):
    print(f"r{at // 6},{at // 2 % 3 + 1},c{at % 2},{at}")
PY
make_contract known 1.0.0 | sed -e 's/name: id, logicalType: integer, required: true.*/name: region, logicalType: string}/' \
    -e 's/name: item, logicalType: string, required: true/name: month, logicalType: integer/' \
    -e 's/name: price, logicalType: number, required: true}/name: channel, logicalType: string}\n      - {name: weight, logicalType: integer}/' \
    >"$data/known.odcs.yaml"
make_mesh shop museum
open_door museum "http_listen: 127.0.0.1:$((port + 5))" "postgres_listen: 127.0.0.1:$((port + 6))"
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
prints 'museum/known@1.0.0' fh museum product publish "$data/known.odcs.yaml"
until_true 20 "both products at museum" finds museum 2
for n in 1 2 3 4 5 6 7 8 9 10; do
    let_in museum "member$n" analyst
    as "member$n" -o csv token create --node "${address[museum]}" --until 1h >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
    column token >>"$work/tokens"
done
until_true 20 "the members at shop" as member10 -o csv query 'SELECT 1' --peer "${address[shop]}"
psql=()
command -v psql >/dev/null && psql=(--psql $((port + 6)))
# attacks OUT: by all of them.
attacks()
{
    python3 "$attack" attack "$data/orders.csv" --http $((port + 5)) --tokens "$work/tokens" \
        --cli "$bin/freehold" "$work/museum/home" "${address[shop]}" "${psql[@]}" >"$1" || fail "the attack ended: $(cat "$1")"
    cat "$1"
}
# found FILE PYTHON: an expression over what an attack says of itself.
found() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$1" "$2"; }

say "- without groups, ten members find who paid what"
enforce 1.0.0 'hide: [{columns: [person]}]'
attacks "$work/bare.json"
found "$work/bare.json" "d['isolated'] >= $people // 2 and d['small'] > 0 and min(d['ways'].values()) > 5" ||
    fail "the attack finds nobody where nothing keeps it from it"

say "- by groups, they find nobody"
groups='minimum_group:
  - table: orders
    size: 5
    subject: person
    dimensions: [region, channel, {column: placed, to: month}]
    measures: [amount, pieces]'
enforce 1.1.0 "$groups"
attacks "$work/kept.json"
found "$work/kept.json" "d['isolated'] == 0 and d['small'] == 0" || fail "somebody was found"
found "$work/kept.json" "d['groups'] == 12 and d['answered'] > 120 and d['sums'] > 100" || fail "hardly anything was answered"

say "- sums are those of the groups that are large enough, and every answer says so"
sums='SELECT region, count(*) AS n, sum(amount) AS s FROM shop.orders GROUP BY 1 ORDER BY 1'
python3 - "$data/orders.csv" >"$work/expected" <<'PY'
import collections, csv, sys
people, sums = collections.defaultdict(set), collections.defaultdict(lambda: [0, 0])
rows = list(csv.DictReader(open(sys.argv[1])))
for row in rows:
    people[row["region"], row["placed"][:7], row["channel"]].add(row["person"])
for row in rows:
    if len(people[row["region"], row["placed"][:7], row["channel"]]) >= 5:
        sums[row["region"]][0] += 1
        sums[row["region"]][1] += int(row["amount"])
print("region,n,s")
for region in sorted(sums):
    print(region, *sums[region], sep=",")
PY
prints "$(cat "$work/expected")" fh museum -o csv query "$sums"
grep -q 'masked for you: .*amount.*; rows are means of groups of 5 or more; smaller groups are left out' "$work/err" ||
    fail "nothing is said of groups: $(cat "$work/err")"
prints "$(cat "$work/expected")" fh museum -o csv query "$sums" --peer "${address[shop]}"
prints "$(cat "$work/expected")" fh museum -o csv query \
    'SELECT o.region, count(*) AS n, sum(o.amount) AS s FROM shop.orders o, (SELECT DISTINCT month FROM museum.known) k
     WHERE k.month = month(o.placed) GROUP BY 1 ORDER BY 1'
grep -q 'groups of 5 or more' "$work/err" || fail "a join says nothing of groups: $(cat "$work/err")"
curl -sS -m 60 -H "Authorization: Bearer $(head -n 1 "$work/tokens")" \
    "http://127.0.0.1:$((port + 5))/v1/products/shop/orders@1/sample" >"$work/sample" || fail "no sample"
grep -q '"group_size": *5' "$work/sample" || fail "a sample says nothing of groups: $(cat "$work/sample")"
succeeds fh shop -o csv policy explain orders --as museum
grep -q 'amount,mean of its group,"policy personal 1.1.0, line ' "$work/out" || fail "$(cat "$work/out")"
grep -q 'person,hidden,' "$work/out" || fail "$(cat "$work/out")"
grep -q 'groups,of 5 or more' "$work/out" || fail "$(cat "$work/out")"
succeeds fh shop -o csv compliance report
grep 'minimum_group' "$work/out" | grep -q 'applied to every answer' || fail "$(cat "$work/out")"

say "- conditions leave out whole groups, or close the product"
policy 1.2.0 "$groups
filter: [{table: orders, where: \"amount > 500000000\"}]"
refused 1 'filter.sql' amount -- fh shop policy publish "$data/personal.policy.yaml"
printf 'name: young\nversion: 1.0.0\nfilter: [{table: orders, where: "amount > 500000000"}]\n' >"$data/young.policy.yaml"
prints 'young 1.0.0' fh shop policy publish "$data/young.policy.yaml"
refused 4 'policy.group.filter' -- fh museum query 'SELECT sum(amount) FROM shop.orders'
printf 'name: young\nversion: 1.1.0\n' >"$data/young.policy.yaml"
succeeds fh shop policy publish "$data/young.policy.yaml"
enforce 1.3.0 "$groups
filter: [{table: orders, where: \"placed < date_trunc('month', current_date) AND placed < TIMESTAMP '2026-01-15'\"}]"
prints 'm,n
1,4' fh museum -o csv query 'SELECT month(placed) AS m, count(DISTINCT (region, channel)) AS n FROM shop.orders GROUP BY 1'

say "- a rule that is none is refused, and changes nothing"
for rule in 'minimum_group: [{table: orders, size: 1, subject: person, measures: [amount]}]' \
    'minimum_group: [{table: orders, size: 5, subject: customer, measures: [amount]}]' \
    'minimum_group: [{table: orders, size: 5, subject: person, measures: [region]}]' \
    'minimum_group: [{table: orders, size: 5, subject: person, dimensions: [town]}]'; do
    policy 1.4.0 "$rule"
    refused 1 'policy.' -- fh shop policy publish "$data/personal.policy.yaml"
done
refused 1 'sql.bind' -- fh museum query 'SELECT person FROM shop.orders'
