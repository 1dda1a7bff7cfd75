"""413: a server that takes small requests only, and hangs up on larger ones. Every row arrives in smaller ones."""

import subprocess

import pytest

from interop.server import QuestNode

ROWS = 20_000


@pytest.mark.parametrize("limit", ["64k", "1k"])
def test_rows_arrive_in_requests_that_the_server_takes(build, tmp_path, limit):
    node = QuestNode(build / "server-stub" / "node" / "questnode", tmp_path / "node",
                     {"line.http.max.recv.buffer.size": limit}).start()
    try:
        lines = "".join(f't v={i}i,text="{"x" * 100}" {i + 1}\n' for i in range(ROWS))
        done = subprocess.run([build / "tools" / "questclient" / "questclient", "send", "-", "--timeout", "60s", "--conf",
                               f"http::addr={node.address};sf_dir={tmp_path / 'slots'};"],
                              input=lines, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        node.await_applied("t")
        assert node.rows("SELECT count(*), count(DISTINCT v) FROM t") == [[ROWS, ROWS]]
    finally:
        node.stop()
