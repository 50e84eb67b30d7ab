#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Publishing from a machine that has no home: keys made elsewhere, let in and shut out; contracts
# handed to a node by a session, straight and through another domain's node; what is refused, by whom
# and by which rule; and that a node's answers tell nothing of files elsewhere on its disk.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 1000
make_product items 10
ci=$work/ci # the machine without a home: contracts and a key
keys=$ci
mkdir "$ci"
mv "$data"/*.odcs.yaml "$ci"
mkdir "$work/second"
make_mesh shop market
freehold=$bin/freehold

# at NODE ARGUMENT...: the command as ci, at the node of that domain.
at()
{
    local domain=$1
    shift
    timeout 60 "$freehold" --key "$ci/ci.key" --access "$ci/ci.access" "$@" --node "${address[$domain]}"
}
# order NAME DOMAIN WORD...: a raw message of that key to that domain's node.
order()
{
    local key=$1 domain=$2
    shift 2
    timeout 60 "$bin/fh-order" "$ci/$key.key" "$ci/$key.access" "${address[$domain]}" "$@"
}

say "- keys"
let_in shop ci publisher 90d
refused 1 'ci.key: cannot write: File exists' -- "$freehold" key create "$ci/ci.key"
grep -q SECRET "$ci/ci.access" && fail "an access holds a secret"
refused 1 'member.name' -- fh shop member add "$(timeout 60 "$freehold" key create "$ci/x.key" 2>/dev/null)" \
    --name ci --role member --until 1d
refused 2 '--role Boss' -- fh shop member add "$ci/ci.pub" --name boss --role Boss --until 1d
refused 2 '--until' -- fh shop member add "$ci/ci.pub" --name ci --role publisher
refused 1 'identity.key.text' -- fh shop member add "$ci/ci.access" --name a --role member --until 1d
[[ $(fh shop -o csv member list | grep -c '^ci,publisher,active,') == 1 ]] || fail "ci is not listed"
succeeds "$freehold" --key "$ci/ci.key" --access "$ci/ci.access" status
succeeds "$freehold" --key "$ci/ci.key" --access "$ci/ci.access" status --peer "${address[market]}"
chmod 644 "$ci/ci.key"
refused 4 'key.permissions' 'chmod 600' -- "$freehold" --key "$ci/ci.key" --access "$ci/ci.access" status
chmod 600 "$ci/ci.key"
refused 2 'belong together' -- "$freehold" --key "$ci/ci.key" status
printf 'open sesame\n' >"$ci/pass"
chmod 600 "$ci/pass"
succeeds "$freehold" --passphrase-file "$ci/pass" key create "$ci/sealed.key"
cp "$work/out" "$ci/sealed.pub"
succeeds fh shop member add "$ci/sealed.pub" --name sealed --role member --until 1d --save "$ci/sealed.access"
refused 2 'key.passphrase' -- "$freehold" --key "$ci/sealed.key" --access "$ci/sealed.access" status
succeeds "$freehold" --key "$ci/sealed.key" --access "$ci/sealed.access" --passphrase-file "$ci/pass" status
refused 5 'record.signer.unknown' -- "$freehold" --key "$ci/x.key" --access "$ci/ci.access" status

say "- a node that names no data roots"
refused 1 'rule: publish.root.none' -- at shop product publish "$ci/orders.odcs.yaml"
stop_node shop
printf 'data_roots: ["%s", "%s"]\n' "$data" "$work/second" >>"$work/shop/home/freehold.yaml"
start_node shop

say "- a dry run publishes nothing, and shows what it would do"
succeeds at shop -o json product publish "$ci/orders.odcs.yaml" --dry-run --review "$ci/review.md"
grep -q '"product": "shop/orders@1.0.0".*"published": false' "$work/out" || fail "$(cat "$work/out")"
grep -q '^### shop/orders&#64;1.0.0: can be published$' "$ci/review.md" || fail "$(cat "$ci/review.md")"
[[ -z $(version_of shop shop/orders 2>/dev/null) ]] || fail "a dry run published"
sed 's/name: price, logicalType: number/name: price, logicalType: date/' "$ci/orders.odcs.yaml" >"$ci/bad.odcs.yaml"
refused 1 'nothing was published' 'rule: check.' -- at shop product publish "$ci/bad.odcs.yaml" \
    --dry-run --review "$ci/review.md"
grep -q '^### shop/orders&#64;1.0.0: refused$' "$ci/review.md" || fail "$(cat "$ci/review.md")"
grep -q '^| \*\*failed\*\* | orders.price |' "$ci/review.md" || fail "$(cat "$ci/review.md")"

say "- publish, straight and through another domain's node"
prints 'shop/orders@1.0.0' at shop product publish "$ci/orders.odcs.yaml"
prints 'shop/items@1.0.0' at market product publish "$ci/items.odcs.yaml"
sed 's/^version: .*/version: 1.0.1/' "$ci/items.odcs.yaml" >"$ci/next.odcs.yaml"
prints 'shop/items@1.0.1' "$freehold" --key "$ci/ci.key" --access "$ci/ci.access" product publish --dry-run \
    "$ci/next.odcs.yaml" # at the address of the access
