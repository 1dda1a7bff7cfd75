"""A table that is renamed while a sender streams into it: every row is in one of the two tables, once."""

import contextlib
import subprocess
import threading

import pytest

from interop.server import QuestNode
from loop.cluster import until

ROWS = 60_000
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
                               "--timeout", "60s"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def feed():
        with contextlib.suppress(BrokenPipeError):
            sender.stdin.write("".join(f"t v={i}i {i + 1}\n" for i in range(ROWS)))
            sender.stdin.close()

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    try:
        for number in range(RENAMES):
            until(lambda: "t" in tables(node), "the table is there again")
            assert sender.poll() is None, "everything was sent before the table could be renamed"
            assert node.sql(f"RENAME TABLE t TO 't{number}'") == {"ddl": "OK"}
        assert sender.wait(timeout=120) == 0, sender.stderr.read()
    finally:
        sender.kill()
        sender.wait()
        feeder.join()
    assert tables(node) == ["t", *(f"t{number}" for number in range(RENAMES))]
    for _ in range(2):  # as it runs, and as it comes back after a kill
        node.await_applied("t")
        counts = [node.rows(f"SELECT count(*), count(DISTINCT v), sum(v) FROM {name}")[0] for name in tables(node)]
        assert all(count > 0 for count, _, _ in counts)
        assert [sum(column) for column in zip(*counts)] == [ROWS, ROWS, ROWS * (ROWS - 1) // 2]
        node.kill()
        node.start()
