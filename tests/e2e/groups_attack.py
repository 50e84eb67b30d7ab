#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ten members of one domain against a product that is shown by groups: they know of everybody where and when he
bought, put all their answers together, and want to know for how much.

    groups_attack.py data FILE                           writes the source; says how many persons it has
    groups_attack.py attack FILE --http PORT --tokens FILE [--cli PROGRAM HOME PEER] [--psql PORT] [--seed N]

An attack ends in one line of JSON: how many questions were answered and refused, how many persons' amounts it found
("isolated") and in which ways, and how many groups of too few it was told of ("small"). A person counts as found when the
amount is the true one: by solving all sums for single persons, or because it stands in an answer.
"""
import argparse
import csv
import http.client
import json
import random
import subprocess
import sys

REGIONS, MONTHS, CHANNELS, SIZE = 4, 3, 2, 5
TURN = 12
PEOPLE_OF_CELL = [1, 5, 2, 6, 3, 7, 4, 8]
PRIME = (1 << 61) - 1
CELLS = [(r, m, c) for r in range(REGIONS) for m in range(1, MONTHS + 1) for c in range(CHANNELS)]


def write_data(path):
    """Each person buys once or twice, in one cell; no two amounts of a person are those of another."""
    dice = random.Random(7)
    amounts = iter(dice.sample(range(10**8, 10**9), 1000))
    person, rows = 0, []
    for at, (region, month, channel) in enumerate(CELLS):
        for _ in range(PEOPLE_OF_CELL[at % len(PEOPLE_OF_CELL)]):
            person += 1
            for _ in range(1 + person % 2):
                when = f"2026-{month:02}-{dice.randrange(1, 29):02} {dice.randrange(24):02}:00:00"
                rows.append((person, f"r{region}", when, f"c{channel}", next(amounts), dice.randrange(1, 9)))
    dice.shuffle(rows)
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["person", "region", "placed", "channel", "amount", "pieces"])
        out.writerows(rows)
    print(person)


class World:
    """What the attackers know; and the amounts, to judge them by."""

    def __init__(self, path):
        with open(path, newline="") as file:
            self.rows = list(csv.DictReader(file))
        self.people = sorted({int(row["person"]) for row in self.rows})
        self.index = {person: at for at, person in enumerate(self.people)}
        self.truth = [0] * len(self.people)
        members = {}
        for row in self.rows:
            at = self.index[int(row["person"])]
            row["at"], row["amount"] = at, int(row["amount"])
            row["cell"] = (int(row["region"][1:]), int(row["placed"][5:7]), int(row["channel"][1:]))
            self.truth[at] += row["amount"]
            members.setdefault(row["cell"], set()).add(at)
        self.large = {cell for cell, who in members.items() if len(who) >= SIZE}
        self.single = {}
        for row in self.rows:
            self.single.setdefault(row["amount"], row["at"])
        for at, total in enumerate(self.truth):
            self.single.setdefault(total, at)


class Mesh:
    """The ways to ask; whose turn it is goes round, each for some questions: a worker is a member's own."""

    def __init__(self, options):
        self.tokens = open(options.tokens).read().split()
        self.options = options
        self.turn = self.answered = self.refused = 0

    def http(self, sql):
        token = self.tokens[self.turn // TURN % len(self.tokens)]
        self.turn += 1
        connection = http.client.HTTPConnection("127.0.0.1", self.options.http, timeout=60)
        connection.request("POST", "/v1/query", json.dumps({"sql": sql}),
                           {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        if answer.status != 200 and body.get("rule", "").startswith(("limit", "query.workers")):
            sys.exit(f"{answer.status}: {body}")  # not an answer to the question
        return self.count(body["rows"] if answer.status == 200 else None)

    def count(self, rows):
        self.answered += rows is not None
        self.refused += rows is None
        return rows

    def run(self, *command, **more):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, **more)
        rows = list(csv.reader(done.stdout.splitlines())) if done.returncode == 0 else None
        return self.count(rows)

    def cli(self, sql, *peer):
        program, home, _ = self.options.cli
        return self.run(program, "--home", home, "-o", "csv", "query", sql, *peer)

    def psql(self, statements):
        """All of them in one session; what is refused ends nothing."""
        token = self.tokens[self.turn // TURN % len(self.tokens)]
        return self.run("psql", "-X", "--csv", "-h", "127.0.0.1", "-p", str(self.options.psql), "-U",
                        token.split(".")[0], "-d", "mesh", *[word for sql in statements for word in ("-c", sql)],
                        env={"PGPASSWORD": token, "PATH": "/usr/bin:/bin"})


# ---- questions whose sums are of whole cells, and of anything ----


def words(column, values):
    return f"{column} IN ({', '.join(values)})"


def predicate(dice, depth=2):
    """SQL, and the same in Python: whether a cell is meant."""
    kind = dice.randrange(5 if depth > 0 else 3)
    if kind == 0:
        some = dice.sample(range(REGIONS), dice.randrange(1, REGIONS))
        return words("region", [f"'r{r}'" for r in some]), lambda cell: cell[0] in some
    if kind == 1:
        some = dice.sample(range(1, MONTHS + 1), dice.randrange(1, MONTHS))
        return words("month(placed)", [str(m) for m in some]), lambda cell: cell[1] in some
    if kind == 2:
        one = dice.randrange(CHANNELS)
        return f"channel = 'c{one}'", lambda cell: cell[2] == one
    a, first = predicate(dice, depth - 1)
    b, second = predicate(dice, depth - 1)
    if kind == 3:
        return f"({a} AND {b})", lambda cell: first(cell) and second(cell)
    return f"NOT ({a} OR {b})", lambda cell: not (first(cell) or second(cell))


class Sums:
    """Sums that were answered: of which rows it is, if all rows are there, and what it is."""

    def __init__(self, world):
        self.world, self.whole, self.cut = world, [], []

    def add(self, meant, value, whole=True):
        if value not in (None, ""):
            (self.whole if whole else self.cut).append((meant, int(value)))

    def solve(self, told, large_alone, cut):
        """Persons whose amount follows, by elimination modulo a prime."""
        world, pivots = self.world, {}
        for meant, value in self.whole + (self.cut if cut else []):
            line = [0] * len(world.people)
            for row in world.rows:
                if meant(row) and (not large_alone or row["cell"] in world.large):
                    line[row["at"]] = 1  # each question means all rows of a person, or none
            value %= PRIME
            for at in range(len(line)):
                if line[at] and at in pivots:
                    factor, (other, its) = line[at], pivots[at]
                    line = [(x - factor * y) % PRIME for x, y in zip(line, other)]
                    value = (value - factor * its) % PRIME
            lead = next((at for at, x in enumerate(line) if x), None)
            if lead is None:
                continue
            inverse = pow(line[lead], -1, PRIME)
            line, value = [x * inverse % PRIME for x in line], value * inverse % PRIME
            for at, (other, its) in pivots.items():
                if other[lead]:
                    factor = other[lead]
                    pivots[at] = ([(x - factor * y) % PRIME for x, y in zip(other, line)],
                                  (its - factor * value) % PRIME)
            pivots[lead] = (line, value)
        for at, (line, value) in pivots.items():
            if sum(1 for x in line if x) == 1 and value == world.truth[at]:
                told["by differences"].add(at)


def of_cells(test):
    return lambda row: test(row["cell"])


def ask_sums(world, mesh, dice, sums):
    """Sets, complements, trackers, parts, roll-ups."""
    sums.add(lambda row: True, (mesh.http("SELECT sum(amount) FROM shop.orders") or [[None]])[0][0])
    for _ in range(24):
        sql, test = predicate(dice)
        for where, meant in ((sql, test), (f"NOT ({sql})", lambda cell, test=test: not test(cell))):
            rows = mesh.http(f"SELECT sum(amount), count(*) FROM shop.orders WHERE {where}")
            if rows:
                sums.add(of_cells(meant), rows[0][0])
    for region, month, channel in CELLS[::2]:  # the tracker: everybody, and everybody but one cell
        rows = mesh.http("SELECT sum(amount) FROM shop.orders WHERE NOT (region = "
                         f"'r{region}' AND month(placed) = {month} AND channel = 'c{channel}')")
        cell = (region, month, channel)
        if rows:
            sums.add(of_cells(lambda other, cell=cell: other != cell), rows[0][0])
    for way in ("ROLLUP", "CUBE"):
        rows = mesh.http(f"SELECT region, month(placed), channel, sum(amount) FROM shop.orders GROUP BY {way} "
                         "(region, month(placed), channel)")
        for region, month, channel, value in rows or []:
            sums.add(of_cells(lambda cell, r=region, m=month, c=channel:
                              (r is None or r == f"r{cell[0]}") and (m is None or int(m) == cell[1]) and
                              (c is None or c == f"c{cell[2]}")), value)
    for person in dice.sample(world.people, 12):  # to the hour, as everybody knows it
        mine = [row for row in world.rows if row["at"] == world.index[person]]
        when = ", ".join(f"TIMESTAMP '{row['placed']}'" for row in mine)
        place = f"region = '{mine[0]['region']}' AND channel = '{mine[0]['channel']}' AND placed IN ({when})"
        for where, meant in ((place, True), (f"NOT ({place})", False)):
            rows = mesh.http(f"SELECT sum(amount) FROM shop.orders WHERE {where}")
            if rows:
                hours = {row["placed"] for row in mine}
                sums.add(lambda row, hours=hours, like=mine[0], meant=meant:
                         (row["placed"] in hours and row["region"] == like["region"] and
                          row["channel"] == like["channel"]) == meant, rows[0][0], whole=False)


# ---- questions that are after single rows ----

SINGLE = [
    "SELECT * FROM shop.orders",
    "SELECT person, amount FROM shop.orders",
    "SELECT amount FROM shop.orders ORDER BY amount DESC LIMIT 1",
    "SELECT min(amount), max(amount), median(amount), mode(amount) FROM shop.orders",
    "SELECT region, quantile_disc(amount, [0.0, 0.1, 0.5, 0.9, 1.0]) FROM shop.orders GROUP BY ALL",
    "SELECT region, list(amount) FROM shop.orders GROUP BY ALL",
    "SELECT string_agg(amount::VARCHAR, ' ') FROM shop.orders",
    "SELECT arg_max(amount, pieces), arg_min(amount, placed), first(amount), last(amount) FROM shop.orders",
    "SELECT amount FROM shop.orders USING SAMPLE 5 ROWS",
    "SELECT amount - lag(amount) OVER (ORDER BY amount), amount FROM shop.orders",
    "SELECT nth_value(amount, 3) OVER (ORDER BY amount) FROM shop.orders",
    "SELECT DISTINCT amount FROM shop.orders",
    "SELECT unnest(list(DISTINCT amount)) FROM shop.orders",
    "SELECT amount, count(*) FROM shop.orders GROUP BY amount HAVING count(*) = 1",
    "SELECT sum(amount) FILTER (WHERE amount > 900000000) FROM shop.orders",
    "SELECT sum(CASE WHEN pieces = 1 THEN amount END) FROM shop.orders",
    "SELECT o.amount FROM shop.orders o JOIN shop.orders p ON o.placed = p.placed AND o.amount <> p.amount",
    "SELECT sum(amount) FROM shop.orders GROUP BY person",
    "SELECT sum(amount) FROM shop.orders GROUP BY placed, region, channel",
    "SELECT sum(amount) FROM shop.orders GROUP BY ALL HAVING count(DISTINCT person) = 1",
    "FROM (SELECT region, placed, channel, amount FROM shop.orders) PIVOT (sum(amount) FOR channel IN ('c0', 'c1'))",
    "SELECT histogram(amount) FROM shop.orders",
    "SELECT max_by(amount, hash(amount)), bit_xor(amount) FROM shop.orders",
]


def numbers(value):
    """All whole numbers that stand in an answer."""
    if isinstance(value, list):
        return [n for part in value for n in numbers(part)]
    text, found, digits = str(value), [], ""
    for letter in text + " ":
        if letter.isdigit():
            digits += letter
        elif digits:
            found.append(int(digits))
            digits = ""
    return found


def look(world, rows, told):
    for number in numbers(rows or []):
        if number in world.single:
            told["in an answer"].add(world.single[number])


def bisect(mesh, region):
    """The largest amount of a region, by yes and no."""
    low, high = 0, 10**9
    while low < high:
        middle = (low + high + 1) // 2
        rows = mesh.http(f"SELECT count(*) > 0 FROM shop.orders WHERE region = '{region}' AND amount >= {middle}")
        low, high = (middle, high) if rows and rows[0][0] in (True, "true") else (low, middle - 1)
    return low


def count_small(mesh):
    rows = mesh.http("SELECT region, month(placed), channel, count(DISTINCT amount), count(*) FROM shop.orders "
                     "GROUP BY ALL")
    sizes = {cell: PEOPLE_OF_CELL[at % len(PEOPLE_OF_CELL)] for at, cell in enumerate(CELLS)}
    seen = [(int(r[1:]), int(m), int(c[1:])) for r, m, c, _, _ in rows]
    return sum(1 for cell in seen if sizes[cell] < SIZE), len(seen)


# ---- with tables of others ----


def ask_joins(world, mesh, sums, told):
    """museum.known has a line for each cell, with its weight: sums over what is joined are sums over cells."""
    for at, cell in list(enumerate(CELLS))[::2]:
        sql = ("SELECT sum(o.amount) FROM shop.orders o JOIN museum.known k ON o.region = k.region AND "
               f"month(o.placed) = k.month AND o.channel = k.channel WHERE k.weight {'=' if at % 4 else '<>'} {at}")
        rows = mesh.http(sql) if at % 8 > 0 else (mesh.cli(sql) or [])[1:]
        if rows and rows[0]:
            sums.add(of_cells(lambda other, cell=cell, at=at: (other == cell) == (at % 4 > 0)), rows[0][0])
    for sql in ("SELECT k.weight, o.amount FROM shop.orders o, museum.known k WHERE o.region = k.region",
                "SELECT k.weight, max(o.amount) FROM shop.orders o JOIN museum.known k USING (region) GROUP BY 1",
                "SELECT o.person FROM shop.orders o, museum.known k",
                "SELECT o.amount FROM museum.known k POSITIONAL JOIN shop.orders o"):
        look(world, mesh.http(sql), told)
    _, _, owner = mesh.options.cli
    for sql in ("SELECT o.amount FROM shop.orders o JOIN museum.known k USING (region, channel)",
                "SELECT max(o.amount) FROM shop.orders o, museum.known k"):
        look(world, mesh.cli(sql, "--peer", owner), told)


def attack(options):
    world, mesh, dice = World(options.file), Mesh(options), random.Random(options.seed)
    sums, told = Sums(world), {"by differences": set(), "in an answer": set()}
    ask_sums(world, mesh, dice, sums)
    for sql in SINGLE:
        look(world, mesh.http(sql), told)
    look(world, [[bisect(mesh, "r2")]], told)
    if options.cli:
        ask_joins(world, mesh, sums, told)
        look(world, mesh.cli(SINGLE[0]), told)
        look(world, mesh.cli(SINGLE[3], "--peer", options.cli[2]), told)
    if options.psql:
        look(world, mesh.psql(SINGLE[:6] + ["COPY (SELECT * FROM shop.orders) TO STDOUT"]), told)
    for large_alone in (False, True):
        for cut in (False, True):
            sums.solve(told, large_alone, cut)
    small, groups = count_small(mesh)
    ways = {way: len(who) for way, who in told.items()}
    print(json.dumps({"isolated": len(set.union(*told.values())), "ways": ways, "small": small, "groups": groups,
                      "people": len(world.people), "answered": mesh.answered, "refused": mesh.refused,
                      "sums": len(sums.whole) + len(sums.cut)}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["data", "attack"])
    parser.add_argument("file")
    parser.add_argument("--http", type=int)
    parser.add_argument("--tokens")
    parser.add_argument("--cli", nargs=3)
    parser.add_argument("--psql", type=int)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    if options.what == "data":
        write_data(options.file)
    else:
        print(f"seed {options.seed}", file=sys.stderr)
        attack(options)


main()
