"""python compare.py CONF ROWS_FILE ROWS BATCH push|encode: see bench/compare/README.md."""

import json
import sys
import time

from questdb.ingress import Buffer, Sender, TimestampNanos


def read_rows(path):
    with open(path) as file:
        names = next(file).rstrip("\n").split("\t")
        rows = []
        for line in file:
            values = line.rstrip("\n").split("\t")
            rows.append((dict(zip(names[:10], values[:10])), dict(zip(names[10:20], map(int, values[10:20]))),
                         TimestampNanos(int(values[20]))))
    return rows


def run(sender, rows, count, batch, push):
    buffer = sender.new_buffer() if sender is not None else Buffer(protocol_version=2)
    total, begin = 0, time.perf_counter()
    for sent in range(count):
        symbols, columns, timestamp = rows[sent % len(rows)]
        buffer.row("cpu", symbols=symbols, columns=columns, at=timestamp)
        if (sent + 1) % batch == 0 or sent + 1 == count:
            total += len(buffer)
            if push:
                sender.flush(buffer)
            else:
                buffer.clear()
    return {"rows": count, "bytes": total, "seconds": time.perf_counter() - begin}


def main():
    conf, path, count, batch, what = sys.argv[1:]
    rows = read_rows(path)
    if what == "push":
        with Sender.from_conf(conf) as sender:
            print(json.dumps(run(sender, rows, int(count), int(batch), True)))
    else:
        print(json.dumps(run(None, rows, int(count), int(batch), False)))


main()
