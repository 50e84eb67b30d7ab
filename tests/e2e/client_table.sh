# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Clients of the doors and what each was seen to do, for the tables in deploy/clients/README.md: sourced after
# tests/e2e/common.sh. A cell of a table says what a client did here, no more and no less.

pages=$source_folder/deploy/clients

# blocks PAGE LANGUAGE FOLDER: its blocks of a language as FOLDER/1, FOLDER/2 ...
blocks()
{
    mkdir -p "$3"
    awk -v language="$2" -v folder="$3" '$0 == "```" language { n++; inside = 1; next }
        /^```$/ { inside = 0 } inside { print >(folder "/" n) }' "$pages/$1"
}
declare -A did=()
# client NAME NEED: whether a client can be tested; NEED is a command that succeeds then.
client()
{
    local name=$1
    shift
    "$@" >/dev/null 2>&1 || {
        say "- $name: left out, it is not installed"
        return 1
    }
    say "- $name"
    now=$name
    did[$now]=
}
# has FEATURE FILE: the client's output OUT has these lines, one after the other.
out=$work/client.out
has()
{
    awk 'NR == FNR { wanted[++n] = $0; next } $0 == wanted[found + 1] { found++ } END { exit found != n }' \
        "$2" "$out" || fail "$now: $1: wanted $(cat "$2"), got $(cat "$out")"
    did[$now]+=" $1"
}
says() # FEATURE LINE...
{
    local feature=$1
    shift
    printf '%s\n' "$@" >"$work/wanted"
    has "$feature" "$work/wanted"
}
run() # COMMAND...: what it prints is in $out
{
    timeout 120 "$@" >"$out" 2>"$work/client.err" </dev/null || fail "$now: $(tail -n 20 "$work/client.err")"
}

# compare_table HEADING: the table below a heading that begins so, against what was seen of its clients.
compare_table()
{
    local section features row stated seen
    say "- the table of clients and features is what was seen"
    section=$(awk -v heading="## $1" '/^## / { on = index($0, heading) == 1 } on' "$pages/README.md")
    features=$(sed -n 's/^| client | \(.*\) |$/\1/p' <<<"$section" | tr -d '|')
    [[ -n $features && ${#did[@]} -gt 0 ]] || fail "no table below $1, or no client"
    for now in "${!did[@]}"; do
        row=$(grep -F "| [$now](" <<<"$section") || fail "$now is not in the table"
        stated=$(paste -d ' ' <(tr -s ' ' '\n' <<<"$features" | grep .) \
            <(sed 's/^|[^|]*|//; s/|$//' <<<"$row" | tr '|' '\n' | tr -d ' ') | sed -n 's/ yes$//p' | sort)
        seen=$(tr ' ' '\n' <<<"${did[$now]}" | grep . | sort -u)
        [[ $stated == "$seen" ]] ||
            fail "$now: the table says $(tr '\n' ' ' <<<"$stated"), it was $(tr '\n' ' ' <<<"$seen")"
    done
}
