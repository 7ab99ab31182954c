package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/test/harness"
)

// smallDisk mounts a file system of so many megabytes in memory; the test is skipped where that
// is not allowed.
func smallDisk(t *testing.T, size string) string {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root on Linux")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}

// TestFullDisk: on a disk that fills up, records and rows are refused with the right codes while
// reads and DROP go on; writing goes on by itself within seconds of there being room; what was
// acknowledged is there, also after a restart.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, "400m")
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 100<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--disk-reserve", "120MB"}
	s := harness.Start(t, filepath.Join(disk, "data"), flags...)
	s.Exec(t, `CREATE TABLE t (id bigint primary key)`, `INSERT INTO t VALUES (1)`, `CREATE TABLE dropped (id bigint)`)
	ctx := testContext(t)
	client := s.Kafka(t, kgo.DefaultProduceTopic("fill"), kgo.AllowAutoTopicCreation(), kgo.RecordRetries(0), kgo.DisableIdempotentWrite(),
		kgo.ProducerBatchCompression(kgo.NoCompression()))
	value, acked := make([]byte, 900<<10), 0
	var err error
	for err == nil && acked < 1000 {
		if err = client.ProduceSync(ctx, &kgo.Record{Value: value}).FirstErr(); err == nil {
			acked++
		}
	}
	if !errors.Is(err, kerr.KafkaStorageError) {
		t.Fatalf("after %d records: %v", acked, err)
	}
	t.Logf("refused after %d records", acked)
	writer := s.Connect(t)
	refused := func() string {
		_, err := writer.Exec(ctx, `INSERT INTO t VALUES (2)`)
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			return pg.Code
		}
		return ""
	}
	if code := refused(); code != "53100" {
		t.Errorf("INSERT on a full disk: %q", code)
	}
	equal(t, "reads", s.Query(t, `SELECT id FROM t`), []string{"1"})
	s.Exec(t, `DROP TABLE dropped`)
	alive(t, s, "a full disk")

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for refused() != "" {
		if time.Since(began) > 20*time.Second {
			t.Fatal("writing does not go on though there is room")
		}
		<-time.After(100 * time.Millisecond)
	}
	t.Logf("writing went on %v after there was room", time.Since(began).Round(time.Millisecond))
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.Stderr())
	}
	s = harness.Start(t, filepath.Join(disk, "data"), flags...)
	equal(t, "rows", s.Query(t, `SELECT id FROM t ORDER BY id`), []string{"1", "2"})
	got := 0
	for _, records := range readTopic(t, s, "fill") {
		got += len(records)
	}
	if got != acked {
		t.Errorf("%d records were acknowledged, %d are there", acked, got)
	}
	s.Stop() // before its disk goes
}
