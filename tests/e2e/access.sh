#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Access at three nodes: asked for while the owner is there and while it is away, granted, denied, used, and
# taken back while a query runs: of its owner, through a relay, and in a join at the node of a third.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

freehold=$bin/freehold

# state_is STATE ID COMMAND...: `access list` of the command shows this state for the request.
state_is()
{
    local state=$1 id=$2
    shift 2
    [[ $("$@" -o csv access list 2>/dev/null | sed -n "s/^$id,[a-z]*,\([a-z]*\),.*/\1/p" | sort -u) == "$state" ]]
}

make_product orders 2000
make_product items 2000
make_product open 2000
closed orders
closed items
make_mesh shop museum market
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
prints 'market/items@1.0.0' fh market product publish "$data/items.odcs.yaml"
prints 'museum/open@1.0.0' fh museum product publish "$data/open.odcs.yaml"
let_in museum ann analyst
let_in museum bob member
until_true 10 "the products at museum" finds museum 3
until_true 10 "the products at market" finds market 3
until_true 10 "the products at shop" finds shop 3
count='SELECT count(*) AS n FROM shop.orders'

say "- a role has a name"
fh museum -o csv member list | grep -q '^ann,analyst,active,' || fail "ann is no analyst"
fh museum -o csv member list | grep -q '^bob,member,active,' || fail "bob is no member"

say "- what is refused says how to ask for it, also through a relay and in a join"
ask='freehold access request shop/orders --purpose'
refused 4 'rule: access.denied' "$ask PURPOSE --until 90d" -- as ann query "$count"
refused 4 'rule: access.denied' "$ask 'delay report' --until 90d" -- \
    as ann query "$count" --purpose 'delay report' --peer "${address[market]}"
refused 4 'rule: access.denied' "$ask PURPOSE --until 90d" -- as ann query \
    'SELECT count(*) FROM shop.orders JOIN museum.open USING (id)'
no=0
as ann -o csv access can-i read shop/orders --purpose audit >"$work/out" 2>"$work/err" || no=$?
((no == 4)) || fail "can-i ends with $no"
[[ $(column readable) == false && $(column rule) == access.denied ]] || fail "$(cat "$work/out")"
grep -qF "$ask audit --until 90d" "$work/err" || fail "$(cat "$work/err")"
prints $'what,readable,masked,grant,rule,reason\nmuseum/open,true,false,,"",""' \
    as ann -o csv access can-i read museum/open

say "- requests that cannot be"
refused 2 'purpose is missing' -- as ann access request shop/orders
refused 2 'no column "weight"' -- as ann access request shop/orders --purpose audit --columns weight
refused 2 '366 days' -- as ann access request shop/orders --purpose audit --until 400d
refused 2 'in the past' -- as ann access request shop/orders --purpose audit --until 2020-01-01
refused 1 'product.unknown' -- as ann access request shop/ores --purpose audit
succeeds as ann -o csv access request shop/orders --purpose audit --dry-run
[[ $(column sent) == false ]] || fail "a dry run sent it"
[[ -z $(fh shop -o csv access list | tail -n +2) ]] || fail "a dry run reached the owner"

say "- asked, shown at the owner, granted in part, used"
succeeds as ann -o csv access request shop/orders --purpose audit --until 30d --columns item,price \
    --note 'for the yearly report' --peer "${address[market]}"
request=$(column request)
[[ $(column state) == open ]] || fail "$(cat "$work/out")"
state_is open "$request" fh shop || fail "$(fh shop access list)"
state_is open "$request" as ann || fail "$(as ann access list)"
succeeds fh shop -o csv access show "${request:0:16}"
[[ $(column consumer) == museum && $(column member) == ann && $(column note) == 'for the yearly report' &&
    $(column columns) == 'orders.item, orders.price' ]] || fail "$(cat "$work/out")"
