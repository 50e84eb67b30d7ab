#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The attack suite: some hundred hostile statements of tests/attack/cases, asked in real sessions at the
# owner and through a relay, an honest query beside each of them. What attacks aim at is planted here and new
# in every run: words in files, environment, settings, hidden columns, and products of others.
#     attacks.sh SOURCE_FOLDER PROGRAM_FOLDER FIRST_PORT [OPTION OF fh-attack]...
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
options=("${@:4}")
cases=$source_folder/tests/attack/cases

# canary KIND NAME: a new word; where it is planted is the caller's.
canary()
{
    local word
    word=k$(head -c 12 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
    printf '%s %s %s\n' "$1" "$2" "$word" >>"$work/canaries"
    printf '%s' "$word"
}

say "- a mesh of three domains, with words planted where nobody may get at them"
place=$(canary place data_folder)
roots=$work/data-$place
mkdir "$roots" "$work/visitor"
ln -s "data-$place" "$work/roots" # so that attacks can name the folder and not its word
MARKET_TOKEN=$(canary secret environment)
export MARKET_TOKEN SHOP_PASSWORD=$MARKET_TOKEN
make_mesh shop market visitor

# contract NAME STATUS ACCESS FORMAT: for NAME.FORMAT beside it; ACCESS is mesh or nobody.
contract()
{
    cat <<YAML
apiVersion: v3.1.0
kind: DataContract
id: contract-of-$1
name: $1
version: 1.0.0
status: $2
description:
  purpose: Rows that attacks aim at.
schema:
  - name: $1
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: item, logicalType: string, required: true}
      - {name: price, logicalType: number, required: true}
roles:
  - {role: $3, access: read}
servers:
  - {server: here, type: local, path: $1.$4, format: $4}
YAML
}
# product DOMAIN NAME STATUS ACCESS ROWS WORD HIDDEN: one item is the word; a column that the contract does
# not have holds the hidden one in every row.
product()
{
    awk -v rows="$5" -v word="$6" -v hidden="$7" 'BEGIN {
        print "id,item,price,memo"
        for (i = 1; i <= rows; i++)
            printf "%d,%s,%d.5,%s\n", i, i == 7 ? word : "item " i % 10, i % 100, hidden
    }' >"$roots/$2.csv"
    contract "$2" "$3" "$4" csv >"$roots/$2.odcs.yaml"
    prints "$1/$2@1.0.0" fh "$1" product publish "$roots/$2.odcs.yaml"
}
for domain in shop market; do
    printf 'limits: {worker_memory: 320, query_rows: 20000, query_deadline: 5000}\n' >>"$work/$domain/home/freehold.yaml"
    stop_node "$domain"
    start_node "$domain"
done
hidden=$(canary secret hidden_column)
product shop orders active mesh 2000 "$(canary row granted_value)" "$hidden"
product shop ledger active nobody 50 "$(canary secret value_of_a_closed_product)" "$hidden"
product shop sketch draft mesh 50 "$(canary secret value_of_a_draft)" "$hidden"
product market stalls active mesh 40 "$(canary row granted_value_of_another_owner)" "$hidden"
product market till active nobody 40 "$(canary secret value_of_a_closed_product_elsewhere)" "$hidden"
# A product that is masked, has a hidden column, and whose rows of France are filtered away. What is masked is
# told to the attacker as a guess: %{name} and %{mail} are right and must not be found.
name=$(canary secret masked_name)
mail=$(canary secret masked_mail)
phone=$(canary secret masked_phone)
note=$(canary secret hidden_column_of_a_policy)
filtered=$(canary secret filtered_row)
awk -v name="$name" -v mail="$mail" -v phone="$phone" -v note="$note" -v filtered="$filtered" 'BEGIN {
    print "id,name,mail,phone,born,pay,country,note"
    for (i = 1; i <= 40; i++)
        printf "%d,%s,%s,%s,19%d-%02d-%02d,%d,%s,%s\n", i, i == 7 ? name : (i % 4 == 0 ? filtered i : "name " i),
            i == 7 ? mail "@example.org" : "m" i "@example.org", i % 2 ? phone : "", 50 + i, i % 12 + 1, i % 28 + 1,
            1000 + 137 * i, i % 4 == 0 ? "FR" : "DE", note
}' >"$roots/people.csv"
contract people active mesh csv | awk '/name: item/ {
    print "      - {name: name, logicalType: string, classification: restricted}"
    print "      - {name: mail, logicalType: string, tags: [contact]}"
    print "      - {name: phone, logicalType: string}"
    print "      - {name: born, logicalType: date}"
    print "      - {name: pay, logicalType: integer}"
    print "      - {name: country, logicalType: string}"
    print "      - {name: note, logicalType: string}"
    next
} !/name: price/' >"$roots/people.odcs.yaml"
prints 'shop/people@1.0.0' fh shop product publish "$roots/people.odcs.yaml"
cat >"$roots/people.policy.yaml" <<'YAML'
name: people
version: 1.0.0
products: [people]
mask:
  - {classification: [restricted], method: hash}
  - {tags: [contact], method: partial, first: 1}
  - {columns: [phone], method: "null"}
  - {columns: [born], method: generalise, to: year}
  - {columns: [pay], method: generalise, step: 1000}
