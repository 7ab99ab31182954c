-- What stands for those statements of the fixture that are refused: the same names and columns as far as they go.
create table sales.customer(id bigserial primary key, name varchar(40) not null, m text default 'ok', a text, created timestamptz default now());
create table orders(id int generated always as identity primary key, customer_id bigint, amount numeric(10,2) check (amount>=0), tags text[], j jsonb, p int, ts timestamp(3), iv interval, u uuid);
create index on orders(customer_id);
create unique index on orders(u);
create materialized view v_orders as select id, amount from orders;
create materialized view mv_orders as select customer_id, sum(amount) s from orders group by 1;
