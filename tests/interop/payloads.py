# SPDX-License-Identifier: Apache-2.0
"""The shapes of all payloads: proto/README.md, section 5."""
from canonical import LETTERS, RESERVED
from primitives import H, need

TIME_MAX = 253402300799999
DAY = 24 * 3600 * 1000


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


def fields(*shapes, more=()):
    """A positional array: later elements of newer versions are ignored; those in `more` may be missing."""

    def check(value):
        need(isinstance(value, list) and len(value) >= len(shapes), "expected more fields")
        for shape, item in zip(shapes + more, value):
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


def decimal(value):
    """What no integer of 64 bits holds, in normal form."""
    bin_of()(value)
    text = value.decode("ascii")
    digits, point, fraction = text.removeprefix("-").partition(".")
    need((digits + fraction).isdigit() and digits != "", "no decimal")
    need(digits == "0" or digits[0] != "0", "a leading zero")
    need(fraction.rstrip("0") == fraction and (fraction != "" or point == ""), "a trailing zero")
    need(len(digits + fraction) <= 38, "too many digits")
    need(fraction != "" or not -(2**63) <= int(text) < 2**64, "an integer of 64 bits")


def parameters(value):
    list_of(anything, 64, 1)(value)
    names = [item[0] for item in value]
    size = 0
    for item in value:
        fields(str_of(63), anything)(item)
        if isinstance(item[1], bytes):
            decimal(item[1])
        else:
            need(item[1] is None or type(item[1]) in (bool, int, str), "no value of a parameter")
            size += len(item[1].encode()) if isinstance(item[1], str) else 0
    need(size <= 65536, "too much text in parameters")
    if any(names):
        need(len({n.lower() for n in names}) == len(names), "a parameter twice")
        for n in names:
            need(n.isascii() and n.isidentifier(), "no name of a parameter")


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
    role_name = value[7] if len(value) > 7 else ""
    name_or_none(role_name)
    own = ("domain", "node", "publisher", "member")
    need(role_name == "" or (value[3] == 3 and role_name not in own), "a role name of no member")


