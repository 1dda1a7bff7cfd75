#!/usr/bin/env python3
"""docs/errors.md shows the table of src/base/error.cpp. Exit 1 says what differs; --write writes the table."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = ROOT / "src/base/error.cpp"
PAGE = ROOT / "docs/errors.md"
TEXT = r'((?:\s*"(?:[^"\\]|\\.)*")+)'
ENTRY = re.compile(r'\{ErrorCode::(\w+),\s*"(\w+)",\s*Disposition::(\w+),' + TEXT + "," + TEXT + r"\s*\}")
HEAD = "| code | disposition | what happened | what to do |\n|---|---|---|---|\n"


def joined(literals):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals)).replace('\\"', '"')


def table():
    entries = ENTRY.findall(CODE.read_text())
    codes = (ROOT / "include/questclient/error.hpp").read_text().split("enum class ErrorCode {")[1].split("};")[0]
    wanted = re.findall(r"^\s*(\w+),", codes, re.M)
    if [entry[0] for entry in entries] != wanted:
        sys.exit(f"{CODE}: the entries cannot be read, or one is missing")
    return HEAD + "".join(f"| `{name}` | `{usual}` | {joined(meaning)} | {joined(advice)} |\n"
                          for _, name, usual, meaning, advice in entries)


def main():
    page = PAGE.read_text()
    start = page.index(HEAD)
    end = page.find("\n\n", start) + 1 or len(page)
    wanted = page[:start] + table() + page[end:]
    if "--write" in sys.argv:
        PAGE.write_text(wanted)
    elif page != wanted:
        sys.exit("docs/errors.md differs from src/base/error.cpp: run tests/house/errors_page.py --write")
    else:
        print(f"docs/errors.md shows all {len(table().splitlines()) - 2} errors")


main()
