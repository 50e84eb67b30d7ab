/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the head of a request says, and what is refused at sight of it. libmicrohttpd is lenient
 * where readers differ about where a request ends; whatever could be read in two ways is refused
 * here before anything of a body is, and the connection is closed.
 */
#include "tools/door/http/server.h"

#include <string.h>
#include <strings.h>

enum { FIELDS_MAX = 100 };

/* Fields that may come once only, and what is needed of them. */
struct fields {
    struct fh_http_exchange *exchange;
    unsigned count;
    size_t bytes;
    bool malformed; /* a name that is none, or a value with controls */
    bool twice;
    const char *host;
    const char *length;
    const char *transfer;
    const char *type;
    const char *authorization;
    struct fh_buf accept;
};

static bool is_token(const char *text, size_t size)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && (c == '\0' || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return size > 0;
}

static bool is_value(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

/* libmicrohttpd 0.9.75 puts a folded line (RFC 9112, 5.2) behind the name of the field before it:
 * "Transfer-Encodingchunked". A proxy may have read what it says. */
static bool is_folded(const char *name)
{
    static const char *const framing[] = {"Transfer-Encoding", "Content-Length"};
    for (size_t i = 0; i < FH_COUNT(framing); i++) {
        size_t size = strlen(framing[i]);
        if (strncasecmp(name, framing[i], size) == 0 && name[size] != '\0') {
            return true;
        }
    }
    return false;
}

static void take_once(struct fields *fields, const char **at, const char *value)
{
    fields->twice = fields->twice || *at != NULL;
    *at = value;
}

static void add_list(struct fh_buf *list, const char *value)
{
    fh_buf_add_cstr(list, list->size > 0 ? "," : "");
    fh_buf_add_cstr(list, value);
}

static enum MHD_Result take_field(void *user,
                                  enum MHD_ValueKind kind,
                                  const char *name,
                                  size_t name_size,
                                  const char *value,
                                  size_t value_size)
{
    struct fields *fields = user;
    (void)kind;
    value = value == NULL ? "" : value;
    fields->count++;
    fields->bytes += name_size + value_size + 4;
    if (!is_token(name, name_size) || !is_value(value, value_size) || is_folded(name)) {
        fields->malformed = true;
    } else if (strcasecmp(name, "Host") == 0) {
        take_once(fields, &fields->host, value);
    } else if (strcasecmp(name, "Content-Length") == 0) {
        take_once(fields, &fields->length, value);
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        take_once(fields, &fields->transfer, value);
    } else if (strcasecmp(name, "Content-Type") == 0) {
        take_once(fields, &fields->type, value);
    } else if (strcasecmp(name, "Authorization") == 0) {
        take_once(fields, &fields->authorization, value);
    } else if (strcasecmp(name, "Accept") == 0) {
        add_list(&fields->accept, value);
    } else if (strcasecmp(name, "Accept-Encoding") == 0) {
        fields->exchange->takes_gzip = fh_http_coding_taken(fh_bytes(value, value_size), "gzip");
    } else if (strcasecmp(name, "If-None-Match") == 0) {
        add_list(&fields->exchange->if_none_match, value);
    }
    return MHD_YES;
}

/* ---- rules ---- */

static int check_fields(const struct fields *fields, struct fh_err *err)
{
    if (fields->count > FIELDS_MAX || fields->bytes > FH_HTTP_HEADER_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "http.header.size",
                           "at most %d header fields of %d bytes together",
                           FIELDS_MAX,
                           FH_HTTP_HEADER_BYTES_MAX);
    }
    if (fields->malformed) {
        return fh_err_rule(
            err,
            FH_EINVAL,
            "http.header",
            "a header field whose name is no token, that is folded, or with a control "
            "character");
    }
    if (fields->twice) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "http.header",
                           "Host, Content-Length, Transfer-Encoding, Content-Type and "
                           "Authorization may come once");
    }
    if (fields->transfer != NULL) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "http.length",
                           "a body is sent with Content-Length, not with Transfer-Encoding");
    }
    return FH_OK;
}

/* "localhost", "127.0.0.1:8080", "[::1]": where a name is made to point to loopback by somebody
 * else, a page of his could read the catalogue (DNS rebinding). */
static bool is_loopback_name(const char *host)
{
    size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    size_t length = strlen(host);
    const char *port = size < length ? host + size : "";
    if (port[0] != '\0' && (port[0] != ':' || strspn(port + 1, "0123456789") != strlen(port + 1))) {
        return false;
    }
    size = size < length ? size : length;
    bool named = size == 9 && strncasecmp(host, "localhost", size) == 0;
    bool v6 = size == 5 && strncmp(host, "[::1]", size) == 0;
    bool v4 = strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == size;
    return named || v6 || v4;
}

