# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Rules that read the tree only. Each prints "path:line: what is wrong; what would be right" and
# nothing when all is well. Sourced by tests/tidy.sh, which sets the arrays of relative paths
# c_files (C sources and headers) and text_files (every file of the project that is text), and
# the function code_lines (path:line:code without comments and literals).

# Which room may include which. A room is the longest prefix of a path that stands on the left; on
# the right are the rooms it may include, besides itself. A room that is not listed fails, so that
# a new folder gets a line here.
layers="
common          :
proto/wire      : common
proto/identity  : common proto/wire
proto/contract  : common proto/wire proto/identity
proto/gossip    : common proto/wire proto/identity
proto/session   : common proto/wire proto/identity
proto/quality   : common proto/wire proto/identity proto/contract
proto/governance: common proto/wire proto/identity proto/contract proto/quality
proto/settings  : common proto/wire proto/identity proto/contract
proto/query     : common proto
proto/proofs    : common proto
node/io         : common proto
node/state      : common proto
node/mesh       : common proto node
node/peer       : common proto node
node/query      : common proto node
node/quality    : common proto node
node/worker     : common proto
node            : common proto
tools/client    : common proto
tools/contract  : common proto
tools/columns   : common proto tools/client
tools/compliance: common proto tools/client
tools/cli       : common proto tools/client tools/columns tools/compliance tools/contract
tools/door      : common proto tools/client tools/compliance tools/contract tools/columns
tools/bench     : common proto tools/client
tools           : common proto
tests           : common proto node tools
"

# Third-party headers and the only files that may include them (shell patterns). Tests may include
# any of these, as they look at the libraries from the other side.
owners="
uv.h            : node/io/* node/admin* node/query/workers* tools/door/pg/server*
nng/*           : tests/unit/tools/scripted_peer*
msgpack.h       : proto/wire/pack_write.c
msgpack/*       : proto/wire/pack_write.c
openssl/*       : proto/wire/crypto_openssl.c tools/door/certificate.c tools/door/tls* tools/door/pg/tls*
sodium.h        : proto/wire/crypto.c proto/wire/crypto_openssl.c node/state/keystore.c
sodium/*        : proto/wire/crypto.c node/state/keystore.c
sqlite3.h       : node/state/* node/worker/source_sqlite.c tools/door/pgcat/*
yaml.h          : proto/contract/yaml.c
jansson.h       : node/query/gate* tools/door/http/json* tools/cli/output* tools/cli/params.c tools/contract/import_dbt.c
duckdb.h        : node/worker/*
libpq-fe.h      : node/worker/*
microhttpd.h    : tools/door/http/server*
cmocka.h        :
dlfcn.h         :
zstd.h          : proto/query/batch*
"

# Headers of the C library and the kernel that anyone outside proto/ may include.
system_headers='assert|ctype|dirent|endian|errno|fcntl|fenv|float|fnmatch|getopt|glob|grp|ifaddrs|inttypes|limits|locale|malloc|math|netdb|poll|pthread|pwd|sched|semaphore|setjmp|signal|spawn|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|termios|threads|time|unistd|wchar|arpa/[a-z]+|linux/[a-z0-9_/]+|net/[a-z]+|netinet/[a-z0-9]+|sys/[a-z]+|sanitizer/[a-z_]+'
# Those that proto/ may include: nothing that reaches outside the process.
pure_headers='assert|ctype|errno|float|inttypes|limits|math|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings'

# Every "path:line:header" with the header as written, "x" or <x>.
include_lines()
{
    ((${#c_files[@]})) || return 0
    grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]' "${c_files[@]}" |
        sed -nE 's/^([^:]+:[0-9]+):[^<"]*([<"][^>"]+[>"]).*/\1:\2/p'
}

