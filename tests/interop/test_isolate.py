"""Bad rows that QuestDB answers with 500, as it answers in an outage: on_internal_error=isolate, the default, tells them apart."""

import json


def test_a_row_that_questdb_answers_with_500_is_set_aside_and_every_other_row_arrives(questdb, client, table, tmp_path):
    questdb.sql(f"CREATE TABLE {table} (v DOUBLE, timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY WAL")
    rows = [{"table": table, "values": [["double", "v", str(n)]], "at": ["micros", n]} for n in range(20)]
    rows[7] = {"table": table, "values": [["decimal", "new", "1.25"]], "at": ["micros", 7]}
    # Half a second instead of five: how long it must go on is not what is tested.
    client.send_rows(f"http::addr={questdb.address};protocol_version=3;sf_dir={tmp_path};sender_id=s;"
                     "poison_min_escalation_window_millis=500;", rows, rejected=1)
    questdb.await_applied(table)
    assert questdb.rows(f"SELECT count(), sum(v) FROM {table}") == [[19, sum(range(20)) - 7]]
    letters = json.loads(client.run("slot", "dead", "list", tmp_path / "s", "--json").stdout)
    assert [(letter["fsn"], letter["first_row"]) for letter in letters] == [(1, 7)]
    assert "new" in letters[0]["reason"] or "decimal" in letters[0]["reason"].lower(), letters
