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

# Listens where a node should and answers what no node does.
STRANGER = """
import http.server
class Stranger(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(b"[" * 100000)
    do_GET = do_POST = answer
with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
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


def test_a_stranger_at_a_nodes_address_is_told_and_its_answer_is_bounded(build, tmp_path):
    root = tmp_path / "node-a"
    root.mkdir()
    stranger = subprocess.Popen([sys.executable, "-c", STRANGER, root], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = f"127.0.0.1:{int(stranger.stdout.readline())}"
        (root / "server.conf").write_text(f"\nhttp.bind.to={address}\n")
        (root / "questnode.lock").write_text(str(stranger.pid))
        for command in (("status",), ("promote", "node-a")):
            done = subprocess.run([build / "tools" / "questcluster" / "questcluster", *command, "--dir", tmp_path],
                                  capture_output=True, text=True, timeout=60)
            assert done.returncode == 1 and f"{address} answers in a form" in done.stderr and "too deep" in done.stderr
    finally:
        stranger.kill()
        stranger.communicate()