refused 1 'access.request.unknown' -- fh shop access approve fhr1abcdefgh
refused 1 'access.request.unknown' -- fh market access approve "$request"
succeeds fh shop access approve "$request" --dry-run
state_is open "$request" fh shop || fail "a dry run answered"
succeeds fh shop -o csv access approve "$request" --rows 'id <= 100' --note welcome
grant=$(column grant)
state_is approved "$request" as ann || fail "$(as ann access list)"
refused 1 'access.answered' -- fh shop access deny "$request" --reason late
succeeds as ann -o csv access show "$request" --peer "${address[market]}"
[[ $(column reason) == welcome && $(column granted_rows) == 'id <= 100' && $(column grant) == "$grant" ]] ||
    fail "$(cat "$work/out")"
succeeds as ann access can-i read shop/orders.item --purpose audit
prints $'n\n100' as ann -o csv query "$count" --purpose audit --peer "${address[market]}"
prints $'item,price\nitem 0 of the shop in the market hall,0.5' as ann -o csv query \
    'SELECT * FROM shop.orders ORDER BY price LIMIT 1' --purpose audit
refused 1 'id' -- as ann query 'SELECT id FROM shop.orders' --purpose audit
refused 4 'access.purpose' -- as ann query "$count" --purpose sales
refused 4 'access.denied' -- as bob query "$count" --purpose audit
no=0
as ann -o csv access can-i read shop/orders.id --purpose audit >"$work/out" 2>"$work/err" || no=$?
[[ $no == 4 && $(column rule) == access.column.denied ]] || fail "can-i of a hidden column: $no $(cat "$work/err")"

say "- a request waits for an owner that is away, through a restart of whoever keeps it"
stop_node shop
succeeds as bob -o csv access request shop/orders --purpose sales --peer "${address[market]}"
later=$(column request)
[[ $(column state) == waiting ]] || fail "$(cat "$work/out")"
grep -q 'shop cannot be reached now; the request is kept' "$work/err" || fail "$(cat "$work/err")"
kept() # at the courier, by an owner's word or without
{
    as bob -o csv access list --peer "${address[market]}" 2>/dev/null | grep -q "^$later,sent,waiting,"
}
kept || fail "market does not keep it"
refused 3 'product.unreachable' -- as bob access can-i read shop/orders --peer "${address[market]}"
for number in {1..8}; do
    succeeds as bob -o csv access request shop/orders --purpose "p$number" --peer "${address[market]}"
    [[ $(column state) == waiting ]] || fail "$(cat "$work/out")"
done
stop_node museum
succeeds as bob -o csv access request museum/open --purpose sales --peer "${address[market]}"
behind=$(column request)
[[ $(column state) == waiting ]] || fail "$(cat "$work/out")"
start_node museum
until_true 15 "a request behind those for an owner that stays away" state_is open "$behind" fh museum
kill_node market
start_node market
until_true 10 "market to find museum again" kept
start_node shop
until_true 15 "the request at its owner" state_is open "$later" fh shop
until_true 5 "its state at the consumer" state_is open "$later" as bob

say "- denied, asked again, granted to the whole domain"
succeeds fh shop access deny "$later" --reason 'ask for a purpose that your domain has' --dry-run
state_is open "$later" as bob || fail "a dry run denied it"
succeeds fh shop access deny "$later" --reason 'ask for a purpose that your domain has'
state_is denied "$later" as bob || fail "$(as bob access list)"
as bob -o csv access list | grep -q 'ask for a purpose that your domain has' || fail "no reason"
refused 4 'access.denied' -- as bob query "$count" --purpose sales
succeeds as bob -o csv access request shop/orders --purpose research --until 20d
again=$(column request)
refused 2 'reason is missing' -- fh shop access deny "$again"
succeeds fh shop -o csv access approve "$again" --whole-domain --until 10d --budget 100/hour
wide=$(column grant)
[[ $(column to) == domain && $(column grantee) == museum && $(column queries_per_hour) == 100 ]] || fail "$(cat "$work/out")"
rows=$'n\n2000'
prints "$rows" as bob -o csv query "$count" --purpose research
prints "$rows" as ann -o csv query "$count" --purpose research --peer "${address[market]}"
prints "$rows" fh museum -o csv query "$count" --purpose research
refused 4 'access.purpose' "$ask sales --until 90d" -- as bob query "$count" --purpose sales
prints $'n\n2000' as bob -o csv query \
    'SELECT count(*) AS n FROM shop.orders JOIN museum.open USING (id)' --purpose research
