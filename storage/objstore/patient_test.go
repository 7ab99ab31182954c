package objstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

// TestPatient: reads outlast a store that is away for a while and not for ever; answers and
// writes are passed on at once.
func TestPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		faulty := objstoretest.NewFaulty(objstore.NewMem())
		s := objstore.NewPatient(faulty, clock.Real{}, 30*time.Second, 0)
		for i := range 3 {
			if _, err := s.Put(ctx, fmt.Sprintf("a/%d", i), [][]byte{[]byte("text")}, objstore.Condition{}); err != nil {
				t.Fatal(err)
			}
		}
		away := errors.New("away")
		dst := make([]byte, 4)
		list := func() (keys []string, err error) {
			for info, e := range s.List(ctx, "a/", "") {
				if e != nil {
					return keys, e
				}
				keys = append(keys, info.Key)
			}
			return keys, nil
		}
		faulty.Inject(objstoretest.Fault{Err: away, Times: 8})
		began := time.Now()
		if n, err := s.GetRange(ctx, "a/1", 0, dst); err != nil || string(dst[:n]) != "text" {
			t.Errorf("read %q, %v", dst[:n], err)
		}
		if took := time.Since(began); took < 2*time.Second || took > 20*time.Second {
			t.Errorf("it came after %v", took)
		}
		faulty.Inject(objstoretest.Fault{Op: objstoretest.OpList, Err: away, Times: 1})
		if keys, err := list(); err != nil || len(keys) != 3 {
			t.Errorf("listed %q, %v", keys, err)
		}
		began = time.Now()
		for what, read := range map[string]func() error{
			"not found": func() error { _, err := s.Stat(ctx, "b"); return err },
			"range":     func() error { _, err := s.GetRange(ctx, "a/1", 9, dst); return err },
			"bad key":   func() error { _, err := s.GetRange(ctx, "../x", 0, dst); return err },
		} {
			if err := read(); err == nil || time.Since(began) > 0 {
				t.Errorf("%s: %v after %v", what, err, time.Since(began))
			}
		}
		faulty.Inject(objstoretest.Fault{Err: away})
		if _, err := s.Put(ctx, "c", nil, objstore.Condition{}); !errors.Is(err, away) || time.Since(began) > 0 {
			t.Errorf("a write: %v after %v", err, time.Since(began))
		}
		if _, err := s.Stat(ctx, "a/1"); !errors.Is(err, away) || time.Since(began) > 30*time.Second {
			t.Errorf("away for good: %v after %v", err, time.Since(began))
		}
		if _, err := list(); !errors.Is(err, away) {
			t.Errorf("list: %v", err)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		began = time.Now()
		if _, err := s.Stat(short, "a/1"); err == nil || time.Since(began) > time.Second {
			t.Errorf("ended context: %v after %v", err, time.Since(began))
		}
		if s.Retries() == 0 {
			t.Error("no retry was counted")
		}
	})
}
