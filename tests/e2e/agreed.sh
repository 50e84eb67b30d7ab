#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What domains agree on, enforced: what a contract must say and how long its end is known before it comes, the age
# of rows, promises, formats and residence.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

freehold=$bin/freehold

# orders: one of today, one of the day before, one of ten days ago
make_orders()
{
    local days
    echo 'id,placed,amount'
    for days in 0 1 10; do
        echo "$((days + 1)),$(date -u -d "-$days days" +%F) 00:00:00,$((days * 10))"
    done
}
make_orders >"$data/orders.csv"
cat >"$data/orders.odcs.yaml" <<'YAML'
apiVersion: v3.1.0
kind: DataContract
id: contract-of-orders
name: orders
version: 1.0.0
status: active
description:
  purpose: Orders as they were placed.
schema:
  - name: orders
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: placed, logicalType: timestamp, classification: internal}
      - {name: amount, logicalType: integer, classification: internal}
roles:
  - {role: mesh, access: read}
servers:
  - {server: here, type: local, path: orders.csv, format: csv}
YAML
make_product open 4
make_mesh shop museum market
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
prints 'museum/open@1.0.0' fh museum product publish "$data/open.odcs.yaml"
let_in museum ann analyst
until_true 10 "the products at museum" finds museum 2
until_true 10 "the products at market" finds market 2
all='SELECT id FROM shop.orders ORDER BY id'

say "- what a contract must say: told of what is there, refused of what comes"
policy 1.0.0 'require: [{fields: [owner, classification]}]
naming: [{of: column, pattern: "[a-z_]+"}]
notice: [{days: 30}]'
no=0
"$freehold" policy lint "$data/personal.policy.yaml" --against "$data/orders.odcs.yaml" \
    >"$work/out" 2>"$work/err" || no=$?
((no == 1)) || fail "lint ends with $no"
grep -q 'orders: the contract lacks a team' "$work/out" || fail "$(cat "$work/out")"
succeeds fh shop policy publish "$data/personal.policy.yaml"
grep -q 'orders@1: the contract lacks a team.*next version will be refused' "$work/err" || fail "$(cat "$work/err")"
grep -q 'schema.orders.properties.id' "$work/err" || fail "$(cat "$work/err")"
prints 'id
1
2
11' as ann -o csv query "$all"
sed -i -e 's/^version: .*/version: 1.1.0/' "$data/orders.odcs.yaml"
refused 1 'policy.require.owner' 'and 1 more' -- fh shop product publish "$data/orders.odcs.yaml"
refused 1 'policy.require.owner' -- fh shop product publish "$data/orders.odcs.yaml" --dry-run
sed -i -e 's/^status: active/&\nteam: [{username: ada}]/' -e 's/name: id, logicalType: integer/&, classification: public/' \
    "$data/orders.odcs.yaml"
prints 'shop/orders@1.1.0' fh shop product publish "$data/orders.odcs.yaml"

say "- its end is known in time"
refused 1 'policy.notice' 'wants 30 days' -- fh shop product deprecate shop/orders@1 --sunset "$(date -u -d +29days +%F)"
refused 1 'policy.notice' 'names a sunset' -- fh shop product deprecate shop/orders@1
refused 1 'policy.notice' -- fh shop product retire shop/orders@1 --force
succeeds fh shop product deprecate shop/orders@1 --sunset "$(date -u -d +31days +%F)"
refused 1 'policy.notice' -- fh shop product retire shop/orders@1 --force

say "- rows of two days, wherever they are asked for"
enforce 1.1.0 'retention: [{column: placed, days: 2}]'
prints 'id
1
2' as ann -o csv query "$all"
prints 'id
1
2' as ann -o csv query "$all" --peer "${address[market]}"
prints 'n
2' as ann -o csv query 'SELECT count(*) AS n FROM shop.orders o JOIN museum.open m ON o.id = m.id'
prints 'n
3' fh shop -o csv query 'SELECT count(*) AS n FROM shop.orders'
succeeds fh shop -o csv policy explain orders --as museum
grep -q '^orders,"",rows,"""placed"" >= TIMESTAMP' "$work/out" || fail "$(cat "$work/out")"
policy 1.2.0 'retention: [{table: orders, column: amount, days: 2}]'
refused 1 'policy.retention.type' 'of type BIGINT' -- fh shop policy publish "$data/personal.policy.yaml"

say "- what an answer is written as"
enforce 1.2.0 'export: [{formats: [csv]}]'
prints 'id
1
2
11' as ann -o csv query "$all"
refused 4 'policy.export' 'only shown, or as csv' -- as ann -o json query "$all"
refused 4 'policy.export' -- as ann -o parquet query "$all" --out "$work/all.parquet"
refused 4 'policy.export' -- as ann -o json query "$all" --peer "${address[market]}"
refused 4 'policy.export' -- as ann -o json query 'SELECT o.id FROM shop.orders o JOIN museum.open m ON o.id = m.id'
succeeds as ann query "$all"

say "- who reads, and whose nodes join"
enforce 1.3.0 'residency: [{read: [museum], join: [museum]}]'
succeeds as ann query "$all"
let_in market mia analyst
refused 4 'policy.residency' 'is not read by market' -- as mia query "$all" --peer "${address[market]}"
refused 4 'policy.residency' 'is not joined by nodes of market' -- \
    as ann query 'SELECT o.id FROM shop.orders o JOIN museum.open m ON o.id = m.id' --peer "${address[market]}"
succeeds as ann query 'SELECT o.id FROM shop.orders o JOIN museum.open m ON o.id = m.id'
say "all of it"
