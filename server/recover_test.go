package server_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
	"github.com/tributary-db/tributary/storage/objstore"
)

// elsewhere are the settings of a server that has nothing but the object store of cfg.
func elsewhere(t *testing.T, cfg *config.Settings) *config.Settings {
	other := settings(t.TempDir() + "/data")
	other.ObjectStore, other.Durability, other.FlushInterval, other.FlushCost = cfg.ObjectStore, cfg.Durability, cfg.FlushInterval, cfg.FlushCost
	return other
}

func recovered(t *testing.T, cfg *config.Settings) server.Recovered {
	t.Helper()
	r, err := server.Recover(t.Context(), cfg, slog.New(slog.DiscardHandler), false)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func notRecovered(t *testing.T, cfg *config.Settings) string {
	t.Helper()
	_, err := server.Recover(t.Context(), cfg, slog.New(slog.DiscardHandler), false)
	if err == nil {
		t.Fatal("it was recovered")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %v", err)
	}
	return err.Error()
}

// TestRecover: with durability = object the object store alone has all that was acknowledged, and the server that is
// still there acknowledges nothing more.
func TestRecover(t *testing.T) {
	cfg := onS3(t)
	cfg.Durability, cfg.InlineBytes = config.DurabilityObject, 1024
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	old := start(t, ctx, cfg)
	db := connect(t, ctx, old)
	exec(t, ctx, db, `CREATE STREAM s (id int, v text) WITH (topic = 's', format = 'json')`)
	exec(t, ctx, db, `CREATE TABLE t (id int PRIMARY KEY, v text)`)
	exec(t, ctx, db, `CREATE SEQUENCE q`)
	exec(t, ctx, db, `CREATE MATERIALIZED VIEW c AS SELECT count(*) AS n, sum(s.id) AS total FROM s JOIN t ON t.id = s.id`)
	exec(t, ctx, db, `ALTER ROLE tributary PASSWORD 'secret'`)
	k, err := kgo.NewClient(kgo.SeedBrokers(old.KafkaAddr.String()), kgo.DefaultProduceTopic("s"))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	for i := range 20 {
		exec(t, ctx, db, fmt.Sprintf("INSERT INTO t VALUES (%d, 'x')", i))
		if err := k.ProduceSync(ctx, kgo.StringRecord(fmt.Sprintf(`{"id": %d, "v": "y"}`, i))).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, ctx, db, `INSERT INTO t SELECT g, repeat('z', 1000) FROM generate_series(1000, 2999) g`) // larger than what rides inline
	var next, before int
	if err := db.QueryRow(ctx, "SELECT nextval('q')").Scan(&before); err != nil {
		t.Fatal(err)
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset("s", 0, 17, -1)
	if err := kadm.NewClient(k).CommitAllOffsets(ctx, "g", offsets); err != nil {
		t.Fatal(err)
	}

	other := elsewhere(t, cfg)
	wants(t, refused(t, other), "belongs to cluster", "tributary recover")
	if err := os.RemoveAll(other.DataDir); err != nil {
		t.Fatal(err)
	}
	r := recovered(t, other)
	if r.Commit == 0 || r.Objects == 0 || r.Timeline != 2 || r.Lost != "" {
		t.Errorf("recovered: %+v", r)
	}
	if _, err := db.Exec(ctx, "INSERT INTO t VALUES (-1, 'nobody has this')"); err == nil {
		t.Error("the old server acknowledges")
	}
	<-old.Lost()
	if err := old.Stop(ctx); !errors.Is(err, objstore.ErrFenced) {
		t.Logf("the old server stops: %v", err)
	}
	wants(t, notRecovered(t, other), "is not empty: it has meta")
	wants(t, refused(t, cfg), "is written by metadata")

	s := start(t, ctx, other)
	db = connect(t, ctx, s)
	var n, total, rows int
	if err := db.QueryRow(ctx, `SELECT n, total, (SELECT count(*) FROM t), nextval('q') FROM c`).Scan(&n, &total, &rows, &next); err != nil {
		t.Fatal(err)
	}
	if n != 20 || total != 190 || rows != 2020 || next <= before {
		t.Errorf("%d joined, %d in all, %d rows, %d after %d", n, total, rows, next, before)
	}
	k, err = kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	got, err := kadm.NewClient(k).FetchOffsets(ctx, "g")
	if err != nil {
		t.Fatal(err)
	}
	if o, _ := got.Lookup("s", 0); o.At != 17 {
		t.Errorf("committed offset: %+v", o)
	}
	users, err := kadm.NewClient(k).DescribeUserSCRAMs(ctx, "tributary")
	if err != nil || len(users["tributary"].CredInfos) == 0 {
		t.Errorf("password of the role: %+v, %v", users, err)
	}
	exec(t, ctx, db, "INSERT INTO t VALUES (-2, 'goes on')")
	stop(t, s)
	s = start(t, ctx, other)
	defer stop(t, s)
	if n := counted(t, s); n != 2021 {
		t.Errorf("%d rows after a restart", n)
	}
}

// TestRecoverDamage: whatever is missing of the object store or damaged in it is told, and what goes on without it is as
// of the commit that was said.
func TestRecoverDamage(t *testing.T) {
	cfg := settings(t.TempDir() + "/a")
	cfg.ObjectStore, cfg.Durability = "file://"+t.TempDir(), config.DurabilityObject
	filled(t, cfg, 0, 10)
	cfg.InlineBytes = 0
	filled(t, cfg, 10, 14)
	objects := strings.TrimPrefix(cfg.ObjectStore, "file://")
	whole := tree(t, objects)
	told, harmless := 0, 0
	for name, content := range whole {
		for _, damage := range []string{"missing", "cut", "flipped"} {
			bad := []byte(content)
			switch path := objects + name; damage {
			case "missing":
				_ = os.Remove(path)
			case "cut":
				_ = os.WriteFile(path, bad[:len(bad)/2], 0o600)
			default:
				bad[len(bad)/2] ^= 4
				_ = os.WriteFile(path, bad, 0o600)
			}
			other := elsewhere(t, cfg)
			_, err := server.Recover(t.Context(), other, slog.New(slog.DiscardHandler), false)
			switch {
			case err == nil:
				harmless++
				s := start(t, t.Context(), other)
				if n := counted(t, s); n != 14 {
					t.Errorf("%s %s: %d rows of 14, and nothing was said", name, damage, n)
				}
				stop(t, s)
			case strings.Contains(err.Error(), "--accept-loss"):
				told++
				other.AcceptLoss = flagIn(t, err.Error(), "--accept-loss")
				if _, err := server.Recover(t.Context(), other, slog.New(slog.DiscardHandler), false); err != nil {
					t.Errorf("%s %s: the flag that was told: %v", name, damage, err)
				}
			default:
				t.Errorf("%s %s: there is no way on: %v", name, damage, err)
			}
			restoreTree(t, objects, whole)
		}
	}
	t.Logf("%d objects: %d damages told, %d harmless", len(whole), told, harmless)
}

// restoreTree makes dir what it was.
func restoreTree(t *testing.T, dir string, was map[string]string) {
	t.Helper()
	for name := range tree(t, dir) {
		if _, ok := was[name]; !ok {
			if err := os.Remove(dir + name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, content := range was {
		if err := os.WriteFile(dir+name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRecoverTail: the newest object of the chain has no records, only an offset that a consumer committed, so that no segment and no
// commit proves it: that it is missing is told all the same.
func TestRecoverTail(t *testing.T) {
	cfg := settings(t.TempDir() + "/a")
	cfg.ObjectStore, cfg.Durability = "file://"+t.TempDir(), config.DurabilityObject
	filled(t, cfg, 0, 3)
	s := start(t, t.Context(), cfg)
	k, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr.String()), kgo.DefaultProduceTopic("x"), kgo.AllowAutoTopicCreation())
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if err := k.ProduceSync(t.Context(), kgo.StringRecord("v")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset("x", 0, 1, -1)
	if err := kadm.NewClient(k).CommitAllOffsets(t.Context(), "g", offsets); err != nil {
		t.Fatal(err)
	}
	objects := strings.TrimPrefix(cfg.ObjectStore, "file://")
	newest := ""
	for name := range tree(t, objects) { // as the last thing that was acknowledged left it
		if strings.HasPrefix(name, "/meta/chain/") {
			newest = max(newest, name)
		}
	}
	stop(t, s)
	for name := range tree(t, objects) {
		if strings.HasPrefix(name, "/meta/chain/") && name >= newest {
			if err := os.Remove(objects + name); err != nil {
				t.Fatal(err)
			}
		}
	}
	other := elsewhere(t, cfg)
	text := notRecovered(t, other)
	wants(t, text, "meta/chain", "is missing", "meta/mark")
	other.AcceptLoss = flagIn(t, text, "--accept-loss")
	if r := recovered(t, other); r.Lost == "" || r.Unmarked {
		t.Errorf("recovered: %+v", r)
	}
	again := elsewhere(t, cfg)
	if r := recovered(t, again); r.Lost != "" {
		t.Errorf("told twice: %+v", r)
	}
	if err := os.Remove(objects + "/meta/mark"); err != nil {
		t.Fatal(err)
	}
	if r := recovered(t, elsewhere(t, cfg)); !r.Unmarked || r.Lost != "" {
		t.Errorf("without a mark: %+v", r)
	}
}

// TestDurabilityChanges: the object store has all as long as durability is object, and says since when it has not.
func TestDurabilityChanges(t *testing.T) {
	cfg := settings(t.TempDir() + "/a")
	cfg.ObjectStore = "file://" + t.TempDir()
	filled(t, cfg, 0, 3)
	wants(t, notRecovered(t, elsewhere(t, cfg)), "durability = object")
	cfg.Durability = config.DurabilityObject
	filled(t, cfg, 3, 6)
	other := elsewhere(t, cfg)
	other.AcceptLoss = "1:1"
	wants(t, notRecovered(t, other), "nothing is missing")
	cfg.Durability = config.DurabilityLocal
	filled(t, cfg, 6, 8)
	text := notRecovered(t, elsewhere(t, cfg))
	wants(t, text, "durability = local", "--accept-loss")
	cfg.Durability = config.DurabilityObject
	filled(t, cfg, 8, 10)
	other = elsewhere(t, cfg)
	recovered(t, other)
	s := start(t, t.Context(), other)
	defer stop(t, s)
	if n := counted(t, s); n != 10 {
		t.Errorf("%d rows", n)
	}
}
