# odbc_.py STEP: psqlODBC, through unixODBC and pyodbc.
import datetime, decimal, os, sys
import pyodbc

pyodbc.pooling = False


def connect(**more):
    at = {"Driver": os.environ["ODBC_DRIVER"], "Server": os.environ["PGHOST"], "Port": os.environ["PGPORT"], "Database": os.environ["PGDATABASE"], "Uid": os.environ["PGUSER"], "Pwd": "x", "BoolsAsChar": "0", **more}
    return pyodbc.connect(";".join("%s=%s" % item for item in at.items()))


def step_version():
    print(connect().getinfo(pyodbc.SQL_DRIVER_VER).lstrip("0"))


def step_connect():
    c = connect()
    print(c.execute("select 'ü' as t, 7 as n, ?::text, ?::int", "é", 8).fetchone(), c.getinfo(pyodbc.SQL_DBMS_NAME), c.getinfo(pyodbc.SQL_DBMS_VER)[:2])


def step_introspect():
    cur = connect().cursor()
    for row in cur.tables(schema="shop", tableType="TABLE,VIEW").fetchall():
        if not row[2].endswith("_errors"):
            print(row[1:4])
    for table in "customer", "invoice":
        for row in cur.columns(schema="shop", table=table).fetchall():
            print(row[2:4], None if row[3] == "mood" else row[4], row[5:12], row[16:18])
        print([tuple(r[2:6]) for r in cur.primaryKeys(table=table, schema="shop").fetchall()])
        print([tuple(r[2:10]) for r in cur.statistics(table=table, schema="shop").fetchall()])
    print([tuple(r[1:4]) + tuple(r[5:13]) for r in cur.foreignKeys(foreignTable="invoice", foreignSchema="shop").fetchall()])
    print(sorted({r[0] for r in cur.getTypeInfo().fetchall()})[:5])


def step_crud():
    c = connect(UseDeclareFetch="1", Fetch="2")
    cur = c.cursor()
    cur.execute("create table shop.odbc_crud (id serial primary key, n numeric(10,2), t timestamp, d date, s varchar(20), b bytea, o boolean, f float8, big bigint)")
    cur.execute("insert into shop.odbc_crud (n, t, d, s, b, o, f, big) values (?, ?, ?, ?, ?, ?, ?, ?)", decimal.Decimal("1.50"), datetime.datetime(2024, 2, 29, 12, 0, 1), datetime.date(2024, 1, 2), "ü", b"\0\xff", True, 1.25, 1 << 40)
    cur.executemany("insert into shop.odbc_crud (n, s) values (?, ?)", [(i, str(i)) for i in range(7)])
    c.commit()
    for row in cur.execute("select * from shop.odbc_crud order by id").fetchall():
        print(tuple(row))
    print(cur.description[1][:6], cur.execute("update shop.odbc_crud set n = n + 1 where s = ?", "3").rowcount, cur.execute("delete from shop.odbc_crud where n > ?", 5).rowcount)
    cur.execute("drop table shop.odbc_crud")
    c.commit()


def step_transactions():
    c = connect()
    cur = c.cursor()
    cur.execute("create table shop.odbc_tx (id int primary key)")
    c.commit()
    cur.execute("insert into shop.odbc_tx values (1)")
    try:
        cur.execute("insert into shop.odbc_tx values (1)")
    except pyodbc.Error as e:
        print(e.args[0], e.args[1].split("\n")[0].split("; Error")[0])
    c.rollback()
    print(cur.execute("select count(*) from shop.odbc_tx").fetchone()[0])
    c.autocommit = True
    cur.execute("insert into shop.odbc_tx values (2)")
    c.autocommit = False
    c.rollback()
    print(cur.execute("select count(*) from shop.odbc_tx").fetchone()[0])
    cur.execute("drop table shop.odbc_tx")
    c.commit()


step = globals().get("step_" + sys.argv[1])
if step is None:
    sys.exit(3)
step()
