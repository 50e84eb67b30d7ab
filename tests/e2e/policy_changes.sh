#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a policy would change, before it is signed: products of the own domain and of the mesh, the last
# questions of the audit log, contracts; and nothing of it is applied.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 20
make_product open 4
make_mesh shop museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
prints 'museum/open@1.0.0' fh museum product publish "$data/open.odcs.yaml"
let_in museum ann analyst
until_true 20 "the products at museum" finds museum 2
until_true 20 "the products at shop" finds shop 2
policy 1.0.0 'mask: [{columns: [item], method: partial, first: 1}]
export: [{formats: json}]'
succeeds fh shop policy publish "$data/personal.policy.yaml"
succeeds fh museum query 'SELECT id, item FROM shop.orders LIMIT 1'
succeeds fh museum query 'SELECT id, item FROM shop.orders LIMIT 2'
succeeds as ann query 'SELECT price FROM shop.orders LIMIT 1' --purpose audit
succeeds fh shop query 'SELECT id FROM shop.orders LIMIT 1'

# simulates EXIT ARGUMENT...: `policy simulate` at shop ends so; its data as CSV is in out.
simulates()
{
    local expected=$1 status=0
    shift
    fh shop -o csv policy simulate "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    ((status == expected)) || fail "exit $status instead of $expected: $(cat "$work/out" "$work/err")"
}
# says TEXT...: each is said.
says()
{
    local text
    for text in "$@"; do
        grep -qF -- "$text" "$work/out" "$work/err" || fail "nothing says '$text': $(cat "$work/out" "$work/err")"
    done
}

say "- a version that masks more: whose answers change, and how; nobody is refused"
policy 1.1.0 'mask: [{columns: [item], method: hash}]
filter: [{table: orders, where: id > 5}]'
simulates 0 "$data/personal.policy.yaml" --against all
says 'shop/orders@1,museum as member,orders.item,"partial, first 1, last 0",hash,"policy personal 1.1.0, line 3",2,false,' \
    'shop/orders@1,museum as analyst for audit,rows of orders,all,id > 5,"",1,false,' \
    'shop/orders@1,others,orders.item,"partial, first 1, last 0",hash,"policy personal 1.1.0, line 3",,false,' \
    'shop/orders@1,others,rows of orders,all,id > 5,' 'nothing was applied'
! grep -q 'museum/open\|own domain\|,shop' "$work/out" || fail "it changes nothing for the own domain: $(cat "$work/out")"
simulates 1 "$data/personal.policy.yaml" --fail-on change
simulates 0 "$data/personal.policy.yaml" --against open,nothing@2 --fail-on change
[[ $(wc -l <"$work/out") == 1 ]] || fail "$(cat "$work/out")"
simulates 0 "$data/personal.policy.yaml" --since 2020-01-01 --queries 1
! grep -q 'as member\|as analyst' "$work/out" || fail "only the last question: $(cat "$work/out")"

say "- rows one by one become groups"
policy 1.1.0 'minimum_group: [{table: orders, size: 3, subject: id, dimensions: [item]}]'
simulates 0 "$data/personal.policy.yaml"
says 'shop/orders@1,museum as member,groups of orders,rows one by one,groups of 3 at least by item,' \
    'shop/orders@1,others,orders.id,as it is,hidden,'

say "- what is refused then: questions, and the next version of a contract"
policy 1.1.0 'applies_to: everyone
purposes: [audit]
hide: [{columns: [price]}]
require: [{fields: [owner]}]'
simulates 1 "$data/personal.policy.yaml"
says 'shop/orders@1,museum as member,access,allowed,refused: policy.purpose,' ',2,true,' \
    'shop/orders@1,museum as analyst for audit,orders.price,as it is,hidden,' \
    'shop/orders@1,own domain,access,allowed,refused: policy.purpose,' \
    'shop/orders@1,its next version,contract,as it must be,"the contract lacks a team' 'rule: simulate.change'
simulates 0 "$data/personal.policy.yaml" --fail-on never

say "- what could not be published says so"
policy 1.1.0 'filter: [{table: orders, where: item}]'
simulates 1 "$data/personal.policy.yaml"
says 'policy.filter.boolean' 'it could not be published'
policy 1.1.0 'filter: [{table: orders, where: "id IN (SELECT id FROM orders)"}]'
simulates 1 "$data/personal.policy.yaml"
says 'policy.filter.shape'
policy 1.1.0 'mask: [{columns: [price], method: partial, first: 1}]'
simulates 1 "$data/personal.policy.yaml"
says 'policy.mask.type' 'does not fit'
policy 1.1.0 'maks: [{columns: [price], method: hash}]'
simulates 1 "$data/personal.policy.yaml"
says 'policy.key.unknown' 'did you mean "mask"?'
policy 1.1.0 'domains: [shop]'
simulates 1 "$data/personal.policy.yaml"
says 'policy.domains'

printf 'name: second\nversion: 1.0.0\nexport: [{formats: csv}]\n' >"$data/second.policy.yaml"
simulates 0 "$data/second.policy.yaml"
says 'warning: export[0]: beside policy personal 1.0.0 no format is in both [policy.beside]'
succeeds fh shop policy publish "$data/second.policy.yaml" --dry-run
says 'policy.beside'

say "- one for the mesh: products of every domain"
printf 'name: agreed\nversion: 1.0.0\nmask: [{columns: [item], method: "null"}]\nrequire: [{fields: [owner]}]\n' \
    >"$data/agreed.policy.yaml"
simulates 1 "$data/agreed.policy.yaml" --mesh
says 'museum/open@1,others,open.item,as it is,null,"mesh policy agreed 1.0.0, line 3"' \
    'museum/open@1,its next version,contract,' 'shop/orders@1,others,orders.item,"partial, first 1, last 0",null,'
simulates 0 "$data/agreed.policy.yaml" --mesh --against museum/open@1 --fail-on never
! grep -q shop/orders "$work/out" || fail "$(cat "$work/out")"

say "- nothing of it was applied, or written down as a decision"
[[ $(fh shop -o csv policy list | tail -n +2 | cut -d , -f 1-3) == 'personal,1.0.0,in force' ]] || fail "$(fh shop policy list)"
succeeds fh shop audit verify
[[ $(fh shop -o csv audit who-read orders | tail -n +2 | wc -l) == 4 ]] || fail "$(fh shop audit who-read orders)"
refused 2 '--fail-on: it is refusal, change or never' -- fh shop policy simulate "$data/agreed.policy.yaml" --fail-on mars
say "all of it"
