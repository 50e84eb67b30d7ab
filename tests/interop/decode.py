#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An independent reader of the Freehold wire format.

It is written from proto/README.md alone and shares no code with the C implementation: its own
canonical reader, its own Ed25519, X25519 and ChaCha20-Poly1305 (RFC 8032, 7748, 8439), hashes from
hashlib. It decodes every golden vector, compares it with the values that stand beside it, verifies
identities from the mesh id up, and expects every bad vector to be refused.

usage: decode.py [DIR]        DIR holds the vector files (default: ../vectors)
"""
import hashlib
import json
import os
import sys

TIME_MAX = 253402300799999
GRACE = 600_000
DAY = 24 * 3600 * 1000


class Refused(Exception):
    """The bytes break the specification."""


def need(condition, why):
    if not condition:
        raise Refused(why)


# ---- 1 primitives ------------------------------------------------------------------------------


def H(data):
    return hashlib.blake2b(data, digest_size=32).digest()


P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def edwards_add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e = (y1 - x1) * (y2 - x2) % P
    f = (y1 + x1) * (y2 + x2) % P
    g = 2 * t1 * t2 * D % P
    h = 2 * z1 * z2 % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def edwards_times(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = edwards_add(result, point)
        point = edwards_add(point, point)
        scalar >>= 1
    return result


def edwards_same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def edwards_point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    need(y < P, "a point that is not canonical")
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * SQRT_M1 % P
    need((v * x * x - u) % P == 0, "not a point of the curve")
    need(x or not sign, "a point that is not canonical")
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = edwards_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verify(public, message, signature):
    """Ed25519 of RFC 8032, section 5.1.7, refusing small-order keys."""
    try:
        key, r = edwards_point(public), edwards_point(signature[:32])
    except Refused:
        return False
    if edwards_same(edwards_times(8, key), (0, 1, 1, 0)):
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % L
    return edwards_same(edwards_times(s, BASE), edwards_add(r, edwards_times(k, key)))


def public_of(seed):
    digest = bytearray(hashlib.sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    x, y, z, _ = edwards_times(int.from_bytes(digest, "little"), BASE)
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def x25519(secret, public):
    k = bytearray(secret)
    k[0] &= 248
    k[31] = k[31] & 127 | 64
    k = int.from_bytes(k, "little")
    u = int.from_bytes(public, "little") & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for bit in reversed(range(255)):
        now = k >> bit & 1
        if swap ^ now:
            x2, z2, x3, z3 = x3, z3, x2, z2
        swap = now
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, (aa - bb) * (aa + 121665 * (aa - bb)) % P
    if swap:
        x2, z2 = x3, z3
    shared = (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")
    need(any(shared), "an all-zero agreement")
    return shared


def chacha_block(key, counter, nonce):
    def words(data):
        return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]

    start = words(b"expand 32-byte k") + words(key) + [counter] + words(nonce)
    state = list(start)

    def quarter(a, b, c, d):
        for left, right, turned, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[left] = (state[left] + state[right]) & 0xFFFFFFFF
            mixed = state[turned] ^ state[left]
            state[turned] = (mixed << bits | mixed >> (32 - bits)) & 0xFFFFFFFF

    for _ in range(10):
        quarter(0, 4, 8, 12), quarter(1, 5, 9, 13), quarter(2, 6, 10, 14), quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15), quarter(1, 6, 11, 12), quarter(2, 7, 8, 13), quarter(3, 4, 9, 14)
    return b"".join(((a + b) & 0xFFFFFFFF).to_bytes(4, "little") for a, b in zip(start, state))


def aead_open(key, counter, ad, sealed):
    nonce = bytes(4) + counter.to_bytes(8, "little")
    content, tag = sealed[:-16], sealed[-16:]
    one_time = chacha_block(key, 0, nonce)[:32]
    r = int.from_bytes(one_time[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s = int.from_bytes(one_time[16:], "little")
    data = ad + bytes(-len(ad) % 16) + content + bytes(-len(content) % 16)
    data += len(ad).to_bytes(8, "little") + len(content).to_bytes(8, "little")
    total = 0
    for i in range(0, len(data), 16):
        total = (total + int.from_bytes(data[i : i + 16] + b"\1", "little")) * r % (2**130 - 5)
    need((total + s) % 2**128 == int.from_bytes(tag, "little"), "the tag does not fit")
    stream = b"".join(chacha_block(key, 1 + i, nonce) for i in range(-(-len(content) // 64)))
    return bytes(a ^ b for a, b in zip(content, stream))


# ---- 2 canonical encoding ----------------------------------------------------------------------


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


# ---- 3 identifiers -----------------------------------------------------------------------------

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


# ---- shapes of payloads ------------------------------------------------------------------------


def uint(value):
    need(type(value) is int and value >= 0, "expected an unsigned integer")


def time(value):
    uint(value)
    need(value <= TIME_MAX, "a time beyond the year 9999")


def bin_of(*sizes):
    def check(value):
        need(isinstance(value, bytes) and (not sizes or len(value) in sizes), "expected a bin")

    return check


def str_of(size):
    def check(value):
        need(isinstance(value, str) and len(value.encode()) <= size, "expected a shorter string")

    return check


def name(value):
    str_of(63)(value)
    need(value and value[0] in LETTERS[:26], "a name that does not begin with a letter")
    need(all(c.isascii() and (c.islower() or c.isdigit() or c == "_") for c in value), "a bad name")
    need(value not in RESERVED, "a reserved name")


def name_or_none(value):
    if value != "":
        name(value)


def exactly(wanted):
    def check(value):
        need(type(value) is type(wanted) and value == wanted, f"expected {wanted!r}")

    return check


def up_to(largest, smallest=0):
    def check(value):
        uint(value)
        need(smallest <= value <= largest, "out of range")

    return check


def list_of(shape, most, least=0):
    def check(value):
        need(isinstance(value, list) and least <= len(value) <= most, "expected a list")
        for item in value:
            shape(item)

    return check


def fields(*shapes):
    """A positional array: later elements of newer versions are ignored."""

    def check(value):
        need(isinstance(value, list) and len(value) >= len(shapes), "expected more fields")
        for shape, item in zip(shapes, value):
            shape(item)

    return check


def keys(**shapes):
    def check(value):
        need(isinstance(value, dict), "expected a map")
        for key, shape in shapes.items():
            need(key in value, f"expected the key {key}")
            shape(value[key])

    return check


def anything(_):
    pass


id32, ref16, sig64, optional_id = bin_of(32), bin_of(16), bin_of(64), bin_of(0, 32)
address, label = str_of(127), str_of(63)


def key_event(value):
    fields(exactly(1), up_to(1))(value)
    if value[1] == 0:
        fields(anything, anything, exactly(0), bin_of(0), id32, id32, time)(value)
    else:
        fields(anything, anything, up_to(2**32 - 1, 1), id32, id32, id32, time, id32)(value)
    need(value[5] != H(b"freehold/v1/next-key\0" + value[4]), "the next key is the current one")


def delegation(value):
    fields(exactly(1), id32, id32, up_to(3, 1), time, time, label)(value)
    need(value[5] > value[4], "an end that is not after the beginning")
    need(value[3] != 1 or value[5] - value[4] <= 30 * DAY, "a node for more than 30 days")
    need(all(ord(c) >= 32 and ord(c) != 127 for c in value[6]), "control characters")


def charter(value):
    member = fields(id32, name)
    keys(
        created=time,
        members=list_of(member, 31, 1),
        prev=optional_id,
        seq=up_to(2**32 - 1, 1),
        threshold=uint,
        title=name,
        v=exactly(1),
    )(value)
    ids, names = [m[0] for m in value["members"]], [m[1] for m in value["members"]]
    need(all(a < b for a, b in zip(ids, ids[1:])), "members not ascending")
    need(len(set(names)) == len(names), "a name twice")
    need(len(ids) < 2 * value["threshold"] <= 2 * len(ids), "a threshold that is not a majority")
    need((value["seq"] == 1) == (value["prev"] == b""), "prev does not fit seq")


def invitation(value):
    fields(exactly(1), id32, id32, time, time, name_or_none)(value)
    need(value[4] > value[3], "an end that is not after the beginning")


table = fields(id32, name, str_of(63), str_of(32), id32)
SHAPES = {
    1: ("key", 1024, key_event),
    2: ("delegation", 1024, delegation),
    3: ("revocation", 1024, fields(exactly(1), id32, up_to(1), id32, time, time)),
    4: ("charter", 32768, charter),
    5: ("invitation", 1024, invitation),
    6: ("admission", 4096, fields(exactly(1), id32, bin_of(), id32, name, time, sig64)),
    7: (
        "alive",
        900,
        fields(
            exactly(1), id32, id32, id32, uint, uint, time, up_to(604800),
            list_of(address, 3, 1), uint, uint, uint, fields(uint, id32, time), label,
        ),
    ),
    8: ("leave", 256, fields(exactly(1), id32, uint, uint, time)),
    9: ("suspect", 256, fields(exactly(1), id32, uint, uint, id32, uint, time)),
    10: (
        "announcement",
        900,
        fields(
            exactly(1), id32, name, str_of(32), up_to(2**64 - 1, 1), up_to(4), id32, uint,
            up_to(2**64 - 1, 1), time, time, str_of(120), str_of(400),
        ),
    ),
    11: (
        "contract",
        612352,
        keys(
            compat_rules=exactly(1), contract=keys(), created=time, domain=id32, prev=optional_id,
            product=name, seq=up_to(2**64 - 1, 1), text=str_of(262144), v=exactly(1),
            version=str_of(32),
        ),
    ),
    12: (
        "request",
        262144,
        fields(
            exactly(1), ref16, id32, id32, id32, str_of(65536), list_of(table, 64), anything, time,
            time, uint, uint,
        ),
    ),
    13: (
        "receipt",
        16384,
        fields(
            exactly(1), id32, ref16, id32, id32, uint, uint, uint, uint, id32, optional_id,
            list_of(id32, 64), optional_id, time, time, list_of(id32, 64),
        ),
    ),
}


# ---- 4 records ---------------------------------------------------------------------------------

NO_MESH = bytes(32)


class Record:
    """An envelope that fits section 4, with its payload decoded and its shape checked."""

    def __init__(self, data, mesh):
        need(len(data) <= 614400, "too large")
        envelope = decode(data)
        need(isinstance(envelope, list) and len(envelope) == 4, "expected four fields")
        version, self.type, payload, signatures = envelope
        need(version == 1 and type(version) is int, "another version")
        need(self.type in SHAPES, "another type")
        self.name, most, shape = SHAPES[self.type]
        bin_of()(payload)
        need(len(payload) <= most, "payload too large")
        list_of(fields(ref16, sig64), 16, 1)(signatures)
        need(all(len(s) == 2 for s in signatures), "expected pairs")
        refs = [s[0] for s in signatures]
        need(all(a < b for a, b in zip(refs, refs[1:])), "signatures not ascending")
        need(len(refs) == 1 or self.name == "charter", "more than one signature")
        self.signatures = signatures
        self.value = decode(payload)
        shape(self.value)
        if self.name == "key" or (self.name == "charter" and self.value["seq"] == 1):
            mesh = NO_MESH
        self.input = b"freehold/v1/" + self.name.encode() + b"\0" + mesh
        self.input += len(payload).to_bytes(8, "big") + payload
        self.id = H(self.input)

    def signed_by(self, public):
        wanted = key_id(public)[:16]
        return any(ref == wanted and verify(public, self.input, s) for ref, s in self.signatures)


# ---- 5 and 6 who is who ------------------------------------------------------------------------


class Domain:
    def __init__(self):
        self.events = []  # (created, public)
        self.delegations = []  # (id, public, role, not before, not after)
        self.revocations = []  # (kind, target, since)
        self.admitted = self.name = None

    def key_at(self, when):
        current = [public for created, public in self.events if created <= when]
        if not current and when >= self.events[0][0] - GRACE:
            current = [self.events[0][1]]
        need(current, "before the inception")
        return current[-1]

    def revoked(self, kind, target, when):
        return any(k == kind and t == target and s <= when for k, t, s in self.revocations)

    def may(self, public, roles, when):
        if 0 in roles and self.key_at(when) == public:
            return not self.revoked(1, key_id(public), when)
        for identity, subject, role, begin, end in self.delegations:
            if (
                subject == public
                and role in roles
                and begin - GRACE <= when <= end
                and not self.revoked(0, identity, when)
                and not self.revoked(1, key_id(public), when)
            ):
                return True
        return False


class Mesh:
    """Takes identity records in an order in which each can be verified."""

    def __init__(self):
        self.domains, self.events, self.charters, self.id = {}, {}, [], None

    def domain(self, identity):
        need(identity in self.domains, "an unknown domain")
        return self.domains[identity]

    def keys_of(self, domain):
        return [p for _, p in domain.events] + [d[1] for d in domain.delegations]

    def check_signer(self, record, identity, roles, when):
        domain = self.domain(identity)
        for public in self.keys_of(domain):
            if record.signed_by(public) and domain.may(public, roles, when):
                return
        raise Refused("no key that may has signed this")

    def add(self, data):
        record = Record(data, self.id or NO_MESH)
        getattr(self, "add_" + record.name)(record)
        return record

    def add_key(self, record):
        _, kind, seq, prev, public, following, created = record.value[:7]
        need(record.signed_by(public), "not signed by the stated key")
        if kind == 0:
            domain = self.domains.setdefault(record.id, Domain())
        else:
            need(prev in self.events, "an unknown predecessor")
            domain, before = self.events[prev]
            need(seq == len(domain.events) == before[2] + 1, "another sequence number")
            need(before[5] == H(b"freehold/v1/next-key\0" + public), "not the committed key")
            need(created >= before[6], "dated before its predecessor")
        domain.events.append((created, public))
        self.events[record.id] = (domain, record.value)

    def add_charter(self, record):
        value = record.value
        if value["seq"] == 1:
            need(self.id is None, "another mesh")
        else:
            last_id, last = self.charters[-1]
            need(value["seq"] == last["seq"] + 1 and value["prev"] == last_id, "another prev")
            need(value["created"] >= last["created"], "dated before its predecessor")
        signers = set()
        for identity, domain in self.domains.items():
            if record.signed_by(domain.key_at(value["created"])):
                signers.add(identity)
        need(len(signers) == len(record.signatures), "a signature by nobody")
        for charter_value in [value] + ([self.charters[-1][1]] if self.charters else []):
            members = {m[0] for m in charter_value["members"]}
            need(len(members & signers) >= charter_value["threshold"], "too few signers")
        for identity, domain_name in value["members"]:
            self.admit(identity, domain_name)
        self.id = self.id or record.id
        self.charters.append((record.id, value))

    def admit(self, identity, domain_name):
        domain = self.domain(identity)
        need(domain.name in (None, domain_name), "renamed")
        taken = [i for i, d in self.domains.items() if d.name == domain_name]
        need(taken in ([], [identity]), "a name that is taken")
        domain.name, domain.admitted = domain_name, True

    def add_delegation(self, record):
        _, identity, subject, role, begin, end = record.value[:6]
        domain = self.domain(identity)
        need(record.signed_by(domain.key_at(begin)), "not signed by the current domain key")
        domain.delegations.append((record.id, subject, role, begin, end))

    def add_revocation(self, record):
        _, identity, kind, target, since, created = record.value[:6]
        domain = self.domain(identity)
        need(record.signed_by(domain.key_at(created)), "not signed by the current domain key")
        domain.revocations.append((kind, target, since))

    def add_invitation(self, record):
        need(self.domain(record.value[1]).admitted, "an issuer who is not admitted")
        self.check_signer(record, record.value[1], {0, 2}, record.value[3])

    def add_admission(self, record):
        _, issuer, invitation_bytes, identity, domain_name, admitted, redemption = record.value[:7]
        inside = Record(invitation_bytes, self.id)
        need(inside.name == "invitation" and inside.value[1] == issuer, "another issuer")
        self.add_invitation(inside)
        need(inside.value[5] in ("", domain_name), "an invitation for another name")
        need(inside.value[3] - GRACE <= admitted <= inside.value[4] + GRACE, "expired")
        in_force = [v for _, v in self.charters if v["created"] <= admitted][-1]
        need(issuer in [m[0] for m in in_force["members"]], "an issuer outside of the charter")
        self.check_signer(record, issuer, {0, 1, 2}, admitted)
        proof = b"freehold/v1/redeem\0" + self.id + identity + domain_name.encode()
        need(verify(inside.value[2], proof, redemption), "the redemption does not verify")
        self.admit(identity, domain_name)


# ---- 7 invitation text -------------------------------------------------------------------------


def read_invitation(text, mesh=None):
    lines = [line for line in text.split("\n") if not line.lstrip(" \t\r").startswith("#")]
    letters = "".join("".join(lines).split())
    need(letters.startswith("fhi1"), "expected fhi1")
    data = unbase32(letters[4:])
    need(0 < len(data) <= 2048, "too long or empty")
    value = decode(data)
    fields(exactly(1), id32, id32, id32, list_of(address, 3), bin_of(32), bin_of())(value)
    record = Record(value[6], value[1])
    need(record.name == "invitation" and record.value[1] == value[3], "another issuer inside")
    need(public_of(value[5]) == record.value[2], "the seed is not of the one-time key")
    if mesh is not None:
        mesh.add_invitation(record)
    return value


# ---- 8 datagrams -------------------------------------------------------------------------------

MESSAGES = {
    1: fields(anything, uint, ref16, fields(uint, uint, uint), uint),
    2: fields(anything, uint, uint, uint, ref16, ref16, uint),
    3: fields(anything, uint, ref16, bin_of()),
    4: fields(anything, uint, bin_of()),
    5: fields(anything, uint),
    6: fields(anything, list_of(bin_of(), 24)),
    7: fields(anything, uint, bin_of()),
}


def open_datagram(data, vector):
    mesh, sender, receiver = (bytes.fromhex(vector[k]) for k in ("mesh", "sender", "receiver"))
    need(57 < len(data) <= 1200, "too short or too long")
    need(data[0] == 1, "another version")
    need(data[1:9] == H(b"freehold/v1/mesh-tag\0" + mesh)[:8], "another mesh")
    need(data[9:17] == sender[:8], "another sender")
    boot, counter = data[17:33], int.from_bytes(data[33:41], "little")
    shared = x25519(bytes.fromhex(vector["receiver-secret"]), bytes.fromhex(vector["sender-public"]))
    scope = b"freehold/v1/datagram\0" + mesh + sender + receiver + boot
    key = hashlib.blake2b(scope, digest_size=32, key=shared).digest()
    content = decode(aead_open(key, counter, data[:41], data[41:]), depth_max=4, items_max=160)
    list_of(fields(uint), 15)(content)
    for message in content:
        MESSAGES.get(message[0], anything)(message)
    return content, int.from_bytes(boot[:8], "big"), counter


# ---- the vectors -------------------------------------------------------------------------------


def read_vectors(path):
    vectors, current = [], None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                current = None if not line else current
                continue
            key, separator, value = line.partition(":")
            if not separator:
                sys.exit(f"{path}:{number}: expected key: value")
            if key == "vector":
                current = {"line": number}
                vectors.append(current)
            current[key] = value[1:]
    return vectors


def equal(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: decoded {found!r}, the vector says {wanted!r}")


class Checker:
    def __init__(self):
        self.mesh = Mesh()
        self.forged = 0

    def value_of(self, vector):
        return json.loads(vector["value"])

    def encoding(self, vector, data):
        equal(as_json(decode(data)), self.value_of(vector), "value")

    def key(self, vector, _):
        public = public_of(bytes.fromhex(vector["seed"]))
        equal(public.hex(), vector["public"], "public key")
        equal("fhk1" + base32(key_id(public)), vector["id"], "key id")

    def record(self, vector, data):
        record = Record(data, bytes.fromhex(vector["mesh"]))
        public = bytes.fromhex(vector["signer"])
        need(record.signed_by(public), "record.signature")
        equal(record.name, vector["type"], "type")
        equal("fhr1" + base32(record.id), vector["id"], "record id")
        equal(as_json(record.value), self.value_of(vector), "value")
        if record.type <= 6:
            equal(self.mesh.add(data).id, record.id, "record id in the mesh")
        else:
            self.stated(record, public)
        self.flip(data, vector, public)

    def stated(self, record, public):
        """Domain, roles and time under which the record must be signed (section 6)."""
        value = record.value
        where = {
            "alive": lambda: (value[1], {1}, value[6]),
            "leave": lambda: (None, {1}, value[4]),
            "suspect": lambda: (None, {1}, value[6]),
            "announcement": lambda: (value[1], {0, 1, 2}, value[9]),
            "contract": lambda: (value["domain"], {0, 2}, value["created"]),
            "request": lambda: (value[2], {0, 2, 3}, value[8]),
            "receipt": lambda: (value[3], {1}, value[14]),
        }
        identity, roles, when = where[record.name]()
        if identity is None:  # these name their node, and by it its domain
            node = value[4] if record.name == "suspect" else value[1]
            equal(node, key_id(public), "node id")
            owners = [i for i, d in self.mesh.domains.items() if public in self.mesh.keys_of(d)]
            need(len(owners) == 1, "a key of no domain")
            identity = owners[0]
        if record.name == "request":
            equal(value[3], key_id(public), "consumer key id")
        self.mesh.check_signer(record, identity, roles, when)

    def flip(self, data, vector, public):
        """Some bytes of every good record, changed: it must be refused."""
        for at in sorted({0, 1, 2, 3, len(data) // 3, len(data) // 2, len(data) - 70, len(data) - 1}):
            changed = bytearray(data)
            changed[at] ^= 1
            try:
                record = Record(bytes(changed), bytes.fromhex(vector["mesh"]))
            except Refused:
                self.forged += 1
                continue
            known = {p for d in self.mesh.domains.values() for p in self.mesh.keys_of(d)} | {public}
            if sum(record.signed_by(p) for p in known) == len(record.signatures):
                raise AssertionError(f"byte {at} changed, and nobody noticed")
            self.forged += 1

    def invitation(self, vector, _):
        value = read_invitation(vector["text"], self.mesh)
        equal(as_json(value), self.value_of(vector), "value")
        in_file = "# to domain1\n  # with a comment\n" + vector["text"][:50] + "\r\n "
        equal(read_invitation(in_file + vector["text"][50:] + "\n"), value, "the same in a file")

    def datagram(self, vector, data):
        content, generation, counter = open_datagram(data, vector)
        equal(as_json(content), self.value_of(vector), "value")
        equal(generation, int(vector["generation"]), "generation")
        equal(counter, int(vector["counter"]), "counter")


def self_test():
    """The primitives against the RFCs, so that a vector cannot be wrong on both sides alike."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )
    equal(public_of(seed), public, "RFC 8032 test 1")
    equal(verify(public, b"", signature), True, "RFC 8032 test 1")
    equal(verify(public, b"x", signature), False, "RFC 8032 test 1")
    scalar = bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")
    point = bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
    shared = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    equal(x25519(scalar, point).hex(), shared, "RFC 7748 section 5.2")
    block = chacha_block(bytes(range(32)), 1, bytes.fromhex("000000090000004a00000000"))
    equal(block[:16].hex(), "10f1e7e4d13b5915500fdd1fa32071c4", "RFC 8439 section 2.3.2")


FILES = ("encoding", "identity", "records", "invitation", "datagram")


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../vectors")
    self_test()
    checker, failures, counts = Checker(), 0, {"read": 0, "refused": 0}
    for file in FILES:
        path = os.path.join(folder, file + ".txt")
        for vector in read_vectors(path):
            place = f"{path}:{vector['line']}: {vector['vector']}"
            data = bytes.fromhex(vector.get("bytes", ""))
            try:
                getattr(checker, vector["kind"])(vector, data)
            except Refused as refused:
                if "refused" not in vector:
                    failures += 1
                    print(f"{place}: refused: {refused}")
                counts["refused"] += 1
                continue
            except AssertionError as differs:
                failures += 1
                print(f"{place}: {differs}")
                continue
            if "refused" in vector:
                failures += 1
                print(f"{place}: accepted; expected it to be refused ({vector['refused']})")
            counts["read"] += 1
    print(
        f"{counts['read']} vectors read and verified, {counts['refused']} refused, "
        f"{checker.forged} forged copies refused, {failures} failures"
    )
    return 1 if failures or not counts["read"] or not counts["refused"] else 0


if __name__ == "__main__":
    sys.exit(main())
