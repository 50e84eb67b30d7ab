/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines: time, level, a stable event name, then key=value pairs, on stderr.
 *
 * Only the file in node/ that owns an outcome logs it, once, with the wrapped error. Values from
 * outside go through fh_log_quoted. Never a secret, never a row value.
 *
 * Does not: rotate or buffer. Thread: any (one write per line). Ownership: borrows everything.
 */
#ifndef FH_COMMON_LOG_H
#define FH_COMMON_LOG_H

#include "common/compiler.h"

#include <stddef.h>

enum fh_log_level { FH_LOG_ERROR, FH_LOG_WARN, FH_LOG_INFO, FH_LOG_DEBUG, FH_LOG_COUNT };

/* Lines above the level are dropped; FH_LOG_INFO at start. */
void fh_log_set_level(enum fh_log_level level);
/* "error", "warn", "info", "debug" to a level; -1 for anything else. */
int fh_log_level_from_text(const char *text);

/* One line; `format` gives the key=value pairs. Lines end after 2 KiB. */
void fh_log(enum fh_log_level level, const char *event, const char *format, ...) FH_PRINTF(3, 4);

/* Writes `text` in double quotes with controls, quotes and non-ASCII escaped, cut to fit `size`. */
const char *fh_log_quoted(char *out, size_t size, const char *text);

#endif
