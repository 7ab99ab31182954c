package state

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
)

// damagePacks flips bits of every file below dir.
func damagePacks(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := 20; i < len(b); i += 512 {
			b[i] ^= 4
		}
		return os.WriteFile(path, b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// scanError reads all rows at version 1 and gives the error that ends it.
func scanError(t *testing.T, a *RunSet) (rows int, err error) {
	t.Helper()
	v, err := a.At(1)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Release()
	cur, err := v.Scan(context.Background(), Range{})
	if err != nil {
		return 0, err
	}
	defer cur.Close()
	var d delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(context.Background(), &d); err != nil {
			return rows, err
		}
		rows += d.Len
	}
	return rows, nil
}

// TestReread: what a pack does not give is read from the checkpoint that has it, wherever it is asked for; where no
// checkpoint has it, the owner is told, of damage and not of a distant store that is out of reach.
func TestReread(t *testing.T) {
	shrink(t, 64, 4<<10)
	smallDisk(t)
	packBytes = 1 << 20
	const n = 3000
	for _, remote := range []bool{false, true} {
		m := newMemory(t, 64<<20)
		a := cold(t, m, n)
		var told atomic.Int64
		a.order.onDamage = func(error) { told.Add(1) }
		saved := &piecetest.Memory{Remote: remote}
		if _, err := a.Save(saved, 0); err != nil {
			t.Fatal(err)
		}
		damagePacks(t, m.dir)
		saved.Fails = func(bool) error { return errors.New("out of reach") }
		if _, err := scanError(t, a); !IsDamage(err) {
			t.Fatalf("neither: %v", err)
		}
		if told.Load() == 0 {
			t.Error("nobody was told of the pack")
		}
		told.Store(0)
		saved.Fails = nil
		v, err := a.At(1)
		if err != nil {
			t.Fatal(err)
		}
		probeAll(t, v, n)
		v.Release()
		if rows, err := scanError(t, a); err != nil || rows != n {
			t.Fatalf("%d rows, %v", rows, err)
		}
		if told.Load() != 0 || m.tier.Stats().Reread == 0 {
			t.Errorf("told %d times, %d chunks read elsewhere", told.Load(), m.tier.Stats().Reread)
		}
		// From here on there is only the checkpoint.
		m.tier.evict(0)
		saved.Fails = func(bool) error { return errors.New("out of reach") }
		if _, err := scanError(t, a); !IsDamage(err) {
			t.Fatalf("out of reach: %v", err)
		}
		if got := told.Load() > 0; got == remote {
			t.Errorf("remote %v: told %v of a store out of reach", remote, got)
		}
		told.Store(0)
		saved.Fails = nil
		for at := int64(0); at < saved.Size(); at += 64 {
			saved.Flip(at)
		}
		if _, err := scanError(t, a); !errors.Is(err, ErrCorrupt) || told.Load() == 0 {
			t.Errorf("a damaged checkpoint: %v, told %d times", err, told.Load())
		}
	}
}
