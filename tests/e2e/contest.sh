#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A member of three signs two charters of one number, with a home that was restored from a copy: nothing is decided
# any more, everybody shows who it was, and the two others settle it, without a voice of the third. A vote outlives
# the key that gave it.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
# shellcheck source=tests/e2e/charters.sh
source "$1/tests/e2e/charters.sh"

domains=(shop museum mill)
make_mesh "${domains[@]}"

say "- a member signs two charters of one number: nothing is decided any more, and all know who it was"
succeeds fh shop charter propose --add museum,mill --threshold 2
vote_at museum
everybody_goes_by 2
stop_node mill
stop_node shop
cp -r "$work/shop/home" "$work/twin"
start_node shop
succeeds fh museum charter propose --until 300d
vote_at shop
until_true 20 "charter 3 at museum" goes_by museum 3
stop_node museum
stop_node shop
mv "$work/shop/home" "$work/first"
mv "$work/twin" "$work/shop/home"
rm -f "$work/shop/home/run/"*
start_node shop
start_node mill
succeeds fh mill charter propose --until 200d
vote_at shop
until_true 20 "another charter 3 at mill" goes_by mill 3
start_node museum
contested()
{
    [[ $(of "$1" standing) == contested ]] && grep -q 'signed both, and have no voice in it: shop' "$work/err"
}
for domain in "${domains[@]}"; do
    until_true 60 "the contest at $domain" contested "$domain"
done
refused 5 'rule: identity.charter.rival' 'charter propose --settle' -- fh museum charter propose
[[ $(fh mill -o csv charter history 2>"$work/err" | grep -c '^3,contested,') == 2 ]] || fail "history: $(<"$work/err")"
succeeds fh mill proof show "$(fh mill -o csv proof list | sed -n 's/^\(fhr1[a-z2-7]*\),charter.forked,.*/\1/p' | head -1)"
grep -q '^signed both: shop$' "$work/err" || fail "$(<"$work/err")"

say "- the others settle it: what they sign overrules both, at every node"
succeeds fh museum -o csv charter propose --settle --expel shop --dry-run
[[ $(column changes) == 'settles charter 3 without shop, -shop'* && $(column complete) == false ]] || fail "$(<"$work/out")"
succeeds fh museum -o csv charter propose --settle --note 'shop signed two'
until_true 20 "the proposal at shop" knows_one shop
refused 4 'rule: identity.vote.barred' -- fh shop charter vote "$(open_one shop)"
vote_at mill
everybody_goes_by 4
for domain in "${domains[@]}"; do
    [[ $(of "$domain" standing) == 'in force' && $(of "$domain" signed_by) != *shop* ]] || fail "$domain: $(<"$work/out")"
done
[[ $(fh shop -o csv charter history 2>"$work/err" | grep -c '^3,overruled,.*settled by charter 4') == 2 ]] ||
    fail "history: $(<"$work/err")"
stop_node mill
start_node mill
goes_by mill 4 || fail "a restart forgets the settlement"
succeeds fh shop charter propose --until 100d
vote_at mill
everybody_goes_by 5

say "- a vote outlives the key that gave it, where the charter is completed before the rotation is known"
stop_node mill
succeeds fh shop charter propose --until 90d
until_true 20 "the proposal at museum" knows_one museum
stop_node museum
succeeds fh shop key rotate
stop_node shop
start_node museum
vote_at museum
[[ $(column complete) == true ]] || fail "the rotation is known already: $(<"$work/out")"
start_node shop
start_node mill
everybody_goes_by 6
