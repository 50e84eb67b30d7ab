#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Power cuts and absences: what was acknowledged is there again, chains go on, a mesh whose nodes all
# went down forms again by itself, and who was away catches up.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 1000
make_product visits 500
make_mesh shop market museum

is_at() # VERSION DOMAIN PRODUCT
{
    [[ $(version_of "$2" "$3") == "$1" ]]
}
publish() # DOMAIN NAME VERSION
{
    make_contract "$2" "$3" >"$data/$2.odcs.yaml"
    prints "$1/$2@$3" fh "$1" product publish "$data/$2.odcs.yaml"
}
sequence() # DOMAIN NAME VERSION: publishes and prints the place in the chain
{
    make_contract "$2" "$3" >"$data/$2.odcs.yaml"
    bounded fh "$1" -o csv product publish "$data/$2.odcs.yaml" 2>/dev/null | tail -n 1 | cut -d, -f3
}

say "- a power cut right after a publish was acknowledged"
for version in 1.0.0 1.0.1 1.0.2; do
    publish shop orders "$version"
    kill_node shop
    start_node shop
    is_at "$version" shop shop/orders || fail "version $version is lost at its owner"
    until_true 20 "$version at museum" is_at "$version" museum shop/orders
done
[[ $(sequence shop orders 1.0.3) == 4 ]] || fail "the chain did not go on after three cuts"
until_true 20 "1.0.3 at museum" is_at 1.0.3 museum shop/orders
prints "$(printf 'n\n1000')" fh museum -o csv query 'SELECT count(*) AS n FROM shop.orders'

say "- a publish beside the node's absence"
kill_node shop
publish shop orders 1.1.0
start_node shop
until_true 20 "1.1.0 at museum" is_at 1.1.0 museum shop/orders

say "- who was away catches up"
kill_node museum
publish market visits 1.0.0
publish shop orders 1.2.0
publish shop orders 1.3.0
start_node museum
until_true 30 "what museum missed" is_at 1.3.0 museum shop/orders
until_true 30 "what museum missed" is_at 1.0.0 museum market/visits
until_true 20 "its contract" fh museum contract verify market/visits
prints "$(printf 'n\n500')" fh museum -o csv query 'SELECT count(*) AS n FROM market.visits'

say "- all nodes are cut at once, and the one that founded the mesh comes last"
for domain in shop market museum; do
    kill_node "$domain"
done
for domain in museum market shop; do
    start_node "$domain"
done
for domain in shop market museum; do
    until_true 60 "three members in the view of $domain" sees "$domain" 3
    is_at 1.3.0 "$domain" shop/orders || fail "$domain lost shop/orders"
    is_at 1.0.0 "$domain" market/visits || fail "$domain lost market/visits"
    # An announcement may have come without time for its contract, which is pulled then.
    until_true 20 "the contracts at $domain" fh "$domain" contract verify shop/orders
    until_true 20 "the contracts at $domain" fh "$domain" contract verify market/visits
    prints "$(printf 'n\n499')" fh "$domain" -o csv query \
        'SELECT count(*) AS n FROM shop.orders JOIN market.visits USING (id) WHERE id > 1'
done

say "- two of three are gone for good: the last one still knows, and says who is missing"
kill_node shop
kill_node market
is_at 1.3.0 museum shop/orders || fail "museum forgot"
prints 'shop/orders@1.3.0' bash -c \
    "'$bin/freehold' --home '$work/museum/home' -o csv product list | grep -o '^shop/orders@[0-9.]*'"
refused 3 'shop' 'hint: ' -- fh museum query 'SELECT count(*) FROM shop.orders'
succeeds fh museum contract verify shop/orders

say "- what was changed on the disk meanwhile is not believed"
kill_node museum
python3 - "$work/museum/home" <<'PYTHON'
import pathlib, sqlite3, sys
store = sqlite3.connect(next(pathlib.Path(sys.argv[1]).glob("*.db")))
seq, record = store.execute(
    "SELECT seq, bytes FROM records WHERE instr(bytes, CAST('market' AS BLOB)) ORDER BY seq DESC LIMIT 1"
).fetchone()
middle = len(record) // 2
record = record[:middle] + bytes([record[middle] ^ 1]) + record[middle + 1:]
store.execute("UPDATE records SET bytes = ? WHERE seq = ?", (record, seq))
store.commit()
PYTHON
! grep -q 'record.not_loaded' "$work/museum/node.log" || fail "a whole record was not loaded before"
start_node museum
grep -q 'record.not_loaded type=admission' "$work/museum/node.log" || fail "a changed record was loaded"
