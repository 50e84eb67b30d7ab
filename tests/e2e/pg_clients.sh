#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Unmodified clients of PostgreSQL at the door: each reads a masked product and a join across domains and gets
# what the command gets, by the code of its page in deploy/clients. Each is a row of the table there, each
# feature a cell: what a client does here and what the table says of it must be the same. A client that is not
# installed is left out with a message.
#     pg_clients.sh SOURCE_FOLDER PROGRAM_FOLDER FIRST_PORT
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
# shellcheck source=tests/e2e/client_table.sh
source "$source_folder/tests/e2e/client_table.sh"
# shellcheck source=tools/postgres.sh
source "$source_folder/tools/postgres.sh"

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
make_product orders 5000
make_product items 3
make_mesh shop museum
echo "postgres_listen: 127.0.0.1:$pg_port" >>"$work/museum/home/freehold.yaml"
stop_node museum
start_node museum
policy 1.0.0 'mask: [{classification: [restricted], method: partial, first: 1}]
filter: [{table: people, where: "country = '\''DE'\''"}]'
succeeds fh shop policy publish "$data/personal.policy.yaml"
succeeds fh shop product publish "$data/orders.odcs.yaml" "$data/people.odcs.yaml"
succeeds fh museum product publish "$data/items.odcs.yaml"
until_true 20 "three products at museum" finds museum 3
succeeds fh museum -o csv token create --label clients --until 1h
token=$(column token)
export PGHOST=127.0.0.1 PGPORT=$pg_port PGDATABASE=mesh PGSSLMODE=require PGCONNECT_TIMEOUT=20
export PGUSER=${token%%.*} PGPASSWORD=$token
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$pg_port") 2>/dev/null; }
until_true 20 "the PostgreSQL door" listens

# What the command says.
fh museum -o csv query "SELECT * FROM shop.people WHERE country = 'DE' ORDER BY id" >"$work/people.csv" 2>/dev/null
fh museum -o csv query 'SELECT o.id, o.item AS ours, i.item AS theirs, o.price
    FROM shop.orders o JOIN museum.items i ON i.id = o.id ORDER BY o.id' >"$work/joined.csv" 2>/dev/null
grep -q '^1,A' "$work/people.csv" || fail "nobody is there: $(cat "$work/people.csv")"
! grep -q 'Ada\|Bob' "$work/people.csv" || fail "not masked: $(cat "$work/people.csv")"
[[ $(wc -l <"$work/joined.csv") == 4 ]] || fail "not joined: $(cat "$work/joined.csv")"

if client psql command -v psql; then
    run psql -X --csv -c "SELECT * FROM shop.people WHERE country = 'DE' ORDER BY id" \
        -c 'SELECT o.id, o.item AS ours, i.item AS theirs, o.price
            FROM shop.orders o JOIN museum.items i ON i.id = o.id ORDER BY o.id'
    has masked "$work/people.csv"
    has join "$work/joined.csv"
    run psql -X --csv -v FETCH_COUNT=1000 -c 'SELECT id FROM shop.orders'
    [[ $(wc -l <"$out") == 5001 ]] || fail "FETCH_COUNT"
    did[psql]+=' parts'
    run psql -X -c "COPY (SELECT * FROM shop.people WHERE country = 'DE' ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"
    has copy "$work/people.csv"
    run psql -X -At -c '\dn' -c '\dt' -c '\d shop.people' -c '\d+ museum.items' -c '\l' -c '\du' -c '\df' -c '\dv' \
        -c '\di' -c '\dT' -c '\dp' -c '\conninfo'
    says tables 'shop|shop' 'museum|items|table|museum' 'shop|people|table|shop' 'id|bigint||not null|' \
        'name|text||not null|' 'country|text||not null|'
    # What the Tab key asks for.
    run psql -X -At -c "SELECT c.relname, n.nspname FROM pg_catalog.pg_class c, pg_catalog.pg_namespace n WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'v') AND (c.relname) LIKE 'peo%' AND n.nspname = 'shop' LIMIT 1000"
    says tables 'people|shop'
fi

if client pgbench test -x "$(compgen -G '/usr/lib/postgresql/*/bin/pgbench' | tail -n 1)"; then
    pgbench=$(compgen -G '/usr/lib/postgresql/*/bin/pgbench' | tail -n 1)
    cat >"$work/masked.sql" <<'SQL'
\set id random(1, 3)
SELECT name FROM shop.people WHERE id = :id;
SQL
    echo 'SELECT o.item, i.item FROM shop.orders o JOIN museum.items i ON i.id = o.id;' >"$work/joined.sql"
    for mode in simple extended prepared; do
        run "$pgbench" -n -f "$work/masked.sql@5" -f "$work/joined.sql@1" -M "$mode" -c 2 -t 10
        says masked 'number of transactions actually processed: 20/20' 'number of failed transactions: 0 (0.000%)'
    done
    did[pgbench]+=' join parameters'
