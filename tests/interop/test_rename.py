"""A table that is renamed or dropped while a request for it is under way: 503 'retry operation' of QuestDB, and what becomes of
the rows of our client."""

import re
import socket
import subprocess
import threading
import time

import pytest

from interop.server import QueryFailed

ROWS = 200_000
HEAD = b"POST /write HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
RENAMED = "commit error for table: @table renamed during request, retry the operation"


def address_of(server):
    host, port = server.address.rsplit(":", 1)
    return host, int(port)


def write_in_halves(server, first, second, between, chunked):
    """One request; `between` is called when the server has had time to take its first half. Returns the whole answer."""
    def piece(data):
        return b"%x\r\n%s\r\n" % (len(data), data) if chunked else data

    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (len(first) + len(second))
    with socket.create_connection(address_of(server), timeout=20) as connection:
        connection.sendall(HEAD + length + b"\r\n\r\n" + piece(first))
        time.sleep(0.5)  # nothing tells that the server has parsed what it has,
        server.request("GET", "/ping")  # but it answers what came later
        between()
        connection.sendall(piece(second) + (b"0\r\n\r\n" if chunked else b""))
        answer = b""
        while not answer.startswith(b"HTTP/1.1 204 ") and not answer.endswith(b"0\r\n\r\n"):
            part = connection.recv(65536)
            if not part:
                break
            answer += part
        return answer.decode()


def message_of(answer):
    return re.search(r'"message":"([^"]*)"', answer)[1]


def count(server, table):
    server.await_applied(table)
    return server.rows(f"SELECT count() FROM {table}")[0][0]


def tables(server):
    return {row[0] for row in server.rows("SHOW TABLES")}


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
@pytest.mark.parametrize("new", [False, True], ids=["old-table", "new-table"])
def test_a_table_renamed_mid_request_is_503_of_questdb(questdb, table, chunked, new):
    """Nothing of the request is kept, under neither name; the same bytes once more go into a new table of the old name."""
    before = 0
    if not new:
        assert questdb.write(f"{table} f=0i 1\n").status == 204
        before = count(questdb, table)
    first, second = (f"{table} f={i}i {i + 2}\n".encode() for i in (1, 2))
    answer = write_in_halves(questdb, first, second, lambda: questdb.sql(f"RENAME TABLE {table} TO {table}_new"), chunked)
    assert answer.startswith("HTTP/1.1 503 ") and '"code":"retry operation"' in answer
    assert message_of(answer) == RENAMED.replace("@", table)
    assert table not in tables(questdb)
    assert count(questdb, f"{table}_new") == before
    assert questdb.write(first + second).status == 204
    assert (count(questdb, table), count(questdb, f"{table}_new")) == (2, before)


def test_a_table_renamed_between_two_requests_of_a_connection_is_no_error(questdb, table):
    with socket.create_connection(address_of(questdb), timeout=20) as connection:
        for number in range(2):
            body = f"{table} f={number}i {number + 1}\n".encode()
            connection.sendall(b"POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert connection.recv(65536).startswith(b"HTTP/1.1 204 ")
            if number == 0:
                count(questdb, table)
                questdb.sql(f"RENAME TABLE {table} TO {table}_new")
    assert (count(questdb, table), count(questdb, f"{table}_new")) == (1, 1)


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_questnode_has_no_such_state_the_whole_request_comes_after_the_rename(questnode, table, chunked):
    """It looks at the catalog where it commits, once the whole body is there."""
    assert questnode.write(f"{table} f=0i 1\n").status == 204
    first, second = (f"{table} f={i}i {i + 2}\n".encode() for i in (1, 2))
    answer = write_in_halves(questnode, first, second, lambda: questnode.sql(f"RENAME TABLE {table} TO {table}_new"), chunked)
    assert answer.startswith("HTTP/1.1 204 ")
    assert (count(questnode, table), count(questnode, f"{table}_new")) == (2, 1)


def test_a_table_dropped_mid_request_takes_the_rows_with_it_and_is_204(questdb, table):
    """Unlike a rename: who drops a table that is written to cannot tell from the answers which rows went with it."""
    assert questdb.write(f"{table} f=0i 1\n").status == 204
    first, second = (f"{table} f={i}i {i + 2}\n".encode() for i in (1, 2))
    answer = write_in_halves(questdb, first, second, lambda: questdb.sql(f"DROP TABLE {table}"), chunked=False)
    assert answer.startswith("HTTP/1.1 204 ")
    assert table not in tables(questdb)


# ---- our client


class Interrupter:
    """Passes bytes between a client and a server; stops in the middle of request bodies to do something to the server, which
    tells whether it could be done by then."""

    def __init__(self, server, interrupt, every_bytes, times):
        self.server, self.interrupt, self.every_bytes, self.left = server, interrupt, every_bytes, times
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.refusals = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(address_of(self.server))
            threading.Thread(target=self.forward, args=(client, upstream), daemon=True).start()
            threading.Thread(target=self.answer, args=(upstream, client), daemon=True).start()

    def forward(self, client, upstream):
        passed = 0
        try:
            while data := client.recv(16384):
                passed += len(data)
                in_a_body = len(data) == 16384 and not data.startswith(b"POST ")
                if in_a_body and self.left > 0 and passed >= self.every_bytes:
                    time.sleep(0.2)  # nothing tells that the server has parsed what it has
                    if self.interrupt(self.left):
                        self.left, passed = self.left - 1, 0
                upstream.sendall(data)
            upstream.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def answer(self, upstream, client):
        try:
            while data := upstream.recv(65536):
                self.refusals += data.count(b"HTTP/1.1 503 ")
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


@pytest.mark.parametrize("name", ["questdb", "questnode"])
def test_no_row_is_lost_or_doubled_when_its_table_is_renamed_under_load(request, name, client, table, tmp_path):
    server = request.getfixturevalue(name)
    lines = "".join(f"{table} v={i}i {1_700_000_000_000_000_000 + i * 1000}\n" for i in range(ROWS))

    def rename(left):
        try:
            return server.sql(f"RENAME TABLE {table} TO {table}_{left}")
        except QueryFailed:
            return None  # the table is not there again yet

    relay = Interrupter(server, rename, every_bytes=1 << 20, times=4)
    try:
        done = subprocess.run([client.command, "send", "-", "--timeout", "120s", "--conf",
                               f"http::addr={relay.address};sf_dir={tmp_path};reconnect_max_backoff_millis=200;"],
                              input=lines, capture_output=True, text=True, timeout=180)
    finally:
        relay.close()
    assert done.returncode == 0, done.stderr
    assert relay.left == 0, "not every rename happened under load"
    names = [table, *(f"{table}_{left}" for left in range(1, 5))]
    for one in names:
        server.await_applied(one)
    sums = [server.rows(f"SELECT count(), sum(v) FROM {one}")[0] for one in names]
    assert [sum(column) for column in zip(*sums)] == [ROWS, ROWS * (ROWS - 1) // 2]
    assert (relay.refusals > 0) == (name == "questdb")
