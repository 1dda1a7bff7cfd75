"""The README's ten lines in a project of a user's own: they compile under strict warnings, link, and see nothing that is ours.

The library is not built once more: what the user's project links is taken from the build under test."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

PROJECT = f"""cmake_minimum_required(VERSION 3.25)
project(app CXX)
add_subdirectory("{ROOT}" questclient)
add_executable(app main.cpp)
target_link_libraries(app PRIVATE questclient::questclient)

target_compile_options(app PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Werror)
add_library(peeks OBJECT peeks.cpp)
target_link_libraries(peeks PRIVATE questclient::questclient)
"""
INTERNAL = ("sender/core.hpp", "buffer/slot.hpp")


def ten_lines():
    readme = (ROOT / "README.md").read_text()
    return re.search(r"## Ten lines\n```cpp\n(.*?)```", readme, re.S)[1]


def run(folder, *command):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def succeeds(folder, *command):
    done = run(folder, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The folder that a user's project is configured in."""
    folder = tmp_path_factory.mktemp("consumer")
    (folder / "CMakeLists.txt").write_text(PROJECT)
    (folder / "main.cpp").write_text(ten_lines())
    (folder / "peeks.cpp").write_text("")
    succeeds(folder, "cmake", "-S", ".", "-B", "build", "-G", "Ninja")
    return folder / "build"


def test_the_ten_lines_build_and_link(project, build):
    succeeds(project, "ninja", "CMakeFiles/app.dir/main.cpp.o")
    link = succeeds(project, "ninja", "-t", "commands", "-s", "app").strip()
    archives = set(re.findall(r"questclient/(\S+\.a)\b", link))
    assert archives
    for archive in archives:
        place = project / "questclient" / archive
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(build / archive)
    succeeds(project, "sh", "-c", link)
    assert (project / "app").exists()


@pytest.mark.parametrize("header", INTERNAL)
def test_what_is_internal_cannot_be_included(project, header):
    (project.parent / "peeks.cpp").write_text(f'#include <questclient/questclient.hpp>\n#include "{header}"\n')
    done = run(project, "ninja", "CMakeFiles/peeks.dir/peeks.cpp.o")
    assert done.returncode != 0
    assert f"{header}: No such file or directory" in done.stdout
