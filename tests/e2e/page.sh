#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The catalogue page in a real browser: a consumer at his own node's door looks at another domain's
# products, and their owner at his. tests/browser/catalogue.mjs says what is looked at; screenshots
# stay in the build folder.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
# shellcheck source=tests/e2e/client_table.sh
source "$source_folder/tests/e2e/client_table.sh"

FH_NPM=${FREEHOLD_CACHE:-$HOME/.cache/freehold}/npm-$(sha256sum "$source_folder/tests/npm.pins" | cut -c 1-12)
export FH_NPM
FH_CHROMIUM=$(command -v chromium || command -v chromium-headless-shell || true)
export FH_CHROMIUM
for needed in node curl; do
    command -v "$needed" >/dev/null || { say "skipped: $needed is not installed (tools/setup installs it)" && exit 77; }
done
if [[ -z $FH_CHROMIUM || ! -d $FH_NPM/node_modules/playwright-core || ! -d $FH_NPM/node_modules/axe-core ]]; then
    say "skipped: no chromium, or no playwright-core in $FH_NPM (tools/setup installs both)"
    exit 77
fi
export FH_SHOTS=$bin/../page-screenshots FH_WORK=$work PATH=$bin:$PATH
rm -rf "$FH_SHOTS"
mkdir -p "$FH_SHOTS"

export FH_OWNER=http://127.0.0.1:$((port + 5)) FH_BASE=http://127.0.0.1:$((port + 6))
make_mesh shop museum
open_door shop "http_listen: ${FH_OWNER#*//}"
open_door museum "http_listen: ${FH_BASE#*//}"

make_product orders 20
make_product ledger 20
closed ledger
cat >>"$data/orders.odcs.yaml" <<'YAML'
tags: [sales]
team: {name: shop data, members: [{username: ada, name: Ada Byron, role: owner}]}
support: [{channel: "#shop-data", url: "https://chat.example.org/shop", tool: slack}]
YAML
cat >"$data/odd.odcs.yaml" <<'YAML'
apiVersion: v3.1.0
kind: DataContract
id: contract-of-odd
name: odd
version: 1.0.0
status: active
tags: ["<img src=x onerror=alert(2)>", "a\"b'c"]
description:
  purpose: "</p><script>window.hacked = 1</script> & \"quotes\""
  usage: "<svg onload=alert(3)>"
  limitations: "javascript:alert(4)"
team:
  name: "<b>team</b>"
  members: [{username: "\"><script>alert(5)</script>", name: "Eve <i>", role: "<u>"}]
support: [{channel: "<script>alert(6)</script>", url: "javascript:alert(7)"}]
schema:
  - name: odd
    businessName: "<script>alert(1)</script> & \"odd\" 'quotes'"
    description: "<style>body{display:none}</style>"
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - name: text
        businessName: "<script>alert(8)</script>"
        physicalName: "<u>text</u>"
        logicalType: string
        description: "\"><img src=x onerror=alert(9)>"
        classification: "<i>"
        examples: ["<b>bold</b>"]
roles:
  - {role: mesh, access: read}
servers:
  - {server: here, type: local, path: odd.csv, format: csv}
YAML
printf '%s\n' 'id,<u>text</u>' '1,<img src=x onerror=alert(10)>' >"$data/odd.csv"
for product in orders ledger odd; do
    succeeds fh shop product publish "$data/$product.odcs.yaml"
done
shows() # PRODUCT@VERSION: museum has it with its contract
{
    [[ $(fh museum -o csv product list) == *"$1,"* ]] && fh museum product describe "${1%@*}"
}
# A second version: one column more, which may be absent. Who comes later has only that one.
until_true 20 "the first version at museum" shows shop/orders@1.0.0
sed -i -e 's/^version: .*/version: 1.1.0/' \
    -e 's/^      - {name: price.*/&\n      - {name: note, logicalType: string}/' "$data/orders.odcs.yaml"
sed -i -e '1s/$/,note/' -e '2,$s/$/,/' "$data/orders.csv"
succeeds fh shop product publish "$data/orders.odcs.yaml"
# Broken for a while: the page shows that it was.
cp "$data/orders.csv" "$data/good.csv"
sed '$p' "$data/good.csv" >"$data/orders.csv"
! fh shop product check shop/orders >"$work/out" 2>&1 || fail "a key that is there twice passed"
cp "$data/good.csv" "$data/orders.csv"
succeeds fh shop product check shop/orders
cat >"$data/masks.policy.yaml" <<'YAML'
name: masks
version: 1.0.0
products: [orders]
mask:
  - {columns: [item], method: partial, first: 1}
YAML
succeeds fh shop policy publish "$data/masks.policy.yaml"
cat >"$data/odd.policy.yaml" <<'YAML'
name: odd
version: 1.0.0
products: [odd]
require:
  - fields: [sla]
naming:
  - {of: column, pattern: "[a-z]*"}
YAML
succeeds fh shop policy publish "$data/odd.policy.yaml"
succeeds fh shop policy waive odd 'naming[0]' --product odd --until 1d --reason '<script>alert(15)</script>'
until_true 20 "three products at museum" finds museum 3
for product in shop/orders@1.1.0 shop/ledger@1.0.0 shop/odd@1.0.0; do
    until_true 20 "$product at museum" shows "$product"
done

# The consumer is his home's member; at the owner's it is a publisher who sees what is asked.
let_in shop pat publisher
FH_TOKEN=$(fh museum -o csv token create --label browser | sed -n '2s/,.*//p')
FH_ASK_TOKEN=$(fh museum -o csv token create --label browser --may ask | sed -n '2s/,.*//p')
FH_DECIDE_TOKEN=$(as pat -o csv token create --label browser --may decide --node "${address[shop]}" | sed -n '2s/,.*//p')
FH_OWNER_TOKEN=$(as pat -o csv token create --label browser --node "${address[shop]}" | sed -n '2s/,.*//p')
export FH_TOKEN FH_ASK_TOKEN FH_OWNER_TOKEN FH_DECIDE_TOKEN
node "$source_folder/tests/browser/catalogue.mjs" walk || fail "the walk failed; screenshots are in $FH_SHOTS"

did[browser]=$(sort -u "$work/seen" | tr '\n' ' ')
compare_table 'Of HTTP'

say "- the owner is killed"
kill_node shop
unreachable()
{
    [[ $(curl -sf "$FH_BASE/v1/products?reachable=no&q=orders") == *'"shop/orders@1.1.0"'* ]]
}
until_true 90 "shop away at museum" unreachable
node "$source_folder/tests/browser/catalogue.mjs" away || fail "the page of an absent owner; screenshots are in $FH_SHOTS"
