"""`questclient send` with bad input: what is good arrives, what is bad is kept and named."""

import json
import subprocess
import time

from loop import rows
from loop.cluster import await_caught_up
from loop.producer import connect_string


def send(build, cluster, tmp_path, text, *arguments):
    conf = connect_string(cluster.addresses(), tmp_path / "slots")
    return subprocess.run(
        [build / "tools" / "questclient" / "questclient", "send", "-", "--conf", conf, *arguments],
        input=text, capture_output=True, text=True, timeout=60,
    )


def test_a_bad_row_is_kept_and_the_rest_is_delivered(build, cluster, tmp_path):
    lines = [f"t,k=a v={i}i {i + 1}" for i in range(100)]
    lines[41] = 't,k=a v="text" 42'
    done = send(build, cluster, tmp_path, "\n".join(lines) + "\n")
    assert done.returncode == 1
    assert "dead" in done.stderr
    await_caught_up(cluster)
    assert rows.execute(cluster.addresses()[1], "SELECT count(), sum(v) FROM t")["dataset"] == [[99, sum(range(100)) - 41]]
    listed = subprocess.run([build / "tools" / "questclient" / "questclient", "slot", "list", tmp_path / "slots", "--json"],
                            capture_output=True, text=True, timeout=60)
    assert listed.returncode == 0
    assert '"dead_letters":1' in listed.stdout.replace(" ", "")


def test_a_value_that_does_not_fit_its_column_names_line_and_column(build, cluster, tmp_path):
    done = send(build, cluster, tmp_path, "a,b\n1,2\nx,3\n", "--csv", "--table", "t", "--types", "a=long")
    assert done.returncode == 1
    assert "line 3" in done.stderr and "a" in done.stderr


def test_an_unknown_key_names_the_nearest(build):
    done = subprocess.run([build / "tools" / "questclient" / "questclient", "send", "-", "--conf", "http::adr=x:1;"],
                          input="", capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "adr" in done.stderr and "addr" in done.stderr


def test_an_open_quote_takes_only_its_own_row_along(build, cluster, tmp_path):
    lines = ['t v="x 1', *(f't v="{i}" {i + 2}' for i in range(100))]
    done = send(build, cluster, tmp_path, "\n".join(lines) + "\n", "--json")
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert (summary["rows_acked"], summary["dead_letters"]) == (100, 1)
    await_caught_up(cluster)
    assert rows.execute(cluster.addresses()[1], "SELECT count() FROM t")["dataset"] == [[100]]


def test_an_input_that_cannot_be_read_is_told_as_json_too(build, cluster, tmp_path):
    done = send(build, cluster, tmp_path, "a,b\n1,2,3\n", "--csv", "--table", "t", "--json")
    assert done.returncode == 1
    assert "line 2: 3 fields" in json.loads(done.stdout)["error"]


def test_durable_is_not_to_be_had_over_tcp(build):
    done = subprocess.run([build / "tools" / "questclient" / "questclient", "send", "-", "--conf", "tcp::addr=x:1;",
                           "--ack", "durable"], input="", capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "no acknowledgements" in done.stderr


def test_the_timeout_is_all_that_is_waited(build, tmp_path):
    begun = time.monotonic()
    done = subprocess.run([build / "tools" / "questclient" / "questclient", "send", "-", "--conf",
                           "http::addr=127.0.0.1:9;close_flush_timeout_millis=60000;", "--timeout", "200ms"],
                          input="t v=1i 1\n", capture_output=True, text=True, timeout=50)
    assert done.returncode == 1 and time.monotonic() - begun < 40
    assert "within --timeout; the slot is in memory" in done.stderr
