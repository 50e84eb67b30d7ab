# SPDX-License-Identifier: Apache-2.0
# Third-party libraries as imported targets. Which source file may include which of them is listed
# in tests/tidy.sh; linking them PRIVATE keeps the headers from travelling.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(fh_pkg target module)
    pkg_check_modules(${target} REQUIRED IMPORTED_TARGET ${module})
    add_library(fh::${target} ALIAS PkgConfig::${target})
endfunction()

fh_pkg(uv libuv>=1.44)
fh_pkg(sodium libsodium>=1.0.18)
fh_pkg(crypto libcrypto>=3.0)
fh_pkg(ssl libssl>=3.0)
fh_pkg(msgpack msgpack>=4)
fh_pkg(yaml yaml-0.1)
fh_pkg(sqlite sqlite3>=3.40)
fh_pkg(jansson jansson>=2.14)
fh_pkg(microhttpd libmicrohttpd>=0.9.71)

if(FH_BUILD_WORKER)
    find_package(DuckDB 1.4 REQUIRED)
    fh_pkg(pq libpq>=15)
endif()
if(FH_BUILD_TESTS)
    # The other end of our links, in tests: Debian's NNG ships a CMake package only.
    find_package(nng 1.5 CONFIG REQUIRED)
    add_library(fh::nng ALIAS nng::nng)
    fh_pkg(cmocka cmocka)
endif()
