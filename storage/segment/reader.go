package segment

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/objstore"
)

// tailBytes is read at Open: enough for the index of most segments. Of one whose size is known it is a share
// of that: an index of 1,000 partitions is about a sixtieth of the 8 MiB that a flush writes.
const (
	tailBytes = 64 << 10
	tailShare = 32
)

// Reader gives the index of one segment and verified pieces of its runs. It is immutable after
// Open and safe for concurrent use.
type Reader struct {
	store RangeReader
	key   string
	size  int64
	index *index
}

// RangeReader is the part of objstore.Store that a Reader needs.
type RangeReader interface {
	GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error)
}

var _ RangeReader = objstore.Store(nil)

// Open reads footer and index: one read of the object's tail, a second one if the index is
// longer than that. ErrCorrupt or ErrVersion if it is no segment; the store's errors otherwise.
func Open(ctx context.Context, store RangeReader, key string) (*Reader, error) {
	return OpenSized(ctx, store, key, 0)
}

// OpenSized is Open of an object whose size is known (0 = it is not): less is asked for twice. One of
// another size is ErrCorrupt.
func OpenSized(ctx context.Context, store RangeReader, key string, size int64) (*Reader, error) {
	r := &Reader{store: store, key: key}
	if err := r.open(ctx, size); err != nil {
		return nil, fmt.Errorf("open segment %s: %w", key, err)
	}
	return r, nil
}

// On is the same reader, reading runs from another store that has the same object.
func (r *Reader) On(store RangeReader) *Reader {
	on := *r
	on.store = store
	return &on
}

func (r *Reader) open(ctx context.Context, known int64) error {
	want := int64(tailBytes)
	if known > 0 {
		want = min(max(want, known/tailShare), known)
	}
	tail := make([]byte, want)
	n, err := r.store.GetRange(ctx, r.key, -want, tail)
	if errors.Is(err, objstore.ErrRange) {
		return fmt.Errorf("%w: the object is empty", ErrCorrupt)
	}
	if err != nil {
		return err
	}
	tail = tail[:n]
	f, err := decodeFooter(tail)
	if err != nil {
		return err
	}
	r.size = f.size()
	if r.size < int64(n) || int64(n) < want && r.size != int64(n) || known > 0 && r.size != known {
		return fmt.Errorf("%w: footer is of an object of %d bytes, not of this", ErrCorrupt, r.size)
	}
	block, err := r.indexBlock(ctx, tail, &f, known > 0)
	if err != nil {
		return err
	}
	r.index, err = decodeIndex(block, &f)
	return err
}

// indexBlock cuts the block from the tail, or reads what the tail does not hold. The tail's last
// byte is the object's last, so that places in it are known from the footer's size; sure tells that it
// is the object's.
func (r *Reader) indexBlock(ctx context.Context, tail []byte, f *footer, sure bool) ([]byte, error) {
	body := tail[:len(tail)-FooterSize]
	if int64(f.indexLength) <= int64(len(body)) {
		return body[len(body)-int(f.indexLength):], nil
	}
	if f.indexLength > MaxIndexBytes {
		return nil, fmt.Errorf("%w: index of %d bytes", ErrCorrupt, f.indexLength)
	}
	if !sure {
		if err := r.checkFooter(ctx, tail, f); err != nil {
			return nil, err
		}
	}
	block := make([]byte, f.indexLength)
	if err := readFull(ctx, r.store, r.key, int64(f.indexOffset), block); err != nil {
		return nil, err
	}
	return block, nil
}

// checkFooter asks for the first byte of the index and for the footer where it says that it is: it has
// no checksum of its own, and its length is about to be believed.
func (r *Reader) checkFooter(ctx context.Context, tail []byte, f *footer) error {
	var probe [1]byte
	if err := readFull(ctx, r.store, r.key, int64(f.indexOffset), probe[:]); err != nil {
		return err
	}
	end := make([]byte, FooterSize)
	if err := readFull(ctx, r.store, r.key, r.size-FooterSize, end); err != nil {
		return err
	}
	if !slices.Equal(end, tail[len(tail)-FooterSize:]) {
		return fmt.Errorf("%w: footer is of an object of %d bytes, not of this", ErrCorrupt, r.size)
	}
	return nil
}

// Header of the segment.
func (r *Reader) Header() Header { return r.index.header }

// Proof of the log as the segment was written.
func (r *Reader) Proof() Proof { return r.index.proof }

// Size of the object in bytes.
func (r *Reader) Size() int64 { return r.size }

// Runs are the index entries, sorted by topic id and partition; read only.
func (r *Reader) Runs() []RunInfo { return r.index.runs }

// Find returns the run of a partition; read only.
func (r *Reader) Find(topic [16]byte, partition int32) (*RunInfo, bool) {
	runs := r.index.runs
	i, ok := slices.BinarySearchFunc(runs, partition, func(run RunInfo, p int32) int {
		return compareRuns(run.Topic, run.Partition, topic, p)
	})
	if !ok {
		return nil, false
	}
	return &runs[i], true
}

// MaxTimestamp is the largest timestamp of the segment, the run that has it, and the base offset
// of its record batch relative to the run's first; (-1, nil, 0) if no record has a timestamp.
func (r *Reader) MaxTimestamp() (ms int64, run *RunInfo, relative int64) {
	if r.index.maxTimestamp < 0 || len(r.index.runs) == 0 {
		return -1, nil, 0
	}
	return r.index.maxTimestamp, &r.index.runs[r.index.maxTimestampRun], r.index.maxTimestampOffset
}

