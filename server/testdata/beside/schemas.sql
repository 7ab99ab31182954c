-- Schemas: where names are made and found.

create schema sc1

create schema sc1

create schema if not exists sc1

create schema pg_sc

create table sc_nosuch.t (a int)

create schema sc2 authorization current_user

create table sc1.st (id serial primary key, a int unique, b text default 'x')

create table sc2.st (id int primary key, b text)

create table st (id int primary key, c text)

insert into sc1.st (a) values (10), (20)

insert into sc2.st values (1, 'two')

insert into st values (1, 'public')

insert into sc1.st (a) values (10)

select id, a, b from sc1.st

select x.b, y.b, z.c from sc1.st x join sc2.st y on x.id = y.id join st z on z.id = x.id

select sc1.st.a, sc2.st.b from sc1.st, sc2.st

select * from public.st

select * from sc1.nosuch

select * from sc_nosuch.st

select to_regclass('sc1.st'), to_regclass('sc_nosuch.st'), to_regclass('sc2.nosuch'), to_regclass('st'), to_regclass('public.st')

select 'sc_nosuch.st'::regclass

select pg_get_serial_sequence('sc1.st', 'id'), currval('sc1.st_id_seq')

select current_schema, current_schemas(false), current_schemas(true)

select relname, relnamespace::regnamespace, pg_table_is_visible(oid) from pg_class where relname = 'st' order by 2::text

select pg_get_indexdef('sc1.st_a_key'::regclass), pg_get_indexdef('sc1.st_a_key'::regclass, 0, true)

select column_default from information_schema.columns where table_schema = 'sc1' and column_name = 'id'

create view sc1.sv as select a, b from sc1.st where a < 100

select * from sc1.sv

create view sv2 as select a from sc1.sv

drop schema sc1

drop table sc1.st

set search_path = sc2, sc1

select current_schema, current_schemas(false)

select b from st

select a from sv

select 'st'::regclass, 'sc1.st'::regclass, 'public.st'::regclass, 'sv'::regclass

select column_default from information_schema.columns where table_schema = 'sc1' and column_name = 'id'

select * from sv2

create table made (n int)

insert into made values (5)

set search_path = ''

select * from made

create table made3 (n int)

select n, 'sc2.made'::regclass from sc2.made

select current_schema, current_schemas(true)

set search_path = sc_nosuch, pg_catalog, sc1

select current_schema, current_schemas(true)

create table made3 (n int)

reset search_path

show search_path

alter table st set schema sc1

alter table st set schema sc_nosuch

alter table sc2.made set schema public

select n from made

select n from sc2.made

create sequence sq

alter sequence sq set schema sc2

select nextval('sc2.sq')

alter sequence sc1.st_id_seq set schema sc2

create table moves (id serial primary key, u int unique)

alter table moves set schema sc2

insert into sc2.moves (u) values (3), (4) returning *

select 'sc2.moves_id_seq'::regclass, 'sc2.moves_u_key'::regclass, 'sc2.moves_pkey'::regclass

begin

create schema sc_tx

create table sc_tx.a (i int)

insert into sc_tx.a values (1)

select i from sc_tx.a union all select 2 order by 1

rollback

select i from sc_tx.a

create schema sc3 create view ev as select k + 1 as k1 from e1 create table e1 (k int primary key, l text) create index ei on e1 (l)

select k1 from sc3.ev

select 'sc3.ei'::regclass

create schema sc4 create table sc3.e2 (a int)

alter schema sc3 rename to sc2

alter schema sc_nosuch rename to sc5

alter schema sc3 rename to pg_sc3

alter schema sc2 rename to sc5

select * from sc2.st

select id, b from sc5.st

drop schema sc5

drop schema sc5 cascade

drop schema sc3 cascade

drop view sv2

drop schema if exists sc1 cascade

drop schema if exists sc_nosuch

drop schema sc_nosuch

drop table sc_nosuch.t

drop table if exists sc_nosuch.t

drop schema pg_catalog

select pg_typeof(-2147483648), pg_typeof(-2147483649), pg_typeof(2147483648)

-- What reads goes on reading.

create schema mv1

create table mv1.t (a int check (a < 100), b int)

create sequence mv1.q

create table mv1.d (n int default nextval('mv1.q') + 10, k text)

create view mv1.v as select a, t.b from mv1.t t

create view mv_out as select v.a, t.b from mv1.v join mv1.t using (a, b)

insert into mv1.t values (1, 2), (3, 4)

create schema mv2

alter table mv1.t set schema mv2

select * from mv_out order by 1

select * from mv1.v order by 1

alter schema mv1 rename to mv3

select * from mv_out order by 1

insert into mv3.d (k) values ('x') returning n

alter view mv3.v set schema mv2

create table mv3.t (other int)

select * from mv_out order by 1

alter sequence mv3.q set schema mv2

insert into mv3.d (k) values ('x') returning n

insert into mv2.t values (100, 1)

drop schema mv2

drop schema mv2 cascade

select * from mv_out
