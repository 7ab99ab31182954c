package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/test/harness"
)

// fillDisk takes all room that there is, and goes on taking until it is told to stop.
func fillDisk(t *testing.T, path string) (stop func()) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for size := 1 << 20; ; {
			_, err := f.Write(make([]byte, size))
			if errors.Is(err, syscall.ENOSPC) {
				size = max(size/2, 4<<10)
			} else if err != nil {
				t.Error(err)
				return
			}
			select {
			case <-done:
				return
			default:
			}
			if err != nil && size == 4<<10 {
				<-time.After(time.Millisecond)
			}
		}
	}()
	return func() {
		close(done)
		<-ended
		_ = f.Close() // it goes now
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// spaceWriter writes numbered things until it is told to stop, and keeps what was acknowledged.
type spaceWriter struct {
	mu      sync.Mutex
	acked   []int
	refused int   // since the last look
	wrong   error // an error that is not of a full disk
}

func (w *spaceWriter) run(ctx context.Context, write func(n int) (refused bool, err error)) {
	for n := 0; ctx.Err() == nil; n++ {
		refused, err := write(n)
		w.mu.Lock()
		switch {
		case err == nil:
			w.acked = append(w.acked, n)
		case refused:
			w.refused++
		case ctx.Err() == nil && w.wrong == nil:
			w.wrong = err
		}
		w.mu.Unlock()
		<-time.After(2 * time.Millisecond)
	}
}

// look tells how much was acknowledged, and how much refused since the last look.
func (w *spaceWriter) look() (acked, refused int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	refused, w.refused = w.refused, 0
	return len(w.acked), refused
}

// TestNoSpaceLeft: without any reserve the disk is filled to its last byte, again and again, under
// load. Writes are refused as such, reads go on, writes go on within seconds of there being room,
// and what was acknowledged is there, also after a restart.
func TestNoSpaceLeft(t *testing.T) {
	disk := smallDisk(t, "512m")
	rounds := 3
	if s := os.Getenv("TRIBUTARY_TEST_FILLS"); s != "" {
		rounds, _ = strconv.Atoi(s)
	}
	flags := []string{"--disk-reserve=0", "--disk-ballast=4MB", "--checkpoint-interval=1s"}
	s := harness.Start(t, filepath.Join(disk, "data"), flags...)
	s.Exec(t, `CREATE TABLE t (id bigint primary key, pad text)`)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	client := s.Kafka(t, kgo.DefaultProduceTopic("fill"), kgo.AllowAutoTopicCreation(), kgo.RecordRetries(0),
		kgo.DisableIdempotentWrite(), kgo.ProducerBatchCompression(kgo.NoCompression()))
	db := s.Connect(t)
	var records, rows spaceWriter
	var writers sync.WaitGroup
	writers.Go(func() {
		records.run(ctx, func(n int) (bool, error) {
			value := append(fmt.Appendf(nil, "%d ", n), make([]byte, 2000)...)
			err := client.ProduceSync(ctx, &kgo.Record{Value: value}).FirstErr()
			return errors.Is(err, kerr.KafkaStorageError), err
		})
	})
	writers.Go(func() {
		rows.run(ctx, func(n int) (bool, error) {
			_, err := db.Exec(ctx, `INSERT INTO t VALUES ($1, repeat('x', 500))`, n)
			var pg *pgconn.PgError
			return errors.As(err, &pg) && pg.Code == "53100", err
		})
	})
	until := func(what string, limit time.Duration, is func() bool) time.Duration {
		t.Helper()
		began := time.Now()
		for !is() {
			if time.Since(began) > limit {
				t.Fatalf("%s: not within %v (%v, %v)\n%s", what, limit, records.wrong, rows.wrong, s.Stderr())
			}
			<-time.After(10 * time.Millisecond)
		}
		return time.Since(began).Round(time.Millisecond)
	}
	reader := s.Connect(t)
	for round := range rounds {
		a, b := len(records.acked), len(rows.acked)
		until("writing", 10*time.Second, func() bool { n, _ := records.look(); m, _ := rows.look(); return n > a+20 && m > b+20 })
		empty := fillDisk(t, filepath.Join(disk, "filler"))
		r, w := 0, 0
		until("the disk is full", time.Minute, func() bool {
			_, n := records.look()
			_, m := rows.look()
			r, w = r+n, w+m
			return r > 0 && w > 0
		})
		var count int
		n, _ := rows.look()
		if err := reader.QueryRow(ctx, `SELECT count(*) FROM t`).Scan(&count); err != nil {
			t.Errorf("a read on the full disk: %v", err)
		} else if count < n {
			t.Errorf("%d rows are read, %d were acknowledged", count, n)
		}
		alive(t, s, "a full disk")
		empty()
		a, _ = records.look()
		b, _ = rows.look()
		took := until("writing with room", 10*time.Second, func() bool { n, _ := records.look(); m, _ := rows.look(); return n > a && m > b })
		t.Logf("round %d: %d records and %d rows refused at first, writing went on after %v", round, r, w, took)
	}
	cancel()
	writers.Wait()
	for _, w := range []*spaceWriter{&records, &rows} {
		if w.wrong != nil {
			t.Errorf("an error that does not tell of a full disk: %v", w.wrong)
		}
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.Stderr())
	}
	s = harness.Start(t, filepath.Join(disk, "data"), flags...)
	there := map[int]bool{}
	for _, id := range s.Query(t, `SELECT id FROM t`) {
		n, _ := strconv.Atoi(id)
		there[n] = true
	}
	if i := slices.IndexFunc(rows.acked, func(n int) bool { return !there[n] }); i >= 0 {
		t.Errorf("row %d was acknowledged and is gone (%d of %d are there)", rows.acked[i], len(there), len(rows.acked))
	}
	seen := map[int]int{}
	for _, part := range readTopic(t, s, "fill") {
		for _, record := range part {
			var n int
			if _, err := fmt.Sscanf(string(record.Value), "%d ", &n); err != nil {
				t.Fatal(err)
			}
			seen[n]++
		}
	}
	for _, n := range records.acked {
		if seen[n] != 1 {
			t.Fatalf("record %d was acknowledged and is there %d times", n, seen[n])
		}
	}
	t.Logf("%d records and %d rows were acknowledged and are there", len(records.acked), len(rows.acked))
	s.Stop() // before its disk goes
}
