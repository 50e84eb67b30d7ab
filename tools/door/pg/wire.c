/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/wire.h"

#include "common/assert.h"
#include "common/limits.h"

#include <string.h>

enum {
    LENGTH_BYTES = 4,
    CODE_TLS = 80877103, /* where the version stands: 1234.5679 and its neighbours */
    CODE_GSS = 80877104,
    CODE_CANCEL = 80877102,
    CANCEL_KEY_BYTES = 4, /* of protocol 3.0, and the least */
};

struct letter {
    enum fh_pg_kind kind;
    bool known;
};

static const struct letter letters[256] = {
    ['p'] = {FH_PG_PASSWORD, true},
    ['Q'] = {FH_PG_QUERY, true},
    ['P'] = {FH_PG_PARSE, true},
    ['B'] = {FH_PG_BIND, true},
    ['D'] = {FH_PG_DESCRIBE, true},
    ['E'] = {FH_PG_EXECUTE, true},
    ['C'] = {FH_PG_CLOSE, true},
    ['H'] = {FH_PG_FLUSH, true},
    ['S'] = {FH_PG_SYNC, true},
    ['d'] = {FH_PG_COPY_DATA, true},
    ['c'] = {FH_PG_COPY_DONE, true},
    ['f'] = {FH_PG_COPY_FAIL, true},
    ['F'] = {FH_PG_FUNCTION_CALL, true},
    ['X'] = {FH_PG_TERMINATE, true},
};

/* ---- frames ---- */

static int refuse_length(struct fh_err *err, uint32_t length, size_t most)
{
    return fh_err_rule(err,
                       FH_EPROTO,
                       "pg.length",
                       "a message of %u bytes; here one has %d to %zu",
                       length,
                       LENGTH_BYTES,
                       most);
}

static int frame_startup(struct fh_bytes in, size_t *out_size, struct fh_err *err)
{
    if (in.size < LENGTH_BYTES) {
        return FH_OK;
    }
    uint32_t length = fh_get_u32be(in.data);
    if (length < 2 * LENGTH_BYTES || length > FH_PG_STARTUP_BYTES_MAX) {
        return refuse_length(err, length, FH_PG_STARTUP_BYTES_MAX);
    }
    *out_size = length;
    return FH_OK;
}

int fh_pg_frame(struct fh_bytes in, enum fh_pg_phase phase, size_t *out_size, struct fh_err *err)
{
    *out_size = 0;
    if (phase == FH_PG_PHASE_STARTUP) {
        return frame_startup(in, out_size, err);
    }
    if (in.size == 0) {
        return FH_OK;
    }
    struct letter letter = letters[in.data[0]];
    if (!letter.known) {
        return fh_err_rule(
            err, FH_EPROTO, "pg.letter", "no message begins with 0x%02x", in.data[0]);
    }
    if (phase == FH_PG_PHASE_SIGN_IN && letter.kind != FH_PG_PASSWORD &&
        letter.kind != FH_PG_TERMINATE) {
        return fh_err_rule(err, FH_EPROTO, "pg.letter", "the password comes before anything else");
    }
    if (in.size < 1 + LENGTH_BYTES) {
        return FH_OK;
    }
    uint32_t length = fh_get_u32be(in.data + 1);
    size_t most = phase == FH_PG_PHASE_SIGN_IN ? FH_PG_PASSWORD_BYTES_MAX : FH_PG_MESSAGE_BYTES_MAX;
    if (length < LENGTH_BYTES || length > most) {
        return refuse_length(err, length, most);
    }
    *out_size = 1 + (size_t)length;
    return FH_OK;
}

/* ---- fields ---- */

/* What is left of a message; `bad` sticks. */
struct reader {
    struct fh_bytes left;
    bool bad;
};

static struct fh_bytes take(struct reader *reader, size_t size)
{
    if (reader->bad || reader->left.size < size) {
        reader->bad = true;
        return FH_BYTES_NONE;
    }
    struct fh_bytes taken = fh_bytes(reader->left.data, size);
    reader->left = fh_bytes(reader->left.data + size, reader->left.size - size);
    return taken;
}

