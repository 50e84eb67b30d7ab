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
import hmac
import json
import os
import sys

from canonical import as_json, base32, decode, key_id
from mesh import Mesh, Record, open_datagram, read_access, read_invitation, read_public
from payloads import AUDIT, results
from primitives import H, Refused, aead_open, chacha_block, need, public_of, verify, x25519
from session import follow


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
        if record.type <= 6 or record.name in ("proposal", "vote", "manifest"):
            equal(self.mesh.add(data).id, record.id, "record id in the mesh")
        else:
            self.stated(record, public, vector)
        self.flip(data, vector, public)

    def stated(self, record, public, vector):
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
            "measurement": lambda: (value[1], {1}, value[5]),
            "grant": lambda: (value[1], {0, 2}, value[12]),
            "grant-end": lambda: (value[1], {0, 2}, value[4]),
            "access-request": lambda: (value[1], {0, 2, 3}, value[10]),
            "access-answer": lambda: (value[1], {0, 2}, value[6]),
            "policy": lambda: (value["domain"], {0, 2}, value["created"]),
            "mesh-policy": lambda: (None, {0, 2}, value["created"]),
            "waiver": lambda: (value[3], {0, 2}, value[12]),
            "token": lambda: (value[1], {2, 3}, value[4]),
            "token-end": lambda: (value[1], {2, 3}, value[5]),
            "audit-checkpoint": lambda: (value[1], {1}, value[5]),
        }
        identity, roles, when = where[record.name]()
        if record.name == "mesh-policy":
            equal(value["domain"], self.mesh.id, "mesh")
        if identity is None:  # these name their node, and by it its domain, or all may sign them
            if record.name != "mesh-policy":
                node = value[4] if record.name == "suspect" else value[1]
                equal(node, key_id(public), "node id")
            owners = [i for i, d in self.mesh.domains.items() if public in self.mesh.keys_of(d)]
            need(len(owners) == 1, "a key of no domain")
            identity = owners[0]
        if record.name == "audit-checkpoint":
            equal(value[2], public, "the node's key")
            self.log(bytes.fromhex(vector["log"]), value)
        if record.name == "measurement":
            self.results(value, bytes.fromhex(vector["results"]))
        if record.name == "request" and len(value) > 13:
            self.by_token(value[13], value[2], value[3], value[7], value[8], public)
            return
        if record.name == "access-request" and len(value) > 11:
            token = self.by_token(value[11], value[1], value[2], value[7], value[10], public)
            need(token[9] & 1, "a token that may not ask")
            self.of_product(token, value[3], value[4], value[5])
            return
        at = {"grant": (16, 12), "access-answer": (7, 6)}.get(record.name)
        if at is not None and len(value) > at[0]:
            token = Record(value[at[0]], self.mesh.id).value
            stated = value[at[1]]
            purpose = value[6][0] if record.name == "grant" else None
            self.by_token(value[at[0]], value[1], key_id(token[2]), purpose, stated, public)
            need(token[9] & 2, "a token that may not decide")
            self.mesh.check_signer(Record(value[at[0]], self.mesh.id), value[1], {2}, stated)
            if record.name == "grant":
                self.of_product(token, value[1], value[4], value[5])
            return
        if record.name == "request":
            need(len(value) < 13 or value[12] != [], "an empty list of parameters")
            equal(value[3], key_id(public), "consumer key id")
        if record.name == "token":
            equal(value[2], public, "key of the member")
            self.deposit(value, vector)
        if record.name == "token-end":
            equal(value[2], public, "key of the member")
        if record.name == "access-request":
            equal(value[2], key_id(public), "key id of who asks for access")
        self.mesh.check_signer(record, identity, roles, when)

    def log(self, data, checkpoint):
        """An audit log up to its checkpoint: frames, the chain, what each record holds."""
        seq, head, when = 0, bytes(32), 0
        while data and data[:4] != bytes(4):
            size = int.from_bytes(data[:4], "big")
            body, stated, data = data[4:4 + size], data[4 + size:36 + size], data[36 + size:]
            equal(H(b"freehold/v1/audit\0" + body), stated, "hash of an audit record")
            value = decode(body)
            need(value[0] == 1 and value[1] == seq + 1, "records in their order")
            need(value[2] >= when and value[3] == head, "a record behind the one before")
            AUDIT[value[4]](value[5])
            seq, when, head = value[1], value[2], stated
        equal(seq, checkpoint[3], "number of the last record")
        equal(head, checkpoint[4], "its hash")

    def by_token(self, carried, domain, member, purpose, stated, public):
        """A record that carries the token whose key signs it (sections 5 and 6)."""
        token = Record(carried, self.mesh.id)
        need(token.name == "token", "another record in the place of a token")
        equal(token.value[1], domain, "domain of the token")
        equal(token.value[3], public, "key of the token")
        equal(key_id(token.value[2]), member, "key id of the member")
        need(token.signed_by(token.value[2]), "record.signature")
        need(token.value[7] == [] or purpose in token.value[7], "another purpose")
        need(token.value[4] - 600000 <= stated <= token.value[5], "the token is not in force")
        for when in (token.value[4], stated):
            self.mesh.check_signer(token, token.value[1], {2, 3}, when)
        return token.value

    def of_product(self, token, owner, product, major):
        """Whether a token is for a product, or one major version of it (section 5)."""
        all_versions = f"{self.mesh.domain(owner).name}/{product}"
        named = {all_versions, f"{all_versions}@{major}"}  # @0 is never listed
        need(token[8] == [] or named & set(token[8]), "another product")

    def deposit(self, token, vector):
        """What a node keeps of a token, and what its text opens (section 5)."""
        text, kept = vector["text"].encode(), decode(bytes.fromhex(vector["deposit"]))
        need(kept[1] == bytes.fromhex(vector["bytes"]), "another token in the deposit")
        salted = hashlib.pbkdf2_hmac("sha256", text, kept[2], kept[3])
        client = hmac.digest(salted, b"Client Key", "sha256")
        equal(hashlib.sha256(client).digest(), kept[4], "StoredKey")
        equal(hmac.digest(salted, b"Server Key", "sha256"), kept[5], "ServerKey")
        key = hashlib.blake2b(b"freehold/v1/token-seed\0", digest_size=32, key=client).digest()
        seed = aead_open(key, 0, token[3], kept[6])
        equal(seed.hex(), vector["seed"], "seed")
        equal(public_of(seed), token[3], "key of the seed")
        equal("fht1" + base32(kept[0]), vector["text"].split(".")[0], "id")

    def results(self, summary, data):
        """What the summary of a measurement has the hash of (section 5)."""
        equal(H(b"freehold/v1/results\0" + data), summary[11], "hash of the results")
        equal(len(data), summary[12], "size of the results")
        value = decode(data)
        results(value)
        found = [r[2] for r in value[2]]
        need(all(found.count(o) <= summary[9][o] for o in range(4)), "more results than counted")
        equal(len(found) + value[1], sum(summary[9]), "count of the results")

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

    def access(self, vector, _):
        value = read_access(vector["text"])
        equal(as_json(value), self.value_of(vector), "value")
        in_file = "# of ci\n" + vector["text"][:70] + "\r\n " + vector["text"][70:] + "\n"
        equal(read_access(in_file), value, "the same in a file")
        delegation = Record(value[5][-1], value[1])
        equal(read_public(vector["public"]), delegation.value[2], "the key that is let in")

    def datagram(self, vector, data):
        content, generation, counter = open_datagram(data, vector)
        equal(as_json(content), self.value_of(vector), "value")
        equal(generation, int(vector["generation"]), "generation")
        equal(counter, int(vector["counter"]), "counter")

    def session(self, vector, _):
        request, reply = follow(vector)
        equal(as_json(request), json.loads(vector["request-value"]), "request")
        equal(as_json(reply), json.loads(vector["reply-value"]), "reply")


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


FILES = ("encoding", "identity", "records", "invitation", "access", "datagram", "session")


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
