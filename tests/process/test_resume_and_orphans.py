"""A producer that stopped goes on when it is told to; a producer that dies has its rows sent by one that lives."""

import contextlib
import json
import os
import signal
import subprocess

import pytest

from loop import rows
from loop.cluster import until

CONF = "http::addr={address};sf_dir={slots};sender_id={name};close_flush_timeout_millis=0;"


def lines(first, count):
    return "".join(f"t,k=a v={n}i {n}\n" for n in range(first, first + count))


@pytest.fixture
def producers(build, tmp_path):
    """Starts `questclient send -` whose input stays open: a producer that lives."""
    running = []

    def start(address, name, more=""):
        conf = CONF.format(address=address, slots=tmp_path / "slots", name=name) + more
        process = subprocess.Popen([build / "tools" / "questclient" / "questclient", "send", "-", "--conf", conf],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=open(tmp_path / f"{name}.log", "ab"), text=True)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdin.close()


def feed(process, text):
    process.stdin.write(text)
    process.stdin.flush()


def values(address):
    try:
        return sorted(row[0] for row in rows.execute(address, "SELECT v FROM t")["dataset"])
    except rows.QueryFailed:
        return []  # the table is not there yet


def rows_in(build, slot):
    done = subprocess.run([build / "tools" / "questclient" / "questclient", "slot", "show", slot, "--json"],
                          capture_output=True, text=True)
    return json.loads(done.stdout)["rows"] if done.returncode == 0 else 0


def test_rows_of_a_killed_producer_are_sent_by_one_that_lives(build, node, producers, tmp_path):
    alive = producers(node, "alive", "drain_orphans=on;")
    feed(alive, lines(0, 10))
    until(lambda: values(node) == list(range(10)), "the living producer sends its own rows")
    # Its hosts take nothing, so all that it flushes is still in the slot when it dies.
    dying = producers("127.0.0.1:9", "dying")
    feed(dying, lines(10, 90))
    until(lambda: rows_in(build, tmp_path / "slots" / "dying") == 90, "the rows are in the slot")
    assert values(node) == list(range(10)), "nobody drains a slot that is held"
    os.kill(dying.pid, signal.SIGKILL)
    until(lambda: values(node) == list(range(100)), "the rows of the dead producer arrive")
    feed(alive, lines(100, 10))
    until(lambda: values(node) == list(range(110)), "the living producer goes on")
    until(lambda: rows_in(build, tmp_path / "slots" / "dying") == 0, "the slot is empty")


@contextlib.contextmanager
def questnode(build, root, bind, password):
    ready = root / "questnode.json"
    ready.unlink(missing_ok=True)
    words = [word for setting in (f"http.bind.to={bind}", "http.user=ingest", f"http.password={password}")
             for word in ("--set", setting)]
    process = subprocess.Popen([build / "server-stub" / "node" / "questnode", "--root", root, *words],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: ready.exists() and ready.read_text().endswith("}\n"), "questnode is ready")
        yield json.loads(ready.read_text())["address"]
    finally:
        process.terminate()
        process.wait(timeout=60)


def query(build, address, password, sql):
    conf = f"http::addr={address};username=ingest;password={password};"
    done = subprocess.run([build / "tools" / "questclient" / "questclient", "query", "--conf", conf, "--json", sql],
                          capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)["dataset"] if done.returncode == 0 else None


def test_a_producer_that_401_has_stopped_goes_on_once_the_operator_has_mended_it(build, producers, tmp_path):
    slot, log = tmp_path / "slots" / "stopped", tmp_path / "stopped.log"
    with questnode(build, tmp_path / "node", "127.0.0.1:0", "another-word") as address:
        producer = producers(address, "stopped", "username=ingest;password=the-word;")
        feed(producer, lines(0, 50))
        until(lambda: rows_in(build, slot) == 50, "the rows are in the slot")
        until(lambda: "401" in log.read_text(), "the producer is told")
    with questnode(build, tmp_path / "node", address, "the-word"):
        feed(producer, lines(50, 50))
        until(lambda: rows_in(build, slot) == 100, "a stopped producer goes on taking rows")
        assert query(build, address, "the-word", "SELECT 1") == [[1]]
        assert rows_in(build, slot) == 100, "nothing is sent before somebody says so"
        producer.send_signal(signal.SIGUSR1)
        until(lambda: query(build, address, "the-word", "SELECT count(), sum(v) FROM t") == [[100, sum(range(100))]],
              "every row arrives, once")
        until(lambda: "Sending goes on" in log.read_text(), "it says so")
        feed(producer, lines(100, 10))
        until(lambda: query(build, address, "the-word", "SELECT count() FROM t") == [[110]], "it goes on")
        assert producer.poll() is None
        assert "the-word" not in log.read_text()


def send_file(build, conf, path, *more):
    path.write_text(lines(0, 50))
    return subprocess.Popen([build / "tools" / "questclient" / "questclient", "send", path, "--conf", conf, *more],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_rows_in_memory_that_401_has_stopped_wait_for_the_operator(build, tmp_path):
    with questnode(build, tmp_path / "node", "127.0.0.1:0", "another-word") as address:
        sending = send_file(build, f"http::addr={address};username=ingest;password=the-word;", tmp_path / "rows")
        assert "answered 401" in sending.stderr.readline()
        assert f"kill -USR1 {sending.pid}" in sending.stderr.readline()
    with questnode(build, tmp_path / "node", address, "the-word"):
        sending.send_signal(signal.SIGUSR1)
        out, messages = sending.communicate(timeout=60)
        assert sending.returncode == 0, out + messages
        until(lambda: query(build, address, "the-word", "SELECT count() FROM t") == [[50]], "every row arrives, once")


@pytest.mark.parametrize("slot", [True, False])
def test_a_401_that_nobody_mends_says_what_becomes_of_the_rows(build, tmp_path, slot):
    with questnode(build, tmp_path / "node", "127.0.0.1:0", "another-word") as address:
        conf = f"http::addr={address};username=ingest;password=the-word;" + (f"sf_dir={tmp_path / 'slots'};" if slot else "")
        sending = send_file(build, conf, tmp_path / "rows", *(() if slot else ("--timeout", "500ms")))
        _, messages = sending.communicate(timeout=50)
    assert sending.returncode == 1
    assert "answered 401" in messages
    assert ("are kept in slot" in messages) == slot and ("are lost with this process" in messages) == (not slot)
    assert "resume()" not in messages and "every row is kept" not in messages
