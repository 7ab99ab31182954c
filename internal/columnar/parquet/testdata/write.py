"""Writes Parquet files with other writers, each beside an Arrow stream (.arrow) of the same rows.

    write.py DIRECTORY SEED ROWS [small]

With "small" it writes the few files that are kept in testdata; without, every form.
"""

import datetime
import decimal
import itertools
import os
import random
import sys
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

out, seed, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
small = len(sys.argv) > 4
r = random.Random(seed)
epoch = datetime.datetime(1970, 1, 1)
utc = datetime.timezone.utc


def text():
    if r.random() < 0.02:
        return "x" * r.randrange(3000)
    return r.choice(["", "a", "häßlich", "common prefix "]) + str(r.randrange(40))


def dec(digits, scale):
    return decimal.Decimal(r.randrange(-10**digits + 1, 10**digits)).scaleb(-scale, decimal.Context(prec=100))


def when():
    return epoch + datetime.timedelta(seconds=r.randrange(-2**31, 2**33), microseconds=r.randrange(10**6))


def whole(bits, signed):
    low, high = (-2**(bits - 1), 2**(bits - 1)) if signed else (0, 2**bits)
    return r.choice([low, high - 1, r.randrange(low, high), r.randrange(0, 20)])


clock = lambda: r.randrange(86400 * 10**6)
kinds = {
    "b": (pa.bool_(), lambda: r.random() < 0.3),
    "i8": (pa.int8(), lambda: whole(8, True)),
    "i16": (pa.int16(), lambda: whole(16, True)),
    "i32": (pa.int32(), lambda: whole(32, True)),
    "i64": (pa.int64(), lambda: whole(64, True)),
    "u8": (pa.uint8(), lambda: whole(8, False)),
    "u16": (pa.uint16(), lambda: whole(16, False)),
    "u32": (pa.uint32(), lambda: whole(32, False)),
    "u64": (pa.uint64(), lambda: whole(64, False)),
    "f16": (pa.float16(), lambda: float(r.randrange(-500, 500)) / 4),
    "f32": (pa.float32(), lambda: float(r.randrange(-5000, 5000)) / 8),
    "f64": (pa.float64(), lambda: r.choice([r.random(), 0.0, float("inf"), 1e300])),
    "d": (pa.date32(), lambda: when().date()),
    "t3": (pa.time32("ms"), lambda: clock() // 1000),
    "t6": (pa.time64("us"), clock),
    "t9": (pa.time64("ns"), lambda: clock() * 1000 + r.randrange(1000)),
    "ts3": (pa.timestamp("ms"), lambda: when().replace(microsecond=0)),
    "ts6": (pa.timestamp("us"), when),
    "ts9": (pa.timestamp("ns"), when),
    "tz6": (pa.timestamp("us", "UTC"), lambda: when().replace(tzinfo=utc)),
    "n5": (pa.decimal128(5, 2), lambda: dec(5, 2)),
    "n18": (pa.decimal128(18, 4), lambda: dec(18, 4)),
    "n38": (pa.decimal128(38, 10), lambda: dec(38, 10)),
    "n50": (pa.decimal256(50, 5), lambda: dec(50, 5)),
    "s": (pa.string(), text),
    "y": (pa.binary(), lambda: text().encode()),
    "fix": (pa.binary(5), lambda: r.randbytes(5)),
    "same": (pa.string(), lambda: "one and the same"),
    "none": (pa.string(), lambda: None),
}


def table(n, names=None):
    columns, fields = [], []
    for name, (kind, value) in kinds.items():
        if names and name not in names:
            continue
        share = r.choice([0, 0, 0.1, 0.5, 0.99])
        values = [None if r.random() < share else value() for _ in range(n)]
        fields.append(pa.field(name, kind, nullable=share > 0 or name == "none"))
        columns.append(pa.array(values, kind))
    return pa.table(columns, schema=pa.schema(fields))


def save(name, t, **options):
    path = os.path.join(out, name)
    pq.write_table(t, path + ".parquet", **options)
    stream(name, t)


def stream(name, t):
    with pa.ipc.new_stream(os.path.join(out, name + ".arrow"), t.schema) as w:
        w.write_table(t)


floats = {n: "BYTE_STREAM_SPLIT" for n in ["f16", "f32", "f64", "i32", "i64", "fix", "n38"]}
deltas = {n: "DELTA_BINARY_PACKED" for n in ["i8", "i16", "i32", "i64", "u8", "u32", "u64", "d", "ts6"]}
lengths = {n: "DELTA_LENGTH_BYTE_ARRAY" for n in ["s", "y", "same", "none"]}
prefixes = {n: "DELTA_BYTE_ARRAY" for n in ["s", "y", "fix", "same", "none"]}
encodings = {"plain": {}, "split": floats, "delta": deltas | lengths, "prefix": prefixes, "dictionary": None}
codecs = ["none", "snappy", "gzip", "zstd", "lz4"]

forms = list(itertools.product(codecs, ["1.0", "2.0"], encodings))
if small:
    forms = [("none", "1.0", "plain"), ("snappy", "2.0", "dictionary"), ("gzip", "1.0", "delta"), ("zstd", "2.0", "prefix"), ("lz4", "2.0", "split")]
for codec, version, encoding in forms:
    n = rows if small else r.choice([0, 1, 7, 8, 9, 100, rows])
    options = dict(compression=codec, data_page_version=version, use_dictionary=encoding == "dictionary",
                   write_page_checksum=r.random() < 0.5, row_group_size=r.choice([max(1, n), 1 + n // 3]),
                   data_page_size=r.choice([64, 4096, 1 << 20]), write_batch_size=r.choice([10, 1024]),
                   store_decimal_as_integer=encoding == "plain", store_schema=False)
    if encodings[encoding]:
        options["column_encoding"] = encodings[encoding]
    save(f"pyarrow-{codec}-{version[0]}-{encoding}", table(n, small and {"b", "i32", "i64", "u64", "f16", "f64", "tz6", "n5", "n38", "s", "fix"}), **options)

# Checksums on every page: what a changed byte does is known.
save("pyarrow-checksums", table(rows if small else 200, {"i64", "s", "n38"}), write_page_checksum=True, compression="snappy", store_schema=False)

# INT96 has microseconds here.
t = table(rows, {"ts6", "i32"})
pq.write_table(t, os.path.join(out, "pyarrow-int96.parquet"), use_deprecated_int96_timestamps=True, store_schema=False)
stream("pyarrow-int96", t)

db = duckdb.connect()
for codec, version in [("zstd", "V2")] if small else itertools.product(["uncompressed", "snappy", "gzip", "zstd", "lz4_raw"], ["V1", "V2"]):
    query = f"""SELECT i::INTEGER AS i, CASE WHEN hash(i) % 5 > 0 THEN i * 1.25 END::DECIMAL(12, 2) AS n, CASE WHEN hash(i) % 7 > 1 THEN 'text ' || (i % 30) END AS s,
        repeat('prefix', 1 + (i % 9)::INT) || i AS u, hash(i) % 3 = 0 AS b, (i * 1.5)::DOUBLE AS f, DATE '2020-01-01' + i::INTEGER AS d,
        TIMESTAMP '2020-01-01 00:00:00' + INTERVAL (i) SECOND AS ts, i::UBIGINT AS ub, (hash(i) % 100)::TINYINT AS tiny,
        to_months(i::INTEGER) + to_days((i % 40)::INTEGER) + to_milliseconds(i::DOUBLE) AS iv, TIME '00:00:01' + INTERVAL (i) SECOND AS t, ('x' || i)::BLOB AS y
        FROM range({rows}) AS r(i)"""
    name = f"duckdb-{codec}-{version}"
    db.execute(f"COPY ({query}) TO '{out}/{name}.parquet' (FORMAT parquet, CODEC '{codec}', PARQUET_VERSION '{version}', ROW_GROUP_SIZE 2048)")
    stream(name, db.sql(query).to_arrow_table())