def charter(value):
    member = fields(id32, name)
    keys(
        created=time,
        expelled=list_of(id32, 128),
        expires=time,
        members=list_of(member, 31, 1),
        policy_signers=list_of(id32, 31, 1),
        policy_threshold=uint,
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
    signers, expelled = value["policy_signers"], value["expelled"]
    for some in (signers, expelled):
        need(all(a < b for a, b in zip(some, some[1:])), "ids not ascending")
    need(set(signers) <= set(ids), "a policy signer that is no member")
    need(not set(expelled) & set(ids), "a member expelled")
    most = len(signers)
    need(most < 2 * value["policy_threshold"] <= 2 * most, "a policy threshold of no majority")
    life = value["expires"] - value["created"]
    need(0 < life <= 3 * 366 * 86400000, "expires too early or too late")
    if "settles" in value:
        both = fields(id32, sig64, sig64)
        fields(id32, id32, list_of(both, 16, 1))(value["settles"])
        one, other, doubles = value["settles"][:3]
        need(one < other and value["seq"] > 2, "no pair that was settled")
        ids = [d[0] for d in doubles]
        need(all(a < b for a, b in zip(ids, ids[1:])), "double signers not ascending")


def successor(value):
    product, at, major = value.rpartition("@")
    need(at and major.isascii() and major.isdigit() and str(int(major)) == major, "a bad major")
    need(int(major) < 2**32, "a major beyond 32 bits")
    names = product.split("/")
    need(len(names) <= 2, "a successor of more than two names")
    for part in names:
        name(part)


def announcement(value):
    fields(
        exactly(1), id32, name, str_of(32), up_to(2**64 - 1, 1), up_to(4), id32, uint,
        up_to(2**64 - 1, 1), time, time, str_of(120), str_of(400), time, str_of(138),
    )(value)
    status, sunset, follower = value[5], value[13], value[14]
    need(status >= 2 or (sunset == 0 and follower == ""), "an end of what goes on")
    if follower != "":
        successor(follower)
        itself = value[2] + "@" + value[3].split(".")[0]
        need(follower != itself, "a product that succeeds itself")


def invitation(value):
    fields(exactly(1), id32, id32, time, time, name_or_none)(value)
    need(value[4] > value[3], "an end that is not after the beginning")


def waiver(value):
    fields(
        exactly(1), boolean, boolean, id32, name, uint, id32, str_of(32), optional_id, optional_id,
        time, time, time, str_of(400),
    )(value)
    need(value[10] <= value[11] <= value[10] + 366 * DAY, "a waiver of more than a year")
    need(value[13] != "", "a waiver without a reason")
    if value[2]:
        need(value[11] <= value[10] + DAY, "break-glass of more than a day")
        need(value[8] != b"" or value[9] != b"", "break-glass for nobody by name")


def notice(value):
    known = (id32, name, str_of(32), up_to(4), time, str_of(138), up_to(3), time)
    fields(*known, *((id32, time, boolean) if len(value) > 8 else ()))(value)
    if value[5] != "":
        successor(value[5])


def measured(value):
    str_of(79)(value)
    good = value in ("true", "false") or all(c in "0123456789.-+:%TZPYMWDHS" for c in value)
    need(good, "no number, time or truth")


result = fields(str_of(255), up_to(2), up_to(3), str_of(47), measured, uint, uint)
results = fields(exactly(1), up_to(2**32 - 1), list_of(result, 4096))


def measurement(value):
    broken = fields(str_of(95), up_to(3, 1))
    fields(
        exactly(1), id32, name, str_of(32), id32, time, time, up_to(2), uint,
        fields(*[up_to(2**32 - 1)] * 4), up_to(10001), id32, up_to(524288, 1), list_of(broken, 8),
    )(value)
    need(0 < value[6] - value[5] <= 8 * DAY, "counts for too long")
    outcomes = [b[1] for b in value[13]]
    need(all(outcomes.count(o) <= value[9][o] for o in outcomes), "more broken ones than counted")


def printable(size, least=0):
    def check(value):
        str_of(size)(value)
        need(len(value) >= least, "an empty text")
        need(all(ord(c) >= 32 and ord(c) != 127 for c in value), "control characters")

    return check


def ascending(shape, most):
    def check(value):
        list_of(shape, most)(value)
        texts = [v.encode() for v in value]
        need(all(a < b for a, b in zip(texts, texts[1:])), "texts not ascending")

    return check


def column(value):
    printable(319)(value)
    table_name, dot, rest = value.partition(".")
    name(table_name)
    need(dot and 0 < len(rest.encode()) <= 255, "a column without table or name")


def boolean(value):
    need(isinstance(value, bool), "expected a Boolean")


purpose, note, major = printable(127, 1), printable(400), up_to(2**32 - 1)


def carried(value, at):
    """The token of the key that signs, behind what is always there."""
    if len(value) > at:
        bin_of()(value[at])
        need(0 < len(value[at]) <= 6400, "nothing in the place of a token, or too much")


def grant(value):
    fields(
        exactly(1), id32, up_to(1), id32, name, major, ascending(purpose, 16),
        ascending(column, 512), printable(4096), uint, uint, boolean, time, time, note, optional_id,
    )(value)
    need(0 < value[13] - value[12] <= 366 * DAY, "no time, or more than a year")
    carried(value, 16)
    if len(value) > 16:
        need(value[2] == 1 and len(value[6]) == 1 and not value[11] and value[15] != b"", "too much for a token")
        need(value[13] - value[12] <= 90 * DAY, "too long for a token")


def access_request(value):
    fields(
        exactly(1), id32, id32, id32, name, major, ascending(column, 512), purpose, time, note, time,
    )(value)
    carried(value, 11)
    need(0 < value[8] - value[10] <= 366 * DAY, "no time, or more than a year")


def access_answer(value):
    fields(exactly(1), id32, id32, up_to(1), optional_id, note, time)(value)
    need((value[3] == 0) == (value[4] != b""), "an approval, and nothing else, names a grant")
    need(value[3] == 0 or value[5] != "", "a denial without reason")
    carried(value, 7)


def token_product(value):
    str_of(138)(value)
    domain, slash, rest = value.partition("/")
    product, at, number = rest.partition("@")
    name(domain)
    name(product)
    need(slash, "a product without its domain")
    need(not at or (number.isdecimal() and number[0] != "0" and len(number) <= 9), "no major version")


def token(value):
    fields(
        exactly(1), id32, id32, id32, time, time, label, ascending(purpose, 16),
        ascending(token_product, 16), up_to(2**32 - 1),
    )(value)
    need(0 < value[5] - value[4] <= 90 * DAY, "no time, or more than 90 days")
    need(value[2] != value[3], "the member's own key")


def token_end(value):
    fields(exactly(1), id32, id32, id32, time, time)(value)
    need(value[4] <= value[5], "a token ended ahead")


def maybe_parameters(value):
    if value != []:  # empty only in front of a token
        parameters(value)


def optional_time(value):
    if value is not None:
        time(value)


def manifest(value):
    fields(exactly(1), id32, up_to(2**32 - 1, 1), list_of(id32, 8192))(value)
    need(all(a < b for a, b in zip(value[3], value[3][1:])), "ids not ascending")


policy = keys(
    created=time, domain=id32, name=name, prev=optional_id, seq=up_to(2**64 - 1, 1),
    text=str_of(65536), until=optional_time, v=exactly(1), version=str_of(32),
)
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
        announcement,
    ),
    11: (
        "contract",
        612352,
        keys(
            compat_rules=up_to(2**64 - 1, 1), contract=keys(), created=time, domain=id32, prev=optional_id,
            product=name, seq=up_to(2**64 - 1, 1), text=str_of(262144), v=exactly(1),
            version=str_of(32),
        ),
    ),
    12: (
        "request",
        262144,
        fields(
            exactly(1), ref16, id32, id32, id32, str_of(65536), list_of(table, 64), anything, time,
            time, uint, uint, more=(maybe_parameters, bin_of()),
        ),
    ),
    13: (
        "receipt",
        16384,
        fields(
            exactly(1), id32, ref16, id32, id32, uint, uint, uint, uint, id32, optional_id,
            list_of(id32, 64), optional_id, time, time, list_of(id32, 64), list_of(notice, 32),
        ),
    ),
    14: ("measurement", 900, measurement),
    15: ("grant", 32768, grant),
    16: ("grant-end", 256, fields(exactly(1), id32, id32, time, time)),
    17: ("access-request", 32768, access_request),
    18: ("access-answer", 8192, access_answer),
    19: ("policy", 66560, policy),
    20: ("token", 6144, token),
    21: ("token-end", 256, token_end),
    25: ("proposal", 33792, fields(exactly(1), id32, bin_of(), time, str_of(400))),
    26: ("vote", 512, fields(exactly(1), id32, id32, up_to(2**32 - 1, 2), sig64)),
    27: ("manifest", 279552, manifest),
    29: ("mesh-policy", 66560, policy),
    30: ("waiver", 2048, waiver),
    32: ("audit-checkpoint", 256, fields(exactly(1), id32, id32, up_to(2**64 - 1, 1), id32, time)),
}

# Details of the records of an audit log, by kind.
who = fields(id32, name_or_none, optional_id, list_of(str_of(63), 16), optional_id, str_of(63))
audit_table = fields(
    str_of(63), str_of(32), str_of(63), id32, optional_id, list_of(str_of(127), 512),
    list_of(str_of(255), 1024), list_of(str_of(255), 1024), boolean,
)
AUDIT = {
    0: fields(id32, id32, id32),
    1: fields(
        uint, up_to(1), ref16, optional_id, who, id32, str_of(127), optional_id, bin_of(),
        list_of(audit_table, 64), up_to(255), str_of(47),
    ),
    2: fields(uint, optional_id, up_to(255), str_of(47), uint, uint, uint, optional_id),
    3: fields(str_of(63), str_of(255), optional_id, who, up_to(255), str_of(47)),
    4: fields(bin_of()),
    5: fields(uint),
    6: fields(uint, uint),
}
