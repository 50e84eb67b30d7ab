/* SPDX-License-Identifier: Apache-2.0 */
/* The files of web/ as a table, written by embed.cmake when the program is built. For pages.c. */
#ifndef FH_TOOLS_DOOR_PAGES_TABLE_H
#define FH_TOOLS_DOOR_PAGES_TABLE_H

#include "tools/door/pages/pages.h"

extern const struct fh_page_asset fh_pages_table[];
extern const size_t fh_pages_table_count;

#endif
