# pgcli_.sh STEP: pgcli, by commands and by a file.
set -eu
run() { "$PGCLI" --pgclirc "${TMPDIR:-/tmp}/pgclirc" -y "$@" 2>&1 | grep -v '^Time:\|^Version:\|^Home:\|^Goodbye' | sed 's/ *$//'; }
case $1 in
version) "$PGCLI" --version | sed 's/.* //' ;;
connect) run -c "select 'ü' as t, 7 as n" ;;
introspect) run -c '\dn shop' -c '\d shop.customer' -c '\dt shop.*' -c '\dv shop.*' -c '\di shop.invoice*' -c '\dT shop.*' -c '\ds shop.*' -c '\df shop.*' ;;
crud)
	run -c 'create table shop.pgcli_crud (id int primary key, t text)' -c "insert into shop.pgcli_crud values (1, 'a'), (2, null) returning *" -c "update shop.pgcli_crud set t = 'b' where id = 2" \
		-c 'select * from shop.pgcli_crud order by id' -c 'insert into shop.pgcli_crud values (1)' -c 'drop table shop.pgcli_crud'
	;;
*) exit 3 ;;
esac
