#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Policies at three nodes: linted, published, in force at once, explained; masks, hidden columns and filters as
# a consumer sees them at the owner, through a relay and in a join; exceptions, purposes, and what fails closed.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

freehold=$bin/freehold

cat >"$data/people.csv" <<'CSV'
id,name,mail,born,country,note
1,Ada,ada@example.org,1990-05-17,DE,early
2,Bob,bob@example.org,1985-11-02,FR,late
3,Cleo,cleo@example.org,1990-12-31,DE,
4,Dan,,1971-01-01,DE,odd
CSV
cat >"$data/people.odcs.yaml" <<'YAML'
apiVersion: v3.1.0
kind: DataContract
id: contract-of-people
name: people
version: 1.0.0
status: active
description:
  purpose: People, some of whose columns are nobody's business.
schema:
  - name: people
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: name, logicalType: string, classification: restricted}
      - {name: mail, logicalType: string, classification: restricted, tags: [contact]}
      - {name: born, logicalType: date, classification: internal}
      - {name: country, logicalType: string}
      - {name: note, logicalType: string}
roles:
  - {role: mesh, access: read}
servers:
  - {server: here, type: local, path: people.csv, format: csv}
YAML
make_product open 4
make_mesh shop museum market
prints 'shop/people@1.0.0' fh shop product publish "$data/people.odcs.yaml"
prints 'museum/open@1.0.0' fh museum product publish "$data/open.odcs.yaml"
let_in museum ann analyst
let_in museum eve auditor
until_true 10 "the products at museum" finds museum 2
until_true 10 "the products at market" finds market 2
until_true 10 "the products at shop" finds shop 2
all='SELECT * FROM shop.people ORDER BY id'
rules='mask:
  - classification: [Restricted]
    method: partial
    first: 1
    except:
      - {roles: [auditor], purposes: [audit]}
  - {columns: born, method: generalise, to: year}
hide:
  - {columns: note}
filter:
  - {table: people, where: "country = '\''DE'\''"}'

say "- a policy is linted: by itself, and against a contract"
policy 1.0.0 "$rules"
succeeds "$freehold" policy lint "$data/personal.policy.yaml" --against "$data/people.odcs.yaml"
policy 1.0.0 'mask: [{column: born, method: sha, first: 1}]'
no=0
"$freehold" -o csv policy lint "$data/personal.policy.yaml" >"$work/out" 2>"$work/err" || no=$?
((no == 1)) || fail "lint ends with $no"
grep -q ',3,9,error,policy.key.unknown,mask\[0\],.*did you mean' "$work/out" || fail "$(cat "$work/out")"
policy 1.0.0 'mask: [{columns: born, method: hash}, {tags: [nothing], method: hash}]'
no=0
"$freehold" policy lint "$data/personal.policy.yaml" --against "$data/people.odcs.yaml" \
    >"$work/out" 2>"$work/err" || no=$?
((no == 1)) || fail "lint ends with $no"
grep -q 'people.born: hash does not fit a column of type DATE' "$work/out" || fail "$(cat "$work/out")"
grep -q 'warning: mask\[1\]: the rule fits no column of people@1' "$work/out" || fail "$(cat "$work/out")"

say "- what the node refuses is not in force"
policy 1.0.0 'filter: [{table: people, where: "id IN (SELECT id FROM people)"}]'
refused 1 'policy.filter.shape' 'it reads no other table' -- fh shop policy publish "$data/personal.policy.yaml"
policy 1.0.0 'filter: [{table: people, where: country}]'
refused 1 'policy.filter.boolean' 'this one gives VARCHAR' -- fh shop policy publish "$data/personal.policy.yaml"
policy 1.0.0 'filter: [{table: people, where: weight > 1}]'
refused 1 'policy.filter.sql' 'personal.policy.yaml:3:10: error: filter[0]: people@1.people: ' -- \
    fh shop policy publish "$data/personal.policy.yaml"
policy 1.0.0 'filter: [{table: people, where: "read_text('\''/etc/passwd'\'') IS NULL"}]'
refused 1 'policy.filter.sql' 'function read_text is not allowed' -- \
    fh shop policy publish "$data/personal.policy.yaml"
policy 1.0.0 "$rules"
succeeds fh shop policy publish "$data/personal.policy.yaml" --dry-run --review "$work/review.md"
grep -q '^### policy personal 1.0.0: can be published' "$work/review.md" || fail "$(cat "$work/review.md")"
[[ $(fh shop -o csv policy list | tail -n +2) == '' ]] || fail "a dry run put it in force"
prints "$(cat "$data/people.csv")" as ann -o csv query "$all"

