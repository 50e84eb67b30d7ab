/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/pattern.h"

#include <ctype.h>
#include <string.h>

/* ---- ECMA-262 to RE2 ---- */

#define SPACES "\\s\\x{0b}\\x{a0}\\x{feff}\\x{2028}\\x{2029}\\p{Zs}"

static int lacks(struct fh_err *err, const char *what)
{
    return fh_err_rule(
        err, FH_EINVAL, "pattern.engine", "the pattern needs %s, which the engine has not", what);
}

static bool hex_digits(const char *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isxdigit((unsigned char)at[i])) {
            return false;
        }
    }
    return true;
}

/* \uXXXX, \u{X...}, \xXX, \cX; gives what was read behind the backslash, 0 when it is none. */
static size_t put_code_point(struct fh_buf *out, const char *at)
{
    if (at[0] == 'u' && at[1] == '{') {
        size_t size = strspn(at + 2, "0123456789abcdefABCDEF");
        if (size == 0 || at[2 + size] != '}') {
            return 0;
        }
        fh_buf_printf(out, "\\x{%.*s}", (int)size, at + 2);
        return size + 3;
    }
    if (at[0] == 'u' && hex_digits(at + 1, 4)) {
        fh_buf_printf(out, "\\x{%.4s}", at + 1);
        return 5;
    }
    if (at[0] == 'x' && hex_digits(at + 1, 2)) {
        fh_buf_printf(out, "\\x{%.2s}", at + 1);
        return 3;
    }
    if (at[0] == 'c' && isalpha((unsigned char)at[1])) {
        fh_buf_printf(out, "\\x{%02x}", (unsigned)at[1] % 32U);
        return 2;
    }
    return 0;
}

/* The escape at `at` (behind its backslash); `out_size` is what it takes. */
static int
put_escape(struct fh_buf *out, const char *at, bool in_class, size_t *out_size, struct fh_err *err)
{
    *out_size = put_code_point(out, at);
    if (*out_size > 0) {
        return FH_OK;
    }
    *out_size = 1;
    if (!in_class && ((*at >= '1' && *at <= '9') || (*at == 'k' && at[1] == '<'))) {
        return lacks(err, "a reference to an earlier group");
    }
    if (*at == '\0') {
        return fh_err_rule(err, FH_EINVAL, "pattern.engine", "the pattern ends in a backslash");
    }
    if (*at == 's') {
        fh_buf_add_cstr(out, in_class ? SPACES : "[" SPACES "]");
    } else if (*at == 'S' && !in_class) {
        fh_buf_add_cstr(out, "[^" SPACES "]");
    } else if (*at == 'b' && in_class) {
        fh_buf_add_cstr(out, "\\x{08}");
    } else if (*at == '0') {
        fh_buf_add_cstr(out, "\\x{00}");
    } else if (strchr("dDwWSbBtnrvfpP", *at) != NULL) {
        fh_buf_printf(out, "\\%c", *at);
    } else if (isalnum((unsigned char)*at)) {
        fh_buf_add_u8(out, (uint8_t)*at); /* an identity escape, as in \q */
    } else if ((unsigned char)*at >= 0x80) {
        *out_size = 0; /* RE2 wants the character bare; it follows */
    } else {
        fh_buf_printf(out, "\\%c", *at);
    }
    return FH_OK;
}

/* "(?" at `at`; gives what it takes. */
static int put_group(struct fh_buf *out, const char *at, size_t *out_size, struct fh_err *err)
{
    if (at[2] == '=' || at[2] == '!' || (at[2] == '<' && (at[3] == '=' || at[3] == '!'))) {
        return lacks(err, at[2] == '<' ? "a look-behind" : "a look-ahead");
    }
    if (at[2] == '<') {
        fh_buf_add_cstr(out, "(?P<");
        *out_size = 3;
    } else {
        fh_buf_add_cstr(out, "(?");
        *out_size = 2;
    }
    return FH_OK;
}

/* What stands alone; gives what it takes. */
static size_t put_plain(struct fh_buf *out, const char *at, bool *in_class)
{
    if (*in_class) {
        *in_class = *at != ']';
        if (*at == '[') {
            fh_buf_add_u8(out, '\\'); /* or RE2 looks for [:alpha:] */
        }
        fh_buf_add_u8(out, (uint8_t)*at);
        return 1;
    }
    if (strncmp(at, "[^]", 3) == 0) {
        fh_buf_add_cstr(out, "[\\x{00}-\\x{10ffff}]");
        return 3;
    }
    if (strncmp(at, "[]", 2) == 0) {
        fh_buf_add_cstr(out, "[^\\x{00}-\\x{10ffff}]");
        return 2;
    }
    if (*at == '.') {
        fh_buf_add_cstr(out, "[^\\n\\r\\x{2028}\\x{2029}]");
        return 1;
    }
    *in_class = *at == '[';
    fh_buf_add_u8(out, (uint8_t)*at);
    if (*in_class && at[1] == '^') {
        fh_buf_add_u8(out, '^');
        return 2;
    }
    return 1;
}

