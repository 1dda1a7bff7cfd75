"""`questclient slot ...`, `top` and `config` as an operator types them: on a slot whose producer runs, and on an orphan."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import termios
import threading

import pytest

from loop import rows
from loop.cluster import until

ROWS = 400
KEY = "5e" * 32
DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "buffer.md"


def lines(first, count):
    return [f"t,k=a v={n}i {n}" for n in range(first, first + count)]


@pytest.fixture
def tool(build):
    program = build / "tools" / "questclient" / "questclient"

    def run(*arguments, code=0, environment=None, text=True):
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=text, timeout=120,
                              stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    run.program = program
    return run


@pytest.fixture
def nobody():
    """The address of a port that nobody listens on."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{reserved.getsockname()[1]}"


class Feeder:
    """`questclient send -` whose input stays open: a producer that lives."""

    def __init__(self, tool, conf, log):
        self.tool, self.slot, self.sent, self.log = tool, None, [], open(log, "ab")
        self.process = subprocess.Popen([tool.program, "send", "-", "--conf", conf], stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=self.log, text=True)

    def feed(self, new):
        self.process.stdin.write("".join(line + "\n" for line in new))
        self.process.stdin.flush()
        self.sent += new

    def await_rows(self, slot):
        def rows_there():
            done = subprocess.run([self.tool.program, "slot", "show", slot, "--json"], capture_output=True, text=True)
            return done.returncode == 0 and json.loads(done.stdout)["rows"] == len(self.sent)

        until(rows_there, "the rows are in the slot")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.log.close()


@pytest.fixture
def feeder(tool, nobody, tmp_path):
    """A live producer whose rows nobody takes; its slot is `feeder.slot`."""
    made = Feeder(tool, f"http::addr={nobody};sf_dir={tmp_path / 'slots'};sender_id=ingest;"
                        "sf_max_segment_bytes=64k;close_flush_timeout_millis=0;", tmp_path / "feeder.log")
    made.slot = tmp_path / "slots" / "ingest"
    for first in range(0, ROWS, 100):
        made.feed(lines(first, 100))
        made.await_rows(made.slot)
    yield made
    made.kill()


@pytest.fixture
def orphan(feeder):
    """What a producer leaves that was killed with signal 9."""
    feeder.kill()
    return feeder.slot


def values(address, table="t"):
    try:
        return sorted(row[0] for row in rows.execute(address, f"SELECT v FROM {table}")["dataset"])
    except rows.QueryFailed:
        return []  # the table is not there yet


def exported(tool, slot, *arguments, code=0):
    return tool("slot", "export", slot, *arguments, code=code).stdout.splitlines()


def test_a_live_slot_is_seen_checked_and_exported_without_disturbing_its_producer(tool, feeder):
    pid = feeder.process.pid
    [listed] = json.loads(tool("slot", "list", feeder.slot.parent, "--json").stdout)
    assert (listed["name"], listed["holder_pid"], listed["rows"]) == ("ingest", pid, ROWS)
    assert "ingest" in tool("slot", "list", feeder.slot.parent).stdout

    shown = json.loads(tool("slot", "show", feeder.slot, "--json").stdout)
    assert sum(segment["rows"] for segment in shown["segments"]) == ROWS
    assert not any(segment["encrypted"] or segment["damage"] for segment in shown["segments"])
    assert f"process {pid}" in tool("slot", "show", feeder.slot).stdout

    checked = json.loads(tool("slot", "verify", feeder.slot, "--json").stdout)
    assert checked["sound"] and checked["rows"] == ROWS and checked["missing"] == []
    assert "sound" in tool("slot", "verify", feeder.slot).stdout
    assert exported(tool, feeder.slot) == feeder.sent
    assert "[" in tool("slot", "dead", "list", feeder.slot, "--json").stdout

    held = tool("slot", "drain", feeder.slot, "--conf", "http::addr=localhost:1;", code=1).stderr
    assert str(pid) in held and "sender_id" not in held
    # There is nothing to retry: the slot is not asked for.
    assert "0 dead letters" in tool("slot", "dead", "retry", feeder.slot, "--all").stdout

    feeder.feed(lines(ROWS, 50))
    feeder.await_rows(feeder.slot)
    assert exported(tool, feeder.slot) == feeder.sent
    assert feeder.process.poll() is None


