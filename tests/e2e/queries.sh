#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the one who asks can do wrong, by mistake or on purpose, at a node that goes on serving: names
# that do not exist, SQL that is none, SQL that wants more than data, queries without an end, and
# sources that went away after they were published.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 200000
make_mesh shop museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
until_true 10 "the product at museum" finds museum 1

ask() # SQL: at museum, which is not the owner
{
    bounded fh museum -o csv query "$1"
}
serves() # the node answers, and at once
{
    local started
    started=$(now_us)
    prints "$(printf 'n\n200000')" ask 'SELECT count(*) AS n FROM shop.orders'
    (($(now_us) - started < 5000000)) || fail "the next query took $(($(now_us) - started)) us"
}
serves

say "- a client whose sessions made room for others of its key goes on"
prints "$(printf '2\n2\n2\n2\nstatus')" "$bin/fh-crowd" "$work/museum/home" 70 'SELECT id FROM shop.orders WHERE id = 2'

say "- only data on standard output"
three='SELECT id, item, price FROM shop.orders WHERE id < 3 ORDER BY id'
prints 'id,item,price
1,item 1 of the shop in the market hall,1.5
2,item 2 of the shop in the market hall,2.5' fh museum -o csv query "$three"
[[ ! -s $work/err ]] || fail "csv says more than data: $(<"$work/err")"
succeeds fh museum query "$three"
[[ $(<"$work/err") == '2 rows from shop'*'receipt '*' verified' ]] || fail "no word of the receipt beside a table"
bounded fh museum -o json query "$three" 2>/dev/null >"$work/rows.json"
python3 - "$work/rows.json" <<'PYTHON'
import json, sys
rows = json.load(open(sys.argv[1]))
assert [row["id"] for row in rows] == [1, 2] and rows[1]["price"] == 2.5, rows
assert list(rows[0]) == ["id", "item", "price"], rows
PYTHON

say "- the contract, exported by name: its text byte for byte, and a schema that accepts the rows"
bounded fh museum contract show shop/orders >"$work/shown.yaml"
bounded fh museum contract export shop/orders >"$work/exported.yaml"
cmp "$work/shown.yaml" "$work/exported.yaml" || fail "the exported text is not the published one"
bounded fh museum contract export shop/orders --format jsonschema -o "$work/orders.json"
succeeds python3 "$source_folder/tests/e2e/check_rows.py" "$work/orders.json" "$work/rows.json" 'id="1"'
refused 1 'domain "nobody" is not known here' -- fh museum contract export nobody/orders
prints '[]' fh museum -o json query 'SELECT id FROM shop.orders WHERE id < 0'
prints 'id' fh museum -o csv query 'SELECT id FROM shop.orders WHERE id < 0'

say "- names that do not exist"
refused 1 'no product "order"; did you mean "orders"?' 'rule: product.unknown' -- ask 'SELECT 1 FROM shop.order'
refused 1 'no product "order"; did you mean "orders"?' -- fh museum product describe shop/order
refused 1 '"shoop" is not known here; did you mean "shop"?' 'rule: domain.unknown' -- ask 'SELECT 1 FROM shoop.orders'
refused 1 'column "itm"' '"item"' 'rule: sql.bind' -- ask 'SELECT itm FROM shop.orders'
refused 1 'name its domain too' 'rule: sql.table.unqualified' -- ask 'SELECT * FROM orders'
refused 1 'syntax error at or near "shop" (byte 21)' 'rule: sql.syntax' -- ask 'SELECT count(*) FRM shop.orders'
refused 1 'this one has 0' 'rule: query.length' -- ask ''
serves

say "- SQL that wants more than data"
denied() # EXIT RULE SQL
{
    refused "$1" "rule: $2" -- ask "$3"
    if grep -q 'root:' "$work/err"; then
        fail "a secret came back: $3"
    fi
}
denied 4 sql.gate.table_function "SELECT * FROM read_csv('/etc/passwd')"
denied 4 sql.gate.table_function "SELECT * FROM shop.orders, read_text('/etc/passwd')"
denied 4 sql.gate.table_function "SELECT (SELECT content FROM glob('/*') LIMIT 1) FROM shop.orders"
denied 4 sql.gate.table_function 'SELECT * FROM enable_logging()'
denied 4 sql.gate.table_function 'SELECT * FROM duckdb_settings()'
denied 4 sql.gate.function "SELECT getenv('HOME') FROM shop.orders"
denied 1 sql.table.unqualified "SELECT * FROM '/etc/passwd'"
denied 1 sql.statements 'SELECT 1; SELECT 2'
denied 1 sql.statements "SELECT 1; ATTACH '$work/x.db'"
for sql in "COPY shop.orders TO '$work/x.csv'" "COPY (SELECT * FROM shop.orders) TO '$work/x.csv'" \
    'PRAGMA database_list' 'CALL enable_logging()' 'SET threads = 1' "ATTACH '$work/x.db'" \
    'INSTALL httpfs' 'LOAD httpfs' 'DROP TABLE shop.orders' 'CREATE TABLE t (x INT)' \
    'INSERT INTO shop.orders VALUES (1)' 'EXPLAIN SELECT 1' "EXPORT DATABASE '$work/x'"; do
    denied 1 sql.gate.statement "$sql"
