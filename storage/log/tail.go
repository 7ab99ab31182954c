package log

// tailCache keeps the bytes of the newest objects in memory, oldest out first. Inline groups
// are in memory anyway until they are rolled. Guarded by DB.mu.
type tailCache struct {
	limit, bytes int64
	blocks       []*block
}

// add keeps b, whose data is set, and forgets older blocks beyond the limit. Who holds a slice
// of a forgotten block keeps its bytes.
func (t *tailCache) add(b *block) {
	t.blocks = append(t.blocks, b)
	t.bytes += int64(len(b.data))
	for t.bytes > t.limit && len(t.blocks) > 0 {
		old := t.blocks[0]
		t.blocks[0] = nil
		t.blocks = t.blocks[1:]
		t.bytes -= int64(len(old.data))
		old.data = nil
	}
}
