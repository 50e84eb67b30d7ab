# SPDX-License-Identifier: Apache-2.0
"""Handshakes and frames: proto/README.md, section 9, and the Noise specification, revision 34."""
import hashlib
import hmac

from canonical import decode
from mesh import Record
from payloads import anything, bin_of, exactly, fields, id32, list_of, sig64, uint, up_to
from primitives import H, aead_open, aes_gcm_open, need, public_of_agreement, verify, x25519

PROTOCOL = b"Noise_XX_25519_ChaChaPoly_BLAKE2b"
OFFER = (exactly(1), uint, uint, list_of(up_to(255, 1), 8, 1))
RECORDS = list_of(bin_of(), 64)


def hash512(data):
    return hashlib.blake2b(data).digest()


def derive(chaining, material):
    """HKDF with two outputs (Noise, section 4.3)."""
    secret = hmac.new(chaining, material, hashlib.blake2b).digest()
    first = hmac.new(secret, b"\1", hashlib.blake2b).digest()
    return first, hmac.new(secret, first + b"\2", hashlib.blake2b).digest()


class Handshake:
    """Follows both sides of one handshake, whose secrets are all known."""

    def __init__(self, prologue):
        self.hash = PROTOCOL.ljust(64, b"\0")
        self.chaining, self.key, self.counter = self.hash, None, 0
        self.mix_hash(prologue)

    def mix_hash(self, data):
        self.hash = hash512(self.hash + data)

    def mix_key(self, secret, public):
        self.chaining, key = derive(self.chaining, x25519(secret, public))
        self.key, self.counter = key[:32], 0

    def open(self, sealed):
        plain = sealed
        if self.key is not None:
            plain = aead_open(self.key, self.counter, self.hash, sealed)
            self.counter += 1
        self.mix_hash(sealed)
        return plain

    def split(self):
        return [key[:32] for key in derive(self.chaining, b"")]


def take_frame(data, kind, session):
    """The frame's body behind its header; `session` None: there is none yet."""
    need(data[:1] == b"\1", "another version")
    need(data[1:2] == bytes([kind]), "another type of frame")
    if session is None:
        return data[2:]
    need(data[2:10] == session, "another session")
    return data[10:]


def check_hello(payload, static, before, mesh):
    """Message 2 or 3: offers, who speaks, and that the key signed this handshake."""
    value = decode(payload)
    fields(*OFFER, uint, id32, id32, sig64, RECORDS)(value)
    need(value[4] in value[3], "a cipher that is not offered")
    public, signature = value[6], value[7]
    need(verify(public, b"freehold/v1/static\0" + static + before, signature), "hello.signature")
    records = [Record(data, mesh) for data in value[8]]
    need(records[0].id == value[5], "an inception of another domain")
    need(any(r.name == "delegation" and r.value[2] == public for r in records), "no delegation")
    return value


CIPHERS = {1: aead_open, 2: aes_gcm_open}


def open_frame(data, kind, session, cipher, key, counter, extra=b""):
    body = take_frame(data, kind, session)
    need(int.from_bytes(body[:8], "little") == counter, "another counter")
    return decode(CIPHERS[cipher](key, counter, data[:18] + extra, body[8:]))


def follow(vector):
    """Opens a whole session; gives the plaintexts of request and reply."""
    mesh = bytes.fromhex(vector["mesh"])
    names = ("hs1", "hs2", "hs3", "welcome", "request", "reply")
    frames = {name: bytes.fromhex(vector[name]) for name in names}
    secret = {
        (who, what): bytes.fromhex(vector[f"{who}-{what}"])
        for who in ("initiator", "responder")
        for what in ("static", "ephemeral")
    }
    public = {whose: public_of_agreement(value) for whose, value in secret.items()}
    noise = Handshake(b"freehold/v1/session\0" + mesh)

    body = take_frame(frames["hs1"], 1, None)
    need(body[:32] == public["initiator", "ephemeral"], "another ephemeral key")
    noise.mix_hash(body[:32])
    offer = decode(noise.open(body[32:]))
    fields(*OFFER)(offer)

    session, before = frames["hs2"][2:10], noise.hash
    need(any(session), "session number zero")
    body = take_frame(frames["hs2"], 2, session)
    need(body[:32] == public["responder", "ephemeral"], "another ephemeral key")
    noise.mix_hash(body[:32])
    noise.mix_key(secret["initiator", "ephemeral"], body[:32])
    static = noise.open(body[32:80])
    need(static == public["responder", "static"], "another static key")
    noise.mix_key(secret["initiator", "ephemeral"], static)
    check_hello(noise.open(body[80:]), static, before, mesh)

    before = noise.hash
    body = take_frame(frames["hs3"], 3, session)
    static = noise.open(body[:48])
    need(static == public["initiator", "static"], "another static key")
    noise.mix_key(secret["responder", "ephemeral"], static)
    hello = check_hello(noise.open(body[48:]), static, before, mesh)
    need(hello[:4] == offer[:4], "offers that differ between messages 1 and 3")
    cipher = hello[4]
    need(cipher in CIPHERS, "a cipher that nobody knows")

    to_responder, to_initiator = noise.split()
    welcome = open_frame(frames["welcome"], 5, session, cipher, to_initiator, 0, H(frames["hs3"]))
    fields(exactly(0))(welcome)
    request = open_frame(frames["request"], 4, session, cipher, to_responder, 0)
    fields(uint, anything)(request)
    reply = open_frame(frames["reply"], 5, session, cipher, to_initiator, 1, H(frames["request"]))
    return request, reply
