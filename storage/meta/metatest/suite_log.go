package metatest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/storage/meta"
)

func appendRecord(t *testing.T, s meta.Store, text string) meta.CommitSeq {
	t.Helper()
	ctx := context.Background()
	last, err := s.LastSeq(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seq, err := s.AppendLog(ctx, last, func(next meta.CommitSeq, missed []meta.Record) ([]byte, []meta.Write, error) {
		if next != last+1 || len(missed) != 0 {
			t.Errorf("next = %d, %d missed after %d", next, len(missed), last)
		}
		return []byte(text), nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func expectLog(t *testing.T, s meta.Store, after meta.CommitSeq, maxBytes int, want ...string) {
	t.Helper()
	records, err := s.ScanLog(context.Background(), after, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, r := range records {
		if r.Seq != after+1+meta.CommitSeq(i) {
			t.Fatalf("record %d has number %d", i, r.Seq)
		}
		got = append(got, string(r.Bytes))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("log after %d = %v, want %v", after, got, want)
	}
}

func testLog(t *testing.T, open Opener) {
	s := open.New(t)
	expectLog(t, s, 0, 1000)
	for i := range 5 {
		if seq := appendRecord(t, s, fmt.Sprint("r", i+1)); seq != meta.CommitSeq(i+1) {
			t.Fatalf("commit %d got number %d", i+1, seq)
		}
	}
	expectLog(t, s, 0, 1000, "r1", "r2", "r3", "r4", "r5")
	expectLog(t, s, 3, 1000, "r4", "r5")
	expectLog(t, s, 5, 1000)
	if last, err := s.LastSeq(context.Background()); err != nil || last != 5 {
		t.Fatalf("last = %d, %v", last, err)
	}
}

func testLogRefused(t *testing.T, open Opener) {
	s := open.New(t)
	ctx := context.Background()
	appendRecord(t, s, "r1")
	refuse := errors.New("refused")
	_, err := s.AppendLog(ctx, 1, func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error) {
		return []byte("x"), []meta.Write{put("a", "1")}, refuse
	})
	if !errors.Is(err, refuse) {
		t.Fatalf("got %v, want decide's error", err)
	}
	expectLog(t, s, 0, 1000, "r1")
	expectAbsent(t, s, "a")
	if seq := appendRecord(t, s, "r2"); seq != 2 {
		t.Fatalf("number after a refusal is %d: a hole", seq)
	}
}

func testLogMissed(t *testing.T, open Opener) {
	s := open.New(t)
	for _, text := range []string{"r1", "r2", "r3"} {
		appendRecord(t, s, text)
	}
	_, err := s.AppendLog(context.Background(), 1, func(next meta.CommitSeq, missed []meta.Record) ([]byte, []meta.Write, error) {
		if next != 4 || len(missed) != 2 || missed[0].Seq != 2 || string(missed[1].Bytes) != "r3" {
			t.Errorf("next = %d, missed = %v", next, missed)
		}
		return []byte("r4"), nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testLogBudget(t *testing.T, open Opener) {
	s := open.New(t)
	big := string(bytes.Repeat([]byte("x"), 100))
	for range 4 {
		appendRecord(t, s, big)
	}
	expectLog(t, s, 0, 0, big)
	expectLog(t, s, 0, 99, big)
	expectLog(t, s, 1, 250, big, big)
	expectLog(t, s, 3, 250, big)
}

func testLogTrim(t *testing.T, open Opener) {
	s := open.New(t)
	ctx := context.Background()
	for i := range 6 {
		appendRecord(t, s, fmt.Sprint("r", i+1))
	}
	trim := func(floor meta.CommitSeq) {
		t.Helper()
		if err := s.TrimLog(ctx, floor); err != nil {
			t.Fatal(err)
		}
	}
	trim(1)
	expectLog(t, s, 0, 20, "r1", "r2", "r3", "r4", "r5", "r6")
	trim(4)
	trim(2) // the floor never goes down
	s = open.Reopen(t, s)
	for _, after := range []meta.CommitSeq{0, 2} {
		if _, err := s.ScanLog(ctx, after, 1000); !errors.Is(err, meta.ErrTruncated) {
			t.Fatalf("scan after %d: %v, want ErrTruncated", after, err)
		}
	}
	expectLog(t, s, 3, 1000, "r4", "r5", "r6")
	trim(100) // the newest stays, so that numbers go on
	s = open.Reopen(t, s)
	expectLog(t, s, 5, 1000, "r6")
	if seq := appendRecord(t, s, "r7"); seq != 7 {
		t.Fatalf("number after a trim is %d", seq)
	}
}

func testLogWrites(t *testing.T, open Opener) {
	s := open.New(t)
	_, err := s.AppendLog(context.Background(), 0, func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error) {
		return []byte("r1"), []meta.Write{put("a", "1")}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, s, "a", "1")
}

// testLogAppenders: numbers stay dense and each decide sees what was decided before it.
func testLogAppenders(t *testing.T, open Opener) {
	s := open.New(t)
	const writers, each = 4, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			var seen meta.CommitSeq
			for i := range each {
				seq, err := s.AppendLog(context.Background(), seen, func(next meta.CommitSeq, missed []meta.Record) ([]byte, []meta.Write, error) {
					if next != seen+meta.CommitSeq(len(missed))+1 {
						t.Errorf("next = %d with %d missed after %d", next, len(missed), seen)
					}
					return []byte(fmt.Sprintf("%d-%d", w, i)), nil, nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				seen = seq
			}
		})
	}
	wg.Wait()
	s = open.Reopen(t, s)
	records, err := s.ScanLog(context.Background(), 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	next := map[string]int{}
	for _, r := range records {
		w, i, _ := bytes.Cut(r.Bytes, []byte("-"))
		if string(i) != fmt.Sprint(next[string(w)]) {
			t.Fatalf("record %q: writer's next was %d", r.Bytes, next[string(w)])
		}
		next[string(w)]++
	}
	if len(records) != writers*each {
		t.Fatalf("%d records, want %d", len(records), writers*each)
	}
}

func testReopen(t *testing.T, open Opener) {
	s := open.New(t)
	commit(t, s, put("a", "1"))
	appendRecord(t, s, "r1")
	version := expect(t, s, "a", "1")
	s = open.Reopen(t, s)
	if again := expect(t, s, "a", "1"); again != version {
		t.Fatalf("version %d became %d", version, again)
	}
	expectLog(t, s, 0, 1000, "r1")
	if seq := appendRecord(t, s, "r2"); seq != 2 {
		t.Fatalf("number after reopening is %d", seq)
	}
}

func testCancelled(t *testing.T, open Opener) {
	s := open.New(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.Commit(ctx, meta.Txn{Writes: []meta.Write{put("a", "1")}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	expectAbsent(t, s, "a")
}
