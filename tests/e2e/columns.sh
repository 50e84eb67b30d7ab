#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Answers as Arrow streams and Parquet files from real nodes, by the command and over HTTP: the same rows as CSV, of
# every type, of a masked product and of a join; what they say of themselves; and that nothing that broke off looks
# whole.
# shellcheck source=tests/e2e/common.sh
source "$1/tests/e2e/common.sh"

make_product orders 40000
make_product visits 300
make_mesh shop museum
prints 'shop/orders@1.0.0' fh shop product publish "$data/orders.odcs.yaml"
prints 'museum/visits@1.0.0' fh museum product publish "$data/visits.odcs.yaml"
until_true 10 "the product at museum" finds museum 2
until_true 10 "the product at shop" finds shop 2
url=http://127.0.0.1:$((port + 3))
open_door museum "http_listen: ${url#*//}"
until_true 10 "the products at museum" finds museum 2
until_true 20 "all that the door needs" curl --fail --silent "$url/readyz"
succeeds fh museum -o csv token create --until 1h
token=$(column token)

# stream FILE: what an Arrow stream holds, by a decoder that knows the specification alone, as JSON.
stream()
{
    python3 -B "$source_folder/tests/columns/arrow_stream.py" --print "$1"
}
# in_duckdb SQL: its answer by DuckDB alone, as CSV.
in_duckdb()
{
    echo "SET TimeZone = 'UTC'" >"$work/views.sql"
    echo "$1" >"$work/duckdb.sql"
    "$bin/fh-direct" "$work/views.sql" "$work" "$work/duckdb.sql"
}

# fetch FORMAT FILE SQL: asks museum over HTTP.
fetch()
{
    python3 -c 'import json, sys; print(json.dumps({"sql": sys.argv[1], "stream": True}))' "$3" >"$work/body.json"
    curl --fail-with-body --silent --show-error "$url/v1/query?format=$1" --header "Authorization: Bearer $token" \
        --json "@$work/body.json" --output "$2"
}
# rows FILE: of an Arrow stream; of a Parquet file, as DuckDB has them.
rows()
{
    case "$1" in
    *.arrow) stream "$1" | python3 -c 'import json, sys; [print(json.dumps(row)) for row in json.load(sys.stdin)["rows"]]' ;;
    *) in_duckdb "SELECT * FROM read_parquet('$1')" ;;
    esac
}

# both SQL: the same answer at museum in three formats, as $work/answer.*; stream.json says what the stream holds.
# Over HTTP it is no other.
both()
{
    local format
    for format in csv arrow parquet; do
        succeeds fh museum -o "$format" query --stream --out "$work/answer.$format" "$1"
        [[ ! -s $work/out ]] || fail "data on standard output beside --out"
    done
    stream "$work/answer.arrow" >"$work/stream.json"
    for format in arrow parquet; do
        fetch "$format" "$work/fetched.$format" "$1" || fail "HTTP: $(cat "$work/fetched.$format")"
        cmp <(rows "$work/answer.$format" | sort) <(rows "$work/fetched.$format" | sort) >&2 || fail "$format over HTTP differs: $1"
    done
}

