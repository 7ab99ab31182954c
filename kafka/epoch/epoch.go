package epoch

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

const (
	prefix     = "kafka/epoch/"
	rowVersion = 1
	entryBytes = 16 + 4 + 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Row is where partitions began an epoch.
type Row map[log.Partition]int64

// AppendTo encodes a row.
func (r Row) AppendTo(dst []byte) []byte {
	from := len(dst)
	dst = append(dst, rowVersion)
	for p, at := range r {
		dst = append(dst, p.Topic[:]...)
		dst = binary.BigEndian.AppendUint32(dst, uint32(p.Index))
		dst = binary.BigEndian.AppendUint64(dst, uint64(at))
	}
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

// Decode reads what AppendTo made.
func Decode(src []byte) (Row, error) {
	n := len(src) - 5
	if n < 0 || src[0] != rowVersion || n%entryBytes != 0 {
		return nil, fmt.Errorf("%w: leader epochs in %d bytes", meta.ErrCorrupt, len(src))
	}
	if binary.BigEndian.Uint32(src[1+n:]) != crc32.Checksum(src[:1+n], castagnoli) {
		return nil, fmt.Errorf("%w: checksum of leader epochs", meta.ErrCorrupt)
	}
	r := make(Row, n/entryBytes)
	for at := src[1 : 1+n]; len(at) > 0; at = at[entryBytes:] {
		offset := int64(binary.BigEndian.Uint64(at[20:]))
		if offset < 0 {
			return nil, fmt.Errorf("%w: leader epoch at offset %d", meta.ErrCorrupt, offset)
		}
		r[log.Partition{Topic: log.TopicID(at[:16]), Index: int32(binary.BigEndian.Uint32(at[16:]))}] = offset
	}
	return r, nil
}

func key(epoch int32) []byte { return fmt.Appendf(nil, "%s%010d", prefix, epoch) }

// Load reads the epochs of a database that is on its n-th timeline. If that is new, it notes where each partition
// begins it: at the ends of now. REQUIRES: nothing was appended since the start.
func Load(ctx context.Context, store meta.Store, db log.Log, timeline uint32) (*Epochs, error) {
	var rows []Row
	newest := int32(timeline) - 1
	err := store.Read(ctx, func(s meta.Snapshot) error {
		for e := int32(1); e <= newest; e++ {
			value, version, err := s.Get(key(e))
			if err != nil {
				return err
			}
			var r Row
			if version != 0 {
				if r, err = Decode(value); err != nil {
					return err
				}
			}
			rows = append(rows, r)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read leader epochs: %w", err)
	}
	if newest > 0 && rows[newest-1] == nil {
		if rows[newest-1], err = ends(ctx, db); err != nil {
			return nil, fmt.Errorf("begin leader epoch %d: %w", newest, err)
		}
		write := meta.Write{Key: key(newest), Value: rows[newest-1].AppendTo(nil)}
		if err := store.Commit(ctx, meta.Txn{Writes: []meta.Write{write}}); err != nil {
			return nil, fmt.Errorf("begin leader epoch %d: %w", newest, err)
		}
	}
	return New(rows), nil
}

// ends are those of all partitions.
func ends(ctx context.Context, db log.Log) (Row, error) {
	var all []log.Partition
	for _, t := range db.Topics() {
		for i := range t.Partitions {
			all = append(all, log.Partition{Topic: t.ID, Index: i})
		}
	}
	found, err := db.Ends(ctx, all, false)
	if err != nil {
		return nil, err
	}
	r := make(Row, len(all))
	for i, p := range all {
		r[p] = found[i].HighWatermark
	}
	return r, nil
}

// Epochs tells the epochs of records. The zero value has epoch 0 alone.
type Epochs struct {
	current int32
	// begins are the epochs of partitions that have another one than the first: ascending, the last one current.
	begins map[log.Partition][]begin
}

type begin struct {
	epoch  int32
	offset int64
}

// New makes Epochs of the rows of epochs 1, 2, …; nil = that epoch's is not known, and its records count to the one
// before.
func New(rows []Row) *Epochs {
	e := &Epochs{current: int32(len(rows)), begins: map[log.Partition][]begin{}}
	for i, r := range rows {
		for p, at := range r {
			if e.begins[p] == nil {
				// It was not there when the epochs before began: it is at most as old as the last of them.
				first := int32(i)
				for first > 0 && rows[first-1] == nil {
					first--
				}
				e.begins[p] = []begin{{first, 0}}
			}
			kept := e.begins[p]
			for len(kept) > 1 && kept[len(kept)-1].offset >= at {
				kept = kept[:len(kept)-1] // nothing of it is left
			}
			e.begins[p] = append(kept, begin{int32(i) + 1, at})
		}
	}
	return e
}

// Current is the epoch of what is written now.
func (e *Epochs) Current() int32 { return e.current }

// of are the epochs of a partition.
func (e *Epochs) of(p log.Partition) []begin {
	if b := e.begins[p]; b != nil {
		return b
	}
	return []begin{{e.current, 0}} // younger than the newest
}

// At is the epoch of the record at an offset.
func (e *Epochs) At(p log.Partition, offset int64) int32 {
	if e.current == 0 {
		return 0
	}
	b := e.of(p)
	i := len(b) - 1
	for i > 0 && b[i].offset > offset {
		i--
	}
	return b[i].epoch
}

// Open is the end of the current epoch, which goes on.
const Open = math.MaxInt64

// End is where an epoch ended, and which epoch that is: the greatest at or below the one asked for. Of one that is
// older than the partition it is the partition's beginning, of one that is not known (-1, -1), as in Kafka. The
// current epoch ends at Open.
func (e *Epochs) End(p log.Partition, epoch int32) (found int32, end int64) {
	if epoch < 0 || epoch > e.current {
		return -1, -1
	}
	b := e.of(p)
	if epoch < b[0].epoch {
		return epoch, b[0].offset
	}
	i := len(b) - 1
	for b[i].epoch > epoch {
		i--
	}
	if i == len(b)-1 {
		return b[i].epoch, Open
	}
	return b[i].epoch, b[i+1].offset
}

// Patch writes their epochs into record batches of a partition, one behind the other.
func (e *Epochs) Patch(p log.Partition, recordBatches []byte) {
	if e.current == 0 {
		return // that is what they have
	}
	const head, lengthAt, epochAt = 12, 8, 12
	for b := recordBatches; len(b) >= head+4; {
		offset := int64(binary.BigEndian.Uint64(b))
		binary.BigEndian.PutUint32(b[epochAt:], uint32(e.At(p, offset)))
		size := head + int(binary.BigEndian.Uint32(b[lengthAt:]))
		if size < head || size > len(b) {
			return
		}
		b = b[size:]
	}
}