fi

if client 'psycopg2 and pandas' /usr/bin/python3 -c 'import psycopg2, pandas'; then
    blocks psycopg2.md python "$work/psycopg2"
    cd "$work/psycopg2"
    run /usr/bin/python3 1
    has masked "$work/people.csv"
    grep -q '^# NOTICE:  shop.people is not as its owner has it' "$out" || fail "no notice: $(cat "$out")"
    did[$now]+=' parameters notices'
    run /usr/bin/python3 2
    has join "$work/joined.csv"
    run /usr/bin/python3 3
    says tables 'museum,items,id,bigint' 'shop,people,id,bigint' 'shop,people,name,text'
    run /usr/bin/python3 4
    says parts 5000
    fh museum -o csv query 'SELECT * FROM shop.orders ORDER BY id' 2>/dev/null | cmp - orders.csv || fail "$now: COPY"
    did[$now]+=' copy'
    cd "$work"
fi

if client 'pg of Node.js' node -e 'require("pg")'; then
    blocks node-pg.md js "$work/node-pg"
    run env -u PGSSLMODE node "$work/node-pg/1"
    has masked "$work/people.csv"
    grep -q '^# shop.people is not as its owner has it' "$out" || fail "no notice: $(cat "$out")"
    did[$now]+=' parameters notices'
    has join "$work/joined.csv"
    says tables museum.items shop.orders shop.people
fi

jar=/usr/share/java/postgresql.jar
has_java() { command -v javac && [[ -e $jar ]]; }
if client 'JDBC (pgjdbc)' has_java; then
    blocks jdbc.md java "$work/jdbc"
    mv "$work/jdbc/1" "$work/jdbc/Mesh.java"
    run java -XX:TieredStopAtLevel=1 -cp "$jar" "$work/jdbc/Mesh.java"
    has masked "$work/people.csv"
    grep -q '^# shop.people is not as its owner has it' "$out" || fail "no notice: $(cat "$out")"
    did[$now]+=' parameters notices'
    has join "$work/joined.csv"
    says tables 'table orders' 'table people' 'column id int8 0' 'column name text 0' 'column country text 0'
    says parts 'rows 5000'
    says copy 'copied 5000'
fi

has_odbc() { command -v isql && compgen -G '/usr/lib/*/odbc/psqlodbcw.so'; }
if client 'ODBC (psqlODBC)' has_odbc; then
    blocks odbc.md ini "$work/odbc"
    blocks odbc.md sh "$work/odbc/sh"
    sed -e "s/^Port=.*/Port=$pg_port/" \
        -e "s|^Driver=.*|Driver=$(compgen -G '/usr/lib/*/odbc/psqlodbcw.so')|" "$work/odbc/1" >"$work/odbc/odbc.ini"
    cd "$work/odbc"
    run env token="$token" bash -euo pipefail sh/2
    tr -d '\r' <"$out" | sed 's/,$//' >"$out.plain" && mv "$out.plain" "$out"
    has masked "$work/people.csv"
    has join <(cut -d, -f1-3 "$work/joined.csv")
    did[$now]+=' parts'
    grep -q '^mesh,shop,people,TABLE' "$out" || fail "$now: no table: $(cat "$out")"
    grep -q '^mesh,shop,people,name,' "$out" || fail "$now: no column: $(cat "$out")"
    did[$now]+=' tables'
    cd "$work"
fi

has_wrapper() { [[ -n $(postgres_programs) ]] && compgen -G '/usr/share/postgresql/*/extension/postgres_fdw.control'; }
if client postgres_fdw has_wrapper; then
    real=$work/real
    begin_postgres "$real"
    blocks postgres_fdw.md sql "$real/page"
    sed -i "s/port '5433'/port '$pg_port'/" "$real/page/1"
    theirs=(env -u PGSSLMODE psql -X -q --csv -h "$real" -p 5432 -U boss -d postgres -v ON_ERROR_STOP=1)
    run "${theirs[@]}" -v user="$PGUSER" -v password="$PGPASSWORD" -f "$real/page/1"
    run "${theirs[@]}" -f "$real/page/2"
    has masked "$work/people.csv"
    has join "$work/joined.csv"
    run "${theirs[@]}" -t -c "SELECT foreign_table_schema || '.' || foreign_table_name FROM information_schema.foreign_tables ORDER BY 1"
    says tables museum.items shop.orders shop.people
    run "${theirs[@]}" -t -c "EXPLAIN (VERBOSE) SELECT item FROM shop.orders WHERE id < 3"
    grep -qF 'Remote SQL: SELECT item FROM shop.orders WHERE ((id < 3))' "$out" ||
        fail "the condition does not go to the mesh: $(cat "$out")"
    run "${theirs[@]}" -t -c 'SELECT count(*) FROM (SELECT id FROM shop.orders OFFSET 0) o'
    says parts 5000
    end_postgres "$real"
fi

compare_table 'Of PostgreSQL'
