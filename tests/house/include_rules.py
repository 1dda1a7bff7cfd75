#!/usr/bin/env python3
"""Who may include whom (docs/architecture.md), checked on every source file. Exit 1 lists the breaches."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)

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


# What public headers may include beside <questclient/...>.
STANDARD = set("""
algorithm any array atomic barrier bit bitset charconv chrono compare complex concepts condition_variable coroutine deque
exception execution filesystem format forward_list fstream functional future initializer_list iomanip ios iosfwd iostream
istream iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional ostream queue random
ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token
streambuf string string_view syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set
utility valarray variant vector version
cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib
cstring ctime cuchar cwchar cwctype
""".split())

# First folders of headers of this project, as a compiler finds them from one of its own targets.
FOLDERS = {room.rsplit("/", 1)[-1] for room in ALLOWED} | {"src", "server-stub", "tools", "tests", "bench", "examples"}


def is_ours(name):
    """Whether <name> is an internal header of this project, which only "name" should mean."""
    folder, slash, _ = name.partition("/")
    if folder == "questclient":  # the public headers; also a folder of tools
        return not (ROOT / "include" / name).exists()
    return folder in FOLDERS if slash else name.endswith(".hpp")


def breaches_of_public_header(path, text):
    for bracket, name in INCLUDE.findall(text):
        public = name.startswith("questclient/") and not is_ours(name)
        if bracket == '"' or not (public or name in STANDARD):
            yield f"{path}: a public header includes {name}; only the standard library and <questclient/...> may be"


def breaches_of_room(path, text, room, allowed):
    own = room.rsplit("/", 1)[-1]
    client_side = not room.startswith("server-stub/")
    for bracket, name in INCLUDE.findall(text):
        for prefix, may in LIBRARIES.items():
            if bracket == "<" and name.startswith(prefix) and not may(path):
                yield f"{path}: <{name}> belongs elsewhere"
        if bracket == "<" and not is_ours(name):
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
