# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# A mesh of local nodes for scripts: sourced after tools/steps.sh by tools/demo,
# tools/bench and tests.
# The caller sets, before it calls anything:
#   work   folder of the homes; each domain has work/DOMAIN/home and work/DOMAIN/node.log
#   bin    folder of the programs
#   port   first of the ports, one for each domain in the order they are made
# Does not: remove `work`. Every node that start_node started is ended by stop_mesh.

declare -gA address=() node_pid=()

# fh DOMAIN ARGUMENT...: the CLI at that domain's home.
fh()
{
    local domain=$1
    shift
    "$bin/freehold" --home "$work/$domain/home" "$@"
}

now_us()
{
    # EPOCHREALTIME has six decimals and no fork.
    printf '%s' "${EPOCHREALTIME/[.,]/}"
}

# until_true SECONDS TEXT COMMAND...: waits until the command succeeds, and says in waited_us how
# long that took.
until_true()
{
    local seconds=$1 text=$2 started
    shift 2
    started=$(now_us)
    until ("$@") >/dev/null 2>&1; do # what calls fail ends its own shell only
        if (($(now_us) - started > seconds * 1000000)); then
            fail "$text did not happen within $seconds s; the nodes' logs are $work/*/node.log"
        fi
        sleep 0.005
    done
    # shellcheck disable=SC2034 # for the caller
    waited_us=$(($(now_us) - started))
}

start_node()
{
    local domain=$1
    "$bin/freehold-node" --home "$work/$domain/home" >>"$work/$domain/node.log" 2>&1 </dev/null &
    node_pid[$domain]=$!
    until_true 20 "the start of $domain's node" fh "$domain" status
}

# stop_node DOMAIN: asks the node to end, and makes it end when it has not after 10 seconds.
stop_node()
{
    local i
    kill "${node_pid[$1]}" 2>/dev/null || true
    for ((i = 0; i < 200; i++)); do
        kill -0 "${node_pid[$1]}" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "${node_pid[$1]}" 2>/dev/null || true
    wait "${node_pid[$1]}" 2>/dev/null || true
    unset "node_pid[$1]"
}

stop_mesh()
{
    local domain
    # All at once: each says goodbye to the others, which takes some seconds.
    if ((${#node_pid[@]} > 0)); then
        kill "${node_pid[@]}" 2>/dev/null || true
    fi
    for domain in "${!node_pid[@]}"; do
        stop_node "$domain"
    done
}

# sees DOMAIN COUNT: that many members are alive in this domain's view.
sees()
{
    (($(fh "$1" -o csv peers | grep -c ',alive,') == $2))
}

# finds DOMAIN COUNT: so many products are in this domain's catalogue.
finds()
{
    (($(fh "$1" -o csv search '' | tail -n +2 | wc -l) == $2))
}

# make_mesh FIRST DOMAIN...: the first founds the mesh, the others join by invitation; all run and
# see each other at the end.
make_mesh()
{
    local first=$1 domain i=0
    for domain in "$@"; do
        mkdir -p "$work/$domain"
        address[$domain]=127.0.0.1:$((port + i))
        i=$((i + 1))
        if [[ $domain == "$first" ]]; then
            fh "$domain" init --domain "$domain" --mesh local --listen "${address[$domain]}" >/dev/null
        else
            fh "$first" invite --domain "$domain" -o "$work/$domain.invitation" >/dev/null 2>&1
            fh "$domain" init --domain "$domain" --join "$work/$domain.invitation" \
                --listen "${address[$domain]}" >/dev/null
        fi
        start_node "$domain"
    done
    for domain in "$@"; do
        until_true 30 "$# members in the view of $domain" sees "$domain" $#
    done
}
