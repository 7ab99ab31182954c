package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
	"github.com/tributary-db/tributary/storage/objstore"
)

// onS3 are the settings of a server with its segments in an S3 server.
func onS3(t *testing.T) *config.Settings {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("tributary"); err != nil {
		t.Fatal(err)
	}
	s3 := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(s3.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	cfg := settings(t.TempDir())
	cfg.ObjectStore = "s3://tributary/prefix?region=us-east-1&path_style=true&endpoint=" + s3.URL
	cfg.FlushInterval, cfg.FlushCost = 5*time.Millisecond, 0
	return cfg
}

// TestTwoOnS3: nothing locks a bucket. New metadata is refused, and of two servers with one
// metadata, copied, the one that started first stops before it deletes or replaces anything.
func TestTwoOnS3(t *testing.T) {
	cfg := onS3(t)
	filled(t, cfg, 0, 5)
	other := settings(t.TempDir())
	other.ObjectStore, other.FlushInterval, other.FlushCost = cfg.ObjectStore, cfg.FlushInterval, cfg.FlushCost
	wants(t, refused(t, other), "belongs to cluster", "--take-over")

	copied := settings(t.TempDir() + "/copied")
	copied.ObjectStore, copied.FlushInterval, copied.FlushCost = cfg.ObjectStore, cfg.FlushInterval, cfg.FlushCost
	if err := errors.Join(os.CopyFS(copied.DataDir, os.DirFS(cfg.DataDir)), os.Chmod(copied.DataDir, 0o700)); err != nil {
		t.Fatal(err)
	}
	first := start(t, t.Context(), cfg)
	second := start(t, t.Context(), copied)
	if n := counted(t, second); n != 5 {
		t.Errorf("%d rows", n)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := first.Stop(ctx); !errors.Is(err, objstore.ErrFenced) {
		t.Errorf("the first stops: %v", err)
	}
	<-first.Lost()
	stop(t, second)
	filled(t, copied, 5, 8)
}

// TestOnS3 runs the whole path with segments in an S3 server, through a restart.
func TestOnS3(t *testing.T) {
	cfg := onS3(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, `CREATE STREAM s (id int, v text)`)
	exec(t, ctx, db, `CREATE MATERIALIZED VIEW c AS SELECT count(*) AS n, sum(id) AS total FROM s`)
	exec(t, ctx, db, `CREATE TABLE t (id int PRIMARY KEY, v text)`)
	exec(t, ctx, db, `INSERT INTO t VALUES (1, 'a'), (2, 'b')`)
	produce(t, ctx, s, 0, 500)
	check(t, ctx, db, 500)

	stop(t, s)
	s = start(t, ctx, cfg)
	defer stop(t, s)
	db = connect(t, ctx, s)
	check(t, ctx, db, 500)
	produce(t, ctx, s, 500, 1000)
	check(t, ctx, db, 1000)
	var rows int
	if err := db.QueryRow(ctx, `SELECT count(*) FROM t`).Scan(&rows); err != nil || rows != 2 {
		t.Fatalf("table has %d rows, %v; want 2", rows, err)
	}
}

// TestWithoutDiskCache: where the cache of ranges cannot be made the server says so and goes on without it.
func TestWithoutDiskCache(t *testing.T) {
	cfg := onS3(t)
	cfg.DiskCacheBytes = 64 << 20
	filled(t, cfg, 0, 5)
	dir := filepath.Join(cfg.DataDir, "cache")
	if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s, err := server.Start(t.Context(), cfg, slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	if n := counted(t, s); n != 5 {
		t.Errorf("%d rows", n)
	}
	stop(t, s)
	wants(t, out.String(), "level=WARN", "no cache of ranges", dir)
}

func start(t *testing.T, ctx context.Context, cfg *config.Settings) *server.Server {
	t.Helper()
	s, err := server.Start(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stop(t *testing.T, s *server.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func connect(t *testing.T, ctx context.Context, s *server.Server) *pgx.Conn {
	t.Helper()
	db, err := pgx.Connect(ctx, fmt.Sprintf("postgres://tributary@%s/tributary?sslmode=disable", s.PGAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	return db
}

func exec(t *testing.T, ctx context.Context, db *pgx.Conn, sql string) {
	t.Helper()
	if _, err := db.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func produce(t *testing.T, ctx context.Context, s *server.Server, from, to int) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.DefaultProduceTopic("s"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var records []*kgo.Record
	for i := from; i < to; i++ {
		records = append(records, kgo.StringRecord(fmt.Sprintf(`{"id":%d,"v":"x"}`, i)))
	}
	if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, ctx context.Context, db *pgx.Conn, n int) {
	t.Helper()
	var view, total, fresh int
	if err := db.QueryRow(ctx, `SELECT n, total FROM c`).Scan(&view, &total); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow(ctx, `SELECT count(*) FROM s`).Scan(&fresh); err != nil {
		t.Fatal(err)
	}
	if want := n * (n - 1) / 2; view != n || fresh != n || total != want {
		t.Fatalf("view %d rows, sum %d, stream %d; want %d rows, sum %d", view, total, fresh, n, want)
	}
}
