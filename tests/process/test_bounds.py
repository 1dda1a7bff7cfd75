"""Memory of a producer at full speed through an outage: below the configured bounds plus 32 MiB. Memory of a node."""

import gzip
import http.client
import pathlib
import socket
import struct
import subprocess
import threading
import time

import pytest

from interop.server import QuestNode
from loop.cluster import until

MIB = 1 << 20
ALLOWANCE = 32 * MIB
BUFFER = 4 * MIB  # max_buf_size: the producer's own rows
RING = 8 * MIB  # of rows in front of the disk
MEMORY_QUOTA = 48 * MIB
DISK_QUOTA = 512 * MIB
OUTAGE_SECONDS = 4


@pytest.fixture
def nobody():
    """The address of a port that nobody listens on."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{reserved.getsockname()[1]}"


def peak_resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the process ended early")


def bytes_below(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def feed(pipe):
    """Rows as fast as they are taken, until the producer is gone."""
    rows = "".join(f"cpu,host=host_{n % 100} usage={n}.5,text=\"{'x' * 64}\" {n + 1}\n" for n in range(2000)).encode()
    try:
        while True:
            pipe.write(rows)
    except OSError:
        pass
    try:
        pipe.close()
    except OSError:
        pass


@pytest.mark.parametrize("overflow", ["wait", "drop_oldest"])
@pytest.mark.parametrize("slot", ["memory", "disk"])
def test_memory_stays_bounded_through_an_outage(build, nobody, tmp_path, slot, overflow):
    slots = tmp_path / "slots"
    quota = MEMORY_QUOTA if slot == "memory" else DISK_QUOTA
    conf = (f"http::addr={nobody};max_buf_size={BUFFER};sf_max_total_bytes={quota};sf_overflow={overflow};"
            "sf_append_deadline_millis=600000;reconnect_max_backoff_millis=100;")
    if slot == "disk":
        conf += f"sf_dir={slots};sf_max_segment_bytes=16m;sf_max_memory_bytes={RING};"
    producer = subprocess.Popen([build / "tools" / "questclient" / "questclient", "send", "-", "--conf", conf],
                                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    feeder = threading.Thread(target=feed, args=(producer.stdin,))
    feeder.start()

    def has_shown_something():
        return peak_resident(producer.pid) > 0.8 * quota if slot == "memory" else bytes_below(slots) > 2 * RING

    try:
        time.sleep(OUTAGE_SECONDS)  # the outage; nothing of ours to wait on
        until(has_shown_something, "the producer holds more than its bound in front of the slot")
        peak = peak_resident(producer.pid)
    finally:
        producer.kill()
        producer.wait()
        feeder.join()
    bound = (quota if slot == "memory" else RING) + BUFFER + ALLOWANCE
    print(f"{slot}, {overflow}: {peak / MIB:.1f} MiB resident of {bound / MIB:.1f} allowed")
    assert peak < bound


# Bodies that become much more than they are: what a hostile client would send to a node.
def hostile_bodies():
    value = struct.pack("<d", -1.2345678901234567e-300)
    count = 1 << 20

    def array(lengths):
        shape = bytes([len(lengths)]) + b"".join(struct.pack("<i", length) for length in lengths)
        return b"t a==\x0e\x0a" + shape + value * count + b" 1000\n"

    yield "an array", array([count])
    yield "an array of brackets", array([count] + [1] * 31)
    yield "short lines", b"s a=t\n" * 1_400_000
    yield "decimals", b"d a=1e-76d\n" * 750_000
    yield "columns", b"".join(b"t%d a%d=t\n" % (n // 1000, n) for n in range(100_000))
    yield "a gzip bomb", gzip.compress(bytes(120 * MIB), 1)


def send(address, body, headers):
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request("POST", "/write", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_nodes_memory_stays_bounded_whatever_is_sent(build, tmp_path):
    limit = 48 * MIB
    node = QuestNode(build / "server-stub" / "node" / "questnode", tmp_path / "node",
                     {"questnode.requests.max.bytes": f"{limit}"}).start()
    try:
        for name, body in hostile_bodies():
            status = send(node.address, body, {"Content-Encoding": "gzip"} if "gzip" in name else {})
            assert status in (204, 400, 413), name
            print(f"{name}: {len(body) / MIB:.1f} MiB, {status}, {peak_resident(node.process.pid) / MIB:.1f} MiB resident")
        node.await_applied("t")
        peak = peak_resident(node.process.pid)
    finally:
        node.stop()
    # The rows, the entry that they become, the same in the applier, the caches of the log and of 32 tables.
    assert peak < 3 * limit + 4 * ALLOWANCE
