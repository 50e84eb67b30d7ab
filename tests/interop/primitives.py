# SPDX-License-Identifier: Apache-2.0
"""The primitives of proto/README.md, section 1, from their RFCs and hashlib; and the refusal."""
import hashlib


class Refused(Exception):
    """The bytes break the specification."""


def need(condition, why):
    if not condition:
        raise Refused(why)


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


def public_of_agreement(secret):
    return x25519(secret, (9).to_bytes(32, "little"))


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


def aes_tables():
    """The S-box of FIPS 197, from inverses in GF(2^8)."""
    p, q, box = 1, 1, [0x63] * 256
    while True:
        p = (p ^ p << 1 ^ (0x11B if p & 0x80 else 0)) & 0xFF
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        q ^= 0x09 if q & 0x80 else 0
        turned = [q << n | q >> (8 - n) for n in range(1, 5)]
        box[p] = (q ^ turned[0] ^ turned[1] ^ turned[2] ^ turned[3] ^ 0x63) & 0xFF
        if p == 1:
            return box


S_BOX = aes_tables()


def doubled(byte):
    return byte << 1 & 0xFF ^ (0x1B if byte & 0x80 else 0)


def aes256_keys(key):
    words, constant = [list(key[i : i + 4]) for i in range(0, 32, 4)], 1
    for i in range(8, 60):
        word = list(words[-1])
        if i % 8 == 0:
            word = [S_BOX[b] for b in word[1:] + word[:1]]
            word[0], constant = word[0] ^ constant, doubled(constant)
        elif i % 8 == 4:
            word = [S_BOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[-8], word)])
    return [sum(words[i : i + 4], []) for i in range(0, 60, 4)]


def aes256_block(keys, block):
    state = [a ^ b for a, b in zip(block, keys[0])]
    for number, key in enumerate(keys[1:], 1):
        state = [S_BOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if number < 14:
            mixed = []
            for i in range(0, 16, 4):
                column = state[i : i + 4]
                whole = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += [c ^ whole ^ doubled(c ^ column[(j + 1) % 4]) for j, c in enumerate(column)]
            state = mixed
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def ghash_times(x, y):
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def aes_gcm_open(key, counter, ad, sealed):
    """AES-256-GCM of NIST SP 800-38D with the nonce of proto/README.md, section 1."""
    keys, content, tag = aes256_keys(key), sealed[:-16], sealed[-16:]
    nonce = bytes(4) + counter.to_bytes(8, "big")
    secret = int.from_bytes(aes256_block(keys, bytes(16)), "big")
    data = ad + bytes(-len(ad) % 16) + content + bytes(-len(content) % 16)
    data += (8 * len(ad)).to_bytes(8, "big") + (8 * len(content)).to_bytes(8, "big")
    total = 0
    for i in range(0, len(data), 16):
        total = ghash_times(total ^ int.from_bytes(data[i : i + 16], "big"), secret)
    mask = aes256_block(keys, nonce + (1).to_bytes(4, "big"))
    need(bytes(a ^ b for a, b in zip(total.to_bytes(16, "big"), mask)) == tag, "the tag does not fit")
    blocks = -(-len(content) // 16)
    stream = b"".join(aes256_block(keys, nonce + (2 + i).to_bytes(4, "big")) for i in range(blocks))
    return bytes(a ^ b for a, b in zip(content, stream))
