# pgbouncer.sh STEP: pgbouncer in front, by transactions; what is asked through it is psql's and pgbench's.
set -eu
[ "$1" != version ] || { pgbouncer --version | sed -n 's/^PgBouncer //p'; exit; }
dir=$(mktemp -d /tmp/pgbouncer.XXXX) # not in TMPDIR, which another user may not enter
port=$((20000 + $$ % 20000))
printf '%s\n' '[databases]' "* = host=$PGHOST port=$PGPORT" '[pgbouncer]' 'listen_addr = 127.0.0.1' "listen_port = $port" 'unix_socket_dir =' 'auth_type = any' 'pool_mode = transaction' \
	'default_pool_size = 3' 'server_check_query = select 1' 'server_reset_query = discard all' 'server_reset_query_always = 1' "admin_users = $PGUSER" 'ignore_startup_parameters = extra_float_digits,options' >"$dir/ini"
sed -i "s/^\* = /* = user=$PGUSER /; s/^listen_addr.*/&\nauth_file =/" "$dir/ini"
as=
[ "$(id -u)" != 0 ] || { as='setpriv --reuid=nobody --regid=nogroup --clear-groups'; chmod -R a+rX "$dir"; } # it does not run as root
$as pgbouncer -q "$dir/ini" >"$dir/log" 2>&1 &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null || true; rm -rf "$dir"' EXIT
export PGHOST=127.0.0.1 PGPORT=$port
for _ in $(seq 50); do psql -XAtc 'select 1' >/dev/null 2>&1 && break || sleep 0.1; done
case $1 in
connect) psql -Xc "select 'ü' as t, 7 as n" || { cat "$dir/log" >&2; exit 1; } ;;
introspect) psql -X -c '\d shop.invoice' -c '\dv shop.*' ;;
crud)
	psql -qXc 'create table shop.bounced (id int primary key, n int); insert into shop.bounced select g, 0 from generate_series(1, 10) g'
	printf '%s\n' '\set id random(1, 10)' 'begin;' 'update shop.bounced set n = n + 1 where id = :id;' 'end;' >"$dir/script"
	for mode in simple extended; do pgbench -n -M $mode -f "$dir/script" -c 8 -t 10 2>&1 | grep 'processed\|failed'; done
	psql -XAtc 'select sum(n) from shop.bounced' -c 'drop table shop.bounced'
	;;
transactions)
	psql -X -v ON_ERROR_STOP=0 2>&1 <<-'END'
		create table shop.bounced_tx (id int primary key);
		begin; insert into shop.bounced_tx values (1); savepoint s; insert into shop.bounced_tx values (1); rollback to s; commit;
		begin; set local statement_timeout = '1234ms'; show statement_timeout; commit;
		show statement_timeout;
		select count(*) from shop.bounced_tx; drop table shop.bounced_tx;
	END
	psql -XAt -d pgbouncer -c 'show databases' | cut -d'|' -f1 | grep -c .
	;;
*) exit 3 ;;
esac
