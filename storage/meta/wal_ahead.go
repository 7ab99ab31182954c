package meta

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/vfs"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/latency"
)

// aheadFile is a WAL that who commits writes and syncs itself. Pebble's LogWriter would have a goroutine of its own do
// that: to wake it, and then who waits for it, costs a short commit more than all else that the server does for it.
//
//	place ─► Pebble's buffer, without a sync ──────────────► LogWriter's goroutine ─► Write: there already
//	   └───► emit: the same chunks ─► pending ─► durable: written at their place, synced
//
// INVARIANT: what emit makes of a batch is what LogWriter makes of it, byte for byte, so that the file is Pebble's own
// format, and is whole if LogWriter writes it too (Write compares, and ends the engine when it is not so).
type aheadFile struct {
	vfs.File
	number uint32 // as it stands in chunks
	syncs  *latency.Histogram

	// Held while it is written and synced. Who waits for it finds its batch synced more often than not.
	sync struct {
		sync.Mutex
		to      int64 // everything before is durable
		length  int64 // of the file
		closed  bool
		scratch []byte
	}

	mu struct {
		sync.Mutex
		at      int64  // where the next batch begins
		pending []byte // the chunks before at that are not written here, or not by Pebble
		written int64  // up to where it is written here
		seen    int64  // up to where Pebble has written it
		err     error  // the first that a write or sync met
	}
}

func newAhead(f vfs.File, number uint32, syncs *latency.Histogram) (*aheadFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	a := &aheadFile{File: f, number: number, syncs: syncs}
	a.sync.length = info.Size()
	return a, nil
}

// emit appends the chunks of a batch and gives their end.
// REQUIRES: batches come in the order in which Pebble got them (the store's mu is held).
func (f *aheadFile) emit(p []byte) (end int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for first := true; first || len(p) > 0; first = false {
		room := walBlock - int(f.mu.at%walBlock) - walHeader
		n := min(room, len(p))
		kind := byte(walTypeFull)
		switch last := n == len(p); {
		case first && !last:
			kind = walTypeFirst
		case !first && !last:
			kind = walTypeMiddle
		case !first:
			kind = walTypeLast
		}
		f.mu.pending = appendWALChunk(f.mu.pending, kind, f.number, p[:n])
		f.mu.at += int64(walHeader + n)
		if left := room - n; left < walHeader {
			f.mu.pending = append(f.mu.pending, make([]byte, left)...)
			f.mu.at += int64(left)
		}
		p = p[n:]
	}
	return f.mu.at
}

func appendWALChunk(dst []byte, kind byte, number uint32, p []byte) []byte {
	begin := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(p)))
	dst = append(dst, kind)
	dst = binary.LittleEndian.AppendUint32(dst, number)
	dst = append(dst, p...)
	binary.LittleEndian.PutUint32(dst[begin:], chunkSum(dst[begin+6:]))
	return dst
}

// durable returns when everything before end is. Who comes while another one syncs is served by the next sync, with
// all that came meanwhile.
func (f *aheadFile) durable(end int64) error {
	f.sync.Lock()
	defer f.sync.Unlock()
	if f.sync.to >= end {
		return nil
	}
	if f.sync.closed {
		return f.fail(errors.New("the write-ahead log was closed without a sync"))
	}
	f.mu.Lock()
	from, to := f.mu.written, f.mu.at
	// A copy: a file may use up what it is given, and pending is compared with later.
	f.sync.scratch = append(f.sync.scratch[:0], f.pendingLocked(from, to)...)
	err := f.mu.err
	f.mu.Unlock()
	if err != nil {
		return err
	}
	if err = f.lengthenLocked(to); err == nil {
		_, err = f.File.WriteAt(f.sync.scratch, from)
	}
	if err == nil {
		err = f.timed(f.File.SyncData)
	}
	if err != nil {
		return f.fail(err)
	}
	f.sync.to = to
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.written = to
	f.forgetLocked()
	if cap(f.sync.scratch) > keepBuffer {
		f.sync.scratch = nil
	}
	return nil
}

