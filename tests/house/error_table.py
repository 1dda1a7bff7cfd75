#!/usr/bin/env python3
"""The table of docs/interop.md: every error answer of questnode stands in it, and every test that it names is there and speaks
of that answer. Exit 1 says what is wrong."""
import ast
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/interop.md"
HEAD = "| case | answer | test against questnode | test against QuestDB |\n|---|---|---|---|\n"
NONE = "cannot be shown: "
ANSWERS = r"(?:json_error|plain_error|exec_error|refuse)\(\s*(\d{3})"


def python_tests(code):
    """(name, text) of every test of a file: its own lines, and those of the file's definitions and tables that it names."""
    parts, named = {}, {}
    for node in ast.parse(code).body:
        first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
        text = "\n".join(code.splitlines()[first - 1:node.end_lineno])
        for name in [node.name] if hasattr(node, "name") else [one.id for one in getattr(node, "targets", ()) if hasattr(one, "id")]:
            parts[name], named[name] = text, {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    for test in (name for name in parts if name.startswith("test_")):
        used, new = set(), {test}
        while new:
            used |= new
            new = {name for one in new for name in named[one] if name in parts} - used
        yield test, "\n".join(parts[name] for name in sorted(used))


def tests():
    """{name: (file, its text)} of every test: `Suite.Name` of C++, `file.py::name` of Python."""
    found = {}
    for path in (ROOT / "tests/unit").rglob("*_test.cpp"):
        for part in re.split(r"^(?=TEST)", path.read_text(), flags=re.M):
            if name := re.match(r"TEST(?:_F|_P)?\((\w+), (\w+)\)", part):
                found[f"{name[1]}.{name[2]}"] = part
    for folder in ("process", "interop"):
        for path in (ROOT / "tests" / folder).glob("test_*.py"):
            found |= {f"{folder}/{path.name}::{name}": text for name, text in python_tests(path.read_text())}
    return found


def answers_in_code():
    code = "".join((ROOT / "server-stub" / name).read_text()
                   for name in ("node/answers.cpp", "node/api.cpp", "node/server.cpp", "front/http_server.cpp"))
    return set(re.findall(ANSWERS, code))


def rows():
    page = PAGE.read_text()
    start = page.index(HEAD) + len(HEAD)
    table = page[start:page.index("\n\n", start)].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def complaints():
    known, told = tests(), set()
    for case, answer, *columns in rows():
        statuses = re.findall(r"\b\d{3}\b", answer)
        told.update(statuses)
        if len(columns) != 2 or not statuses:
            yield f"{case}: four columns, and a status in the second"
        for cell in columns:
            names = re.findall(r"`([^`]+)`", cell)
            shown = not cell.startswith(NONE)
            if shown and not names:
                yield f"{case}: neither a test nor '{NONE}...': {cell}"
            for name in names:
                if name not in known:
                    yield f"{case}: there is no test {name}"
                elif shown and not any(status in known[name] for status in statuses):
                    yield f"{case}: the test {name} does not speak of {answer}"
    for status in sorted(answers_in_code() - told):
        yield f"questnode answers {status}, the table does not say when"
    if len(told) < 10:
        yield "so few answers: the check looks in the wrong place"


def main():
    found = list(complaints())
    for complaint in found:
        print(f"docs/interop.md: {complaint}")
    if not found:
        print(f"docs/interop.md names the tests of {len(rows())} error answers")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
