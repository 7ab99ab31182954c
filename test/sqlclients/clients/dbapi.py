# dbapi.py MODULE STEP: psycopg (3) and psycopg2, which share most of an interface.
import importlib, sys, decimal, datetime

name, step = sys.argv[1:3]
pg = importlib.import_module(name)
three = name == "psycopg"


def version():
    print(pg.__version__.split()[0])


def connect():
    c = pg.connect("")
    cur = c.cursor()
    cur.execute("select current_database() is not null, version() like 'PostgreSQL 15%%', %s, %s", ("ü", 7))
    print(cur.fetchone(), c.status if not three else c.info.status, c.encoding if not three else c.info.encoding)


def introspect():
    cur = pg.connect("").cursor()
    cur.execute("select table_name, column_name, data_type, is_nullable, column_default is not null from information_schema.columns"
                " where table_schema = 'shop' order by table_name, ordinal_position")
    for row in cur.fetchall():
        print(row)
    cur.execute("select * from shop.customer order by id")
    print([(d[0], d[1] if d[0] != 'mood' else None, d[2], d[3], d[4], d[5]) for d in cur.description])  # a user's type has an OID of its own


def crud():
    c = pg.connect("")
    cur = c.cursor()
    cur.execute("create table shop.%s_crud (id serial primary key, n numeric, t timestamptz, d date, a int[], j jsonb, b bytea, o boolean, i interval)" % name)
    cur.execute("insert into shop.%s_crud (n, t, d, a, b, o, i) values (%%s, %%s, %%s, %%s, %%s, %%s, %%s) returning id" % name, (
        decimal.Decimal("1.50"), datetime.datetime(2024, 2, 29, 12, 0, tzinfo=datetime.timezone.utc), datetime.date(2024, 1, 2), [1, 2, None],
        b"\0\xff", True, datetime.timedelta(days=1, seconds=3)))
    print(cur.fetchone())
    cur.executemany("insert into shop.%s_crud (n, o) values (%%s, %%s)" % name, [(i, i % 2 == 0) for i in range(5)])
    print(cur.rowcount)
    cur.execute("select id, n, t at time zone 'UTC', d, a, b, o, i from shop.%s_crud order by id" % name)
    for row in cur.fetchall():
        print([bytes(v) if isinstance(v, memoryview) else v for v in row])
    cur.execute("update shop.%s_crud set n = n + 1 where o" % name)
    print(cur.rowcount)
    cur.execute("delete from shop.%s_crud where n > any(%%s)" % name, ([2, 3],))
    print(cur.rowcount)
    if three:
        with cur.copy("copy shop.psycopg_crud (n, o) from stdin") as copy:
            copy.write_row((7, True))
        for f in "text", "binary":
            with cur.copy("copy (select id, n, o from shop.psycopg_crud order by id) to stdout (format %s)" % f) as copy:
                copy.set_types(["int4", "numeric", "bool"])
                print(list(copy.rows()))
    else:
        import io
        cur.copy_expert("copy shop.psycopg2_crud (n, o) from stdin", io.StringIO("7\tt\n"))
        out = io.StringIO()
        cur.copy_expert("copy (select id, n, o from shop.psycopg2_crud order by id) to stdout csv header", out)
        print(out.getvalue())
    c.commit()


def transactions():
    c = pg.connect("")
    cur = c.cursor()
    cur.execute("create table shop.%s_tx (id int primary key)" % name)
    c.commit()
    cur.execute("insert into shop.%s_tx values (1)" % name)
    c.rollback()
    try:
        cur.execute("insert into shop.%s_tx values (2), (2)" % name)
    except pg.errors.UniqueViolation as e:
        print(e.diag.sqlstate, e.diag.constraint_name, e.diag.table_name, e.diag.message_primary)
    try:
        cur.execute("select 1")
    except pg.errors.InFailedSqlTransaction as e:
        print(e.diag.message_primary)
    c.rollback()
    cur.execute("savepoint a")
    cur.execute("insert into shop.%s_tx values (3)" % name)
    cur.execute("rollback to a")
    cur.execute("insert into shop.%s_tx values (4)" % name)
    c.commit()
    named = c.cursor(name="walk") if not three else c.cursor("walk")
    named.execute("select g from generate_series(1, 5000) g")
    print(len(named.fetchmany(10)), sum(r[0] for r in named.fetchall()))
    named.close()
    c.commit()
    c.set_session(isolation_level="SERIALIZABLE") if not three else setattr(c, "isolation_level", pg.IsolationLevel.SERIALIZABLE)
    cur.execute("show transaction_isolation")
    print(cur.fetchone())
    cur.execute("select * from shop.%s_tx" % name)
    print(cur.fetchall())
    c.commit()
    if three:
        with c.transaction(), c.pipeline() as p:
            a = c.execute("select 1")
            b = c.execute("insert into shop.psycopg_tx values (%s) returning id", (9,))
            p.sync()
            print(a.fetchone(), b.fetchone())


globals()[step]() if step in globals() else sys.exit(3)
