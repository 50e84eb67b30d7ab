#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A member that sends a node everything it should not: some thousand frames by name, each with what it
# must come to, while an honest member of another domain asks on and notices nothing.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

rows=5000
make_product orders "$rows"
make_mesh shop market museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
for domain in market museum; do
    until_true 20 "the product at $domain" fh "$domain" contract verify shop/orders
done
lenient=()
if grep -q 'FH_SANITIZE:[A-Z]*=.' "$bin/../CMakeCache.txt"; then
    lenient=(lenient)
fi
timeout 250 "$bin/fh-hostile" "$work/museum/home" "$work/market/home" "${address[shop]}" "${node_pid[shop]}" \
    'SELECT count(*) AS n FROM shop.orders' "$rows" "${lenient[@]}" </dev/null ||
    fail "hostile frames were not met as they should be"
prints "$(printf 'n\n%s' "$rows")" fh museum -o csv query 'SELECT count(*) AS n FROM shop.orders'
[[ $(grep -c node.ready "$work/shop/node.log") == 1 ]] || fail "the node did not go through all of it"
