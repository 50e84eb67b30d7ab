#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads Arrow IPC streams by the specification alone (Arrow columnar format 1.5, FlatBuffers internals)
and compares them with what their writer meant.

    arrow_stream.py FOLDER NAME...
    arrow_stream.py --print FILE

For each NAME in the folder, NAME.arrow must hold the rows of NAME.raw (tests/columns/sample.c says what
that is), laid out as tools/columns/arrow.h promises: everything on multiples of 64 bytes, zeros between,
the receipt with the last batch, an end, and nothing behind it. A stream cut anywhere must not pass.
With --print it says what is in a stream, as one object of JSON. Nothing of Freehold and nothing of Arrow is
used here, so that it can contradict both.
"""

import json
import struct
import sys

SCHEMA, RECORD_BATCH = 1, 3
INT, FLOAT, BINARY, UTF8, BOOL, DECIMAL, DATE, TIME, TIMESTAMP, INTERVAL, FIXED = 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15
UNITS = ["SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND"]
ALIGN = 64


class Bad(Exception):
    pass


def want(condition, what):
    if not condition:
        raise Bad(what)


class Table:
    """A table of FlatBuffers; every access is checked against the bounds and the alignment."""

    def __init__(self, data, at):
        want(at % 4 == 0 and at + 4 <= len(data), "table out of bounds")
        vtable = at - struct.unpack_from("<i", data, at)[0]
        want(vtable % 2 == 0 and 0 <= vtable <= len(data) - 4, "vtable out of bounds")
        size, self.size = struct.unpack_from("<HH", data, vtable)
        want(size >= 4 and size % 2 == 0 and vtable + size <= len(data), "vtable too long")
        want(at + self.size <= len(data), "table too long")
        self.data, self.at = data, at
        self.slots = struct.unpack_from("<%dH" % ((size - 4) // 2), data, vtable + 4)

    def place(self, slot, size):
        offset = self.slots[slot] if slot < len(self.slots) else 0
        if offset == 0:
            return None
        want(offset + size <= self.size and (self.at + offset) % size == 0, "field %d misplaced" % slot)
        return self.at + offset

    def number(self, slot, form, default=0):
        at = self.place(slot, struct.calcsize(form))
        return default if at is None else struct.unpack_from("<" + form, self.data, at)[0]

    def target(self, slot):
        at = self.place(slot, 4)
        if at is None:
            return None
        to = at + struct.unpack_from("<I", self.data, at)[0]
        want(to > at and to % 4 == 0 and to + 4 <= len(self.data), "reference out of bounds")
        return to

    def table(self, slot):
        to = self.target(slot)
        return None if to is None else Table(self.data, to)

    def text(self, slot):
        to = self.target(slot)
        if to is None:
            return None
        size = struct.unpack_from("<I", self.data, to)[0]
        want(to + 4 + size < len(self.data), "text out of bounds")
        want(self.data[to + 4 + size] == 0, "text without its NUL")
        return self.data[to + 4 : to + 4 + size].decode()

    def tables(self, slot):
        to = self.target(slot)
        if to is None:
            return []
        count = struct.unpack_from("<I", self.data, to)[0]
        want(to + 4 + 4 * count <= len(self.data), "list out of bounds")
        places = [to + 4 + 4 * i for i in range(count)]
        return [Table(self.data, at + struct.unpack_from("<I", self.data, at)[0]) for at in places]

    def pairs(self, slot):
        to = self.target(slot)
        if to is None:
            return []
        count = struct.unpack_from("<I", self.data, to)[0]
        want((to + 4) % 8 == 0 and to + 4 + 16 * count <= len(self.data), "list of structs misplaced")
        return [struct.unpack_from("<qq", self.data, to + 4 + 16 * i) for i in range(count)]


def metadata(table, slot):
    return {pair.text(0): pair.text(1) for pair in table.tables(slot)}


class Field:
    def __init__(self, table):
        self.name = table.text(0)
        want(table.number(1, "B") == 1, "a field that may not be null")
        self.kind = table.number(2, "B")
        self.type = table.table(3)
        want(table.target(4) is None, "a dictionary")
        want(table.target(5) is not None and not table.tables(5), "children")
        self.metadata = metadata(table, 6)
        self.signed = True
        self.width = None  # bytes of a value; None: offsets and bytes
        self.says = self.describe()

    def describe(self):
        of = self.type.number
        if self.kind == INT:
            self.width, self.signed = of(0, "i") // 8, of(1, "B") == 1
            return "Int(%d, %s)" % (8 * self.width, "signed" if self.signed else "unsigned")
        if self.kind == FLOAT:
            self.width = {1: 4, 2: 8}[of(0, "h")]
            return "FloatingPoint(%d)" % (8 * self.width)
        if self.kind == DECIMAL:
            self.width = 16
            want(of(2, "i", 128) == 128, "a decimal not of 128 bits")
            return "Decimal(%d, %d)" % (of(0, "i"), of(1, "i"))
        if self.kind == DATE:
            self.width = 4
            return ["Date(DAY)", "Date(MILLISECOND)"][of(0, "h", 1)]
        if self.kind == TIME:
            self.width = 8
            want(of(1, "i", 32) == 64, "a time not of 64 bits")
            return "Time(%s)" % UNITS[of(0, "h", 1)]
        if self.kind == TIMESTAMP:
            self.width = 8
            zone = self.type.text(1)
            return "Timestamp(%s%s)" % (UNITS[of(0, "h")], "" if zone is None else ", " + zone)
        if self.kind == INTERVAL:
            self.width = 16
            return ["Interval(YEAR_MONTH)", "Interval(DAY_TIME)", "Interval(MONTH_DAY_NANO)"][of(0, "h")]
        if self.kind == FIXED:
            self.width = of(0, "i")
            return "FixedSizeBinary(%d)" % self.width
        return {BOOL: "Bool", UTF8: "Utf8", BINARY: "Binary"}[self.kind]

    def value(self, data):
        if self.kind in (FIXED, BINARY):
            return data.hex()
        if self.kind == UTF8:
            return data.decode()
        if self.kind == FLOAT:
            value = struct.unpack("<f" if self.width == 4 else "<d", data)[0]
            return struct.pack(">d", value).hex()
        if self.kind == INTERVAL:
            return "%d %d %d" % struct.unpack("<iiq", data)
        return str(int.from_bytes(data, "little", signed=self.signed))


# The SQL type of a column, and what it must be in Arrow.
FORMS = {
    "BOOLEAN": "Bool",
    "TINYINT": "Int(8, signed)",
    "SMALLINT": "Int(16, signed)",
    "INTEGER": "Int(32, signed)",
    "BIGINT": "Int(64, signed)",
    "UTINYINT": "Int(8, unsigned)",
    "USMALLINT": "Int(16, unsigned)",
    "UINTEGER": "Int(32, unsigned)",
    "UBIGINT": "Int(64, unsigned)",
    "HUGEINT": "Decimal(38, 0)",
    "FLOAT": "FloatingPoint(32)",
    "DOUBLE": "FloatingPoint(64)",
    "VARCHAR": "Utf8",
    "BLOB": "Binary",
    "JSON": "Utf8",
    "DATE": "Date(DAY)",
    "TIME": "Time(MICROSECOND)",
    "TIMESTAMP": "Timestamp(MICROSECOND)",
    "TIMESTAMP_S": "Timestamp(SECOND)",
    "TIMESTAMP_MS": "Timestamp(MILLISECOND)",
    "TIMESTAMP_NS": "Timestamp(NANOSECOND)",
    "TIMESTAMP WITH TIME ZONE": "Timestamp(MICROSECOND, UTC)",
    "INTERVAL": "Interval(MONTH_DAY_NANO)",
    "UUID": "FixedSizeBinary(16)",
}
EXTENSIONS = {"JSON": "arrow.json", "UUID": "arrow.uuid"}


def form_of(type_name):
    if type_name.startswith("DECIMAL("):
        return "Decimal(%s)" % type_name[8:-1].replace(",", ", ")
    return FORMS[type_name]


class Body:
    """The buffers of a batch, taken one after the other in the order of the columns."""

    def __init__(self, data, buffers):
        self.data, self.buffers, self.next, self.end = data, buffers, 0, 0

    def take(self):
        want(self.next < len(self.buffers), "too few buffers")
        offset, size = self.buffers[self.next]
        self.next += 1
        want(offset == self.end, "a buffer not where the one before it ends")
        want(size >= 0 and offset + size <= len(self.data), "a buffer outside the body")
        self.end = (offset + size + ALIGN - 1) // ALIGN * ALIGN
        want(self.end <= len(self.data), "a buffer without its padding")
        want(not any(self.data[offset + size : self.end]), "padding that is not zero")
        return self.data[offset : offset + size]


def bit(data, at):
    return data[at // 8] >> (at % 8) & 1


def column(field, body, rows, nulls):
    validity = body.take()
    want(len(validity) in ((0,) if nulls == 0 else ((rows + 7) // 8,)), "a validity of a wrong size")
    there = [nulls == 0 or bit(validity, row) == 1 for row in range(rows)]
    want(there.count(False) == nulls, "a wrong count of nulls")
    if field.width is None and field.kind != BOOL:
        offsets = body.take()
        want(len(offsets) == 4 * (rows + 1), "offsets of a wrong size")
        ends = struct.unpack("<%di" % (rows + 1), offsets)
        data = body.take()
        want(ends[0] == 0 and list(ends) == sorted(ends) and ends[-1] == len(data), "offsets that do not ascend")
        values = [data[a:b] for a, b in zip(ends, ends[1:])]
    elif field.kind == BOOL:
        data = body.take()
        want(len(data) == (rows + 7) // 8, "bits of a wrong size")
        return [str(bit(data, row)) if there[row] else None for row in range(rows)]
    else:
        data = body.take()
        want(len(data) == rows * field.width, "values of a wrong size")
        values = [data[field.width * row : field.width * (row + 1)] for row in range(rows)]
    return [field.value(values[row]) if there[row] else None for row in range(rows)]


def messages(stream):
    """Of each message its table, its kind and its body; the stream must end as it should."""
    at = 0
    while True:
        want(at % ALIGN == 0, "a message not on a multiple of %d" % ALIGN)
        want(len(stream) >= at + 8, "the stream has no end")
        mark, size = struct.unpack_from("<II", stream, at)
        want(mark == 0xFFFFFFFF, "no continuation mark")
        if size == 0:
            want(len(stream) == at + 8, "bytes behind the end")
            return
        want((size + 8) % ALIGN == 0 and at + 8 + size <= len(stream), "metadata of a wrong size")
        data = stream[at + 8 : at + 8 + size]
        message = Table(data, struct.unpack_from("<I", data)[0])
        want(message.number(0, "h") == 4, "not version 5 of the metadata")
        length = message.number(3, "q")
        at += 8 + size
        want(length >= 0 and at + length <= len(stream), "a body that is cut short")
        yield message, message.number(1, "B"), stream[at : at + length]
        at += length


def read(stream):
    """Fields, rows, metadata of the schema and of the last batch."""
    fields, rows, facts, last = None, [], None, None
    for message, kind, data in messages(stream):
        header = message.table(2)
        want(last is None, "a message behind the batch with the receipt")
        if fields is None:
            want(kind == SCHEMA and header.number(0, "h") == 0 and not data, "no schema of little-endian first")
            fields = [Field(table) for table in header.tables(1)]
            facts = metadata(header, 2)
            continue
        want(kind == RECORD_BATCH, "a message of kind %d" % kind)
        count = header.number(0, "q")
        nodes, body = header.pairs(1), Body(data, header.pairs(2))
        want([length for length, _ in nodes] == [count] * len(fields), "nodes that are not the columns")
        columns = [column(field, body, count, nulls) for field, (_, nulls) in zip(fields, nodes)]
        want(body.next == len(body.buffers) and body.end == len(data), "buffers that nobody has")
        rows.extend(list(row) for row in zip(*columns))
        told = metadata(message, 4)
        want((count == 0) == bool(told), "an empty batch without facts, or facts with rows")
        last = told or None
    want(last is not None, "no batch with the receipt")
    return fields, rows, facts, last


def meant(path):
    with open(path, encoding="utf-8") as lines:
        names, types = json.loads(next(lines)), json.loads(next(lines))
        return names, types, [json.loads(line) for line in lines]


def check(folder, name):
    with open("%s/%s.arrow" % (folder, name), "rb") as file:
        stream = file.read()
    names, types, expected = meant("%s/%s.raw" % (folder, name))
    fields, rows, facts, last = read(stream)
    want([field.name for field in fields] == names, "other names")
    want([field.metadata["freehold.type"] for field in fields] == types, "other SQL types")
    want([field.says for field in fields] == [form_of(name) for name in types], "other types")
    want([field.metadata.get("ARROW:extension:name") for field in fields] == [EXTENSIONS.get(name) for name in types],
         "other extension types")
    want(facts == {"freehold.request": "fhr1request", "freehold.limited": '["\u00e9"]'}, "facts %r" % facts)
    want(last == {"freehold.receipt": "fhr1receipt"}, "facts at the end %r" % last)
    want(len(rows) == len(expected), "%d rows instead of %d" % (len(rows), len(expected)))
    for at, (row, should) in enumerate(zip(rows, expected)):
        want(row == should, "row %d is %r instead of %r" % (at, row, should))
    with open("%s/%s.broken" % (folder, name), "rb") as file:
        broken = file.read()
    want(0 < len(broken) < len(stream) and stream.startswith(broken), "what broke off is not its beginning")
    want(len(broken) % ALIGN != 0, "what broke off ends between two messages")
    return stream


def passes(stream):
    try:
        read(stream)
    except (Bad, struct.error, IndexError, UnicodeDecodeError):
        return False
    return True


def show(path):
    with open(path, "rb") as file:
        try:
            fields, rows, facts, last = read(file.read())
        except Bad as bad:
            sys.exit("%s: %s" % (path, bad))
    json.dump({"names": [field.name for field in fields], "types": [field.metadata["freehold.type"] for field in fields],
               "forms": [field.says for field in fields], "rows": rows, "facts": {**facts, **last}}, sys.stdout)


def main():
    if sys.argv[1] == "--print":
        show(sys.argv[2])
        return
    folder, names = sys.argv[1], sys.argv[2:]
    cut = 0
    for name in names:
        try:
            stream = check(folder, name)
        except Bad as bad:
            sys.exit("%s.arrow: %s" % (name, bad))
        if len(stream) < 50000:
            passing = [size for size in range(len(stream)) if size % 64 in (0, 8) and passes(stream[:size])]
            cut += len(stream)
            if passing:
                sys.exit("%s.arrow passes when it is cut at %s" % (name, passing))
    if cut == 0:
        sys.exit("no stream was cut")
    print("arrow_stream: %d streams are as they should be" % len(names))


main()
