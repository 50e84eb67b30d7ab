/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Note: the line that tells a person that a product is a draft, deprecated or retired, that its
 * data break promises, that not all of it is shown, or that a rule of a policy is waived.
 *
 *     note: shop/orders@1 is deprecated, ends 2027-03-31; use shop/orders@2
 *     warning: shop/orders@1 is deprecated, its end 2027-03-31 has passed; use shop/orders@2
 *
 *     warning: shop/orders@1: not all promises of its contract held when it was measured 2 h ago
 * (fail)
 *
 *     note: shop/people: masked for you: name, mail; not all rows are there for you
 *
 *     note: shop/people@1: rule mask[0] of policy personal 1.0.0 is waived for you until (...)
 *
 * Does not: decide whether to say it; an active product has no note. Thread: one. Ownership: all is
 * borrowed.
 */
#ifndef FH_TOOLS_CLI_NOTE_H
#define FH_TOOLS_CLI_NOTE_H

#include "tools/cli/cli.h"

/* Says the note on the messages, once for each major version of a product. */
void fh_note_result(struct fh_cli *cli, const struct freehold_result *result);

/* The same of one waiver. */
void fh_note_waived(struct fh_cli *cli, const struct freehold_waived *waived);

/* The same of one product. */
void fh_note_say(struct fh_cli *cli, const struct freehold_notice *notice, int64_t now_ms);

#endif
