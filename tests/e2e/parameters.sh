#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Values beside the SQL: by position and by name, with types, through a relay, in a join and from a C program.
# They are bound and never become SQL, are signed with the request, and stand in no log.
# shellcheck disable=SC2016 # $1 belongs to the SQL
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 1000
make_product visits 300
make_mesh shop museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
prints 'museum/visits@1.0.0' fh museum product publish "$data/visits.odcs.yaml"
until_true 10 "the product at museum" finds museum 2
until_true 10 "the product at shop" finds shop 2

ask() # SQL FLAG...: at museum, through which the question goes to the shop
{
    bounded fh museum -o csv query "$@"
}
counts() # ROWS SQL FLAG...: of shop.orders, with what stands behind WHERE
{
    local rows=$1 condition=$2
    shift 2
    prints "$(printf 'n\n%s' "$rows")" ask "SELECT count(*) AS n FROM shop.orders WHERE $condition" "$@"
}

say "- by position, by name, with types"
counts 1 'id = $1' --param 7
counts 1 'id = ?' --param=7
counts 3 'id BETWEEN ? AND ?' --param 7 --param 9
counts 3 'id BETWEEN $2 AND $1' --param 9 --param 7
counts 3 'id >= $from AND id <= $to' --param to=9 --param from=7
counts 100 'item = $item' --param 'item=item 3 of the shop in the market hall'
counts 10 'price = $1' --param 7.5
counts 10 'price = $1' --param-json '[7.5]'
counts 19 'price < $1 AND id > $2 AND ($3 OR id < $4)' --param-json '[2.0, 5, true, null]'
counts 1000 'coalesce($least, id) <= id' --param-json '{"least": null}'
prints $'a,b\n0.3,"it'\''s ""quoted"", $2"' ask 'SELECT $1 + 0.1 AS a, $2 AS b FROM shop.orders LIMIT 1' \
    --param-json '[0.2, "it'\''s \"quoted\", $2"]'
prints $'v\na=b' ask 'SELECT $1 AS v' --param '=a=b'
prints $'v\n2024-02-01' ask 'SELECT $1::DATE + 31 AS v' --param 2024-01-01
printf 'SELECT count(*) AS n FROM shop.orders WHERE id <= $1' >"$work/query.sql"
prints $'n\n5' bounded fh museum -o csv query -f "$work/query.sql" --param 5

say "- what looks like SQL is a value"
for value in "'; DROP TABLE orders; --" "x' OR '1'='1" "' UNION SELECT id, item, price FROM shop.orders --" \
    '$1' '?' "'); ATTACH '$work/x.db'; --" '";--' "\\'; --" "read_csv('/etc/passwd')" "$(printf '\360\237\230\200\r\n\t')"; do
    counts 0 'item = $1' --param "=$value"
    bounded fh museum -o json query 'SELECT $1 AS v, length($1) AS n FROM shop.orders LIMIT 1' --param "=$value" \
        2>/dev/null >"$work/value.json"
    python3 - "$work/value.json" "$value" <<'PYTHON'
import json, sys
row, = json.load(open(sys.argv[1]))
assert row == {"v": sys.argv[2], "n": len(sys.argv[2])}, row
PYTHON
done
[[ -z $(find "$work" -name 'x.db*') ]] || fail "a value was run"
counts 1000 'true'

say "- exactly one value for each"
refused 1 '$2 is missing' 'rule: sql.gate.parameter' -- ask 'SELECT $1, $2 FROM shop.orders' --param 1
refused 1 '$1 is missing' 'rule: sql.gate.parameter' -- ask 'SELECT id FROM shop.orders WHERE id = ?'
refused 1 'parameter $since has no value (--param since=VALUE)' -- ask 'SELECT $since' --param until=1
refused 1 'a value for $other' -- ask 'SELECT $since' --param since=1 --param other=2
refused 1 '2 values for a query of 1 parameters' -- ask 'SELECT $1' --param 1 --param 2
refused 1 'number them from 1' -- ask 'SELECT $1, $3' --param 1 --param 2 --param 3
refused 1 'some parameters have names' 'rule: query.param.name' -- ask 'SELECT $1' --param 1 --param a=2
refused 1 '$A has two values' -- ask 'SELECT $a' --param a=1 --param A=2
refused 2 'not both' -- ask 'SELECT $1' --param 1 --param-json '[1]'
refused 2 'is not JSON' -- ask 'SELECT $1' --param-json '["a\u0000b"]'
refused 2 'a list or an object' -- ask 'SELECT $1' --param-json '[[1]]'
refused 1 'rule: query.param.number' -- ask 'SELECT $1' --param-json '[1e100]'

