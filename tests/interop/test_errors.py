"""The same bytes to QuestDB and to questnode: what each answers, word for word."""

import dataclasses
import re

import pytest

PARSE = "failed to parse line protocol:errors encountered on line(s):"


@dataclasses.dataclass(frozen=True)
class Refused:
    """An answer to a bad line. `@` in the text stands for the name of the table."""

    what: str
    status: int = 400
    code: str = "invalid"
    line: int = 1


@dataclasses.dataclass(frozen=True)
class Case:
    """`@` in the body stands for the name of the table, which has a LONG column f and a SYMBOL column s."""

    name: str
    body: bytes
    questdb: object  # Refused, or None for 204
    questnode: object = "as questdb"

    def expected(self, server):
        same = server == "questdb" or self.questnode == "as questdb"
        return self.questdb if same else self.questnode


ARRAY_OF_ONE = b"\x0e\x0a\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\x3f"
MATRIX_OF_ONE = b"\x0e\x0a\x02\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\x3f"
DOUBLE_ONE = b"\x10\x00\x00\x00\x00\x00\x00\xf0\x3f"
LONG_NAME = b"x" * 128


def cast(kind, column="f", to="LONG"):
    return Refused(f"table: @, column: {column}; cast error from protocol type: {kind} to column type: {to}")


def value(field, text):
    return Refused(f"Could not parse entire line, field value is invalid. Field: {field}; value: {text}")


def missing(field):
    return Refused(f"Could not parse entire line. Field value is missing: {field}")


def broken(message):
    """The real server has no better word than 500 for some bad rows: a client that repeats every 500 repeats it for ever."""
    return Refused(f"write error: {message}", status=500, code="internal error")


