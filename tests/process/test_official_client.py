"""QuestDB's own Python client writes to questnode as it would to QuestDB."""

import subprocess
import sys

import pytest

from loop import rows
from loop.cluster import await_caught_up

PACKAGE = "questdb==6.0.0"

PROGRAM = """
import sys
from questdb.ingress import Sender, TimestampNanos, IngressError

with Sender.from_conf(f"http::addr={sys.argv[1]};") as sender:
    for i in range(1000):
        sender.row("official", symbols={"side": "buy" if i % 2 else "sell"},
                   columns={"price": i / 4, "amount": i, "note": f"n {i}", "open": i % 3 == 0},
                   at=TimestampNanos(1_700_000_000_000_000_000 + i))
    sender.flush()
    try:
        sender.row("official", columns={"price": "a string"}, at=TimestampNanos(1))
        sender.flush()
    except IngressError as error:
        print(error)
"""


@pytest.fixture(scope="session")
def official_client(build):
    """Folder with the client, installed from PyPI."""
    folder = build.parent / "official-client"
    if not (folder / "questdb").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, PACKAGE], check=True)
    return folder


def test_rows_and_errors_are_as_with_questdb(cluster, official_client):
    address = cluster.nodes()["node-a"]["address"]
    done = subprocess.run([sys.executable, "-c", PROGRAM, address], capture_output=True, text=True, timeout=60,
                          env={"PYTHONPATH": str(official_client)})
    assert done.returncode == 0, done.stderr
    assert "error in line 1" in done.stdout  # the server's own words, through their client
    await_caught_up(cluster)
    for node in cluster.addresses():
        answer = rows.execute(node, "SELECT count(), sum(price), sum(amount), sum(open), count(DISTINCT note) FROM official")
        assert answer["dataset"] == [[1000, sum(i / 4 for i in range(1000)), sum(range(1000)), 334, 1000]]
