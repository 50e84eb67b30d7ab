#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A relay that meddles with what it carries, and receipts that were meddled with in their files. Whatever
# is done to an answer on its way is noticed; a saved receipt verifies on a machine that has neither a home
# nor a node, by the mesh id alone, and nothing else passes for it.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"
rounds=${FH_TAMPER_ROUNDS:-26}
seed=${FH_TAMPER_SEED:-$RANDOM}

make_product orders 12000
make_mesh shop market
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
until_true 10 "shop/orders at market" finds market 1
stop_node market
# A consumer that broke off does not come back, and its stream holds a worker until then.
stop_node shop
printf 'limits:\n  query_deadline: 1500\n' >>"$work/shop/home/freehold.yaml"
start_node shop
head -c 4096 /dev/zero >"$work/orders"
FH_MEDDLE=$work/orders "$bin/freehold-node-meddling" --home "$work/market/home" \
    >>"$work/market/node.log" 2>&1 </dev/null &
node_pid[market]=$!
until_true 20 "the start of the meddling node" fh market status
until_true 30 "the meddling node's way to shop" fh market query 'SELECT 1 FROM shop.orders LIMIT 1'

say "- $rounds answers, each meddled with in another way (FH_TAMPER_SEED=$seed)"
"$bin/fh-tamper" "$work/market/home" "${address[market]}" "$work/orders" "$rounds" "$seed" shop.orders \
    >"$work/counts" || fail "meddling was not noticed"
cat "$work/counts"
# Every way was tried, and of what was done to the frames of the stream nothing passed.
awk 'NR > 2 && $1 != "in" && !/kept back/ { if ($(NF - 2) == 0) exit 1 }' "$work/counts" ||
    fail "a way of meddling was never tried"
awk 'NR > 2 && $1 != "in" { if ($NF != 0) exit 1 }' "$work/counts" || fail "an answer passed"

say "- receipts verify where there is no home and no node, by the mesh id alone"
mesh=$(fh shop -o csv status | tail -n 1 | grep -o 'fhm1[a-z2-7]*')
ask() # FILE ARGUMENT...: one answer with its receipt.
{
    fh market -o csv query --peer "${address[shop]}" --receipt "$@" >/dev/null 2>"$work/err" || fail "$(<"$work/err")"
}
elsewhere() # ARGUMENT...: the command as on a machine that knows nothing.
{
    env -i HOME=/nonexistent PATH="$PATH" "$bin/freehold" -o csv verify "$@" 2>"$work/err"
}
forged() # WHAT FILE: it must not verify, with the exit code of what is not what it says.
{
    local status=0
    elsewhere --mesh "$mesh" "$2" >/dev/null || status=$?
    ((status == 5 || status == 1)) || fail "$1 ended with $status: $(<"$work/err")"
    say "    $1: $(grep '^rule: ' "$work/err")"
}
ask "$work/tree.receipt" --tree 'SELECT id, item FROM shop.orders'
ask "$work/other.receipt" --tree 'SELECT id FROM shop.orders'
ask "$work/plain.receipt" 'SELECT id, item FROM shop.orders'
for file in tree other plain; do
    elsewhere --mesh "$mesh" "$work/$file.receipt" | grep -q '^verified,' || fail "$file: $(<"$work/err")"
done
refused 2 '--mesh' -- env -i HOME=/nonexistent PATH="$PATH" "$bin/freehold" verify "$work/plain.receipt"
letter=a
[[ ${mesh:9:1} != a ]] || letter=b
refused 5 'receipt.mesh' -- env -i HOME=/nonexistent PATH="$PATH" "$bin/freehold" verify \
    --mesh "${mesh:0:9}$letter${mesh:10}" "$work/plain.receipt"

# Parts of one file in the place of another's, by their offsets: a receipt file is one canonical array.
python3 - "$work" <<'PYTHON'
import sys

work = sys.argv[1]


def skip(data, at):
    """The offset behind the value at `at`; only what a receipt file holds."""
    kind = data[at]
    if kind < 0x80 or kind >= 0xE0:
        return at + 1
    if 0x90 <= kind <= 0x9F or kind == 0xDC:
        count, at = (kind & 15, at + 1) if kind != 0xDC else (int.from_bytes(data[at + 1 : at + 3], "big"), at + 3)
        for _ in range(count):
            at = skip(data, at)
        return at
    if 0xA0 <= kind <= 0xBF:
        return at + 1 + (kind & 31)
    if kind in (0xC4, 0xC5, 0xC6, 0xD9):
        size = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1}[kind]
        return at + 1 + size + int.from_bytes(data[at + 1 : at + 1 + size], "big")
    return at + {0xCC: 2, 0xCD: 3, 0xCE: 5, 0xCF: 9}[kind]


def fields(name):
    data, at, parts = open(f"{work}/{name}.receipt", "rb").read(), 1, []
    assert data[0] == 0x98
    for _ in range(8):
        end = skip(data, at)
        parts.append(data[at:end])
        at = end
    return parts


def save(name, parts):
    open(f"{work}/forged.{name}", "wb").write(b"\x98" + b"".join(parts))


tree, other = fields("tree"), fields("other")
for name, place in (("request", 4), ("receipts", 5), ("leaves", 7)):
    forged = list(tree)
    forged[place] = other[place]
    save(name, forged)
leaf = bytearray(tree[7])
leaf[-1] ^= 1
save("leaf", tree[:7] + [bytes(leaf)])
save("no-leaves", tree[:7] + [b"\xc4\x00"])
receipt = bytearray(tree[5])
receipt[len(receipt) // 2] ^= 1
save("receipt", tree[:5] + [bytes(receipt)] + tree[6:])
support = bytearray(tree[6])
support[len(support) // 2] ^= 1
save("support", tree[:6] + [bytes(support)] + tree[7:])
whole = open(f"{work}/tree.receipt", "rb").read()
open(f"{work}/forged.cut", "wb").write(whole[:-1])
PYTHON
for name in request receipts leaves leaf no-leaves receipt support cut; do
    forged "$name" "$work/forged.$name"
done
