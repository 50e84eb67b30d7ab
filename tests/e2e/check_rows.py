# SPDX-License-Identifier: Apache-2.0
"""Rows against a JSON Schema that `contract export` made.

    check_rows.py SCHEMA.json ROWS.json [PATH=VALUE ...]

Every row must be accepted. Each PATH=VALUE replaces the value of that column in the first row (a
VALUE of "-" removes it), and the changed row must be refused. Knows the keywords that the export
writes, and fails on one that it does not know.
"""
import json
import re
import sys

TYPES = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and v == int(v),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
}
NOTES = {"$schema", "title", "description", "examples", "format", "$defs"}


def same(a, b):
    return type(a) is type(b) and a == b or (TYPES["number"](a) and TYPES["number"](b) and a == b)


def fits_children(schema, value, root):
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for key, child in value.items():
            rule = known.get(key, schema.get("additionalProperties", {}))
            if not fits(rule, child, root) or not fits(schema.get("propertyNames", {}), key, root):
                return False
        return all(key in value for key in schema.get("required", []))
    if isinstance(value, list):
        return all(fits(schema.get("items", {}), child, root) for child in value)
    return True


def fits(schema, value, root):
    checks = {
        "type": lambda t: any(TYPES[x](value) for x in (t if isinstance(t, list) else [t])),
        "enum": lambda e: any(same(x, value) for x in e),
        "minimum": lambda n: not TYPES["number"](value) or value >= n,
        "maximum": lambda n: not TYPES["number"](value) or value <= n,
        "exclusiveMinimum": lambda n: not TYPES["number"](value) or value > n,
        "exclusiveMaximum": lambda n: not TYPES["number"](value) or value < n,
        "multipleOf": lambda n: not TYPES["number"](value) or (value / n) == int(value / n),
        "minLength": lambda n: not isinstance(value, str) or len(value) >= n,
        "maxLength": lambda n: not isinstance(value, str) or len(value) <= n,
        "pattern": lambda p: not isinstance(value, str) or re.search(p, value) is not None,
        "minItems": lambda n: not isinstance(value, list) or len(value) >= n,
        "maxItems": lambda n: not isinstance(value, list) or len(value) <= n,
        "uniqueItems": lambda u: not isinstance(value, list)
        or not u
        or len({json.dumps(x) for x in value}) == len(value),
        "minProperties": lambda n: not isinstance(value, dict) or len(value) >= n,
        "maxProperties": lambda n: not isinstance(value, dict) or len(value) <= n,
        "anyOf": lambda s: any(fits(x, value, root) for x in s),
        "$ref": lambda r: fits(root["$defs"][r.rsplit("/", 1)[1]], value, root),
        "properties": lambda _: fits_children(schema, value, root),
        "items": lambda _: fits_children(schema, value, root),
        "additionalProperties": lambda _: fits_children(schema, value, root),
        "propertyNames": lambda _: True,
        "required": lambda _: fits_children(schema, value, root),
    }
    return all(keyword in NOTES or checks[keyword](rule) for keyword, rule in schema.items())


def main():
    schema = json.load(open(sys.argv[1]))
    rows = json.load(open(sys.argv[2]))
    assert rows, "no rows"
    for row in rows:
        assert fits(schema, row, schema), f"refused: {row}"
    for change in sys.argv[3:]:
        path, text = change.split("=", 1)
        row = json.loads(json.dumps(rows[0]))
        where, *deeper = path.split(".")
        target = row
        for key in deeper:
            target, where = target[where], key
        if text == "-":
            del target[where]
        else:
            target[where] = json.loads(text)
        assert not fits(schema, row, schema), f"accepted with {change}"
    print(f"{len(rows)} rows, {len(sys.argv) - 3} changes")


main()