// CommitSection reads the commit section; nil if there is none.
func (r *Reader) CommitSection(ctx context.Context) ([]byte, error) {
	x := r.index
	if x.commitLength == 0 {
		return nil, nil
	}
	section := make([]byte, x.commitLength) // within the object: decodeIndex has checked it
	if err := readChecked(ctx, r.store, r.key, x.commitPosition, section, x.commitCRC); err != nil {
		return nil, err
	}
	return section, nil
}

// ReadRun reads a whole run with its checksums; see ReadChunks.
func (r *Reader) ReadRun(ctx context.Context, run *RunInfo, dst []byte) ([]byte, error) {
	return ReadChunks(ctx, r.store, r.key, run, 0, len(run.Chunks), dst)
}

// ReadChunks reads chunks [from, to) of a run with one ranged read; see the function.
func (r *Reader) ReadChunks(ctx context.Context, run *RunInfo, from, to int, dst []byte) ([]byte, error) {
	return ReadChunks(ctx, r.store, r.key, run, from, to, dst)
}

// ReadChunks appends the record batches of chunks [from, to) of a run to dst, with one ranged
// read of the object key. The entry may come from an index or from where its caller kept it. Each chunk's CRC32C
// and each record batch's is verified, and in a placed run the base offsets against the entry;
// ErrCorrupt if one does not hold. The bytes are the caller's.
func ReadChunks(ctx context.Context, store RangeReader, key string, run *RunInfo, from, to int, dst []byte) ([]byte, error) {
	if from < 0 || to > len(run.Chunks) || from >= to {
		return dst, fmt.Errorf("read segment %s: chunks %d to %d of %d", key, from, to, len(run.Chunks))
	}
	first, last := &run.Chunks[from], &run.Chunks[to-1]
	start, size := len(dst), int(last.Position+last.Length-first.Position)
	dst = slices.Grow(dst, size)[:start+size]
	if err := readFull(ctx, store, key, run.Position+first.Position, dst[start:]); err != nil {
		return dst[:start], err
	}
	if err := run.VerifyChunks(from, to, dst[start:]); err != nil {
		return dst[:start], fmt.Errorf("read segment %s: %w", key, err)
	}
	return dst, nil
}

// VerifyChunks checks that data is exactly chunks [from, to) of the run.
// REQUIRES: 0 <= from < to <= len(r.Chunks).
func (r *RunInfo) VerifyChunks(from, to int, data []byte) error {
	for i := from; i < to; i++ {
		c := &r.Chunks[i]
		if int64(len(data)) < c.Length {
			return r.corrupt("chunk cut short")
		}
		if crc32.Checksum(data[:c.Length], castagnoli) != c.CRC {
			return r.corrupt(fmt.Sprintf("checksum of chunk %d", i))
		}
		if err := r.verifyRecordBatches(i, data[:c.Length]); err != nil {
			return err
		}
		data = data[c.Length:]
	}
	if len(data) > 0 {
		return r.corrupt("bytes after the last chunk")
	}
	return nil
}

func (r *RunInfo) verifyRecordBatches(i int, data []byte) error {
	c := &r.Chunks[i]
	limit := r.OffsetSpan
	if i+1 < len(r.Chunks) {
		limit = r.Chunks[i+1].Offset
	}
	next, count := c.Offset, 0
	for ; len(data) > 0; count++ {
		h, _, rest, err := recordbatch.Verify(data)
		if err != nil {
			return fmt.Errorf("%w: %w", r.corrupt("record batch"), err)
		}
		relative := next
		if len(r.Visible) > 0 { // placed
			relative = h.BaseOffset - r.FirstOffset
		}
		if relative < next || count == 0 && relative != c.Offset || relative+int64(h.LastOffsetDelta) >= limit {
			return r.corrupt(fmt.Sprintf("record batch at offset %d where the index has %d", h.BaseOffset, r.FirstOffset+next))
		}
		next, data = relative+int64(h.LastOffsetDelta)+1, rest
	}
	if count != c.Count {
		return r.corrupt("count of record batches in a chunk")
	}
	return nil
}

// readFull fills dst; an object that ends before is ErrCorrupt.
func readFull(ctx context.Context, store RangeReader, key string, off int64, dst []byte) error {
	n, err := store.GetRange(ctx, key, off, dst)
	if errors.Is(err, objstore.ErrRange) {
		return fmt.Errorf("read segment %s: %w: it ends before %d", key, ErrCorrupt, off)
	}
	if err != nil {
		return fmt.Errorf("read segment %s: %w", key, err)
	}
	if n != len(dst) {
		return fmt.Errorf("read segment %s: %w: %d bytes at %d, wanted %d", key, ErrCorrupt, n, off, len(dst))
	}
	return nil
}

func readChecked(ctx context.Context, store RangeReader, key string, off int64, dst []byte, crc uint32) error {
	if err := readFull(ctx, store, key, off, dst); err != nil {
		return err
	}
	if crc32.Checksum(dst, castagnoli) != crc {
		return fmt.Errorf("read segment %s: %w: checksum of %d bytes at %d", key, ErrCorrupt, len(dst), off)
	}
	return nil
}
