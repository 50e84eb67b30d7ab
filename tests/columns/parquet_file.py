#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Has DuckDB read Parquet files and compares them with what their writer meant.

    parquet_file.py FH_DIRECT FOLDER NAME...

FH_DIRECT is tests/e2e/direct.c, DuckDB alone. For each NAME in the folder, NAME.parquet must hold the rows
of NAME.text as DuckDB prints them, under the types that tools/columns/parquet.h promises, with the facts of
the answer; a file that lacks its last byte, or its footer, must not be readable.
"""

import csv
import io
import json
import os
import subprocess
import sys

# What DuckDB makes of a column of that SQL type.
FORMS = {
    "HUGEINT": "DECIMAL(38,0)",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "INTERVAL": "VARCHAR",
}
FACTS = [
    ["freehold.request", "fhr1request"],
    ["freehold.limited", '[\\x22\\xC3\\xA9\\x22]'],
    ["freehold.receipt", "fhr1receipt"],
]


def ask(direct, folder, sql):
    """Rows of one column, or what DuckDB has against it."""
    views, query = "%s/views.sql" % folder, "%s/query.sql" % folder
    with open(views, "w", encoding="utf-8") as file:
        file.write("SET TimeZone = 'UTC'")
    with open(query, "w", encoding="utf-8") as file:
        file.write(sql)
    done = subprocess.run([direct, views, folder, query], capture_output=True, check=False)
    if done.returncode != 0:
        return None, done.stderr.decode()
    csv.field_size_limit(2**30)
    return [row[0] for row in csv.reader(io.StringIO(done.stdout.decode(), newline=""))][1:], None


def lines(direct, folder, sql):
    rows, error = ask(direct, folder, sql)
    if error is not None:
        sys.exit("%s: %s" % (sql, error))
    return [json.loads(row) for row in rows]


def check(direct, folder, name):
    file = "'%s/%s.parquet'" % (folder, name)
    with open("%s/%s.text" % (folder, name), encoding="utf-8") as text:
        names = json.loads(next(text))
        expected = [json.loads(line) for line in text]
    with open("%s/%s.raw" % (folder, name), encoding="utf-8") as raw:
        types = json.loads(raw.readlines()[1])
    rows = lines(direct, folder, "SELECT to_json(list_value(*COLUMNS(*)))::VARCHAR FROM "
                 "(SELECT COLUMNS(*)::VARCHAR FROM read_parquet(%s))" % file)
    if len(rows) != len(expected):
        sys.exit("%s: %d rows instead of %d" % (file, len(rows), len(expected)))
    for at, (row, should) in enumerate(zip(rows, expected)):
        if row != should:
            sys.exit("%s: row %d is %r instead of %r" % (file, at, row, should))
    schema = lines(direct, folder, "SELECT to_json([name, duckdb_type, repetition_type])::VARCHAR "
                   "FROM parquet_schema(%s) WHERE num_children IS NULL" % file)
    should = [[name, FORMS.get(kind, kind), "OPTIONAL"] for name, kind in zip(names, types)]
    if schema != should:
        sys.exit("%s: columns %r instead of %r" % (file, schema, should))
    facts = lines(direct, folder, "SELECT to_json([key::VARCHAR, value::VARCHAR])::VARCHAR "
                  "FROM parquet_kv_metadata(%s)" % file)
    if facts != FACTS:
        sys.exit("%s: facts %r instead of %r" % (file, facts, FACTS))
    return len(rows)


def groups(direct, folder, name):
    """Rows of each row group, the encodings of its columns, the nulls that its statistics count."""
    return lines(direct, folder, "SELECT to_json({'rows': any_value(row_group_num_rows), 'encodings': "
                 "list(encodings ORDER BY column_id), 'nulls': sum(stats_null_count)})::VARCHAR "
                 "FROM parquet_metadata('%s/%s.parquet') GROUP BY row_group_id ORDER BY row_group_id" % (folder, name))


def check_groups(direct, folder):
    """A full group is sent before the end; a dictionary that is full gives way to plain values."""
    plain = groups(direct, folder, "plain")
    if len(plain) < 2 or any("RLE_DICTIONARY" not in encodings for g in plain for encodings in g["encodings"]):
        sys.exit("plain.parquet: row groups %r" % plain)
    with open("%s/plain.raw" % folder, encoding="utf-8") as raw:
        nulls = sum(json.loads(line).count(None) for line in raw.readlines()[2:])
    if sum(group["nulls"] for group in plain) != nulls:
        sys.exit("plain.parquet: the statistics do not count %d nulls: %r" % (nulls, plain))
    many = groups(direct, folder, "many")
    if not all(encodings == "RLE, PLAIN, RLE_DICTIONARY" for encodings in many[0]["encodings"]):
        sys.exit("many.parquet: row groups %r" % many)
    if groups(direct, folder, "empty"):
        sys.exit("empty.parquet has row groups")


def check_cut(direct, folder):
    """Nobody takes a file without its footer for a whole one."""
    with open("%s/types.parquet" % folder, "rb") as file:
        whole = file.read()
    footer = int.from_bytes(whole[-8:-4], "little")
    for size in (len(whole) - 1, len(whole) - 8, len(whole) - 8 - footer, len(whole) // 2, 4, 0):
        with open("%s/cut.parquet" % folder, "wb") as file:
            file.write(whole[:size])
        if ask(direct, folder, "SELECT count(*) FROM read_parquet('%s/cut.parquet')" % folder)[1] is None:
            sys.exit("DuckDB reads %d bytes of %d" % (size, len(whole)))
    os.remove("%s/cut.parquet" % folder)


def main():
    direct, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    rows = sum(check(direct, folder, name) for name in names)
    check_groups(direct, folder)
    check_cut(direct, folder)
    print("parquet_file: DuckDB reads %d files of %d rows as they should be" % (len(names), rows))


main()
