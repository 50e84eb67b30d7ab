/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc says of memory, for tests that measure.
 *
 * Thread: any. Ownership: nothing is kept.
 */
#ifndef FH_TESTS_E2E_PROC_H
#define FH_TESTS_E2E_PROC_H

#include <stdint.h>
#include <sys/types.h>

/* The number behind `key` in a file of lines; 0 when it is not there. */
int64_t fh_proc_number(const char *path, const char *key);
/* Memory of a process, shared pages shared out; and of all its children. */
int64_t fh_proc_pss_kib(pid_t pid);
int64_t fh_proc_children_kib(pid_t parent);

#endif