until_true 10 "shop/orders at market" fh market contract verify shop/orders
until_true 10 "shop/items at market" fh market contract verify shop/items
refused 1 'contract.version.not_greater' -- at shop product publish "$ci/orders.odcs.yaml"
prints $'id\n1' "$freehold" -o csv --key "$ci/ci.key" --access "$ci/ci.access" query \
    'SELECT id FROM shop.items LIMIT 1'

say "- a review says what changes and what that needs"
sed -e 's/^version: .*/version: 1.0.1/' -e '/name: price, logicalType: number/d' "$ci/orders.odcs.yaml" >"$ci/less.odcs.yaml"
refused 1 'rule: contract.version.bump_too_small' -- at shop product publish "$ci/less.odcs.yaml" \
    --dry-run --review "$ci/review.md"
grep -q '^Changes since 1.0.0: they need a major version.$' "$ci/review.md" || fail "$(cat "$ci/review.md")"
grep -qE '^\| removed \| schema\.orders\.properties\.price \| breaking \| .* \| major \| ' <(sed 's/[\\]//g' "$ci/review.md") ||
    fail "$(cat "$ci/review.md")"

say "- several files: each whole or not at all"
for product in orders items; do
    sed -i 's/^version: .*/version: 1.1.0/' "$ci/$product.odcs.yaml"
done
refused_some()
{
    local status=0
    at shop product publish "$ci/orders.odcs.yaml" "$ci/bad.odcs.yaml" "$ci/items.odcs.yaml" \
        >"$work/out" 2>"$work/err" || status=$?
    ((status == 1)) || fail "exit $status: $(cat "$work/err")"
    [[ $(cat "$work/out") == $'shop/orders@1.1.0\nshop/items@1.1.0' ]] || fail "$(cat "$work/out" "$work/err")"
    grep -q '1 of 3 contracts was refused' "$work/err" || fail "$(cat "$work/err")"
}
refused_some

say "- who may: roles, domains, times"
let_in shop reader member 1d
let_in market other publisher 1d
short=$(($(date +%s) + 6))
let_in shop short publisher "$(date -u -d "@$short" +%FT%TZ)"
refused 4 'rule: publish.role' -- "$freehold" --key "$ci/reader.key" --access "$ci/reader.access" \
    product publish "$ci/orders.odcs.yaml" --node "${address[shop]}"
for word in "chain orders" "publish $ci/orders.odcs.yaml" "outcome 1"; do
    # shellcheck disable=SC2086 # two words
    by_rule publish.role order reader shop $word
    # shellcheck disable=SC2086
    by_rule publish.domain order other shop $word
done
by_rule publish.ticket order ci shop outcome 1
by_rule publish.signature order ci shop publish "$ci/orders.odcs.yaml"
has_passed() # UNIX SECONDS
{
    (($(date +%s) > $1))
}
until_true 20 "the end of what admits short" has_passed "$short"
refused 5 'record.signer.expired' 'member add' -- "$freehold" --key "$ci/short.key" --access "$ci/short.access" \
    product publish "$ci/orders.odcs.yaml" --node "${address[shop]}"
refused 2 '--node needs --key' -- fh shop product publish "$ci/orders.odcs.yaml" --node "${address[shop]}"

say "- a domain that nobody admitted"
mkdir "$work/stray"
fh shop invite --domain stray -o "$work/stray.invitation" 2>/dev/null
succeeds fh stray init --domain stray --join "$work/stray.invitation" --listen 127.0.0.1:$((port + 5))
let_in stray stranger publisher 1d
by_rule domain.not_admitted order stranger shop chain orders

