/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status: what the kernel says of the memory of a process, the test's own or one that it watches.
 *
 * Thread: any.
 */
#ifndef FH_TESTS_LIB_STATUS_H
#define FH_TESTS_LIB_STATUS_H

#include <stdint.h>

/* A line of /proc/PID/status in KiB, "VmRSS:" or "VmHWM:"; 0 when the process is gone. */
uint64_t test_status_kib(int pid, const char *key);

#endif
