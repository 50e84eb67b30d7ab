# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The commands of a page of documentation, for the tests that run them. Sourced.

# page_blocks FILE KIND: the code between "```KIND" and "```", block after block; after each block
# the line `after N "HEADING"` with the block's number below that heading.
page_blocks()
{
    awk -v fence="\`\`\`$2" '
        !code && /^#+ / { heading = $0; sub(/^#+ /, "", heading); number = 0 }
        code && /^```$/ { code = 0; printf "after %d \"%s\"\n", ++number, heading; next }
        code { print; next }
        $0 == fence { code = 1; next }
        /^```/ && !other { other = 1; next }
        /^```$/ { other = 0 }' "$1"
}

# until_true SECONDS TEXT COMMAND...: waits until the command succeeds, else ends with 1.
until_true()
{
    local seconds=$1 text=$2 end
    shift 2
    end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= end)); then
            echo "not within $seconds s: $text" >&2
            exit 1
        fi
        sleep 0.2
    done
}
