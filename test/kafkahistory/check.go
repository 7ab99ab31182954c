package kafkahistory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Outcome of a write.
type Outcome int

// Outcomes. What is Unknown has happened, or not, or will.
const (
	Unknown Outcome = iota
	Committed
	Aborted
)

// Stamp orders events of a history as they happened.
type Stamp int64

// Write is one value that was sent.
type Write struct {
	Key     int
	Value   string
	Offset  int64 // -1 = it was not told
	Process int
	Outcome Outcome
	Txn     int   // 0 = none
	Sent    Stamp // the send began
	Ending  Stamp // the end of its transaction was asked for; 0 = it never was, or there is none
}

// Read is one record as a consumer got it.
type Read struct {
	Key    int
	Offset int64
	Value  string
}

// Poll is what a consumer got at once. A session is a consumer that was not put together anew or told where to go on.
type Poll struct {
	Session int
	At      Stamp // it was there
	Reads   []Read
}

// History of a run. Final is all that there is in the end, read from the beginning.
type History struct {
	Writes []*Write
	Polls  []Poll
	Final  []Read
}

// Class of anomaly.
type Class string

// Classes.
const (
	LostWrite           Class = "lost write"
	Duplicate           Class = "duplicate"
	AbortedRead         Class = "aborted read"
	UncommittedRead     Class = "read before commit"
	UnknownRead         Class = "read of what nobody sent"
	InconsistentOffsets Class = "inconsistent offsets"
	TornTransaction     Class = "torn transaction"
	NonmonotonicSend    Class = "nonmonotonic send"
	NonmonotonicPoll    Class = "nonmonotonic poll"
	PollSkip            Class = "poll skip"
)

// Anomaly is what must not be.
type Anomaly struct {
	Class Class
	What  string
}

type place struct {
	key    int
	offset int64
}

type checker struct {
	h     *History
	found []Anomaly
	by    map[string]*Write
	final map[int][]Read // by offset
}

// Check finds the anomalies of a history.
func Check(h *History) []Anomaly {
	c := &checker{h: h, by: map[string]*Write{}, final: map[int][]Read{}}
	for _, w := range h.Writes {
		c.by[w.Value] = w
	}
	for _, r := range h.Final {
		c.final[r.Key] = append(c.final[r.Key], r)
	}
	for _, reads := range c.final {
		slices.SortStableFunc(reads, func(a, b Read) int { return cmp.Compare(a.Offset, b.Offset) })
	}
	c.offsets()
	c.ends()
	c.transactions()
	c.sends()
	c.polls()
	return c.found
}

func (c *checker) tell(class Class, format string, args ...any) {
	c.found = append(c.found, Anomaly{class, fmt.Sprintf(format, args...)})
}

// offsets: a value has one, and one has a value, whoever tells.
func (c *checker) offsets() {
	at, has := map[string]place{}, map[place]string{}
	see := func(r Read, who string) {
		p := place{r.Key, r.Offset}
		if was, ok := at[r.Value]; ok && was != p {
			c.tell(Duplicate, "%s is at %v and, as %s says, at %v", r.Value, was, who, p)
		}
		if was, ok := has[p]; ok && was != r.Value {
			c.tell(InconsistentOffsets, "%v has %s and, as %s says, %s", p, was, who, r.Value)
		}
		at[r.Value], has[p] = p, r.Value
	}
	last := map[place]int{}
	for _, r := range c.h.Final {
		p := place{r.Key, r.Offset}
		if last[p]++; last[p] > 1 {
			c.tell(Duplicate, "%v was given twice", p)
		}
		see(r, "the last read")
	}
	for _, w := range c.h.Writes {
		if w.Offset >= 0 && w.Outcome != Aborted {
			see(Read{w.Key, w.Offset, w.Value}, "the answer to its send")
		}
	}
	for _, p := range c.h.Polls {
		for _, r := range p.Reads {
			see(r, "a poll")
		}
	}
}

