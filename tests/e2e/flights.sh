#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Clients with many questions in flight: requests and receipts are signed together, each answer has the row
# that its question asked for, and each receipt verifies by itself, offline; at the owner, and end to end
# through another node.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 3000
make_mesh shop museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
until_true 10 "the product at museum" finds museum 1
for home in shop museum; do
    say "- 8 questions in flight by $home"
    mkdir "$work/receipts.$home"
    prints 'together: requests and receipts; alone: one' "$bin/fh-flights" "$work/$home/home" 8 "$work/receipts.$home"
    for file in "$work/receipts.$home"/{1,2,3}.receipt; do
        succeeds fh museum verify "$file"
    done
    say "- one changed byte of what they were signed with is seen"
    for file in "$work/receipts.$home"/{1,2}.receipt; do
        python3 - "$file" "$work/changed.receipt" <<'PYTHON'
import re, sys
data = bytearray(open(sys.argv[1], "rb").read())
# [key ref 16, signature 64, sides, [hash 32, ...]]: the way follows the one signature in an array of four.
at = re.search(rb"\x94\xc4\x10.{16}\xc4\x40", data, re.S)
assert at, "no signature over several records"
data[at.start() + 3 + 16 + 2 + 64 + 1 + 1 + 2 + 5] ^= 1
open(sys.argv[2], "wb").write(data)
PYTHON
        ! fh museum verify "$work/changed.receipt" >"$work/out" 2>&1 ||
            fail "a changed way was taken for good: $(<"$work/out")"
        grep -q 'signature' "$work/out" || fail "no word of the signature: $(<"$work/out")"
    done
done
