package group

import (
	"testing"

	"github.com/tributary-db/tributary/storage/log"
)

// TestForgetTopics: what groups keep of a topic that is gone leaves memory and store, what they keep of others stays.
func TestForgetTopics(t *testing.T) {
	b := newBench(t, testLimits())
	kept, gone := log.TopicID{1}, log.TopicID{2}
	both := func(index int32) []TopicPartition {
		return []TopicPartition{{Topic: kept, Index: index}, {Topic: gone, Index: index}}
	}
	offsets := map[TopicPartition]Offset{}
	starts := map[TopicPartition]int64{}
	for index := range int32(3) {
		for _, tp := range both(index) {
			offsets[tp] = Offset{Offset: 5, Metadata: "m"}
			starts[tp] = 7
		}
	}
	failed := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	b.m.Commit(b.now, CommitRequest{GroupID: "classic", Generation: -1, Offsets: offsets}, failed)
	b.m.AlterShareOffsets("share", starts, failed)
	b.settle()
	before := b.m.bytes
	forget := func() {
		for _, id := range b.m.IDs() {
			b.m.ForgetTopics(id, func(id log.TopicID) bool { return id == gone })
		}
		b.settle()
	}
	forget()
	if n := len(b.m.Offsets("classic")); n != 3 {
		t.Errorf("%d offsets are left", n)
	}
	if of, ok := b.m.ShareOffsets("share"); !ok || len(of) != 3 {
		t.Errorf("%v is left of a share group", of)
	}
	for index := range int32(3) {
		tps := both(index)
		for i, tp := range tps {
			for _, key := range [][]byte{offsetKey("classic", tp), shareKey("share", tp)} {
				if _, there := b.rows[string(key)]; there != (i == 0) {
					t.Errorf("row %q: %v", key, there)
				}
			}
		}
	}
	if b.m.bytes >= before {
		t.Errorf("%d bytes are counted, before %d", b.m.bytes, before)
	}
	after := b.m.bytes
	if forget(); b.m.bytes != after || len(b.m.stores) != 0 {
		t.Error("it forgets again what is not there")
	}
}
