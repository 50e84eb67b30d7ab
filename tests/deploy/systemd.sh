#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Has systemd read the unit of the node: no unknown or wrong line, and little left exposed.
#     systemd.sh SOURCE_FOLDER PROGRAM_FOLDER
set -euo pipefail
unit=$1/deploy/systemd/freehold-node@.service
bin=$2
command -v systemd-analyze >/dev/null || {
    echo "skipped: systemd-analyze is not there"
    exit 77
}
grep -q '^ExecStart=/usr/local/bin/freehold-node ' "$unit"
work=$(mktemp -d "${TMPDIR:-/tmp}/freehold-unit.XXXXXX")
trap 'rm -rf "$work"' EXIT

# verify wants to see the program; and it says some things without failing, so silence is asked for.
for name in freehold-node@.service freehold-node@aviation.service; do
    sed "s#^ExecStart=/usr/local/bin/#ExecStart=$bin/#" "$unit" >"$work/$name"
done
said=$(systemd-analyze verify --man=no "$work/freehold-node@aviation.service" 2>&1) || {
    echo "$said"
    exit 1
}
if grep -F "freehold-node@" <<<"$said"; then
    exit 1
fi
# In tenths of systemd's scale from 0 to 10; a service without any setting has 9.6. Namespaces and the
# control group, which workers confine themselves with, count as exposure: 0.5 of it.
systemd-analyze security --no-pager --offline=true --threshold=24 \
    "$work/freehold-node@aviation.service" | tail -n 1
if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers --dry-run "$1/deploy/systemd/freehold.sysusers"
fi