static uint32_t take_u32(struct reader *reader)
{
    struct fh_bytes bytes = take(reader, 4);
    return reader->bad ? 0 : fh_get_u32be(bytes.data);
}

static unsigned take_u16(struct reader *reader)
{
    struct fh_bytes bytes = take(reader, 2);
    return reader->bad ? 0 : (unsigned)bytes.data[0] << 8 | bytes.data[1];
}

static struct fh_bytes take_text(struct reader *reader)
{
    const uint8_t *end = reader->bad || reader->left.size == 0
                             ? NULL
                             : memchr(reader->left.data, 0, reader->left.size);
    if (end == NULL) {
        reader->bad = true;
        return FH_BYTES_NONE;
    }
    struct fh_bytes text = take(reader, (size_t)(end - reader->left.data));
    (void)take(reader, 1);
    return text;
}

/* A count of two bytes and so many entries of `width` bytes. */
static struct fh_pg_list take_list(struct reader *reader, size_t width)
{
    struct fh_pg_list list = {.count = take_u16(reader)};
    list.bytes = take(reader, list.count * width);
    return list;
}

/* A count and so many values, each with its length, or -1 for NULL. */
static struct fh_pg_list take_values(struct reader *reader)
{
    struct fh_pg_list list = {.count = take_u16(reader)};
    const uint8_t *from = reader->left.data;
    size_t before = reader->left.size;
    for (unsigned i = 0; i < list.count && !reader->bad; i++) {
        uint32_t size = take_u32(reader);
        if (size != UINT32_MAX) {
            (void)take(reader, size); /* a negative length is longer than any message */
        }
    }
    list.bytes = reader->bad ? FH_BYTES_NONE : fh_bytes(from, before - reader->left.size);
    return list;
}

/* ---- messages ---- */

static void read_parse(struct fh_pg_message *out, struct reader *reader)
{
    out->parse.statement = take_text(reader);
    out->parse.sql = take_text(reader);
    out->parse.types = take_list(reader, 4);
}

static void read_bind(struct fh_pg_message *out, struct reader *reader)
{
    out->bind.portal = take_text(reader);
    out->bind.statement = take_text(reader);
    out->bind.formats = take_list(reader, 2);
    out->bind.values = take_values(reader);
    out->bind.results = take_list(reader, 2);
    unsigned formats = out->bind.formats.count;
    if (formats > 1 && formats != out->bind.values.count) {
        reader->bad = true;
    }
}

static void read_target(struct fh_pg_message *out, struct reader *reader)
{
    struct fh_bytes kind = take(reader, 1);
    if (reader->bad || (kind.data[0] != 'S' && kind.data[0] != 'P')) {
        reader->bad = true;
        return;
    }
    out->target.portal = kind.data[0] == 'P';
    out->target.name = take_text(reader);
}

static void read_lettered(struct fh_pg_message *out, struct reader *reader)
{
    switch (out->kind) {
    case FH_PG_PASSWORD:
        out->password = take(reader, reader->left.size);
        break;
    case FH_PG_QUERY:
        out->query = take_text(reader);
        break;
    case FH_PG_PARSE:
        read_parse(out, reader);
        break;
    case FH_PG_BIND:
        read_bind(out, reader);
        break;
    case FH_PG_DESCRIBE:
    case FH_PG_CLOSE:
        read_target(out, reader);
        break;
    case FH_PG_EXECUTE:
        out->execute.portal = take_text(reader);
        out->execute.rows_max = take_u32(reader);
        break;
    case FH_PG_COPY_DATA:
    case FH_PG_COPY_FAIL:
    case FH_PG_FUNCTION_CALL:
        (void)take(reader, reader->left.size); /* nobody reads it */
        break;
    case FH_PG_FLUSH:
    case FH_PG_SYNC:
    case FH_PG_COPY_DONE:
    case FH_PG_TERMINATE:
        break; /* nothing may follow */
    case FH_PG_STARTUP:
    case FH_PG_TLS:
    case FH_PG_GSS:
    case FH_PG_CANCEL:
    case FH_PG_KIND_COUNT:
        reader->bad = true;
        break;
    }
}