def test_segments_that_vanish_while_one_looks_are_no_damage(tool, node, tmp_path):
    slot = tmp_path / "slots" / "busy"
    # What waits is bounded, so that it is delivered soon after the last row however slow the machine.
    feeder = Feeder(tool, f"http::addr={node};sf_dir={slot.parent};sender_id=busy;sf_max_segment_bytes=64k;"
                          "sf_max_total_bytes=8m;sf_append_deadline_millis=60000;", tmp_path / "feeder.log")
    stop = threading.Event()

    def feed():
        while not stop.is_set():
            feeder.feed(lines(len(feeder.sent), 2000))
        feeder.process.stdin.close()

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        until(lambda: len(feeder.sent) > 20_000, "rows flow")
        for _ in range(10):
            assert json.loads(tool("slot", "verify", slot, "--json").stdout)["sound"]
            tool("slot", "export", slot, "--output", tmp_path / "rows.ilp")
            tool("slot", "show", slot)
            tool("slot", "list", slot.parent)
        stop.set()
        thread.join()
        assert feeder.process.wait(60) == 0, "the producer delivered everything"
    finally:
        stop.set()
        thread.join()
        feeder.kill()
    until(lambda: rows.execute(node, "SELECT count() FROM t")["dataset"] == [[len(feeder.sent)]], "every row is there")


def test_the_list_shows_damage_and_slots_that_cannot_be_read(tool, orphan, node):
    newer = orphan.parent / "newer"
    shutil.copytree(orphan, newer)
    for segment in newer.glob("seg-*.db"):
        with sqlite3.connect(segment) as database:
            database.execute("PRAGMA user_version=99")
            database.execute("UPDATE segment SET format=99")
    (orphan / "dead.db").write_bytes(b"cut off")
    found = json.loads(tool("slot", "list", orphan.parent, "--json", code=1).stdout)
    assert [slot["name"] for slot in found] == [orphan.name, "newer"]
    assert found[0]["rows"] == ROWS and "cut off" in found[0]["dead_letter_damage"]
    assert "newer release" in found[1]["trouble"]
    listed = tool("slot", "list", orphan.parent, code=1).stdout
    assert "DAMAGED" in listed and "UNREADABLE" in listed
    # Bad letters hold up no good rows.
    tool("slot", "drain", orphan, "--conf", f"http::addr={node};")


def test_an_orphan_drains_to_a_cluster_with_every_row_once(tool, feeder, orphan, node):
    [listed] = json.loads(tool("slot", "list", orphan.parent, "--json").stdout)
    assert listed["holder_pid"] is None and listed["rows"] == ROWS
    tool("slot", "verify", orphan)
    assert exported(tool, orphan) == feeder.sent
    done = json.loads(tool("slot", "drain", orphan, "--conf", f"http::addr={node};", "--json").stdout)
    assert done["empty"] and done["rows"] == ROWS and done["rows_left"] == 0 and done["host"] == node
    until(lambda: values(node) == list(range(ROWS)), "every row is visible")
    assert json.loads(tool("slot", "show", orphan, "--json").stdout)["frames"] == 0
    assert json.loads(tool("slot", "drain", orphan, "--conf", f"http::addr={node};", "--json").stdout)["rows"] == 0


def test_a_copy_of_a_slot_drains_elsewhere(tool, orphan, node, tmp_path):
    copy = tmp_path / "elsewhere" / "rescued"
    shutil.copytree(orphan, copy)
    tool("slot", "drain", str(copy) + "/", "--conf", f"http::addr={node};sf_dir=/nowhere;sender_id=other;")
    until(lambda: values(node) == list(range(ROWS)), "every row is visible")