CASES = [
    # Grammar.
    Case("tags and a timestamp only", b"@,s=x 5\n", None),
    Case("tags only", b"@,s=x\n", None),
    Case("an empty tag", b"@,s= f=1i 5\n", None),
    Case("nothing at all", b"", None),
    Case("empty lines only", b"\n\n", None),
    Case("carriage returns end lines", b"@ f=1i 5\r\n@ f=2i 6\r@ f=3i 7", None),
    Case("a space at the end without a timestamp", b"@ f=1i \n", None),
    Case("no fields", b"@\n", Refused("No fields were provided")),
    Case("no fields but a space", b"@ \n", Refused("No fields were provided")),
    Case("two spaces before the timestamp", b"@ f=1i  5\n", Refused("INVALID_FIELD_SEPARATOR")),
    Case("a space behind the timestamp", b"@ f=1i 5 \n", Refused("INVALID_FIELD_SEPARATOR")),
    Case("a leading space", b" @ f=1i\n", missing("@"), Refused("table: ; invalid table name")),
    Case("a tag without a value", b"@,s f=1i 5\n", Refused("Could not parse entire line. Symbol value is missing: s")),
    Case("a field without a value", b"@ f 5\n", missing("f")),
    Case("a timestamp where fields belong", b"@ 5\n", missing("5")),
    Case("a comma before the timestamp", b"@ f=1i, 5\n", None, missing("")),
    Case("a field without a value behind a comma", b"@ f=1i,g 5\n", missing("g")),
    Case("text behind a quoted value", b'@ v="x"y 5\n', value("v", '"x"y'), Refused("INVALID_FIELD_SEPARATOR")),
    Case("the same name twice", b"@ f=1i,F=2i 8\n", None),
    # Values.
    Case("an integer with a plus", b"@ f=+1i 5\n", value("f", "+1i")),
    Case("an integer too large", b"@ f=9223372036854775808i 5\n", value("f", "9223372036854775808i")),
    Case("the smallest integer", b"@ f=-9223372036854775808i 5\n", None),
    Case("nan", b"@ d=nan 5\n", value("d", "nan")),
    Case("a double too large", b"@ d=1e400 5\n", value("d", "1e400")),
    Case("every form of a double", b"@ d=+1,d2=.5,d3=1.,d4=1e5,d5=NaN,d6=Infinity,d7=-Infinity 5\n", None),
    Case("every form of a boolean", b"@ b1=t,b2=T,b3=f,b4=F,b5=tRuE,b6=FALSE 5\n", None),
    Case("a word", b"@ v=yes 5\n", value("v", "yes")),
    Case("a line feed in quotes", b'@ v="a\nb" 5\n', value("v", ""), value("v", '"a')),
    Case("a quote that is not closed", b'@ v="ab 5\n', value("v", ""), value("v", '"ab 5')),
    Case("a tag that is not UTF-8", b"@,s=\xff\xfe f=1i 5\n", broken("@, errno: -1, error: invalid UTF8 in value for "),
         Refused("Could not parse entire line, tag value is invalid. Tag: s; value: \ufffd\ufffd")),
    Case("text that is not UTF-8", b'@ v="\xff\xfe" 5\n', None, value("v", '"\ufffd\ufffd"')),
    Case("an empty value of a new column", b"@ v= 5\n", broken("@, errno: -1, error: invalid column type: 0"), None),
    # Binary values.
    Case("an unknown binary type", b"@ v==\x55abc 5\n", Refused("UNSUPPORTED_BINARY_FORMAT")),
    Case("an array of 33 dimensions", b"@ v==\x0e\x0a\x21 5\n", Refused("ARRAY_TOO_MANY_DIMENSIONS")),
    Case("an array of bytes", b"@ v==" + ARRAY_OF_ONE.replace(b"\x0a", b"\x0b") + b" 5\n", Refused("ARRAY_INVALID_TYPE")),
    Case("a decimal for a new column", b"@ v==\x17\x02\x01\x7b 5\n",
         broken("@, errno: -1, error: decimal columns cannot be created automatically [table=@~#, columnName=v]"),
         Refused("table: @; decimal columns must be created manually: v")),
    # Timestamps.
    Case("a negative timestamp", b"@ f=1i -5\n",
         Refused("table: @, timestamp: -5; designated timestamp before 1970-01-01 is not allowed")),
    Case("a timestamp too large", b"@ f=1i 92233720368547758070\n", Refused("Could not parse timestamp: 92233720368547758070")),
    Case("a timestamp of no unit", b"@ f=1i 1x\n", Refused("Could not parse timestamp: 1x")),
    Case("timestamps of every unit", b"@ f=1i 5\n@ f=1i 5t\n@ f=1i 5m\n@ f=1i 5n\n", None),
    Case("the designated timestamp as a field", b"@ timestamp=5t 6\n", None),
    Case("an integer for the designated timestamp", b"@ timestamp=5i 6\n",
         broken("@, error: java.lang.UnsupportedOperationException"),
         Refused("table: @, column: timestamp; the designated timestamp takes a timestamp only")),
    # Names.
    Case("a table name with a slash", b"@/b f=1i 5\n", Refused("INVALID_TABLE_NAME"), Refused("table: @/b; invalid table name")),
    Case("a table name that begins with a dot", b".@ f=1i 5\n", Refused("table: .@; invalid table name")),
    Case("a table name with two dots", b"@..b f=1i 5\n", Refused("table: @..b; invalid table name")),
    Case("a table name of 128 letters", LONG_NAME + b" f=1i 5\n", Refused(f"table: {LONG_NAME.decode()}; invalid table name")),
    Case("no table name", b",s=b f=1i 5\n", Refused("table: ; invalid table name")),
    Case("a column name with a dot", b"@ a.b=1i 5\n", Refused("table: @; invalid column name: a.b")),
    Case("a column name with a minus", b"@ a-b=1i 5\n", Refused("table: @; invalid column name: a-b")),
    Case("a column name with quotes", b'@ "a"=5 5\n', Refused('table: @; invalid column name: "a"')),
    Case("a column name of 128 letters", b"@ " + LONG_NAME + b"=1i 5\n",
         Refused(f"table: @; invalid column name: {LONG_NAME.decode()}")),
    Case("a column name beyond ASCII", "@ é=1i 5\n".encode(), None),
    # Casts.
    Case("a tag for a LONG", b"@,f=x 5\n", cast("TAG")),
    Case("text for a LONG", b'@ f="x" 5\n', cast("STRING")),
    Case("a double for a LONG", b"@ f=1.5 5\n", cast("FLOAT")),
    Case("a binary double for a LONG", b"@ f==" + DOUBLE_ONE + b" 5\n", cast("FLOAT")),
    Case("a boolean for a LONG", b"@ f=t 5\n", None),
    Case("a timestamp for a LONG", b"@ f=1t 5\n", cast("TIMESTAMP")),
    Case("a LONG256 for a LONG", b"@ f=0x1fi 5\n", cast("LONG256")),
    Case("an array for a LONG", b"@ f==" + ARRAY_OF_ONE + b" 5\n", cast("ARRAY")),
    Case("an array of other dimensions", b"@ a==" + ARRAY_OF_ONE + b" 5\n@ a==" + MATRIX_OF_ONE + b" 6\n",
         dataclasses.replace(cast("DOUBLE[][]", "a", "DOUBLE[]"), line=2)),
    Case("a decimal of scale 77", b"@ v==\x17\x4d\x01\x01 5\n", Refused("DECIMAL_INVALID_SCALE")),
    Case("a LONG256 of 65 digits", b"@ v=0x" + b"f" * 65 + b"i 5\n", broken("@, error: io.questdb.cairo.ImplicitCastException"),
         value("v", "0x" + "f" * 65 + "i")),
    # Where in the request.
    Case("empty lines do not count", b'@ f=1i 5\n\n\n@ f="x" 6\n', dataclasses.replace(cast("STRING"), line=2)),
    Case("the second line of another table", b"@_other f=1i 5\n@ f=bad 6\n", dataclasses.replace(value("f", "bad"), line=2)),
]


