"""A primary that was replaced while it was dead."""

import urllib.error
import urllib.request

import pytest

from loop import rows
from loop.cluster import until


def write(address, line):
    request = urllib.request.Request(f"http://{address}/write", data=line.encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def count(address):
    try:
        return rows.execute(address, "SELECT count() FROM t")["dataset"][0][0]
    except rows.QueryFailed:
        return 0  # the table is not there yet


def refusal(address, name):
    """The message of the 421 that a write gets, once it names `name`."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        write(address, "t f=3i 3\n")
    assert refused.value.code == 421
    message = refused.value.read().decode()
    return message if name in message else None


def test_the_killed_node_refuses_writes_and_names_its_successor(cluster):
    nodes = cluster.nodes()
    assert cluster.primary() == "node-a"
    assert write(nodes["node-a"]["address"], "t f=1i 1\n") == 204
    # Only what is in the object store survives an emergency promotion: what a replica shows is there.
    until(lambda: count(nodes["node-b"]["address"]) == 1, "node-b has the row")
    cluster.kill("node-a")
    cluster.promote("node-b")
    assert write(nodes["node-b"]["address"], "t f=2i 2\n") == 204

    cluster.start("node-a")
    message = until(lambda: refusal(nodes["node-a"]["address"], "node-b"), "node-a knows who took over")
    assert nodes["node-b"]["address"] in message
    until(lambda: cluster.primary() == "node-b", "node-b is still the primary")

    # It serves reads as a replica of its successor.
    until(lambda: count(nodes["node-a"]["address"]) == 2, "node-a has both rows")


def test_a_primary_that_nobody_replaced_goes_on(cluster):
    address = cluster.nodes()["node-a"]["address"]
    assert write(address, "t f=1i 1\n") == 204
    cluster.kill("node-a")
    cluster.start("node-a")
    until(lambda: cluster.primary() == "node-a", "node-a is primary again")
    assert write(address, "t f=2i 2\n") == 204
    assert cluster.nodes()["node-a"]["epoch"] == 2
