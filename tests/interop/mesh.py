# SPDX-License-Identifier: Apache-2.0
"""Records, identities, invitations and datagrams: proto/README.md, sections 4 to 8."""
import hashlib

from canonical import decode, key_id, unbase32
from payloads import SHAPES, address, anything, bin_of, exactly, fields, id32, list_of, name, ref16, sig64, uint
from primitives import H, aead_open, need, public_of, verify, x25519

GRACE = 600_000


# 4 Records.

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
        self.way = None  # sides and hashes: signed together with others
        if len(signatures) == 1 and isinstance(signatures[0], list) and len(signatures[0]) == 4:
            need(self.name in ("request", "receipt"), "signed together")
            sides, hashes = signatures[0][2:]
            need(type(sides) is int and sides >= 0, "sides")
            list_of(bin_of(32), 4, 1)(hashes)
            need(sides >> len(hashes) == 0, "a side beyond the way")
            self.way = sides, hashes
            signatures = [signatures[0][:2]]
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
        if self.way:
            root = self.id
            for i, other in enumerate(self.way[1]):
                pair = (other, root) if self.way[0] >> i & 1 else (root, other)
                root = H(b"freehold/v1/together-node\0" + b"".join(pair))
            self.input = b"freehold/v1/together\0" + mesh + root

    def signed_by(self, public):
        wanted = key_id(public)[:16]
        return any(ref == wanted and verify(public, self.input, s) for ref, s in self.signatures)


# 5 and 6 Who may sign what.

class Domain:
    def __init__(self):
        self.events = []  # (created, public)
        self.delegations = []  # (id, public, role, not before, not after)
        self.revocations = []  # (kind, target, since)
        self.kept = {}  # number of a rotation -> ids that it kept
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
        self.proposals = {}  # record id of the charter -> its signature input and value
        self.tree = {}  # record id of a charter -> value, signature input, level, who is barred

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

    def add_manifest(self, record):
        _, identity, seq, ids = record.value[:4]
        domain = self.domain(identity)
        event = [v for d, v in self.events.values() if d is domain and v[2] == seq]
        need(len(event) == 1, "a list for no rotation")
        need(H(b"freehold/v1/live-records\0" + b"".join(ids)) == event[0][7], "another root")
        need(record.signed_by(event[0][4]), "not signed by the key of the rotation")
        domain.kept[seq] = set(ids)

    def check_kept(self, record, domain, when):
        """What an earlier key signed counts when the next rotation kept it."""
        signer = len([1 for created, _ in domain.events[1:] if created <= when])
        if signer + 1 < len(domain.events):
            need(record.id in domain.kept.get(signer + 1, ()), "dropped by a rotation")

    def add_proposal(self, record):
        _, proposer, payload, proposed, _ = record.value[:5]
        need(record.signed_by(self.domain(proposer).key_at(proposed)), "not by who proposes")
        need(proposer in [m[0] for m in self.charters[-1][1]["members"]], "by no member")
        value = decode(payload)
        SHAPES[4][2](value)
        self.check_follows(value)
        need(all(self.domain(m[0]).admitted for m in value["members"]), "a stranger for a member")
        signed = b"freehold/v1/charter\0" + self.id + len(payload).to_bytes(8, "big") + payload
        self.proposals[H(signed)] = signed, value

    def add_vote(self, record):
        _, identity, charter_id, seq, signature = record.value[:5]
        signed, value = self.proposals.get(charter_id, (None, None))
        need(signed is not None and value["seq"] == seq, "a vote for nothing")
        both = value["members"] + self.charters[-1][1]["members"]
        need(identity in [m[0] for m in both], "a vote of no member")
        key = self.domain(identity).key_at(value["created"])
        need(key == self.domain(identity).events[-1][1], "a key that was rotated")
        need(record.signed_by(key) and verify(key, signed, signature), "not signed")

    def check_follows(self, value, last_id=None):
        last_id = last_id or self.charters[-1][0]
        last = self.tree[last_id][0]
        if "settles" not in value:
            need(value["seq"] == last["seq"] + 1, "another seq")
        need(value["prev"] == last_id, "another prev")
        need(value["created"] >= last["created"], "dated before its predecessor")
        left = {m[0] for m in last["members"]} - {m[0] for m in value["members"]}
        need(left <= set(value["expelled"]), "a member that left unsaid")
        dates = ("created", "expires", "prev", "seq", "settles")
        same = all(value[k] == last[k] for k in last if k not in dates)
        need(value["created"] <= last["expires"] or same, "no renewal")

    def check_settles(self, value):
        """Level and who is barred."""
        ids, doubles = value["settles"][:2], value["settles"][2]
        need(all(i in self.tree for i in ids), "a pair that is not known")
        pair = [self.tree[i] for i in ids]
        need(pair[0][2] == pair[1][2], "a pair of two levels")
        barred = pair[0][3] | pair[1][3]
        members = [m[0] for m in self.tree[value["prev"]][0]["members"]]
        for charter, _, _, _ in pair:
            need(charter["prev"] == value["prev"], "a pair behind another charter")
            need(charter["seq"] + 1 == value["seq"], "another seq")
            need(charter["created"] <= value["created"], "dated before its pair")
        for identity, *signatures in doubles:
            need(identity in members and identity not in barred, "nobody to be barred")
            for (charter, signed, _, _), signature in zip(pair, signatures):
                key = self.domain(identity).key_at(charter["created"])
                need(verify(key, signed, signature), "did not sign both")
        return pair[0][2] + 1, barred | {d[0] for d in doubles}

    def walk(self):
        """The charters that are followed; where several are behind one, only the highest level is."""
        path, behind = [], [i for i, c in self.tree.items() if c[0]["seq"] == 1]
        while behind:
            top = max(self.tree[i][2] for i in behind)
            first = [i for i in behind if self.tree[i][2] == top][0]
            path.append((first, self.tree[first][0]))
            behind = [i for i, c in self.tree.items() if c[0]["prev"] == first]
        return path

    def add_charter(self, record):
        value, level, barred, before = record.value, 0, set(), None
        if value["seq"] == 1:
            need(self.id is None, "another mesh")
        else:
            need(value["prev"] in self.tree, "an unknown predecessor")
            before = self.tree[value["prev"]][0]
            self.check_follows(value, value["prev"])
            if "settles" in value:
                level, barred = self.check_settles(value)
        signers = set()
        for identity, domain in self.domains.items():
            if record.signed_by(domain.key_at(value["created"])):
                self.check_kept(record, domain, value["created"])
                signers.add(identity)
        need(len(signers) == len(record.signatures), "a signature by nobody")
        for charter_value in [value] + ([before] if before else []):
            members = {m[0] for m in charter_value["members"]} - barred
            wanted = min(charter_value["threshold"], len(members))
            need(0 < wanted <= len(members & signers), "too few signers")
        self.tree[record.id] = value, record.input, level, barred
        self.charters = self.walk()
        if self.charters[-1][0] == record.id:
            for identity, domain_name in value["members"]:
                self.admit(identity, domain_name)
        self.id = self.id or record.id

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
        self.check_kept(record, domain, begin)
        domain.delegations.append((record.id, subject, role, begin, end))

    def add_revocation(self, record):
        _, identity, kind, target, since, created = record.value[:6]
        domain = self.domain(identity)
        need(record.signed_by(domain.key_at(created)), "not signed by the current domain key")
        self.check_kept(record, domain, created)
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


