#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows that each rule of tests/tidy.sh and each lane of tests/lint.sh can fail: in a small clean
# tree it says nothing, with one violation planted it ends with 1 and names the file.
set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/freehold-tidy.XXXXXX")
trap 'rm -rf "$work"' EXIT
compiler=${CC:-cc}
failures=0
checks=0
clean=$work/clean
spdx='/* SPDX-License-Identifier: Apache-2.0 */'

# file PATH: standard input becomes the file below the current folder.
file()
{
    mkdir -p "$(dirname "$1")"
    cat >"$1"
}

# object SOURCE: compiles it to where CMake would put it in build/.
object()
{
    local folder
    folder=build/$(dirname "$1")/CMakeFiles/t.dir
    mkdir -p "$folder"
    "$compiler" -w -I. -c "$1" -o "$folder/$(basename "$1").o"
}

make_clean_tree()
{
    mkdir -p "$clean/build/bin"
    cd "$clean"
    cp "$tests/../.clang-format" "$tests/../.clang-tidy" .
    cp "$tests/spelling.txt" "$(mkdir -p tests && echo tests)/spelling.txt"
    printf '# SPDX-License-Identifier: Apache-2.0\n# pure.c node.c thing.c\n' | file node/CMakeLists.txt
    printf '# SPDX-License-Identifier: Apache-2.0\nadd_library(t pure.c thing.c node.c)\n' | file CMakeLists.txt
    file proto/wire/pure.h <<C
$spdx
#ifndef FH_PROTO_WIRE_PURE_H
#define FH_PROTO_WIRE_PURE_H

#include <stdint.h>

/* A word such as open() or stdout in a comment is prose. */
uint32_t fh_pure(uint32_t value);

#endif
C
    file proto/wire/pure.c <<C
$spdx
#include "proto/wire/pure.h"

#include <string.h>

uint32_t fh_pure(uint32_t value)
{
    const char *text = "time() and fopen() in a text are no calls";
    return value + (uint32_t)strlen(text);
}
C
    file node/io/thing.c <<C
$spdx
#include "proto/wire/pure.h"
C
    printf '#!/usr/bin/env bash\n# SPDX-License-Identifier: Apache-2.0\necho hello\n' | file tools/run.sh
    object proto/wire/pure.c
    object node/io/thing.c
    printf 'int main(void) { return 0; }\n' | file build/main.c
    "$compiler" -o build/bin/freehold-node build/main.c
    printf '[\n{\n  "directory": "%s",\n  "command": "cc -c -I%s -o pure.o %s/proto/wire/pure.c",\n  "file": "%s/proto/wire/pure.c"\n}\n]\n' \
        "$clean" "$clean" "$clean" "$clean" >build/compile_commands.json
}

# run RULE TREE: the command that checks one rule there.
run()
{
    local tree=$2
    case "$1" in
    format | shell | spell) "$tests/lint.sh" "$1" --tree "$tree" ;;
    clang-tidy) "$tests/lint.sh" clang-tidy --tree "$tree" --build "$tree/build" ;;
    *) "$tests/tidy.sh" --tree "$tree" --build "$tree/build" "$1" ;;
    esac
}

# refuses RULE WORD NAME: in a fresh copy, after plant_NAME, RULE must end with 1 and say WORD.
refuses()
{
    local rule=$1 word=$2 name=$3 tree=$work/planted said status=0
    checks=$((checks + 1))
    said=$(run "$rule" "$clean" 2>&1) || status=$?
    if ((status == 77)); then
        echo "skipped: $rule/$name: $said"
        return 0
    elif ((status != 0)); then
        echo "WRONG: $rule refuses the clean tree: $said"
        failures=$((failures + 1))
        return 0
    fi
    rm -rf "$tree"
    cp -a "$clean" "$tree"
    sed -i "s|$clean|$tree|g" "$tree/build/compile_commands.json"
    (cd "$tree" && "plant_$name")
    said=$(run "$rule" "$tree" 2>&1) || status=$?
    if ((status != 1)) || [[ $said != *"$word"* ]]; then
        echo "WRONG: $rule lets $name through (status $status): $said"
        failures=$((failures + 1))
    else
        echo "ok: $rule refuses $name"
    fi
}

