"""What a server answers to a request as HTTP: methods, encodings, limits, settings, logins."""

import gzip
import socket
import urllib.parse

import pytest

from interop.server import QuestNode, exchange
from loop.cluster import until


def raw(server, data, first_byte_within=20):
    """The bytes of the answer until the server has nothing to say for two seconds, then b"<closed>" if it hung up."""
    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=first_byte_within) as connection:
        answer = b""
        try:
            connection.sendall(data)
            while part := connection.recv(65536):
                answer += part
                connection.settimeout(2)
        except TimeoutError:
            return answer
        except (BrokenPipeError, ConnectionResetError):
            pass
        return answer + b"<closed>"


def rows_of(server, table):
    server.await_applied(table)
    return server.rows(f"SELECT count() FROM {table}")[0][0]


# ---- success


def test_success_is_204_without_a_length(server, table):
    answer = server.write(f"{table} f=1i 5\n")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (204, b"", None)


def test_ping_names_a_version_of_influxdb(server):
    answer = server.request("GET", "/ping")
    assert (answer.status, answer.headers["X-Influxdb-Version"]) == (204, "v2.7.4")


def test_both_addresses_take_rows(server, table):
    assert server.write(f"{table} f=1i 5\n").status == 204
    assert server.request("POST", "/api/v2/write", f"{table} f=2i 6\n".encode()).status == 204
    assert rows_of(server, table) == 2


def test_a_chunked_body_is_taken(server, table):
    body = f"{table} f=1i 5\n".encode()
    answer = raw(server, b"POST /write HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                 + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert rows_of(server, table) == 1


@pytest.mark.parametrize("precision, nanos", [
    (None, 1), ("", 1), ("n", 1), ("ns", 1), ("u", 10**3), ("us", 10**3), ("ms", 10**6), ("s", 10**9), ("m", 60 * 10**9),
    ("h", 3600 * 10**9)])
def test_precision_is_the_unit_of_bare_timestamps(server, table, precision, nanos):
    assert server.write(f"{table} f=1i 7000\n", precision=precision).status == 204
    server.await_applied(table)
    assert server.rows(f"SELECT cast(timestamp AS long) FROM {table}") == [[7000 * nanos // 1000]]


def test_settings_say_what_the_server_takes(server):
    config = server.request("GET", "/settings").json()["config"]
    assert "http" in config["accepting.writes"]
    assert set(config["line.proto.support.versions"]) >= {1, 2}
    assert config["cairo.max.file.name.length"] == 127
    assert "acl.enabled" not in config


# ---- gzip


def test_gzip_is_taken(server, table):
    assert server.write(gzip.compress(f"{table} f=1i 5\n".encode()), headers={"Content-Encoding": "gzip"}).status == 204
    assert rows_of(server, table) == 1


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"t f=1i 5\n")[:-8] + b"checksum"], ids=["text", "wrong-checksum"])
def test_what_is_not_gzip_is_refused(server, body):
    assert server.write(body, headers={"Content-Encoding": "gzip"}).status == 415


@pytest.mark.parametrize("damage", [lambda whole: whole[:-8], lambda whole: whole[:-12]], ids=["no-checksum", "cut"])
def test_questdb_takes_gzip_that_is_cut_short(questdb, questnode, table, damage):
    """QuestDB does not look whether a gzip stream is whole: what it can unpack of it is committed, a cut line included."""
    body = damage(gzip.compress("".join(f"{table} v=1.5 {i}0000000\n" for i in range(100, 200)).encode()))
    assert questdb.write(body, headers={"Content-Encoding": "gzip"}).status == 204
    assert rows_of(questdb, table) > 0
    assert questnode.write(body, headers={"Content-Encoding": "gzip"}).status == 415


# ---- refusals


def test_an_unknown_precision_is_refused(server, table):
    answer = server.write(f"{table} f=1i 5\n", precision="x")
    assert (answer.status, answer.json()["code"]) == (400, "not supported")


def test_an_unknown_address_is_404(server):
    assert server.request("GET", "/nothing-here").status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_rows_come_by_post_only(server, method):
    assert server.request(method, "/write").status == 405


