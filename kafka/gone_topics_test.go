package kafka

import (
	"testing"
	"time"

	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/meta"
)

// TestTopicsThatAreGone: what a share group keeps of a topic goes with it, from memory and store, and a member that still has a
// session for it does not bring it back.
func TestTopicsThatAreGone(t *testing.T) {
	b, _ := shareBroker(t, 3)
	s := b.share(t, "g", "one", "a")
	if resp := s.fetch(nil); got(resp) != " 0-2*1" {
		t.Fatal(got(resp))
	}
	kept := func() (parts int) {
		b.groups.With(func(_ time.Time, m *group.Machine) {
			of, _ := m.ShareOffsets("g")
			parts = len(of)
		})
		return parts
	}
	rows := func() (n int) {
		err := b.meta.Read(t.Context(), func(snap meta.Snapshot) error {
			return snap.Scan([]byte("kafka/share/"), []byte("kafka/share0"), func(_, _ []byte, _ uint64) bool { n++; return true })
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if b.forgetGoneTopics(t.Context()); kept() != 1 || rows() != 1 {
		t.Fatalf("%d partitions and %d rows of a topic that is there", kept(), rows())
	}
	if err := b.cfg.Topics.DeleteTopic(t.Context(), s.topic.ID); err != nil {
		t.Fatal(err)
	}
	b.forgetGoneTopics(t.Context())
	s.fetch(nil)
	for deadline := time.Now().Add(testTimeout); rows() > 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
	}
	if kept() != 0 || rows() != 0 {
		t.Errorf("%d partitions and %d rows of a topic that is gone", kept(), rows())
	}
}
