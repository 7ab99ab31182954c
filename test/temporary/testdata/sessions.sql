-- Sessions do not see each other's temporary relations, and may give them the same names.
create table perm (a int primary key, b text);
insert into perm values (1, 'all');
create temp table t (a int);
insert into t values (1);
-- as b
select * from t;
create temp table t (b text, c int);
insert into t values ('mine', 2);
select * from t;
select count(*) from pg_class where relname = 't' and relnamespace = pg_my_temp_schema();
-- as a
select * from t;
begin;
insert into t values (2);
-- as b
select * from t;
begin;
update t set c = 3;
drop table t;
select * from t;
-- as a
commit;
select * from t order by 1;
-- as b
rollback;
select * from t;
create temp table perm (x int);
insert into perm values (77);
select * from perm;
-- as a
select * from perm;
update perm set b = 'changed';
-- as b
select * from public.perm;
insert into public.perm select x, 'from b' from perm;
select * from public.perm order by a;
drop table perm;
select * from perm order by a;
-- as a
select * from perm order by a;
prepare q as select * from t;
execute q;
-- as b
prepare q as select * from t;
execute q;
-- as a
select * from t order by a;
-- as b
select * from t;
-- as a
drop table t;
-- as b
select * from t;
execute q;
-- as a
select * from t;
create type color as enum ('red', 'green');
create sequence numbers;
create view over_perm as select a from perm;
-- as b
create temp table painted (c color, n int default nextval('numbers'));
insert into painted (c) values ('red');
create temp view mixed as select p.a, t.c from perm p, t;
select * from mixed order by a;
create temp view seen as select * from over_perm;
-- as a
drop type color;
drop sequence numbers;
drop view over_perm;
drop table perm;
-- as b
select c::text, n from painted;
select * from seen order by a;
drop table painted;
drop view seen;
drop view mixed;
-- as a
drop type color;
drop sequence numbers;
drop view over_perm;
-- as b
begin;
create temp table held (a int primary key);
insert into held values (1), (2);
savepoint s;
delete from held where a = 1;
-- b leaves
-- as c
select * from held;
select * from t;
select count(*) from pg_class where relnamespace = pg_my_temp_schema() and relname in ('held', 't');
create temp table held (a int primary key);
insert into held values (1);
select * from held;
-- as a
begin isolation level serializable;
select count(*) from perm;
create temp table sums as select count(*) as n from perm;
-- as c
insert into perm values (50, 'c');
-- as a
insert into sums select count(*) from perm;
select * from sums;
commit;
select * from sums;
begin isolation level repeatable read;
select count(*) from perm;
insert into sums values (0);
-- as c
insert into perm values (51, 'c');
-- as a
select (select count(*) from perm), count(*) from sums;
update sums set n = n + 1;
select * from sums order by n;
commit;
select (select count(*) from perm), count(*) from sums;
