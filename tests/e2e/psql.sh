#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The PostgreSQL door with the client that everybody has: psql, unmodified, sees what the CLI sees, masks,
# notices and refusals included; signs in and is not let in; cancels; and the values of every type are what a
# real PostgreSQL says, in text, CSV and binary.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
# shellcheck source=tools/postgres.sh
source "$source_folder/tools/postgres.sh"

command -v psql >/dev/null || {
    say "psql is not installed: install postgresql-client, or run tools/setup"
    exit 77
}
export PGCONNECT_TIMEOUT=20
pg_port=$((port + 4))
cat >"$data/people.csv" <<'CSV'
id,name,country
1,Ada,DE
2,Bob,FR
3,Cleo,DE
CSV
sed -e 's/orders/people/g' -e 's/name: item, logicalType: string/name: name, logicalType: string, classification: restricted/' \
    -e 's/name: price, logicalType: number/name: country, logicalType: string/' \
    <(make_contract orders 1.0.0) >"$data/people.odcs.yaml"
make_product orders 50000
make_product plans 5
make_product items 20
closed plans
make_mesh shop museum
cat >>"$work/museum/home/freehold.yaml" <<YAML
postgres_listen: 127.0.0.1:$pg_port
YAML
stop_node museum
start_node museum
policy 1.0.0 'mask: [{classification: [restricted], method: partial, first: 1}]
filter: [{table: people, where: "country = '\''DE'\''"}]'
succeeds fh shop policy publish "$data/personal.policy.yaml"
for name in orders people plans; do
    succeeds fh shop product publish "$data/$name.odcs.yaml"
done
succeeds fh museum product publish "$data/items.odcs.yaml"
until_true 20 "four products at museum" finds museum 4

succeeds fh museum -o csv token create --label psql --until 1h
token=$(column token)
export PGHOST=127.0.0.1 PGPORT=$pg_port PGUSER=${token%%.*} PGPASSWORD=$token PGDATABASE=mesh
pg() # OPTION...: what psql prints on both outputs
{
    timeout 60 psql -X -v VERBOSITY=verbose "$@" >"$work/out" 2>"$work/err" </dev/null
}
does() # OPTION...: psql, which ends well
{
    pg "$@" || fail "psql $*: exit $?: $(cat "$work/err")"
}
said() # TEXT: on standard error
{
    grep -qF -- "$1" "$work/err" || fail "psql does not say '$1': $(cat "$work/err")"
}
# pg_refused STATE TEXT SQL
pg_refused()
{
    ! pg -c "$3" || fail "should be refused: $3"
    said "ERROR:  $1"
    said "$2"
}
until_true 20 "the door" pg -c 'SELECT 1'

say "- the connection, with TLS and SCRAM bound to it"
does -c '\conninfo'
grep -q 'database "mesh" as user "fht1' "$work/out" || fail "$(cat "$work/out")"
grep -q 'SSL connection (protocol: TLSv1.3' "$work/out" || fail "no TLS: $(cat "$work/out")"
PGCHANNELBINDING=require pg -c 'SELECT 1' || fail "channel binding: $(cat "$work/err")"
PGSSLMODE=verify-ca PGSSLROOTCERT=$work/museum/home/keys/door_certificate.pem pg -c 'SELECT 1' ||
    fail "the node's own certificate: $(cat "$work/err")"
PGSSLMODE=disable pg -c 'SELECT 1' || fail "without TLS: $(cat "$work/err")"

say "- who is not let in"
last=${token: -1}
! PGPASSWORD=${token%?}$(tr a-z2-7 b-z2-7a <<<"$last") pg -c 'SELECT 1' || fail "a wrong token"
said "password authentication failed for user \"$PGUSER\""
cp "$work/err" "$work/wrong"
! PGUSER=fht1aaaaaaaaaaaaaaaa pg -c 'SELECT 1' || fail "a token that nobody has"
diff <(sed "s/$PGUSER/X/" "$work/wrong") <(sed 's/fht1aaaaaaaaaaaaaaaa/X/' "$work/err") ||
    fail "it can be told which tokens there are"
! PGUSER='' PGOPTIONS='-c nothing=1' pg -c 'SELECT 1' || fail "an option that is none"