say "- places: nothing but what lies beneath the data roots, and no word about the rest"
place() # PATH-IN-THE-CONTRACT [ROOT]: what the node says to such a contract
{
    sed "s|path: items.csv|path: $1|" "$ci/items.odcs.yaml" >"$ci/place.odcs.yaml"
    order ci shop publish "$ci/place.odcs.yaml" ${2:+"$2"} 2>&1 || true
}
printf 'x\n' >"$work/secret.csv"
for pair in '../secret.csv ../absent.csv' "$work/secret.csv $work/absent.csv" '/etc/passwd /etc/absent' \
    "a/../../secret.csv a/../../absent.csv"; do
    there=$(place "${pair% *}")
    absent=$(place "${pair#* }")
    [[ $there == publish.server.path:* ]] || fail "${pair% *}: $there"
    [[ ${there//"${pair% *}"/} == "${absent//"${pair#* }"/}" ]] || fail "told apart: $there / $absent"
done
ln -s "$work/secret.csv" "$data/link.csv"
ln -s "$work/absent.csv" "$data/dangling.csv"
ln -s "$work" "$data/up"
said=()
for path in link.csv dangling.csv up/secret.csv up/absent.csv absent.csv; do
    sed "s|path: items.csv|path: $path|; s/^version: .*/version: 1.2.0/" "$ci/items.odcs.yaml" >"$ci/place.odcs.yaml"
    refused 1 'rule: source.unavailable' -- at shop product publish "$ci/place.odcs.yaml"
    said+=("$(grep '^freehold: ' "$work/err")")
done
for text in "${said[@]}"; do
    [[ $text == "${said[0]}" ]] || fail "told apart: $text / ${said[0]}"
    [[ $text != *"$work"* ]] || fail "a path of the node: $text"
done
for root in 3 0 .. / "$data" other; do
    by_rule publish.root order ci shop publish "$ci/items.odcs.yaml" "$root"
done
cp "$data/items.csv" "$work/second/items.csv"
sed -i 's/^version: .*/version: 1.3.0/' "$ci/items.odcs.yaml"
succeeds at shop product publish "$ci/items.odcs.yaml" --root 2 --dry-run
prints 'shop/items@1.3.0' at shop product publish "$ci/items.odcs.yaml" --root second
refused 2 '--root' -- fh shop product publish "$ci/items.odcs.yaml" --root 2

say "- too large, and two at once"
head -c 300000 /dev/zero | tr '\0' '#' >"$ci/large.yaml"
by_rule message.form order ci shop publish "$ci/large.yaml"
refused 1 'contract.size' -- at shop product publish "$ci/large.yaml"
make_product many 400000
mv "$data/many.odcs.yaml" "$ci"
# One after the other without a pause, so that another order meets one that runs.
until [[ -e $work/enough ]]; do
    at shop product publish "$ci/many.odcs.yaml" --dry-run >"$work/first.out" 2>"$work/first.err" || exit
done &
first=$!
busy=0
for ((i = 0; i < 60 && busy == 0; i++)); do
    if order ci shop publish "$ci/orders.odcs.yaml" >"$work/out" 2>&1; then
        fail "taken without a signature"
    fi
    if grep -q '^publish.running: ' "$work/out"; then
        busy=1
    elif grep -q 'publish.running' "$work/first.err" 2>/dev/null; then
        busy=1
    fi
done
touch "$work/enough"
wait "$first" || grep -q 'publish.running' "$work/first.err" || fail "$(cat "$work/first.err")"
((busy == 1)) || fail "two orders of one key ran at once"

say "- revoked: at the owner at once, and elsewhere when the news is there"
succeeds fh shop member revoke ci
refused 5 'record.signer.revoked' -- at shop product publish "$ci/orders.odcs.yaml"
shut_out()
{
    ! "$freehold" --key "$ci/ci.key" --access "$ci/ci.access" status --peer "${address[market]}"
}
until_true 20 "the revocation at market" shut_out
refused 1 'rule: member.revoked' -- fh shop member revoke ci
refused 1 'rule: member.revoked' -- fh shop member add "$ci/ci.pub" --name again --role publisher --until 1d
[[ $(fh shop -o csv member list | grep -c '^ci,publisher,revoked,') == 1 ]] || fail "ci is not listed as revoked"
# What it published while it could stays.
succeeds fh market contract verify shop/orders

say "- without a running node: taken at its next start"
stop_node shop
let_in shop later publisher 1d
start_node shop
refused 1 'version.not_greater' -- "$freehold" --key "$ci/later.key" --access "$ci/later.access" \
    product publish "$ci/items.odcs.yaml" --node "${address[shop]}"
