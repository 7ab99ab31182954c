package objstoretest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// TestFaulty: a fault hits the calls that it describes and no other.
func TestFaulty(t *testing.T) {
	mem := objstore.NewMem()
	f := objstoretest.NewFaulty(mem)
	if _, err := f.Put(t.Context(), "log/a", [][]byte{[]byte("0123456789")}, objstore.Condition{}); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	dst := make([]byte, 10)

	f.Inject(objstoretest.Fault{Op: objstoretest.OpGet, Prefix: "log/", Skip: 1, Times: 2, Err: boom})
	for i, want := range []error{nil, boom, boom, nil} {
		if _, err := f.GetRange(t.Context(), "log/a", 0, dst); !errors.Is(err, want) {
			t.Errorf("get %d: %v, want %v", i, err, want)
		}
	}
	f.Heal()
	f.Inject(objstoretest.Fault{Op: objstoretest.OpGet, Truncate: 4, FlipBit: true, FlipAt: 2})
	if n, err := f.GetRange(t.Context(), "log/a", 0, dst); string(dst[:n]) != "0133" || err != nil {
		t.Errorf("%q, %v", dst[:n], err)
	}
	f.Heal()
	f.Inject(objstoretest.Fault{Op: objstoretest.OpPut, Prefix: "log/b", Ambiguous: true})
	if _, err := f.Put(t.Context(), "log/b", nil, objstore.Condition{IfAbsent: true}); !errors.Is(err, objstore.ErrUnknown) {
		t.Error(err)
	}
	if _, err := mem.Stat(t.Context(), "log/b"); err != nil {
		t.Errorf("an ambiguous put did not happen: %v", err)
	}
	f.Heal()
	gate := make(chan struct{})
	f.Inject(objstoretest.Fault{Op: objstoretest.OpStat, Gate: gate})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Stat(ctx, "log/a"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(gate)
	if _, err := f.Stat(t.Context(), "log/a"); err != nil {
		t.Error(err)
	}
	f.Inject(objstoretest.Fault{Op: objstoretest.OpCommit, Err: boom})
	u, err := f.Create(t.Context(), "up")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Commit(); !errors.Is(err, boom) {
		t.Error(err)
	}
	if err := u.Abort(); err != nil {
		t.Error(err)
	}
	f.Inject(objstoretest.Fault{Op: objstoretest.OpList, Err: boom})
	for _, err := range f.List(t.Context(), "", "") {
		if !errors.Is(err, boom) {
			t.Error(err)
		}
	}
}
