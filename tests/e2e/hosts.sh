# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# What the end-to-end tests with hosts share: sourced in place of common.sh, which it sources. Each host is a network
# namespace, and all its packets pass fh-switch (switch.c), which drops what it is told to. Host I is 10.77.0.I, its
# home is in $work/hI. Skipped where network namespaces or TUN devices are not allowed. What the network does by chance
# is of a seed: FH_SEED repeats it.
seed=${FH_SEED:-$RANDOM}
skip()
{
    echo "skipped: $*" >&2
    exit 77
}
# Whoever is not root may make namespaces as root of a user namespace.
if ((EUID != 0)); then
    unshare --user --map-root-user true 2>/dev/null ||
        skip "this machine allows no user namespaces; run it as root"
    FH_SEED=$seed exec unshare --user --map-root-user "$0" "$@"
fi
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

# begin_network HOSTS: so many hosts that nothing is lost between yet.
begin_network()
{
    local answer status=0 reason
    coproc SWITCH { exec "$bin/fh-switch" "$1" "$seed" 2>"$work/switch.log"; }
    switch=$SWITCH_PID
    exec {to_switch}>&"${SWITCH[1]}" {from_switch}<&"${SWITCH[0]}"
    if ! read -r -t 20 answer <&"$from_switch" || [[ $answer != ready ]]; then
        wait "$switch" || status=$?
        ((status == 77)) || fail "the switch ended with $status: $(<"$work/switch.log")"
        trap - EXIT
        reason=$(<"$work/switch.log")
        rm -rf "$work"
        skip "$reason: not allowed here"
    fi
}
network() # COMMAND...: what the switch shall do
{
    local answer
    echo "$*" >&"$to_switch"
    read -r -t 20 answer <&"$from_switch" || fail "the switch does not answer"
    [[ $answer != "no such"* ]] || fail "the switch: $*: $answer"
}
at() # HOST COMMAND...: there
{
    local space=/proc/$switch/fd/$((100 + $1))
    shift
    nsenter --net="$space" -- "$@"
}

# Those of mesh.sh, each on its own host.
fh()
{
    local domain=$1
    shift
    at "${domain#h}" timeout 60 "$bin/freehold" --home "$work/$domain/home" "$@"
}
bounded()
{
    if [[ $(type -t "$1") == function ]]; then
        "$@"
    else
        timeout 60 "$@"
    fi
}
launch() # HOST
{
    nsenter --net="/proc/$switch/fd/$((100 + $1))" -- "$bin/freehold-node" --home "$work/h$1/home" \
        >>"$work/h$1/node.log" 2>&1 </dev/null &
    node_pid[h$1]=$!
}
start_node()
{
    launch "${1#h}"
    until_true 60 "the start of $1's node" fh "$1" status
}
