# fdw.sh STEP: postgres_fdw of the PostgreSQL that the test compares with (ORACLE_HOST …), whose foreign server is the one that PGHOST names.
set -eu
[ "$1" != version ] || { psql --version | grep -o '[0-9.]*' | head -1; exit; }
at="host '$PGHOST', port '$PGPORT', dbname '$PGDATABASE'"
user=$PGUSER
export PGHOST=$ORACLE_HOST PGPORT=$ORACLE_PORT PGUSER=$ORACLE_USER PGDATABASE=$ORACLE_DATABASE
psql -qX -v ON_ERROR_STOP=1 2>/dev/null <<END
create extension if not exists postgres_fdw;
drop server if exists away cascade; drop schema if exists away cascade; create schema away;
create server away foreign data wrapper postgres_fdw options ($at, fetch_size '2');
create user mapping for public server away options (user '$user', password_required 'false');
END
case $1 in
connect) psql -X -v ON_ERROR_STOP=1 -c "create foreign table away.one (a int) server away options (schema_name 'pg_catalog', table_name 'pg_class')" -c 'select count(*) > 100 from (select 1 from away.one limit 200) x' 2>&1 | grep -v CREATE ;;
introspect) psql -X -v ON_ERROR_STOP=1 -c 'import foreign schema shop limit to (customer, invoice, open_invoice) from server away into away' -c '\d away.*' 2>&1 ;;
crud)
	psql -qX -v ON_ERROR_STOP=1 2>&1 <<-'END'
		import foreign schema shop limit to (customer, invoice, open_invoice) from server away into away;
		select id, email, born, score, tags, mood, extra, made at time zone 'UTC' from away.customer order by id;
		select c.email, sum(i.total) from away.customer c join away.invoice i on i.customer_id = c.id where i.total > 3 group by 1 order by 1;
		select count(*), max(total) from away.invoice where note like '%a%' and paid is not null;
		explain (verbose, costs off) select c.email, i.total from away.customer c join away.invoice i on i.customer_id = c.id where i.paid order by i.total limit 3;
		insert into away.customer (id, email, score, made) values (901, 'far@example.com', 1.5, '2024-01-01') returning id, score;
		insert into away.invoice (id, customer_id, total, paid) select 900 + g, 901, g * 1.5, false from generate_series(1, 5) g;
		update away.invoice set total = total + 1 where customer_id = 901 and id > 902 returning id, total;
		delete from away.invoice where customer_id = 901;
		delete from away.customer where id = 901;
		select count(*) from away.invoice;
	END
	;;
transactions)
	psql -X 2>&1 <<-'END'
		import foreign schema shop limit to (customer) from server away into away;
		begin; insert into away.customer (id, email, made) values (902, 'tx@example.com', now()); savepoint s; insert into away.customer (id, email, made) values (902, 'tx2@example.com', now()); rollback to s; select count(*) from away.customer where id = 902; rollback;
		select count(*) from away.customer where id = 902;
		begin isolation level repeatable read; select count(*) from away.customer; select count(*) from away.customer; commit;
	END
	;;
*) exit 3 ;;
esac
