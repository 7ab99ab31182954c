package log_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// TestBehind: what a reader has before it, told by offset and by commit, also once the records were
// rolled into a segment, where the bytes inside it are told by their share.
func TestBehind(t *testing.T) {
	db := logtest.Open(t)
	topic := logtest.CreateTopic(t, db, "t", 2)
	empty, ok := db.BehindOffset(part(topic, 0), 0)
	if !ok || empty != (log.Behind{}) {
		t.Fatalf("an empty partition has %+v, %t", empty, ok)
	}
	const count = 40
	var seqs []log.CommitSeq
	size := int64(len(batchOf(t, fmt.Sprintf("value %02d", 0), "second")))
	for i := range count {
		seqs = append(seqs, logtest.Values(t, db, part(topic, int32(i%2)), fmt.Sprintf("value %02d", i), "second").Seq)
	}
	check := func(what string, exact bool) {
		t.Helper()
		var all log.Behind
		for p := range int32(2) {
			b, _ := db.BehindOffset(part(topic, p), 0)
			all = all.Add(b)
		}
		if all.Records != 2*count || all.Bytes != size*count {
			t.Errorf("%s: the topic has %+v, want %d records, %d bytes", what, all, 2*count, size*count)
		}
		if all.Since.After(all.Last) || all.Since.Before(time.Now().Add(-time.Minute)) {
			t.Errorf("%s: times %v to %v", what, all.Since, all.Last)
		}
		for read := range count {
			b := db.BehindCommit(topic, seqs[read])
			left := int64(count - 1 - read)
			off := b.Records - 2*left
			if exact && (off != 0 || b.Bytes != left*size) || off < -4 || off > 4 {
				t.Errorf("%s: behind commit %d there are %+v, want %d records", what, read, b, 2*left)
			}
			if (left == 0) != b.Since.IsZero() {
				t.Errorf("%s: %d commits are left, since %v", what, left, b.Since)
			}
		}
		half, _ := db.BehindOffset(part(topic, 1), count/2)
		if half.Records != count/2 || half.Bytes < size*count/4-1 || half.Bytes > size*count/4+1 {
			t.Errorf("%s: behind half of a partition are %+v", what, half)
		}
	}
	check("inline", true)
	if err := db.Roll(ctx); err != nil {
		t.Fatal(err)
	}
	check("rolled", false)
	if _, ok := db.BehindOffset(part(log.TopicID{9}, 0), 0); ok {
		t.Error("an unknown partition has something")
	}
}