def test_a_drain_without_a_host_ends_in_time_and_keeps_everything(tool, feeder, orphan, nobody):
    done = tool("slot", "drain", orphan, "--conf", f"http::addr={nobody};", "--timeout", "500ms", code=1)
    assert "stays in the slot" in done.stderr
    assert exported(tool, orphan) == feeder.sent
    tool("slot", "drain", orphan.parent / "absent", "--conf", f"http::addr={nobody};", code=1)
    assert not (orphan.parent / "absent").exists()


def test_export_takes_a_range_and_a_file(tool, feeder, orphan, tmp_path):
    shown = json.loads(tool("slot", "show", orphan, "--json").stdout)
    first, last = shown["first_fsn"], shown["last_fsn"]
    assert last > first
    assert (exported(tool, orphan, "--to", first) + exported(tool, orphan, "--from", first + 1)) == feeder.sent
    target = tmp_path / "rows.ilp"
    done = tool("slot", "export", orphan, "--output", target, "--json")
    assert json.loads(done.stdout)["rows"] == ROWS
    assert target.read_text().splitlines() == feeder.sent
    tool("slot", "export", orphan, "--json", code=2)
    tool("slot", "export", orphan, "--from", 5, "--to", 4, code=2)


def test_damage_is_named_and_the_rest_comes_out(tool, feeder, orphan):
    log = max(orphan.glob("seg-*.db-wal"), key=lambda path: path.stat().st_size)
    row = b"t,k=a v=150i"
    assert row in log.read_bytes()
    log.write_bytes(log.read_bytes().replace(row, b"X" + row[1:]))  # in every version of its page
    before = {path: path.read_bytes() for path in orphan.glob("seg-*.db*") if not path.name.endswith("-shm")}
    found = json.loads(tool("slot", "verify", orphan, "--json", code=1).stdout)
    assert not found["sound"] and log.name.removesuffix("-wal") in found["damage"][0]["file"]
    assert "breaks off" in found["damage"][0]["message"] and found["damage"][0]["frames_behind"] > 0
    assert "DAMAGED" in tool("slot", "verify", orphan, code=1).stdout
    saved = exported(tool, orphan, code=1)
    assert len(saved) == found["rows"] < ROWS
    lost = [line for line in feeder.sent if line not in set(saved)]
    assert saved == [line for line in feeder.sent if line not in set(lost)], "in order, with what is behind the damage"
    assert lines(150, 1)[0] in lost and feeder.sent[-1] in saved
    assert before == {path: path.read_bytes() for path in before}, "looking changes nothing"
    tool("slot", "verify", orphan.parent / "absent", code=3)


def test_an_encrypted_slot_takes_its_key(tool, nobody, node, tmp_path):
    key = tmp_path / "key"
    key.write_text(KEY + "\n")
    slot = tmp_path / "slots" / "secret"
    feeder = Feeder(tool, f"http::addr={nobody};sf_dir={slot.parent};sender_id=secret;sf_key={key};",
                    tmp_path / "feeder.log")
    try:
        feeder.feed(lines(0, 20))
        feeder.await_rows(slot)
    finally:
        feeder.kill()
    assert not any(b"t,k=a" in path.read_bytes() for path in slot.iterdir() if path.is_file())
    assert "encrypted" in tool("slot", "verify", slot, code=3).stderr
    other = tmp_path / "other"
    other.write_bytes(bytes(32))
    tool("slot", "verify", slot, "--key", other, code=3)
    tool("slot", "verify", slot, "--key", key)
    assert json.loads(tool("slot", "show", slot, "--json").stdout)["segments"][0]["encrypted"]
    assert exported(tool, slot, "--key", key) == feeder.sent
    tool("slot", "drain", slot, "--conf", f"http::addr={node};", "--key", key)
    until(lambda: values(node) == list(range(20)), "every row is visible")