// ends: what was committed is there, what was aborted was never seen, nor was anything before its commit was asked for.
func (c *checker) ends() {
	there := map[string]bool{}
	for _, r := range c.h.Final {
		there[r.Value] = true
	}
	for _, w := range c.h.Writes {
		if w.Outcome == Committed && !there[w.Value] {
			c.tell(LostWrite, "%s, committed at %d of key %d, is not there", w.Value, w.Offset, w.Key)
		}
	}
	see := func(r Read, at Stamp) {
		w := c.by[r.Value]
		switch {
		case w == nil:
			c.tell(UnknownRead, "%s at %d of key %d", r.Value, r.Offset, r.Key)
		case w.Outcome == Aborted:
			c.tell(AbortedRead, "%s at %d of key %d", r.Value, r.Offset, r.Key)
		case w.Txn != 0 && (w.Ending == 0 || at != 0 && at < w.Ending), at != 0 && at < w.Sent:
			c.tell(UncommittedRead, "%s at %d of key %d was read at %d; its commit was asked for at %d", r.Value, r.Offset, r.Key, at, w.Ending)
		}
	}
	for _, r := range c.h.Final {
		see(r, 0)
	}
	for _, p := range c.h.Polls {
		for _, r := range p.Reads {
			see(r, p.At)
			if w := c.by[r.Value]; w != nil && w.Outcome != Aborted && !there[r.Value] {
				c.tell(LostWrite, "%s was read at %d of key %d and is not there any more", r.Value, r.Offset, r.Key)
			}
		}
	}
}

// transactions are there whole, or not at all.
func (c *checker) transactions() {
	there := map[string]bool{}
	for _, r := range c.h.Final {
		there[r.Value] = true
	}
	type count struct{ there, all int }
	txns := map[int]*count{}
	for _, w := range c.h.Writes {
		if w.Txn == 0 {
			continue
		}
		if txns[w.Txn] == nil {
			txns[w.Txn] = &count{}
		}
		txns[w.Txn].all++
		if there[w.Value] {
			txns[w.Txn].there++
		}
	}
	for _, n := range slices.Sorted(maps.Keys(txns)) {
		if t := txns[n]; t.there != 0 && t.there != t.all {
			c.tell(TornTransaction, "%d of the %d values of transaction %d are there", t.there, t.all, n)
		}
	}
}

// sends of one process to one key, one after the other, have rising offsets.
func (c *checker) sends() {
	type line struct{ process, key int }
	last := map[line]*Write{}
	for _, w := range slices.SortedStableFunc(slices.Values(c.h.Writes), func(a, b *Write) int { return cmp.Compare(a.Sent, b.Sent) }) {
		if w.Offset < 0 {
			continue
		}
		l := line{w.Process, w.Key}
		if was := last[l]; was != nil && was.Offset >= w.Offset {
			c.tell(NonmonotonicSend, "process %d sent %s to %d and then %s to %d of key %d", w.Process, was.Value, was.Offset, w.Value, w.Offset, w.Key)
		}
		last[l] = w
	}
}

// polls of one session go on where they were, and pass over nothing.
func (c *checker) polls() {
	type line struct{ session, key int }
	last := map[line]Read{}
	for _, p := range c.h.Polls {
		for _, r := range p.Reads {
			l := line{p.Session, r.Key}
			was, began := last[l]
			last[l] = r
			if !began {
				continue
			}
			if r.Offset <= was.Offset {
				c.tell(NonmonotonicPoll, "session %d read %d after %d of key %d", p.Session, r.Offset, was.Offset, r.Key)
				continue
			}
			of := c.final[r.Key]
			i, _ := slices.BinarySearchFunc(of, was.Offset+1, func(x Read, o int64) int { return cmp.Compare(x.Offset, o) })
			if i < len(of) && of[i].Offset < r.Offset {
				c.tell(PollSkip, "session %d read %d after %d of key %d and passed over %s at %d", p.Session, r.Offset, was.Offset, r.Key, of[i].Value, of[i].Offset)
			}
		}
	}
}
