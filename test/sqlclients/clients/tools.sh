# tools.sh STEP: the programs that come with PostgreSQL.
set -eu
case $1 in
version) pg_dump --version | grep -o '[0-9.]*' | head -1 ;;
connect) psql -Xc "select 'ü' as t, 7 as n" ;;
introspect)
	pg_dump --schema-only | grep -c '^CREATE TABLE shop.customer '
	psql -X -c '\dn shop' -c '\d shop.customer' -c '\d+ shop.invoice' -c '\dT+ shop.*' -c '\di shop.*' -c '\ds shop.*' -c '\dv shop.*' | grep -v ' | Size\|heap'
	;;
crud)
	pgbench -q -i -s 1 >/dev/null 2>&1
	for mode in simple extended prepared; do pgbench -n -M $mode -c 2 -t 20 2>&1 | grep 'processed\|failed'; done
	psql -XAtc 'select count(*), sum(abalance) = (select sum(tbalance) from pgbench_tellers), (select count(*) from pgbench_history) from pgbench_accounts'
	;;
transactions)
	psql -X -v ON_ERROR_ROLLBACK=on -c 'create table shop.tools_tx (id int primary key)' -c '\set AUTOCOMMIT off' >/dev/null
	printf '%s\n' '\set ON_ERROR_ROLLBACK on' 'begin;' 'insert into shop.tools_tx values (1);' 'insert into shop.tools_tx values (1);' 'commit;' '\set FETCH_COUNT 3' \
		'select g from generate_series(1, 7) g;' '\copy shop.tools_tx from program '"'seq 5 9'" 'select count(*) from shop.tools_tx;' 'select 1 as a, 2 as b \gdesc' | psql -X 2>&1
	;;
migrate) # the dump of the schema loads again, here and elsewhere: what it makes is compared as a dump
	pg_dump --schema-only --no-owner -n shop | sed 's/\bshop\b/shop2/g' >"${TMPDIR:-/tmp}/shop.$$.sql"
	psql -qX -v ON_ERROR_STOP=1 -f "${TMPDIR:-/tmp}/shop.$$.sql" >/dev/null
	rm "${TMPDIR:-/tmp}/shop.$$.sql"
	psql -XAtc "select table_name, column_name, data_type, is_nullable, column_default is not null from information_schema.columns where table_schema = 'shop2' and table_name in ('customer', 'invoice', 'open_invoice') order by 1, ordinal_position" \
		-c "select conrelid::regclass, conname, contype from pg_constraint where connamespace = 'shop2'::regnamespace and conrelid::regclass::text ~ 'customer|invoice' order by 1, 2" -c 'drop schema shop2 cascade' 2>/dev/null
	;;
*) exit 3 ;;
esac
