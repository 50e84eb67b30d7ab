/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/session/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

int read_message(struct fh_bytes bytes, unsigned code, read_fn *read)
{
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    unsigned found = 0;
    int rc = code == 0 ? fh_msg_answer(&reader, bytes, FH_FRAME_REPLY_BYTES_MAX, &err)
                       : fh_msg_open(&reader, bytes, FH_FRAME_REPLY_BYTES_MAX, &found, &err);
    if (rc == FH_OK && found != code) {
        rc = FH_EPROTO;
    }
    return rc == FH_OK ? read(&reader, &err) : rc;
}

void assert_whole_and_cut(const struct message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct message *message = &messages[i];
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&out, 4096);
        message->write(&out);
        assert_int_equal(fh_buf_ok(&out), FH_OK);
        if (read_message(fh_buf_view(&out), message->code, message->read) != FH_OK) {
            fail_msg("%s is not read as it was written", message->name);
        }
        for (size_t size = 0; size < out.size; size++) {
            if (read_message(fh_bytes(out.data, size), message->code, message->read) == FH_OK) {
                fail_msg("%s: %zu of its bytes are enough", message->name, size);
            }
        }
    }
}
