create schema qt

create table qt.t (id serial primary key, n int, check (qt.t.n < 1000))

create table qt_p (id int primary key, n int)

create view qt.v as select id, n from qt.t

insert into qt.t (n) values (1), (2) returning qt.t.id, qt.t.*

insert into qt.t (n) select p0 from (values (3, 0), (4, 1)) as s(p0, k) order by k returning qt.t.id, qt.t.id as again

insert into qt.t as x (n) values (5) returning x.id

insert into qt.t as x (n) values (6) returning qt.t.id

insert into qt.t as t (n) values (6) returning qt.t.id

insert into qt.v (n) values (7) returning qt.v.id, v.n

insert into qt.v (n) values (7) returning qt.t.id

update qt.t set n = qt.t.n + 1 where qt.t.id = 1 returning qt.t.id, qt.t.n

delete from qt.t where qt.t.id = 1 returning qt.t.*

insert into qt.t (id, n) values (2, 5) on conflict (id) do update set n = qt.t.n + excluded.n where qt.t.id > 0 returning qt.t.n

insert into qt.v (id, n) values (2, 5) on conflict (id) do update set n = qt.v.n + excluded.n returning qt.v.n

insert into public.qt_p values (1, 2) returning public.qt_p.id, qt.t.id

insert into public.qt_p values (2, 2) returning public.qt_p.id

insert into qt.t (n) values (2000)

select classid::regclass, refobjid::regclass, deptype from pg_depend where refobjid = 'qt.t_id_seq'::regclass order by 1, 2

alter table qt.t add unique (n)

alter table qt.t add unique (n)

select conname from pg_constraint where conrelid = 'qt.t'::regclass order by 1

drop schema qt cascade

