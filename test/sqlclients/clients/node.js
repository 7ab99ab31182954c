// node.js LIBRARY STEP: pg, postgres, typeorm, sequelize, drizzle-orm and knex.
const [, , library, step] = process.argv;
const dsn = { host: process.env.PGHOST, port: +process.env.PGPORT, user: process.env.PGUSER, database: process.env.PGDATABASE };
const show = (...v) => console.log(...v.map((x) => (typeof x === 'string' ? x : JSON.stringify(x))));
const versionOf = (name) => JSON.parse(require('fs').readFileSync(require('path').join(process.env.NODE_PATH, name, 'package.json'))).version;

const libraries = {
  pg: () => {
    const { Client, Pool } = require('pg');
    const open = async () => { const c = new Client(dsn); await c.connect(); return c; };
    return {
      async connect() {
        const pool = new Pool({ ...dsn, max: 3 });
        show(await Promise.all([1, 2, 3, 4, 5].map(async (i) => (await pool.query('select $1::int as n, $2::text as t', [i, 'ü'])).rows[0])));
        await pool.end();
      },
      async introspect() {
        const c = await open();
        const r = await c.query('select * from shop.customer order by id');
        show(r.fields.filter((f) => f.name !== 'mood').map((f) => [f.name, f.dataTypeID, f.dataTypeSize, f.dataTypeModifier, f.columnID]), r.rows);
        await c.end();
      },
      async crud() {
        const c = await open();
        await c.query('create table shop.node_crud (id serial primary key, n numeric, a int[], j jsonb, b bytea, t timestamptz)');
        show((await c.query('insert into shop.node_crud (n, a, j, b, t) values ($1, $2, $3, $4, $5) returning *', ['1.50', [1, null], { a: [1] }, Buffer.from([0, 255]), new Date(0)])).rows);
        const q = { name: 'up', text: 'update shop.node_crud set n = n + $1 where id = $2' };
        for (let i = 0; i < 3; i++) show((await c.query({ ...q, values: [i, 1] })).rowCount);
        show((await c.query('select n from shop.node_crud; delete from shop.node_crud')).map((r) => [r.command, r.rowCount]));
        await c.end();
      },
      async transactions() {
        const c = await open();
        await c.query('create table shop.node_tx (id int primary key)');
        await c.query('begin isolation level repeatable read');
        await c.query('insert into shop.node_tx values (1)');
        await c.query('insert into shop.node_tx values (1)').catch((e) => show(e.code, e.constraint, e.table, e.schema, e.detail));
        await c.query('select 1').catch((e) => show(e.code, e.message));
        await c.query('rollback');
        const heard = new Promise((ok) => c.on('notification', (m) => ok([m.channel, m.payload])));
        await c.query('listen news; notify news, \'x\'');
        show(await heard, (await c.query('select * from shop.node_tx')).rows);
        await c.end();
      },
    };
  },
  postgres: () => {
    const sql = require('postgres')({ ...dsn, onnotice() {} });
    return {
      async connect() { show(await sql`select ${'ü'}::text as t, ${7}::int as n, ${[1, 2]}::int[] as a`); },
      async introspect() { show(await sql`select table_name, column_name from information_schema.columns where table_schema = 'shop' order by 1, 2`, (await sql`select * from shop.customer`).columns.map((c) => c.name)); },
      async crud() {
        await sql`create table shop.pgjs_crud (id int primary key, t text, at date, j jsonb)`;
        await sql`insert into shop.pgjs_crud ${sql([{ id: 1, t: 'a', at: '2024-01-01', j: { x: 1 } }, { id: 2, t: null, at: null, j: null }])}`;
        show(await sql`update shop.pgjs_crud set ${sql({ t: 'b' }, 't')} where id in ${sql([1, 2])} returning *`);
        for await (const [row] of sql`select g from generate_series(1, 3) g`.cursor(1)) show(row);
      },
      async transactions() {
        await sql`create table shop.pgjs_tx (id int primary key)`;
        await sql.begin(async (t) => { await t`insert into shop.pgjs_tx values (1)`; await t.savepoint((s) => s`insert into shop.pgjs_tx values (1)`).catch((e) => show(e.code, e.constraint_name)); });
        await sql.begin((t) => [t`insert into shop.pgjs_tx values (2)`, t`insert into shop.pgjs_tx values (2)`]).catch((e) => show(e.code));
        show(await sql`select * from shop.pgjs_tx`);
        const heard = new Promise((ok) => sql.listen('news', ok).then(() => sql.notify('news', 'here')));
        show(await heard);
      },
      end: () => sql.end(),
    };
  },
  typeorm: () => {
    require('reflect-metadata');
    const { DataSource, EntitySchema } = require('typeorm');
    const Author = new EntitySchema({ name: 'to_author', columns: { id: { type: 'int', primary: true, generated: true }, name: { type: 'varchar', length: 40, unique: true }, made: { type: 'timestamptz', createDate: true }, kind: { type: 'enum', enum: ['a', 'b'], default: 'a' }, tags: { type: 'text', array: true, default: '{}' } }, relations: { books: { type: 'one-to-many', target: 'to_book', inverseSide: 'author', cascade: true } } });
    const Book = new EntitySchema({ name: 'to_book', columns: { id: { type: 'int', primary: true, generated: 'increment' }, title: { type: 'text' }, price: { type: 'numeric', precision: 8, scale: 2, nullable: true } }, relations: { author: { type: 'many-to-one', target: 'to_author', joinColumn: true, onDelete: 'CASCADE' } }, indices: [{ columns: ['title'] }] });
    const ds = new DataSource({ type: 'postgres', ...dsn, username: dsn.user, schema: 'typeorm', entities: [Author, Book], installExtensions: false });
    return {
      async connect() { await ds.initialize(); show(await ds.query('select 1 as n')); },
      async migrate() {
        await ds.initialize();
        await ds.query('create schema typeorm');
        const up = await ds.driver.createSchemaBuilder().log();
        show(up.upQueries.map((q) => q.query));
        await ds.synchronize();
        show((await ds.driver.createSchemaBuilder().log()).upQueries.map((q) => q.query));
      },
      async crud() {
        await ds.initialize();
        const authors = ds.getRepository('to_author');
        await authors.save({ name: 'ann', tags: ['x'], books: [{ title: 't', price: '1.50' }, { title: 'u' }] });
        show((await authors.find({ relations: { books: true }, order: { books: { id: 'ASC' } } })).map((a) => ({ ...a, made: a.made instanceof Date })));
        show(await ds.createQueryBuilder('to_book', 'b').innerJoin('b.author', 'a').select('a.name', 'name').addSelect('count(*)', 'n').groupBy('a.name').getRawMany());
        show(await authors.upsert({ name: 'ann', kind: 'b' }, ['name']).then((r) => r.identifiers.length), await authors.delete({ name: 'ann' }));
      },
      async transactions() {
        await ds.initialize();
        await ds.transaction('SERIALIZABLE', async (m) => { await m.save('to_author', { name: 'x' }); throw new Error('no'); }).catch((e) => show(e.message));
        show(await ds.getRepository('to_author').count());
      },
      end: () => ds.destroy(),
    };
  },
  sequelize: () => {
    const { Sequelize, DataTypes, Op } = require('sequelize');
    const s = new Sequelize(dsn.database, dsn.user, '', { host: dsn.host, port: dsn.port, dialect: 'postgres', logging: false, define: { timestamps: true } });
    const User = s.define('sq_user', { name: { type: DataTypes.STRING, unique: true, allowNull: false }, mood: DataTypes.STRING(10), extra: DataTypes.JSONB, tags: DataTypes.ARRAY(DataTypes.TEXT) });
    const Post = s.define('sq_post', { title: DataTypes.TEXT, at: DataTypes.DATEONLY });
    User.hasMany(Post); Post.belongsTo(User);
    return {
      async connect() { await s.authenticate(); show('there', await s.databaseVersion() > '15'); },
      async migrate() {
        await s.sync({ force: true });
        await s.sync({ alter: true });
        const sorted = (o) => Object.entries(o).sort(([a], [b]) => (a < b ? -1 : 1)); // it asks for no order
        show(sorted(await s.getQueryInterface().describeTable('sq_users')), (await s.getQueryInterface().showIndex('sq_users')).map((i) => [i.name, i.unique, i.primary]).sort());
        await s.getQueryInterface().addColumn('sq_posts', 'n', { type: DataTypes.INTEGER, defaultValue: 3 });
        await s.getQueryInterface().removeColumn('sq_posts', 'n');
        show(await s.getQueryInterface().getForeignKeyReferencesForTable('sq_posts').then((l) => l.map((f) => [f.columnName, f.referencedTableName])));
      },
      async crud() {
        await User.create({ name: 'ann', mood: 'ok', extra: { a: 1 }, tags: ['x'], sq_posts: [{ title: 't', at: '2024-01-01' }] }, { include: Post });
        await User.bulkCreate([{ name: 'bob' }, { name: 'cy' }], { returning: true });
        show((await User.findAll({ include: Post, order: ['id'] })).map((u) => [u.name, u.extra, u.tags, u.sq_posts.map((p) => [p.title, p.at])]));
        show((await User.upsert({ name: 'bob', mood: 'sad' }))[0].mood, await User.update({ mood: 'ok' }, { where: { name: { [Op.iLike]: 'B%' } } }), await User.destroy({ where: { name: 'cy' } }));
      },
      async transactions() {
        await s.transaction(async (t) => { await User.create({ name: 'eve' }, { transaction: t }); throw new Error('no'); }).catch((e) => show(e.message));
        await User.create({ name: 'ann' }).catch((e) => show(e.name, e.errors.map((x) => x.path)));
        show(await User.count({ where: { name: 'eve' } }));
      },
      end: () => s.close(),
    };
  },
  knex: () => {
    const k = require('knex')({ client: 'pg', connection: dsn });
    return {
      async connect() { show((await k.raw('select ?::int as n', [1])).rows); },
      async migrate() {
        await k.schema.createTable('knex_t', (t) => { t.increments(); t.string('name').notNullable().unique(); t.decimal('d', 8, 2).defaultTo(0); t.jsonb('j'); t.timestamps(true, true); t.enu('e', ['a', 'b']); });
        await k.schema.alterTable('knex_t', (t) => { t.renameColumn('d', 'price'); t.text('name').alter(); t.index(['price']); t.dropColumn('j'); });
        show(await k.schema.hasTable('knex_t'), Object.keys(await k('knex_t').columnInfo()).sort());
      },
      async crud() {
        show(await k('knex_t').insert([{ name: 'a' }, { name: 'b', price: 2 }], ['id', 'price']), await k('knex_t').insert({ name: 'a', price: 9 }).onConflict('name').merge().returning('price'));
        show(await k('knex_t').where('price', '>', 1).orderBy('id').select('name'), await k('knex_t').del());
      },
      async transactions() { await k.transaction(async (t) => { await t('knex_t').insert({ name: 'z' }); throw new Error('no'); }).catch((e) => show(e.message)); show(await k('knex_t').count()); },
      end: () => k.destroy(),
    };
  },
  'drizzle-orm': () => {
    const { drizzle } = require('drizzle-orm/node-postgres');
    const { pgTable, serial, text, integer } = require('drizzle-orm/pg-core');
    const { eq, sql } = require('drizzle-orm');
    const pool = new (require('pg').Pool)(dsn);
    const db = drizzle(pool);
    const t = pgTable('drizzle_t', { id: serial('id').primaryKey(), name: text('name').notNull(), n: integer('n') });
    return {
      async connect() { show((await db.execute(sql`select ${1}::int as n`)).rows); },
      async crud() {
        await db.execute(sql`create table drizzle_t (id serial primary key, name text not null, n int)`);
        show(await db.insert(t).values([{ name: 'a', n: 1 }, { name: 'b' }]).returning(), await db.update(t).set({ n: 5 }).where(eq(t.name, 'b')).returning({ n: t.n }));
        show(await db.insert(t).values({ id: 1, name: 'c' }).onConflictDoUpdate({ target: t.id, set: { name: 'c' } }).returning(), await db.select().from(t).orderBy(t.id));
      },
      async transactions() { await db.transaction(async (x) => { await x.insert(t).values({ name: 'q' }); x.rollback(); }).catch((e) => show(e.message)); show((await db.select().from(t)).length); },
      end: () => pool.end(),
    };
  },
};

(async () => {
  if (step === 'version') return show(versionOf(library));
  const l = libraries[library]();
  if (!l[step]) { if (l.end) await Promise.resolve(l.end()).catch(() => {}); process.exit(3); }
  await l[step]();
  if (l.end) await l.end();
})().catch((e) => { console.log(String(e.stack || e)); process.exit(1); });
