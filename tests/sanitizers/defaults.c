/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options and suppressions of the sanitizers, compiled into every program of a build with
 * FH_SANITIZE: so they hold also for a worker, whose environment is cleared, and for a program that
 * is started by hand. ASAN_OPTIONS and the like in the environment still win.
 *
 * Suppressions name only libraries that are not built with a sanitizer: ThreadSanitizer does not
 * see the atomics inside them and takes their hand-overs for races, and their process-wide state
 * lives until exit. A report of our own code is mended, never suppressed.
 */
const char *__asan_default_options(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void);
const char *__tsan_default_options(void);
const char *__tsan_default_suppressions(void);
const char *__ubsan_default_options(void);

#define SYMBOLIZER "external_symbolizer_path=/usr/lib/llvm-14/bin/llvm-symbolizer:"

const char *__asan_default_options(void)
{
    return SYMBOLIZER "detect_stack_use_after_return=1:strict_string_checks=1:"
                      "check_initialization_order=1:allocator_may_return_null=1";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

const char *__lsan_default_suppressions(void)
{
    return "leak:libduckdb.so\n"
           "leak:libnng.so\n";
}

const char *__tsan_default_options(void)
{
    /* DuckDB holds more locks at a time than the deadlock detector can count. */
    return SYMBOLIZER "detect_deadlocks=0:history_size=4:allocator_may_return_null=1";
}

const char *__tsan_default_suppressions(void)
{
    /* libuv closes what it made by system call, unseen; the next owner of the number, such as a
     * memfd, looks like a racer of the call that made it. */
    return "race:closedir\n"
           "race_top:accept4\n"
           "race_top:pipe2\n"
           "race_top:socket\n"
           "race:libduckdb.so\n"
           "race:libnng.so\n"
           "mutex:libnng.so\n";
}

const char *__ubsan_default_options(void)
{
    return SYMBOLIZER "print_stacktrace=1";
}
