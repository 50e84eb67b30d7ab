#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Masked tables at a real node: snapshots that come and go with their source and their policy, many who ask at
# once, a consumer who turns away, and workers that die.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

# rows FROM TO: lines of the source.
rows()
{
    awk -v from="$1" -v to="$2" 'BEGIN {
        for (i = from; i < to; i++) printf "%d,secret-%d,%d\n", i, i, i % 100
    }'
}
kept()
{
    (($(grep -c 'snapshot.kept' "$work/shop/node.log") >= $1))
}

{
    echo id,name,delay
    rows 0 200000
} >"$data/people.csv"
cat >"$data/people.odcs.yaml" <<'YAML'
apiVersion: v3.1.0
kind: DataContract
id: contract-of-people
name: people
version: 1.0.0
status: active
description:
  purpose: People whose names are nobody's business.
schema:
  - name: people
    properties:
      - {name: id, logicalType: integer, required: true}
      - {name: name, logicalType: string, classification: restricted}
      - {name: delay, logicalType: integer}
roles:
  - {role: mesh, access: read}
servers:
  - {server: here, type: local, path: people.csv, format: csv}
YAML
make_mesh shop museum
prints 'shop/people@1.0.0' fh shop product publish "$data/people.odcs.yaml"
until_true 10 "the products at museum" finds museum 1
for name in ann bob cid dan; do
    let_in museum "$name" analyst
done
rules='mask: [{columns: name, method: partial, first: 6}]
filter: [{table: people, where: "delay < 90"}]'
enforce 1.0.0 "$rules"
sum='SELECT count(*) AS n, max(id) AS m, max(name) AS s FROM shop.people WHERE delay >= 10'

say "- read again, a masked table is kept, and says the same"
for _ in 1 2 3 4 5; do
    prints "n,m,s
160000,199989,secret*******" as ann -o csv query "$sum" --peer "${address[shop]}"
    sleep 0.5
done
until_true 10 "a snapshot" kept 1
prints "n,m,s
160000,199989,secret*******" as bob -o csv query "$sum" --peer "${address[shop]}"
grep -q secret-1 "$work/shop/node.log" && fail "a value in the log"

say "- it goes with its source"
rows 200000 200100 >>"$data/people.csv"
prints "n,m,s
160080,200089,secret*******" as ann -o csv query "$sum" --peer "${address[shop]}"

say "- and with its policy"
for _ in 1 2 3; do
    succeeds as ann -o csv query "$sum" --peer "${address[shop]}"
    sleep 0.5
done
until_true 10 "another snapshot" kept 2
enforce 1.1.0 "${rules/first: 6/first: 1}"
prints "n,m,s
160080,200089,s************" as ann -o csv query "$sum" --peer "${address[shop]}"

say "- many at once"
asked=()
for turn in 1 2 3 4; do
    for name in ann bob cid dan; do
        as "$name" -o csv query "SELECT count(*) AS n, $turn AS t FROM shop.people a JOIN shop.people b USING (id)" \
            --peer "${address[shop]}" >"$work/many.$name.$turn" 2>&1 &
        asked+=($!)
    done
done
for pid in "${asked[@]}"; do
    wait "$pid" || fail "$(cat "$work"/many.*)"
done
grep -L '^180090,' "$work"/many.* | grep . && fail "another answer"

say "- who turns away costs nothing"
for _ in 1 2 3; do
    prints 'id
0' as cid -o csv query 'SELECT id FROM shop.people LIMIT 1' --peer "${address[shop]}"
done
timeout 0.3 "$bin/freehold" --key "$keys/dan.key" --access "$keys/dan.access" -o csv \
    query 'SELECT a.name FROM shop.people a, shop.people b' --peer "${address[shop]}" >/dev/null 2>&1 || true
prints "n
180090" as dan -o csv query 'SELECT count(name) AS n FROM shop.people' --peer "${address[shop]}"
say "- a worker that dies costs its query"
rested()
{
    (($(pgrep -c -P "${node_pid[shop]}") <= 1))
}
until_true 10 "the end of idle workers" rested
enforce 1.2.0 "${rules/first: 6/first: 2}" # of this view there is no snapshot
as ann query 'SELECT count(*) FROM shop.people a, shop.people b WHERE a.name < b.name || a.id' \
    --peer "${address[shop]}" >"$work/dead" 2>&1 &
dying=$!
at_work()
{
    (($(pgrep -c -P "${node_pid[shop]}") >= 3)) # the two of the query, and the one that stands by
}
until_true 10 "the workers" at_work
mapfile -t workers < <(pgrep -P "${node_pid[shop]}")
kill -9 "${workers[@]}"
if wait "$dying"; then
    fail "$(cat "$work/dead")"
fi
grep -q 'worker.died' "$work/dead" || fail "$(cat "$work/dead")"
prints "n
180090" as ann -o csv query 'SELECT count(name) AS n FROM shop.people' --peer "${address[shop]}"
say "all of it"
