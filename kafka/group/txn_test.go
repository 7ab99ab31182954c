package group

import (
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
)

// TestCommittedBesidePlain: a transaction's offset that comes while a plain commit of the same partition
// is on its way stays, in memory and in the row that is written last; a later plain commit replaces it.
func TestCommittedBesidePlain(t *testing.T) {
	m := NewMachine(Limits{MaxGroups: 10, MaxMembers: 10, MaxBytes: 1 << 20}, func() string { return "id" })
	now := time.Unix(1, 0)
	tp := TopicPartition{Topic: log.TopicID{1}, Index: 2}
	rows := map[string]string{}
	write := func(stores []Store) { // as the storer does
		for _, s := range stores {
			for _, w := range s.Writes {
				rows[string(w.Key)] = string(w.Value)
			}
		}
	}
	plain := func(offset int64) {
		m.Commit(now, CommitRequest{GroupID: "g", Generation: -1, Offsets: map[TopicPartition]Offset{tp: {Offset: offset, LeaderEpoch: -1}}},
			func(err error) {
				if err != nil {
					t.Error(err)
				}
			})
	}
	inTxn := func(offset int64) {
		offsets := []log.GroupOffset{{Partition: log.Partition{Topic: tp.Topic, Index: tp.Index}, Offset: offset, LeaderEpoch: -1}}
		for _, w := range OffsetRows("g", offsets, 5) { // by the commit that ends the transaction
			rows[string(w.Key)] = string(w.Value)
		}
		m.Committed("g", offsets, 5)
	}
	done := func(stores []Store) {
		for _, s := range stores {
			s.Done(now, nil)
		}
	}
	check := func(what string, want int64) {
		t.Helper()
		row, err := decodeOffset([]byte(rows[string(offsetKey("g", tp))]))
		if o, ok := m.Offset("g", tp); !ok || o.Offset != want || err != nil || row.Offset != want {
			t.Fatalf("%s: offset %d, row %d, %v, want %d", what, o.Offset, row.Offset, err, want)
		}
	}
	inTxn(1)
	done(m.TakeStores()) // of the journal's bound
	inTxn(1)
	for _, s := range m.TakeStores() {
		if len(s.Writes) != 0 {
			t.Fatalf("%d writes for a group that commits in transactions alone", len(s.Writes))
		}
		s.Done(now, nil)
	}
	check("alone", 1)
	for _, writtenFirst := range []bool{false, true} {
		plain(10)
		stores := m.TakeStores()
		if writtenFirst {
			write(stores)
		}
		inTxn(20)
		if !writtenFirst {
			write(stores)
		}
		done(stores)
		stores = m.TakeStores()
		write(stores)
		done(stores)
		check("beside", 20)
		plain(30)
		stores = m.TakeStores()
		write(stores)
		done(stores)
		check("later", 30)
	}
}
