package lane

import (
	"slices"

	"github.com/tributary-db/tributary/storage/log"
)

// pins are the versions that somebody reads or is about to read, with repeats. A pin is a
// mandatory boundary of the shared lane while the lane has not passed it, and holds history
// back as long as it lives. Guarded by the runtime's mutex.
type pins struct {
	sorted []log.CommitSeq
}

func (p *pins) add(v log.CommitSeq) {
	i, _ := slices.BinarySearch(p.sorted, v)
	p.sorted = slices.Insert(p.sorted, i, v)
}

func (p *pins) remove(v log.CommitSeq) {
	i, ok := slices.BinarySearch(p.sorted, v)
	if !ok {
		panic("lane: pin removed twice")
	}
	p.sorted = slices.Delete(p.sorted, i, i+1)
}

// next is the boundary after from: the first pin behind it, else newest.
func (p *pins) next(from, newest log.CommitSeq) log.CommitSeq {
	i, _ := slices.BinarySearch(p.sorted, from+1)
	if i < len(p.sorted) && p.sorted[i] < newest {
		return p.sorted[i]
	}
	return newest
}

// behind reports whether a pin lies behind at.
func (p *pins) behind(at log.CommitSeq) bool {
	return len(p.sorted) > 0 && p.sorted[len(p.sorted)-1] > at
}

// oldest pin, or v when it is older.
func (p *pins) oldest(v log.CommitSeq) log.CommitSeq {
	if len(p.sorted) > 0 && p.sorted[0] < v {
		return p.sorted[0]
	}
	return v
}