say "- as many as there may be, and as long"
many() # COUNT
{
    local i sum=0
    flags=()
    for ((i = 1; i <= $1; i++)); do
        sum+=" + \$$i::INTEGER"
        flags+=(--param "$i")
    done
    flags=("SELECT $sum AS n" "${flags[@]}")
}
many 64
prints "$(printf 'n\n2080')" ask "${flags[@]}"
many 65
refused 1 'rule: query.param.count' -- ask "${flags[@]}"
long=$(printf '%065536d' 1)
prints "$(printf 'n\n65536')" ask 'SELECT length($1) AS n FROM shop.orders LIMIT 1' --param "$long"
refused 1 'rule: query.param.bytes' -- ask 'SELECT length($1)' --param "x$long"
refused 1 'rule: query.param.bytes' -- ask 'SELECT length($1)' --param "$long" --param x

say "- a value that does not fit: its kind and no word of it, here and in the logs"
secret=canary-$RANDOM$RANDOM
refused 1 'rule: sql.runtime' -- ask 'SELECT id FROM shop.orders WHERE id = $1' --param "$secret"
refused 1 'rule: sql.bind' 'explicit type casts' -- ask 'SELECT price * $1 FROM shop.orders' --param "$secret"
if grep -q "$secret" "$work/err"; then
    fail "the error tells the value"
fi
counts 0 'item = $1' --param "$secret"
if grep -ql "$secret" "$work"/*/node.log; then
    fail "a value stands in a log"
fi

say "- in a join, which the entry peer runs"
join='SELECT count(*) AS n FROM shop.orders o JOIN museum.visits v USING (id) WHERE o.id <= $top AND v.item = $item'
prints $'n\n20' ask "$join" --param top=200 --param 'item=item 4 of the shop in the market hall'
prints $'n\n0' ask "$join" --param top=200 --param "item=' OR 1=1 --"
refused 1 'parameter $item has no value' -- ask "$join" --param top=200

say "- signed with the request: the receipt's file has them, and verifies only with them"
prints $'n\n9' ask 'SELECT count(*) AS n FROM shop.orders WHERE id < $top' --param-json '{"top": 10}' --receipt "$work/kept"
bounded fh museum -o json verify "$work/kept" >"$work/verdict.json"
python3 - "$work/verdict.json" "$work/kept" "$work/changed" <<'PYTHON'
import json, sys
verdict = json.load(open(sys.argv[1]))
assert verdict["parameters"] == {"top": 10}, verdict
kept = open(sys.argv[2], "rb").read()
assert kept.count(b"\xa3top\x0a") == 1
open(sys.argv[3], "wb").write(kept.replace(b"\xa3top\x0a", b"\xa3top\x0b"))
PYTHON
refused 5 'signature' -- fh museum verify "$work/changed"

say "- from a C program"
c_asks() # ARGUMENT...
{
    bounded "$bin/fh-bind" "$work/museum/home" "$@"
}
prints "it's|NULL|true|-7|12.5" c_asks 'SELECT $1, $2, $3, $4, $5 FROM shop.orders LIMIT 1' \
    "text:it's" null: bool:1 int:-7 decimal:12.50
prints '3' c_asks 'SELECT count(*) FROM shop.orders WHERE id BETWEEN $a AND $b' int:b=9 int:a=7
refused 1 'query.param.number' -- c_asks 'SELECT $1' decimal:1x
refused 1 'query.param.name' -- c_asks 'SELECT $a' 'int:a-b=1'
refused 1 'sql.gate.parameter' -- c_asks 'SELECT $1'
