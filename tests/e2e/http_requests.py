#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests that no client sends by mistake, byte by byte, to an HTTP door.

    http_requests.py PORT               each of them in turn; says which did not get what it should
    http_requests.py PORT slow FILE     one byte now and then, until the door ends it; says when
"""
import socket
import sys
import time

HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
POST = b"POST /v1/query HTTP/1.1\r\n" + HOST
GET = b"GET /healthz HTTP/1.1\r\n" + HOST

# name, bytes, expected statuses (None: closed without an answer), whether the connection must end
CASES = [
    ("a plain one", GET + b"\r\n", [200], False),
    ("two, one behind the other", GET + b"\r\n" + GET + b"\r\n", [200, 200], False),
    ("HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", [200], True),
    ("a cookie is nothing to it", GET + b"Cookie: a=b\r\n\r\n", [200], False),
    ("no upgrade", GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", [200], False),
    # where a request ends must not be read in two ways
    ("two lengths", POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", [400], True),
    ("two lengths alike", POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", [400], True),
    ("a list of lengths", POST + b"Content-Length: 2, 2\r\n\r\n{}", [400], True),
    ("a length with a sign", POST + b"Content-Length: +2\r\n\r\n{}", [400], True),
    ("a negative length", POST + b"Content-Length: -2\r\n\r\n{}", [400], True),
    ("a hexadecimal length", POST + b"Content-Length: 0x2\r\n\r\n{}", [400], True),
    ("a length beyond 64 bits", POST + b"Content-Length: 99999999999999999999\r\n\r\n{}", [413], True),
    ("a length with a space before its colon", POST + b"Content-Length : 2\r\n\r\n{}", [400], True),
    ("a folded length", POST + b"Content-Length:\r\n 2\r\n\r\n{}", [400], True),
    ("no length", POST + b"\r\n", [411], True),
    ("both lengths", POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + b"\r\n", [411], True),
    ("chunked", POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", [411], True),
    ("chunked, other letters", POST + b"Transfer-Encoding: cHuNkEd\r\n\r\n2\r\n{}\r\n0\r\n\r\n", [411], True),
    ("an odd encoding", POST + b"Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}", [411], True),
    ("two encodings", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", [400], True),
    ("an encoding with a space", POST + b"Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{}", [400], True),
    ("a folded encoding", POST + b"Content-Length: 2\r\nTransfer-Encoding:\r\n chunked\r\n\r\n{}", [400], True),
    ("an encoding folded on", POST + b"Transfer-Encoding: x\r\n chunked\r\nContent-Length: 2\r\n\r\n{}", [400], True),
    ("a body of GET", GET + b"Content-Length: 3\r\n\r\nabc", [400], True),
    # heads
    ("no host", b"GET /healthz HTTP/1.1\r\n\r\n", [400], True),
    ("two hosts", GET + b"Host: evil\r\n\r\n", [400], True),
    ("another's host", b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", [421], True),
    ("a host that begins well", b"GET /healthz HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", [421], True),
    ("a host with a user", b"GET /healthz HTTP/1.1\r\nHost: localhost@evil\r\n\r\n", [421], True),
    ("a bare CR", b"GET /healthz HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n", [400], True),
    ("a field without a colon", GET + b"NoColon\r\n\r\n", [400], True),
    ("a name that is no token", GET + b"X(): y\r\n\r\n", [400], True),
    ("a control character", GET + b"X: a\x01b\r\n\r\n", [400], True),
    ("no version", b"GET /healthz\r\n\r\n", [400], True),
    ("HTTP/9.9", b"GET /healthz HTTP/9.9\r\n" + HOST + b"\r\n", [505], True),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [505], True),
    ("a large field", GET + b"X: " + b"a" * 20000 + b"\r\n\r\n", [431], True),
    ("a very large field", GET + b"X: " + b"a" * 300000 + b"\r\n\r\n", [431], True),
    ("many fields", GET + b"".join(b"X%d: a\r\n" % i for i in range(150)) + b"\r\n", [431], True),
    # methods
    ("POST to what is read", b"POST /healthz HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n", [405], True),
    ("GET of a query", b"GET /v1/query HTTP/1.1\r\n" + HOST + b"\r\n", [405], True),
    ("DELETE", b"DELETE /v1/products HTTP/1.1\r\n" + HOST + b"\r\n", [405], True),
    ("TRACE", b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", [405], True),
    ("CONNECT", b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("OPTIONS *", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    # targets
    ("an absolute one", b"GET http://localhost/healthz HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("traversal", b"GET /assets/../../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("encoded traversal", b"GET /assets/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("encoded slashes", b"GET /assets/..%2f..%2fetc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("backslashes", b"GET /assets/..%5c..%5cetc HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("two slashes", b"GET //healthz HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("bad UTF-8", b"GET /v1/products?q=%ff HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("overlong UTF-8", b"GET /v1/products?q=%c0%af HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("UTF-8 as it is", "GET /v1/products?q=\u00fc HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), [400], True),
    ("an encoded NUL", b"GET /v1/products?q=a%00b HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("an encoded line end", b"GET /v1/products?q=%0d%0aX:%20y HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("half a percent", b"GET /v1/products?q=%4 HTTP/1.1\r\n" + HOST + b"\r\n", [400], True),
    ("a long one", b"GET /v1/products?q=" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", [414], True),
    ("a very long one", b"GET /v1/products?q=" + b"a" * 200000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", [414], True),
    ("nothing there", b"GET /v1/nothing HTTP/1.1\r\n" + HOST + b"\r\n", [404], True),
    # bodies
    ("too large a body", POST + JSON + b"Content-Length: 999999\r\n\r\n{}", [413], True),
    ("no JSON", POST + b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", [415], True),
    ("a form", POST + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\nsql=1", [415], True),
    ("JSON in another alphabet", POST + b"Content-Type: application/json; charset=utf-16\r\nContent-Length: 2\r\n\r\n{}", [415], True),
    # who asks
    ("nobody", POST + JSON + b"Content-Length: 2\r\n\r\n{}", [401], False),
    ("another scheme", GET + b"Authorization: Basic YTpi\r\n\r\n", [401], True),
    ("two tokens", GET + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", [400], True),
    ("a token of a kilobyte", GET + b"Authorization: Bearer " + b"a" * 1024 + b"\r\n\r\n", [401], True),
    # not HTTP at all
    ("half a request", GET[:-2], None, True),
    ("half a body", POST + JSON + b"Content-Length: 20\r\n\r\n{", None, True),
    ("a TLS hello", b"\x16\x03\x01\x00\x2e\x01\x00\x00\x2a\x03\x03" + bytes(40), None, True),
    ("nothing", b"", None, True),
]


def talk(port, data):
    """What comes back, and whether the connection ended by itself within a while. When no more of
    the request comes, the client's half is closed: nothing may hang then."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        out = b""
        ended = False
        s.settimeout(20)
        try:
            s.sendall(data)
        except OSError:
            pass  # refused before it was all there
        try:
            s.settimeout(0.3)
            while True:
                piece = s.recv(65536)
                if not piece:
                    return out, True
                out += piece
        except socket.timeout:
            pass
        except OSError:
            return out, True
        try:
            s.shutdown(socket.SHUT_WR)
            s.settimeout(20)
            while True:
                piece = s.recv(65536)
                if not piece:
                    break
                out += piece
        except OSError:
            pass
        return out, ended


def statuses(out):
    """Of the answers; the library says the head of its own errors twice, as the body of the first."""
    found = []
    rest = out
    while rest.startswith(b"HTTP/1."):
        head, _, body = rest.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        if status == 100:
            rest = body
            continue
        found.append(status)
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        rest = body[length:]
        if b"onnection: close" in head:
            break
    return found


def slow(port, path):
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(GET)
        try:
            while time.monotonic() - begun < 60:
                s.sendall(b"X")
                s.settimeout(0.5)
                try:
                    if s.recv(100) == b"":
                        break
                except socket.timeout:
                    pass
        except OSError:
            pass
    with open(path, "w", encoding="ascii") as file:
        file.write("%d\n" % (time.monotonic() - begun))


def main():
    port = int(sys.argv[1])
    if len(sys.argv) > 3:
        slow(port, sys.argv[3])
        return 0
    wrong = 0
    for name, data, expected, ends in CASES:
        out, ended = talk(port, data)
        got = statuses(out)
        if got != (expected or []) or (ends and expected and not ended):
            print("%s: %s, %s; expected %s%s" % (
                name, got, "closed" if ended else "open", expected, ", closed" if ends else ""))
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
