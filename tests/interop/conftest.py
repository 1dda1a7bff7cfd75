"""Acceptance tests against QuestDB's own server, and against questnode with the same bytes."""

import itertools
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

from interop.server import QuestDb, QuestNode  # noqa: E402

table_numbers = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption("--build", type=pathlib.Path, required=True, help="the folder that cmake built into")
    parser.addoption("--questdb", type=json.loads, required=True, help='{"jar": ..., "java": ...}, as fetch.py prints')


@pytest.fixture(scope="session")
def build(request):
    return request.config.getoption("--build").resolve()


@pytest.fixture(scope="session")
def make_questdb(request, tmp_path_factory):
    """Makes real servers, not started yet; they are stopped at the end of the session."""
    found = request.config.getoption("--questdb")
    made = []

    def make(name, **settings):
        root = tmp_path_factory.mktemp(name) / "root"
        made.append(QuestDb(found["java"], found["jar"], root, {k.replace("_", "."): v for k, v in settings.items()}))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture(scope="session")
def questdb(make_questdb):
    """The real server with its defaults."""
    return make_questdb("questdb").start()


@pytest.fixture(scope="session")
def questnode(build, tmp_path_factory):
    server = QuestNode(build / "server-stub" / "node" / "questnode", tmp_path_factory.mktemp("questnode") / "root").start()
    yield server
    server.stop()


@pytest.fixture(params=["questdb", "questnode"])
def server(request):
    """Each of the two in turn: what holds for both."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def table():
    """A name that no other test uses."""
    return f"t{next(table_numbers)}"


class Client:
    """Our client as a user has it: the command, and the acceptance program for what a command cannot say."""

    def __init__(self, build):
        self.command = build / "tools" / "questclient" / "questclient"
        self.programs = build / "tests" / "interop"

    def send_three_ways(self, conf, table, rows):
        """Into TABLE_calls, TABLE_prepared and TABLE_columns; see interop_ways.cpp."""
        done = subprocess.run([self.programs / "interop_ways", conf, table, str(rows)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def send_rows(self, conf, rows, rejected=0):
        """Rows as interop_rows.cpp describes them; returns its summary. So many of them the server refuses."""
        text = "".join(json.dumps(row) + "\n" for row in rows)
        done = subprocess.run([self.programs / "interop_rows", conf], input=text, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        assert summary.pop("rejected") == rejected
        return summary

    def run(self, *arguments, text=None):
        return subprocess.run([self.command, *map(str, arguments)], input=text, capture_output=True, text=True, timeout=120)

    def query(self, conf, sql):
        done = self.run("query", sql, "--conf", conf, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def client(build):
    return Client(build)
