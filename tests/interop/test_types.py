"""Every type that the client writes, read back by SQL and compared value by value, in every protocol version."""

import time

import pytest

BASE = 1_700_000_000_000_000_000  # 2023-11-14T22:13:20Z

TEXTS = ["", "plain", 'quote " backslash \\ both \\"', "line\nfeed", "carriage\rreturn", "comma, equals=, space ", "tab\tand\x01",
         "ünïcödé €", "\U0001f680 beyond the basic plane", "x" * 5000, "\\", " leading", "trailing ", "1i", "true", "0x1fi"]
SYMBOLS = [text for text in TEXTS if len(text) < 1000]
LONGS = [0, 1, -1, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63) + 1]
DOUBLES = ["0.0", "-0.0", "1.5", "-2.25", "0.1", "1e15", "1e16", "1e17", "1.7976931348623157e308", "5e-324", "2.2250738585072014e-308",
           "123456789.123456789", "1e-7", "3.141592653589793"]
NO_DOUBLES = ["nan", "inf", "-inf"]


def conf(server, version):
    return f"http::addr={server.address};protocol_version={version};"


def row(table, values, at=None):
    return {"table": table, "values": values, "at": at}


def send_and_read(client, server, version, table, kind, values, columns="id, v"):
    """One row a value, numbered, read back in that order."""
    rows = [row(table, [[kind, "v", value], ["long", "id", i]] if kind == "symbol" else [["long", "id", i], [kind, "v", value]],
                ["nanos", BASE + i * 1000]) for i, value in enumerate(values)]
    assert client.send_rows(conf(server, version), rows) == {"rows": len(rows)}
    server.await_applied(table)
    found = server.rows(f"SELECT {columns} FROM {table} ORDER BY id")
    assert [one[0] for one in found] == list(range(len(values)))
    return [one[1] for one in found]


@pytest.fixture(params=[1, 2, 3], ids=["v1", "v2", "v3"])
def version(request):
    return request.param


def test_symbols(client, server, version, table):
    assert send_and_read(client, server, version, table, "symbol", SYMBOLS) == SYMBOLS
    assert server.columns(table)["v"] == "SYMBOL"


def test_strings(client, server, version, table):
    assert send_and_read(client, server, version, table, "string", TEXTS) == TEXTS
    assert server.columns(table)["v"] == "VARCHAR"


def test_longs(client, server, version, table):
    assert send_and_read(client, server, version, table, "long", LONGS) == LONGS
    assert server.columns(table)["v"] == "LONG"


def test_booleans(client, server, version, table):
    assert send_and_read(client, server, version, table, "bool", [True, False]) == [True, False]
    assert server.columns(table)["v"] == "BOOLEAN"


def test_doubles(client, server, version, table):
    found = send_and_read(client, server, version, table, "double", DOUBLES)
    assert [value.hex() for value in map(float, found)] == [float(text).hex() for text in DOUBLES]
    assert server.columns(table)["v"] == "DOUBLE"


def test_doubles_that_json_cannot_show_are_null_there(client, server, version, table):
    assert send_and_read(client, server, version, table, "double", NO_DOUBLES) == [None, None, None]


def test_micros(client, server, version, table):
    values = [0, 1, 1_700_000_000_123_456, 253_402_300_799_999_999, -1]
    assert send_and_read(client, server, version, table, "micros", values, "id, cast(v AS long)") == values
    assert server.columns(table)["v"] == "TIMESTAMP"


