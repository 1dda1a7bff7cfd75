"""`questclient send` with bad input: what is good arrives, what is bad is kept and named."""

import subprocess

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
