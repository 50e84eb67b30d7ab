#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Holds deploy/README.md to the programs: its table of settings to `freehold-node --help`, the events
# it names to the sources.
#     settings.sh SOURCE_FOLDER PROGRAM_FOLDER [--write]
set -euo pipefail
source_folder=$1
bin=$2
page=$source_folder/deploy/README.md

table=$("$bin/freehold-node" --help | awk '
    function row() {
        if (flag == "") return
        derived = key; gsub(/[._]/, "-", derived)
        if (derived != flag) wrong = wrong " --" flag
        derived = toupper("freehold_" key); gsub(/[.]/, "_", derived)
        if (derived != variable) wrong = wrong " " variable
        printf "| `%s` | %s%s | %s |\n", key, help, unit == "" ? "" : " (" unit ")", range
    }
    BEGIN {
        print "| key | what | range, default |"
        print "|---|---|---|"
    }
    /^Each flag goes before/ { on = 1; next }
    !on { next }
    /^  --/ {
        row()
        flag = substr($1, 3)
        unit = NF > 1 ? substr($0, index($0, "(") + 1) : ""
        sub(/\)$/, "", unit)
        help = range = ""
        next
    }
    /^      FREEHOLD_/ {
        match($0, /FREEHOLD_[A-Z_]+/); variable = substr($0, RSTART, RLENGTH)
        match($0, /"[^"]+"/); key = substr($0, RSTART + 1, RLENGTH - 2)
        if (match($0, /; .*/)) range = substr($0, RSTART + 2)
        next
    }
    /^      / { sub(/^ +/, ""); help = $0 }
    END {
        row()
        if (wrong != "") {
            print "these do not follow from their keys as deploy/README.md says:" wrong >"/dev/stderr"
            exit 1
        }
    }')
(($(wc -l <<<"$table") > 10)) || {
    echo "settings.sh: freehold-node --help is not as expected" >&2
    exit 1
}

begin='<!-- settings: written by tests/deploy/settings.sh --write -->'
end='<!-- settings: end -->'
wanted=$(awk -v begin="$begin" -v end="$end" -v table="$table" '
    $0 == begin { print; print table; inside = 1; next }
    $0 == end { inside = 0 }
    !inside' "$page")
if [[ ${3:-} == --write ]]; then
    printf '%s\n' "$wanted" >"$page"
elif ! diff -u "$page" - <<<"$wanted"; then
    echo "deploy/README.md does not have the settings of freehold-node: run settings.sh --write" >&2
    exit 1
fi

# shellcheck disable=SC2016 # the backquotes are those of the page
events=$(awk '/^\| event \| it says \|$/ { on = 1; next } on && !/^\|/ { exit } on' "$page" |
    cut -d '|' -f 2 | grep -oE '`[a-z._]+`' | tr -d '`')
(($(wc -w <<<"$events") > 5)) || {
    echo "settings.sh: the events were not found in deploy/README.md" >&2
    exit 1
}
for event in $events; do
    grep -rqF "\"$event\"" --include='*.c' "$source_folder/node" "$source_folder/tools/door" || {
        echo "deploy/README.md: the node has no event $event" >&2
        exit 1
    }
done
echo "deploy/README.md has the settings and events of the node"
