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

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
	"github.com/tributary-db/tributary/storage/log"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// restoredTo restores into a new place and returns its settings.
func restoredTo(t *testing.T, from string, o server.RestoreOptions) (*config.Settings, server.RestoredTo) {
	t.Helper()
	cfg := settings(t.TempDir() + "/restored")
	r, err := server.Restore(t.Context(), cfg, quiet(), from, o)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, r
}

// countedIn starts a server and counts the rows of t and what the view c counts.
func countedIn(t *testing.T, cfg *config.Settings) (rows, view int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	defer db.Close(ctx)
	if err := db.QueryRow(ctx, "SELECT (SELECT count(*) FROM t), n FROM c").Scan(&rows, &view); err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, db, "INSERT INTO t VALUES (-1, 'goes on')")
	return rows, view
}

// TestBackup: points of a running server while it writes, rolls, compacts and deletes; each is restored to what it was, and the
// newest to any commit that its log has.
func TestBackup(t *testing.T) {
	for name, durability := range map[string]string{"local": config.DurabilityLocal, "object": config.DurabilityObject} {
		t.Run(name, func(t *testing.T) { backUp(t, durability) })
	}
}

func backUp(t *testing.T, durability string) {
	cfg := settings(t.TempDir())
	cfg.Durability, cfg.InlineBytes, cfg.RetentionInterval, cfg.CheckpointInterval = durability, 512, 50*time.Millisecond, 100*time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id int PRIMARY KEY, v text)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW c AS SELECT count(*) AS n FROM t")
	to := "file://" + t.TempDir()
	commits := []log.CommitSeq{}
	rowsAt := map[log.CommitSeq]int{}
	insert := func(from, to int) {
		for id := from; id < to; id++ {
			exec(t, ctx, db, fmt.Sprintf("INSERT INTO t SELECT %d, string_agg(md5(g::text), '') FROM generate_series(1, 40) g", id))
		}
	}
	var moments []time.Time
	for i := range 3 {
		insert(i*60, i*60+60)
		b, err := s.Backup(ctx, to, server.BackupOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && b.CopiedObjects >= b.Objects {
			t.Errorf("all %d objects were copied again", b.Objects)
		}
		commits = append(commits, log.CommitSeq(b.Commit))
		rowsAt[log.CommitSeq(b.Commit)] = i*60 + 60
		time.Sleep(5 * time.Millisecond) // commit times are milliseconds
		moments = append(moments, time.Now())
		time.Sleep(5 * time.Millisecond)
	}
	stop(t, s)
	if _, err := server.BackupStopped(t.Context(), cfg, quiet(), to, server.BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	for i, o := range []server.RestoreOptions{{}, {ToCommit: commits[0]}, {ToCommit: commits[1]}, {ToTime: moments[1]}, {ToCommit: commits[2] - 30}} {
		want := []int{180, 60, 120, 120, 0}[i]
		restored, r := restoredTo(t, to, o)
		rows, view := countedIn(t, restored)
		if want > 0 && rows != want || want == 0 && (rows <= 60 || rows >= 180) || view != rows {
			t.Errorf("restore %+v: %d rows, the view has %d, want %d: %+v", o, rows, view, want, r)
		}
	}
	for text, o := range map[string]server.RestoreOptions{"the backup ends at": {ToCommit: 1 << 40}, "the oldest commit in it": {ToTime: time.Unix(1, 0)}} {
		_, err := server.Restore(t.Context(), settings(t.TempDir()+"/x"), quiet(), to, o)
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("restore %+v: %v", o, err)
		}
	}
}

// TestBackupDamage: each object of a backup, missing or damaged: restored whole, or refused.
func TestBackupDamage(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.InlineBytes = 0
	filled(t, cfg, 0, 12)
	dir := t.TempDir()
	if _, err := server.BackupStopped(t.Context(), cfg, quiet(), "file://"+dir, server.BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	whole := tree(t, dir)
	told, harmless := 0, 0
	for name, content := range whole {
		for _, damage := range []string{"missing", "cut", "flipped"} {
			bad := []byte(content)
			switch path := dir + name; damage {
			case "missing":
				_ = os.Remove(path)
			case "cut":
				_ = os.WriteFile(path, bad[:len(bad)/2], 0o600)
			default:
				bad[len(bad)/2] ^= 4
				_ = os.WriteFile(path, bad, 0o600)
			}
			restored := settings(t.TempDir() + "/restored")
			if _, err := server.Restore(t.Context(), restored, quiet(), "file://"+dir, server.RestoreOptions{}); err != nil {
				told++
			} else {
				harmless++
				s := start(t, t.Context(), restored)
				if n := counted(t, s); n != 12 {
					t.Errorf("%s %s: %d rows of 12, and nothing was said", name, damage, n)
				}
				stop(t, s)
			}
			restoreTree(t, dir, whole)
		}
	}
	t.Logf("%d objects: %d damages told, %d harmless", len(whole), told, harmless)
	if told == 0 {
		t.Error("no damage was told")
	}
}

// TestBackupPlaces: what is no place for a backup, or for a database, is refused and not changed.
func TestBackupPlaces(t *testing.T) {
	cfg, other := settings(t.TempDir()), settings(t.TempDir())
	filled(t, cfg, 0, 3)
	filled(t, other, 0, 3)
	dir := t.TempDir()
	to := "file://" + dir
	if _, err := server.BackupStopped(t.Context(), cfg, quiet(), to, server.BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := server.BackupStopped(t.Context(), other, quiet(), to, server.BackupOptions{})
	refusedWith(t, err, "backup of another database")
	_, err = server.BackupStopped(t.Context(), cfg, quiet(), other.ObjectStore, server.BackupOptions{})
	refusedWith(t, err, "it is no backup")
	_, err = server.BackupStopped(t.Context(), settings(t.TempDir()+"/none"), quiet(), to, server.BackupOptions{})
	refusedWith(t, err, "no such file")
	_, err = server.Restore(t.Context(), cfg, quiet(), to, server.RestoreOptions{})
	refusedWith(t, err, "is not empty")
	_, err = server.Restore(t.Context(), settings(t.TempDir()+"/x"), quiet(), "file://"+t.TempDir(), server.RestoreOptions{})
	refusedWith(t, err, "no point")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cut := settings(t.TempDir() + "/cut")
	if _, err := server.Restore(ctx, cut, quiet(), to, server.RestoreOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cut off: %v", err)
	}
	if _, err := server.Restore(t.Context(), cut, quiet(), to, server.RestoreOptions{}); err != nil {
		t.Errorf("behind one that was cut off: %v", err)
	}
}

func refusedWith(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("want %q: %v", text, err)
	}
}
