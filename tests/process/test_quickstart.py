"""The README's first command, behind its installing and building."""

import subprocess
import sys

import pytest
from conftest import ROOT


def quickstart(build, directory, *arguments):
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "lib" / "quickstart.py", "--build", build, "--dir", directory, *arguments],
        capture_output=True,
        text=True,
        timeout=900,
    )


def figure(output, name):
    line = next(line for line in output.splitlines() if line.strip().startswith(name))
    return line.split()[-1].replace(",", "")


def test_live_metrics_arrive_once_each(build, tmp_path):
    done = quickstart(build, tmp_path / "q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert figure(done.stdout, "lost") == figure(done.stdout, "twice") == figure(done.stdout, "different") == "0"
    assert int(figure(done.stdout, "rows sent")) > 1000
    assert figure(done.stdout, "rows sent") == figure(done.stdout, "rows counted on node-c")


@pytest.mark.parametrize("name, rows", [("flights.csv", 336_776), ("weather.csv", 26_115)])
def test_a_real_file_arrives_once_each(build, tmp_path, flights_data, name, rows):
    done = quickstart(build, tmp_path / "q", flights_data / name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert figure(done.stdout, "lost") == figure(done.stdout, "twice") == figure(done.stdout, "different") == "0"
    assert int(figure(done.stdout, "rows sent")) == rows
    assert int(figure(done.stdout, "rows counted on node-b")) == rows
    assert int(figure(done.stdout, "rows counted on node-c")) == rows


def test_wrong_usage_exits_2_and_names_the_file(build, tmp_path):
    done = quickstart(build, tmp_path / "q", tmp_path / "none.csv")
    assert done.returncode == 2
    assert "none.csv" in done.stderr
