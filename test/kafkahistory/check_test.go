package kafkahistory

import (
	"slices"
	"testing"
)

func write(key int, value string, offset int64, process int, o Outcome, sent Stamp) *Write {
	return &Write{Key: key, Value: value, Offset: offset, Process: process, Outcome: o, Sent: sent}
}

func inTxn(w *Write, txn int, ending Stamp) *Write { w.Txn, w.Ending = txn, ending; return w }

// TestCheck: each class is found in a history that has it, and nothing is in one that has none.
func TestCheck(t *testing.T) {
	good := func() *History {
		return &History{
			Writes: []*Write{write(0, "a", 0, 1, Committed, 1), write(0, "b", 2, 1, Committed, 3), inTxn(write(1, "c", 0, 2, Committed, 4), 1, 6),
				inTxn(write(0, "d", 1, 2, Committed, 5), 1, 6), inTxn(write(1, "x", 2, 2, Aborted, 8), 2, 9), write(1, "u", -1, 1, Unknown, 9), write(1, "n", -1, 1, Unknown, 10)},
			Polls: []Poll{{1, 2, []Read{{0, 0, "a"}}}, {1, 7, []Read{{0, 1, "d"}, {0, 2, "b"}, {1, 0, "c"}}}, {2, 12, []Read{{0, 1, "d"}}}},
			Final: []Read{{0, 0, "a"}, {0, 1, "d"}, {0, 2, "b"}, {1, 0, "c"}, {1, 4, "u"}},
		}
	}
	for _, c := range []struct {
		want  Class
		spoil func(h *History)
	}{
		{"", func(*History) {}},
		{LostWrite, func(h *History) { h.Final = h.Final[1:] }},
		{Duplicate, func(h *History) { h.Final = append(h.Final, Read{0, 9, "a"}) }},
		{Duplicate, func(h *History) { h.Final = append(h.Final, Read{0, 0, "a"}) }},
		{AbortedRead, func(h *History) { h.Final = append(h.Final, Read{1, 2, "x"}) }},
		{AbortedRead, func(h *History) { h.Polls[2].Reads = append(h.Polls[2].Reads, Read{1, 2, "x"}) }},
		{UncommittedRead, func(h *History) { h.Polls[1].At = 5 }},
		{UncommittedRead, func(h *History) { h.Writes[2].Ending = 0 }},
		{UnknownRead, func(h *History) { h.Final = append(h.Final, Read{1, 7, "nobody's"}) }},
		{InconsistentOffsets, func(h *History) { h.Polls[0].Reads[0].Value = "u" }},
		{InconsistentOffsets, func(h *History) { h.Writes[0].Offset = 1 }},
		{TornTransaction, func(h *History) {
			h.Writes[2].Outcome, h.Writes[3].Outcome = Unknown, Unknown
			h.Final = slices.Delete(h.Final, 1, 2)
		}},
		{NonmonotonicSend, func(h *History) { h.Writes[1].Offset = 0 }},
		{NonmonotonicPoll, func(h *History) { h.Polls[1].Reads = append(h.Polls[1].Reads, Read{0, 1, "d"}) }},
		{PollSkip, func(h *History) { h.Polls[1].Reads = h.Polls[1].Reads[1:] }},
	} {
		h := good()
		c.spoil(h)
		found := Check(h)
		if c.want == "" && len(found) > 0 || c.want != "" && !slices.ContainsFunc(found, func(a Anomaly) bool { return a.Class == c.want }) {
			t.Errorf("%s: found %v", c.want, found)
		}
	}
}
