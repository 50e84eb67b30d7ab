#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What domains agree on, enforced: what a contract must say and how long its end is known before it comes, the age
# of rows, promises, formats and residence.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

freehold=$bin/freehold

# orders: one of tomorrow, one of today, one of nine days ago: two days hold the first two of them, also when it is
# midnight in between.
make_orders()
{
    local days
    echo 'id,placed,amount'
    for days in 0 1 10; do
        echo "$((days + 1)),$(date -u -d "$((1 - days)) days" +%F) 00:00:00,$((days * 10))"
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
say "- a policy of the mesh governs everybody's products, and is at every node at once"
mesh_policy()
{
    printf 'name: agreed\nversion: %s\n%s\n' "$1" "$2" >"$data/agreed.policy.yaml"
}
of_mesh()
{
    [[ $(fh "$1" -o csv policy list | sed -n 's/^agreed,\([^,]*,[^,]*\),.*,mesh$/\1/p') == "$2" ]]
}
enforce 2.0.0 'hide: [{columns: [placed]}]'
mesh_policy 1.0.0 'domains: [museum, shop]
mask: [{columns: [item, amount], method: "null"}]
require: [{fields: [owner]}]'
refused 5 'identity.charter.policy_threshold' -- fh museum policy publish "$data/agreed.policy.yaml" --mesh
prints 'agreed 1.0.0' fh shop policy publish "$data/agreed.policy.yaml" --mesh
for domain in museum market; do
    until_true 10 "the policy at $domain" of_mesh "$domain" '1.0.0,in force'
done
prints 'id,item
1,' fh shop -o csv query 'SELECT id, item FROM museum.open WHERE id = 1'
prints 'id,amount
1,' as ann -o csv query 'SELECT id, amount FROM shop.orders WHERE id = 1'
refused 1 'sql.bind' -- as ann query 'SELECT placed FROM shop.orders'
in_step()
{
    [[ $(fh shop -o csv policy status | grep -c ',in step,agreed 1.0.0$') == 3 ]]
}
until_true 10 "everybody in step" in_step
[[ $(fh market -o csv policy history agreed --mesh | tail -n +2 | cut -d , -f 1,2,5) == '1,1.0.0,1' ]] ||
    fail "history of the mesh's"
[[ $(fh shop -o csv policy history personal | tail -n +2 | wc -l) == 5 ]] || fail "history of the own"
cmp <(fh market policy show agreed --mesh) "$data/agreed.policy.yaml" || fail "show is not what was written"
succeeds fh museum -o csv policy explain open --as shop
grep -q '^open,item,"*null"*,"*mesh policy agreed 1.0.0, line 4' "$work/out" || fail "$(cat "$work/out")"
say "- what it wants of contracts is refused at publish, and by peers where the owner's node does not know it yet"
sed -i -e 's/^version: .*/version: 1.1.0/' "$data/open.odcs.yaml"
refused 1 'policy.require.owner' -- fh museum product publish "$data/open.odcs.yaml"
policy 2.1.0 'domains: [shop]
hide: [{columns: [placed]}]'
refused 1 'policy.domains' -- fh shop policy publish "$data/personal.policy.yaml"
say "- a waiver spares whom it names, for a while, and every answer says so"
prints 'id,amount
1,' as ann -o csv query 'SELECT id, amount FROM shop.orders WHERE id = 1'
refused 2 '--until is missing' -- fh shop policy waive personal --product orders --reason why
refused 1 'waiver.urgent' -- fh shop policy waive personal --product orders --break-glass --reason fire
refused 1 'policy.unknown' -- fh shop policy waive nothing --product orders --until 1d --reason why
refused 1 'waiver.rule' -- fh shop policy waive personal 'hide[7]' --product orders --until 1d --reason why
refused 5 'identity.charter.policy_threshold' -- \
    fh museum policy waive agreed --mesh --product shop/orders --until 1d --reason why
succeeds fh shop policy waive agreed 'mask[0]' --mesh --product shop/orders@1 --for museum --until 1d \
    --reason 'an audit' --out "$work/waiver.signed"
prints 'waiver for orders: an audit' fh shop policy publish "$work/waiver.signed"
prints 'id,amount
1,0' as ann -o csv query 'SELECT id, amount FROM shop.orders WHERE id = 1'
grep -q '^note: shop/orders@1: rule mask\[0\] of mesh policy agreed 1.0.0 is waived for you until .*waiver fhr1' "$work/err" ||
    fail "$(cat "$work/err")"
succeeds fh shop -o csv policy explain orders 'mask[0]' --as museum
grep -q '^agreed,1.0.0,mask\[0\],4,orders,"",.*,waived,waiver fhr1.*: an audit,mesh,' "$work/out" || fail "$(cat "$work/out")"
succeeds fh shop -o csv policy explain orders --rules --as market
grep -q '^agreed,1.0.0,require\[0\],.*,the contract says owner,binds,"",mesh,shop' "$work/out" || fail "$(cat "$work/out")"
prints 'id,amount
1,' as mia -o csv query 'SELECT id, amount FROM shop.orders WHERE id = 1' --peer "${address[market]}"
succeeds fh shop policy waive personal 'hide[0]' --product orders --for museum --break-glass --reason fire
prints 'id,placed' bash -c "timeout 60 '$freehold' --key '$keys/ann.key' --access '$keys/ann.access' -o csv \
    query 'SELECT id, placed FROM shop.orders WHERE id = 1' 2>'$work/err2' | head -n 1"
grep -q '^warning: shop/orders@1: .*break-glass' "$work/err2" || fail "$(cat "$work/err2")"
succeeds as ann query 'SELECT id FROM shop.orders' --receipt "$work/waived"
succeeds fh museum -o json verify "$work/waived"
succeeds fh shop -o csv policy waivers
grep -q ',orders,.*,hide\[0\],fhd1[a-z2-7]*,break-glass,in force,' "$work/out" || fail "$(cat "$work/out")"
succeeds fh shop policy waive personal 'hide[0]' --product orders --for museum --end --reason over
refused 1 'sql.bind' -- as ann query 'SELECT placed FROM shop.orders'
say "- a rollback is refused, and a restart forgets nothing"
mesh_policy 0.9.0 'hide: [{columns: [item]}]'
refused 1 'policy.version.not_greater' -- fh shop policy publish "$data/agreed.policy.yaml" --mesh
stop_node museum
fh shop -o csv policy status | grep -q ',unreachable,' || fail "a node that is away is not shown"
start_node museum
until_true 10 "the policy at museum again" of_mesh museum '1.0.0,in force'
mesh_policy 1.1.0 'valid_until: 2020-01-01'
prints 'agreed 1.1.0' fh shop policy publish "$data/agreed.policy.yaml" --mesh
until_true 10 "the policy at museum" of_mesh museum '1.1.0,expired'
until_true 10 "museum is closed" refused 4 'policy.expired' 'mesh policy agreed 1.1.0' -- \
    fh shop query 'SELECT id FROM museum.open'
say "- two policies of the mesh under one number are a proof, and name who signed both"
for rules in 'purposes: [one]' 'purposes: [other]'; do
    printf 'name: twice\nversion: 1.0.0\n%s\n' "$rules" >"$data/twice.policy.yaml"
    succeeds fh shop policy sign "$data/twice.policy.yaml" --out "$work/${rules//[^a-z]/}.signed"
done
succeeds fh shop policy publish "$work/purposesone.signed"
succeeds fh shop policy publish "$work/purposesother.signed"
twice()
{
    fh market -o csv proof list 2>/dev/null | grep -q '^fhr1[a-z2-7]*,policy.forked,.*,"mesh policy twice, number 1",'
}
until_true 10 "the proof at market" twice
succeeds fh market proof show "$(fh market -o csv proof list | sed -n 's/^\(fhr1[a-z2-7]*\),policy.forked,.*/\1/p')"
grep -q '^signed both: shop$' "$work/err" || fail "$(<"$work/err")"
say "all of it"
