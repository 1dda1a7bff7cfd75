"""A questnode whose disk fills up while it works: the largest size of a file is set from outside (prlimit), so that writes fail
as on a full disk. It says 500 and why, keeps what it acknowledged, and serves again once there is room."""

import base64
import contextlib
import json
import random
import resource
import shutil
import subprocess
import time

import pytest

from interop.server import QuestNode
from loop.cluster import until
from loop.producer import Feeder

KIB = 1024
FULL_SECONDS = 1


@pytest.fixture
def start_node(build, tmp_path):
    """Starts a questnode; all are stopped afterwards."""
    made = []

    def start(name="node", **settings):
        program = build / "server-stub" / "node" / "questnode"
        made.append(QuestNode(program, tmp_path / name, {key.replace("_", "."): value for key, value in settings.items()}))
        return made[-1].start()

    yield start
    for node in made:
        node.stop()


def fill_disk(node, largest_file):
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))


def make_room(node):
    fill_disk(node, resource.RLIM_INFINITY)


def state(node):
    return node.request("GET", "/status").json()


def body(table, first, count):
    return "".join(f'{table} v={i}i,text="{"x" * 200}" {i + 1}\n' for i in range(first, first + count))


def write_until_500(node, table, first=0):
    """Returns how many rows were acknowledged, and the answer that was not 204."""
    acknowledged = first
    for _ in range(1000):
        answer = node.write(body(table, acknowledged, 20))
        if answer.status != 204:
            return acknowledged, answer
        acknowledged += 20
    raise AssertionError("the disk never became full")


def count_and_distinct(node, table):
    node.await_applied(table)
    return node.rows(f"SELECT count(*), count(DISTINCT v) FROM {table}")[0]


def test_a_full_disk_is_500_until_there_is_room_and_nothing_more_is_acknowledged_than_stored(start_node):
    node = start_node(cairo_commit_mode="sync")
    assert node.write(body("t", 0, 20)).status == 204
    fill_disk(node, 128 * KIB)
    acknowledged, refused = write_until_500(node, "t", 20)
    assert (refused.status, refused.json()["code"]) == (500, "internal error")
    for words in ("the write-ahead log cannot be written", "File too large"):
        assert words in refused.json()["message"]
    for _ in range(20):  # it stays an answer, and the connection stays one
        assert node.write(body("t", acknowledged, 20)).status == 500
    assert node.request("GET", "/ping").status == 204

    make_room(node)
    assert node.write(body("t", acknowledged, 20)).status == 204
    acknowledged += 20
    assert count_and_distinct(node, "t") == [acknowledged, acknowledged]
    node.kill()
    node.start()
    assert count_and_distinct(node, "t") == [acknowledged, acknowledged]


def test_a_node_that_is_killed_on_a_full_disk_has_what_it_acknowledged(start_node):
    node = start_node()
    fill_disk(node, 128 * KIB)
    acknowledged, _ = write_until_500(node, "t")
    node.kill()
    node.start()
    assert count_and_distinct(node, "t") == [acknowledged, acknowledged]
    assert node.write(body("t", acknowledged, 20)).status == 204


def test_tables_without_room_wait_in_the_write_ahead_log(start_node):
    """Small WAL files fit; the table's does not. What is acknowledged is not seen by queries until there is room."""
    node = start_node(cairo_wal_segment_rollover_size="32k")
    assert node.write(body("t", 0, 20)).status == 204
    node.await_applied("t")
    fill_disk(node, 96 * KIB)
    acknowledged = 20
    while not state(node)["tables_error"]:
        assert node.write(body("t", acknowledged, 20)).status == 204
        acknowledged += 20
    for _ in range(20):
        assert node.write(body("t", acknowledged, 20)).status == 204
        acknowledged += 20
    log = state(node)["log"]
    assert log["applied"] < log["synced"] == log["last"]
    make_room(node)
    assert count_and_distinct(node, "t") == [acknowledged, acknowledged]
    until(lambda: state(node)["tables_error"] == "", "it says so")


