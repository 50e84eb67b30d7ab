/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sanitized: whether a test is built with a sanitizer, which keeps memory that was freed, needs
 * more of it, and takes its time. The programs that it starts are built as it is.
 */
#ifndef FH_TESTS_LIB_SANITIZED_H
#define FH_TESTS_LIB_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

#endif
