-- COMMENT ON.
create schema cs

create table cs.t (id int primary key, a int unique, b int constraint b_pos check (b > 0))

create table ct (x int, y text)

create view cv as select x from ct

create sequence cq

create index ci on ct (y)

comment on table cs.t is 'a table'

comment on column cs.t.b is 'a column'

comment on constraint b_pos on cs.t is 'a check'

comment on constraint t_pkey on cs.t is 'a key'

comment on constraint t_a_key on cs.t is 'a unique key'

comment on index cs.t_pkey is 'its index'

comment on index cs.t_a_key is 'another index'

comment on table ct is E'two\nlines'

comment on view cv is 'a view'

comment on column cv.x is 'a column of a view'

comment on materialized view cv is 'kept'

comment on sequence cq is 'counts'

comment on index ci is 'an index'

comment on schema cs is 'a schema'

select n.nspname, obj_description(n.oid, 'pg_namespace') from pg_namespace n where nspname in ('cs', 'public') order by 1

select c.relname, obj_description(c.oid, 'pg_class') from pg_class c where c.relname in ('t', 'ct', 'cv', 'cm', 'cq', 'ci', 't_pkey', 't_a_key') order by 1

select conname, obj_description(oid, 'pg_constraint') from pg_constraint where conrelid = 'cs.t'::regclass order by 1

select col_description('cs.t'::regclass, 3), col_description('cs.t'::regclass, 1), col_description('cv'::regclass, 1)

select c.relname, d.objsubid, d.description from pg_description d join pg_class c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass where c.relname in ('t', 'ct', 'cv', 'cm') order by 1, 2

select count(*) from pg_description where objoid = 'cs.t'::regclass

comment on table ct is null

comment on column cv.x is ''

select obj_description('ct'::regclass), col_description('cv'::regclass, 1)

begin

comment on table ct is 'in a block'

select obj_description('ct'::regclass, 'pg_class')

rollback

select obj_description('ct'::regclass, 'pg_class')

comment on table nosuch is 'x'

comment on table cs_no.t is 'x'

comment on column ct.nosuch is 'x'

comment on column ci.y is 'x'

comment on view ct is 'x'

comment on index ct is 'x'

comment on constraint nosuch on ct is 'x'

comment on schema nosuch is 'x'

comment on database nosuch is 'x'

create table cl (like cs.t including all)

select col_description('cl'::regclass, 3)

alter table ct rename to ct2

comment on table ct2 is 'again'

drop view cv

drop table ct2 cascade

select count(*) from pg_description where description = 'again'

drop schema cs cascade

select count(*) from pg_description d where classoid = 'pg_namespace'::regclass and description = 'a schema'