append()
{
    cat >>"$1"
}

plant_proto_includes_node() { echo '#include "node/io/loop.h"' | append proto/wire/pure.c; }
plant_wire_includes_identity() { echo '#include "proto/identity/keylog.h"' | append proto/wire/pure.c; }
plant_siblings_in_proto() { echo '#include "proto/gossip/members.h"' | file proto/contract/pure.c; }
plant_node_includes_tools() { echo '#include "tools/client/freehold.h"' | append node/io/thing.c; }
plant_tools_include_node() { echo '#include "node/config.h"' | file tools/cli/thing.c; }
plant_io_includes_state() { echo '#include "node/state/store.h"' | append node/io/thing.c; }
plant_node_includes_worker() { echo '#include "node/worker/engine.h"' | file node/query/thing.c; }
plant_worker_includes_io() { echo '#include "node/io/loop.h"' | file node/worker/thing.c; }
plant_component_sees_root() { echo '#include "node/node.h"' | file node/mesh/thing.c; }
plant_unqualified_include() { echo '#include "pure.h"' | append proto/wire/pure.c; }
plant_unknown_room() { echo '#include "proto/wire/pure.h"' | file attic/thing.c; }
plant_foreign_header() { echo '#include <sodium.h>' | append node/io/thing.c; }
plant_unlisted_header() { echo '#include <curl/curl.h>' | append node/io/thing.c; }
plant_test_header() { echo '#include <cmocka.h>' | append node/io/thing.c; }
plant_clock_header_in_proto() { echo '#include <time.h>' | append proto/wire/pure.c; }
plant_clock_in_proto() { echo 'long fh_now(void) { return time(0); }' | append proto/wire/pure.c; }
plant_stdout_in_proto() { echo 'int fh_say(void) { return fputc(1, stdout); }' | append proto/wire/pure.c; }
plant_log_in_proto() { echo '#include "common/log.h"' | append proto/wire/pure.c; }
plant_typedef() { echo 'typedef struct fh_thing fh_thing;' | append node/io/thing.c; }
plant_made_too_late()
{
    printf '%s\n' 'int fh_t(int value)' '{' '    struct fh_buf text FH_CLEANUP(fh_buf_fini);' '    if (value > 0) {' \
        '        return 0;' '    }' '    fh_buf_init(&text, 8);' '    return 1;' '}' | append node/io/thing.c
}
plant_never_made() { printf '%s\n' 'void fh_t(void)' '{' '    FH_CLEANUP(fh_freep) char *text;' '}' | append node/io/thing.c; }
plant_skipped() { printf '%s\n' '    for (;;) {' '        struct fh_buf text FH_CLEANUP(fh_buf_fini);' '        if (a) {' '            continue;' | append node/io/thing.c; }
plant_no_spdx() { sed -i 1d node/io/thing.c; }
plant_no_spdx_in_script() { sed -i 2d tools/run.sh; }
plant_wrong_guard() { sed -i 's/FH_PROTO_WIRE_PURE_H/FH_PURE_H/' proto/wire/pure.h; }
plant_pragma_once() { echo '#pragma once' | append proto/wire/pure.h; }
plant_long_file() { seq -f '/* line %g */' 601 | append node/io/thing.c; }
plant_marker() { echo '/* TO''DO: later */' | append node/io/thing.c; }
plant_conflict() { printf '<<<<''<<< one\n' | append node/io/thing.c; }
plant_registry() { echo '/* see registry.''npmjs.org */' | append node/io/thing.c; }
plant_machine_path() { echo '# cd /wor''k/tree' | append tools/run.sh; }
plant_orphan() { echo "$spdx" | file node/io/forgotten.c; }
plant_entropy_object()
{
    echo 'int fh_e(char *p) { return getrandom(p, 8, 0); }' | append proto/wire/pure.c
    object proto/wire/pure.c
}
plant_keypair_object()
{
    echo 'int fh_e(char *p) { return crypto_sign_keypair(p, p); }' | append proto/wire/pure.c
    object proto/wire/pure.c
}
plant_unprefixed()
{
    echo 'int helper(void) { return 1; }' | append node/io/thing.c
    object node/io/thing.c
}
plant_unprefixed_export()
{
    echo 'int helper(void) { return 1; }' | file build/e.c
    "$compiler" -shared -fPIC -o build/libfreehold.so.0.1.0 build/e.c
}
plant_linked_to_duckdb()
{
    echo 'int duckdb_open(void) { return 1; }' | file build/d.c
    echo 'int duckdb_open(void); int main(void) { return duckdb_open(); }' | file build/main.c
    "$compiler" -shared -fPIC -Wl,-soname,libduckdb.so -o build/libduckdb.so build/d.c
    "$compiler" -o build/bin/freehold-node build/main.c -Lbuild -lduckdb
}
plant_needy_header() { sed -i '/stdint/d' proto/wire/pure.h; }
plant_unguarded_header() { sed -i '/^#ifndef\|^#define\|^#endif/d' proto/wire/pure.h && echo 'enum fh_one { FH_ONE };' | append proto/wire/pure.h; }
plant_bad_format() { echo 'int  fh_x( void ){return 1;}' | append node/io/thing.c; }
plant_braceless() { sed -i 's/    return value/    if (value)\n        return 1;\n    return value/' proto/wire/pure.c; }
# shellcheck disable=SC2016 # the dollar belongs to the planted script
plant_unquoted_shell() { echo 'rm $1' | append tools/run.sh; }
plant_broken_shell() { echo 'if true; then' | append tools/run.sh; }
plant_typo() { echo '/* recie''ve */' | append node/io/thing.c; }

