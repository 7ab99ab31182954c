package log

import "slices"

// maxCommitTimes bounds how far back CommitTime answers; older changes carry their commit
// time with them.
const maxCommitTimes = 1 << 16

// commitTimes are the commit times of the newest commits, in a ring.
type commitTimes struct {
	first  CommitSeq // number of the oldest in the ring
	millis []int64   // of first, first+1, …; the oldest lies at start
	start  int
}

func (t *commitTimes) add(seq CommitSeq, millis int64) {
	if len(t.millis) < maxCommitTimes {
		if len(t.millis) == 0 {
			t.first = seq
		}
		t.millis = append(t.millis, millis)
		return
	}
	t.millis[t.start] = millis
	t.start = (t.start + 1) % len(t.millis)
	t.first++
}

func (t *commitTimes) clone() commitTimes {
	return commitTimes{first: t.first, millis: slices.Clone(t.millis), start: t.start}
}

func (t *commitTimes) at(seq CommitSeq) (millis int64, ok bool) {
	if seq < t.first || seq >= t.first+CommitSeq(len(t.millis)) {
		return 0, false
	}
	return t.millis[(t.start+int(seq-t.first))%len(t.millis)], true
}