say "- rows as the command has them: of a masked product, through a relay, and joined across domains"
same() # SQL
{
    fh museum -o csv query "$1" >"$work/cli.csv" 2>/dev/null
    pg -c "COPY ($1) TO STDOUT (FORMAT csv, HEADER)" || fail "$1: $(cat "$work/err")"
    diff "$work/cli.csv" "$work/out" || fail "not the same: $1"
    pg --csv -c "$1" || fail "$1: $(cat "$work/err")"
    diff "$work/cli.csv" "$work/out" || fail "not the same as a query: $1"
}
same 'SELECT * FROM shop.people ORDER BY id'
grep -q '^1,A.*,DE$' "$work/out" || fail "not there: $(cat "$work/out")"
! grep -q 'Ada\|Bob' "$work/out" || fail "not masked: $(cat "$work/out")"
said 'NOTICE:  00000: shop.people is not as its owner has it'
said 'masked columns name'
said 'not all rows are there'
same 'SELECT o.id, o.item AS ours, i.item AS theirs FROM shop.orders o JOIN museum.items i ON i.id = o.id ORDER BY o.id'
same 'SELECT id, item FROM shop.orders__orders WHERE id < 0'
same "SELECT count(*) AS n, min(item) AS least FROM shop.\"orders@1\""

say "- what the mesh refuses, in PostgreSQL's words"
pg_refused 42P01 'no product "order"; did you mean "orders"?' 'SELECT * FROM shop.order'
said 'DETAIL:  Rule product.unknown.'
pg_refused 3F000 'did you mean "shop"?' 'SELECT * FROM shoop.orders'
pg_refused 42703 '"itm"' 'SELECT itm FROM shop.orders'
pg_refused 42601 'syntax error' 'SELECT count(*) FRM shop.orders'
pg_refused 42P01 'Write domain.product' 'SELECT * FROM orders'
pg_refused 42883 'read_csv' "SELECT * FROM shop.orders, read_csv('/etc/passwd')"
pg_refused 42501 'Rule access.denied' 'SELECT * FROM shop.plans'
said 'HINT:  Ask its owner: freehold access request shop/plans'
pg_refused 25006 'read-only transaction' 'DELETE FROM shop.orders'
pg_refused 57014 'deadline' 'SET statement_timeout = 300; SELECT count(*) FROM shop.orders a, shop.orders b WHERE a.id + b.id > 7'

say "- transactions, cursors, parameters, and several statements in one"
does -At -c "BEGIN; DECLARE c CURSOR FOR SELECT id FROM shop.orders ORDER BY id; FETCH 2 FROM c; MOVE 1 IN c; FETCH 1 FROM c; COMMIT"
diff - "$work/out" <<<$'BEGIN\nDECLARE CURSOR\n1\n2\nMOVE 1\n4\nCOMMIT' || fail "a cursor"
does -At -v FETCH_COUNT=10000 -c 'SELECT id FROM shop.orders ORDER BY id'
[[ $(wc -l <"$work/out") == 50000 ]] || fail "FETCH_COUNT: $(wc -l <"$work/out") rows"
does -At -c 'SELECT 1 AS a; SHOW server_version_num' -c 'SHOW freehold.receipt'
head -n 2 "$work/out" | diff - <(printf '1\n150000\n') || fail "two statements"
does -At -c "SELECT count(*) FROM shop.orders" -c 'SHOW freehold.receipt'
grep -q '^fhr1' "$work/out" || fail "no receipt: $(cat "$work/out")"
does -At -c 'EXPLAIN SELECT * FROM shop.people'
grep -q 'end to end with the node of shop' "$work/out" || fail "$(cat "$work/out")"

say "- cancelled by the client; others go on"
cat >"$work/endless.sql" <<'SQL'
SELECT 'begun';
SELECT count(*) FROM shop.orders a, shop.orders b WHERE a.id + b.id > 7 AND a.price < b.price;
SQL
timeout 60 psql -X -At -v VERBOSITY=verbose -f "$work/endless.sql" >"$work/endless.out" 2>"$work/err" &
asking=$!
until_true 30 "the first answer" grep -q begun "$work/endless.out"
interrupted() # psql has ended, or is told once more to cancel
{
    sleep 0.3
    ! pkill -INT -P "$asking" -x psql
}
until_true 30 "the end of what was cancelled" interrupted
wait "$asking" || true # a script ends where it is interrupted
said 'ERROR:  57014: canceling statement due to user request'
prints 50000 psql -X -At -c 'SELECT count(*) FROM shop.orders'

say "- what is no client: closed with the protocol's own error, while others go on"
python3 - "$pg_port" <<'PYTHON'
import socket, struct, sys
port = int(sys.argv[1])
start = struct.pack(">II", 18, 196608) + b"user\0fht1\0\0"
cases = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no length": b"\0\0\0\0",
    "a long packet": b"\0\xff\xff\xff",
    "protocol 2": struct.pack(">II", 8, 131072),
    "an option without a value": struct.pack(">II", 13, 196608) + b"user\0",
    "a query before the password": start + b"Q\0\0\0\x0dSELECT 1\0",
    "a long password": start + b"p\0\1\0\0",
    "a password in clear": start + b"p\0\0\0\x08abc\0",
    "an unknown mechanism": start + b"p\0\0\0\x0cPLAIN\0ab",
    "TLS and more": struct.pack(">II", 8, 80877103) + start,
    "a cancel without a key": struct.pack(">III", 12, 80877102, 1),
}
for name, data in cases.items():
    peer = socket.create_connection(("127.0.0.1", port), 20)
    peer.settimeout(20)
    peer.sendall(data)
    got = b""
    while True:
        part = peer.recv(65536)
        if not part:
            break
        got += part
    assert b"SFATAL\0" in got and b"\0M" in got, (name, got)
