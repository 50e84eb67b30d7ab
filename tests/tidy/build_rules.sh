# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# Rules that look at what a build made ($build, a binary folder). Same shape as text_rules.sh.

# "source type symbol" of every object below the given top folder whose source is in the tree.
own_symbols()
{
    local top=$1
    [[ -d $build/$top ]] || return 0
    find "$build/$top" -path '*/CMakeFiles/*.dir/*.c.o' -print0 | sort -z | xargs -0 -r nm -P -A |
        # "build/folder/CMakeFiles/target.dir/rest.c.o: symbol type ..." -> "folder/rest.c type symbol"
        sed -nE "s|^$build/([^ ]*)CMakeFiles/[^/]+\\.dir/([^ ]*)\\.o: ([^ ]+) (.).*|\\1\\2 \\4 \\3|p" |
        while read -r path rest; do
            if [[ $path != "${last:-}" ]]; then
                last=$path
                there=
                [[ ! -f $path ]] || there=yes
            fi
            [[ -z $there ]] || echo "$path $rest"
        done
}

# Undefined symbols of proto/ that no proto object defines must be pure: memory, text, numbers, or
# the third-party codecs. What the compiler and the sanitizers add is let through.
rule_symbols()
{
    local pure='fh_[a-z0-9_]+|mem[a-z]+|bcmp|str[a-z0-9_]+|stp[a-z]+|v?snprintf|__(v?snprintf|mem[a-z]+|str[a-z]+|stp[a-z]+)_chk|(__isoc[0-9]+_)?(strto[a-z]+|sscanf)|malloc|calloc|realloc|reallocarray|free|qsort|bsearch|abs|labs|[hn]to[hn][sl]|is[a-z]+|to(lower|upper)|__ctype_[a-z_]+|abort|__stack_chk_fail|__errno_location|gmtime_r|timegm|(floor|ceil|round|trunc|fmod|ldexp|frexp|modf|log|log2|exp|pow|sqrt|fabs|nan)f?l?|__(is|fp)[a-z]+f?l?|__signbit[a-z]*|crypto_[a-z0-9_]+|sodium_[a-z0-9_]+|EVP_[A-Za-z0-9_]+|HMAC|PKCS5_PBKDF2_HMAC|OPENSSL_init_crypto|__cpu_(model|indicator_init)|msgpack_[a-z0-9_]+|yaml_[a-z0-9_]+|ZSTD_[A-Za-z0-9_]+|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|tsan|sanitizer|sancov|odr_asan|start___sancov|stop___sancov|gcov|llvm)[A-Za-z0-9_]*|__[a-z]+[dst]i[0-9]'
    local impure='fh_(log|file|clock)[a-z0-9_]*|yaml_parser_set_input_file|crypto_(box|sign|kx|secretbox|aead[a-z0-9_]*|auth|generichash|shorthash|stream[a-z0-9_]*|kdf)_(keypair|keygen)'
    local path defined symbols
    symbols=$(own_symbols proto | awk '
        $2 == "U" || $2 == "w" { print "use", $3, $1 }
        $2 ~ /^[A-TV-Z]$/ { print "def", $3, $1 }')
    defined=$(awk '$1 == "def" { print $2 }' <<<"$symbols" | sort -u)
    awk '$1 == "use" { print $2, $3 }' <<<"$symbols" |
        awk 'NR == FNR { have[$1] = 1; next } !($1 in have)' <(echo "$defined") - |
        while read -r symbol path; do
            if [[ ! $symbol =~ ^($pure)$ || $symbol =~ ^($impure)$ ]]; then
                echo "$path:1: proto/ is sans-IO; its object needs $symbol"
            fi
        done
}

# Every function and object that other files can see carries our prefix, but for the functions of the C
# library that one file puts its own before.
rule_prefixes()
{
    local top path
    for top in common proto node tools; do
        own_symbols "$top" | awk '
            $1 == "node/worker/files.c" && $3 ~ /^(access|close|lseek(64)?|open(64)?|read|l?stat(64)?|__l?xstat(64)?)$/ { next }
            $2 ~ /^[A-TV-Z]$/ && $3 !~ /^(fh_|freehold_|main$|__odr_asan|__start_|__stop_)/ {
                print $1 ":1: the public name " $3 " has no fh_ or freehold_ prefix"
            }'
    done
    find "$build" -name 'libfreehold.so*' -type f | while read -r path; do
        nm -D --defined-only "$path" | awk '
            $3 !~ /^(fh_|freehold_)/ { print "libfreehold:1: exports " $3 " without a prefix" }'
    done
}

# The daemon stays small: the database engine lives in the worker's process alone.
rule_linkage()
{
    local program
    for program in freehold-node freehold; do
        [[ -x $build/bin/$program ]] || continue
        ldd "$build/bin/$program" |
            awk -v p="$program" '/duckdb|libpq/ { print p ":1: is linked to " $1 ", which only freehold-worker may be" }'
    done
}

# Each header compiles alone, twice (guard), without a warning.
rule_headers()
{
    local duckdb='' flags headers=() path
    for path in "${c_files[@]}"; do
        [[ $path != *.h ]] || headers+=("$path")
    done
    ((${#headers[@]})) || return 0
    [[ ! -f $build/CMakeCache.txt ]] ||
        duckdb=$(sed -n 's/^DuckDB_INCLUDE_DIR:PATH=//p' "$build/CMakeCache.txt")
    flags="-std=c17 -D_GNU_SOURCE -Wall -Wextra -Wstrict-prototypes -Werror -I. -I$build ${duckdb:+-isystem $duckdb} $(pkg-config --cflags msgpack libuv libsodium libcrypto jansson sqlite3 yaml-0.1 cmocka 2>/dev/null || true)"
    # shellcheck disable=SC2016 # $1 is for the inner shell
    printf '%s\n' "${headers[@]}" | FLAGS=$flags CC=${CC:-cc} xargs -P "$(nproc)" -n 1 sh -c '
        said=$($CC $FLAGS -x c -fsyntax-only - 2>&1 <<C
#include "$1"
#include "$1"
C
        ) || echo "$1:1: does not compile alone: $(echo "$said" | grep -m1 error)"' header
}
