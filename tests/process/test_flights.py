"""A real data set through `questclient send`, counted and summed per column on the far side by the server's SQL."""

import math
import subprocess

import pytest

from loop import rows
from loop.cluster import await_caught_up
from loop.producer import connect_string


@pytest.mark.parametrize("name, count", [("flights", 336_776), ("weather", 26_115)])
def test_every_column_adds_up_on_every_node(build, cluster, flights_data, tmp_path, name, count):
    path = flights_data / f"{name}.csv"
    conf = connect_string(cluster.addresses(), tmp_path / "slots")
    sent = subprocess.run(
        [build / "tools" / "questclient" / "questclient", "send", path, "--conf", conf, "--csv", "--table", name,
         "--timestamp", "time_hour", "--symbols", "origin"],
        capture_output=True, text=True, timeout=120,
    )
    assert sent.returncode == 0, sent.stderr
    await_caught_up(cluster)

    expected = rows.column_sums(rows.from_csv(path, "time_hour"))
    columns = [column for column in expected if column != rows.TIMESTAMP]
    for address in cluster.addresses():
        assert rows.execute(address, f"SELECT count() FROM {name}")["dataset"] == [[count]]
        for column in columns:
            values, total = expected[column]
            kind = rows.execute(address, f"SELECT {column} FROM {name} LIMIT 1")["columns"][0]["type"]
            measure = f"sum({column})" if kind == "DOUBLE" else f"sum(length({column}))"
            [[counted, summed]] = rows.execute(address, f"SELECT count({column}), {measure} FROM {name}")["dataset"]
            assert counted == values, column
            assert math.isclose(summed, total, rel_tol=1e-9), column
