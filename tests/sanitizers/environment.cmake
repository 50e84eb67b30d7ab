# SPDX-License-Identifier: Apache-2.0
# Read by ctest itself before it runs a test: options of the sanitizers for every test, so that
# none has to set them. An option that the caller has set already stands first and wins least.
set(folder "${CMAKE_CURRENT_LIST_DIR}")
set(common "external_symbolizer_path=/usr/lib/llvm-14/bin/llvm-symbolizer")
if(NOT EXISTS "/usr/lib/llvm-14/bin/llvm-symbolizer")
    set(common "symbolize=1")
endif()
set(ENV{ASAN_OPTIONS} "${common}:detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1:detect_leaks=1:allocator_may_return_null=1:$ENV{ASAN_OPTIONS}")
set(ENV{LSAN_OPTIONS} "suppressions=${folder}/lsan.supp:print_suppressions=0:$ENV{LSAN_OPTIONS}")
set(ENV{UBSAN_OPTIONS} "${common}:print_stacktrace=1:$ENV{UBSAN_OPTIONS}")
set(ENV{TSAN_OPTIONS} "${common}:suppressions=${folder}/tsan.supp:second_deadlock_stack=1:history_size=4:allocator_may_return_null=1:$ENV{TSAN_OPTIONS}")
