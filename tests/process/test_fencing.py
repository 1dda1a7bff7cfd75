"""A primary that was replaced while it was dead."""

import json
import urllib.error
import urllib.request

import pytest

from loop.cluster import until


def write(address, line):
    request = urllib.request.Request(f"http://{address}/write", data=line.encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def test_the_killed_node_refuses_writes_and_names_its_successor(cluster):
    nodes = cluster.nodes()
    assert cluster.primary() == "node-a"
    assert write(nodes["node-a"]["address"], "t f=1i 1\n") == 204
    cluster.kill("node-a")
    cluster.promote("node-b")
    assert write(nodes["node-b"]["address"], "t f=2i 2\n") == 204

    cluster.start("node-a")
    with pytest.raises(urllib.error.HTTPError) as refused:
        until(lambda: write(nodes["node-a"]["address"], "t f=3i 3\n"), "node-a answers")
    assert refused.value.code == 421
    message = refused.value.read().decode()
    assert "node-b" in message
    assert nodes["node-b"]["address"] in message
    assert cluster.primary() == "node-b"

    # It serves reads as a replica of its successor.
    def caught_up():
        query = f"http://{nodes['node-a']['address']}/exec?query=SELECT%20count()%20FROM%20t"
        try:
            with urllib.request.urlopen(query, timeout=10) as answer:
                return json.load(answer)["dataset"] == [[2]]
        except urllib.error.HTTPError:
            return False  # the table is not there yet

    until(caught_up, "node-a has both rows")


def test_a_primary_that_nobody_replaced_goes_on(cluster):
    address = cluster.nodes()["node-a"]["address"]
    assert write(address, "t f=1i 1\n") == 204
    cluster.kill("node-a")
    cluster.start("node-a")
    until(lambda: cluster.primary() == "node-a", "node-a is primary again")
    assert write(address, "t f=2i 2\n") == 204
    assert cluster.nodes()["node-a"]["epoch"] == 2
