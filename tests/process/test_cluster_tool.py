"""questcluster and nodes that are half-way between two states."""

import subprocess
import sys

import pytest

from loop.cluster import Cluster, until

# Its first thread ends at once, another one lives until the input ends: so looks a killed process with a thread in a write
# that cannot be interrupted. It has no command line any more, and still holds what it had opened.
ENDING = """
import ctypes, sys, threading
threading.Thread(target=sys.stdin.read).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.fixture
def ending():
    process = subprocess.Popen([sys.executable, "-c", ENDING], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_a_node_runs_until_its_last_thread_is_gone(build, tmp_path, ending):
    root = tmp_path / "node-a"
    root.mkdir()
    (root / "server.conf").write_text("\nhttp.bind.to=127.0.0.1:1\n")
    (root / "questnode.lock").write_text(str(ending.pid))
    cluster = Cluster(build, tmp_path)

    def state():
        return cluster.nodes()["node-a"]["state"]

    until(lambda: state() == "not answering", "its first thread has ended")
    ending.communicate()
    assert state() == "stopped"
