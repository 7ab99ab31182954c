package pgoracle

import (
	"context"
	"net"
	"testing"
)

func TestStart(t *testing.T) {
	ctx := context.Background()
	conn := Start(t)
	var version, collate, zone, fsync string
	err := conn.QueryRow(ctx, `select version(), (select datcollate from pg_database where datname = current_database()),
		current_setting('timezone'), current_setting('fsync')`).Scan(&version, &collate, &zone, &fsync)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(version)
	if collate != "C.UTF-8" || zone != "UTC" {
		t.Errorf("collation %q, time zone %q: results would differ from ours", collate, zone)
	}
	if _, err := conn.Exec(ctx, "create table only_here (a int)"); err != nil {
		t.Fatal(err)
	}
}

func TestDatabasesAreSeparate(t *testing.T) {
	conn := Start(t)
	var n int
	if err := conn.QueryRow(context.Background(), "select count(*) from pg_class where relname = 'only_here'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 0 {
		t.Error("a table of another test is visible")
	}
}

func TestSocket(t *testing.T) {
	network, address := Socket(t, DSN(t))
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