make_clean_tree
refuses layers proto/wire/pure.c proto_includes_node
refuses layers proto/wire/pure.c wire_includes_identity
refuses layers proto/contract/pure.c siblings_in_proto
refuses layers node/io/thing.c node_includes_tools
refuses layers tools/cli/thing.c tools_include_node
refuses layers node/io/thing.c io_includes_state
refuses layers node/query/thing.c node_includes_worker
refuses layers node/worker/thing.c worker_includes_io
refuses layers node/mesh/thing.c component_sees_root
refuses layers proto/wire/pure.c unqualified_include
refuses layers attic/thing.c unknown_room
refuses owners node/io/thing.c foreign_header
refuses owners node/io/thing.c unlisted_header
refuses owners node/io/thing.c test_header
refuses owners proto/wire/pure.c clock_header_in_proto
refuses sans_io proto/wire/pure.c clock_in_proto
refuses sans_io proto/wire/pure.c stdout_in_proto
refuses sans_io proto/wire/pure.c log_in_proto
refuses typedefs node/io/thing.c typedef
refuses cleanup node/io/thing.c made_too_late
refuses cleanup node/io/thing.c never_made
refuses cleanup node/io/thing.c skipped
refuses spdx node/io/thing.c no_spdx
refuses spdx tools/run.sh no_spdx_in_script
refuses guards proto/wire/pure.h wrong_guard
refuses guards proto/wire/pure.h pragma_once
refuses length node/io/thing.c long_file
refuses markers node/io/thing.c marker
refuses markers node/io/thing.c conflict
refuses words node/io/thing.c registry
refuses words tools/run.sh machine_path
refuses orphans node/io/forgotten.c orphan
refuses symbols getrandom entropy_object
refuses symbols crypto_sign_keypair keypair_object
refuses prefixes helper unprefixed
refuses prefixes helper unprefixed_export
refuses linkage libduckdb linked_to_duckdb
refuses headers proto/wire/pure.h needy_header
refuses headers proto/wire/pure.h unguarded_header
refuses format node/io/thing.c bad_format
refuses clang-tidy braces braceless
refuses shell tools/run.sh unquoted_shell
refuses shell tools/run.sh broken_shell
refuses spell node/io/thing.c typo
echo "self-test: $checks plants, $failures let through"
((failures == 0))