int fh_pattern_re2(struct fh_buf *out, const char *ecma, struct fh_err *err)
{
    bool in_class = false;
    for (const char *at = ecma; *at != '\0';) {
        size_t size = 0;
        int code = FH_OK;
        if (*at == '\\') {
            code = put_escape(out, at + 1, in_class, &size, err);
            size++;
        } else if (!in_class && at[0] == '(' && at[1] == '?') {
            code = put_group(out, at, &size, err);
        } else {
            size = put_plain(out, at, &in_class);
        }
        if (code != FH_OK) {
            return code;
        }
        at += size;
    }
    int code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "the pattern is too long");
}

/* ---- formats of strings ---- */

#define OCTET  "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define IPV4   OCTET "(?:\\." OCTET "){3}"
#define H16    "[0-9A-Fa-f]{1,4}"
#define LS32   "(?:" H16 ":" H16 "|" IPV4 ")"
#define LABEL  "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define ATOM   "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
#define BASE64 "[A-Za-z0-9+/]"

const char *fh_pattern_format(const char *format)
{
    static const struct {
        const char *name;
        const char *shape;
    } formats[] = {
        {"email", ATOM "(?:\\." ATOM ")*@" LABEL "(?:\\." LABEL ")*"},
        {"uuid", "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"},
        {"uri",
         "[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\\[\\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"},
        {"hostname", LABEL "(?:\\." LABEL ")*\\.?"},
        {"ipv4", IPV4},
        {"ipv6",
         "(?:(?:" H16 ":){6}" LS32 "|::(?:" H16 ":){5}" LS32 "|(?:" H16 ")?::(?:" H16 ":){4}" LS32
         "|(?:(?:" H16 ":){0,1}" H16 ")?::(?:" H16 ":){3}" LS32 "|(?:(?:" H16 ":){0,2}" H16
         ")?::(?:" H16 ":){2}" LS32 "|(?:(?:" H16 ":){0,3}" H16 ")?::" H16 ":" LS32 "|(?:(?:" H16
         ":){0,4}" H16 ")?::" LS32 "|(?:(?:" H16 ":){0,5}" H16 ")?::" H16 "|(?:(?:" H16
         ":){0,6}" H16 ")?::)"},
        {"byte", "(?:" BASE64 "{4})*(?:" BASE64 "{2}==|" BASE64 "{3}=)?"},
    };
    for (size_t i = 0; i < FH_COUNT(formats); i++) {
        if (strcmp(formats[i].name, format) == 0) {
            return formats[i].shape;
        }
    }
    return NULL;
}

/* ---- JDK patterns of dates ---- */

