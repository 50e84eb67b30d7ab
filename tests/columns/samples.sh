#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes the samples (sample.c) and has one reader look at them:
#     SAMPLE_PROGRAM NAMES COMMAND...
# which is called with the folder and the names. Ends with 77 where the reader is not there.
set -euo pipefail
sample=$1
read -ra names <<<"$2"
shift 2
if [[ $1 == node ]] && ! node -e 'require.resolve("apache-arrow")' 2>/dev/null; then
    echo "skipped: Node.js with apache-arrow is not here (tools/setup installs it)"
    exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/freehold-columns.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$sample" "$work"
"$@" "$work" "${names[@]}"