def message(refused, table):
    where = "" if refused.status == 500 else f"\nerror in line {refused.line}: "
    return PARSE + where + refused.what.replace("@", table)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_answer_to_a_line(server, request, table, case):
    assert server.write(f"{table},s=first f=0i 1\n").status == 204
    answer = server.write(case.body.replace(b"@", table.encode()))
    refused = case.expected(request.node.callspec.params["server"])
    if refused is None:
        assert (answer.status, answer.text) == (204, "")
        return
    found = answer.json()
    found["message"] = re.sub(r"~\d+", "~#", found["message"])
    assert (answer.status, found["code"], found["message"], found["line"]) == (
        refused.status, refused.code, message(refused, table), refused.line)
    assert found["errorId"]
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    server.await_applied(table)
    assert server.rows(f"SELECT count() FROM {table}") == [[1]]  # nothing of the request was committed


@pytest.mark.parametrize("kind, number", [("BYTE", 128), ("SHORT", -32769), ("INT", 1 << 31)])
def test_a_number_out_of_bounds(server, table, kind, number):
    server.sql(f"CREATE TABLE {table} (f {kind}, ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL")
    answer = server.write(f"{table} f=1i 5\n{table} f={number}i 6\n")
    assert (answer.status, answer.json()["code"], answer.json()["line"]) == (400, "invalid", 2)
    bounds = f"table: {table}, column: f; line protocol value: {number} is out bounds of column type: {kind}"
    assert answer.json()["message"] == f"{PARSE}\nerror in line 2: {bounds}"
    assert server.write(f"{table} f=1i 5\n").status == 204


def test_a_refused_request_leaves_tables_behind_only_in_questdb(questdb, questnode, table):
    """ilp.md: tables and columns that a refused request created stay; questnode takes a request whole or not at all."""
    body = f"{table} f=1i 5\n{table} f=bad 6\n"
    for server, left in ((questdb, 1), (questnode, 0)):
        assert server.write(body).status == 400
        assert len([row for row in server.rows("SHOW TABLES") if row[0] == table]) == left


@pytest.mark.parametrize("kind, number, read", [("BYTE", -128, -128), ("SHORT", -32768, -32768), ("INT", -(1 << 31), None),
                                                ("LONG", -(1 << 63), None)])
def test_the_smallest_number_of_a_column(server, table, kind, number, read):
    """That of INT and of LONG is their NULL."""
    server.sql(f"CREATE TABLE {table} (f {kind}, ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL")
    assert server.write(f"{table} f={number}i 5\n{table} f=1i 6\n").status == 204
    server.await_applied(table)
    assert server.rows(f"SELECT f FROM {table}") == [[read], [1]]
