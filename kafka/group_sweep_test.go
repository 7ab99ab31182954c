package kafka

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

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
	if b.sweepGroups(t.Context()); kept() != 1 || rows() != 1 {
		t.Fatalf("%d partitions and %d rows of a topic that is there", kept(), rows())
	}
	if err := b.cfg.Topics.DeleteTopic(t.Context(), s.topic.ID); err != nil {
		t.Fatal(err)
	}
	b.sweepGroups(t.Context())
	s.fetch(nil)
	for deadline := time.Now().Add(testTimeout); rows() > 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
	}
	if kept() != 0 || rows() != 0 {
		t.Errorf("%d partitions and %d rows of a topic that is gone", kept(), rows())
	}
}

// TestOffsetsExpire: a group that nobody has been in for offsets.retention.minutes goes with its offsets.
func TestOffsetsExpire(t *testing.T) {
	clk := newManual()
	b := startReal(t, func(c *Config) { c.Clock, c.OffsetsRetention = clk, time.Hour })
	b.createTopic(t, "a", 1, nil)
	adm := kadm.NewClient(b.client(t))
	if err := adm.CommitAllOffsets(t.Context(), "g", kadm.Offsets{"a": {0: {Topic: "a", At: 5, LeaderEpoch: -1}}}); err != nil {
		t.Fatal(err)
	}
	groups := func() int {
		t.Helper()
		listed, err := adm.ListGroups(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(listed)
	}
	b.sweepGroups(t.Context())
	clk.pass(time.Hour - time.Minute)
	b.sweepGroups(t.Context())
	if n := groups(); n != 1 {
		t.Fatalf("%d groups before the time", n)
	}
	clk.pass(time.Minute)
	for deadline := time.Now().Add(testTimeout); groups() > 0 && time.Now().Before(deadline); {
		b.sweepGroups(t.Context())
	}
	if n, expired := groups(), b.metrics.OffsetsExpired.Load(); n != 0 || expired < 1 {
		t.Errorf("%d groups are left and %d offsets expired", n, expired)
	}
}
