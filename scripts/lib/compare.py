"""The same rows through every client into both servers. Ratios are taken within a round."""

import argparse
import datetime
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

from compare_clients import CannotBuild, all_clients
from interop import fetch
from interop.server import QuestDb, QuestNode

YARDSTICK = "Rust 7.2.1"  # the fastest of the official ones; the first client where it is left out
MODES = ("nosync", "sync")


class Compare:
    def __init__(self, arguments):
        self.arguments = arguments
        self.build = arguments.build
        self.out = arguments.folder or arguments.build.parent
        self.folder = self.out / "compare"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rows_file = self.folder / "cpu.tsv"
        self.results = {}  # {table: {client: [rows a second, one a round]}}

    def prepare(self):
        self.run([self.build / "bench" / "bench_client", "write-rows", self.rows_file, "100000"])
        wanted = self.arguments.clients.split(",") if self.arguments.clients else None
        self.clients = {}
        for name, client in all_clients(self.build, self.folder).items():
            if wanted and not any(name.lower().startswith(word.strip().lower()) for word in wanted):
                continue
            try:
                self.clients[name] = client.prepare()
            except (CannotBuild, OSError) as error:
                print(f"left out: {name}: {error}", file=sys.stderr)
        if "questdb" in self.arguments.servers:
            self.jar = fetch.server_jar(self.out / "interop")
            self.java = fetch.java_for(self.jar, self.out / "interop")

    @staticmethod
    def run(command):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} exited {done.returncode}: {(done.stdout + done.stderr).strip()}")
        return done.stdout

    def measure(self, table, name, command):
        found = json.loads(self.run(command).strip().splitlines()[-1])
        rate = found["rows"] / found["seconds"]
        self.results.setdefault(table, {}).setdefault(name, []).append(rate)
        print(f"{table:<18} {name:<24} {rate:>12,.0f} rows/s {found['bytes'] / found['seconds'] / 1e6:>8,.0f} MB/s", flush=True)

    # ---- one server a run: nothing of the run before is still being applied

    def server(self, kind, mode):
        root = self.folder / "server"
        shutil.rmtree(root, ignore_errors=True)
        settings = {"cairo.commit.mode": mode}
        if kind == "questnode":
            return QuestNode(self.build / "server-stub" / "node" / "questnode", root, settings)
        return QuestDb(self.java, self.jar, root, settings)

    def push_all(self, kind, mode, number):
        arguments = self.arguments
        server = self.server(kind, mode).start()
        pushing = [(name, client) for name, client in self.clients.items() if client.pushes]
        turn = number % len(pushing)  # nobody is always first
        try:
            if kind == "questdb":  # its compiler's share is not measured
                self.run(pushing[0][1].push(server.address, self.rows_file, arguments.rows, arguments.batch))
                server.await_applied("cpu")
                server.sql("DROP TABLE cpu")
            for name, client in pushing[turn:] + pushing[:turn]:
                if kind == "questnode":  # cannot drop a table, and starts at once
                    server.stop()
                    server = self.server(kind, mode).start()
                self.measure(f"{kind}, {mode}", name, client.push(server.address, self.rows_file, arguments.rows, arguments.batch))
                if kind == "questdb":
                    server.await_applied("cpu")
                    found = server.rows("SELECT count() FROM cpu")[0][0]
                    if found != arguments.rows:
                        raise RuntimeError(f"{name}: {found} rows arrived of {arguments.rows}")
                    server.sql("DROP TABLE cpu")
        finally:
            server.stop()

    def encode_all(self):
        for name, client in self.clients.items():
            if client.encodes:
                self.measure("encoding only", name, client.encode(self.rows_file, self.arguments.rows, self.arguments.batch))

    def rounds(self):
        for number in range(self.arguments.rounds):
            print(f"round {number + 1} of {self.arguments.rounds}", flush=True)
            self.encode_all()
            for kind in self.arguments.servers.split(","):
                for mode in MODES:
                    self.push_all(kind, mode, number)

    def cell(self, table, name, yardstick):
        rates = self.results[table].get(name)
        if rates is None:
            return ""
        ratio = statistics.median(one / other for one, other in zip(rates, self.results[table][yardstick]))
        return f"{statistics.median(rates):,.0f} ({ratio:.2f})"

    def report(self):
        yardstick = YARDSTICK if YARDSTICK in self.clients else next(iter(self.clients))
        tables = list(self.results)
        print(f"\n{datetime.date.today()}: rows/s, medians of {self.arguments.rounds} rounds of {self.arguments.rows:,} cpu rows, "
              f"{self.arguments.batch:,} a flush; in brackets the ratio to {yardstick}, taken within each round\n")
        print(f"| client | {' | '.join(tables)} |\n|---|{'---|' * len(tables)}")
        for name in self.clients:
            print(f"| {name} | {' | '.join(self.cell(table, name, yardstick) for table in tables)} |")
        out = self.out / "compare.json"
        out.write_text(json.dumps({"rows": self.arguments.rows, "batch": self.arguments.batch, "rates": self.results}, indent=1) + "\n")
        print(f"\nwritten to {out}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/compare", description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, help=argparse.SUPPRESS)  # default: beside the build
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=500_000, help="rows a run")
    parser.add_argument("--batch", type=int, default=5_000, help="rows a flush")
    parser.add_argument("--clients", default="", help="beginnings of names, separated by commas (default: all)")
    parser.add_argument("--servers", default="questnode,questdb")
    compare = Compare(parser.parse_args())
    compare.prepare()
    compare.rounds()
    compare.report()
    return 0


if __name__ == "__main__":
    sys.exit(main())
