#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# freehold-door beside its node: started when a door is set, again when it ends, after pauses that grow
# while it does not last; the node goes on meanwhile, and neither outlives the other.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_mesh shop
log=$work/shop/node.log
http=127.0.0.1:$((port + 5))

# set_door KEY VALUE: as the only one, from the next start on.
set_door()
{
    [[ ! -v node_pid[shop] ]] || stop_node shop
    sed -i '/^http_listen:\|^postgres_listen:/d' "$work/shop/home/freehold.yaml"
    printf '%s: %s\n' "$1" "$2" >>"$work/shop/home/freehold.yaml"
    start_node shop
}
# said COUNT TEXT: so many lines of the log have it.
said() { (($(grep -c -- "$2" "$log") >= $1)); }
door_pid() { grep -o 'door.started pid=[0-9]*' "$log" | tail -n 1 | cut -d= -f2; }
gone() { ! kill -0 "$1" 2>/dev/null; }

say "- none without a setting"
said 1 'door\.' && fail "a door without a setting"

say "- one that cannot listen is started again, later each time, and harms nobody"
set_door http_listen "${address[shop]}" # the node is there
until_true 20 "three starts" said 3 'door.started'
until_true 20 "three ends" said 3 'door.ended status='
for pause in 500 1000 2000; do
    said 1 "again_ms=$pause\$" || fail "no pause of $pause ms"
done
succeeds fh shop status
fh shop -o csv doctor >"$work/out" || true
grep -q '^warn,door.http,.*in use' "$work/out" || fail "the doctor does not see it: $(cat "$work/out")"
before=$(grep -c 'door.started' "$log")
stop_node shop
gone "$(door_pid)" || fail "a door outlives its node"

say "- one that listens is started again when it is killed"
set_door http_listen "$http"
until_true 20 "the door" said 1 'door.ready'
first=$(door_pid)
kill -KILL "$first"
until_true 20 "the door again" said 2 'door.ready'
second=$(door_pid)
[[ $first != "$second" && $(grep -c 'door.started' "$log") -ge $((before + 2)) ]] || fail "not started again"
succeeds fh shop status
fh shop -o csv doctor >"$work/out" || true
grep -q '^warn,door.http,.*in use' "$work/out" || fail "the doctor does not see it: $(cat "$work/out")"

say "- and ends with its node, also where that is killed"
kill_node shop
until_true 10 "the door's end" gone "$second"
start_node shop
until_true 20 "the door after a restart" said 3 'door.ready'
third=$(door_pid)
stop_node shop
gone "$third" || fail "a door outlives its node"
said 1 'door.stopping' || fail "the door was not asked to end"