say "- every type, as CSV has it"
cat >"$work/types.sql" <<'SQL'
SELECT CASE WHEN i = 3 THEN NULL ELSE i % 2 = 0 END AS "BOOLEAN", (i - 5)::TINYINT AS "TINYINT",
    (i * -3000)::SMALLINT AS "SMALLINT", CASE WHEN i = 4 THEN NULL ELSE (i * -1000000)::INTEGER END AS "INTEGER",
    i * -1000000000000 AS "BIGINT", (i * 20)::UTINYINT AS "UTINYINT", (i * 6000)::USMALLINT AS "USMALLINT",
    (i * 400000000)::UINTEGER AS "UINTEGER", (i::HUGEINT * 1800000000000000000)::UBIGINT AS "UBIGINT",
    i::HUGEINT * -1234567890123456789012345678901234567 AS "HUGEINT", (i / 8)::FLOAT AS "FLOAT", (i / 7)::DOUBLE AS "DOUBLE",
    (i * 1.5 - 3)::DECIMAL(5,2) AS "DECIMAL(5,2)", (i * -100000000)::DECIMAL(18,4) AS "DECIMAL(18,4)",
    (i::HUGEINT * -1234567890123456789012345)::DECIMAL(38,3) AS "DECIMAL(38,3)",
    CASE WHEN i = 5 THEN NULL ELSE 'text é ' || (i % 3) END AS "VARCHAR", unhex('00FF' || lpad(i::VARCHAR, 2, '0')) AS "BLOB",
    ('{"i": ' || i || '}')::JSON AS "JSON", DATE '1970-01-01' + (i * 1000 - 3000)::INTEGER AS "DATE",
    TIME '00:00:00' + to_microseconds(i * 1000000000 + 1) AS "TIME",
    TIMESTAMP '1969-12-31 00:00:00' + to_microseconds(i * 10000000001) AS "TIMESTAMP",
    (TIMESTAMP '1969-12-31 00:00:00' + to_seconds(i * 12345))::TIMESTAMP_S AS "TIMESTAMP_S",
    (TIMESTAMP '1969-12-31 00:00:00' + to_milliseconds(i * 12345678))::TIMESTAMP_MS AS "TIMESTAMP_MS",
    (TIMESTAMP '1969-12-31 00:00:00' + to_milliseconds(i * 12345678))::TIMESTAMP_NS AS "TIMESTAMP_NS",
    (TIMESTAMP '1969-12-31 00:00:00' + to_milliseconds(i * 12345678))::TIMESTAMPTZ AS "TIMESTAMP WITH TIME ZONE",
    to_months((i - 5)::INTEGER) + to_days((3 - i)::INTEGER) + to_microseconds(i * 1000001) AS "INTERVAL",
    ('0123456' || i || '-89ab-cdef-0123-456789abcdef')::UUID AS "UUID"
FROM (SELECT id - 1 AS i FROM shop.orders WHERE id <= 10) AS n ORDER BY i
SQL
both "$(<"$work/types.sql")"
# DuckDB's own CSV of the Parquet file is the CSV of the answer.
in_duckdb "SELECT COLUMNS(*)::VARCHAR FROM read_parquet('$work/answer.parquet')" >"$work/duckdb.csv"
python3 - "$work" <<'PYTHON'
import csv, datetime, json, struct, sys

work = sys.argv[1]

def rows(name):
    with open("%s/%s" % (work, name), encoding="utf-8", newline="") as file:
        return list(csv.reader(file))

epoch = datetime.datetime(1970, 1, 1)
units = {"TIMESTAMP_S": 1000000, "TIMESTAMP_MS": 1000, "TIMESTAMP": 1, "TIMESTAMP WITH TIME ZONE": 1, "TIMESTAMP_NS": 0.001}

def moment(text):
    text = text.replace("+00", "")
    return datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f" if "." in text else "%Y-%m-%d %H:%M:%S")

def same(kind, raw, text):
    if raw is None:
        return text == ""
    if kind == "BOOLEAN":
        return ["false", "true"][int(raw)] == text
    if kind.startswith("DECIMAL"):
        digits = int(kind[:-1].split(",")[1])
        return len(text) - text.index(".") - 1 == digits and int(raw) == int(text.replace(".", ""))
    if kind in ("FLOAT", "DOUBLE"):
        return struct.unpack(">d", bytes.fromhex(raw))[0] == float(text)
    if kind == "DATE":
        return str(epoch.date() + datetime.timedelta(int(raw))) == text
    if kind == "TIME":
        return str((epoch + datetime.timedelta(microseconds=int(raw))).time()) == text
    if kind in units:
        return epoch + datetime.timedelta(microseconds=int(int(raw) * units[kind])) == moment(text)
    if kind == "INTERVAL":
        months, days, nanos = map(int, raw.split())
        said = dict(zip(text.split()[1::2], map(int, text.split()[::2]))) if ":" not in text else None
        return nanos % 1000000 == nanos // 1000000000 * 1000 if said is None else (months, days) == (said["months"], said["days"])
    if kind == "UUID":
        return raw == text.replace("-", "")
    if kind == "BLOB":
        return text == r"\x00\xFF\x" + raw[4:].upper()
    return raw == text

