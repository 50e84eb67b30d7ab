#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every decision at an owner leaves a record: what its people decide at home and from elsewhere, what members and
# strangers may and may not, at each place where that is judged.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 100
make_product vault 4
closed vault
make_product notes 10
make_mesh shop museum
succeeds fh shop product publish "$data/orders.odcs.yaml" "$data/vault.odcs.yaml"
let_in shop ci publisher
let_in shop reader member
let_in museum ann analyst
until_true 20 "two products at museum" finds museum 2
until_true 20 "ann's key at shop" as ann status --peer "${address[shop]}"
mkdir "$work/roots"
cp "$data"/*.csv "$work/roots/"
stop_node shop
printf 'data_roots: [%s]\n' "$work/roots" >>"$work/shop/home/freehold.yaml"
start_node shop
until_true 20 "shop for museum" fh museum query 'SELECT count(*) FROM shop.orders'

mark=0
# since_mark: notes where the log ends.
since_mark() { mark=$(fh shop -o csv audit verify | tail -n 1 | cut -d , -f 5); }
# stands EXPRESSION: a record behind the mark of which it is true, as `r`.
stands()
{
    fh shop audit export >"$work/log"
    python3 -c '
import json, sys
records = [json.loads(line) for line in open(sys.argv[1])]
sys.exit(not any(eval(sys.argv[3], {"r": r}) for r in records if r["record"] > int(sys.argv[2])))' \
        "$work/log" "$mark" "$1"
}
# leaves EXIT WHAT CODE EXPRESSION COMMAND...: the command ends so, and leaves a record of this kind ("read", or what
# is governed) with this code, of which the expression is true.
leaves()
{
    local exit=$1 what=$2 code=$3 more=$4 status=0 kind
    shift 4
    since_mark
    bounded "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    ((status == exit)) || fail "exit code $status instead of $exit: $*: $(cat "$work/err")"
    [[ $what == read ]] && kind="r['kind'] == 'read'" || kind="r['kind'] == 'governed' and r['what'] == '$what'"
    until_true 10 "a record of $what, $code: $*" stands "$kind and r['code'] == '$code' and ($more)"
}
at_shop() { local name=$1; shift; as "$name" "$@" --node "${address[shop]}"; }
own="r['who']['domain'] == 'shop' and r['who']['key'] is None"
by_key="r['who']['domain'] == 'shop' and r['who']['key'].startswith('fhk1')"
museums="r['who']['domain'] == 'museum'"

say "- what the owner's people decide at home"
policy 1.0.0 'mask: [{columns: item, method: partial, first: 2}]'
leaves 0 contract FH_OK "$own and r['subject'] == 'notes@1.0.0'" fh shop product publish "$data/notes.odcs.yaml"
leaves 0 announcement FH_OK "$own and 'deprecated' in r['subject']" \
    fh shop product deprecate shop/notes@1 --sunset "$(date -u -d '+200 days' +%Y-%m-%d)"
leaves 0 policy FH_OK "$own and r['subject'] == 'personal 1.0.0'" fh shop policy publish "$data/personal.policy.yaml"
leaves 0 waiver FH_OK "$own" fh shop policy waive personal --product orders --until 1d --reason test
leaves 0 grant FH_OK "$own and r['subject'] == 'vault'" fh shop grant create shop/vault --to museum --until 1d
grant=$(fh shop -o csv grant list | tail -n 1 | cut -d , -f 1)
leaves 0 grant-end FH_OK "$own" fh shop grant revoke "$grant"
succeeds "$bin/freehold" key create "$work/new.key"
cp "$work/out" "$work/new.pub"
leaves 0 delegation FH_OK "$own and r['subject'] == 'new as member'" \
    fh shop member add "$work/new.pub" --name new --role member --until 1d
leaves 0 revocation FH_OK "$own" fh shop member revoke new
leaves 0 name FH_OK "$own and r['subject'].startswith('call them ')" fh shop pin alias them museum
leaves 0 name FH_OK "$own" fh shop pin remove them

say "- what they decide from elsewhere, and who may not"
sed -i 's/^version: 1.0.0/version: 1.1.0/' "$data/notes.odcs.yaml"
leaves 0 contract FH_OK "$by_key and r['subject'] == 'notes@1.1.0' and 'publisher' in r['who']['roles']" \
    at_shop ci product publish "$data/notes.odcs.yaml"
leaves 1 PUBLISH FH_ENOTFOUND "$by_key and r['rule'] == 'publish.root'" \
    at_shop ci product publish "$data/notes.odcs.yaml" --root nowhere
leaves 0 grant FH_OK "$by_key" at_shop ci grant create shop/vault --to museum --until 1d
leaves 4 OWN FH_EDENIED "$by_key and r['rule'] == 'own.role'" at_shop reader policy list
leaves 4 CHAIN FH_EDENIED "r['rule'] == 'publish.role'" at_shop reader product publish "$data/orders.odcs.yaml"
leaves 0 token FH_OK "$museums" as ann -o csv token create --node "${address[shop]}"
token=$(column token)
leaves 0 token-end FH_OK "$museums" at_shop ann token revoke "${token%.*}"

say "- what members may and may not, first and again"
for i in 1 2; do
    leaves 0 read FH_OK "$museums and r['tables'][0]['product'] == 'orders'" fh museum query 'SELECT item FROM shop.orders'
done
leaves 0 read FH_OK "$museums" fh museum query --out "$work/orders.parquet" 'SELECT * FROM shop.orders'
leaves 0 read FH_OK "r['who']['domain'] == 'shop'" fh shop query 'SELECT count(*) FROM shop.orders'
fh shop -o csv grant list >"$work/grants"
while IFS=, read -r grant _; do
    succeeds fh shop grant revoke "$grant"
done < <(tail -n +2 "$work/grants")
leaves 4 read FH_EDENIED "$museums and r['rule'].startswith('access.') and r['tables'][0]['product'] == 'vault'" \
    fh museum query 'SELECT * FROM shop.vault'
leaves 4 read FH_EDENIED "r['way'] == 'can-i'" as ann access can-i read shop/vault --peer "${address[shop]}"
leaves 4 read FH_EDENIED "$museums and r['rule'].startswith('sql.gate.')" \
    as ann query "SELECT * FROM read_csv('/etc/passwd')" --peer "${address[shop]}"
succeeds fh museum member revoke ann
since_mark
turned_away() { ! as ann status --peer "${address[shop]}" >/dev/null 2>&1; }
until_true 20 "ann to be turned away" turned_away
until_true 10 "a record of that" stands "r['kind'] == 'governed' and r['what'] == 'session' and $museums"

say "- who joins"
succeeds fh shop invite --until 1d -o "$work/harbour.invitation"
mkdir "$work/harbour"
address[harbour]=127.0.0.1:$((port + 3))
since_mark
succeeds "$bin/freehold" --home "$work/harbour/home" init --domain harbour --join "$work/harbour.invitation" \
    --listen "${address[harbour]}"
start_node harbour
until_true 20 "the admission of harbour" stands \
    "r['kind'] == 'governed' and r['what'] == 'invitation' and r['who']['domain'] == 'harbour'"
