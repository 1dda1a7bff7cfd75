"""A program that sends rows, and what it says about itself."""

import json
import os
import subprocess


class Producer:
    """`command` runs with --json, so that the last line of its output is its closing summary."""

    def __init__(self, command, log, environment=None):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(
            [*map(str, command), "--json"],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, **(environment or {})},
        )

    def running(self):
        return self.process.poll() is None

    def ended_within(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self):
        """As a crash would end it: no time to say anything. Harmless when it has ended."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def finish(self, seconds=120):
        """Waits for the end and returns the summary. Raises RuntimeError if the program failed."""
        output, _ = self.process.communicate(timeout=seconds)
        self.log.close()
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.process.args[0]} exited {self.process.returncode}; see {self.log.name}")
        return json.loads(output.strip().splitlines()[-1])


def connect_string(addresses, directory, **settings):
    settings = {"sf_dir": str(directory), **settings}
    return f"http::addr={','.join(addresses)};" + "".join(f"{key}={value};" for key, value in settings.items())