answer, duckdb, stream = rows("answer.csv"), rows("duckdb.csv"), json.load(open(work + "/stream.json", encoding="utf-8"))
assert len(answer) == 11 and answer == duckdb, (answer, duckdb)
assert stream["names"] == stream["types"] == answer[0], stream["types"]
for row, cells in zip(stream["rows"], answer[1:]):
    for kind, raw, text in zip(stream["types"], row, cells):
        assert same(kind, raw, text), (kind, raw, text)
PYTHON

# facts PYTHON: holds of the facts of the stream, and DuckDB finds the same in the file.
facts()
{
    in_duckdb "SELECT to_json(map_from_entries(list((key::VARCHAR, replace(value::VARCHAR, '\\x22', '\"')))))::VARCHAR AS facts
        FROM parquet_kv_metadata('$work/answer.parquet')" >"$work/facts.csv"
    python3 - "$work" "$1" <<'PYTHON'
import csv, json, sys
work, condition = sys.argv[1:]
stream = json.load(open(work + "/stream.json", encoding="utf-8"))["facts"]
with open(work + "/facts.csv", encoding="utf-8", newline="") as file:
    table = json.loads(list(csv.reader(file))[1][0])
for facts in stream, table:
    receipt, request = facts.pop("freehold.receipt"), facts.pop("freehold.request")
    assert receipt.startswith("fhr1") and request.startswith("fhr1") and receipt != request, (receipt, request)
assert stream.keys() == table.keys(), (stream, table)
facts, sources = stream, json.loads(stream["freehold.sources"])
assert eval("(%s)" % condition), facts
PYTHON
}
facts 'facts["freehold.products"] == "shop/orders@1.0.0" and facts["freehold.owner"] == "shop"
    and facts["freehold.rows"] == "10" and len(sources) == 1 and sources[0]["table"] == "orders"
    and sources[0]["contract"].startswith("fhr1") and "freehold.policy" not in facts and "freehold.limited" not in facts'

say "- many batches, and none"
both 'SELECT * FROM shop.orders'
in_duckdb "SELECT count(*) AS rows, sum(id)::BIGINT AS ids, count(DISTINCT item) AS items FROM '$work/answer.parquet'" >"$work/sums"
[[ $(<"$work/sums") == $'rows,ids,items\n40000,800020000,10' ]] || fail "the Parquet file holds $(<"$work/sums")"
python3 - "$work" <<'PYTHON' || fail "the stream does not hold the rows of the CSV"
import csv, json, struct, sys
rows = json.load(open(sys.argv[1] + "/stream.json", encoding="utf-8"))["rows"]
with open(sys.argv[1] + "/answer.csv", encoding="utf-8", newline="") as file:
    expected = [[row["id"], row["item"], struct.pack(">d", float(row["price"])).hex()] for row in csv.DictReader(file)]
assert len(rows) == 40000 and sorted(rows) == sorted(expected)
PYTHON
both 'SELECT * FROM shop.orders WHERE id < 0'
facts 'facts["freehold.rows"] == "0"'
[[ $(in_duckdb "SELECT count(*) AS n FROM '$work/answer.parquet'") == $'n\n0' ]] || fail "an empty file is not"

say "- a join of two owners, and a product that is masked"
both 'SELECT o.id, v.price FROM shop.orders o JOIN museum.visits v USING (id)'
facts 'sorted(facts["freehold.products"].split()) == ["museum/visits@1.0.0", "shop/orders@1.0.0"] and len(sources) == 2
    and facts["freehold.rows"] == "300"'
enforce 1.0.0 'mask:
  - {columns: item, method: hash}'
sees_masked()
{
    fh museum -o csv query 'SELECT DISTINCT item FROM shop.orders ORDER BY item' >"$work/masked.csv"
    ! grep -q market "$work/masked.csv"
}
until_true 20 "the mask at museum" sees_masked
both 'SELECT DISTINCT item FROM shop.orders ORDER BY item'
facts 'facts["freehold.policy"].startswith("fhr1") and json.loads(facts["freehold.limited"]) ==
    [{"domain": "shop", "product": "orders", "table": "orders", "masked": "item", "filtered": False,
      "group_size": 0}]'
