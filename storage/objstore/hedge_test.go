package objstore_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// errAny stands for any error.
var errAny = errors.New("any")

// TestHangingRead: reads that never answer, answer too late, wrongly or not at all delay their caller by
// about an attempt each, and what is returned is what lies there.
func TestHangingRead(t *testing.T) {
	const patience, pause, never = 2 * time.Second, 50 * time.Millisecond, 24 * time.Hour
	away := errors.New("away")
	type attempt struct {
		after time.Duration
		err   error
		lost  bool
	}
	for name, c := range map[string]struct {
		attempts []attempt // those behind them are answered at once
		hedges   int64
		took     time.Duration
		err      error
	}{
		"at once":                   {},
		"hangs once":                {attempts: []attempt{{after: never}}, hedges: 1, took: patience},
		"both hang":                 {attempts: []attempt{{after: never}, {after: never}}, hedges: 1, took: 3*patience + pause},
		"hangs, second is refused":  {attempts: []attempt{{after: never}, {err: away}}, hedges: 1, took: 3*patience + pause},
		"first is late but there":   {attempts: []attempt{{after: 3 * time.Second}, {after: never}}, hedges: 1, took: 3 * time.Second},
		"first late, second failed": {attempts: []attempt{{after: 3 * time.Second}, {err: away}}, hedges: 1, took: 3 * time.Second},
		"fails, then hangs":         {attempts: []attempt{{err: away}, {after: never}}, hedges: 1, took: pause + patience},
		"answer is lost":            {attempts: []attempt{{lost: true}}, took: pause},
		"hangs, is not there":       {attempts: []attempt{{after: never}, {err: objstore.ErrNotFound}}, hedges: 1, took: patience, err: objstore.ErrNotFound},
		"hangs for good":            {attempts: []attempt{{after: never}, {after: never}, {after: never}, {after: never}, {after: never}, {after: never}, {after: never}, {after: never}}, hedges: 4, took: 24*time.Second + 350*time.Millisecond, err: errAny},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				faulty := objstoretest.NewFaulty(objstore.NewMem())
				s := objstore.NewPatient(faulty, clock.Real{}, 20*time.Second, patience)
				if _, err := s.Put(t.Context(), "a", [][]byte{[]byte("some text")}, objstore.Condition{}); err != nil {
					t.Fatal(err)
				}
				for _, a := range c.attempts {
					gate := make(chan struct{})
					time.AfterFunc(a.after, func() { close(gate) })
					faulty.Inject(objstoretest.Fault{Op: objstoretest.OpGet, Times: 1, Gate: gate, Err: a.err, Ambiguous: a.lost})
				}
				began, dst := time.Now(), make([]byte, 4)
				n, err := s.GetRange(t.Context(), "a", 5, dst)
				took := time.Since(began)
				switch {
				case c.err == errAny && err == nil, c.err != errAny && !errors.Is(err, c.err):
					t.Errorf("error %v, want %v", err, c.err)
				case err == nil && string(dst[:n]) != "text":
					t.Errorf("read %q", dst[:n])
				case took.Round(time.Millisecond) != c.took:
					t.Errorf("took %v, want %v", took, c.took)
				case s.Hedges() != c.hedges:
					t.Errorf("%d hedges, want %d", s.Hedges(), c.hedges)
				}
			})
		})
	}
}