/* One field: a letter, so often; what it looks like; what strptime calls it, NULL for nothing. */
static const struct field {
    char letter;
    unsigned least;
    unsigned most;
    const char *shape;
    const char *strptime;
} fields[] = {
    {'y', 4, 4, "[0-9]{4}", "%Y"},
    {'u', 4, 4, "[0-9]{4}", "%Y"},
    {'y', 2, 2, "[0-9]{2}", "%y"},
    {'u', 2, 2, "[0-9]{2}", "%y"},
    {'M', 2, 2, "[0-9]{2}", "%m"},
    {'M', 1, 1, "[0-9]{1,2}", "%m"},
    {'M', 3, 3, "[A-Z][a-z]{2}", "%b"},
    {'M', 4, 4, "[A-Z][a-z]{2,8}", "%B"},
    {'L', 2, 2, "[0-9]{2}", "%m"},
    {'d', 2, 2, "[0-9]{2}", "%d"},
    {'d', 1, 1, "[0-9]{1,2}", "%d"},
    {'D', 3, 3, "[0-9]{3}", "%j"},
    {'E', 1, 3, "[A-Z][a-z]{2}", "%a"},
    {'E', 4, 4, "[A-Z][a-z]{5,8}", "%A"},
    {'H', 2, 2, "[0-9]{2}", "%H"},
    {'H', 1, 1, "[0-9]{1,2}", "%H"},
    {'h', 2, 2, "[0-9]{2}", "%I"},
    {'h', 1, 1, "[0-9]{1,2}", "%I"},
    {'m', 2, 2, "[0-9]{2}", "%M"},
    {'m', 1, 1, "[0-9]{1,2}", "%M"},
    {'s', 2, 2, "[0-9]{2}", "%S"},
    {'s', 1, 1, "[0-9]{1,2}", "%S"},
    {'S', 3, 3, "[0-9]{3}", "%g"},
    {'S', 6, 6, "[0-9]{6}", "%f"},
    {'S', 9, 9, "[0-9]{9}", "%n"},
    {'S', 1, 8, "[0-9]{%u}", NULL},
    {'a', 1, 1, "(?:AM|PM)", "%p"},
    {'X', 1, 1, "(?:Z|[+-][0-9]{2}(?:[0-9]{2})?)", NULL},
    {'X', 2, 2, "(?:Z|[+-][0-9]{4})", NULL},
    {'X', 3, 3, "(?:Z|[+-][0-9]{2}:[0-9]{2})", NULL},
    {'x', 1, 1, "[+-][0-9]{2}(?:[0-9]{2})?", "%z"},
    {'x', 2, 2, "[+-][0-9]{4}", "%z"},
    {'x', 3, 3, "[+-][0-9]{2}:[0-9]{2}", "%z"},
    {'Z', 1, 3, "[+-][0-9]{4}", "%z"},
};

struct date_forms {
    struct fh_buf *shape;
    struct fh_buf *strptime;
    bool no_strptime;
};

static void put_literal(struct date_forms *forms, char c)
{
    if (strchr("\\.+*?()|[]{}^$", c) != NULL) {
        fh_buf_add_u8(forms->shape, '\\');
    }
    fh_buf_add_u8(forms->shape, (uint8_t)c);
    fh_buf_add_cstr(forms->strptime, c == '%' ? "%" : "");
    fh_buf_add_u8(forms->strptime, (uint8_t)c);
}

static bool put_field(struct date_forms *forms, char letter, unsigned count)
{
    for (size_t i = 0; i < FH_COUNT(fields); i++) {
        const struct field *field = &fields[i];
        if (field->letter != letter || count < field->least || count > field->most) {
            continue;
        }
        if (strchr(field->shape, '%') != NULL) {
            fh_buf_printf(forms->shape, "[0-9]{%u}", count);
        } else {
            fh_buf_add_cstr(forms->shape, field->shape);
        }
        forms->no_strptime = forms->no_strptime || field->strptime == NULL;
        fh_buf_add_cstr(forms->strptime, field->strptime == NULL ? "" : field->strptime);
        return true;
    }
    return false;
}

/* Text between quotes; two quotes are one. Gives what it takes. */
static size_t put_quoted(struct date_forms *forms, const char *at)
{
    if (at[1] == '\'') {
        put_literal(forms, '\'');
        return 2;
    }
    size_t i = 1;
    for (; at[i] != '\0'; i++) {
        if (at[i] == '\'') {
            if (at[i + 1] != '\'') {
                return i + 1;
            }
            i++;
        }
        put_literal(forms, at[i]);
    }
    return i;
}

int fh_pattern_date(struct fh_buf *out_shape,
                    struct fh_buf *out_strptime,
                    const char *jdk,
                    struct fh_err *err)
{
    struct date_forms forms = {.shape = out_shape, .strptime = out_strptime};
    for (const char *at = jdk; *at != '\0';) {
        if (*at == '\'') {
            at += put_quoted(&forms, at);
            continue;
        }
        if (!isalpha((unsigned char)*at)) {
            bool optional = *at == '[' || *at == ']';
            if (optional) {
                fh_buf_add_cstr(out_shape, *at == '[' ? "(?:" : ")?");
                forms.no_strptime = true;
            } else {
                put_literal(&forms, *at);
            }
            at++;
            continue;
        }
        unsigned count = 1;
        while (at[count] == *at) {
            count++;
        }
        if (!put_field(&forms, *at, count)) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "pattern.date",
                               "the date pattern has \"%.*s\", which is not known here",
                               (int)count,
                               at);
        }
        at += count;
    }
    if (forms.no_strptime) {
        fh_buf_reset(out_strptime);
    }
    int code = fh_buf_ok(out_shape) != FH_OK ? fh_buf_ok(out_shape) : fh_buf_ok(out_strptime);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "the date pattern is too long");
}
