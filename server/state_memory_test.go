package server_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSmallMachine: where state_memory is left as it is and total_memory is less, a table that is larger than both
// lies on the local disk, and there is room for statements.
func TestSmallMachine(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.TotalMemory = 48 << 20
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE large (id BIGINT PRIMARY KEY, text TEXT)")
	const rows, step = 320_000, 8_000
	for from := 0; from < rows; from += step {
		var lines bytes.Buffer
		for i := from; i < from+step; i++ {
			fmt.Fprintf(&lines, "%d\t%s\n", i*7919%rows, strings.Repeat(fmt.Sprint(i), 40))
		}
		if _, err := db.PgConn().CopyFrom(ctx, &lines, "COPY large FROM STDIN"); err != nil {
			t.Fatal(err)
		}
	}
	var n int64
	if err := db.QueryRow(ctx, "SELECT count(*) FROM large WHERE length(text) > 10").Scan(&n); err != nil || n != rows {
		t.Fatal(n, err)
	}
	if n := metric(t, s, "tributary_state_disk_alive_bytes"); n < 1<<20 {
		t.Fatalf("%v bytes are on disk", n)
	}
	if used := metric(t, s, `tributary_memory_bytes{account="state"}`); used > 36<<20 {
		t.Fatalf("%v bytes of memory are used", used)
	}
}
