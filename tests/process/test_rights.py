"""Who may only read sends nothing and loses nothing: the rows wait in the slot until the server gives the right to write."""

import json
import subprocess

import pytest

from interop.server import QuestNode
from loop.cluster import until
from test_transports import make_signing_key, tool  # noqa: F401

PASSWORD = "secret-word"
READS = {"questnode.http.readonly.user": "ada", "questnode.http.readonly.password": PASSWORD,
         "questnode.http.readonly.token": "t0ken"}
WRITES = {"http.user": "ada", "http.password": PASSWORD, "questnode.http.token": "t0ken"}
ROWS = 500


@pytest.fixture
def node(build, tmp_path):
    server = QuestNode(build / "server-stub" / "node" / "questnode", tmp_path / "node")
    yield server
    server.stop()


def start(node, **settings):
    """Starts it, or starts it again, with these settings; it keeps its address and what it holds."""
    node.stop()
    node.settings = {key: node.settings[key] for key in node.ports} | settings
    return node.start()


def lines(first):
    return "".join(f"t v={i}i {i + 1}\n" for i in range(first, first + ROWS))


def counted(node):
    node.await_applied("t")
    return node.rows("SELECT count(*), count(DISTINCT v) FROM t")


@pytest.mark.parametrize("login", [f"username=ada;password={PASSWORD};", "token=t0ken;"], ids=["user", "token"])
def test_rows_of_who_may_only_read_wait_in_the_slot_for_the_right(node, tool, tmp_path, login):  # noqa: F811
    start(node, **READS)
    node.user, node.password = "ada", PASSWORD
    assert node.rows("SELECT 1 + 1") == [[2]]
    conf = f"http::addr={node.address};sf_dir={tmp_path / 'slots'};{login}"
    refused = tool("send", "-", "--conf", conf, "--timeout", "50s", "--json", text=lines(0))
    assert refused.returncode == 1
    assert "403" in refused.stderr and "kept" in refused.stderr
    assert PASSWORD not in refused.stderr and "t0ken" not in refused.stderr
    summary = json.loads(refused.stdout.splitlines()[-1])
    assert (summary["rows_acked"], summary["rows_waiting"], summary["dead_letters"]) == (0, ROWS, 0)

    start(node, **WRITES)
    done = tool("send", "-", "--conf", conf, "--timeout", "30s", text=lines(ROWS))
    assert done.returncode == 0, done.stderr
    assert counted(node) == [[2 * ROWS, 2 * ROWS]]


def test_a_sender_told_to_go_on_delivers_as_soon_as_it_may(build, node, tmp_path):
    """on_security_error=retry: the same process outlives the refusal and the server's restart."""
    start(node, **READS)
    node.user, node.password = "ada", PASSWORD
    conf = (f"http::addr={node.address};sf_dir={tmp_path / 'slots'};username=ada;password={PASSWORD};on_security_error=retry;"
            "reconnect_max_backoff_millis=200;")
    sender = subprocess.Popen([build / "tools" / "questclient" / "questclient", "send", "-", "--conf", conf, "--timeout", "60s",
                               "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        sender.stdin.write(lines(0))
        sender.stdin.close()
        while "403" not in (line := sender.stderr.readline()):
            assert line, "the sender ended without a word on 403"
        assert sender.poll() is None
        start(node, **WRITES)
        assert sender.wait(timeout=60) == 0, sender.stderr.read()
        assert json.loads(sender.stdout.read().splitlines()[-1])["rows_acked"] == ROWS
    finally:
        sender.kill()
        sender.wait()
    assert counted(node) == [[ROWS, ROWS]]


def test_over_tcp_who_may_only_read_is_hung_up_on(node, tool, tmp_path):  # noqa: F811
    """The server hangs up behind a good signature, as it does behind a bad one; with the right it takes the rows."""
    key = make_signing_key(tmp_path)
    keys = tmp_path / "auth.txt"
    keys.write_text(f"ada ec-p-256-sha256 {key['x']} {key['y']} readonly\n")
    tcp = {"line.tcp.enabled": "true", "line.tcp.net.bind.to": "127.0.0.1:0", "line.tcp.auth.db.path": str(keys)}
    start(node, **tcp)

    def send(first, timeout="2s"):
        address = until(lambda: json.loads((node.root / "questnode.json").read_text()).get("line_tcp"), "it takes TCP")
        conf = f"tcp::addr={address};username=ada;token={key['d']};token_x={key['x']};token_y={key['y']};"
        return tool("send", "-", "--conf", conf, "--timeout", timeout, text=lines(first))

    # On a busy machine the client may be done before the server has looked at the signature.
    assert any(send(0).returncode == 1 for _ in range(10)), "the client never noticed that the server hangs up"
    assert node.request("GET", "/status").json()["tables"] == []
    keys.write_text(keys.read_text().replace(" readonly", ""))
    start(node, **tcp)
    assert send(ROWS, timeout="50s").returncode == 0
    until(lambda: node.request("GET", "/status").json()["tables"] and counted(node) == [[ROWS, ROWS]], "every row came over TCP")
