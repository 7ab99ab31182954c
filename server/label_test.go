package server_test

import (
	"context"
	"runtime/pprof"
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
	var b strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		t.Fatal(err)
	}
	for _, job := range []string{"sql connection", "group timers", "group store", "commit", "log upkeep", "merge", "source"} {
		if !strings.Contains(b.String(), `"job":"`+job+`"`) {
			t.Errorf("no goroutine has the job %q", job)
		}
	}
}
