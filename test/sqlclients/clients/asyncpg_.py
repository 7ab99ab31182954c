import asyncio, datetime, decimal, sys
import asyncpg


async def connect():
    c = await asyncpg.connect()
    print(await c.fetchrow("select $1::text, $2::int", "ü", 7), c.get_server_version().major)
    async with asyncpg.create_pool(min_size=2, max_size=4) as pool:
        print(sorted(await asyncio.gather(*(pool.fetchval("select $1::int", i) for i in range(8)))))


async def introspect():
    c = await asyncpg.connect()
    st = await c.prepare("select * from shop.customer where id = $1")
    print([(p.name, p.schema, p.kind) for p in st.get_parameters()], [(a.name, a.type.name, a.type.schema, a.type.kind) for a in st.get_attributes()])
    print(dict(await st.fetchrow(1)))
    print(await c.fetchval("select row(1, 'a'::text, 'happy'::shop.mood)"), await c.fetchval("select array['happy']::shop.mood[]"))


async def crud():
    c = await asyncpg.connect()
    await c.execute("create table shop.asyncpg_crud (id int primary key, n numeric, t timestamptz, a int[], m shop.mood, j jsonb, i interval)")
    await c.executemany("insert into shop.asyncpg_crud values ($1, $2, $3, $4, $5, $6, $7)", [
        (i, decimal.Decimal(i) / 4, datetime.datetime(2024, 1, i, tzinfo=datetime.timezone.utc), [i, None], "ok", '{"a": 1}', datetime.timedelta(hours=i)) for i in range(1, 4)])
    print(await c.copy_records_to_table("asyncpg_crud", schema_name="shop", columns=["id", "n"], records=[(10, decimal.Decimal(1)), (11, None)]))
    for r in await c.fetch("select * from shop.asyncpg_crud order by id"):
        print(tuple(r))
    print(await c.execute("update shop.asyncpg_crud set n = 0 where id = any($1::int[])", [1, 2]))
    print(await c.execute("delete from shop.asyncpg_crud where id > $1", 10))


async def transactions():
    c = await asyncpg.connect()
    await c.execute("create table shop.asyncpg_tx (id int primary key)")
    async with c.transaction(isolation="repeatable_read"):
        await c.execute("insert into shop.asyncpg_tx values (1)")
        try:
            async with c.transaction():
                await c.execute("insert into shop.asyncpg_tx values (1)")
        except asyncpg.UniqueViolationError as e:
            print(e.sqlstate, e.constraint_name, e.detail)
        print([r[0] async for r in c.cursor("select g from generate_series(1, 120) g", prefetch=50)][-1])
    print(await c.fetch("select * from shop.asyncpg_tx"))
    heard = asyncio.get_running_loop().create_future()
    await c.add_listener("news", lambda _c, _pid, channel, payload: heard.set_result((channel, payload)))
    await c.execute("notify news, 'here'")
    print(await asyncio.wait_for(heard, 10))
    try:
        await c.execute("select pg_sleep(10)", timeout=0.2)
    except asyncio.TimeoutError:
        print("timeout")
    print(await c.fetchval("select 1"))


if sys.argv[1] == "version":
    print(asyncpg.__version__)
elif sys.argv[1] in globals():
    asyncio.run(globals()[sys.argv[1]]())
else:
    sys.exit(3)