hide:
  - {columns: [note]}
filter:
  - {table: people, where: country = 'DE'}
YAML
prints 'people 1.0.0' fh shop policy publish "$roots/people.policy.yaml"
canary secret file_beside_the_data >"$roots/secret.csv"
mkdir "$roots/.private"
canary secret hidden_file >"$roots/.private/secret.txt"
canary secret file_in_the_home >"$work/shop/home/notes.txt"
canary secret file_beside_the_keys >"$work/shop/home/keys/spare.txt"
canary secret file_in_the_temporary_folder >"$work/shop/home/tmp/left.txt"
until_true 10 "the products at shop" finds shop 6
until_true 10 "the products at market" finds market 6
printf '%s\n' "$(canary secret query_of_another_consumer)" >"$work/words"
for name in mallory1 mallory2 alice1 alice2; do
    timeout 60 "$bin/freehold" key create "$work/$name.key" >"$work/$name.pub" 2>/dev/null
    succeeds fh visitor member add "$work/$name.pub" --name "$name" --role member --until 1d --save "$work/$name.access"
done

say "- an attack for each function of the engine that is none of a consumer's business"
echo 'SELECT 1' >"$work/none.sql"
"$bin/fh-direct" "$work/none.sql" "$work" "$source_folder/tests/attack/functions.sql" >"$work/functions.csv"
awk -F, 'NR > 1 && $1 == "table" { printf "== %s, as a table\nSELECT * FROM \"%s\"()\n=> refused sql.gate.table_function\n", $2, $2 }
    NR > 1 && $1 == "scalar" { printf "== %s, as a value\nSELECT \"%s\"()\n=> refused sql.gate.function\n", $2, $2 }
    ' "$work/functions.csv" >"$work/functions.case"
(($(grep -c '^== ' "$work/functions.case") > 200)) || fail "the engine has fewer functions than expected"

# attack OPTION... FILE...: in both lanes.
attack()
{
    timeout 600 "$bin/fh-attack" \
        --lane owner "${address[shop]}" "$work" mallory1 alice1 \
        --lane relay "${address[market]}" "$work" mallory2 alice2 \
        --honest "$source_folder/tests/attack/honest.case" \
        --word work "$work" --word data "$work/roots" --word home "$work/shop/home" \
        --word other "$(<"$work/words")" --word name "$name" --word mail "$mail" --word filtered "$filtered" \
        --log "$work/shop/node.log" --log "$work/market/node.log" \
        --folder "$work/shop/home" --folder "$work/market/home" --folder "$roots" "$@"
}

say "- the alarm: each of these gives away a word, or does not end as it says"
word=$(sed -n 's/^row granted_value //p' "$work/canaries")
printf 'secret alarm %s\n' "$word" >"$work/alarm"
cat >"$work/alarm.case" <<CASES
== as it is
SELECT item FROM shop.orders WHERE id = 7
=> rows 1
== in capitals
SELECT upper(item) FROM shop.orders WHERE id = 7
=> rows 1
== backwards
SELECT reverse(item) FROM shop.orders WHERE id = 7
=> rows 1
== as digits
SELECT hex(item) FROM shop.orders WHERE id = 7
=> rows 1
== as base64
SELECT to_base64(encode(item)) FROM shop.orders WHERE id = 7
=> rows 1
== as base64 behind one byte
SELECT to_base64(encode('x' || item)) FROM shop.orders WHERE id = 7
=> rows 1
== as base64 behind two bytes
SELECT to_base64(encode('xy' || item || 'z')) FROM shop.orders WHERE id = 7
=> rows 1
== inside a list
SELECT list(item) FROM shop.orders WHERE id < 9
=> rows 1
== as a name
SELECT 1 AS "of $word"
=> rows 1
== in an error
SELECT "$word" FROM shop.orders
=> refused sql.bind
== not refused
SELECT 1
=> refused sql.syntax
== not answered
SELECT a a a
=> answers 1
== answered otherwise
SELECT 1
=> answers 2
== refused otherwise
SELECT a a a
=> refused sql.bind
CASES
status=0
attack --canaries "$work/alarm" "$work/alarm.case" >"$work/out" 2>"$work/err" || status=$?
((status == 1 && $(grep -c 'LEAK: alarm' "$work/err") == 20)) || fail "the alarm is silent: $status: $(<"$work/err")"
grep -q '^14 attacks, 28 statements, 28 surprises$' "$work/out" || fail "the alarm is wrong: $(<"$work/out") $(<"$work/err")"

seed=$RANDOM
say "- the attacks (--seed $seed)"
attack --canaries "$work/canaries" --seed "$seed" "${options[@]}" "$cases"/*.case "$work/functions.case" || fail "the attacks were not all in vain"

say "- nothing was written, and everybody is well"
loot=$(find "$work" -mindepth 1 -name '*loot*')
[[ -z $loot ]] || fail "SQL wrote a file: $loot"
for domain in shop market; do
    kill -0 "${node_pid[$domain]}" || fail "the node of $domain is gone"
    prints "$(printf 'n\n2000')" fh "$domain" -o csv query 'SELECT count(*) AS n FROM shop.orders'
done
