#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Grants as their owner's node holds them, and records handed to a node as the command does.

    govern.py list NODE_DB            ids of the grants, one a line, and their bytes in hex
    govern.py give SOCKET HEX...      all records in one ADMIN_GOVERN; prints "ok", or the rule
    govern.py flip HEX                the record with one byte of its payload changed
"""
import socket
import sqlite3
import struct
import sys

ADMIN_GOVERN = 85


def head(code, width, size):
    return bytes([code]) + size.to_bytes(width, "big")


def packed_bin(data):
    return head(0xC5, 2, len(data)) + data if len(data) > 255 else head(0xC4, 1, len(data)) + data


def give(path, records):
    bins = b"".join(packed_bin(bytes.fromhex(r)) for r in records)
    message = b"\x93\x55" + bytes([0x90 | len(records)]) + bins + b"\xc2"
    assert message[1] == ADMIN_GOVERN
    with socket.socket(socket.AF_UNIX) as admin:
        admin.settimeout(10)
        admin.connect(path)
        admin.sendall(struct.pack(">I", len(message)) + message)
        size = struct.unpack(">I", admin.recv(4, socket.MSG_WAITALL))[0]
        answer = admin.recv(size, socket.MSG_WAITALL)
    if answer == b"\x91\x00":
        return "ok"
    assert answer[0] == 0x94, answer  # [code, rule, text, retry after]
    at = 2
    length = answer[at] & 31 if answer[at] < 0xC0 else answer[at + 1]
    at += 1 if answer[at] < 0xC0 else 2
    return answer[at : at + length].decode()


def main(word, *rest):
    if word == "list":
        with sqlite3.connect(f"file:{rest[0]}?mode=ro", uri=True) as db:
            for identity, data in db.execute("SELECT id, bytes FROM grants ORDER BY received_ms"):
                print(identity.hex(), data.hex())
    elif word == "give":
        print(give(rest[0], rest[1:]))
    else:
        data = bytearray.fromhex(rest[0])
        at = data.index(b"research") if b"research" in data else len(data) // 2
        data[at] ^= 1
        print(data.hex())


main(*sys.argv[1:])
