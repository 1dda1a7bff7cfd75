"""A table that is renamed while a sender streams into it: every row is in one of the two tables, once."""

import subprocess

import pytest

from interop.server import QuestNode
from loop.cluster import until
from loop.producer import Feeder

RENAMES = 4


@pytest.fixture
def node(build, tmp_path):
    server = QuestNode(build / "server-stub" / "node" / "questnode", tmp_path / "node").start()
    yield server
    server.stop()


def tables(node):
    return [row[0] for row in node.rows("SHOW TABLES")]


def test_no_row_is_lost_or_doubled_when_its_table_is_renamed_under_load(build, node, tmp_path):
    conf = f"http::addr={node.address};sf_dir={tmp_path / 'slots'};"
    sender = subprocess.Popen([build / "tools" / "questclient" / "questclient", "send", "-", "--conf", conf, "--rate", "20000",
                               "--timeout", "60s"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    feeder = Feeder(sender.stdin, lambda i: f"t v={i}i {i + 1}\n")
    try:
        for number in range(RENAMES):
            until(lambda: "t" in tables(node), "the table is there again")
            assert node.sql(f"RENAME TABLE t TO 't{number}'") == {"ddl": "OK"}
        until(lambda: "t" in tables(node), "rows make a new table")
        rows = feeder.stop()
        assert sender.wait(timeout=120) == 0, sender.stderr.read()
    finally:
        sender.kill()
        sender.wait()
        feeder.stop()
    assert tables(node) == ["t", *(f"t{number}" for number in range(RENAMES))]
    for _ in range(2):  # as it runs, and as it comes back after a kill
        node.await_applied("t")
        counts = [node.rows(f"SELECT count(*), count(DISTINCT v), sum(v) FROM {name}")[0] for name in tables(node)]
        assert all(count > 0 for count, _, _ in counts)
        assert [sum(column) for column in zip(*counts)] == [rows, rows, rows * (rows - 1) // 2]
        node.kill()
        node.start()
