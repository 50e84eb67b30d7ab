/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/forks.h"

#include <string.h>

/* The signer as text; "" when the node that told us does not know it any more. */
static void key_text(char out[FH_ID_TEXT_BYTES], const struct fh_key_id *key)
{
    static const struct fh_key_id none;
    out[0] = '\0';
    if (memcmp(key, &none, sizeof none) != 0) {
        fh_key_id_text(out, key);
    }
}

void fh_forks_say(struct fh_cli *cli, const struct fh_history *history)
{
    for (size_t i = 0; i < history->fork_count; i++) {
        const struct fh_msg_fork *fork = &history->forks[i];
        fh_cli_say(cli,
                   "warning: %s/%s is forked: its domain signed two contracts with number %llu:",
                   history->products[0].domain_name,
                   history->products[0].product,
                   (unsigned long long)fork->number);
        for (size_t j = 0; j < FH_COUNT(fork->ids); j++) {
            char id[FH_ID_TEXT_BYTES], key[FH_ID_TEXT_BYTES];
            fh_record_id_text(id, &fork->ids[j]);
            key_text(key, &fork->keys[j]);
            fh_cli_say(cli, "    %s by %s", id, key[0] == '\0' ? "a key not known here" : key);
        }
    }
}

void fh_forks_json(struct fh_buf *out, const struct fh_history *history)
{
    fh_buf_add_cstr(out, "[");
    for (size_t i = 0; i < history->fork_count; i++) {
        const struct fh_msg_fork *fork = &history->forks[i];
        fh_buf_printf(out,
                      "%s{\"number\": %llu, \"contracts\": [",
                      i == 0 ? "" : ", ",
                      (unsigned long long)fork->number);
        for (size_t j = 0; j < FH_COUNT(fork->ids); j++) {
            char id[FH_ID_TEXT_BYTES], key[FH_ID_TEXT_BYTES];
            fh_record_id_text(id, &fork->ids[j]);
            key_text(key, &fork->keys[j]);
            fh_buf_printf(out,
                          "%s{\"contract\": \"%s\", \"signing_key\": \"%s\"}",
                          j == 0 ? "" : ", ",
                          id,
                          key);
        }
        fh_buf_add_cstr(out, "]}");
    }
    fh_buf_add_cstr(out, "]");
}
