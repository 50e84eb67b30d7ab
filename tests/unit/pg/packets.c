/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/pg/packets.h"

#include <string.h>

enum { BODY_BYTES_MAX = 4096 };

static void put_u16(struct fh_buf *out, unsigned value)
{
    fh_buf_add_u8(out, (uint8_t)(value >> 8));
    fh_buf_add_u8(out, (uint8_t)value);
}

static void put_u32(struct fh_buf *out, uint32_t value)
{
    put_u16(out, value >> 16);
    put_u16(out, value & 0xffff);
}

static void put_text(struct fh_buf *out, const char *text)
{
    fh_buf_add(out, text, strlen(text) + 1);
}

void packet(struct fh_buf *out, char letter, struct fh_bytes body)
{
    if (letter != 0) {
        fh_buf_add_u8(out, (uint8_t)letter);
    }
    put_u32(out, (uint32_t)body.size + 4);
    fh_buf_add_bytes(out, body);
}

void packet_startup(struct fh_buf *out, unsigned minor, const char *const *pairs)
{
    struct fh_buf body FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&body, BODY_BYTES_MAX);
    put_u32(&body, (uint32_t)3 << 16 | minor);
    for (size_t i = 0; pairs[i] != NULL; i++) {
        put_text(&body, pairs[i]);
    }
    fh_buf_add_u8(&body, 0);
    packet(out, 0, fh_buf_view(&body));
}

void packet_query(struct fh_buf *out, const char *sql)
{
    packet(out, 'Q', fh_bytes(sql, strlen(sql) + 1));
}

void packet_parse(struct fh_buf *out, const char *name, const char *sql, uint32_t type)
{
    struct fh_buf body FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&body, BODY_BYTES_MAX);
    put_text(&body, name);
    put_text(&body, sql);
    put_u16(&body, type == 0 ? 0 : 1);
    if (type != 0) {
        put_u32(&body, type);
    }
    packet(out, 'P', fh_buf_view(&body));
}

void packet_bind(struct fh_buf *out,
                 const char *portal,
                 const char *statement,
                 const char *value,
                 unsigned format)
{
    struct fh_buf body FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&body, BODY_BYTES_MAX);
    put_text(&body, portal);
    put_text(&body, statement);
    put_u16(&body, 0);
    put_u16(&body, value == NULL ? 0 : 1);
    if (value != NULL) {
        put_u32(&body, (uint32_t)strlen(value));
        fh_buf_add_cstr(&body, value);
    }
    put_u16(&body, 1);
    put_u16(&body, format);
    packet(out, 'B', fh_buf_view(&body));
}

void packet_target(struct fh_buf *out, char letter, char kind, const char *name)
{
    struct fh_buf body FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&body, BODY_BYTES_MAX);
    fh_buf_add_u8(&body, (uint8_t)kind);
    put_text(&body, name);
    packet(out, letter, fh_buf_view(&body));
}

void packet_execute(struct fh_buf *out, const char *portal, uint32_t rows_max)
{
    struct fh_buf body FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&body, BODY_BYTES_MAX);
    put_text(&body, portal);
    put_u32(&body, rows_max);
    packet(out, 'E', fh_buf_view(&body));
}
