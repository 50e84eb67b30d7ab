#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A disk that is full at publish: told with its place and remedy, nothing half-written, everything
# served on, and the same publish succeeds once there is room. With a small tmpfs in a mount namespace
# of our own; where that is not permitted, with a limit on the sizes of the node's files.
if [[ -z ${FREEHOLD_TEST_NAMESPACE:-} ]]; then
    for how in -m -rm; do
        # shellcheck disable=SC2016 # the inner shell expands it
        if unshare "$how" sh -c 'mount -t tmpfs none /mnt' 2>/dev/null; then
            FREEHOLD_TEST_NAMESPACE=own exec unshare "$how" "$0" "$@"
        fi
    done
fi
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 1000
mkdir "$work/shop"
if [[ ${FREEHOLD_TEST_NAMESPACE:-} == own ]]; then
    unset FREEHOLD_TEST_NAMESPACE # the node would wonder about it
    own_disk=yes
    mount -t tmpfs -o size=2m,mode=0700 none "$work/shop"
    full()
    {
        dd if=/dev/zero of="$work/shop/ballast" bs=1k count=4000 2>/dev/null || true
    }
    free()
    {
        rm "$work/shop/ballast"
    }
    remedy='free some space and try again' rule=store.full
else
    say "no mount namespace here: a limit on file sizes takes the place of a full disk"
    full()
    {
        prlimit --pid "${node_pid[shop]}" --fsize=4096:unlimited
    }
    free()
    {
        prlimit --pid "${node_pid[shop]}" --fsize=unlimited:unlimited
    }
    remedy='nothing of this was stored' rule=store.
fi
make_mesh shop museum
publish()
{
    bounded fh shop product publish "$data/orders.odcs.yaml"
}
serves() # VERSION: at both, with all rows
{
    local domain
    for domain in shop museum; do
        until_true 20 "version $1 at $domain" is_at "$1" "$domain"
        prints "$(printf 'n\n1000')" fh "$domain" -o csv query 'SELECT count(*) AS n FROM shop.orders'
    done
}
is_at()
{
    [[ $(version_of "$2" shop/orders) == "$1" ]]
}

say "- full at the first publish"
full
refused 1 "$work/shop/home/node.db" "$remedy" "rule: $rule" -- publish
finds shop 0 || fail "a product is half published"
free
prints 'shop/orders@1.0.0' publish
serves 1.0.0

say "- full at the next, again and again"
full
for i in 1 2 3; do
    make_contract orders "1.0.$i" >"$data/orders.odcs.yaml"
    refused 1 "$work/shop/home/node.db" "$remedy" "rule: $rule" -- publish
    serves 1.0.0
done

say "- full while a query spills: that query fails, the next one is answered"
if [[ ${own_disk:-} == yes ]]; then
    stop_node shop
    free
    mkdir -p "$work/shop/home/tmp"
    mount -t tmpfs -o size=8m,mode=0700 none "$work/shop/home/tmp"
    FREEHOLD_LIMITS_WORKER_MEMORY=256 start_node shop
    until_true 30 "2 members in the view of museum" sees museum 2
    spills="SELECT max(r), max(a), max(b), max(c), max(d) FROM (SELECT row_number() OVER (ORDER BY a) AS r, *
        FROM (SELECT hash(i, id) AS a, hash(id, i) AS b, hash(a, i) AS c, hash(b, id) AS d
            FROM shop.orders, range(7000) t(i)) x) y"
    status=0
    bounded fh museum query "$spills" >"$work/out" 2>"$work/err" </dev/null || status=$?
    grep -qE '^rule: query.(memory|deadline)' "$work/err" ||
        fail "a query on a full disk ended with $status: $(<"$work/err")"
    say "    $(head -n 1 "$work/err")"
    if grep -qF "$work" "$work/err"; then
        fail "a consumer is told where the node spills: $(<"$work/err")"
    fi
    serves 1.0.0
    stop_node shop
    umount "$work/shop/home/tmp"
    start_node shop
    until_true 30 "2 members in the view of museum again" sees museum 2
    full
fi

say "- and a power cut while it is full"
kill_node shop
if [[ -e $work/shop/ballast ]]; then
    refused 1 "$work/shop/home/node.db" "$remedy" "rule: $rule" -- \
        "$bin/freehold-node" --home "$work/shop/home"
    free
fi
start_node shop
serves 1.0.0
[[ $(bounded fh shop -o csv product publish "$data/orders.odcs.yaml" 2>"$work/err" | tail -n 1 | cut -d, -f3) == 2 ]] ||
    fail "the chain did not go on with its second contract"
serves 1.0.3
