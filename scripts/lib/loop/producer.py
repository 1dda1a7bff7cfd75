"""A program that sends rows, and what it says about itself."""

import contextlib
import json
import os
import subprocess
import threading


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


class Feeder:
    """Rows for the input of a program, from a thread of its own, until it is told that it is enough: how long a test takes is a
    matter of the machine, and the program is not to come to its end before."""

    ROWS_AT_ONCE = 500

    def __init__(self, pipe, line):
        """`pipe`: binary; `line`: the text of row number n."""
        self.pipe, self.line, self.rows = pipe, line, 0
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self.feed, daemon=True)
        self.thread.start()

    def feed(self):
        with contextlib.suppress(BrokenPipeError):  # the program ended early; its exit code tells
            while not self.enough.is_set():
                numbers = range(self.rows, self.rows + self.ROWS_AT_ONCE)
                self.pipe.write("".join(map(self.line, numbers)).encode())
                self.rows += self.ROWS_AT_ONCE
            self.pipe.close()

    def stop(self):
        """Ends the input; returns how many rows there were."""
        self.enough.set()
        self.thread.join()
        return self.rows


def connect_string(addresses, directory, **settings):
    settings = {"sf_dir": str(directory), **settings}
    return f"http::addr={','.join(addresses)};" + "".join(f"{key}={value};" for key, value in settings.items())
