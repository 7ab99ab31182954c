package log_test

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/objstore"
)

// TestDamagedSnapshots: with the newest snapshot gone or bad the one before is used, and said;
// with both the start is refused, as the log behind them is trimmed.
func TestDamagedSnapshots(t *testing.T) {
	for _, kind := range []string{"missing", "empty", "cut", "flipped"} {
		t.Run(kind, func(t *testing.T) {
			m := newMachine(t, log.Limits{})
			db := m.start()
			w := newWorkload(t, db, 9)
			for range 3 {
				w.step(db)
				if err := db.Roll(ctx); err != nil {
					t.Fatal(err)
				}
				if err := db.Snapshot(ctx); err != nil {
					t.Fatal(err)
				}
			}
			w.step(db)
			db = m.powerCut()
			_ = db.Close(ctx) // the damage comes while it stands
			m.db = nil
			snapshots := keys(t, m.objects, "meta/snap/")
			if len(snapshots) != 2 {
				t.Fatalf("snapshots: %v", snapshots)
			}
			damageObject(t, m.objects, snapshots[1], kind)
			var said bytes.Buffer
			db, err := m.startLogging(&said)
			if err != nil {
				t.Fatal(err)
			}
			w.check(db)
			want := "an older snapshot of the log is used"
			if kind == "missing" {
				want = "a snapshot of the log is missing"
			}
			if text := said.String(); strings.Count(text, want) != 1 || !strings.Contains(text, snapshots[0]) {
				t.Errorf("it said: %s", text)
			}
			w.step(db)
			if err := db.Snapshot(ctx); err != nil {
				t.Fatal(err)
			}
			after := keys(t, m.objects, "meta/snap/")
			if len(after) != 2 || after[0] != snapshots[0] {
				t.Errorf("snapshots %v after %v", after, snapshots)
			}
			w.check(m.restart())
			_ = m.db.Close(ctx)
			for _, key := range keys(t, m.objects, "meta/snap/") {
				damageObject(t, m.objects, key, kind)
			}
			if _, err := m.tryStart(); !errors.Is(err, log.ErrCorrupt) || strings.Contains(err.Error(), "\n") {
				t.Errorf("without a snapshot: %v", err)
			}
			m.db = nil
		})
	}
}

func (m *machine) startLogging(said *bytes.Buffer) (*log.DB, error) {
	m.seed++
	db, err := log.Open(ctx, log.Config{Meta: m.meta, Objects: m.objects, Rand: logtest.Rand(m.seed), Limits: m.limits,
		Logger: slog.New(slog.NewTextHandler(said, nil))})
	m.db = db
	return db, err
}

func damageObject(t *testing.T, s objstore.Store, key, kind string) {
	t.Helper()
	b, _, err := objstore.ReadObject(ctx, s, key, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	switch kind {
	case "missing":
		if err := s.Delete(ctx, key); err != nil {
			t.Fatal(err)
		}
		return
	case "empty":
		b = nil
	case "cut":
		b = b[:len(b)/2]
	case "flipped":
		b[len(b)/3] ^= 8
	}
	if _, err := s.Put(ctx, key, [][]byte{b}, objstore.Condition{}); err != nil {
		t.Fatal(err)
	}
}

// TestTimelines: what an older timeline wrote above the point that was kept is not taken up when
// the numbers come again.
func TestTimelines(t *testing.T) {
	m := newMachine(t, log.Limits{})
	db := m.start()
	w := newWorkload(t, db, 5)
	w.step(db)
	for _, key := range []string{"meta/snap/00000000000000000100", "meta/snap/00000000000000000002-3", "meta/snap/other"} {
		if _, err := m.objects.Put(ctx, key, [][]byte{[]byte("of a lost line")}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	_ = db.Close(ctx)
	m.db = nil
	lines := []log.Timeline{{Number: 2, Kept: 99}}
	if _, _, found, err := log.FindSnapshot(ctx, m.objects, lines); err != nil || !found {
		t.Errorf("found %v, %v", found, err)
	}
	proofs, err := log.SnapshotProofs(ctx, m.objects)
	if err != nil || len(proofs) != 3 {
		t.Errorf("%+v, %v", proofs, err)
	}
	var said bytes.Buffer
	db, err = log.Open(ctx, log.Config{Meta: m.meta, Objects: m.objects, Rand: logtest.Rand(77), Timelines: lines,
		Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	w.check(db)
	w.step(db)
	if err := db.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if said.Len() > 0 {
		t.Errorf("it looked at what does not count: %s", said.String())
	}
	names := keys(t, m.objects, "meta/snap/")
	if !slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, "-2") }) {
		t.Errorf("snapshots %v: none of timeline 2", names)
	}
}