say "- in force at once: masked, hidden, filtered; the own domain sees all"
prints 'personal 1.0.0' fh shop policy publish "$data/personal.policy.yaml"
seen='id,name,mail,born,country
1,A**,a**************,1990-01-01,DE
3,C***,c***************,1990-01-01,DE
4,D**,,1971-01-01,DE'
prints "$seen" as ann -o csv query "$all"
prints "$seen" as ann -o csv query "$all" --peer "${address[market]}"
prints "$seen" as ann -o csv query "$all" --peer "${address[shop]}"
prints 'n
3' fh shop -o csv query 'SELECT count(note) AS n FROM shop.people'
prints 'n
3' as ann -o csv query 'SELECT count(*) AS n FROM shop.people'
refused 1 'sql.bind' -- as ann query 'SELECT note FROM shop.people'
succeeds as ann -o csv query 'SELECT id FROM shop.people'
grep -qxF 'note: shop/people: masked for you: name, mail, born; not all rows are there for you' "$work/err" ||
    fail "$(cat "$work/err")"
prints 'personal,1.0.0,in force' bash -c "timeout 60 '$freehold' --home '$work/shop/home' -o csv policy list |
    sed -n 's/^\(personal,1.0.0,in force\),.*/\1/p'"
cmp <(fh shop policy show personal) "$data/personal.policy.yaml" || fail "show is not what was written"
refused 1 'policy.unknown' -- fh shop policy show nothing

say "- the receipt names the policy"
succeeds as ann query "$all" --receipt "$work/receipt"
id=$(fh shop -o json policy show personal | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["id"])')
succeeds fh museum -o json verify "$work/receipt"
grep -q "$id" "$work/out" || fail "the receipt does not name $id: $(cat "$work/out")"

say "- a join at another node sees the same"
joined='SELECT * FROM shop.people p JOIN museum.open o USING (id) ORDER BY id'
prints 'id,name,mail,born,country,item,price
1,A**,a**************,1990-01-01,DE,item 1 of the shop in the market hall,1.5
3,C***,c***************,1990-01-01,DE,item 3 of the shop in the market hall,3.5
4,D**,,1971-01-01,DE,item 4 of the shop in the market hall,4.5' as ann -o csv query "$joined"
grep -qF 'note: shop/people: masked for you: name, mail, born; not all' "$work/err" || fail "$(cat "$work/err")"
refused 1 'sql.bind' -- as ann query 'SELECT p.note FROM shop.people p JOIN museum.open o USING (id)'

say "- exceptions by role and purpose, together"
prints "$seen" as eve -o csv query "$all"
prints "$seen" as ann -o csv query "$all" --purpose audit
prints 'id,name,mail,born,country
1,Ada,ada@example.org,1990-01-01,DE
3,Cleo,cleo@example.org,1990-01-01,DE
4,Dan,,1971-01-01,DE' as eve -o csv query "$all" --purpose audit
two='SELECT p.id, name FROM shop.people p JOIN museum.open o USING (id) ORDER BY 1'
prints 'id,name
1,Ada
3,Cleo
4,Dan' as eve -o csv query "$two" --purpose audit
say "- and a peer of a third domain sees no more for it"
prints 'id,name
1,A**
3,C***
4,D**' as eve -o csv query "$two" --purpose audit --peer "${address[market]}"

say "- explained: column by column, with the rule that made it so"
prints 'table,column,seen,why
people,id,as it is,""
people,name,"partial, first 1, last 0","policy personal 1.0.0, line 4"
people,mail,"partial, first 1, last 0","policy personal 1.0.0, line 4"
people,born,generalise to year,"policy personal 1.0.0, line 9"
people,country,as it is,""
people,note,hidden,"policy personal 1.0.0, line 11"
people,"",rows,country = '\''DE'\''' fh shop -o csv policy explain people --as museum
succeeds fh shop -o csv policy explain people --as museum --role auditor --purpose audit
grep -q '^people,name,as it is,' "$work/out" || fail "$(cat "$work/out")"
succeeds fh shop -o csv policy explain people
grep -q '^people,note,as it is,' "$work/out" || fail "$(cat "$work/out")"
refused 4 'explain.owner' -- fh shop policy explain museum/open --as market