@pytest.fixture
def refused(tool, node, tmp_path):
    """A slot with two dead letters, rows that do not fit column v of the node."""
    slot = tmp_path / "dead" / "writer"
    text = "\n".join(['t,k=a v=1i 1', 't,k=a v="two" 2', 't,k=a v="three" 3', 't,k=a v=4i 4']) + "\n"
    done = subprocess.run([tool.program, "send", "-", "--conf", f"http::addr={node};sf_dir={slot.parent};sender_id=writer;"],
                          input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    return slot


@pytest.fixture
def other_node(make_node):
    return make_node("other-node")


def letters(tool, slot):
    return json.loads(tool("slot", "dead", "list", slot, "--json").stdout)


def test_dead_letters_say_why_and_come_out(tool, refused, node, tmp_path):
    found = letters(tool, refused)
    assert [letter["host"] for letter in found] == [node, node]
    assert all(letter["reason"] and letter["rows"] == 1 for letter in found)
    listed = tool("slot", "dead", "list", refused).stdout
    assert found[0]["key"] in listed and "two" in listed
    assert re.search(r"\b[12] .*" + re.escape(node), tool("slot", "dead", "list", refused, "--reasons").stdout)
    target = tmp_path / "refused.ilp"
    tool("slot", "dead", "export", refused, "--output", target)
    assert target.read_text().splitlines() == ['t,k=a v="two" 2', 't,k=a v="three" 3']
    one = tool("slot", "dead", "export", refused, found[1]["key"], "--json").stdout
    assert json.loads(one)["ilp"] == 't,k=a v="three" 3\n'
    assert json.loads(one)["key"] == found[1]["key"]


def test_dead_letters_are_grouped_and_chosen_by_what_they_say(tool, refused, node):
    groups = tool("slot", "dead", "list", refused, "--reasons").stdout.splitlines()[2:]
    assert len(groups) == 1 and re.match(r" *2 ", groups[0]) and "STRING" in groups[0], "one cause, whatever the line"
    assert "failed to parse" not in tool("slot", "dead", "list", refused).stdout
    for chosen, count in ((("--reason", "STRING"), 2), (("--reason", "nothing"), 0), (("--table", "t"), 2),
                          (("--table", "other"), 0), (("--host", node), 2), (("--host", "other:1"), 0)):
        assert len(json.loads(tool("slot", "dead", "list", refused, "--json", *chosen).stdout)) == count
        if count == 0:
            assert "0 dead letters" in tool("slot", "dead", "drop", refused, *chosen, "--yes").stdout
            before = sorted(refused.iterdir())
            assert "0 dead letters" in tool("slot", "dead", "retry", refused, *chosen).stdout
            assert sorted(refused.iterdir()) == before, "nothing is opened for nothing"
    assert len(letters(tool, refused)) == 2
    tool("slot", "dead", "drop", refused, letters(tool, refused)[0]["key"], "--reason", "STRING", "--yes")
    assert len(letters(tool, refused)) == 1


def test_dead_letters_are_dropped_on_request_only(tool, refused):
    keys = [letter["key"] for letter in letters(tool, refused)]
    tool("slot", "dead", "drop", refused, code=2)
    tool("slot", "dead", "drop", refused, "--all", code=2)  # nobody can be asked here
    assert len(letters(tool, refused)) == 2
    tool("slot", "dead", "drop", refused, "--older-than", "1h", "--yes")
    assert len(letters(tool, refused)) == 2
    assert "1 dead letter" in tool("slot", "dead", "drop", refused, keys[0], "--yes").stdout
    assert [letter["key"] for letter in letters(tool, refused)] == keys[1:]
    tool("slot", "dead", "drop", refused, keys[0], "--yes", code=1)
    tool("slot", "dead", "drop", refused, "--all", "--yes")
    assert letters(tool, refused) == []


@pytest.mark.parametrize("point", [None, "dead.marked", "dead.appended"])
def test_a_retry_delivers_each_letter_once_whenever_it_is_killed(tool, refused, other_node, point):
    if point:
        tool("slot", "dead", "retry", refused, "--all", code=-signal.SIGKILL,
             environment={"QUESTCLIENT_KILL_POINT": point})
    # A table that takes text: the cause is mended.
    tool("slot", "dead", "retry", refused, "--all", "--conf", f"http::addr={other_node};")
    assert letters(tool, refused) == []
    if point:  # what an interrupted retry had moved already is sent with the rest
        tool("slot", "drain", refused, "--conf", f"http::addr={other_node};")
    until(lambda: values(other_node) == ["three", "two"], "both rows are visible, once")


def test_a_retry_that_is_refused_again_leaves_dead_letters(tool, refused, node):
    keys = {letter["key"] for letter in letters(tool, refused)}
    tool("slot", "dead", "retry", refused, "--all", "--conf", f"http::addr={node};", code=1)
    again = letters(tool, refused)
    assert len(again) == 2 and not keys & {letter["key"] for letter in again}


def test_the_documented_queries_work_on_a_live_slot(tool, feeder):
    queries = re.findall(r"^sqlite3 -readonly .*$", DOCS.read_text(), re.M)
    assert len(queries) == 3
    # The third reads the dead letters: there is one.
    feeder_answers = []
    for query in queries[:2]:
        done = subprocess.run(["bash", "-c", query], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "SLOT": str(feeder.slot)})
        assert done.returncode == 0, done.stderr
        feeder_answers.append(done.stdout.strip())
    assert f"{ROWS}" in feeder_answers[0].split("|")
    assert feeder_answers[1]
    feeder.feed(lines(ROWS, 1))
    feeder.await_rows(feeder.slot)
    tool("slot", "verify", feeder.slot)