def test_a_post_without_a_length_is_400(server):
    assert raw(server, b"POST /write HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_two_requests_at_once_are_refused_and_rolled_back(server, table):
    """Pipelining: the server hangs up, and neither request is committed."""
    body = f"{table} f=1i 5".encode()
    request = b"POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert raw(server, request + request) == b"<closed>"
    assert server.write(f"{table} f=2i 6\n").status == 204
    assert rows_of(server, table) == 1


def test_a_header_too_long_ends_the_connection(questdb, questnode):
    header = b"GET /ping HTTP/1.1\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n"
    assert raw(questdb, header) == b"<closed>"
    assert raw(questnode, header).startswith(b"HTTP/1.1 431 ")


def test_expect_100_continue_gets_no_100(server):
    head = b"POST /write HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
    assert raw(server, head, first_byte_within=1) == b""


# ---- servers that are set up to refuse


@pytest.fixture(scope="module")
def strict(make_questdb):
    """Takes no new tables, no new columns, short lines only; lets a test suspend a table."""
    return make_questdb("strict", dev_mode_enabled="true", line_auto_create_new_tables="false", line_auto_create_new_columns="false",
                        line_http_max_recv_buffer_size="64k", http_recv_buffer_size="4k").start()


def test_a_line_too_long_is_413(strict, table):
    strict.sql(f"CREATE TABLE {table} (v VARCHAR, ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL")
    answer = strict.write(f'{table} v="{"x" * 200_000}" 5\n')
    assert (answer.status, answer.json()["code"]) == (413, "request too large")


@pytest.mark.parametrize("create, line, what", [
    (None, "@ f=1i 5\n", "table: @; table does not exist, creating new tables is disabled"),
    ("CREATE TABLE @ (f LONG, ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL", "@ g=1i 5\n",
     "table: @, column: g does not exist, creating new columns is disabled"),
    ("CREATE TABLE @ (f LONG, ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY BYPASS WAL", "@ f=1i 5\n",
     "table: @; cannot insert in non-WAL table"),
    ("CREATE TABLE @ (f LONG)", "@ f=1i 5\n", "table: @; cannot insert in non-WAL table"),
], ids=["no-new-tables", "no-new-columns", "not-a-WAL-table", "no-timestamp"])
def test_tables_that_take_no_such_row(strict, table, create, line, what):
    if create:
        strict.sql(create.replace("@", table))
    answer = strict.write(line.replace("@", table))
    assert (answer.status, answer.json()["code"], answer.json()["line"]) == (400, "invalid", 1)
    assert answer.json()["message"].endswith("error in line 1: " + what.replace("@", table))


def test_rows_of_a_suspended_table_wait_for_its_return(strict, table):
    strict.sql(f"CREATE TABLE {table} (f LONG, ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL")
    strict.sql(f"ALTER TABLE {table} SUSPEND WAL")
    assert strict.write(f"{table} f=1i 5\n").status == 204
    assert strict.rows(f"SELECT count() FROM {table}") == [[0]]
    strict.sql(f"ALTER TABLE {table} RESUME WAL")
    assert rows_of(strict, table) == 1


def test_a_null_array_breaks_a_table_of_questdb_for_good(questdb, questnode, table):
    """A NULL array for a column that is not there: the column gets the type NULL, and the table takes no row any more,
    whoever sends it. So our client leaves such values out (test_types.py), and questnode ignores them."""
    null_array = f"{table} v==".encode() + b"\x0e\x0a\x00 6\n"
    for server, statuses in ((questdb, [204, 500, 500, 500]), (questnode, [204, 204, 204, 204])):
        answers = [server.write(body) for body in (f"{table} f=1i 5\n", null_array, f"{table} f=2i 7\n", f"{table} f=3i 8\n")]
        assert [answer.status for answer in answers] == statuses


def test_more_connections_than_allowed_are_429(make_questdb):
    """Or the server just hangs up: a client takes either for a reason to wait."""
    limited = make_questdb("limited", http_ilp_connection_limit="1").start()
    host, port = limited.address.rsplit(":", 1)

    def let_in():
        """The server counts whoever asked whether it was up until it notices that they have left."""
        connection = socket.create_connection((host, int(port)), timeout=5)
        connection.sendall(b"POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nt f=1i 5")
        if connection.recv(65536).startswith(b"HTTP/1.1 204 "):
            return connection
        connection.close()

    with until(let_in, "the server lets one connection in"):
        answer = raw(limited, b"POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nt f=1i 6")
        assert answer.startswith(b"HTTP/1.1 429 ") and answer.endswith(b"<closed>")
    limited.stop()


# ---- rights


@pytest.fixture(params=["questdb", "questnode"])
def reading(request, build, make_questdb, tmp_path):
    """A server that takes no writes over HTTP, with a table t from the time before."""
    if request.param == "questdb":
        server = make_questdb("reading").start()
    else:
        server = QuestNode(build / "server-stub" / "node" / "questnode", tmp_path / "reading").start()
    assert server.write("t f=1i 5\n").status == 204
    server.await_applied("t")
    server.stop()
    server.settings["http.security.readonly"] = "true"
    yield server.start()
    server.stop()


def test_who_may_not_write_is_403_of_sql_and_the_rows_of_ilp_are_421(reading):
    """The open-source server has no rights a user: whether one may write is the instance's, and its ILP says so with 421. 403 of
    ILP itself ('unauthorised') is in its code for Enterprise; questnode answers it to users who may only read."""
    renamed = reading.request("GET", "/exec?query=RENAME%20TABLE%20t%20TO%20u")
    assert (renamed.status, renamed.json()["error"], renamed.json()["position"]) == (403, "Write permission denied", 0)
    created = reading.request("GET", "/exec?query=CREATE%20TABLE%20u%20(f%20LONG,ts%20TIMESTAMP)%20TIMESTAMP(ts)%20PARTITION%20BY%20DAY")
    assert (created.status, created.json()["error"]) == (400, "Could not create table, Write permission denied")
    assert (reading.write("t f=1i 5\n").status, reading.rows("SELECT count() FROM t")) == (421, [[1]])


@pytest.mark.parametrize("sql, status, error", [
    ("RENAME TABLE nope TO x", 400, "table does not exist [table=nope]"),
    ("RENAME TABLE @ TO 'x/y'", 400, "invalid table name [table=x/y]"),
    ("RENAME TABLE @ TO ''", 400, "invalid table name [table=]"),
    ("RENAME TABLE @ TO @_other", 400, "cannot rename table, new name is already in use [table=@, toTableName=@_other]"),
    ("RENAME TABLE @", 400, "to expected"),
    ("RENAME TABLE", 400, "from table name expected"),
    ("RENAME TABLE @ TO @_new", 200, None),
    ("rename table '@' to '@_new';", 200, None),
])
def test_a_table_is_renamed(server, table, sql, status, error):
    assert server.write(f"{table} f=1i 5\n{table}_other f=1i 5\n").status == 204
    server.await_applied(f"{table}_other")
    answer = server.request("GET", "/exec?query=" + urllib.parse.quote(sql.replace("@", table)))
    assert (answer.status, answer.json().get("error")) == (status, error and error.replace("@", table))
    assert rows_of(server, table if error else f"{table}_new") == 1


# ---- logins


@pytest.fixture(scope="module")
def guarded(make_questdb):
    server = make_questdb("guarded", http_user="ada", http_password="engine 1843")
    server.user, server.password = "ada", "engine 1843"
    return server.start()


def test_settings_and_ping_need_no_login(guarded):
    settings = exchange(guarded.address, "GET", "/settings")
    assert settings.status == 200 and settings.json()["config"]["acl.enabled"] is True
    assert exchange(guarded.address, "GET", "/ping").status == 204


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YWRhOndyb25n"}, {"Authorization": "Bearer abc"}],
                         ids=["none", "wrong", "token"])