rule_layers()
{
    include_lines | LAYERS=$layers awk -F: '
        function room_of(path,   r, best) {
            best = ""
            for (r in allowed) {
                if (index(path "/", r "/") == 1 && length(r) > length(best)) best = r
            }
            return best
        }
        BEGIN {
            n = split(ENVIRON["LAYERS"], lines, "\n")
            for (i = 1; i <= n; i++) {
                if (split(lines[i], part, ":") < 2) continue
                gsub(/ /, "", part[1])
                allowed[part[1]] = " " part[2] " "
            }
        }
        $3 !~ /^"/ { next }
        {
            header = substr($3, 2, length($3) - 2)
            from = room_of($1)
            to = room_of(header)
            if (index(header, "/") == 0) {
                print $1 ":" $2 ": \"" header "\" is not written from the root of the tree"
            } else if (to == "" || index(header, "..")) {
                print $1 ":" $2 ": \"" header "\" is in no known room (table in tests/tidy/text_rules.sh)"
            } else if (from == "" || from ~ /^proto$/) {
                print $1 ":" $2 ": this folder is in no known room (table in tests/tidy/text_rules.sh)"
            } else if (header == "node/node.h" && $1 !~ /^node\/(node|main)\.c$|^tests\//) {
                print $1 ":" $2 ": only node/node.c and node/main.c see node.h"
            } else if (from != to) {
                ok = 0
                k = split(allowed[from], rooms, " ")
                for (j = 1; j <= k; j++) {
                    if (index(to "/", rooms[j] "/") == 1) ok = 1
                }
                # The files directly in node/ compose everything, except the worker.
                if (from == "node" && to ~ /^node\//) ok = 1
                if (to == "node/worker" && from != "tests") ok = 0
                if (!ok) print $1 ":" $2 ": " from " may not include " to " (" header ")"
            }
        }'
}

rule_owners()
{
    local path line header name pattern found
    set -f # the owners are patterns for names, not for files that happen to be there
    include_lines | grep -E ':<' | while IFS=: read -r path line header; do
        name=${header#<}
        name=${name%>}
        if [[ $name =~ ^($system_headers)\.h$ ]]; then
            if [[ $path == proto/* && ! $name =~ ^($pure_headers)\.h$ ]]; then
                echo "$path:$line: proto/ is sans-IO and includes no <$name>"
            fi
            continue
        fi
        found=
        while IFS=: read -r pattern files; do
            # shellcheck disable=SC2053,SC2295 # the right side is a pattern
            [[ -n $pattern && $name == ${pattern%%[[:space:]]*} ]] || continue
            found=unowned
            for owner in $files tests/*; do
                # shellcheck disable=SC2053 # the right side is a pattern
                [[ $path == $owner ]] && found=yes
            done
        done <<<"$owners"
        case "$found" in
        yes) ;;
        unowned) echo "$path:$line: <$name> belongs to other files (table in tests/tidy/text_rules.sh)" ;;
        *) echo "$path:$line: <$name> has no owner (table in tests/tidy/text_rules.sh)" ;;
        esac
    done
}

# What proto/ may not call. The rule `symbols` proves the same on the objects; this one names lines.
rule_sans_io()
{
    local words='time|clock|clock_gettime|gettimeofday|nanosleep|usleep|sleep|fopen|fdopen|freopen|open|openat|creat|read|write|pread|pwrite|socket|connect|bind|accept|send|sendto|recv|recvfrom|poll|select|fork|vfork|execve?|system|popen|getenv|setenv|printf|fprintf|vprintf|vfprintf|puts|fputs|fputc|putchar|perror|scanf|getrandom|getentropy|randombytes[a-z_]*|rand|srand|random|arc4random|exit|signal|sigaction|fh_log[a-z_]*|fh_clock[a-z_]*|fh_file[a-z_]*'
    code_lines | grep -E '^proto/' |
        sed -nE "s/^([^:]+:[0-9]+):(.*[^A-Za-z0-9_.>])?(($words|pthread_[a-z_]+|mtx_[a-z]+|thrd_[a-z]+)[[:space:]]*\(.*)/\1: proto\/ is sans-IO: \3/p" |
        sed -E 's/(sans-IO: [a-z0-9_]+).*/\1() is not for it/'
    code_lines | grep -E '^proto/' |
        sed -nE 's/^([^:]+:[0-9]+):.*[^A-Za-z0-9_](stdin|stdout|stderr)[^A-Za-z0-9_].*/\1: proto\/ is sans-IO: no \2/p'
    include_lines | sed -nE 's/^(proto\/[^:]+:[0-9]+):"(common\/(log|file)\.h)"$/\1: proto\/ is sans-IO and includes no \2/p'
}

rule_typedefs()
{
    code_lines | sed -nE 's/^([^:]+:[0-9]+):[[:space:]]*typedef[[:space:]]+(struct|enum|union).*/\1: no typedef of a \2; use its tag/p'
}

# FH_CLEANUP runs at every way out: what is declared without a value must be made (at least named)
# before the first of them, or what lies on the stack is cleaned up.
rule_cleanup()
{
    code_lines | awk '
        function word(text) { return "(^|[^A-Za-z0-9_])" text "([^A-Za-z0-9_]|$)" }
        {
            split($0, place, ":")
            code = substr($0, length(place[1]) + length(place[2]) + 3)
            for (name in unmade) {
                if (code ~ word(name)) {
                    delete unmade[name]
                } else if (code ~ word("(return|continue|break|goto)") || code ~ /^}/) {
                    print place[1] ":" unmade[name] ": " name " is cleaned up by line " place[2] ", and not made before; make it first"
                    delete unmade[name]
                }
            }
            if (code ~ /FH_CLEANUP\([a-z0-9_]+\)[^=]*;/) {
                name = code
                sub(/FH_CLEANUP\([a-z0-9_]+\)/, "", name)
                sub(/[[ ]*;.*/, "", name)
                sub(/.*[ *]/, "", name)
                unmade[name] = place[2]
            }
        }'
}

rule_spdx()
{
    local path
    for path in "${text_files[@]}"; do
        case "$path" in
        *.c | *.h | *.in | *.sh | *.awk | *.py | *.cmake | */CMakeLists.txt | CMakeLists.txt | *.supp | node/*.sql | *.js | .ci/run | tools/setup | tools/test | tools/bench | tools/demo)
            head -n 3 "$path" | grep -q 'SPDX-License-Identifier: Apache-2\.0' ||
                echo "$path:1: no SPDX-License-Identifier line in the first three lines"
            ;;
        esac
    done
}

rule_guards()
{
    local path guard
    for path in "${c_files[@]}"; do
        [[ $path == *.h ]] || continue
        guard=FH_$(tr 'a-z/.-' 'A-Z___' <<<"$path")
        [[ $path != tools/client/freehold.h ]] || guard=FREEHOLD_H # the one that is installed
        grep -qx "#ifndef $guard" "$path" && grep -qx "#define $guard" "$path" ||
            echo "$path:1: the include guard is not $guard"
        ! grep -nE '#[[:space:]]*pragma[[:space:]]+once' "$path" | sed "s|^\([0-9]*\):.*|$path:\1: no pragma once|" | grep . ||
            true
    done
}

# Past 600 lines a file has two nouns; the tables of a test may be longer, and so may what others read as
# one file: the public header, and documents in JSON. From 250 on, `tests/tidy.sh --notes` says so.
rule_length()
{
    local path lines most
    for path in "${text_files[@]}"; do
        case "$path" in
        *.json) continue ;; # documents
        *.c | *.h | *.sh | *.awk | *.py | *.cmake | */CMakeLists.txt | tools/*) ;;
        *) continue ;;
        esac
        lines=$(wc -l <"$path")
        most=600
        [[ $path != tests/unit/* ]] || most=1000
        [[ $path != tools/client/freehold.h ]] || most=800 # the public interface is one header
        if ((lines > most)); then
            echo "$path:$lines: $lines lines; name its two nouns and split it (at most $most)"
        elif ((lines > 250)) && $notes; then
            echo "note: $path: $lines lines" >&2
        fi
    done
}

rule_markers()
{
    ((${#text_files[@]})) || return 0
    # The brackets keep this file from finding itself.
    grep -HnE '\b(TO[D]O|FIX[M]E|XX[X])\b' "${text_files[@]}" |
        sed -E 's/^([^:]+:[0-9]+):.*/\1: an unfinished place; finish it, or make it a DECIDE: with the question/'
    grep -HnE '^(<{7} |={7}$|>{7} )' "${text_files[@]}" |
        sed -E 's/^([^:]+:[0-9]+):.*/\1: a merge conflict was committed/'
}

# Nothing that ties the tree to one machine or one mirror.
rule_words()
{
    ((${#text_files[@]})) || return 0
    grep -HnE '(registry|nodejs)[.]npmjs|deb[.]debian[.]org|security[.]debian|pypi[.]org|pythonhosted[.]|static[.]crates|proxy[.]golang|ghcr[.]io|docker[.]io/' \
        "${text_files[@]}" |
        sed -E 's/^([^:]+:[0-9]+):.*/\1: names a registry host; leave the choice to the user'\''s client/'
    grep -HnE '(^|[^A-Za-z0-9_.$}/-])/(wor[k]|roo[t])/[A-Za-z0-9_.-]' "${text_files[@]}" |
        sed -E 's/^([^:]+:[0-9]+):.*/\1: an absolute path of one machine/'
}

# A source that no CMakeLists.txt names is never built, a test that none registers never run.
rule_orphans()
{
    local path stem folder found
    for path in "${c_files[@]}"; do
        [[ $path == *.c ]] || continue
        stem=$(basename "$path" .c)
        stem=${stem#test_}
        stem=${stem#fuzz_}
        folder=$(dirname "$path")
        found=
        while :; do
            if [[ -f $folder/CMakeLists.txt ]] &&
                grep -v '^[[:space:]]*#' "$folder/CMakeLists.txt" | grep -qE "\b$stem\b"; then
                found=yes
                break
            fi
            [[ $folder != . ]] || break
            folder=$(dirname "$folder")
        done
        [[ -n $found ]] || grep -qsF "/$path" deploy/cmake/*.cmake ||
            echo "$path:1: no CMakeLists.txt at or above it names it"
    done
}
