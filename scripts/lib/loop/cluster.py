"""The reference cluster, through the command that its users type."""

import http.client
import json
import subprocess
import time
import urllib.request


class CommandFailed(Exception):
    pass


class Cluster:
    """`questcluster` on one folder. Every method blocks until the command says that it is done."""

    def __init__(self, build, directory):
        self.command = [str(build / "tools" / "questcluster" / "questcluster")]
        self.directory = directory

    def call(self, verb, *arguments, json_output=False):
        command = [*self.command, verb, *arguments, "--dir", str(self.directory)]
        if json_output:
            command.append("--json")
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise CommandFailed(f"{' '.join(command)} exited {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout) if json_output else done.stdout

    def up(self, nodes=3, settings=()):
        extra = [word for setting in settings for word in ("--set", setting)]
        return self.call("up", "--nodes", str(nodes), *extra)

    def down(self):
        return self.call("down")

    def kill(self, node):
        return self.call("kill", node)

    def start(self, node):
        return self.call("start", node)

    def promote(self, node):
        return self.call("promote", node)

    def nodes(self):
        """{name: what `questcluster status --json` says of it}."""
        return {node["name"]: node for node in self.call("status", json_output=True)["nodes"]}

    def running(self):
        """Of those whose process lives, also where it is too busy to answer."""
        return {name: node for name, node in self.nodes().items() if node["state"] != "stopped"}

    def addresses(self):
        return [node["address"] for node in self.nodes().values()]

    def primary(self):
        """The name of the node that takes writes, or None."""
        for name, node in self.running().items():
            if node["role"] == "primary":
                return name
        return None


def status(address):
    with urllib.request.urlopen(f"http://{address}/status", timeout=10) as answer:
        return json.load(answer)


def until(condition, what, seconds=60, interval=0.02):
    """Polls `condition` until it returns something true, and returns that. Raises TimeoutError naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            result = condition()
        except (OSError, http.client.HTTPException):  # nobody there, or gone in the middle of an answer
            result = None
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(interval)  # between two looks at another process; nothing of ours to wait on


def await_caught_up(cluster, seconds=120):
    """Until every running node has applied the log as far as the primary has written it."""

    def caught_up():
        states = [status(node["address"]) for node in cluster.running().values()]
        ends = [state["log"]["last"] for state in states]
        return all(state["log"]["applied"] == max(ends) for state in states)

    until(caught_up, "every node has applied the whole log", seconds)
