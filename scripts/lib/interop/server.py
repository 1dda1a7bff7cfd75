"""One real QuestDB server: started on free ports, killed, restarted, asked in SQL."""

import base64
import contextlib
import json
import os
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from loop.cluster import until


class QueryFailed(Exception):
    pass


def free_ports(count):
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def as_variable(key):
    """cairo.commit.mode -> QDB_CAIRO_COMMIT_MODE"""
    return "QDB_" + key.replace(".", "_").upper()


class Server:
    """What a real server and a questnode have in common. `settings` are server.conf's keys."""

    ports = ("http.bind.to",)

    def __init__(self, command, root, settings=None):
        self.command, self.root, self.settings = [str(word) for word in command], root, dict(settings or {})
        self.root.mkdir(parents=True, exist_ok=True)
        self.log_path = root.parent / f"{root.name}.log"
        self.process = None
        for key, port in zip(self.ports, free_ports(len(self.ports))):
            self.settings[key] = f"127.0.0.1:{port}"
        self.address = self.settings["http.bind.to"]
        self.user = self.password = None

    def start(self):
        """Returns once the server answers. It keeps its ports when it is started again."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, **{as_variable(key): str(value) for key, value in self.settings.items()}})

        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}; see {self.log_path}")
            return self.request("GET", "/ping").status == 204

        until(answers, f"a server at {self.address} answers (see {self.log_path})", seconds=120, interval=0.05)
        return self

    def kill(self):
        """As a crash would end it."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()

    # ---- HTTP

    def request(self, method, path, body=None, headers=None):
        return exchange(self.address, method, path, body, {**self.authorization(), **(headers or {})})

    def authorization(self):
        if self.user is None:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()}

    def write(self, body, precision=None, headers=None):
        path = "/write" if precision is None else f"/write?precision={precision}"
        return self.request("POST", path, body if isinstance(body, bytes) else body.encode(), headers)

    def sql(self, query):
        answer = self.request("GET", "/exec?query=" + urllib.parse.quote(query))
        if answer.status != 200:
            raise QueryFailed(f"{query!r}: {answer.status} {answer.text}")
        return answer.json()

    def rows(self, query):
        return self.sql(query)["dataset"]

    def columns(self, table):
        """{name: type} in the table's order."""
        return {column["name"]: column["type"] for column in self.sql(f"SELECT * FROM \"{table}\" LIMIT 0")["columns"]}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.text}"


def exchange(address, method, path, body=None, headers=None):
    request = urllib.request.Request(f"http://{address}{path}", data=body, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


class QuestDb(Server):
    ports = ("http.bind.to", "line.tcp.net.bind.to", "pg.net.bind.to", "http.min.net.bind.to")

    def __init__(self, java, jar, root, settings=None):
        super().__init__(
            [java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4", "-p", jar, "-m", "io.questdb/io.questdb.ServerMain",
             "-d", root, "-n"], root, {"telemetry.enabled": "false", **(settings or {})})
        self.tcp_address = self.settings["line.tcp.net.bind.to"]

    def await_applied(self, table):
        """Until what is committed can be read."""
        def applied():
            found = self.rows(f"SELECT writerTxn, sequencerTxn, suspended FROM wal_tables() WHERE name = '{table}'")
            if found and found[0][2]:
                raise AssertionError(f"table {table} is suspended")
            return found and found[0][0] == found[0][1]
        until(applied, f"{table}: what is committed is applied", seconds=120)


class QuestNode(Server):
    def __init__(self, program, root, settings=None):
        super().__init__([program, "--root", root], root, settings)

    def await_applied(self, table):
        def applied():
            log = self.request("GET", "/status").json()["log"]
            return log["applied"] >= log["last"]
        until(applied, f"{table}: what is committed is applied", seconds=120)
