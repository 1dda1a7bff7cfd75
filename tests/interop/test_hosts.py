"""Several hosts of a real server: one that takes no writes, one that is killed and comes back, every row counted."""

import subprocess

import pytest

from loop.cluster import until
from loop.producer import Feeder

KILLS = 3


@pytest.fixture(scope="module")
def readonly(make_questdb):
    """A read-only instance: a server whose folder was made by one that may write."""
    server = make_questdb("readonly").start()
    server.stop()
    server.settings["readonly"] = "true"
    return server.start()


def test_a_readonly_instance_says_so(readonly, table):
    """As an instance with http.security.readonly does; the open-source server names no role."""
    answer = readonly.write(f"{table} f=1i 5\n")
    assert (answer.status, answer.json()["code"]) == (421, "not accepting writes")
    assert answer.headers["X-QuestDB-Role"] is None
    assert readonly.request("GET", "/settings").json()["config"]["accepting.writes"] == []


def test_rows_go_to_the_host_that_takes_them(readonly, questdb, client, table):
    conf = f"http::addr={readonly.address},{questdb.address};"
    lines = "".join(f"{table} f={i}i {i + 1}\n" for i in range(1000))
    done = client.run("send", "-", "--conf", conf, text=lines)
    assert done.returncode == 0, done.stderr
    questdb.await_applied(table)
    assert questdb.rows(f"SELECT count(), sum(f) FROM {table}") == [[1000, 499500]]


def test_rows_wait_where_no_host_takes_them(readonly, questdb, client, table, tmp_path):
    slot = f"sf_dir={tmp_path};"
    done = client.run("send", "-", "--timeout", "2s", "--conf", f"http::addr={readonly.address};{slot}", text=f"{table} f=1i 5\n")
    assert done.returncode == 1, done.stderr
    done = client.run("send", "-", "--conf", f"http::addr={questdb.address};{slot}", text=f"{table} f=2i 6\n")
    assert done.returncode == 0, done.stderr
    questdb.await_applied(table)
    assert questdb.rows(f"SELECT f FROM {table} ORDER BY f") == [[1], [2]]


def test_a_query_walks_to_a_host_that_answers(questdb, client, table):
    conf = f"http::addr=127.0.0.1:1,{questdb.address};"
    assert client.query(conf, "SELECT 1 + 1 AS two")["dataset"] == [[2]]


# ---- a server that dies under load


def visible(server, table):
    return server.rows(f"SELECT count() FROM {table}")[0][0]


def test_no_row_is_lost_when_the_server_is_killed_under_load(make_questdb, client, tmp_path):
    """The same rows into two tables: one with DEDUP UPSERT KEYS, where each must be there once, one without."""
    server = make_questdb("mortal").start()
    columns = "(k SYMBOL, v LONG, timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY WAL"
    server.sql(f"CREATE TABLE once {columns} DEDUP UPSERT KEYS(timestamp, v)")
    server.sql(f"CREATE TABLE repeated {columns}")

    def line(number):
        i, table = number // 2, ("once", "repeated")[number % 2]
        return f"{table},k=k{i % 10} v={i}i {1_700_000_000_000_000_000 + i * 1000}\n"

    conf = f"http::addr={server.address};sf_dir={tmp_path / 'slots'};reconnect_max_backoff_millis=200;"
    with open(tmp_path / "send.log", "wb") as log:
        sender = subprocess.Popen([client.command, "send", "-", "--conf", conf, "--rate", "60000", "--timeout", "120s"],
                                  stdin=subprocess.PIPE, stdout=log, stderr=log)
    feeder = Feeder(sender.stdin, line)
    try:
        for kill in range(KILLS):
            seen = visible(server, "repeated")
            until(lambda: visible(server, "repeated") > seen, "rows arrive")
            server.kill()
            server.start()
        rows = feeder.stop() // 2  # a table
        assert sender.wait(timeout=180) == 0, (tmp_path / "send.log").read_text()
    finally:
        sender.kill()
        sender.wait()
        feeder.stop()
    for table in ("once", "repeated"):
        server.await_applied(table)
        assert server.rows(f"SELECT count_distinct(v), sum(v) >= {rows * (rows - 1) // 2} FROM {table}") == [[rows, True]]
    assert server.rows("SELECT count(), sum(v) FROM once") == [[rows, rows * (rows - 1) // 2]]
    assert visible(server, "repeated") >= rows
