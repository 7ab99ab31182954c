package server_test

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestRefusedWhenPrepared: what has no code here is refused when a statement is prepared, with the place, and not after
// it was described.
func TestRefusedWhenPrepared(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id int PRIMARY KEY)")
	for _, sql := range []string{
		"SELECT pg_catalog.pg_log_backend_memory_contexts(1)",
		"SELECT id FROM t WHERE pg_log_backend_memory_contexts(id)",
		"SELECT CASE WHEN id = $1 THEN pg_log_backend_memory_contexts(id) END FROM t ORDER BY id",
		"UPDATE t SET id = id + 1 WHERE pg_log_backend_memory_contexts(id)",
	} {
		if _, err := db.Prepare(ctx, "", sql); !strings.HasPrefix(outcome(err), "0A000") || !strings.Contains(outcome(err), "not supported yet") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := db.Prepare(ctx, "", "SELECT upper($1), id FROM t"); err != nil {
		t.Error(err)
	}
}
