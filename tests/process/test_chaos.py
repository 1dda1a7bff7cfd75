"""Thirty rounds in which the primary, a replica or the client dies, at a random moment or a named point of the code.

Ground truth is what the producer wrote beside its slot before each flush: rows of a flush that returned must be on
every node exactly once; the one flush under way when the producer was killed may have made it or not.
"""

import collections
import os
import random
import time

from loop import rows
from loop.cluster import CommandFailed, await_caught_up, until
from loop.producer import Producer, connect_string

NODE_POINTS = ("wal.after_append", "wal.before_sync", "wal.after_sync", "replicator.before_upload",
               "replicator.after_upload_before_mark", "node.before_answer")
FOLLOWER_POINTS = ("replicator.after_adopt", "wal.after_append", "wal.before_sync", "wal.after_sync",
                   "table_store.after_table", "table_store.after_sync", "table_store.before_catalog",
                   "table_store.after_catalog")
PROMOTION_POINTS = ("replicator.after_claim", "replicator.after_seal")
CLIENT_POINTS = ("slot.before_commit", "slot.after_commit", "slot.after_rotate", "slot.before_unlink",
                 "sender.before_trim")


PATIENCE_SECONDS = 180  # until a point is reached for the last time: a guard, a busy machine may take its time


class Metrics:
    """host_metrics, killed and started again on the same slot; every life keeps its own copy of what it sent."""

    def __init__(self, build, cluster, directory):
        self.build, self.directory, self.copies = build, directory, []
        self.conf = connect_string(cluster.addresses(), directory / "slots", protocol_version=1,
                                   sf_max_segment_bytes="256k", close_flush_timeout_millis=60000,
                                   reconnect_max_backoff_millis=200)
        self.producer = None

    def start(self, seconds=3600, point=None):
        copy = self.directory / f"sent-{len(self.copies)}.ilp"
        self.copies.append(copy)
        command = [self.build / "examples" / "host_metrics", "--interval-ms", "20", "--seconds", str(seconds),
                   "--conf", self.conf, "--copy", copy]
        environment = {"QUESTCLIENT_KILL_POINT": point} if point else {}
        self.producer = Producer(command, self.directory / "producer.log", environment)

    def truth(self):
        """(rows that must have arrived, rows that may have) as {table: Table}."""
        certain, maybe = [], []
        for copy in self.copies:
            if not copy.exists():
                continue  # killed before it opened its copy, which it does first of all: it took no row
            flushed, _, tail = copy.read_text().rpartition("\n\n")
            certain += flushed.split("\n")
            # A line that the kill cut off was not flushed either.
            maybe += [line for line in tail.split("\n")[:-1]]
        return rows.from_ilp(certain), rows.from_ilp(maybe)