// stretch is by how much a WAL grows at once.
const stretch = 256 << 10

var zeros [stretch]byte

// lengthenLocked makes room up to end and some behind it, of zeros, which readers take for the end of the log. A sync
// behind a write that makes the file longer has the file system write down the new length too, and one behind a write
// to where nothing was written yet has it write down that something is: that is more work than the commit itself.
// Where Pebble uses a file again, all of this is there.
// REQUIRES: sync held. It comes before the batches are written: that there is no room for it tells them too.
func (f *aheadFile) lengthenLocked(end int64) error {
	if end <= f.sync.length {
		return nil
	}
	to := (end/stretch + 1) * stretch
	if _, err := f.File.WriteAt(zeros[:to-end], end); err != nil {
		return err
	}
	f.sync.length = to
	return nil
}

// keepBuffer is how large a buffer may be that is kept for the next batches.
const keepBuffer = 1 << 20

// Write is LogWriter's: what is here already is compared.
func (f *aheadFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	from := f.mu.seen
	to := from + int64(len(p))
	both := f.pendingLocked(from, min(to, f.mu.at))
	same := bytes.Equal(both, p[:len(both)])
	here := to <= f.mu.written
	f.mu.Unlock()
	if !same {
		return 0, f.fail(errAhead)
	}
	if !here {
		if n, err := f.File.WriteAt(p, from); err != nil {
			return n, f.fail(err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.seen = to
	f.forgetLocked()
	return len(p), nil
}

var errAhead = errors.New("the write-ahead log is not what was written ahead of it")

// pendingLocked are the chunks in [from, to), none if Pebble was ahead of emit.
// REQUIRES: mu held; nothing between from and at was forgotten.
func (f *aheadFile) pendingLocked(from, to int64) []byte {
	base := f.mu.at - int64(len(f.mu.pending))
	return f.mu.pending[max(min(from, to)-base, 0):max(to-base, 0)]
}

// forgetLocked drops what nobody will ask for.
// REQUIRES: mu held.
func (f *aheadFile) forgetLocked() {
	base := f.mu.at - int64(len(f.mu.pending))
	n := min(f.mu.written, f.mu.seen, f.mu.at) - base
	switch {
	case n == int64(len(f.mu.pending)) && cap(f.mu.pending) > keepBuffer:
		f.mu.pending = nil
	case n > 0:
		f.mu.pending = f.mu.pending[:copy(f.mu.pending, f.mu.pending[n:])]
	}
}

func (f *aheadFile) fail(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.err == nil {
		f.mu.err = err
	}
	return f.mu.err
}

// Close is Pebble's, behind a sync of all that it has written: who waits for something before the end has it.
func (f *aheadFile) Close() error {
	f.sync.Lock()
	defer f.sync.Unlock()
	f.sync.closed = true
	return f.File.Close()
}

func (f *aheadFile) Sync() error { return f.syncAll(f.File.Sync) }

func (f *aheadFile) SyncData() error { return f.syncAll(f.File.SyncData) }

// syncAll makes durable what Pebble has written.
func (f *aheadFile) syncAll(sync func() error) error {
	f.sync.Lock()
	defer f.sync.Unlock()
	f.mu.Lock()
	to := f.mu.seen
	f.mu.Unlock()
	if err := f.timed(sync); err != nil {
		return f.fail(err)
	}
	f.sync.to = max(f.sync.to, to)
	return nil
}

func (f *aheadFile) timed(sync func() error) error {
	began := clock.Real{}.Now()
	err := sync()
	f.syncs.Observe(clock.Real{}.Now().Sub(began))
	return err
}

// SyncLatency is the time of each sync of the write-ahead log, which every commit waits for.
func (s *PebbleStore) SyncLatency() latency.Snapshot { return s.syncs.Snapshot() }
