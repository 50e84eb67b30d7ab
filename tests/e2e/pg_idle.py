# SPDX-License-Identifier: Apache-2.0
"""Opens COUNT connections to a PostgreSQL server, signs in by SCRAM-SHA-256, says "ready", and rests.

    PGPASSWORD=... pg_idle.py HOST PORT USER COUNT
"""
import base64
import hashlib
import hmac
import os
import socket
import struct
import sys
import time


def message(connection):
    head = b""
    while len(head) < 5:
        part = connection.recv(5 - len(head))
        if not part:
            sys.exit("the server closed the connection")
        head += part
    size = struct.unpack(">I", head[1:])[0] - 4
    body = b""
    while len(body) < size:
        body += connection.recv(size - len(body))
    if head[:1] == b"E":
        sys.exit(body.replace(b"\0", b" ").decode(errors="replace"))
    return head[:1], body


def send(connection, letter, body):
    connection.sendall(letter + struct.pack(">I", len(body) + 4) + body)


def digest(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def sign_in(host, port, user, password):
    connection = socket.create_connection((host, port))
    send(connection, b"", struct.pack(">I", 196608) + b"user\0" + user.encode() + b"\0\0")
    message(connection)
    bare = b"n=,r=clientnonce"
    first = b"n,," + bare
    send(connection, b"p", b"SCRAM-SHA-256\0" + struct.pack(">I", len(first)) + first)
    challenge = message(connection)[1][4:]
    parts = dict(part.split(b"=", 1) for part in challenge.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(parts[b"s"]), int(parts[b"i"]))
    key = digest(salted, b"Client Key")
    final = b"c=biws,r=" + parts[b"r"]
    signature = digest(hashlib.sha256(key).digest(), bare + b"," + challenge + b"," + final)
    proof = bytes(a ^ b for a, b in zip(key, signature))
    send(connection, b"p", final + b",p=" + base64.b64encode(proof))
    while True:
        if message(connection)[0] == b"Z":
            return connection


def main():
    host, port, user, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    rest = [sign_in(host, port, user, os.environ["PGPASSWORD"]) for _ in range(count)]
    print("ready", len(rest), flush=True)
    time.sleep(3600)


main()