joined='SELECT count(*) AS n FROM shop.orders JOIN market.items USING (id)'

say "- a third domain's node joins only with the owner's leave"
succeeds fh market -o csv grant create market/items --to museum --until 5d --relay
refused 4 'access.relay' -- as bob query "$joined" --purpose research --peer "${address[market]}"
prints $'n\n2000' as bob -o csv query "$joined" --purpose research
succeeds fh shop -o csv grant create shop/orders --to museum --until 5d --purposes research --relay
relayed=$(column grant)
prints $'n\n2000' as bob -o csv query "$joined" --purpose research --peer "${address[market]}"

say "- rows that are no condition over the table are refused where they are signed"
odd_rows() # RULE CONDITION TEXT: by a new grant and by an approval, dry or not
{
    local command
    for command in "grant create shop/orders --to museum --until 5d" "access approve $odd_request"; do
        # shellcheck disable=SC2086 # words of a command
        refused 1 "rule: $1" "over orders@1.orders: $3" -- fh shop $command --rows "$2" --dry-run
        # shellcheck disable=SC2086
        refused 1 "rule: $1" "over orders@1.orders: $3" -- fh shop $command --rows "$2"
    done
}
succeeds as bob -o csv access request shop/orders --purpose odd --until 5d
odd_request=$(column request)
odd_rows grant.rows.sql 'id >' ''
odd_rows grant.rows.boolean 'item' 'a filter is true or false for each row; this one gives VARCHAR'
odd_rows grant.rows.sql 'true) OR (true' ''
odd_rows grant.rows.shape 'id IN (SELECT 1)' 'a filter is one condition: it cannot hold a SELECT'
odd_rows grant.rows.sql 'weight > 1' ''
odd_rows grant.rows.sql 'true -- all' ''
odd_rows grant.rows.shape 'random() < 0.5' 'a filter is one condition: it gives the same for the same row'
odd_rows grant.rows.sql 'read_text(item) IS NULL' 'function read_text is not allowed'
refused 1 'grant.rows.table' 'publish it first' -- \
    fh shop grant create shop/ores --to museum --until 5d --rows 'id > 1'
refused 1 'grant.rows.table' -- fh shop grant create shop/orders@7 --to museum --until 5d --rows 'id > 1'
state_is open "$odd_request" fh shop || fail "a refused approval answered"
[[ $(fh shop -o csv grant list | tail -n +2 | wc -l) == 3 ]] || fail "a refused grant is held: $(fh shop grant list)"
succeeds fh shop access deny "$odd_request" --reason 'no such rows'

say "- grants at the owner"
[[ $(fh shop -o csv grant list | tail -n +2 | wc -l) == 3 ]] || fail "$(fh shop grant list)"
succeeds fh shop -o csv grant show "${wide:0:12}"
[[ $(column state) == active ]] || fail "$(cat "$work/out")"
refused 1 'grant.unknown' -- fh shop grant show fhr1zzzzzzzz
refused 1 'grant.unknown' -- fh market grant revoke "$wide"
refused 4 'grant.owner' -- fh shop grant create market/items --to museum --until 5d
refused 1 'domain.unknown' -- fh shop grant create shop/orders --to nobody --until 5d
refused 2 'has an end' -- fh shop grant create shop/orders --to museum
refused 1 'grant.time' -- fh shop grant create shop/orders --to museum --until 400d

