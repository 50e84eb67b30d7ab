# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How our scripts speak: sourced by tools/setup, tools/test, tools/bench and tools/demo.
# Works without a terminal and without standard input. Sets no shell options.

# say TEXT...: one line for the reader.
say()
{
    printf '%s\n' "$*"
}

# fail TEXT...: the error and, where there is one, the remedy; ends the script with 1.
fail()
{
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# step TEXT COMMAND...: runs a long command with its output in a file, tells every 10 seconds how
# far it is, shows the end of the output when it fails, and returns the command's status.
step()
{
    local text=$1 log started=$SECONDS pid status=0 shown=0 last
    shift
    log=$(mktemp "${TMPDIR:-/tmp}/freehold-step.XXXXXX")
    say "- $text"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if ((SECONDS - started >= shown + 10)); then
            shown=$((SECONDS - started))
            last=$(tail -n 1 "$log" | tr -d '\r' | cut -c1-80)
            say "    $shown s  $last"
        fi
    done
    wait "$pid" || status=$?
    if ((status != 0)); then
        # Without the progress lines of a build and the tails of its long commands.
        grep -vE '^\[[0-9]+/[0-9]+\] ' "$log" | cut -c1-200 | tail -n 40 | sed 's/^/    | /' >&2
        say "    failed with status $status after $((SECONDS - started)) s" >&2
    fi
    rm -f "$log"
    return "$status"
}
