#!/usr/bin/env python3
"""Who may include whom (docs/architecture.md), checked on every source file. Exit 1 lists the breaches."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)

CLIENT = {"base", "config", "ilp", "buffer", "failover", "net"}
SERVER = {"front", "ilp", "engine", "object_store", "replication", "node"}

# Folder -> rooms whose headers it may include, beside its own and <questclient/...>.
ALLOWED = {
    "src/base": set(),
    "src/config": {"base"},
    "src/ilp": {"base"},
    "buffer": {"base"},
    "failover": {"base"},
    "src/net": {"base"},
    "src/sender": CLIENT,
    "src/query": CLIENT,
    "server-stub/engine": {"base"},
    "server-stub/ilp": {"base", "engine"},
    "server-stub/object_store": {"base"},
    "server-stub/replication": {"base", "engine", "object_store"},
    "server-stub/front": {"base", "net"},
    "server-stub/node": {"base", "net"} | SERVER,
    "tools/questclient": {"cli"},
    "tools/questcluster": {"cli", "net", "base"},  # docs/adr/0004
    "tools/cli": set(),
    "examples": set(),
}

# Libraries and the only places that may see them.
LIBRARIES = {
    "boost/": lambda path: path.startswith(("src/net/", "server-stub/front/")) and path.endswith(".cpp"),
    "sqlite3": lambda path: path.startswith(("buffer/", "server-stub/engine/")),
    # bounded_json.hpp is a helper that only .cpp files include; json_fwd.hpp only names types.
    "nlohmann/json.hpp": lambda path: path.endswith(".cpp") or path == "src/base/bounded_json.hpp",
    "spdlog/": lambda path: path.endswith(".cpp"),
    "openssl/": lambda path: path.startswith(("src/base/", "src/net/", "server-stub/front/", "tests/"))
    and path.endswith(".cpp"),
    "zlib.h": lambda path: path == "src/base/gzip.cpp",
    "zstd": lambda path: path.startswith("server-stub/replication/") and path.endswith(".cpp"),
}


def breaches_of_public_header(path, text):
    for bracket, name in INCLUDE.findall(text):
        if bracket == '"' or ("/" in name and not name.startswith("questclient/")):
            yield f"{path}: a public header includes {name}; only the standard library and <questclient/...> may be"


def breaches_of_room(path, text, room, allowed):
    own = room.rsplit("/", 1)[-1]
    client_side = not room.startswith("server-stub/")
    for bracket, name in INCLUDE.findall(text):
        for prefix, may in LIBRARIES.items():
            if bracket == "<" and name.startswith(prefix) and not may(path):
                yield f"{path}: <{name}> belongs elsewhere"
        if bracket == "<":
            if name.startswith("questclient/") and not client_side:
                yield f"{path}: the server includes the client's public header {name}"
            continue
        target = name.split("/", 1)[0] if "/" in name else own
        if name == "namespace.hpp" and not client_side:
            continue
        if target != own and target not in allowed:
            yield f'{path}: "{name}": {room} may include {sorted(allowed) or "nothing"} only'


def main():
    found, seen = [], 0
    for path in sorted((ROOT / "include").rglob("*.hpp")):
        seen += 1
        found += breaches_of_public_header(path.relative_to(ROOT), path.read_text())
    for room, allowed in ALLOWED.items():
        for path in sorted((ROOT / room).rglob("*.[hc]pp")):
            seen += 1
            found += breaches_of_room(str(path.relative_to(ROOT)), path.read_text(), room, allowed)
    if seen < 20:
        found.append(f"only {seen} sources were found below {ROOT}: the check looks in the wrong place")
    print("\n".join(found) or f"{seen} files keep the include rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
