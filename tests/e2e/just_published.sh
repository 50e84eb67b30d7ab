#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A product is read the moment its next version is published, with a column more each time, at peers that have not heard
# of it: alone and in a join.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

# Twelve, and more where the news was faster than the commands each time.
rounds=40
make_product items 20
awk -v columns="$rounds" 'BEGIN { FS = OFS = "," }
    { for (i = 1; i <= columns; i++) $0 = $0 "," (NR == 1 ? "c" i : i) } 1' "$data/items.csv" >"$work/items.csv"
mv "$work/items.csv" "$data/items.csv"
make_product open 4
make_mesh shop museum market
prints 'shop/items@1.0.0' fh shop product publish "$data/items.odcs.yaml"
prints 'museum/open@1.0.0' fh museum product publish "$data/open.odcs.yaml"
let_in museum ann analyst
for domain in museum market; do
    until_true 10 "the products at $domain" finds "$domain" 2
done

publish_next() # ROUND
{
    sed -i -e "s/^version: .*/version: 1.$1.0/" \
        -e "s/^ *- {name: price.*/&\n      - {name: c$1, logicalType: integer, required: true}/" "$data/items.odcs.yaml"
    prints "shop/items@1.$1.0" fh shop product publish "$data/items.odcs.yaml"
}
both='JOIN museum.open o ON i.id = o.id'

say "- versions, each read at once"
behind=0
for ((round = 1; round <= rounds && (round <= 12 || behind == 0); round++)); do
    publish_next "$round"
    [[ $(version_of market shop/items) == "1.$round.0" ]] || ((behind += 1))
    case $((round % 3)) in
    0) prints $'n\n20' as ann -o csv query 'SELECT count(*) AS n FROM shop.items' ;;
    1) prints $'n\n4' as ann -o csv query "SELECT count(*) AS n FROM shop.items i $both" --peer "${address[market]}" ;;
    esac
    prints $'n\n'"$round" as ann -o csv query "SELECT max(i.c$round) AS n FROM shop.items i $both"
done
((behind > 0)) || fail "market had heard of every version in time: nothing was tested"
