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
    printf 'limits: {worker_memory: 320, query_rows: 20000, query_deadline: 3000}\n' >>"$work/$domain/home/freehold.yaml"
    stop_node "$domain"
    start_node "$domain"
done
hidden=$(canary secret hidden_column)
product shop orders active mesh 2000 "$(canary row granted_value)" "$hidden"
product shop ledger active nobody 50 "$(canary secret value_of_a_closed_product)" "$hidden"
product shop sketch draft mesh 50 "$(canary secret value_of_a_draft)" "$hidden"
product market stalls active mesh 40 "$(canary row granted_value_of_another_owner)" "$hidden"
product market till active nobody 40 "$(canary secret value_of_a_closed_product_elsewhere)" "$hidden"
canary secret file_beside_the_data >"$roots/secret.csv"
mkdir "$roots/.private"
canary secret hidden_file >"$roots/.private/secret.txt"
canary secret file_in_the_home >"$work/shop/home/notes.txt"
canary secret file_beside_the_keys >"$work/shop/home/keys/spare.txt"
canary secret file_in_the_temporary_folder >"$work/shop/home/tmp/left.txt"
until_true 10 "the products at shop" finds shop 5
until_true 10 "the products at market" finds market 5
printf '%s\n' "$(canary secret query_of_another_consumer)" >"$work/words"
for name in mallory1 mallory2 alice1 alice2; do
    timeout 60 "$bin/freehold" key create "$work/$name.key" >"$work/$name.pub" 2>/dev/null
    succeeds fh visitor member add "$work/$name.pub" --name "$name" --role member --until 1d --save "$work/$name.access"
done

seed=$RANDOM
say "- the attacks (--seed $seed)"
timeout 600 "$bin/fh-attack" \
    --lane owner "${address[shop]}" "$work" mallory1 alice1 \
    --lane relay "${address[market]}" "$work" mallory2 alice2 \
    --honest "$source_folder/tests/attack/honest.case" --canaries "$work/canaries" \
    --word work "$work" --word data "$work/roots" --word home "$work/shop/home" \
    --word other "$(<"$work/words")" \
    --log "$work/shop/node.log" --log "$work/market/node.log" \
    --folder "$work/shop/home" --folder "$work/market/home" --folder "$roots" \
    --seed "$seed" "${options[@]}" "$cases"/*.case || fail "the attacks were not all in vain"

say "- nothing was written, and everybody is well"
[[ -z $(find "$work" -name '*loot*') ]] || fail "SQL wrote a file: $(find "$work" -name '*loot*')"
for domain in shop market; do
    kill -0 "${node_pid[$domain]}" || fail "the node of $domain is gone"
    prints "$(printf 'n\n2000')" fh "$domain" -o csv query 'SELECT count(*) AS n FROM shop.orders'
done
