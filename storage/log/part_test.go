package log

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/tributary-db/tributary/storage/meta/metatest"
	"github.com/tributary-db/tributary/storage/objstore"
)

// TestPart: a part's conditions see earlier entries of the same commit, its state survives
// snapshots and restarts, and a change that it does not take stops the log instead of being
// passed over.
func TestPart(t *testing.T) {
	ctx := context.Background()
	store, objects := metatest.OpenMemory(t), objstore.NewMem()
	open := func(p Part) *DB {
		t.Helper()
		db, err := Open(ctx, Config{Meta: store, Objects: objects, Rand: rand.NewChaCha8([32]byte{1}), Parts: []Part{p}})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	add := func(db *DB, from, n uint64) Pending {
		return db.Append(&Entry{
			Conds:   []Condition{{Kind: CondPart, Name: partOfCatalog, Seq: CommitSeq(from)}},
			Changes: []Change{{Kind: KindCatalog, Payload: binary.LittleEndian.AppendUint64(nil, n)}},
		})
	}
	result := func(p Pending) error { <-p.Done(); _, err := p.Result(); return err }
	part := &sumPart{}
	db := open(part)
	a, b, c := add(db, 0, 5), add(db, 5, 6), add(db, 5, 100)
	if errA, errB := result(a), result(b); errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if err := result(c); !errors.Is(err, ErrCondition) {
		t.Fatalf("got %v, want ErrCondition", err)
	}
	if err := db.Close(ctx); err != nil { // writes a snapshot
		t.Fatal(err)
	}
	part = &sumPart{}
	db = open(part)
	if part.sum != 11 {
		t.Fatalf("sum after a restart is %d, want 11", part.sum)
	}
	if err := db.Close(ctx); err != nil {
		t.Fatal(err)
	}
	bad := &refusingPart{sumPart: sumPart{}}
	db = open(bad)
	if err := result(add(db, 11, 1)); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("got %v, want ErrCorrupt", err)
	}
	if err := result(db.Append(&Entry{Changes: []Change{ProgressChange("p", 1, 1)}})); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("the log went on: %v", err)
	}
	if err := db.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

type refusingPart struct{ sumPart }

func (p *refusingPart) Apply(CommitSeq, Change) error { return errors.New("no") }
