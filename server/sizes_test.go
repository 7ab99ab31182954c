package server_test

import (
	"context"
	"testing"
	"time"
)

// TestSizes: pg_relation_size and its kin tell what the rows of tables, indexes, views and streams take, before a restart
// and after it; of what stores nothing 0, and of what is not there NULL.
func TestSizes(t *testing.T) {
	cfg := settings(t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id BIGINT PRIMARY KEY, text TEXT)")
	exec(t, ctx, db, "CREATE INDEX by_text ON t (text)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW v AS SELECT id, text || '!' AS text FROM t")
	exec(t, ctx, db, "CREATE VIEW plain AS SELECT 1 AS one")
	exec(t, ctx, db, "CREATE STREAM st (id BIGINT, text TEXT) WITH (topic = 'st', format = 'json')")
	exec(t, ctx, db, "INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 10000) i")
	exec(t, ctx, db, "INSERT INTO st SELECT i, md5(i::text) FROM generate_series(1, 1000) i")
	for range 2 {
		var table, index, indexes, total, view, stream, database int64
		var plain, none, fork, key *int64
		const q = "SELECT pg_table_size('t'), pg_relation_size('by_text'), pg_indexes_size('t'), pg_total_relation_size('t')," +
			" (SELECT pg_relation_size('v') FROM (SELECT count(*) FROM v) q), pg_relation_size('st'), pg_database_size(current_database())," +
			" pg_relation_size('plain'), pg_relation_size(987654), pg_relation_size('t', 'fsm'), pg_relation_size('t_pkey')"
		if err := db.QueryRow(ctx, q).Scan(&table, &index, &indexes, &total, &view, &stream, &database, &plain, &none, &fork, &key); err != nil {
			t.Fatal(err)
		}
		for what, size := range map[string]int64{"table": table, "index": index, "view": view} {
			if size < 10_000*40 || size > 10_000*120 {
				t.Errorf("10,000 rows of 40 bytes in a %s take %d", what, size)
			}
		}
		if stream < 1000*32 || stream > 1000*120 {
			t.Errorf("1,000 records take %d", stream)
		}
		if indexes != index || total != table+indexes || database != total+view+stream {
			t.Error(table, index, indexes, total, view, stream, database)
		}
		for what, zero := range map[string]*int64{"view": plain, "fork": fork, "primary key": key} {
			if zero == nil || *zero != 0 {
				t.Error(what, zero)
			}
		}
		if none != nil {
			t.Error(*none)
		}
		stop(t, s)
		s = start(t, ctx, cfg)
		db = connect(t, ctx, s)
	}
	stop(t, s)
}