done
nested() # COUNT LEFT RIGHT
{
    printf "$2%.0s" $(seq "$1")
    printf 1
    printf "$3%.0s" $(seq "$1")
}
denied 1 sql.depth "SELECT $(nested 500 '(' ')')"
denied 1 sql.depth "SELECT $(nested 20000 '[' ']')"
denied 1 query.length "SELECT '$(printf '%070000d' 1)' FROM shop.orders"
[[ -z $(find "$work" -name 'x*') ]] || fail "SQL wrote a file"
serves

say "- queries without an end"
endless='SELECT count(*) FROM shop.orders a, shop.orders b WHERE a.id + b.id > 7 AND a.price < b.price'
started=$SECONDS
refused 3 'deadline' 'rule: query.deadline' -- fh museum query --deadline 2 "$endless"
((SECONDS - started < 6)) || fail "a deadline of 2 s took $((SECONDS - started)) s"
given_up() { grep -q 'kind=query .*rule=stream.cancelled' "$work/shop/node.log"; }
until_true 10 "the end of what nobody waits for" given_up
serves
started=$SECONDS
refused 3 'not done by its deadline' 'rule: query.deadline' -- fh museum query "$endless"
((SECONDS - started < 18)) || fail "the owner's deadline of 10 s took $((SECONDS - started)) s"
serves

say "- sources that went away"
mv "$data/orders.csv" "$data/away.csv"
refused 1 'source of shop/orders (table orders) cannot be opened' 'rule: source.unavailable' -- \
    ask 'SELECT count(*) FROM shop.orders'
refused 1 'rule: source.unavailable' -- fh shop query 'SELECT count(*) FROM shop.orders'
grep -q 'source.unavailable.*orders.csv.*no such file' "$work/shop/node.log" || fail "the owner's log does not say why"
make_contract orders 1.0.1 >"$data/orders.odcs.yaml"
refused 1 "$data" 'orders.csv: no such file' 'rule: source.unavailable' -- \
    fh shop product publish "$data/orders.odcs.yaml"
mkfifo "$data/orders.csv"
refused 1 'rule: source.unavailable' -- ask 'SELECT count(*) FROM shop.orders'
rm "$data/orders.csv"
ln -s /etc/passwd "$data/orders.csv"
refused 1 'rule: source.unavailable' -- ask 'SELECT count(*) FROM shop.orders'
rm "$data/orders.csv"
printf 'a,b\n1,2\n' >"$data/orders.csv"
refused 1 'no column for id' 'rule: source.column' -- ask 'SELECT count(*) FROM shop.orders'
mv "$data/away.csv" "$data/orders.csv"
serves

say "- a source that is written to while it is read"
mkfifo "$work/pipe"
ask 'SELECT * FROM shop.orders' >"$work/pipe" 2>"$work/err" </dev/null &
asking=$!
exec {pipe}<"$work/pipe"
for ((i = 0; i < 100; i++)); do
    read -r <&"$pipe" || fail "the answer ended early: $(<"$work/err")"
done
cp "$data/orders.csv" "$work/whole.csv"
truncate -s 5000000 "$data/orders.csv"
cat <&"$pipe" >/dev/null
exec {pipe}<&-
status=0
wait "$asking" || status=$?
((status == 3)) || fail "exit code $status: $(<"$work/err")"
grep -q 'rule: source.changed' "$work/err" || fail "not told why: $(<"$work/err")"
# As it should be done: a new file, renamed over the old one.
mv "$work/whole.csv" "$data/orders.csv"
serves
prints 'shop/orders@1.0.1' fh shop product publish "$data/orders.odcs.yaml"
