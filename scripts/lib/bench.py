"""Runs the benchmarks and prints one table. Ratios are taken within a round, so that a noisy machine is noisy to both."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from loop.cluster import until

ROUNDS = 3


class Bench:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.rows = []  # (group, what, figure)
        self.apart = set()  # Cores that the servers have for themselves.

    def report(self, group, what, figure):
        self.rows.append((group, what, figure))
        print(f"{group:<9} {what:<68} {figure}", flush=True)

    def program(self, name):
        return self.build / "bench" / f"bench_{name}"

    def run_json(self, *command):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))} exited {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout.strip())

    # ---- encoding and parsing: Google Benchmark programs

    def google(self, group, name):
        found = self.run_json(self.program(name), "--benchmark_format=json", "--benchmark_repetitions=5",
                              "--benchmark_report_aggregates_only=true", "--benchmark_min_time=0.2")
        for case in found["benchmarks"]:
            if case.get("aggregate_name") == "median" and "bytes_per_second" in case:
                mega = case["bytes_per_second"] / 1e6
                rate = f", {case['items_per_second'] / 1e6:.2f} M rows/s" if "items_per_second" in case else ""
                self.report(group, case["run_name"], f"{mega:,.0f} MB/s{rate}")

    def encode(self):
        self.google("encode", "encode")

    def server(self):
        self.google("server", "parse")
        self.run_plain("server", "apply")

    # ---- the slot: programs that print their own table and write JSON

    def run_plain(self, group, name, *arguments):
        done = subprocess.run([str(self.program(name)), *arguments], capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            raise RuntimeError(f"bench_{name} exited {done.returncode}: {done.stderr.strip()}")
        for line in done.stdout.splitlines():
            if line.strip():
                self.report(group, line.rstrip(), "")

    def append(self):
        self.run_plain("append", "append", "--dir", str(self.folder))

    def reopen(self):
        self.run_plain("reopen", "reopen", "--dir", str(self.folder))

    # ---- a whole sender against a questnode

    @contextlib.contextmanager
    def node(self, mode, *settings):
        root = self.folder / f"node-{mode}"
        words = [word for setting in ("http.bind.to=127.0.0.1:0", f"cairo.commit.mode={mode}", *settings)
                 for word in ("--set", setting)]
        process = subprocess.Popen([self.build / "server-stub" / "node" / "questnode", "--root", root, *words],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if self.apart:
            os.sched_setaffinity(process.pid, self.apart)
        try:
            ready = root / "questnode.json"
            until(lambda: ready.exists() and ready.read_text().endswith("}\n"), "questnode is ready")
            yield json.loads(ready.read_text())["address"]
        finally:
            process.terminate()
            process.wait(timeout=60)
            shutil.rmtree(root, ignore_errors=True)

    def stream_once(self, address, slot, *arguments, schema="http", options=""):
        conf = f"{schema}::addr={address};auto_flush=off;{options}"
        if slot:
            shutil.rmtree(slot, ignore_errors=True)
            conf += f"sf_dir={slot};"
        try:
            return self.run_json(self.program("stream"), "--conf", conf, *arguments)
        finally:
            if slot:
                shutil.rmtree(slot, ignore_errors=True)

    @contextlib.contextmanager
    def client_and_server_apart(self):
        """Each has half of the cores for itself, as on two machines."""
        cores = sorted(os.sched_getaffinity(0))
        half = len(cores) // 2
        if half == 0:
            raise RuntimeError("client and server on cores of their own: this machine has one core")
        self.apart = set(cores[half:])
        os.sched_setaffinity(0, cores[:half])  # inherited by the clients
        try:
            yield
        finally:
            os.sched_setaffinity(0, cores)
            self.apart = set()

    def compare(self, group, what, cases, rounds=ROUNDS):
        """Rounds of all cases one after the other; `cases`: name -> function that returns rows/s. The first is the
        one that the others are compared with."""
        rates = {name: [] for name in cases}
        for _ in range(rounds):
            for name, run in cases.items():
                rates[name].append(run())
        first = next(iter(cases))
        for name, figures in rates.items():
            ratio = statistics.median(a / b for a, b in zip(figures, rates[first]))
            self.report(group, f"{what}, {name}", f"{statistics.median(figures):>9,.0f} rows/s   {ratio:.2f}")

    def durability(self):
        """The same rows into a slot at every durability, against memory alone, within the same bounds: what a producer that is
        faster than the server puts on the disk and reads back from it (as by default) is not what a durability costs."""
        bounds = "sf_max_total_bytes=128m;sf_max_memory_bytes=128m;"

        def run(options, slot):
            with self.node("nosync") as address:
                return self.stream_once(address, slot, "--rows", "2000000", options=options)["rows_per_second"]
        disk = self.folder / "slot"
        cases = {"memory only": lambda: run(bounds, None)}
        for level in ("memory", "periodic", "flush", "append"):
            cases[f"sf_durability={level}"] = lambda level=level: run(f"sf_durability={level};{bounds}", disk)
        cases["every bound as by default"] = lambda: run("", disk)
        self.compare("durable", "cores shared with the server", cases)
        with self.client_and_server_apart():
            self.compare("durable", "client and server apart", cases, rounds=5)

    def threads(self):
        def run(count, slot):
            with self.node("nosync") as address:
                return self.stream_once(address, slot, "--rows", "480000", "--threads",
                                        str(count))["rows_per_second"]
        disk = self.folder / "slot"
        self.compare("threads", "producer threads on one sender, slot on disk",
                     {str(count): lambda count=count: run(count, disk) for count in (1, 4, 16)})

    def gzip(self):
        def run(options):
            with self.node("nosync") as address:
                return self.stream_once(address, None, "--rows", "300000", options=options)["rows_per_second"]
        self.compare("gzip", "request_compression", {"off": lambda: run(""),
                                                     "gzip": lambda: run("request_compression=gzip;")})

    def tls(self):
        certificate, key = self.folder / "server.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        settings = ("http.tls.enabled=true", f"tls.cert.path={certificate}", f"tls.private.key.path={key}")

        def run(schema, options, *node_settings):
            with self.node("nosync", *node_settings) as address:
                return self.stream_once(address, None, "--rows", "300000", schema=schema,
                                        options=options)["rows_per_second"]
        self.compare("tls", "transport", {"http": lambda: run("http", ""),
                                          "https": lambda: run("https", f"tls_roots={certificate};", *settings)})

    def drain(self):
        self.run_plain("drain", "drain", "--dir", str(self.folder))

    def columns(self):
        self.google("columns", "columns")

    def stream(self):
        disk = self.folder / "slot"
        with tempfile.TemporaryDirectory(dir="/dev/shm") as memory_folder:
            tmpfs = pathlib.Path(memory_folder) / "slot"
            for mode in ("nosync", "sync"):
                rates = {"on disk": [], "on tmpfs": [], "in memory": []}
                for _ in range(ROUNDS):
                    for where, slot in (("on disk", disk), ("on tmpfs", tmpfs), ("in memory", None)):
                        with self.node(mode) as address:
                            rates[where].append(self.stream_once(address, slot, "--rows", "600000")["rows_per_second"])
                for where, figures in rates.items():
                    self.report("stream", f"cpu rows acknowledged, {mode}, slot {where}",
                                f"{statistics.median(figures):,.0f} rows/s")
                ratio = statistics.median(d / t for d, t in zip(rates["on disk"], rates["on tmpfs"]))
                self.report("stream", f"... disk / tmpfs, {mode}", f"{ratio:.2f}")

    def requests(self):
        for mode, count in (("nosync", 5000), ("async", 5000), ("sync", 1000)):
            with self.node(mode) as address:
                found = self.stream_once(address, None, "--requests", str(count))
            self.report("requests", f"one-row requests, one after the other, {mode}", f"{found['requests_per_second']:,.0f} /s")

    def backlog(self):
        slot = self.folder / "backlog"
        found = self.stream_once("127.0.0.1:9", slot, "--backlog", str(1 << 30), "--frame-rows", "200")
        grown = (found["peak_resident_kib"] - found["before_kib"]) / 1024
        self.report("backlog", "resident memory grown by a backlog of 1 GiB", f"{grown:.0f} MiB")
        self.report("backlog", "... flushed at", f"{found['backlog_bytes'] / found['seconds'] / 1e6:,.0f} MB/s")


GROUPS = ("encode", "columns", "append", "reopen", "drain", "server", "stream", "durability", "threads", "gzip", "tls",
          "requests", "backlog")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--only", choices=GROUPS, help="one group instead of all")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    folder = arguments.build.parent / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bench = Bench(arguments.build, folder)
    begun = time.time()
    for group in GROUPS if arguments.only is None else (arguments.only,):
        getattr(bench, group)()
    out = arguments.build.parent / "bench.json"
    out.write_text(json.dumps({"seconds": time.time() - begun, "rows": bench.rows}, indent=1) + "\n")
    print(f"written to {out}")
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
