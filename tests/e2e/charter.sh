#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Three domains decide together: two of three are enough, one is not; what they decide is in force at
# all nodes; whom they expel is out everywhere, and comes back by another decision.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
# shellcheck source=tests/e2e/charters.sh
source "$1/tests/e2e/charters.sh"

domains=(shop museum mill)
make_mesh "${domains[@]}"
make_product orders 20
mkdir "$data/mill"
make_contract wheat 1.0.0 >"$data/mill/wheat.odcs.yaml"
cp "$data/orders.csv" "$data/mill/wheat.csv"

# sees_product DOMAIN NAME
sees_product()
{
    fh "$1" -o csv product list | grep -q "^$2@"
}

say "- the founder alone decides, and lets the others in"
[[ $(of mill members) == shop ]] || fail "charter 1 has other members"
refused 4 'only members of the charter propose' 'rule: identity.proposal.proposer' -- \
    fh museum charter propose --add museum
refused 2 '--add nobody: no domain of this name' -- fh shop charter propose --add nobody
refused 2 '--expel museum' -- fh shop charter propose --add museum --expel museum,museum
refused 1 'threshold 1 of 3' 'rule: identity.charter.threshold' -- \
    fh shop charter propose --add museum,mill --threshold 1
succeeds fh shop -o csv charter propose --add museum,mill --threshold 2 --dry-run
[[ $(column voted) == shop && $(column signed) == false ]] || fail "a dry run: $(<"$work/out")"
succeeds fh shop -o csv charter propose --add museum,mill --threshold 2 --note 'three of us'
[[ $(column complete) == false ]] || fail "one vote is enough for two of three"
for domain in museum mill; do
    until_true 20 "the proposal at $domain" knows_one "$domain"
    goes_by "$domain" 1 || fail "$domain goes by a proposal"
done
id=$(open_one museum)
refused 1 'rule: charter.proposal' -- fh museum charter vote "fhr1${id:20:20}"
succeeds fh museum -o csv charter vote "${id:0:24}" --dry-run
[[ $(column complete) == true && $(column signed) == false ]] || fail "a dry run: $(<"$work/out")"
goes_by museum 1 || fail "a dry run votes"
succeeds fh museum -o csv charter vote "${id:0:24}"
everybody_goes_by 2
[[ $(of mill threshold) == '2 of 3' && $(of mill signed_by) == *shop* ]] || fail "$(<"$work/out")"
[[ $(of mill policy_threshold) == '2 of 3' && $(of shop policy_signers) == *mill* ]] || fail "$(<"$work/out")"
[[ -z $(open_one shop) ]] || fail "what is decided is still open"

say "- every node says which charter it goes by; one that is away does not"
fh shop -o csv charter show --nodes >"$work/out"
[[ $(grep -c ',2,current$' "$work/out") == 3 ]] || fail "not all are current: $(<"$work/out")"
stop_node mill
succeeds fh museum -o csv charter propose --until 90d --note 'a renewal'
vote_at shop
[[ $(column complete) == true && $(column changes) == renewal ]] || fail "$(<"$work/out")"
until_true 20 "charter 3 at museum" goes_by museum 3
start_node mill
until_true 20 "charter 3 at mill, which was away" goes_by mill 3

say "- two of three expel the third: it is out everywhere"
succeeds fh shop product publish "$data/orders.odcs.yaml"
succeeds fh mill product publish "$data/mill/wheat.odcs.yaml"
until_true 20 "wheat at shop" sees_product shop mill/wheat
until_true 20 "orders at mill" sees_product mill shop/orders
succeeds fh mill query 'SELECT count(*) FROM shop.orders' --purpose test
succeeds fh shop charter propose --expel mill --note 'left us'
vote_at museum
domains=(shop museum)
everybody_goes_by 4
[[ $(of shop expelled) == mill && $(of museum members) != *mill* ]] || fail "$(<"$work/out")"
gone()
{
    ! sees_product "$1" mill/wheat && sees "$1" 2
}
for domain in "${domains[@]}"; do
    until_true 20 "mill is out at $domain" gone "$domain"
done
fh mill query 'SELECT count(*) FROM shop.orders' --purpose test >"$work/out" 2>"$work/err" &&
    fail "an expelled domain reads: $(<"$work/out")"
refused 2 '--expel mill: is expelled already' -- fh shop charter propose --expel mill

say "- another decision brings it back"
succeeds fh shop charter propose --readmit mill
vote_at museum
everybody_goes_by 5
until_true 30 "mill's product at shop" sees_product shop mill/wheat
