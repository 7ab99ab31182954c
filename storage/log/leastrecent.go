package log

import "container/list"

// leastRecent keeps values up to a limit of bytes; those used longest ago go first. Guarded by
// readCache.mu.
type leastRecent struct {
	limit, bytes int64
	entries      map[readKey]*list.Element // of *readEntry
	recent       *list.List                // front = newest
}

type readEntry struct {
	key   readKey
	value readValue
}

func (l *leastRecent) init(limit int64) {
	*l = leastRecent{limit: limit, entries: map[readKey]*list.Element{}, recent: list.New()}
}

func (l *leastRecent) has(key readKey) bool { return l.entries[key] != nil }

func (l *leastRecent) get(key readKey) (readValue, bool) {
	e := l.entries[key]
	if e == nil {
		return readValue{}, false
	}
	l.recent.MoveToFront(e)
	return e.Value.(*readEntry).value, true
}

// add keeps a value that is not there, and returns the bytes of those that went for it.
func (l *leastRecent) add(key readKey, value readValue) (freed int64) {
	l.entries[key] = l.recent.PushFront(&readEntry{key, value})
	l.bytes += value.size
	return l.shrink(l.limit)
}

// shrink forgets values until no more than most bytes are left, and returns the bytes of those that went.
func (l *leastRecent) shrink(most int64) (freed int64) {
	for l.bytes > max(most, 0) {
		e := l.recent.Remove(l.recent.Back()).(*readEntry)
		delete(l.entries, e.key)
		l.bytes -= e.value.size
		freed += e.value.size
	}
	return freed
}

// clear forgets all, and returns its bytes.
func (l *leastRecent) clear() (freed int64) {
	freed = l.bytes
	l.init(l.limit)
	return freed
}
