# SPDX-License-Identifier: Apache-2.0
"""Canonical encoding and identifiers: proto/README.md, sections 2 and 3."""
from primitives import H, Refused, need


class Reader:
    """Reads one canonical value; every rule of section 2 is checked here."""

    def __init__(self, data, depth_max=16, items_max=65536):
        self.data, self.at = data, 0
        self.depth_max, self.items = depth_max, items_max

    def take(self, size):
        need(size <= len(self.data) - self.at, "ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, width, smallest):
        value = int.from_bytes(self.take(width), "big")
        need(value >= smallest, "not the shortest form")
        return value

    def negative(self, width, largest):
        value = int.from_bytes(self.take(width), "big", signed=True)
        need(value <= largest, "not the shortest form")
        return value

    def text(self, size):
        try:
            text = self.take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("not UTF-8") from None
        need("\0" not in text, "U+0000")
        return text

    def array(self, count, depth):
        need(depth < self.depth_max, "too deep")
        need(count <= len(self.data) - self.at, "ends too early")
        return [self.value(depth + 1) for _ in range(count)]

    def map(self, count, depth):
        need(depth < self.depth_max, "too deep")
        need(2 * count <= len(self.data) - self.at, "ends too early")
        result, last = {}, None
        for _ in range(count):
            key = self.value(depth + 1)
            need(isinstance(key, str), "a key that is no string")
            raw = key.encode()
            need(last is None or last < raw, "keys not ascending")
            result[key], last = self.value(depth + 1), raw
        return result

    def value(self, depth=0):
        need(self.items > 0, "too many values")
        self.items -= 1
        head = self.take(1)[0]
        if head <= 0x7F:
            return head
        if head <= 0x8F:
            return self.map(head & 15, depth)
        if head <= 0x9F:
            return self.array(head & 15, depth)
        if head <= 0xBF:
            return self.text(head & 31)
        if head >= 0xE0:
            return head - 256
        if head in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[head]
        unsigned = {0xCC: (1, 128), 0xCD: (2, 1 << 8), 0xCE: (4, 1 << 16), 0xCF: (8, 1 << 32)}
        if head in unsigned:
            return self.number(*unsigned[head])
        signed = {0xD0: (1, -33), 0xD1: (2, -129), 0xD2: (4, -32769), 0xD3: (8, -(2**31) - 1)}
        if head in signed:
            return self.negative(*signed[head])
        lengths = {0xC4: (1, 0), 0xC5: (2, 1 << 8), 0xC6: (4, 1 << 16)}
        if head in lengths:
            return bytes(self.take(self.number(*lengths[head])))
        lengths = {0xD9: (1, 32), 0xDA: (2, 1 << 8), 0xDB: (4, 1 << 16)}
        if head in lengths:
            return self.text(self.number(*lengths[head]))
        counts = {0xDC: (2, 16), 0xDD: (4, 1 << 16)}
        if head in counts:
            return self.array(self.number(*counts[head]), depth)
        counts = {0xDE: (2, 16), 0xDF: (4, 1 << 16)}
        if head in counts:
            return self.map(self.number(*counts[head]), depth)
        raise Refused(f"a value of type {head:02x}")


def decode(data, **limits):
    reader = Reader(data, **limits)
    value = reader.value()
    need(reader.at == len(data), "bytes behind the value")
    return value


def as_json(value):
    """The form of the `value` lines: bins are "0x..." strings."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list):
        return [as_json(v) for v in value]
    if isinstance(value, dict):
        return {k: as_json(v) for k, v in value.items()}
    return value


LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def base32(data):
    bits = "".join(f"{b:08b}" for b in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(LETTERS[int(bits[i : i + 5], 2)] for i in range(0, len(bits), 5))


def unbase32(text):
    need(all(c in LETTERS for c in text), "a letter outside of base32")
    bits = "".join(f"{LETTERS.index(c):05b}" for c in text)
    size = len(bits) // 8
    need(len(bits) - 8 * size < 5 and "1" not in bits[8 * size :], "letters that carry nothing")
    return int(bits[: 8 * size] or "0", 2).to_bytes(size, "big")


def key_id(public):
    return H(b"freehold/v1/key-id\0" + public)


RESERVED = "main memory temp system information_schema pg_catalog pg_toast public duckdb".split()
