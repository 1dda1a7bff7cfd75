"""Who may read a slot and not write to it sees all of it: a read-only copy, another user, beside a live sender too."""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import stat
import subprocess
import tempfile

import pytest

from test_slot_tools import exported, feeder, letters, nobody, orphan, refused, tool  # noqa: F401

NOBODY = 65534


@pytest.fixture
def tmp_path():
    """Where other users can look as well."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="questclient-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def below(folder):
    return [folder, *folder.rglob("*")]


@pytest.fixture
def reader(tool, tmp_path):  # noqa: F811
    """The tool, run by somebody who may not write to the slot: as root by another user, else without the permission."""
    guarded = []
    home = tmp_path / "home"
    (home / "tmp").mkdir(parents=True)
    program = shutil.copy(tool.program, home / "questclient")
    other = {}
    if os.geteuid() == 0:
        os.chown(home / "tmp", NOBODY, NOBODY)
        other = {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def run(*arguments, code=0):
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(home / "tmp")}, **other)
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert list((home / "tmp").iterdir()) == [], "no copy is left"
        return done

    def guard(slot):
        for path in below(slot.parent):
            read = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
            mode = read | (0o111 if path.is_dir() else 0) | (0o200 if other else 0)
            with contextlib.suppress(FileNotFoundError):  # a live sender replaces its stats
                path.chmod(mode)
                guarded.append(path)

    run.guard = guard
    yield run
    for path in guarded:
        if path.exists():
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


def as_it_is(slot):
    pass


def without_index(slot):
    for index in slot.glob("*-shm"):
        index.unlink()


def without_log(slot):
    """As a shell leaves it that may write: the log is folded into the .db."""
    for database in slot.glob("seg-*.db"):
        connection = sqlite3.connect(database)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    without_index(slot)
    assert not list(slot.glob("seg-*-wal"))


def sees_everything(reader, slot, sent):
    assert json.loads(reader("slot", "list", slot.parent, "--json").stdout)[0]["rows"] == len(sent)
    shown = json.loads(reader("slot", "show", slot, "--json").stdout)
    assert shown["rows"] == len(sent) and all(not segment["damage"] for segment in shown["segments"])
    found = json.loads(reader("slot", "verify", slot, "--json").stdout)
    assert found["sound"] and found["rows"] == len(sent)
    assert exported(reader, slot) == sent


@pytest.mark.parametrize("state", [as_it_is, without_index, without_log])
def test_an_orphan_is_read(reader, feeder, orphan, state):  # noqa: F811
    state(orphan)
    reader.guard(orphan)
    before = sorted((str(path), path.stat().st_size) for path in below(orphan))
    sees_everything(reader, orphan, feeder.sent)
    assert before == sorted((str(path), path.stat().st_size) for path in below(orphan)), "looking changes nothing"


@pytest.mark.parametrize("state", [as_it_is, without_index])
def test_a_live_slot_is_read(reader, feeder, state):  # noqa: F811
    state(feeder.slot)
    reader.guard(feeder.slot)
    sees_everything(reader, feeder.slot, feeder.sent)
    assert feeder.process.poll() is None


@pytest.mark.parametrize("state", [as_it_is, without_index])
def test_dead_letters_are_read(reader, tool, refused, state):  # noqa: F811
    wanted = letters(tool, refused)
    state(refused)
    reader.guard(refused)
    assert letters(reader, refused) == wanted and len(wanted) == 2
    assert reader("slot", "dead", "export", refused).stdout.splitlines() == ['t,k=a v="two" 2', 't,k=a v="three" 3']
    assert json.loads(reader("slot", "list", refused.parent, "--json").stdout)[0]["dead_letters"] == 2
    assert json.loads(reader("slot", "verify", refused, "--json").stdout)["dead_letters"] == 2


def test_damage_is_seen_as_by_anybody(reader, tool, feeder, orphan):  # noqa: F811
    log = max(orphan.glob("seg-*.db-wal"), key=lambda path: path.stat().st_size)
    log.write_bytes(log.read_bytes().replace(b"t,k=a v=150i", b"X,k=a v=150i"))
    wanted = exported(tool, orphan, code=1)
    without_index(orphan)
    reader.guard(orphan)
    assert exported(reader, orphan, code=1) == wanted and 0 < len(wanted) < len(feeder.sent)