def test_the_documented_query_of_dead_letters_works(refused, node):
    query = re.findall(r"^sqlite3 -readonly .*$", DOCS.read_text(), re.M)[2]
    done = subprocess.run(["bash", "-c", query], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "SLOT": str(refused)})
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"2\|" + re.escape(node) + r"\|table: t, column: v; [^\n]*\n", done.stdout), "one group"


class Screen:
    """A program on a terminal of its own."""

    def __init__(self, command, rows=24, columns=100):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        # Its controlling terminal, so that Ctrl-C reaches it.
        self.process = subprocess.Popen(list(map(str, command)), stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.text = ""

    def read(self, seconds=0.05):
        while select.select([self.master], [], [], seconds)[0]:
            try:
                got = os.read(self.master, 65536)
            except OSError:  # the program has ended
                return
            if not got:
                return
            self.text += got.decode(errors="replace")

    def await_text(self, text):
        def there():
            self.read()
            return text in self.text

        until(there, f"{text!r} on the screen")

    def type(self, keys):
        os.write(self.master, keys)

    def end(self):
        def ended():
            self.read(0)
            return self.process.poll() is not None

        until(ended, "the program ends")
        self.read()
        os.close(self.master)
        return self.process.returncode


@pytest.mark.parametrize("end", ["q", "ctrl-c", "sigterm"])
def test_top_draws_until_it_is_ended(tool, feeder, end):
    screen = Screen([tool.program, "top", feeder.slot, "--interval", "100ms"])
    screen.await_text(f"process {feeder.process.pid}")
    screen.await_text(f"{ROWS} rows")
    feeder.feed(lines(ROWS, 7))
    screen.await_text(f"{ROWS + 7} rows")
    if end == "sigterm":
        screen.process.terminate()
    else:
        screen.type(b"q" if end == "q" else b"\x03")
    assert screen.end() == 0
    assert "\033[?1049l" in screen.text, "the screen is given back"
    assert feeder.process.poll() is None


def test_top_for_scripts(tool, feeder, node, tmp_path):
    look = json.loads(tool("top", feeder.slot, "--once", "--json", "--interval", "200ms").stdout)
    assert look["holder_pid"] == feeder.process.pid and look["rows"] == ROWS
    assert "waiting" in tool("top", feeder.slot, "--once", "--interval", "200ms").stdout
    tool("top", feeder.slot, "--interval", "1ms", code=2)
    # A sender that is connected publishes its hosts.
    live = Feeder(tool, f"http::addr={node};sf_dir={tmp_path / 'slots'};sender_id=live;", tmp_path / "live.log")
    try:
        live.feed(lines(0, 10))

        def connected():
            done = subprocess.run([tool.program, "top", tmp_path / "slots" / "live", "--once", "--json", "--interval",
                                   "200ms"], capture_output=True, text=True, timeout=60)
            sender = json.loads(done.stdout)["sender"] if done.returncode == 0 else None
            return sender and sender["connected_to"] == node and sender["hosts"][0]["address"] == node

        until(connected, "the sender publishes the host that it writes to")
    finally:
        live.kill()


def test_a_progress_bar_is_drawn_on_a_terminal_only(tool, orphan):
    screen = Screen([tool.program, "slot", "verify", orphan])
    assert screen.end() == 0
    assert "%" in screen.text and "[" in screen.text
    assert tool("slot", "verify", orphan).stderr == ""


def test_config_explains_every_key_and_checks_a_string(tool):
    text = tool("config", "--explain").stdout
    for key in ("addr", "sf_dir", "sf_durability", "auto_flush_interval", "tls_roots"):
        assert f"  {key}=" in text
    described = {key["name"]: key for key in json.loads(tool("config", "--json").stdout)}
    assert described["password"]["secret"] and described["sf_dir"]["group"]
    assert "sf_key" in tool("config", "sf_key").stdout
    assert "sf_dir" in tool("config", "sf_dri", code=2).stderr
    conf = "http::addr=a:9000,b:9001;username=u;password=hidden-word;sf_dir=/x;"
    checked = json.loads(tool("config", "check", conf, "--json").stdout)
    assert checked["sf_dir"] == "/x" and "hidden-word" not in json.dumps(checked)
    changed = json.loads(tool("config", "check", conf, "--changed", "--json").stdout)
    assert "sf_dir" in changed and "auto_flush_rows" not in changed
    wrong = tool("config", "check", "http::addr=a:9000;sf_dri=/x;password=hidden-word;", code=1)
    assert "sf_dir" in wrong.stderr and "hidden-word" not in wrong.stderr
    tool("config", "check", code=0, environment={"QDB_CLIENT_CONF": conf})


@pytest.mark.parametrize("command", ["slot list", "slot show", "slot verify", "slot export", "slot drain", "slot dead list",
                                     "slot dead export", "slot dead retry", "slot dead drop", "top", "config",
                                     "config check"])
def test_every_command_explains_itself(tool, command):
    text = tool(*command.split(), "--help").stdout
    assert "Examples:" in text and "Exit codes:" in text and text.count("\n") > 10
    assert command in tool("--help").stdout


def test_what_cannot_be_written_is_a_failure(tool, feeder, orphan, refused, node):
    commands = (("query", "SELECT 1", "--conf", f"http::addr={node};"), ("slot", "dead", "list", refused, "--json"),
                ("slot", "show", orphan), ("slot", "export", orphan), ("config",), ("--help",),
                ("top", orphan, "--once", "--interval", "100ms"))
    for command in commands:
        with open("/dev/full", "w") as full:
            done = subprocess.run([tool.program, *map(str, command)], stdin=subprocess.DEVNULL, stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 1 and done.stderr.count("cannot write standard output: ") == 1, command
    closed = subprocess.run(["bash", "-c", '"$@" >&-', "-", tool.program, *commands[0]], capture_output=True, text=True,
                            timeout=60)
    assert closed.returncode == 1 and "cannot write standard output" in closed.stderr
    # `| head` hears nothing of it.
    for command in (("slot", "export", orphan), ("top", orphan, "--json", "--interval", "100ms")):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([tool.program, *command], stdout=writer, stderr=subprocess.PIPE, timeout=60)
        os.close(writer)
        assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


@pytest.mark.parametrize("command", ["verify", "export"])
def test_an_interrupted_look_at_a_damaged_slot_leaves_nothing_behind(tool, feeder, orphan, tmp_path, command):
    log = max(orphan.glob("seg-*.db-wal"), key=lambda path: path.stat().st_size)
    log.write_bytes(log.read_bytes().replace(b"t,k=a v=150i", b"X,k=a v=150i"))
    scratch, outside = tmp_path / "scratch", tmp_path / "outside"
    scratch.mkdir()
    outside.mkdir()
    target = outside / "rows.ilp"
    extra = ["--output", target] if command == "export" else []

    def interrupted():
        """As soon as the folder for the copy is there. On a busy machine the tool may be done before it is told."""
        process = subprocess.Popen([tool.program, "slot", command, orphan, *extra], stderr=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, text=True, env={**os.environ, "TMPDIR": str(scratch)})
        while process.poll() is None and not list(scratch.iterdir()):
            pass
        process.terminate()
        _, said = process.communicate(timeout=60)
        assert list(scratch.iterdir()) == [], "no copy stays"
        if "interrupted" not in said:
            return False
        assert process.returncode == (3 if command == "verify" else 1)
        return True

    assert any(interrupted() for _ in range(10))
    assert not outside.joinpath("rows.ilp.part").exists()
    said = tool("slot", "verify", orphan, code=3, environment={"TMPDIR": "/nonexistent"}).stderr
    assert "TMPDIR" in said and "/nonexistent" in said


def test_a_query_shows_no_control_characters_and_names_what_is_wrong_with_its_command(tool, node):
    conf = f"http::addr={node};"
    table = tool("query", "SELECT 'a\033[2J\nb'", "--conf", conf).stdout
    assert "\033" not in table and "\\x1b[2J\\x0ab" in table
    tool("query", "SELECT 1", "--conf", "tcp::addr=localhost:9009;", code=2)
    assert "--timeout" in tool("query", "SELECT 1", "--conf", conf, "--timeout", "0", code=2).stderr


def test_top_shows_its_first_lines_on_a_small_screen(tool, feeder):
    screen = Screen([tool.program, "top", feeder.slot, "--interval", "100ms"], rows=3, columns=60)
    screen.await_text("waiting")
    screen.type(b"q")
    assert screen.end() == 0
    drawn = screen.text[screen.text.index("\033[H"):].split("\033[J")[0]
    assert drawn.count("\n") == 2 and "slot" in drawn and "on disk" not in drawn


def test_a_progress_line_is_cut_to_the_terminal(tool, orphan):
    screen = Screen([tool.program, "slot", "verify", orphan], columns=20)
    assert screen.end() == 0
    [line] = re.findall(r"(\[[^\r\n\033]*)\r\033\[K", screen.text)[:1]
    assert line.endswith("...") and len(line) == 19


def test_folders_that_are_something_else_are_named(tool, orphan, nobody, tmp_path):
    assert "slot show" in tool("slot", "list", orphan, code=2).stderr
    [listed] = json.loads(tool("slot", "list", os.path.relpath(orphan.parent), "--json").stdout)
    assert listed["path"] == str(orphan)
    copy = tmp_path / "ingest (copy)"
    shutil.copytree(orphan, copy)
    said = tool("slot", "drain", copy, "--conf", f"http::addr={nobody};", code=1).stderr
    assert "Rename the folder" in said and "sender_id" not in said


def test_the_tool_helps_on_the_way(tool):
    assert re.fullmatch(r"questclient \d+\.\d+\.\d+\n", tool("--version").stdout)
    assert "slot verify" in tool("slot", "--help").stdout
    assert "slot dead drop" in tool("slot", "dead", "--help").stdout
    assert "did you mean 'slot dead list'?" in tool("slot", "dead", "lst", code=2).stderr
    assert "did you mean 'slot list'?" in tool("slot", "lst", code=2).stderr
    assert "did you mean 'query'?" in tool("qery", code=2).stderr
    assert "username=" in tool("config", "user").stdout


def test_a_command_that_is_not_finished_names_the_choices(tool):
    assert "slot dead retry" in tool("slot", "dead", code=2).stderr
    choices = tool("slot", "lst", code=2).stderr
    assert "slot list" in choices and "slot verify" in choices