def test_nanos(client, server, version, table):
    values = [0, 1, 999, 1_700_000_000_123_456_789, -1]
    found = send_and_read(client, server, version, table, "nanos", values, "id, cast(v AS long)")
    if version == 1:  # has no nanoseconds but the designated timestamp's
        assert found == [value // 1000 for value in values]
        assert server.columns(table)["v"] == "TIMESTAMP"
    else:
        assert found == values
        assert server.columns(table)["v"] == "TIMESTAMP_NS"


@pytest.mark.parametrize("unit, factor", [("nanos", 1), ("micros", 1000)])
def test_designated_timestamps(client, server, version, table, unit, factor):
    values = [0, 1, BASE // factor, BASE // factor + 1]
    rows = [row(table, [["long", "id", i]], [unit, value]) for i, value in enumerate(values)]
    client.send_rows(conf(server, version), rows)
    server.await_applied(table)
    kept = "TIMESTAMP_NS" if version >= 2 and unit == "nanos" else "TIMESTAMP"
    assert server.columns(table) == {"id": "LONG", "timestamp": kept}
    nanos = [row[0] * (1 if kept == "TIMESTAMP_NS" else 1000)
             for row in server.rows(f"SELECT cast(timestamp AS long) FROM {table} ORDER BY id")]
    assert nanos == [value * factor // (1 if kept == "TIMESTAMP_NS" else 1000) * (1 if kept == "TIMESTAMP_NS" else 1000)
                     for value in values]


def test_the_server_stamps_what_has_no_timestamp(client, server, version, table):
    before = int(time.time() * 1e6)
    client.send_rows(conf(server, version), [row(table, [["long", "id", 1]])])
    server.await_applied(table)
    [[stamp]] = server.rows(f"SELECT cast(timestamp AS long) FROM {table}")
    assert before <= stamp <= time.time() * 1e6 + 1


def test_many_tables_and_columns_in_one_request(client, server, version, table):
    rows = [row(f"{table}_{i % 7}", [["symbol", f"s{i % 3}", f"x{i}"], ["double", f"d{i % 5}", str(i / 8)], ["long", "id", i]],
                ["nanos", BASE + i]) for i in range(210)]
    client.send_rows(conf(server, version), rows)
    for number in range(7):
        server.await_applied(f"{table}_{number}")
        found = server.sql(f"SELECT * FROM {table}_{number} ORDER BY id")
        names = [column["name"] for column in found["columns"]]
        for values in (dict(zip(names, one)) for one in found["dataset"]):
            i = values["id"]
            expected = {f"s{i % 3}": f"x{i}", f"d{i % 5}": i / 8}
            assert {name: value for name, value in values.items() if value is not None and name not in ("id", "timestamp")} == expected


def test_unusual_names(client, server, version, table):
    names = ["ünïcödé", "with space", "UPPER", "1digit", "semi;colon", "&", "x" * 127, "$d", "select"]
    rows = [row(table, [["long", name, i] for i, name in enumerate(names)], ["nanos", BASE])]
    client.send_rows(conf(server, version), rows)
    server.await_applied(table)
    assert server.columns(table) == {**{name: "LONG" for name in names}, "timestamp": server.columns(table)["timestamp"]}
    assert server.rows(f"SELECT * FROM {table}")[0][: len(names)] == list(range(len(names)))


# ---- into columns that exist already: what the server makes of each kind

CASTS = [
    # type of the column, kind of the value, value, as SQL, what must come back
    ("BYTE", "long", -128, "v", -128), ("SHORT", "long", 32767, "v", 32767), ("INT", "long", -2147483647, "v", -2147483647),
    ("LONG", "bool", True, "v", 1), ("FLOAT", "double", "1.5", "v", 1.5), ("FLOAT", "long", 7, "v", 7.0),
    ("DOUBLE", "long", 7, "v", 7.0), ("DOUBLE", "bool", False, "v", 0.0),
    ("DATE", "long", 1500, "cast(v AS long)", 1500), ("DATE", "micros", 1_500_999, "cast(v AS long)", 1500),
    ("TIMESTAMP", "long", 7, "cast(v AS long)", 7), ("TIMESTAMP", "nanos", 7_999, "cast(v AS long)", 7),
    ("TIMESTAMP_NS", "micros", 7, "cast(v AS long)", 7000),
    ("SYMBOL", "string", "text", "v", "text"), ("SYMBOL", "long", 7, "v", "7"), ("SYMBOL", "bool", True, "v", {"questdb": "t", "questnode": "true"}),
    ("STRING", "string", "text", "v", "text"), ("STRING", "symbol", "tag", "v", "tag"), ("VARCHAR", "symbol", "tag", "v", "tag"),
    ("CHAR", "string", "x", "v", "x"),
    ("UUID", "string", "11111111-2222-3333-4444-555555555555", "v", "11111111-2222-3333-4444-555555555555"),
    ("IPV4", "string", "192.168.1.255", "v", "192.168.1.255"),
    ("LONG256", "string", "0x1f", "v", "0x1f"),
]


def as_id(case):
    return f"{case[1]}-{str(case[2])[:8]}-to-{case[0]}"


def fill_existing(client, server, table, kind_of_column, kind, value):
    server.sql(f"CREATE TABLE {table} (v {kind_of_column}, timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY WAL")
    client.send_rows(conf(server, 2), [row(table, [[kind, "v", value]], ["micros", 5])])
    server.await_applied(table)


@pytest.mark.parametrize("case", CASTS, ids=as_id)
def test_casts(client, server, request, table, case):
    kind_of_column, kind, value, sql, expected = case
    if isinstance(expected, dict):
        expected = expected[request.node.callspec.params["server"]]
    fill_existing(client, server, table, kind_of_column, kind, value)
    assert server.columns(table)["v"] == kind_of_column.replace("IPV4", "IPv4")
    assert server.rows(f"SELECT {sql} FROM {table}") == [[expected]]


# ---- what only some versions carry


def arrays_of(shape, values, **more):
    return {"shape": shape, "values": values, **more}


ARRAYS = [
    # what is sent, what comes back
    (arrays_of([3], ["1.5", "-0.0", "5e-324"]), [1.5, -0.0, 5e-324]),
    (arrays_of([0], []), []),
    (arrays_of([2, 3], ["1", "2", "3", "4", "5", "6"]), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    (arrays_of([2, 3], ["1", "4", "2", "5", "3", "6"], by_columns=True), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    (arrays_of([2, 2, 2], [str(i) for i in range(8)]), [[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0], [6.0, 7.0]]]),
    (arrays_of([1] * 32, ["7"]), None),
    (arrays_of([1000], [str(i / 4) for i in range(1000)]), [i / 4 for i in range(1000)]),
    (arrays_of([3], ["nan", "1", "nan"]), [None, 1.0, None]),
]


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("case", ARRAYS, ids=lambda case: "x".join(map(str, case[0]["shape"][:4])) + "-" + str(case[0]["values"][:2]))
def test_arrays(client, server, version, table, case):
    sent, expected = case
    if expected is None:  # 32 dimensions: brackets all the way down
        expected = 7.0
        for _ in range(32):
            expected = [expected]
    assert send_and_read(client, server, version, table, "array", [sent]) == [expected]


@pytest.mark.parametrize("version", [2, 3])
def test_a_null_array_spares_the_table(client, server, version, table):
    """QuestDB breaks for good when a NULL array names a column that is not there (test_errors.py): it must not be sent."""
    rows = [row(table, [["long", "id", 0], ["array", "v", None]], ["nanos", BASE]), row(table, [["long", "id", 1]], ["nanos", BASE])]
    client.send_rows(conf(server, version), rows)
    client.send_rows(conf(server, version), [row(table, [["long", "id", 2], ["array", "v", arrays_of([1], ["1"])]], ["nanos", BASE])])
    server.await_applied(table)
    assert server.rows(f"SELECT id, v FROM {table} ORDER BY id") == [[0, None], [1, None], [2, [1.0]]]


DECIMALS = [("1.25", "1.250"), ("-256", "-256.000"), ("0", "0.000"), ("999999999999999.999", "999999999999999.999"), (None, None)]


@pytest.mark.parametrize("case", DECIMALS, ids=lambda case: str(case[0]))
def test_decimals(client, server, table, case):
    server.sql(f"CREATE TABLE {table} (id LONG, v DECIMAL(18, 3), timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY WAL")
    assert send_and_read(client, server, 3, table, "decimal", [case[0]]) == [case[1]]


def test_a_decimal_of_76_digits(client, server, table):
    server.sql(f"CREATE TABLE {table} (id LONG, v DECIMAL(76, 10), timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY WAL")
    value = "-" + "9" * 66 + "." + "1234567891"
    assert send_and_read(client, server, 3, table, "decimal", [value]) == [value]


def test_long256(client, server, version, table):
    values = ["0x1f", "0x" + "f" * 64, "0x1"]
    found = send_and_read(client, server, version, table, "long256", values)
    assert [int(value, 16) for value in found] == [int(value, 16) for value in values]  # QuestDB shows 0x01 for 0x1
    assert server.columns(table)["v"] == "LONG256"


FROM_TEXT = [
    ("UUID", "uuid", "11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-555555555555"),
    ("IPV4", "ipv4", "192.168.1.255", "192.168.1.255"), ("GEOHASH(5c)", "geohash", "u33d8", "u33d8"),
    ("GEOHASH(4c)", "geohash", "u33d8bcd", "u33d"), ("CHAR", "char", ord("x"), "x"),
]


@pytest.mark.parametrize("case", FROM_TEXT, ids=lambda case: case[0])
def test_what_is_sent_as_text(client, server, version, table, case):
    kind_of_column, kind, value, expected = case
    server.sql(f"CREATE TABLE {table} (id LONG, v {kind_of_column}, timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY WAL")
    assert send_and_read(client, server, version, table, kind, [value]) == [expected]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_calls_prepared_rows_and_columns_say_the_same(client, server, version, table):
    count = 1000
    client.send_three_ways(conf(server, version), table, count)
    expected = [[f"s{i % 7}", i, i / 8, i % 2 == 1 and i % 3 != 0, f"text {i}" if i % 5 else None, i] for i in range(count)]
    for way in ("calls", "prepared", "columns"):
        server.await_applied(f"{table}_{way}")
        found = server.rows(f"SELECT s, i, d, b, t, cast(m AS long) FROM {table}_{way} ORDER BY i")
        assert [[*one[:3], bool(one[3]), *one[4:]] for one in found] == expected