say "- rule by rule: what each does, what became of it, and who signed it"
succeeds fh shop -o csv policy explain people --rules --as museum
[[ $(sed "s/,domain,.*//" "$work/out") == 'policy,version,rule,line,table,column,does,outcome,by,of,signed by,id
personal,1.0.0,mask[0],4,people,name,"partial, first 1, last 0",decides,""
personal,1.0.0,mask[0],4,people,mail,"partial, first 1, last 0",decides,""
personal,1.0.0,mask[1],9,people,born,generalise to year,decides,""
personal,1.0.0,hide[0],11,people,note,hidden,decides,""
personal,1.0.0,filter[0],13,people,"",rows: country = '\''DE'\'',binds,""' ]] || fail "$(cat "$work/out")"
grep -q '^policy personal 1.0.0, signed by shop (publisher.*): freehold policy show personal$' "$work/err" ||
    fail "$(cat "$work/err")"
succeeds fh shop -o csv policy explain people 'mask[0]' --as museum --role auditor --purpose audit
grep -q '^personal,1.0.0,mask\[0\],4,people,"",.*,spared,except roles auditor; purposes audit,' "$work/out" ||
    fail "$(cat "$work/out")"
[[ $(wc -l <"$work/out") == 2 ]] || fail "$(cat "$work/out")"
succeeds fh shop -o csv policy explain people personal
grep -q '^personal,1.0.0,policy,,"","",all of the policy,outside,the policy applies to other domains,' "$work/out" ||
    fail "$(cat "$work/out")"
refused 1 'policy.rule.unknown' -- fh shop policy explain people 'mask[7]' --as museum
refused 1 'domain.unknown' -- fh shop policy explain people --as nobody

say "- versions rise; a rollback is refused"
refused 1 'policy.version.not_greater' -- fh shop policy publish "$data/personal.policy.yaml"
policy 0.9.0 "$rules"
refused 1 'policy.version.not_greater' -- fh shop policy publish "$data/personal.policy.yaml"

say "- purposes, and what closes a product"
enforce 1.1.0 'purposes: [billing, audit]'
refused 4 'policy.purpose' 'billing, audit' -- as ann query "$all"
refused 4 'policy.purpose' -- as ann query "$all" --purpose sales --peer "${address[market]}"
refused 4 'policy.purpose' -- fh shop policy explain people --as museum
no=0
fh shop -o csv policy explain people purposes --as museum >"$work/out" 2>"$work/err" || no=$?
((no == 4)) || fail "explain ends with $no"
grep -q '^personal,1.1.0,purposes,,"","","for billing, audit",refuses,"policy personal serves' "$work/out" ||
    fail "$(cat "$work/out")"
succeeds as ann query "$all" --purpose billing
enforce 1.2.0 'valid_until: 2020-01-01'
refused 4 'policy.expired' 'shop/people is closed: policy personal 1.2.0 has expired' -- as ann query "$all"
succeeds fh shop query "$all"
succeeds fh shop -o csv policy list
grep -q '^personal,1.2.0,expired,' "$work/out" || fail "$(cat "$work/out")"

say "- a policy outlives the node, and a new version opens again"
stop_node shop
start_node shop
until_true 10 "shop for museum" refused 4 'policy.expired' -- as ann query "$all"
enforce 2.0.0 'applies_to: everyone
hide: [{columns: [name, mail, note]}]'
prints 'id,born,country
1,1990-05-17,DE
2,1985-11-02,FR
3,1990-12-31,DE
4,1971-01-01,DE' as ann -o csv query "$all"
prints 'id,born,country' bash -c "timeout 60 '$freehold' --home '$work/shop/home' -o csv query '$all' | head -n 1"
say "- a version of a contract that gets out of a rule is told so"
sed -e 's/^version: .*/version: 2.0.0/' -e 's/name: mail,/name: email, physicalName: mail,/' \
    "$data/people.odcs.yaml" >"$data/renamed.odcs.yaml"
enforce 2.1.0 'mask: [{columns: mail, method: null}, {columns: id, method: hash}]'
succeeds fh shop product publish "$data/renamed.odcs.yaml" --dry-run
grep -q 'note: people: policy personal, line 3 fits nothing of this version' "$work/err" || fail "$(cat "$work/err")"
say "- and so is one whose column a filter asks for, or takes for another type; that closes the table, by name"
enforce 2.2.0 'filter: [{table: people, where: "born > DATE '\''1980-01-01'\''"}, {table: elsewhere, where: never}]'
sed -e 's/^version: .*/version: 2.0.0/' -e '/name: born/d' "$data/people.odcs.yaml" >"$data/unborn.odcs.yaml"
succeeds fh shop product publish "$data/unborn.odcs.yaml" --dry-run
grep -q 'note: people: policy personal, line 3: people@2.people is closed to others: .*born' "$work/err" ||
    fail "$(cat "$work/err")"
prints 'shop/people@2.0.0' fh shop product publish "$data/unborn.odcs.yaml"
until_true 10 "the new version at museum" finds museum 3
refused 4 'rule: access.filter' -- as ann query 'SELECT * FROM shop."people@2"'
prints 'n
3' as ann -o csv query 'SELECT count(*) AS n FROM shop."people@1"'
say "all of it"