in_duckdb "SELECT item FROM '$work/answer.parquet'" >"$work/masked.duckdb"
diff "$work/masked.csv" "$work/masked.duckdb" >&2 || fail "the masked column is not what CSV has"

say "- refused"
query='SELECT 1 AS one'
for format in arrow parquet; do
    refused 2 "-o $format goes with" -- fh shop -o "$format" product list
    echo old >"$work/kept"
    refused 1 'rule: columns.value' 'column wide:' 'CAST' -- fh museum -o "$format" query --out "$work/kept" \
        "SELECT 170141183460469231731687303715884105727::HUGEINT AS wide FROM shop.orders LIMIT 1"
    [[ $(<"$work/kept") == old ]] || fail "a failed answer took the place of a file"
    refused 1 'rule: sql.' -- fh museum -o "$format" query "SELECT nothing FROM shop.orders"
    refused 1 'cannot write' -- fh museum -o "$format" query "$query" --out "$work/nowhere/file"
    status=0
    python3 - "$bin/freehold" "$work/museum/home" "$format" "$query" >"$work/pty" <<'PYTHON' || status=$?
import os, pty, sys
program, home, format, query = sys.argv[1:]
status = pty.spawn([program, "--home", home, "-o", format, "query", query])
sys.exit(os.waitstatus_to_exitcode(status))
PYTHON
    ((status == 2)) || fail "a terminal gets $format: $status"
    grep -q 'not for a terminal' "$work/pty" || fail "a terminal is not told: $(<"$work/pty")"
    ! grep -qaE 'ARROW|PAR1' "$work/pty" || fail "a terminal gets $format"
done
[[ -z $(find "$work" -maxdepth 1 -name 'kept.*') ]] || fail "a part of an answer that failed is left"

say "- what breaks off does not look whole"
one='SELECT id FROM shop.orders LIMIT 1'
endless='SELECT a.* FROM shop.orders a, shop.orders b'
mkfifo "$work/pipe"
# cut NAME COMMAND...: the command writes an answer to the pipe, shop is killed in the middle of it.
cut()
{
    local name=$1 status=0 client
    shift
    timeout 50 "$@" >"$work/pipe" 2>"$work/err" </dev/null &
    client=$!
    exec {pipe}<"$work/pipe"
    head -c 2000000 <&"$pipe" >"$work/cut.$name"
    kill_node shop
    cat <&"$pipe" >>"$work/cut.$name"
    exec {pipe}<&-
    wait "$client" || status=$?
    start_node shop
    until_true 30 "an answer of shop after its restart" fh museum -o csv query "$one"
    until_true 30 "the same over HTTP, whose door had a session with it" fetch arrow "$work/one.arrow" "$one"
    return "$status"
}
for format in arrow parquet; do
    status=0
    cut "command.$format" "$bin/freehold" --home "$work/museum/home" -o "$format" query --stream "$endless" || status=$?
    ((status == 3)) || fail "exit code $status instead of 3: $(<"$work/err")"
    grep -q 'the answer is incomplete' "$work/err" || fail "not called incomplete: $(<"$work/err")"
    status=0
    echo "{\"sql\": \"$endless\", \"stream\": true}" >"$work/body.json"
    cut "http.$format" curl --fail --silent --show-error "$url/v1/query?format=$format" \
        --header "Authorization: Bearer $token" --json "@$work/body.json" || status=$?
    ((status == 18)) || fail "curl ends with $status instead of 18, a part of a file: $(<"$work/err")"
done
for way in command http; do
    ! stream "$work/cut.$way.arrow" >"$work/out" 2>"$work/err" || fail "a stream that broke off passes"
    grep -q 'the stream has no end\|cut short' "$work/err" || fail "other than incomplete: $(<"$work/err")"
    ! in_duckdb "SELECT count(*) FROM '$work/cut.$way.parquet'" >"$work/out" 2>"$work/err" || fail "DuckDB reads half a file"
done
