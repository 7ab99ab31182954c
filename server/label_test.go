package server_test

import (
	"context"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestGoroutinesAreNamed: a profile of a running server tells its parts apart.
func TestGoroutinesAreNamed(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE STREAM bids WITH (connector = 'nexmark', table = 'bid', rate = 1)")
	missing := []string{"sql connection", "group timers", "group store", "commit", "log upkeep", "merge", "source", "schedule", "checkpoint"}
	for len(missing) > 0 && ctx.Err() == nil {
		exec(t, ctx, db, "SELECT 1") // some may only just have been started
		var b strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
			t.Fatal(err)
		}
		missing = slices.DeleteFunc(missing, func(job string) bool { return strings.Contains(b.String(), `"job":"`+job+`"`) })
	}
	if len(missing) > 0 {
		t.Errorf("no goroutine has the jobs %q", missing)
	}
}