@contextlib.contextmanager
def sending(build, tmp_path, conf, line, rate):
    """`questclient send` with a slot, fed until the test is done; yields its feeder."""
    conf = f"{conf}sf_dir={tmp_path / 'slots'};reconnect_max_backoff_millis=200;"
    log = open(tmp_path / "send.log", "wb")
    sender = subprocess.Popen([build / "tools" / "questclient" / "questclient", "send", "-", "--conf", conf, "--rate", str(rate),
                               "--timeout", "120s", "--json"], stdin=subprocess.PIPE, stdout=log, stderr=log)
    feeder = Feeder(sender.stdin, line)
    try:
        yield feeder
        feeder.stop()
        assert sender.wait(timeout=180) == 0, (tmp_path / "send.log").read_text()
    finally:
        sender.kill()
        sender.wait()
        feeder.stop()
        log.close()


def test_a_sender_gets_every_row_through_a_full_disk_once(build, start_node, tmp_path):
    node = start_node()
    conf = f"http::addr={node.address};"
    with sending(build, tmp_path, conf, lambda i: f"t v={i}i {i + 1}\n", rate=30_000) as feeder:
        for _ in range(2):
            seen = state(node)["log"]["last"]
            until(lambda: state(node)["log"]["last"] > seen + 3, "rows arrive")
            fill_disk(node, 4 * KIB)
            until(lambda: node.write("probe v=1i 1\n").status == 500, "the disk is full")
            stuck = state(node)["log"]["last"]
            full_until = time.monotonic() + FULL_SECONDS
            while time.monotonic() < full_until:
                assert node.write("probe v=1i 1\n").status == 500
            assert state(node)["log"]["last"] == stuck
            make_room(node)
    assert count_and_distinct(node, "t") == [feeder.rows, feeder.rows]
    summary = json.loads((tmp_path / "send.log").read_text().splitlines()[-1])
    assert summary["longest_ack_gap_ms"] > 500 * FULL_SECONDS, "the sender did not notice"
    assert (summary["rows_acked"], summary["dead_letters"], summary["rows_missing"]) == (feeder.rows, 0, 0)


@pytest.mark.parametrize("end", ["room-again", "primary-and-its-disk-lost"])
def test_an_object_store_without_room_makes_nothing_durable(build, start_node, tmp_path, end):
    """Uploads of what three seconds bring (at most 4 MiB) are longer than requests (1 MiB) and the WAL's files, so that they alone
    fail. Rows are committed (204) and not durable: the sender keeps them, and where the primary is lost with its disk it sends
    them to the next one."""
    store = f"fs::root={tmp_path / 'store'};atomic_write_dir={tmp_path / 'scratch'};"
    cluster = {"replication_object_store": store, "cairo_wal_segment_rollover_size": "256k"}
    primary = start_node("a", questnode_name="a", replication_role="primary", **cluster,
                         replication_primary_throttle_window_duration="3s")
    replica = start_node("b", questnode_name="b", replication_role="replica", **cluster)
    until(lambda: state(primary)["writable"], "a is the primary")
    seeded = random.Random(7)

    def line(i):
        return f't v={i}i,noise="{base64.b64encode(seeded.randbytes(700)).decode()}" {i + 1}\n'

    with sending(build, tmp_path, f"http::addr={primary.address},{replica.address};", line, rate=4000) as feeder:
        until(lambda: state(replica)["log"]["applied"] > 0, "rows reach the replica")
        fill_disk(primary, 2048 * KIB)
        until(lambda: state(primary)["store_error"], "an upload failed")
        before = state(primary)["log"]
        assert "File too large" in state(primary)["store_error"]
        until(lambda: state(primary)["log"]["synced"] > before["through"] + 20, "rows are committed all the same")
        assert state(primary)["log"]["through"] == before["through"] >= state(replica)["log"]["through"]
        if end == "room-again":
            make_room(primary)
        else:
            primary.kill()
            shutil.rmtree(primary.root)
            assert replica.request("POST", "/lifecycle", b'{"role":"primary"}').status == 200
    survivor = primary if end == "room-again" else replica
    assert count_and_distinct(survivor, "t") == [feeder.rows, feeder.rows]
    until(lambda: count_and_distinct(replica, "t") == [feeder.rows, feeder.rows], "the replica has every row")
