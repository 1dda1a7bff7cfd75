"""413: a server that takes small requests only, and hangs up on larger ones. Every row arrives in smaller ones."""

import socket
import subprocess

import pytest

from interop.server import QuestNode

ROWS = 20_000


def refusal(node, length):
    """The answer to a request of so many bytes: it comes before any of them."""
    host, port = node.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
        return connection.recv(65536)


@pytest.mark.parametrize("limit", ["64k", "1k"])
def test_rows_arrive_in_requests_that_the_server_takes(build, tmp_path, limit):
    node = QuestNode(build / "server-stub" / "node" / "questnode", tmp_path / "node",
                     {"line.http.max.recv.buffer.size": limit}).start()
    try:
        lines = "".join(f't v={i}i,text="{"x" * 100}" {i + 1}\n' for i in range(ROWS))
        assert refusal(node, len(lines)).startswith(b"HTTP/1.1 413 ")
        done = subprocess.run([build / "tools" / "questclient" / "questclient", "send", "-", "--timeout", "60s", "--conf",
                               f"http::addr={node.address};sf_dir={tmp_path / 'slots'};"],
                              input=lines, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        node.await_applied("t")
        assert node.rows("SELECT count(*), count(DISTINCT v) FROM t") == [[ROWS, ROWS]]
    finally:
        node.stop()
