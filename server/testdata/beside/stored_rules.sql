-- Stored expressions: what they say is settled when they are written, and they are shown as PostgreSQL does.
SET timezone='America/New_York'

CREATE TABLE tz1 (id int, x timestamptz DEFAULT '2024-01-01', y timestamptz CHECK (y >= '2024-01-01'))

SET timezone='UTC'

INSERT INTO tz1 (id) VALUES (1)

INSERT INTO tz1 (id, y) VALUES (2, '2024-01-01 02:00+00')

SELECT * FROM tz1

CREATE TABLE tz2 (a bigint CHECK (a > 0), b numeric CHECK (b >= 0 and b < 3000000000), c float8 CHECK (c <> -1.5), d smallint CHECK (d in (1,2)), e varchar(10) CHECK (e like 'a%' or e is null), f text CHECK (length(f) > 2 AND f <> ''), g int[] CHECK (array_length(g,1) < 3), h int CHECK (h between 1 and 10), i date CHECK (i > '2020-01-01' AND i < date '2030-01-01'), j boolean CHECK (j), k jsonb CHECK (k ? 'a' or k->>'b' = 'x'), l text CHECK (l ~ '^[a-z]+$'), m numeric(10,2) CHECK (m > -1), n text CHECK (n IN ('a','b')), o varchar check (o in ('a','b')), p int check (p % 2 = 0 or not p > 5), q numeric default 1.50, r bigint default 5, s numeric(5,1) default '3', t varchar(5) default 'ab', u timestamptz default now(), v date default current_date, w int default (1+2)*3, x boolean default true, y text default upper('a'), z interval default '1 day', aa timestamptz default '2024-05-05', bb int default -5, cc float8 default 1, ff char(3) default 'x', gg text check (coalesce(gg,'') <> ''), hh int check (case when hh > 1 then true else false end), ii int check (ii::text <> '7'), jj uuid default gen_random_uuid(), kk int[] default '{1,2}', ll int[] default array[1,2], mm timestamptz default current_timestamp, nn time default '10:00', pp bigint default 5000000000, qq int default '5', rr text default 'a' || 'b',ss text default current_user, tt int check (tt = any (array[1,2])), uu text check (upper(uu) = uu))

SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = 'tz2'::regclass ORDER BY a.attnum

SELECT conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = 'tz2'::regclass ORDER BY conname COLLATE "C"

alter table tz2 rename column a to "A b"

alter table tz2 rename column o to oo

SELECT conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = 'tz2'::regclass ORDER BY conname COLLATE "C"

create domain dom as numeric check (value > 1 and value <> 7) default 3

select conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) from pg_constraint where contypid = 'dom'::regtype

select typdefault from pg_type where typname = 'dom'

create table gen (a int, b bigint generated always as (a * 2) stored, c boolean generated always as (a > 1 or a is null) stored)

select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'gen'::regclass order by adnum

alter table gen alter column a set default '7'

select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'gen'::regclass order by adnum

insert into gen default values

select * from gen