# long SQL NAME PEER: a query of bob's that runs for longer than the test, in the background.
long()
{
    as bob -o csv query "$1" --purpose research --peer "$3" >"$work/$2.out" 2>"$work/$2.err" &
    long_pid=$!
}
# ends_soon NAME RULE: the query that runs ends within 2 seconds (5 of a build whose commands take seconds to start), by
# this rule, and gives no rows.
most_us=2000000
if grep -qaE '__(asan|tsan)_init' "$bin/freehold-node"; then
    most_us=5000000
fi
ends_soon()
{
    local started status=0
    started=$(now_us)
    wait "$long_pid" || status=$?
    (($(now_us) - started < most_us)) || fail "$1 went on for $((($(now_us) - started) / 1000)) ms"
    grep -q "^rule: $2" "$work/$1.err" || fail "$1, exit code $status: $(cat "$work/$1.err")"
    say "  $1: $((($(now_us) - started) / 1000)) ms"
}
runs()
{
    kill -0 "$long_pid" 2>/dev/null
}
endless='SELECT count(*) FROM shop.orders a, shop.orders b, shop.orders c, shop.orders d
    WHERE a.price + b.price > c.price * d.price'
endless_join='SELECT count(*) FROM shop.orders a, market.items b, market.items c, shop.orders d
    WHERE a.price + b.price > c.price * d.price'

say "- a grant that ends takes what runs by it along: at its owner, through a relay, in joins"
long "$endless" direct "${address[shop]}"
sleep 1
runs || fail "$(cat "$work/direct.err")"
succeeds fh shop grant revoke "$relayed"
sleep 0.3
runs || fail "another grant still covers it: $(cat "$work/direct.err")"
succeeds fh shop grant revoke "$wide" --dry-run
runs || fail "a dry run ended it: $(cat "$work/direct.err")"
succeeds fh shop grant revoke "$wide"
ends_soon direct 'access.expired'
refused 1 'grant.ended' -- fh shop grant revoke "$wide"
refused 4 'access.expired' "$ask research --until 90d" -- as bob query "$count" --purpose research
for way in relayed joined; do
    succeeds fh shop -o csv grant create shop/orders --to museum --until 5d --purposes research --relay
    next=$(column grant)
    sql=$endless
    [[ $way == joined ]] && sql=$endless_join
    long "$sql" "$way" "${address[market]}"
    sleep 1
    runs || fail "$(cat "$work/$way.err")"
    succeeds fh shop grant revoke "$next"
    ends_soon "$way" 'access.expired'
done

say "- a table that becomes masked ends the join that reads it as it is"
succeeds fh shop -o csv grant create shop/orders --to museum --until 5d --purposes research --relay
next=$(column grant)
long "$endless_join" masked "${address[market]}"
sleep 1
runs || fail "$(cat "$work/masked.err")"
enforce 1.0.0 'mask: [{columns: [price], method: "null"}]'
ends_soon masked 'access.changed'
enforce 1.1.0 'mask: [{tags: [nothing], method: "null"}]' # all is to be seen again
succeeds fh shop grant revoke "$next"

say "- a grant that expires ends what runs; a key that is revoked ends its own"
succeeds fh shop -o csv grant create shop/orders --to museum --purposes research \
    --until "$(date -u -d '+8 seconds' +%FT%TZ)"
short=$(column grant)
long "$endless" expiry "${address[shop]}"
sleep 1
runs || fail "$(cat "$work/expiry.err")"
state_of() # GRANT
{
    fh shop -o csv grant list --all | sed -n "s/^$1,\([a-z ]*\),.*/\1/p"
}
has_expired()
{
    [[ $(state_of "$1") == expired ]]
}
until_true 20 "the end of the grant" has_expired "$short"
ends_soon expiry 'access.expired'
succeeds fh shop grant create shop/orders --to museum --until 5d --purposes research --relay
long "$endless" key "${address[shop]}"
sleep 1
runs || fail "$(cat "$work/key.err")"
# A request that the key signed before: market's node brings it to the owner now, and when the key has ended.
timeout 60 "$bin/fh-late" "$work/market/home" "$keys/bob.key" "$keys/bob.access" "${address[shop]}" "$count" research \
    "$work/ended" >"$work/late" 2>&1 </dev/null &
