create table customer(id bigserial primary key, name varchar(40) not null, created timestamptz default now());
create table purchase(id int generated always as identity primary key, customer_id bigint, amount int check (amount >= 0) default 0, tags text[], j jsonb, ts timestamp(3), iv interval, u uuid unique, g int generated always as (1 + 1) stored, note text default 'x');
create index on purchase(customer_id);
create sequence seq1;
create materialized view totals as select customer_id, sum(amount) s from purchase group by 1;
