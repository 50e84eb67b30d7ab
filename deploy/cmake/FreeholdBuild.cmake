# SPDX-License-Identifier: Apache-2.0
# Language level, warnings, hardening and sanitizers, as INTERFACE targets that every own target
# links PRIVATE. Third-party targets are untouched.

if(NOT CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    message(FATAL_ERROR "Freehold needs gcc >= 12 or clang >= 14 (it uses the cleanup attribute); "
        "found ${CMAKE_C_COMPILER_ID}. Set CMAKE_C_COMPILER.")
endif()
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

include(GNUInstallDirs)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
find_program(FH_CCACHE ccache)
if(FH_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER "${FH_CCACHE}")
endif()

add_library(fh_options INTERFACE)
target_compile_features(fh_options INTERFACE c_std_17)
target_compile_definitions(fh_options INTERFACE _GNU_SOURCE $<$<BOOL:${FH_TINY_LIMITS}>:FH_TINY_LIMITS>)
target_include_directories(fh_options INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}")
target_compile_options(fh_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-align -Wcast-qual
    -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wdouble-promotion
    -Wimplicit-fallthrough -Wswitch-enum -Wredundant-decls -Wdate-time
    -Werror=implicit-function-declaration -Werror=incompatible-pointer-types
    -Werror=int-conversion -Werror=return-type
    $<$<BOOL:${FH_WERROR}>:-Werror>
    -fno-omit-frame-pointer -fvisibility=hidden)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(fh_options INTERFACE -Wlogical-op -Wduplicated-cond
        -Wduplicated-branches -Wstringop-overflow=4 -Wjump-misses-init
        # cmocka's assertions do not tell gcc that they end the test, and paths are put together
        # from members of one struct.
        $<$<NOT:$<OR:$<CONFIG:Debug>,$<STREQUAL:$<TARGET_PROPERTY:FOLDER>,tests>>>:-Wnull-dereference>
        $<$<STREQUAL:$<TARGET_PROPERTY:FOLDER>,tests>:-Wno-restrict>)
else()
    target_compile_options(fh_options INTERFACE -Wcomma -Wconditional-uninitialized
        -Wunreachable-code -Wdocumentation -Wno-gnu-statement-expression
        -Wno-documentation-unknown-command -Wno-string-conversion) # FH_ASSERT(!"why") is meant
endif()

if(FH_SANITIZE)
    target_compile_options(fh_options INTERFACE -fsanitize=${FH_SANITIZE}
        -fno-sanitize-recover=all -O1 -g)
    target_link_options(fh_options INTERFACE -fsanitize=${FH_SANITIZE})
    target_sources(fh_options INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${PROJECT_SOURCE_DIR}/tests/sanitizers/defaults.c>)
    if(FH_BUILD_FUZZERS)
        target_compile_options(fh_options INTERFACE -fsanitize=fuzzer-no-link)
        target_link_options(fh_options INTERFACE -fsanitize=fuzzer-no-link)
    endif()
else()
    target_compile_options(fh_options INTERFACE -fstack-protector-strong
        -fstack-clash-protection $<$<C_COMPILER_ID:GNU>:-ftrivial-auto-var-init=zero>
        $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        target_compile_options(fh_options INTERFACE -fcf-protection)
    endif()
    target_link_options(fh_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
add_library(fh::options ALIAS fh_options)
