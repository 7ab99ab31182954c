package e2e

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/harness"
)

// TestStopEndsSubscriptions: subscriptions, which never end by themselves, do not hold up a stop:
// their clients are told why, and the server exits with 0.
func TestStopEndsSubscriptions(t *testing.T) {
	s := harness.Start(t, t.TempDir(), "--shutdown-timeout", "1h")
	s.Exec(t, `CREATE STREAM s (n BIGINT) WITH (topic = 's')`, `CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM s`)
	c := s.Connect(t)
	defer func() { _ = c.Close(context.Background()) }()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		_, err := c.PgConn().CopyTo(testContext(t), write, "COPY (SUBSCRIBE TO v) TO STDOUT")
		_ = write.Close()
		ended <- err
	}()
	if _, err := read.Read(make([]byte, 1)); err != nil { // the snapshot has come: it is under way
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	begin := time.Now()
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("the stop took %v", took)
	}
	var pgErr *pgconn.PgError
	if err := <-ended; !errors.As(err, &pgErr) || pgErr.Code != "57P01" {
		t.Errorf("the subscriber got %v", err)
	}
}
