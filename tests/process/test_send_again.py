"""`questclient send` that is killed, interrupted or refused, and run again: every row arrives exactly once."""

import collections
import json
import os
import random
import signal
import subprocess

import pytest

from loop import rows
from loop.cluster import until
from loop.producer import connect_string

ROWS = 30_000


def ilp(first, last):
    return "".join(f"t,k=a v={n}i {n + 1}\n" for n in range(first, last))


def csv(first, last):
    return "".join(f"{n},{n + 1}\n" for n in range(first, last))


CSV = ("--csv", "--table", "t", "--timestamp", "time:ns", "--types", "v=long")


@pytest.fixture
def send(build, node, tmp_path):
    """Starts `questclient send FILE`; `tell()` of a process waits for it and returns (exit code, summary, messages)."""
    running = []

    def start(path, *more, conf="", point=None, address=node):
        environment = {**os.environ, **({"QUESTCLIENT_KILL_POINT": point} if point else {})}
        command = [build / "tools" / "questclient" / "questclient", "send", path, "--json", "--conf",
                   connect_string([address], tmp_path / "slots") + conf, *more]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def tell(process):
    out, messages = process.communicate(timeout=60)
    return process.returncode, json.loads(out) if out else None, messages


def held(build, slot):
    """Rows in a slot, or None where there is none yet."""
    done = subprocess.run([build / "tools" / "questclient" / "questclient", "slot", "show", slot, "--json"],
                          capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout) if done.returncode == 0 else None


def count(node):
    try:
        return rows.execute(node, "SELECT count() FROM t")["dataset"][0][0]
    except rows.QueryFailed:
        return 0  # the table is not there yet


def assert_exactly_once(node, number):
    until(lambda: count(node) >= number, "every row has arrived")
    table = rows.fetch(node, "t")
    values = collections.Counter()
    for row, times in table.rows.items():
        values[row[table.columns.index("v")]] += times
    assert values == collections.Counter(range(number)), "rows are missing or arrived twice"


@pytest.mark.parametrize("form", ["ilp", "csv"])
def test_every_row_arrives_once_through_kills_and_interruptions(build, node, send, tmp_path, form):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    text, more = (ilp, ()) if form == "ilp" else (csv, CSV)
    path = tmp_path / "rows"
    path.write_text(("" if form == "ilp" else "v,time\n") + text(0, ROWS))
    for point in ("slot.before_commit", "slot.after_commit", "sender.before_trim"):
        first = send(path, *more, "--rate", "5000", point=f"{point}:{dice.randrange(1, 4)}")
        assert tell(first)[0] == -signal.SIGKILL
    before = 0
    for _ in range(2):
        process = send(path, *more, "--rate", "5000")
        until(lambda: "goes on" in process.stderr.readline(), "it goes on")
        slot = held(build, tmp_path / "slots" / "default")["position"]
        until(lambda: held(build, tmp_path / "slots" / "default")["position"] != slot, "it takes rows")
        process.send_signal(signal.SIGINT)
        code, summary, messages = tell(process)
        assert code == 1 and summary["error"] == "interrupted"
        assert "the same command goes on behind that" in messages
        assert summary["rows_before"] >= before and summary["rows_sent"] > 0
        before = summary["rows_before"] + summary["rows_sent"]
        assert summary["last_line"] == before + (form == "csv")
    code, summary, _ = tell(send(path, *more))
    assert code == 0
    assert summary["rows_before"] == before
    assert before + summary["rows_sent"] == ROWS
    assert_exactly_once(node, ROWS)
    code, summary, messages = tell(send(path, *more))
    assert code == 0 and summary["rows_sent"] == 0 and "--restart sends it again" in messages
    with open(path, "a") as file:
        file.write(text(ROWS, ROWS + 100))
    code, summary, _ = tell(send(path, *more))
    assert code == 0 and summary["rows_sent"] == 100
    assert_exactly_once(node, ROWS + 100)
    assert tell(send(path, *more, "--restart"))[1]["rows_sent"] == ROWS + 100


def test_a_mended_bad_row_is_where_it_goes_on(node, send, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("v,time\n" + csv(0, 10) + "ten,11\n" + csv(11, 20))
    code, summary, messages = tell(send(path, *CSV))
    assert code == 1 and summary["rows_sent"] == 10 and "line 12" in messages
    code, summary, _ = tell(send(path, *CSV))
    assert code == 1 and summary["rows_sent"] == 0
    mended = tmp_path / "mended"
    mended.write_text("v,time\n" + csv(0, 20))
    mended.rename(path)  # as editors do
    code, summary, _ = tell(send(path, *CSV))
    assert code == 0 and summary["rows_sent"] == 10
    assert_exactly_once(node, 20)


def test_a_full_slot_tells_how_far_it_came(node, send, tmp_path):
    path = tmp_path / "rows"
    path.write_text(ilp(0, 2 * ROWS))
    small = "sf_max_total_bytes=1m;auto_flush_bytes=256k;sf_max_segment_bytes=256k;sf_append_deadline_millis=100;"
    code, summary, messages = tell(send(path, "--timeout", "0", conf=small, address="127.0.0.1:9"))
    assert code == 1 and "slot was full" in messages and "Nothing was appended" not in messages
    taken = summary["last_line"]
    assert 0 < taken < 2 * ROWS and f"the last of them on line {taken:,}; the same command goes on" in messages
    code, summary, _ = tell(send(path))
    assert code == 0 and summary["rows_before"] == taken and summary["rows_sent"] == 2 * ROWS - taken
    assert_exactly_once(node, 2 * ROWS)


def test_the_position_of_another_program_is_left_alone(build, node, send, tmp_path):
    log = tmp_path / "app.log"
    log.write_text("one\n")
    conf = connect_string([node], tmp_path / "slots")
    tail = [build / "examples" / "file_tail", "--conf", conf, "--table", "lines", "--file", log, "--until-end"]
    subprocess.run(tail, check=True, timeout=60)
    position = held(build, tmp_path / "slots" / "default")["position"]
    path = tmp_path / "rows"
    path.write_text(ilp(0, 10))
    code, _, messages = tell(send(path))
    assert code == 0 and "position of another program" in messages
    assert held(build, tmp_path / "slots" / "default")["position"] == position
    assert_exactly_once(node, 10)


def test_interrupted_in_memory_the_rows_taken_are_still_sent(build, node):
    process = subprocess.Popen([build / "tools" / "questclient" / "questclient", "send", "-", "--json", "--conf",
                                f"http::addr={node};"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    process.stdin.write(ilp(0, 10) + "t,k=a v=1")  # the last line is not there yet
    process.stdin.flush()
    until(lambda: count(node) == 10, "the rows are sent")
    process.send_signal(signal.SIGTERM)
    code = process.wait(60)
    summary = json.loads(process.stdout.read())
    messages = process.stderr.read()
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()
    assert code == 1 and summary["rows_acked"] == 10 and summary["rows_waiting"] == 0
    assert "the last of them on line 10" in messages
    assert_exactly_once(node, 10)
