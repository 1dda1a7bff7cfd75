"""A real server whose disk fills up: the largest size of a file is set from outside (prlimit), so that it cannot grow its files.
What questnode does then: tests/process/test_disk_full.py."""

import resource
import subprocess
import time

import pytest

from loop.cluster import until
from loop.producer import Feeder

KIB = 1024
FULL_SECONDS = 1


@pytest.fixture
def filling(make_questdb):
    server = make_questdb("filling").start()
    yield server
    make_room(server)
    server.stop()


def fill_disk(server, largest_file):
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))


def make_room(server):
    fill_disk(server, resource.RLIM_INFINITY)


def suspended(server, table):
    return server.rows(f"SELECT suspended FROM wal_tables() WHERE name = '{table}'") == [[True]]


def counted(server, table):
    """A table whose rows could not be applied for want of room stays suspended until somebody resumes it."""
    if suspended(server, table):
        server.sql(f"ALTER TABLE {table} RESUME WAL")
        until(lambda: not suspended(server, table), "the table takes rows again")
    server.await_applied(table)
    return server.rows(f"SELECT count(), count_distinct(v) FROM {table}")[0]


def body(table, first, count):
    return "".join(f"{table} v={i}i {i + 1}\n" for i in range(first, first + count))


def test_a_full_disk_is_500_of_questdb_and_what_it_acknowledged_is_kept(filling, table):
    assert filling.write(body(table, 0, 10)).status == 204
    filling.await_applied(table)
    acknowledged = 10
    fill_disk(filling, 16 * KIB)
    for _ in range(1000):
        answer = filling.write(body(table, acknowledged, 1000))
        if answer.status != 204:
            break
        acknowledged += 1000
    found = answer.json()
    assert (answer.status, found["code"]) == (500, "internal error")
    assert 1 <= found["line"] <= 1000  # whichever row needed a larger file
    assert f"write error: {table}, errno: 27, error: No space left" in found["message"]
    assert filling.write(f"{table}_new f=1i 5\n").status == 500
    assert filling.request("GET", "/ping").status == 204
    make_room(filling)
    assert filling.write(body(table, acknowledged, 1000)).status == 204
    acknowledged += 1000
    assert counted(filling, table) == [acknowledged, acknowledged]


def test_rows_that_find_no_room_in_their_table_are_204_and_wait_for_resume(filling, table):
    """The WAL has room, the table has none: the table is suspended, and room alone does not end that."""
    fill_disk(filling, 1500 * KIB)
    assert filling.write(body(table, 0, 10)).status == 204
    until(lambda: suspended(filling, table), "QuestDB gives up applying the table's rows")
    make_room(filling)
    assert filling.write(body(table, 10, 10)).status == 204
    assert suspended(filling, table)
    assert counted(filling, table) == [20, 20]


def test_the_client_loses_no_row_through_a_full_disk(filling, client, table, tmp_path):
    conf = f"http::addr={filling.address};sf_dir={tmp_path / 'slots'};reconnect_max_backoff_millis=200;"
    with open(tmp_path / "send.log", "wb") as log:
        sender = subprocess.Popen([client.command, "send", "-", "--conf", conf, "--rate", "60000", "--timeout", "120s"],
                                  stdin=subprocess.PIPE, stdout=log, stderr=log)
    feeder = Feeder(sender.stdin, lambda i: f"{table} v={i}i {i + 1}\n")
    try:
        for probe in range(2):
            until(lambda: len(filling.rows("SHOW TABLES")) > probe, "rows arrive")
            fill_disk(filling, 4 * KIB)
            until(lambda: filling.write(f"probe{probe} v=1i 1\n").status == 500, "the disk is full")
            full_until = time.monotonic() + FULL_SECONDS
            while time.monotonic() < full_until:
                assert filling.write(f"probe{probe} v=1i 1\n").status == 500
            make_room(filling)
        rows = feeder.stop()
        assert sender.wait(timeout=180) == 0, (tmp_path / "send.log").read_text()
    finally:
        sender.kill()
        sender.wait()
        feeder.stop()
    assert counted(filling, table) == [rows, rows]
