#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Kernels that have no Landlock, no namespaces, neither, or no control group for the node: what stands is
# told, too little runs no query but serves all else, and the doctor says what to do.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 100
make_mesh shop
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
sql='SELECT count(*) AS n FROM shop.orders'
prints "$(printf 'n\n100')" fh shop -o csv query "$sql"

restart_on() # LESS: without what is named
{
    stop_node shop
    "$bin/fh-poorer" "$1" "$bin/freehold-node" --home "$work/shop/home" >>"$work/shop/node.log" 2>&1 </dev/null &
    node_pid[shop]=$!
    until_true 20 "the start of the node without $1" fh shop status
}
doctor() # LESS: its table, whatever it finds
{
    "$bin/fh-poorer" "$1" "$bin/freehold" --home "$work/shop/home" -o csv doctor >"$work/out" 2>"$work/err" || true
}
finds_row() # PATTERN...
{
    local pattern
    for pattern in "$@"; do
        grep -qE "^$pattern" "$work/out" || fail "no row $pattern: $(cat "$work/out" "$work/err")"
    done
}

doctor nothing
landlock=$(grep -c '^ok,sandbox.landlock' "$work/out" || true)
mount=$(grep -c '^ok,sandbox.mount_namespace' "$work/out" || true)
say "- this kernel: landlock $landlock, mount namespace $mount"

say "- without namespaces: Landlock alone keeps files away"
doctor namespaces
finds_row 'warn,sandbox.user_namespace,absent.*unprivileged_userns_clone' 'warn,sandbox.net_namespace,absent' \
    'warn,sandbox.ipc_namespace,absent' 'ok,sandbox.limits' 'ok,sandbox.seccomp'
if ((landlock)); then
    finds_row 'ok,sandbox.landlock' 'warn,sandbox.mount_namespace,absent.*not needed where Landlock'
    restart_on namespaces
    prints "$(printf 'n\n100')" fh shop -o csv query "$sql"
fi

say "- without Landlock: a mount namespace alone does"
doctor landlock
finds_row 'warn,kernel.landlock,absent'
if ((mount)); then
    finds_row 'warn,sandbox.landlock,absent.*Linux 5.13' 'ok,sandbox.mount_namespace'
    restart_on landlock
    prints "$(printf 'n\n100')" fh shop -o csv query "$sql"
fi

say "- without both: no query, and why"
doctor landlock,namespaces
finds_row 'fail,sandbox.landlock,absent.*Linux 5.13' 'fail,sandbox.mount_namespace,absent'
grep -q '^rule: doctor.failed' "$work/err" || fail "the doctor is content: $(<"$work/err")"
restart_on landlock,namespaces
refused 4 'does not confine workers well enough (limits, seccomp' 'landlock or a mount namespace' \
    'freehold doctor' 'rule: worker.sandbox' -- fh shop query "$sql"
# What needs no worker for a consumer's SQL is served.
succeeds fh shop product describe shop/orders
succeeds fh shop search orders

say "- and there, by the operator's own word: queries run, and the doctor keeps saying so"
printf 'require_sandbox: false\n' >>"$work/shop/home/freehold.yaml"
restart_on landlock,namespaces
prints "$(printf 'n\n100')" fh shop -o csv query "$sql"
doctor landlock,namespaces
finds_row 'warn,sandbox.required,require_sandbox is false' 'warn,sandbox.landlock,absent'

say "- without a control group: told, and queries run"
doctor nothing
if grep -q '^warn,sandbox.cgroup,absent' "$work/out"; then
    finds_row 'warn,sandbox.cgroup,absent.*Delegate=memory pids'
fi