# Half-open ones, and cancels with keys that nobody has: hundreds, and nothing is disturbed.
rest = []
for i in range(200):
    peer = socket.create_connection(("127.0.0.1", port), 20)
    if i % 2 == 0:
        peer.sendall(struct.pack(">IIII", 16, 80877102, i, i))
    rest.append(peer)
PYTHON
prints 50000 psql -X -At -c 'SELECT count(*) FROM shop.orders'

say "- deprecated: said with every answer"
succeeds fh shop product deprecate shop/orders@1 --sunset 2099-03-31
deprecated() { pg -c 'SELECT count(*) FROM shop.orders' && grep -q 'WARNING:  01P01: shop/orders@1.0.0 is deprecated' "$work/err"; }
until_true 20 "the news of the deprecation" deprecated
said '2099-03-31'

say "- the page for psql does what it says"
awk '/^```sh$/ { code = 1; next } /^```$/ { code = 0 } code' "$source_folder/deploy/clients/psql.md" |
    sed "s/PGPORT=5433/PGPORT=$pg_port/; s/^token=.(freehold /&--home ${work//\//\\/}\/museum\/home /" >"$work/page.sh"
(cd "$work" && PATH=$bin:$PATH timeout 60 bash -euo pipefail page.sh >page.out 2>page.err </dev/null) ||
    fail "$(cat "$work/page.err")"
[[ $(wc -l <"$work/orders.csv") == 50001 ]] || fail "orders.csv has $(wc -l <"$work/orders.csv") lines"
grep -q 'fhr1' "$work/page.out" || fail "no receipt: $(cat "$work/page.out")"

say "- every type as a real PostgreSQL has it, in text, CSV and binary"
if [[ -z $(postgres_programs) ]]; then
    say "  PostgreSQL's server is not installed: not compared"
    exit
fi
real=$work/real
begin_postgres "$real" timezone=UTC
cat >"$work/values" <<'SQL'
true, false, NULL::boolean
1::smallint, (-32768)::smallint, 2147483647::integer, (-9223372036854775807 - 1)::bigint
0.1::float8, 1e15::float8, 1e-5::float8, 123456.789::float8, (1.0::float8 / 3.0::float8)::float8, 'NaN'::float8, '-Infinity'::float8
0.1::float4, 16777216::float4, 1e6::float4, 1e-7::float4
0::numeric(10,2), 12345678.90::numeric(10,2), (-0.0001)::numeric(8,4), 10000::numeric(5,0), '99999999999999999999999999999999999999'::numeric(38,0), '0.12345678901234567890123456789012345678'::numeric(38,38)
'', 'a', E'tab\tline\nback\\slash "quotes" ''single''', 'é 漢 🙂', NULL::text
'\N', '\.', ',', ' '
DATE '2000-01-01', DATE '1969-12-31', DATE '9999-12-31', DATE '0001-01-01', 'infinity'::date, '-infinity'::date
TIME '00:00:00', TIME '23:59:59.999999', TIME '12:34:56.5'
TIMESTAMP '2000-01-01 00:00:00', TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMP '2024-02-29 12:00:00.5', 'infinity'::timestamp
TIMESTAMPTZ '2000-01-01 00:00:00+00', TIMESTAMPTZ '2024-07-01 00:30:00+02', 'infinity'::timestamptz
INTERVAL '1 year 2 months 3 days 04:05:06.789', INTERVAL '-1 day', INTERVAL '00:00:00', INTERVAL '-00:00:01.5'
'12345678-9abc-def0-0123-456789abcdef'::uuid, '00000000-0000-0000-0000-000000000000'::uuid
SQL
while IFS= read -r values; do
    for format in text csv binary; do
        psql -X -q -h "$real" -U boss -d postgres -p 5432 \
            -c "COPY (SELECT $values) TO STDOUT (FORMAT $format)" >"$work/theirs" 2>"$work/err" </dev/null ||
            fail "PostgreSQL on $values: $(cat "$work/err")"
        pg -c "COPY (SELECT $values FROM shop.orders WHERE id = 1) TO STDOUT (FORMAT $format)" ||
            fail "$values: $(cat "$work/err")"
        cmp "$work/theirs" "$work/out" || {
            end_postgres "$real"
            od -c "$work/theirs" | head -n 20
            od -c "$work/out" | head -n 20
            fail "not as PostgreSQL has it, $format: $values"
        }
    done
done <"$work/values"
end_postgres "$real"
