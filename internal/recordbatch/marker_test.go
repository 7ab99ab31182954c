package recordbatch

import "testing"

// TestMarker: a marker is a control batch as Kafka's clients read it.
func TestMarker(t *testing.T) {
	for _, committed := range []bool{false, true} {
		m := Marker{ProducerID: 7, ProducerEpoch: 3, Committed: committed, CoordinatorEpoch: 9, Timestamp: 1_700_000_000_000}
		raw := m.AppendTo(nil)
		h, _, rest, err := Verify(raw)
		if err != nil || len(rest) > 0 || len(raw) != MarkerSize {
			t.Fatal(len(raw), len(rest), err)
		}
		if !h.Control() || !h.Transactional() || h.ProducerID != 7 || h.ProducerEpoch != 3 || h.BaseSequence != -1 || h.RecordCount != 1 {
			t.Fatalf("header %+v", h)
		}
		if yes, control := OfTransaction(raw); !yes || !control || ProducerOf(raw) != 7 {
			t.Fatal("its header does not tell what it is")
		}
		var r Reader
		if err := r.Reset(raw, 0); err != nil || !r.Next() {
			t.Fatal(err, r.Err())
		}
		want := byte(0)
		if committed {
			want = 1
		}
		if key, value := r.Record().Key, r.Record().Value; string(key) != string([]byte{0, 0, 0, want}) || string(value) != string([]byte{0, 0, 0, 0, 0, 9}) {
			t.Fatalf("key %x value %x", key, value)
		}
		if r.Next() || r.Err() != nil {
			t.Fatal("more than one record", r.Err())
		}
		r.Release()
	}
}