/* Pairs of texts up to an empty name, and nothing behind it. */
static void check_options(struct reader *reader)
{
    while (!reader->bad && take_text(reader).size > 0) {
        (void)take_text(reader);
    }
}

static void read_startup(struct fh_pg_message *out, struct reader *reader)
{
    uint32_t code = take_u32(reader);
    switch (code) {
    case CODE_TLS:
        out->kind = FH_PG_TLS;
        break;
    case CODE_GSS:
        out->kind = FH_PG_GSS;
        break;
    case CODE_CANCEL:
        out->kind = FH_PG_CANCEL;
        out->cancel.process = take_u32(reader);
        out->cancel.secret = take(reader, reader->left.size);
        if (out->cancel.secret.size < CANCEL_KEY_BYTES ||
            out->cancel.secret.size > FH_PG_CANCEL_KEY_BYTES_MAX) {
            reader->bad = true;
        }
        break;
    default:
        out->kind = FH_PG_STARTUP;
        out->startup.major = code >> 16;
        out->startup.minor = code & 0xffff;
        out->startup.options = FH_BYTES_NONE;
        if (out->startup.major == FH_PG_PROTOCOL_MAJOR) {
            out->startup.options = reader->left;
            check_options(reader);
        } else {
            (void)take(reader, reader->left.size); /* its form is not known */
        }
        break;
    }
}

int fh_pg_read(struct fh_pg_message *out,
               struct fh_bytes frame,
               enum fh_pg_phase phase,
               struct fh_err *err)
{
    bool startup = phase == FH_PG_PHASE_STARTUP;
    size_t head = startup ? LENGTH_BYTES : 1 + LENGTH_BYTES;
    FH_ASSERT(frame.size >= head);
    struct reader reader = {.left = fh_bytes(frame.data + head, frame.size - head)};
    struct fh_pg_message message = {.kind = FH_PG_STARTUP};
    if (startup) {
        read_startup(&message, &reader);
    } else {
        message.kind = letters[frame.data[0]].kind;
        read_lettered(&message, &reader);
    }
    if (reader.bad || reader.left.size > 0) {
        return startup
                   ? fh_err_rule(err, FH_EPROTO, "pg.startup", "the start-up packet is malformed")
                   : fh_err_rule(err,
                                 FH_EPROTO,
                                 "pg.message",
                                 "the message '%c' is malformed: %s",
                                 frame.data[0],
                                 reader.bad ? "a part of it is missing" : "more follows");
    }
    *out = message;
    return FH_OK;
}

/* ---- lists ---- */

bool fh_pg_option_next(struct fh_bytes *options,
                       struct fh_bytes *out_name,
                       struct fh_bytes *out_value)
{
    struct reader reader = {.left = *options};
    struct fh_bytes name = take_text(&reader);
    if (reader.bad || name.size == 0) {
        return false;
    }
    struct fh_bytes value = take_text(&reader);
    if (reader.bad) {
        return false;
    }
    *out_name = name;
    *out_value = value;
    *options = reader.left;
    return true;
}

uint32_t fh_pg_type_at(const struct fh_pg_list *types, unsigned index)
{
    return index < types->count ? fh_get_u32be(types->bytes.data + 4 * (size_t)index) : 0;
}

unsigned fh_pg_format_at(const struct fh_pg_list *formats, unsigned index)
{
    if (formats->count == 1) {
        index = 0;
    }
    if (index >= formats->count) {
        return 0;
    }
    const uint8_t *at = formats->bytes.data + 2 * (size_t)index;
    return (unsigned)at[0] << 8 | at[1];
}

bool fh_pg_value_next(struct fh_pg_list *values, struct fh_bytes *out_value, bool *out_null)
{
    if (values->count == 0) {
        return false;
    }
    struct reader reader = {.left = values->bytes};
    uint32_t size = take_u32(&reader);
    *out_null = size == UINT32_MAX;
    *out_value = *out_null ? FH_BYTES_NONE : take(&reader, size);
    FH_ASSERT(!reader.bad); /* fh_pg_read has been over it */
    values->count--;
    values->bytes = reader.left;
    return true;
}