class Chaos:
    def __init__(self, build, cluster, directory, seed):
        self.cluster, self.random = cluster, random.Random(seed)
        self.metrics = Metrics(build, cluster, directory)
        self.addresses = {name: node["address"] for name, node in cluster.nodes().items()}
        self.done = collections.Counter()

    def visible(self, node):
        return rows.execute(self.addresses[node], 'SELECT count() FROM "memory"')["dataset"][0][0]

    def await_flow(self):
        """Until rows arrive again."""

        def primary_with_table():
            node = self.cluster.primary()
            try:
                return (node, self.visible(node)) if node else None
            except rows.QueryFailed:
                return None

        node, before = until(primary_with_table, "a primary that has the table")
        until(lambda: self.visible(node) > before, f"rows flow into {node} again")

    def random_moment(self):
        time.sleep(self.random.uniform(0, 0.4))  # the moment is the test's input

    def start_with_point(self, node, point):
        os.environ["QUESTCLIENT_KILL_POINT"] = point
        try:
            self.cluster.start(node)
        except CommandFailed:
            assert self.dead(node)  # it reached the point before it was ready
        finally:
            del os.environ["QUESTCLIENT_KILL_POINT"]

    def dead(self, node):
        return self.cluster.nodes()[node]["state"] == "stopped"

    def primary(self):
        return until(self.cluster.primary, "a primary")

    def promote_one_of(self, candidates):
        node = self.random.choice(sorted(candidates))
        self.cluster.promote(node)
        return node

    def kill_primary(self):
        primary = self.primary()
        self.random_moment()
        self.cluster.kill(primary)
        if self.random.random() < 0.3:  # it comes back before anybody takes over
            self.cluster.start(primary)
            return
        self.promote_one_of(set(self.cluster.running()))
        self.cluster.start(primary)

    def kill_primary_at_point(self):
        primary = self.primary()
        point = f"{self.random.choice(NODE_POINTS)}:{self.random.randint(1, 20)}"
        self.done[point.split(":")[0]] += 1
        self.cluster.kill(primary)
        self.start_with_point(primary, point)
        until(lambda: self.dead(primary), f"{primary} reaches {point}", PATIENCE_SECONDS)
        self.promote_one_of(set(self.cluster.running()))
        self.cluster.start(primary)

    def kill_promoted_at_point(self):
        """The node that is being promoted dies half-way; another one finishes."""
        primary = self.primary()
        victim, other = self.random.sample(sorted(set(self.cluster.running()) - {primary}), 2)
        point = self.random.choice(PROMOTION_POINTS)
        self.done[point] += 1
        self.cluster.kill(victim)
        self.start_with_point(victim, point)
        self.cluster.kill(primary)
        try:
            self.cluster.promote(victim)
        except CommandFailed:
            pass  # it is killed before it can answer
        until(lambda: self.dead(victim), f"{victim} reaches {point}")
        self.cluster.promote(other)
        self.cluster.start(victim)
        self.cluster.start(primary)

    def kill_replica(self):
        replica = self.random.choice(sorted(set(self.cluster.running()) - {self.primary()}))
        self.random_moment()
        self.cluster.kill(replica)
        if self.random.random() < 0.5:
            point = f"{self.random.choice(FOLLOWER_POINTS)}:{self.random.randint(1, 10)}"
            self.done[point.split(":")[0]] += 1
            self.start_with_point(replica, point)
            until(lambda: self.dead(replica), f"{replica} reaches {point}", PATIENCE_SECONDS)
        self.cluster.start(replica)

    def kill_client(self):
        self.random_moment()
        self.metrics.producer.kill()
        if self.random.random() < 0.5:
            point = f"{self.random.choice(CLIENT_POINTS)}:{self.random.randint(1, 5)}"
            self.done[point.split(":")[0]] += 1
            self.metrics.start(point=point)
            until(lambda: not self.metrics.producer.running(), f"the client reaches {point}", PATIENCE_SECONDS)
            self.metrics.producer.kill()
        self.metrics.start()

    def round(self):
        step = self.random.choice([self.kill_primary, self.kill_primary, self.kill_primary_at_point,
                                   self.kill_promoted_at_point, self.kill_replica, self.kill_client])
        self.done[step.__name__] += 1
        step()
        self.await_flow()

    def check(self):
        self.metrics.producer.kill()
        self.metrics.start(seconds=1)
        self.metrics.producer.finish()
        await_caught_up(self.cluster)
        certain, maybe = self.metrics.truth()
        for node, address in self.addresses.items():
            for name, sent in certain.items():
                arrived = rows.fetch(address, name)
                assert arrived.columns == sent.columns, name
                lost = sent.rows - arrived.rows
                surplus = arrived.rows - sent.rows
                allowed = maybe[name].rows if name in maybe else collections.Counter()
                assert not lost, f"{sum(lost.values())} rows of {name} are not on {node}: {list(lost)[:3]}"
                assert not surplus - allowed, f"rows of {name} are on {node} too often: {list(surplus - allowed)[:3]}"
        return sum(table.total() for table in certain.values())


def test_nothing_is_lost_or_doubled_whoever_dies(request, build, cluster, tmp_path):
    seed = request.config.getoption("--seed") or int(time.time())
    print(f"seed {seed}")
    chaos = Chaos(build, cluster, tmp_path, seed)
    try:
        chaos.metrics.start()
        chaos.await_flow()
        for number in range(request.config.getoption("--rounds")):
            chaos.round()
        total = chaos.check()
    finally:
        chaos.metrics.producer.kill()
    print(f"{total} rows through {dict(chaos.done)}")
    assert total > 1000