static int
check_host(const struct fields *fields, bool loopback, const char *version, struct fh_err *err)
{
    bool old = strcmp(version, "HTTP/1.0") == 0;
    if (!old && strcmp(version, "HTTP/1.1") != 0) {
        return fh_err_rule(err, FH_EINVAL, "http.version", "HTTP/1.1 or HTTP/1.0 is spoken here");
    }
    if (fields->host == NULL && !old) {
        return fh_err_rule(err, FH_EINVAL, "http.header", "HTTP/1.1 asks for a Host");
    }
    if (loopback && fields->host != NULL && !is_loopback_name(fields->host)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "http.host",
                           "this server is for loopback: localhost, 127.0.0.1, [::1]");
    }
    return FH_OK;
}

static int
check_method(const struct fh_http_exchange *exchange, const char *method, struct fh_err *err)
{
    const struct fh_http_route *route = exchange->call.route;
    unsigned methods = route == NULL ? FH_HTTP_GET : route->methods;
    bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    bool post = strcmp(method, "POST") == 0;
    if ((get && (methods & FH_HTTP_GET) != 0) || (post && (methods & FH_HTTP_POST) != 0)) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_EUSAGE,
                       "http.method",
                       "this path takes %s",
                       (methods & FH_HTTP_GET) != 0 ? "GET and HEAD" : "POST");
}

/* A body has a length and is JSON; only POST has one. */
static int
check_body(const struct fh_http_exchange *exchange, const struct fields *fields, struct fh_err *err)
{
    const struct fh_http_route *route = exchange->call.route;
    bool post = route != NULL && (route->methods & FH_HTTP_POST) != 0;
    const char *length = fields->length == NULL ? "" : fields->length;
    size_t digits = strspn(length, "0123456789");
    if (length[digits] != '\0') {
        return fh_err_rule(
            err, FH_EINVAL, "http.header", "a Content-Length that is no number of digits");
    }
    bool empty = strspn(length, "0") == digits;
    if (!post) {
        return empty ? FH_OK
                     : fh_err_rule(err, FH_EINVAL, "http.body", "this method has no body here");
    }
    if (fields->length == NULL) {
        return fh_err_rule(err, FH_EINVAL, "http.length", "a POST needs Content-Length, also 0");
    }
    uint64_t size = 0;
    for (size_t i = 0; i < digits && size <= FH_HTTP_BODY_BYTES_MAX; i++) {
        size = size * 10 + (uint64_t)(length[i] - '0');
    }
    if (size > FH_HTTP_BODY_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "http.body.size",
                           "a body of at most %d bytes",
                           FH_HTTP_BODY_BYTES_MAX);
    }
    if (!empty && !fh_http_type_is(fh_bytes_cstr(fields->type == NULL ? "" : fields->type),
                                   "application/json")) {
        return fh_err_rule(err, FH_EUSAGE, "http.type", "a body is application/json, in UTF-8");
    }
    return FH_OK;
}

/* "Bearer TEXT", RFC 6750; nothing of it is said in an error. */
static int take_bearer(struct fh_http_exchange *exchange, const char *value, struct fh_err *err)
{
    if (value == NULL) {
        return FH_OK;
    }
    exchange->authorized = true;
    if (strncasecmp(value, "Bearer ", 7) != 0) {
        return fh_err_rule(
            err, FH_EDENIED, "http.authorization", "another scheme than Bearer is not known here");
    }
    value += 7 + strspn(value + 7, " ");
    fh_buf_add_cstr(&exchange->bearer, value);
    return fh_buf_ok(&exchange->bearer) == FH_OK
               ? FH_OK
               : fh_err_rule(err, FH_EDENIED, "http.authorization", "a token is not so long");
}

static int judge(struct fh_http_exchange *exchange,
                 const struct fields *fields,
                 const char *method,
                 const char *version,
                 struct fh_err *err)
{
    int code = check_fields(fields, err);
    if (code == FH_OK) {
        code = check_host(fields, exchange->http->state->loopback, version, err);
    }
    if (code == FH_OK && exchange->failure.code != FH_OK) {
        *err = exchange->failure; /* the target was none */
        code = err->code;
    }
    if (code == FH_OK) {
        code = check_method(exchange, method, err);
    }
    if (code == FH_OK) {
        code = check_body(exchange, fields, err);
    }
    if (code == FH_OK) {
        code = take_bearer(exchange, fields->authorization, err);
    }
    if (code == FH_OK && exchange->call.route != NULL && !exchange->front) {
        code = fh_http_call_choose(&exchange->call, fh_buf_view(&fields->accept), err);
    }
    return code;
}

int fh_http_head_read(struct fh_http_exchange *exchange,
                      const char *method,
                      const char *version,
                      struct fh_err *err)
{
    struct fields fields = {.exchange = exchange};
    fh_buf_init(&fields.accept, FH_HTTP_HEADER_BYTES_MAX);
    (void)MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, take_field, &fields);
    int code = judge(exchange, &fields, method, version, err);
    fh_buf_fini(&fields.accept);
    return code;
}
