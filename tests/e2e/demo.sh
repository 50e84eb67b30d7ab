#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demo as a user sees it, with the programs given and its data from the cache; skipped (77) where
# the data is not there and cannot be fetched.
#     demo.sh SOURCE_FOLDER PROGRAM_FOLDER FIRST_PORT
set -euo pipefail
if ! "$1/deploy/demo/fetch" --check >/dev/null 2>&1 && ! "$1/deploy/demo/fetch" --quiet; then
    echo "skipped: the demo's data is not here and cannot be fetched; tools/setup --data gets it"
    exit 77
fi
# shellcheck source=tests/e2e/ports.sh
source "$1/tests/e2e/ports.sh"
port=$(choose_ports "$3" "$2")
FH_BIN=$2 FH_DEMO_PORT=$port exec "$1/tools/demo" --no-build </dev/null
