#!/usr/bin/env python3
"""docs/kill-points.md lists exactly the kill points that the code has. Exit 1 names the differences."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    in_code = set()
    for folder in ("src", "buffer", "failover", "server-stub"):
        for path in (ROOT / folder).rglob("*.cpp"):
            in_code |= set(re.findall(r'kill_point\("([^"]+)"\)', path.read_text()))
    rows = [line for line in (ROOT / "docs/kill-points.md").read_text().splitlines() if line.startswith("| `")]
    in_docs = {name for row in rows for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", row.split("|")[1])}
    for name in sorted(in_code - in_docs):
        print(f"{name} is in the code, not in docs/kill-points.md")
    for name in sorted(in_docs - in_code):
        print(f"{name} is in docs/kill-points.md, not in the code")
    if not in_code:
        print("no kill point was found: the check looks in the wrong place")
    if in_code and in_code == in_docs:
        print(f"{len(in_code)} kill points are documented")
    return 0 if in_code and in_code == in_docs else 1


if __name__ == "__main__":
    sys.exit(main())
