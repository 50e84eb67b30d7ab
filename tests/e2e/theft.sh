#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Keys are stolen and lost, one after the other: what each lets a thief do, until when, and what its owner
# does about it. The thief has copies of files; everything else is real.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_mesh shop museum
make_product orders 20
museum=${address[museum]}
shop=${address[shop]}

version() # DOMAIN VERSION: shows that one
{
    [[ $(version_of "$1" shop/orders) == "$2" ]]
}
next_version() # VERSION
{
    make_contract orders "$1" >"$data/orders.odcs.yaml"
}
node_id() # DOMAIN
{
    fh "$1" -o csv status >"$work/out" && column node_id
}

printf 'data_roots: ["%s"]\n' "$data" >>"$work/shop/home/freehold.yaml"

say "- the node key: another one takes its place, and the stolen one is nobody's"
cp -r "$work/shop/home" "$work/stolen_node"
stolen=$(node_id shop)
succeeds fh shop -o csv key rotate node --dry-run
[[ $(column rotated) == false && $(node_id shop) == "$stolen" ]] || fail "a dry run rotates"
succeeds fh shop -o csv key rotate node
stop_node shop
start_node shop
[[ $(node_id shop) != "$stolen" ]] || fail "the node has its old key"
until_true 30 "two members at museum" sees museum 2
mkdir "$work/thief"
mv "$work/stolen_node" "$work/thief/home"
address[thief]=127.0.0.1:$((port + 5))
sed -i -e "s/^listen: .*/listen: ${address[thief]}/" -e '/^peers:/d' "$work/thief/home/freehold.yaml"
echo "peers: [\"$museum\"]" >>"$work/thief/home/freehold.yaml"
rm -f "$work/thief/home/run/"* "$work/thief/home/"*.db*
"$bin/freehold-node" --home "$work/thief/home" >"$work/thief/node.log" 2>&1 &
node_pid[thief]=$!
until_true 20 "the thief's node" sees thief 1
turned_away()
{
    (($(fh museum -o csv status --counters | awk -F, '$1 == "drop_unknown" {print $2}') > 3))
}
until_true 20 "that museum turns the stolen key away" turned_away
sees thief 1 || fail "somebody takes the stolen key for a member"
fh museum -o csv peers | grep -q "alive.*$stolen\|$stolen.*alive" && fail "the stolen node key is a member"
kill_node thief

say "- a publisher's key: what it signed earlier stays, what it signs since then is refused"
let_in shop ci publisher
succeeds as ci product publish "$data/orders.odcs.yaml" --node "$shop"
until_true 20 "version 1.0.0 at museum" version museum 1.0.0
next_version 1.1.0
succeeds fh shop key revoke "$(fh shop -o csv member list | grep '^ci,' | grep -o 'fhk1[a-z2-7]*')"
refused 5 'rule: record.signer.revoked' -- as ci product publish "$data/orders.odcs.yaml" --node "$shop"
version museum 1.0.0 || fail "version 1.0.0 is gone"
succeeds fh shop product publish "$data/orders.odcs.yaml"
until_true 20 "version 1.1.0 at museum, by the home's publisher" version museum 1.1.0

say "- keys of the home act for longer, and none that was shut out does"
ends() # KEY: until when it acts
{
    fh shop -o csv key list | awk -F, -v key="$1" '$1 == key {print $3}'
}
before=$(ends node)
refused 2 'for 12 months at a time' -- fh shop key delegate node --until 30d
refused 2 'is no key that a domain delegates to' -- fh shop key delegate domain
succeeds fh shop -o csv key delegate node --dry-run
[[ $(column delegated) == false && $(ends node) == "$before" ]] || fail "a dry run delegates"
succeeds fh shop -o csv key delegate node
[[ $(column until) == "$(ends node)" && $(ends node) > $before ]] || fail "until $(ends node), not after $before"
succeeds fh shop -o csv key delegate member --until 2099-12-31 # that day too
[[ $(ends member) == 2100-01-01T00:00:00Z ]] || fail "the member key ends on $(ends member)"
cp -r "$work/shop/home/keys" "$work/keys_before"
succeeds fh shop key rotate publisher
cp "$work/keys_before/publisher.key" "$work/shop/home/keys/publisher.key.now"
mv "$work/shop/home/keys/publisher.key" "$work/new_publisher"
mv "$work/shop/home/keys/publisher.key.now" "$work/shop/home/keys/publisher.key"
refused 5 'rule: record.signer.revoked' -- fh shop key delegate publisher
mv "$work/new_publisher" "$work/shop/home/keys/publisher.key"
succeeds fh shop key delegate publisher --until 400d

