#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Records that contradict each other, made for real: two announcements of one revision, two contracts of one number,
# one node key that lives twice. Each is found at one node, shown and verified at a third, and kept over restarts.
# Two domains of one name are in names.sh.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

proofs() # DOMAIN: rule and domain of what it knows
{
    fh "$1" -o csv proof list 2>/dev/null | sed '1d' | cut -d , -f 2-3
}
knows() # DOMAIN RULE,DOMAIN
{
    proofs "$1" | grep -qxF "$2"
}
shows() # DOMAIN RULE TYPE: the proof, both of its records verified
{
    local id
    id=$(fh "$1" -o csv proof list 2>/dev/null | sed -n "s/^\(fhr1[a-z0-9]*\),$2,.*/\1/p" | head -n 1)
    fh "$1" -o csv proof show "$id" >"$work/out" 2>"$work/err" && grep -q '^proven: ' "$work/err" &&
        (($(grep -c "^fhr1.*,$3,.*,verified\$" "$work/out") == 2))
}
kept() # DOMAIN RULE,DOMAIN: after kill -9 too
{
    kill_node "$1"
    start_node "$1"
    knows "$1" "$2" || fail "$1 forgot $2: $(proofs "$1")"
}

make_product rows 3
make_product more 3
make_mesh shop museum market
prints 'shop/rows@1.0.0' fh shop product publish "$data/rows.odcs.yaml"
prints 'shop/more@1.0.0' fh shop product publish "$data/more.odcs.yaml"
for domain in museum market; do
    until_true 20 "the products at $domain" finds "$domain" 2
done

say "- nothing contradicts itself"
prints '' proofs market
refused 1 'rule: proof.unknown' -- fh market proof show fhr1aaaaaaaaaaaaaaaa

say "- two announcements of one revision"
"$bin/fh-forge" "$work/shop/home" "${address[museum]}" again shop/rows >"$work/out" 2>&1 || true
until_true 20 "the proof at museum" knows museum announcement.forked,shop
until_true 30 "the proof at market" knows market announcement.forked,shop
until_true 10 "both records at market" shows market announcement.forked announcement
kept market announcement.forked,shop

say "- two contracts of one number"
refused 5 'rule: contract.forked' -- "$bin/fh-forge" "$work/shop/home" "${address[museum]}" fork shop/more
until_true 30 "the proof at market" knows market contract.forked,shop
until_true 10 "both records at market" shows market contract.forked contract
kept market contract.forked,shop

say "- a key that lives twice"
stop_node shop
python3 - "$work/shop/home/node.db" <<'PY'
import sqlite3, sys, time
with sqlite3.connect(sys.argv[1]) as db: # so that both begin one life, whatever the second
    assert db.execute("UPDATE kv SET value = ? WHERE key = 'generation'", (int(time.time()) + 600,)).rowcount == 1
PY
mkdir "$work/copy"
cp -a "$work/shop/home" "$work/copy/home"
sed -i "s/^listen:.*/listen: 127.0.0.1:$((port + 5))/" "$work/copy/home/freehold.yaml"
address[copy]=127.0.0.1:$((port + 5))
start_node shop
start_node copy
until_true 40 "the proof at museum" knows museum member.forked,shop
until_true 40 "the proof at market" knows market member.forked,shop
until_true 10 "both records at market" shows market member.forked alive
fh market -o csv peers >"$work/out" 2>"$work/err"
grep -q 'two instances of a key live' "$work/err" || fail "peers is silent: $(<"$work/err")"
kept market member.forked,shop
