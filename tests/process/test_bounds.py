"""Memory of a producer at full speed through an outage: below the configured bounds plus 32 MiB."""

import pathlib
import socket
import subprocess
import threading
import time

import pytest

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
    raise RuntimeError("the producer ended early")


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
