"""docs/connect-string.md shows what `questclient config --explain` knows. Run as a program, it writes the table:
python3 tests/process/test_connect_string_page.py build/release/tools/questclient/questclient"""
import json
import pathlib
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/connect-string.md"
HEAD = "| key | default | meaning |\n|---|---|---|\n"


def wanted_page(questclient):
    keys = json.loads(subprocess.run([questclient, "config", "--explain", "--json"], check=True, text=True,
                                     capture_output=True).stdout)
    rows, group = "", None
    for key in keys:
        if key["group"] != group:
            group = key["group"]
            rows += f"| **{group}** | | |\n"
        default = f"`{key['default']}`" if key["default"] else ""
        expects = "" if key["expects"] == "text" else f" ({key['expects']})"
        rows += f"| `{key['name']}` | {default} | {key['meaning']}{expects} |\n"
    page = PAGE.read_text()
    return page[:page.index(HEAD)] + HEAD + rows


def test_the_page_shows_every_key(build):
    assert PAGE.read_text() == wanted_page(build / "tools/questclient/questclient")


if __name__ == "__main__":
    PAGE.write_text(wanted_page(sys.argv[1]))
