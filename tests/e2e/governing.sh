#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Policies, requests and grants governed from a machine that has no home, by a publisher's key: straight and
# through another domain's node; what holds after a restart of the owner's node; and who may not.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

# at NODE ARGUMENT...: the command as ci, at the node of that domain.
at()
{
    local domain=$1
    shift
    as ci "$@" --node "${address[$domain]}"
}

make_product orders 100
closed orders
make_mesh shop market museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
let_in shop ci publisher
let_in shop reader member
let_in market other publisher
let_in museum ann analyst
until_true 10 "shop/orders at museum" finds museum 1
until_true 10 "shop/orders at market" finds market 1
until_true 10 "ann's key at shop" as ann status --peer "${address[shop]}"
count='SELECT count(*) AS n FROM shop.orders'

say "- a policy: tried there, signed here, in force there"
policy 1.0.0 'filter: [{table: orders, where: weight > 1}]'
refused 1 'policy.filter.sql' 'personal.policy.yaml:3:10: error: filter[0]: orders@1.orders: ' -- \
    at shop policy publish "$data/personal.policy.yaml"
policy 1.0.0 'mask: [{columns: item, method: partial, first: 4}]'
succeeds at shop policy publish "$data/personal.policy.yaml" --dry-run
[[ -z $(fh shop -o csv policy list | tail -n +2) ]] || fail "a dry run put it in force"
prints 'personal 1.0.0' at market policy publish "$data/personal.policy.yaml"
refused 1 'policy.version.not_greater' -- at shop policy publish "$data/personal.policy.yaml"
sed -i 's/1.0.0/1.1.0/' "$data/personal.policy.yaml"
prints 'personal 1.1.0' as ci policy publish "$data/personal.policy.yaml" # at the address of the access
cmp <(at shop policy show personal) "$data/personal.policy.yaml" || fail "show is not what was written"
[[ $(at market -o csv policy list) == "$(fh shop -o csv policy list)" ]] || fail "$(at market policy list)"
refused 4 'access.denied' -- at shop policy explain orders --as museum

say "- a request: seen, tried, granted, used, ended"
succeeds as ann -o csv access request shop/orders --purpose audit --until 30d
request=$(column request)
succeeds at market -o csv access list --open
[[ $(column request) == "$request" && $(column way) == received && $(column member) == ann ]] || fail "$(cat "$work/out")"
succeeds at shop -o csv access show "${request:0:12}"
[[ $(column purpose) == audit ]] || fail "$(cat "$work/out")"
refused 1 'rule: grant.rows.sql' 'over orders@1.orders' -- at shop access approve "$request" --rows 'weight > 1'
succeeds at shop access approve "$request" --rows 'id <= 40' --dry-run
refused 4 'access.denied' -- as ann query "$count" --purpose audit
succeeds at shop -o csv access approve "$request" --rows 'id <= 40'
grant=$(column grant)
refused 1 'access.answered' -- at shop access deny "$request" --reason late
prints $'n\n40' as ann -o csv query "$count" --purpose audit
prints $'item\nitem*********************************' as ann -o csv query --purpose audit \
    'SELECT DISTINCT item FROM shop.orders'
succeeds at market -o csv grant create shop/orders --to market --until 5d
succeeds as ann access request shop/orders --purpose sales
succeeds as ann -o csv access list --open
sales=$(column request)
succeeds at shop access deny "$sales" --reason 'ask for a purpose that your domain has'
[[ $(at shop -o csv grant list) == "$(fh shop -o csv grant list)" ]] || fail "$(at shop grant list)"

say "- all of it holds when the owner's node starts again"
stop_node shop
start_node shop
until_true 20 "shop at museum" prints $'n\n40' as ann -o csv query "$count" --purpose audit
prints $'n\n100' fh market -o csv query "$count"
succeeds at shop grant revoke "$grant"
refused 4 'access.expired' -- as ann query "$count" --purpose audit
refused 1 'grant.ended' -- at market grant revoke "$grant"

say "- who may not"
refused 4 'rule: own.role' 'acts as member' -- as reader policy list --node "${address[shop]}"
refused 4 'rule: own.role' -- as reader grant create shop/orders --to museum --until 5d --node "${address[shop]}"
refused 4 'rule: grant.owner' -- as other grant create shop/orders --to museum --until 5d --node "${address[market]}"
refused 2 '--node needs --key' -- fh shop policy list --node "${address[shop]}"
refused 2 '--node is of the owner' -- as ci access list --node "${address[shop]}" --peer "${address[shop]}"
succeeds fh shop member revoke ci
refused 5 'record.signer.revoked' -- at shop grant list
[[ $(grep -c 'record.not_stored' "$work/shop/node.log") == 0 ]] || fail "a delegation was not kept"
