#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Invitations that do not admit: used, expired before and after init, for another name, mangled, from
# one who may not invite, with nobody at home. Whoever is refused is not in the mesh afterwards.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_mesh shop museum
for domain in mill mall guild tower keep; do
    mkdir "$work/$domain"
done
node=$bin/freehold-node
listen=127.0.0.1:$((port + 5))

join() # DOMAIN NAME FILE
{
    bounded fh "$1" init --domain "$2" --join "$3" --listen "$listen"
}
two() # the mesh is as it was
{
    for domain in shop museum; do
        sees "$domain" 2 || fail "somebody was admitted"
    done
}

say "- used"
refused 4 'the invitation was used already' 'ask shop for a new one' 'rule: identity.invitation.used' -- bash -c \
    "'$bin/freehold' --home '$work/mill/home' init --domain museum --join '$work/museum.invitation' \
        --listen '$listen' >'$work/init.txt' && exec '$node' --home '$work/mill/home'"
two

say "- expired after init, and before"
fh shop invite --domain guild -o "$work/guild.invitation" --until "$(date -u -d '+6 seconds' +%FT%TZ)" 2>"$work/err"
succeeds join guild guild "$work/guild.invitation"
sleep 6.5
refused 4 'the invitation has expired' 'ask shop for a new one' 'rule: identity.invitation.expired' -- \
    "$node" --home "$work/guild/home"
refused 4 'the invitation ended at' 'freehold invite' 'rule: identity.invitation.expired' -- \
    join tower guild "$work/guild.invitation"
[[ -z $(ls -A "$work/tower") ]] || fail "a refused init left files"
refused 2 'is in the past' -- fh shop invite --until 2001-01-01
two

say "- for another name, mangled, absent"
fh shop invite --domain mill -o "$work/mill.invitation" 2>"$work/err"
refused 4 'admits the name mill, not mall' 'rule: identity.invitation.name' -- \
    join mall mall "$work/mill.invitation"
sed 's/^\(fhi1.\{40\}\)./\1_/' "$work/mill.invitation" >"$work/mangled.invitation"
refused 1 'invitation text' 'rule: identity.invitation.text' -- join mall mill "$work/mangled.invitation"
printf 'hello\n' >"$work/hello.invitation"
refused 1 'expected it to begin with fhi1' -- join mall mill "$work/hello.invitation"
refused 1 "$work/none.invitation: no such file" -- join mall mill "$work/none.invitation"
refused 1 "$work/mill.invitation" -- fh shop invite --domain mill -o "$work/mill.invitation"
[[ -z $(ls -A "$work/mall") ]] || fail "a refused init left files"
[[ $(stat -c %a "$work/mill.invitation") == 600 ]] || fail "others can read an invitation"

say "- from one who may not invite"
refused 4 'museum is no member of the charter' 'rule: identity.invitation.issuer' -- fh museum invite

say "- nobody is at home; later the same invitation admits, once, and with keys that were added meanwhile"
succeeds join mall mill "$work/mill.invitation"
for i in {1..20}; do
    "$bin/freehold" key create "$work/ci$i.key" >"$work/ci$i.pub" 2>"$work/err"
    succeeds fh mall member add "$work/ci$i.pub" --name "ci$i" --role publisher --until 90d \
        --save "$work/ci$i.access"
done
stop_node shop
status=0
timeout 8 "$node" --home "$work/mall/home" >"$work/mall/node.log" 2>&1 || status=$?
grep -q "${address[shop]}" "$work/mall/node.log" || fail "the log does not say who was asked: $(<"$work/mall/node.log")"
((status != 0)) || fail "a node that was never admitted ended well"
start_node shop
mv "$work/mall" "$work/mill2"
start_node mill2
until_true 20 "three members at museum" sees museum 3
succeeds join keep mill "$work/mill.invitation"
stop_node mill2
refused 4 'the invitation was used already' -- "$node" --home "$work/keep/home"