def test_a_missing_or_wrong_login_is_401(guarded, table, headers):
    answer = exchange(guarded.address, "POST", "/write", f"{table} f=1i 5\n".encode(), headers)
    assert (answer.status, answer.headers["Content-Type"], answer.text.strip()) == (
        401, "text/plain; charset=utf-8", "Unauthorized")


def test_the_client_logs_in(guarded, client, table):
    conf = f"http::addr={guarded.address};username=ada;password=engine 1843;"
    done = client.run("send", "-", "--conf", conf, text=f"{table} f=1i 5\n")
    assert done.returncode == 0, done.stderr
    assert rows_of(guarded, table) == 1
    assert client.query(conf, f"SELECT f FROM {table}")["dataset"] == [[1]]


def test_the_client_keeps_its_rows_where_its_login_is_refused(guarded, client, table, tmp_path):
    conf = f"http::addr={guarded.address};sf_dir={tmp_path};username=ada;password="
    done = client.run("send", "-", "--timeout", "30s", "--conf", conf + "wrong secret;", text=f"{table} f=1i 5\n")
    assert done.returncode == 1
    assert "401" in done.stderr and "wrong secret" not in done.stderr
    done = client.run("send", "-", "--conf", conf + "engine 1843;", text=f"{table} f=2i 6\n")
    assert done.returncode == 0, done.stderr
    assert rows_of(guarded, table) == 2
