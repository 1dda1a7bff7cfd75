"""The main job, shown: rows stream into a cluster of three, the primary dies, a replica takes over, all is counted."""

import argparse
import csv
import pathlib
import shutil
import sys
import time

from loop import rows
from loop.cluster import Cluster, CommandFailed, await_caught_up, status
from loop.producer import Producer, connect_string

TIME_COLUMNS = ("timestamp", "ts", "time", "datetime", "date_time", "time_hour", "date")


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/quickstart",
        description="Streams real rows into a cluster of three, kills the primary, promotes a replica, counts every row.",
        epilog="Exit code: 0 every row arrived once and unchanged; 1 a row is lost, doubled or differs; 2 wrong usage.",
    )
    parser.add_argument("file", nargs="?", type=pathlib.Path, help="a CSV file with a header line (default: live metrics)")
    parser.add_argument("--timestamp", metavar="COLUMN", help="the file's ISO timestamp column (default: found by name)")
    parser.add_argument("--seconds", type=float, default=12, help="about how long rows stream (%(default)s)")
    parser.add_argument("--dir", type=pathlib.Path, help="where the cluster lives (default: build/quickstart)")
    parser.add_argument("--keep", action="store_true", help="leave the cluster running afterwards")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.file and not arguments.file.is_file():
        parser.error(f"there is no file {arguments.file}")
    return arguments


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def end_progress():
    if sys.stderr.isatty():
        print(file=sys.stderr)


class MetricsSource:
    """This machine's own metrics, sampled by examples/host_metrics; what it sent is kept as text beside it."""

    def __init__(self, arguments, directory):
        self.copy = directory / "sent.ilp"
        self.command = [arguments.build / "examples" / "host_metrics", "--interval-ms", "20", "--seconds",
                        f"{arguments.seconds:g}", "--copy", self.copy]
        self.describe = "this machine's metrics (examples/host_metrics)"
        self.stamped_by_server = False
        # Text, so that the copy can be read here; and at the end a busy machine may take its time.
        self.settings = {"protocol_version": 1, "close_flush_timeout_millis": 60_000}

    def expected(self):
        with open(self.copy, encoding="utf-8", newline="\n") as lines:
            return rows.from_ilp(line.rstrip("\n") for line in lines)


