-- Assigning to parts of arrays and of jsonb.
create table ar (id int primary key, a int[], b int[], c text[], j jsonb, v varchar(3)[], n int)

insert into ar (id, a[1:3], b[1:1][1:2], c[2], j) values (1, '{1,2,3,4}', '{{5,6}}', 'two', '{"k":1}')

insert into ar (id, a[1], a[3], c[2:2]) values (2, 10, 30, '{x,y}')

insert into ar (id, j['a'], j['b']) values (3, '1', '{"x":[1]}')

insert into ar (id, j[2]) values (4, '"z"')

insert into ar (id) values (5)

select * from ar order by id

update ar set a[5] = 50 where id = 1

update ar set a[-1] = 7 where id = 2

update ar set a[2] = 9, a[1] = null where id=5

update ar set b[1][2] = 66 where id = 1

update ar set b[2][2] = 66 where id = 1

update ar set b[1] = 3 where id = 1

update ar set b[3] = 3 where id = 2

update ar set a[2:3] = '{20,30,40}' where id = 1

update ar set a[2:3] = '{20}' where id = 1

update ar set a[:2] = '{8,8}' where id=1

update ar set a[:] = '{1,1,1,1,1,1,1}' where id = 1

update ar set a[:2] = '{1,2}' where id = 5

update ar set b[:2]='{1,2}' where id=5

update ar set a[8:9] = array[88,99] where id = 1

select id, a, b, array_dims(a) from ar order by id

update ar set a[null] = 1

update ar set a[1] = now()

update ar set a[1:2] = 5

update ar set n[1] = 3

update ar set c[1] = 5

update ar set a[1]='x'

update ar set a[1] = default

update ar set a[1.5] = 1 where id=5

update ar set v[1]='abcd'

update ar set v[2] = 'abc' where id=5

update ar set a = '{1}', a[2] = 3 where id=5

update ar set a[2] = 3, a = '{1}' where id=5

update ar set j['a']['b'] = '5' where id in (1,3)

update ar set j['new']['deep'][2] = '"q"' where id = 1

update ar set j[1] = '1' where id=3

update ar set j[5]='5' where id=4

update ar set j[-1] = '55', j[0]='0' where id=4

update ar set j[-10]='1' where id=4

update ar set j['x']='1' where id=4

update ar set j['s'] = '7' where id=5

update ar set j['k'] = null where id = 1

update ar set j['k'] = id where id=1

update ar set j['k'] = to_jsonb(id) where id=1

update ar set j[null]='1'

update ar set j['s']['t']='1' where id=5

update ar set j['a':'b']='1'

select id, j, c, v, a from ar order by id

insert into ar (id) values (5) on conflict (id) do update set a[9] = 9, j['c'] = '1' returning a, j

update ar set a[1] = ar.a[1] + x.k from (values (1, 100)) x(id,k) where ar.id = x.id returning a

insert into ar (id, a[1:2]) select 7, array[g, g] from generate_series(3,3) g

select a from ar where id=7

update ar set a[5:1] = '{1}' where id = 7

update ar set a[1:2147483647]='{1}' where id=7

update ar set a[2147483647]=1 where id=7

insert into ar(id,a[3:2]) values (8,'{}')

select a from ar where id = 8

update ar set a[1:2]=null where id in (5,8)

select id,a from ar where id in (5,8)

update ar set a[1:2][1:1]='{1,2}' where id=7

insert into ar (id, a[1], a) values (9, 1, '{1}')

insert into ar (id, n[1]) values (9, 1)

insert into ar (id, a[1]) values (9, default)

merge into ar using (values (1)) s(k) on id = k when matched then update set a[1] = 1234

select a from ar where id=1

