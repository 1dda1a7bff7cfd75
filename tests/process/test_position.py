"""examples/file_tail is killed at random moments and points; every line of its file arrives exactly once."""

import collections
import os
import random
import signal
import subprocess
import time

from loop import rows
from loop.cluster import await_caught_up, until
from loop.producer import connect_string

KILLS = 12
POINTS = ("slot.before_commit", "slot.after_commit", "slot.after_rotate", "sender.before_trim")


def start(build, conf, path, *more, point=None):
    environment = {**os.environ, **({"QUESTCLIENT_KILL_POINT": point} if point else {})}
    return subprocess.Popen([build / "examples" / "file_tail", "--conf", conf, "--table", "lines", "--file", path, *more],
                            env=environment)


def test_every_line_arrives_exactly_once_through_kills(build, cluster, tmp_path):
    seed = int(time.time())
    print(f"seed {seed}")
    dice = random.Random(seed)
    path = tmp_path / "app.log"
    conf = connect_string(cluster.addresses(), tmp_path / "slots", sf_max_segment_bytes="256k",
                          close_flush_timeout_millis=60000, reconnect_max_backoff_millis=200)
    written = 0

    def write(count):
        nonlocal written
        with open(path, "a", encoding="utf-8") as file:
            for number in range(written, written + count):
                file.write(f"line {number} of {'x' * dice.randrange(200)}\n")
        written += count

    write(2000)
    for round_number in range(KILLS):
        point = f"{dice.choice(POINTS)}:{dice.randrange(1, 4)}" if round_number % 3 == 0 else None
        tail = start(build, conf, path, point=point)
        write(dice.randrange(500, 3000))

        def dies_at_its_point():
            write(100)
            return tail.poll() is not None

        if point:
            until(dies_at_its_point, f"it reaches {point}")
        else:
            time.sleep(dice.uniform(0.05, 0.5))  # real time, so that the kill falls anywhere
            tail.kill()
        assert tail.wait() == -signal.SIGKILL
        if round_number == KILLS // 2:
            cluster.promote(next(name for name, node in cluster.running().items() if node["role"] != "primary"))
    assert start(build, conf, path, "--until-end").wait(120) == 0
    await_caught_up(cluster)

    with open(path, "rb") as file:
        expected, offset = {}, 0
        for line in file:
            expected[offset] = line.rstrip(b"\n").decode()
            offset += len(line)
    for address in cluster.addresses():
        until(lambda a=address: rows.execute(a, "SELECT count() FROM lines")["dataset"][0][0] >= written,
              "the node has applied every line")
        table = rows.fetch(address, "lines")
        at, text = table.columns.index("offset"), table.columns.index("line")
        arrived = collections.Counter()
        for row, times in table.rows.items():
            arrived[row[at]] += times
            assert expected[row[at]] == row[text]
        assert len(arrived) == written == len(expected), "lines are missing"
        assert max(arrived.values()) == 1, "lines arrived twice"


def test_a_last_line_without_an_end_is_taken_when_the_file_is_complete(build, node, tmp_path):
    path = tmp_path / "app.log"
    path.write_text("one\ntwo")
    conf = f"http::addr={node};sf_dir={tmp_path / 'slots'}"  # a connect string needs no semicolon at its end
    assert start(build, conf, path, "--until-end").wait(60) == 0
    assert start(build, conf, path, "--until-end").wait(60) == 0
    until(lambda: rows.execute(node, "SELECT count() FROM lines")["dataset"] == [[2]], "both lines arrive, once")


def test_an_unknown_option_is_refused(build, tmp_path):
    assert start(build, "http::addr=x:1;", tmp_path / "app.log", "--tabel", "lines").wait(60) == 2
