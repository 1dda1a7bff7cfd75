"""The clients that scripts/compare runs: each is built once below build/, and knows its command line."""

import os
import pathlib
import shutil
import subprocess
import sys

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "bench" / "compare"


class CannotBuild(Exception):
    pass


def run(command, what, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise CannotBuild(f"{what}: " + "\n  ".join((done.stdout + done.stderr).strip().splitlines()[-8:]))


class Ours:
    """One of bench_client's ways to make rows, with a slot in memory or on disk."""

    def __init__(self, build, way, slot=None, durability="memory", pushes=True):
        self.encodes, self.pushes = slot is None, pushes
        self.program = build / "bench" / "bench_client"
        self.way, self.slot, self.durability = way, slot, durability

    def prepare(self):
        return self

    def push(self, address, rows_file, rows, batch):
        conf = f"http::addr={address};auto_flush=off;"
        if self.slot:
            shutil.rmtree(self.slot, ignore_errors=True)
            conf += f"sf_dir={self.slot};sf_durability={self.durability};"
        return [self.program, "push", self.way, conf, rows, batch]

    def encode(self, rows_file, rows, batch):
        return [self.program, "encode", self.way, rows, batch]


class Official:
    """One of QuestDB's own: every driver takes CONF ROWS_FILE ROWS BATCH push|encode."""

    encodes = pushes = True

    def push(self, address, rows_file, rows, batch):
        return [*self.command, f"http::addr={address};auto_flush=off;protocol_version=2;", rows_file, rows, batch, "push"]

    def encode(self, rows_file, rows, batch):
        # The address is not spoken to: the version is given, so that nothing need be asked.
        return [*self.command, "http::addr=127.0.0.1:9;auto_flush=off;protocol_version=2;", rows_file, rows, batch, "encode"]


class Python(Official):
    def __init__(self, folder):
        self.folder = folder / "python"

    def prepare(self):
        if not (self.folder / "ready").exists():
            run([sys.executable, "-m", "venv", self.folder], "a virtual environment")
            run([self.folder / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", SOURCES / "python" / "requirements.txt"],
                "QuestDB's Python client")
            (self.folder / "ready").touch()
        self.command = [self.folder / "bin" / "python", SOURCES / "python" / "compare.py"]
        return self


class Rust(Official):
    def __init__(self, folder):
        self.folder = folder / "rust"

    def prepare(self):
        program = self.folder / "release" / "compare"
        if not program.exists():
            source = self.folder / "source"
            shutil.copytree(SOURCES / "rust", source, dirs_exist_ok=True)  # so that Cargo.lock lands below build/
            run(["nice", "cargo", "build", "--release", "--quiet", "-j1"], "QuestDB's Rust client", cwd=source,
                env={**os.environ, "CARGO_TARGET_DIR": str(self.folder)})
        self.command = [program]
        return self


class Java(Official):
    def __init__(self, folder):
        self.folder = folder / "java"

    def prepare(self):
        if not (self.folder / "Compare.class").exists():
            run(["mvn", "-B", "-q", "-f", SOURCES / "java" / "pom.xml", "dependency:copy-dependencies",
                 f"-DoutputDirectory={self.folder / 'jars'}", f"-DbuildDirectory={self.folder}"], "QuestDB's Java client")
            run(["javac", "-cp", self.folder / "jars" / "*", "-d", self.folder, SOURCES / "java" / "Compare.java"], "Compare.java")
        self.command = ["java", "-cp", f"{self.folder}:{self.folder / 'jars'}/*", "Compare"]
        return self


def all_clients(build, folder):
    """{name: client}, in the order of the tables."""
    return {
        "ours, memory": Ours(build, "names"),
        "ours, by column": Ours(build, "columns"),
        "ours, names checked at each call": Ours(build, "plain", pushes=False),
        "ours, prepared rows": Ours(build, "prepared", pushes=False),
        "ours, slot": Ours(build, "names", folder / "slot"),
        **{f"ours, slot, sf_durability={level}": Ours(build, "names", folder / "slot", level)
           for level in ("periodic", "flush", "append")},
        "Python 6.0.0": Python(folder),
        "Rust 7.2.1": Rust(folder),
        "Java 1.0.1": Java(folder),
    }
