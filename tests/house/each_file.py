#!/usr/bin/env python3
"""Compiles every source file by itself, without writing anything: what the builds of continuous integration put together
eight at a time must stand alone too, or the debug preset, where people work, does not build.

  tests/house/each_file.py [--tidy] [PATH...]     needs `cmake --preset debug`; without PATH: all files, which takes minutes

PATH is a file or a folder. --tidy runs clang-tidy instead (its configuration is .clang-tidy). Exit 1 lists what failed.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "debug"


def commands(paths):
    """Of each file below `paths`: what the debug preset compiles it with."""
    database = BUILD / "compile_commands.json"
    if not database.exists():
        sys.exit(f"{database} is missing: run cmake --preset debug first")
    found = {pathlib.Path(entry["file"]): entry for entry in json.loads(database.read_text())}
    chosen = {path: [file for file in found if file.is_relative_to(path)] for path in paths or [ROOT]}
    for path, files in chosen.items():
        if not files:
            sys.exit(f"{path}: the debug preset compiles nothing there")
    return [found[file] for file in sorted({file for files in chosen.values() for file in files})]


def check(entry, tidy):
    if tidy:
        command = ["clang-tidy", "--quiet", "-p", str(BUILD), entry["file"]]
    else:
        command = [word for word in shlex.split(entry["command"]) if not word.endswith("ccache")]
        command = command[: command.index("-o")] + ["-fsyntax-only", entry["file"]]
    done = subprocess.run(command, cwd=entry["directory"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tidy", action="store_true")
    parser.add_argument("paths", nargs="*", metavar="PATH")
    arguments = parser.parse_args()
    entries = commands([pathlib.Path(path).resolve() for path in arguments.paths])
    failed = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = {pool.submit(check, entry, arguments.tidy): entry for entry in entries}
        for number, done in enumerate(concurrent.futures.as_completed(checks), 1):
            file = os.path.relpath(checks[done]["file"], ROOT)
            code, output = done.result()
            if code != 0:
                failed.append(file)
                print(output, end="")
            if sys.stderr.isatty():
                print(f"\r\033[K[{number}/{len(entries)}] {file}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(f"{len(entries)} files, {len(failed)} failed" + "".join("\n  " + file for file in sorted(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