late_pid=$!
until_true 10 "the answers to a request of a key that counts" grep -q '^signed$' "$work/late"
succeeds "$freehold" key create "$keys/eve.key"
later=$(date -u -d '+6 seconds' +%FT%TZ)
succeeds fh museum member add "$(<"$work/out")" --name eve --role member --until "$later" --save "$keys/eve.access"
endless_of_eve() # a delegation that expires ends what its key asked
{
    as eve -o csv query "$endless" --purpose research --peer "${address[shop]}" >"$work/eve.out" 2>"$work/eve.err"
}
until_true 5 "eve's delegation at shop" as eve status --peer "${address[shop]}"
endless_of_eve &
eve_pid=$!
succeeds fh museum member revoke bob
ends_soon key 'record.signer.revoked'
wait "$eve_pid" && fail "eve's query has an answer"
(($(date -u +%s) - $(date -u -d "$later" +%s) <= 3)) || fail "eve's query went on after $later"
grep -q '^rule: record.signer.expired' "$work/eve.err" || fail "$(cat "$work/eve.err")"
touch "$work/ended"
wait "$late_pid" || fail "$(cat "$work/late")"
late='refused FH_ESIG [record.signer.revoked]'
[[ $(<"$work/late") == "STILL answered
VIEW answered
SCAN answered
signed
STILL $late
VIEW $late
SCAN $late" ]] || fail "$(cat "$work/late")"
refused 5 'record.signer.revoked' -- as bob query "$count" --purpose research
prints "$rows" as ann -o csv query "$count" --purpose research

say "- grants that do not count: ended ones that come again, expired, forged, another domain's"
govern=$source_folder/tests/e2e/govern.py
socket=$work/shop/home/run/admin.sock
declare -A held=()
while read -r id bytes; do
    held[$id]=$bytes
done < <("$govern" list "$work/shop/home/node.db")
hex_of() # GRANT
{
    python3 -c '
import base64, sys
text = sys.argv[1][4:].upper()
print(base64.b32decode(text + "=" * (-len(text) % 8)).hex())' "$1"
}
prints grant.ended "$govern" give "$socket" "${held[$(hex_of "$wide")]}"
prints grant.expired "$govern" give "$socket" "${held[$(hex_of "$short")]}"
prints record.signature "$govern" give "$socket" "$("$govern" flip "${held[$(hex_of "$wide")]}")"
read -r _ foreign < <("$govern" list "$work/market/home/node.db")
prints grant.owner "$govern" give "$socket" "$foreign"
stop_node shop
start_node shop
prints grant.ended "$govern" give "$socket" "${held[$(hex_of "$relayed")]}"
prints "$rows" as ann -o csv query "$count" --purpose research

has_version() # MAJOR
{
    fh museum -o csv product list | grep -q "^shop/orders@$1\."
}
say "- rows that do not fit a later version close it, and widen nothing"
succeeds fh shop -o csv grant create shop/orders --to museum --until 5d --purposes priced --relay --rows 'price < 1'
sed -e 's/^version: .*/version: 2.0.0/' -e '/name: price/d' "$data/orders.odcs.yaml" >"$data/unpriced.odcs.yaml"
prints 'shop/orders@2.0.0' fh shop product publish "$data/unpriced.odcs.yaml"
until_true 10 "the new version at museum" has_version 2
prints $'n\n20' as ann -o csv query 'SELECT count(*) AS n FROM shop."orders@1"' --purpose priced
refused 4 'rule: access.filter' -- as ann query 'SELECT count(*) FROM shop."orders@2"' --purpose priced
refused 4 'access.filter' -- as ann query \
    'SELECT count(*) FROM shop."orders@2" JOIN market.items USING (id)' --purpose priced --peer "${address[market]}"
grep -q 'filter.refused product=orders table=orders rule=filter.sql' "$work/shop/node.log" ||
    fail "the owner is not told what is wrong"