say "- the domain key: its thief cannot rotate, and what it signed ends with the owner's rotation"
rm -rf "$work/thief/home"
cp -r "$work/shop/home" "$work/thief/home"
rm -f "$work/thief/home/run/"*
let_in_thief() # NAME: by the thief, as a member of the shop
{
    succeeds "$bin/freehold" key create "$work/$1.key"
    cp "$work/out" "$work/$1.pub"
    succeeds fh thief member add "$work/$1.pub" --name "$1" --role member --until 30d --save "$work/$1.access"
}
accomplice() # NAME
{
    "$bin/freehold" --key "$work/$1.key" --access "$work/$1.access" status --peer "$museum"
}
let_in_thief eve
succeeds accomplice eve
cp "$work/museum/home.recovery" "$work/thief/home.recovery"
refused 1 'holds another key' 'rule: recovery.other' -- fh shop key rotate --recovery "$work/thief/home.recovery"
succeeds fh shop -o csv key rotate --dry-run
[[ $(column rotated) == false && ! -e $work/shop/home.recovery.1 ]] || fail "a dry run rotates"
succeeds fh shop -o csv key rotate
[[ $(column key_event) == 1 && $(column next_recovery) == "$work/shop/home.recovery.1" ]] || fail "$(<"$work/out")"
locked_out()
{
    ! accomplice "$1" >"$work/out" 2>"$work/err" && grep -q 'record.signer.dropped' "$work/err"
}
until_true 20 "that the accomplice is out at museum" locked_out eve
let_in_thief mallory # its delegation begins before the rotation: it is dated back
refused 5 'rule: record.signer.unknown' -- accomplice mallory
succeeds fh museum query 'SELECT count(*) FROM shop.orders' --purpose test
next_version 1.2.0
succeeds fh shop product publish "$data/orders.odcs.yaml"
until_true 20 "version 1.2.0 at museum, under the new key" version museum 1.2.0

say "- the domain key is lost: the recovery file replaces it"
rm "$work/shop/home/keys/domain.key"
refused 1 'rule: member.domain_key' -- fh shop key rotate --recovery "$work/shop/home.recovery.1"
refused 1 'no such file' 'rule: recovery.missing' -- fh shop key recover --recovery "$work/nowhere"
refused 1 'rule: recovery.other' -- fh shop key recover
cp -r "$work/shop/home" "$work/twin"
stop_node museum
succeeds fh shop -o csv key recover --recovery "$work/shop/home.recovery.1" --next "$work/shop/third.recovery"
[[ $(column key_event) == 2 ]] || fail "$(<"$work/out")"
let_in shop bob member

say "- duplicity: two rotations of one number freeze the domain, and both are shown"
stop_node shop
mv "$work/shop/home" "$work/first"
mv "$work/twin" "$work/shop/home"
rm -f "$work/shop/home/run/"*
start_node shop
succeeds fh shop key recover --recovery "$work/shop/home.recovery.1" --next "$work/shop/other.recovery"
start_node museum
until_true 30 "two members at museum" sees museum 2
stop_node shop
mv "$work/shop/home" "$work/second"
mv "$work/first" "$work/shop/home"
start_node shop
shown() # DOMAIN
{
    fh "$1" -o csv proof list | grep -q '^fhr1[a-z2-7]*,domain.duplicity,shop,'
}
until_true 40 "the proof at museum" shown museum
succeeds fh museum proof show "$(fh museum -o csv proof list | grep -o '^fhr1[a-z2-7]*' | head -1)"
fh museum query 'SELECT count(*) FROM shop.orders' --purpose test >"$work/out" 2>"$work/err" &&
    fail "a frozen domain still answers: $(<"$work/out")"
true