# 7 Invitation text.

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


def unarmour(text, prefix, size_max):
    lines = [line for line in text.split("\n") if not line.lstrip(" \t\r").startswith("#")]
    letters = "".join("".join(lines).split())
    need(letters.startswith(prefix), "expected " + prefix)
    data = unbase32(letters[4:])
    need(0 < len(data) <= size_max, "too long or empty")
    return data


def read_access(text):
    value = decode(unarmour(text, "fha1", 16384))
    fields(exactly(1), id32, id32, name, list_of(address, 3), list_of(bin_of(), 72))(value)
    need(value[5], "no records")
    for index, data in enumerate(value[5]):
        record = Record(data, value[1])
        need(record.name in ("key", "delegation"), "a record of another type")
        need((record.name == "key" and record.id == value[2]) == (index == 0), "not the inception first")
    return value


def read_public(text):
    data = unarmour(text, "fhp1", 32)
    need(len(data) == 32, "no public key")
    return data


# 8 Datagrams.

MESSAGES = {
    1: fields(anything, uint, ref16, fields(uint, uint, uint), uint),
    2: fields(anything, uint, uint, uint, ref16, ref16, uint),
    3: fields(anything, uint, ref16, bin_of()),
    4: fields(anything, uint, bin_of()),
    5: fields(anything, uint),
    6: fields(anything, list_of(bin_of(), 24)),
    7: fields(anything, uint, bin_of()),
    16: fields(anything, list_of(bin_of(24), 32)),
    17: fields(anything, list_of(bin_of(24), 8)),
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
