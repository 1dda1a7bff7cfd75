"""Rows on both sides of the loop, compared one by one.

The near side is read by this file alone (its own CSV and ILP readers), so that it shares no bug with the client or
the server. A row is a tuple of canonical values in the order of its table's sorted column names; rows are compared
as multisets, so a row that the source holds twice must arrive twice.
"""

import collections
import csv
import datetime
import json
import urllib.error
import urllib.parse
import urllib.request

PAGE = 20_000
TIMESTAMP = "timestamp"  # the designated timestamp column of a table that ILP creates
NULLS = ("", "NA")


def canonical_time(text):
    """2013-01-01T10:00:00Z and 2013-01-01T10:00:00.000000Z are the same moment."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return f"{seconds}.{fraction:0<9}"


def canonical_nanos(nanos):
    moment = datetime.datetime.fromtimestamp(nanos // 10**9, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanos % 10**9:09d}"


class Table:
    """A multiset of rows with the same columns."""

    def __init__(self, columns):
        self.columns = sorted(columns)
        self.rows = collections.Counter()

    def add(self, values):
        self.rows[tuple(map(values.get, self.columns))] += 1

    def total(self):
        return sum(self.rows.values())


# ---- the near side


def as_double(text):
    try:
        return float(text)
    except ValueError:
        return None


def from_csv(path, timestamp=None, texts=()):
    """The table that `questclient send --csv` makes of a file: double where every value is a number, else text.
    (Numbers that a double would change, which become long or text there, are none of ours.)"""
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        header = next(reader)
        records = [record for record in reader if record]
    time_index = header.index(timestamp) if timestamp else None
    converters = []
    for index, name in enumerate(header):
        if index == time_index:
            converters.append(canonical_time)
        elif name not in texts and all(r[index] in NULLS or as_double(r[index]) is not None for r in records):
            converters.append(float)
        else:
            converters.append(str)
    names = [TIMESTAMP if index == time_index else name for index, name in enumerate(header)]
    table = Table(names)
    order = sorted(range(len(names)), key=names.__getitem__)
    for record in records:
        table.rows[tuple(None if record[i] in NULLS else converters[i](record[i]) for i in order)] += 1
    return table


def split_unescaped(text, separator):
    """Splits at `separator` outside quotes and not behind a backslash."""
    parts, start, quoted, index = [], 0, False, 0
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 1
        elif char == '"':
            quoted = not quoted
        elif char == separator and not quoted:
            parts.append(text[start:index])
            start = index + 1
        index += 1
    return parts + [text[start:]]


def unescape(text):
    out, index = [], 0
    while index < len(text):
        if text[index] == "\\":
            index += 1
        out.append(text[index])
        index += 1
    return "".join(out)


def field_value(text):
    if text.startswith('"'):
        return unescape(text[1:-1])
    if text in ("t", "T", "f", "F"):
        return text in ("t", "T")
    if text.endswith("i"):
        return int(text[:-1])
    if text.endswith("t"):
        return canonical_nanos(int(text[:-1]) * 1000)
    return float(text)


def parse_ilp_line(line):
    """One line of ILP version 1 with a timestamp: (table, {column: value})."""
    series, fields, stamp = split_unescaped(line, " ")
    table, *tags = split_unescaped(series, ",")
    values = {}
    for tag in tags:
        name, value = split_unescaped(tag, "=")
        values[unescape(name)] = unescape(value)
    for field in split_unescaped(fields, ","):
        name, value = split_unescaped(field, "=")
        values[unescape(name)] = field_value(value)
    values[TIMESTAMP] = canonical_nanos(int(stamp))
    return unescape(table), values


def from_ilp(lines):
    """{table: Table} of ILP version 1 text; the rows of a table may have different columns."""
    parsed = collections.defaultdict(list)
    for line in lines:
        if line:
            name, values = parse_ilp_line(line)
            parsed[name].append(values)
    tables = {}
    for name, rows in parsed.items():
        tables[name] = Table({column for row in rows for column in row})
        for row in rows:
            tables[name].add(row)
    return tables


# ---- the far side


class QueryFailed(Exception):
    pass


def execute(address, sql):
    url = f"http://{address}/exec?query={urllib.parse.quote(sql)}"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise QueryFailed(f"{address} refused {sql!r}: {error.read().decode(errors='replace')}") from error


def far_converter(kind):
    if kind in ("TIMESTAMP", "TIMESTAMP_NS"):
        return canonical_time
    if kind == "DOUBLE":
        return float
    return lambda value: value


def fetch(address, name):
    """Every row of a table on one node."""
    quoted = '"' + name.replace('"', '""') + '"'
    table, offset = None, 0
    while True:
        page = execute(address, f"SELECT * FROM {quoted} LIMIT {PAGE} OFFSET {offset}")
        if table is None:
            table = Table([column["name"] for column in page["columns"]])
        names = [column["name"] for column in page["columns"]]
        converters = [far_converter(column["type"]) for column in page["columns"]]
        order = sorted(range(len(names)), key=names.__getitem__)
        for row in page["dataset"]:
            table.rows[tuple(None if row[i] is None else converters[i](row[i]) for i in order)] += 1
        offset += len(page["dataset"])
        if len(page["dataset"]) < PAGE:
            return table


class Difference:
    """What became of the rows of one table on one node."""

    def __init__(self, sent, arrived):
        if sent.columns != arrived.columns:
            unlike = set(sent.columns) ^ set(arrived.columns)
            raise AssertionError(f"the columns differ: {sorted(unlike)} stand on one side only")
        self.counted = arrived.total()
        missing = sent.rows - arrived.rows
        surplus = arrived.rows - sent.rows
        self.twice = sum(count for row, count in surplus.items() if row in sent.rows)
        self.differ = sum(count for row, count in surplus.items() if row not in sent.rows)
        self.lost = max(0, sum(missing.values()) - self.differ)
        self.examples = list(missing)[:3] + list(surplus)[:3]


def column_sums(table):
    """{column: (values that are not NULL, their sum or, for text, their total length)}."""
    sums = {}
    for index, name in enumerate(table.columns):
        count, total = 0, 0.0
        for row, times in table.rows.items():
            value = row[index]
            if value is not None:
                count += times
                total += times * (len(value) if isinstance(value, str) else value)
        sums[name] = (count, total)
    return sums
