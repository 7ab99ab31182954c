-- Materialized views WITH NO DATA may not be read until they are refreshed.
create table base (id int primary key)

insert into base values (1), (2)

create materialized view mm as select count(*) from base with no data

select * from mm

create view pmm as select * from mm

select * from pmm

copy (select * from mm) to stdout

select relispopulated from pg_class where relname='mm'

refresh materialized view mm

select * from mm

refresh materialized view mm with no data

select * from mm

create materialized view m3 as select * from pmm

create materialized view m3 as select * from pmm with no data

refresh materialized view m3

select * from m3

begin

refresh materialized view mm

select * from mm

rollback

select * from mm

select 1 where exists (select 1 from mm)

create table tt as select * from mm

create table tt as select * from mm with no data

prepare p as select * from mm

execute p

refresh materialized view mm

execute p

refresh materialized view mm with no data

execute p

delete from tt where count in (select count from mm)