class FileSource:
    """A CSV file of the user's."""

    def __init__(self, arguments):
        self.path = arguments.file
        self.table = "".join(c if c.isalnum() else "_" for c in self.path.stem)
        with open(self.path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            self.total = sum(1 for record in reader if record)
        if self.total == 0:
            sys.exit(f"error: {self.path} holds no rows below its header line")
        self.timestamp = arguments.timestamp or next((c for c in TIME_COLUMNS if c in header), None)
        if self.timestamp and self.timestamp not in header:
            sys.exit(f"error: {self.path} has no column {self.timestamp}; its header line is {','.join(header)}")
        self.stamped_by_server = self.timestamp is None
        rate = max(1, int(self.total / arguments.seconds))
        self.command = [arguments.build / "tools" / "questclient" / "questclient", "send", self.path, "--csv", "--table",
                        self.table, "--rate", rate]
        if self.timestamp:
            self.command += ["--timestamp", self.timestamp]
        self.describe = f"{self.total:,} rows of {self.path}, {rate:,} a second"
        self.settings = {}

    def expected(self):
        return {self.table: rows.from_csv(self.path, self.timestamp)}


def visible_rows(address):
    """How many rows queries see on a node; None while it does not answer."""
    try:
        tables = [table["name"] for table in status(address)["tables"]]
        return sum(rows.execute(address, f'SELECT count() FROM "{name}"')["dataset"][0][0] for name in tables)
    except (OSError, rows.QueryFailed):
        return None


def show_progress(elapsed, node, address):
    """A line that overwrites itself; only a terminal gets it, and only then are the rows counted."""
    if sys.stderr.isatty():
        seen = visible_rows(address)
        text = f"{elapsed:5.1f} s   {'?' if seen is None else f'{seen:,}'} rows on {node}"
        print(f"\r\033[K    {text}", end="", file=sys.stderr, flush=True)


def stream_and_break(cluster, addresses, producer, seconds):
    """Kills the primary when a third of the time is over, promotes a replica, and waits for the producer's end."""
    begun = time.monotonic()
    primary = "node-a"
    while not producer.ended_within(0.1):
        elapsed = time.monotonic() - begun
        if primary == "node-a" and elapsed > seconds / 3:
            end_progress()
            say("kill -9 node-a, the primary, in mid-stream")
            cluster.kill("node-a")
            say("promote node-b")
            cluster.promote("node-b")
            primary = "node-b"
        show_progress(elapsed, primary, addresses[primary])
    end_progress()
    if primary == "node-a":
        raise RuntimeError("the rows were sent before the primary could be killed: give more --seconds")


def compare(expected, address, stamped_by_server):
    """(counted, lost, twice, differ) over all tables on one node."""
    counted = lost = twice = differ = 0
    for name, sent in expected.items():
        arrived = rows.fetch(address, name)
        if stamped_by_server:
            arrived = without_timestamp(arrived)
        difference = rows.Difference(sent, arrived)
        counted += difference.counted
        lost += difference.lost
        twice += difference.twice
        differ += difference.differ
        for example in difference.examples:
            say(f"table {name}: {example}")
    return counted, lost, twice, differ


def without_timestamp(table):
    """Rows that the server stamped on arrival: there is nothing to compare the stamp with."""
    kept = rows.Table(name for name in table.columns if name != rows.TIMESTAMP)
    index = table.columns.index(rows.TIMESTAMP)
    for row, times in table.rows.items():
        kept.rows[row[:index] + row[index + 1:]] += times
    return kept


def print_table(lines):
    width = max(len(name) for name, _ in lines)
    print()
    for name, value in lines:
        print(f"  {name:<{width}}  {value:>12}")
    print()


def run(arguments):
    directory = (arguments.dir or arguments.build.parent / "quickstart").resolve()
    cluster = Cluster(arguments.build, directory / "cluster")
    if directory.exists():
        try:
            cluster.down()
        except CommandFailed:
            pass  # nothing runs there
        shutil.rmtree(directory)
    directory.mkdir(parents=True)

    say(f"a primary and two replicas in {directory}")
    cluster.up()
    try:
        source = FileSource(arguments) if arguments.file else MetricsSource(arguments, directory)
        say(f"streaming {source.describe}")
        addresses = {name: node["address"] for name, node in cluster.nodes().items()}
        conf = connect_string(addresses.values(), directory / "slots", **source.settings)
        producer = Producer([*source.command, "--conf", conf], directory / "producer.log")
        try:
            stream_and_break(cluster, addresses, producer, arguments.seconds)
        except BaseException:
            producer.kill()
            raise
        summary = producer.finish()
        say("counting and comparing every row")
        await_caught_up(cluster)
        expected = source.expected()
        new_primary = compare(expected, addresses["node-b"], source.stamped_by_server)
        replica = compare(expected, addresses["node-c"], source.stamped_by_server)
    finally:
        if arguments.keep:
            say(f"the cluster runs on: questcluster status --dir {directory / 'cluster'}")
        else:
            cluster.down()

    lost, twice, differ = (max(new_primary[i], replica[i]) for i in (1, 2, 3))
    print_table([
        ("rows sent", f"{summary['rows_sent']:,}"),
        ("rows waiting in the slot at the worst moment", f"{summary['slot_rows_peak']:,}"),
        ("rows counted on node-b, the new primary", f"{new_primary[0]:,}"),
        ("rows counted on node-c, the replica", f"{replica[0]:,}"),
        ("lost", f"{lost:,}"),
        ("twice", f"{twice:,}"),
        ("different", f"{differ:,}"),
        ("longest time without an acknowledgement", f"{summary['longest_ack_gap_ms'] / 1000:.2f} s"),
    ])
    good = lost == twice == differ == 0 and summary["rows_sent"] == new_primary[0] == replica[0]
    print("Nothing lost, nothing twice." if good else f"The promise is broken. Kept for a look: {directory}")
    return 0 if good else 1


def main():
    try:
        return run(parse_arguments())
    except (CommandFailed, RuntimeError, TimeoutError, rows.QueryFailed, AssertionError) as error:
        end_progress()
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
