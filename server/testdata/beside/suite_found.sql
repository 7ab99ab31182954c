-- What PostgreSQL's own regression suite found.
create table ua (i int, j int, t text)

create table ub (i int, k int)

insert into ua values (1,4,'one'), (2,3,'two')

insert into ub values (1,-1), (2,2)

select * from ua join ub using (i) as x where ua.t = 'one'

select x.* from ua join ub using (i) as x where x.i = 2

select x.t from ua join ub using (i) as x

select * from ua a1 join ub a2 using (i) as a1

select x from ua join ub using (i) as x order by 1

create view uv as select x.i, ua.t, ub.k from ua join ub using (i) as x

select * from uv order by 1

create table ug (a int primary key, b int generated always as (a * 2) stored)

insert into ug values (1), (2)

copy ug to stdout

copy ug (a, b) to stdout

begin isolation level repeatable read read only

commit and chain

show transaction_isolation

show transaction_read_only

rollback and chain

show transaction_isolation

rollback

commit and chain

set intervalstyle = sql_standard

select interval '-1 day 23 hours 45 min 12.34 sec', interval '-1 year 2 months 1 day 23 hours 45 min +12.34 sec', interval '-1 1:00:00'

reset intervalstyle

create sequence us as smallint

alter sequence us as int

select seqtypid::regtype, seqmin, seqmax from pg_sequence where seqrelid = 'us'::regclass

create sequence ut as int maxvalue 100000

alter sequence ut as smallint

select json_build_object('{1,2,3}'::int[], 3)

select sind(150), cosd(120), tand(180), cotd(180), sind(30), cosd(60), tand(45)

set custom."bad-guc" = 42

set custom.good = 42

show custom.good

select 'today'::date = current_date, 'now'::timestamptz = now(), 'tomorrow'::timestamp = current_date + 1, 'yesterday'::date - current_date, 'now'::time = localtime, 'now'::timestamp = localtimestamp

insert into ua (i, t) select 3, 'today'::date = current_date

create table ud (a int default 'now')

set datestyle = 'Postgres, DMY'

select timestamp '2024-02-03 04:05:06.7', date '2024-02-03', timestamptz '2024-02-03 04:05:06+00', array[date '2024-02-03'], to_json(date '2024-02-03')

set datestyle = 'german'

select timestamp '2024-02-03 04:05:06.7', date '2024-02-03', '03.02.2024'::date::text

set datestyle = 'iso, sql'

show datestyle

reset datestyle

create sequence ur start 5

select last_value, is_called from ur

select nextval('ur')

select last_value, is_called from ur

select setval('ur', 20, false)

select last_value, is_called, pg_sequence_last_value('ur'::regclass) from ur

select nextval('ur'), nextval('ur')

select s.last_value, x.c from ur s, ur as x(a, b, c)

select sequencename, last_value from pg_sequences where sequencename = 'ur'

create view uq as select last_value from ur

select * from uq

create table ul (like ur)

insert into ur values (1, 1, true)

drop sequence ur
