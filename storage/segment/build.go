package segment

import (
	"fmt"
	"hash/crc32"
	"math"
	"slices"
)

// ChunkBytes is the size from which on a chunk is closed at the next record batch.
const ChunkBytes = 32 << 10

// Options says what Build writes.
type Options struct {
	// Placed: every run has its first offset, final base offsets in its bytes, and Visible.
	Placed bool
	// Compacted: a single partition, placed.
	Compacted bool
	// CreatedMillis goes into the header, Unix ms.
	CreatedMillis int64
	// Proof of the log as the segment was laid out; zero = none.
	Proof Proof
	// CommitSection, if not nil, is called once with the laid out runs, in the caller's order,
	// and returns the commit section (nil = none).
	CommitSection func(runs []RunInfo) []byte
}

// Proof says how far the log was durable for certain: a start that finds less of the log has lost
// something.
type Proof struct {
	Timeline uint32
	Newest   uint64 // CommitSeq
	CRC      uint32 // of the record of Newest, as its header has it
}

// Built is a segment ready for objstore.Store.Put.
type Built struct {
	// Parts in order; those with record bytes are the caller's own slices.
	Parts [][]byte
	Size  int64
	// Runs are the index entries, in the order of the runs given to Build.
	Runs []RunInfo
}

// Build lays out a segment of runs, at most one per partition. Record batches are read by their
// header alone (who appended them has verified them). ErrInvalidRun: bytes that are not whole
// record batches, a partition twice, an empty run, or what Placed demands is missing.
func Build(opts Options, runs []Run) (*Built, error) {
	order, err := sortRuns(opts, runs)
	if err != nil {
		return nil, err
	}
	x := &index{header: Header{Version: Version, CreatedMillis: opts.CreatedMillis}, maxTimestamp: -1, proof: opts.Proof}
	b := &Built{Parts: [][]byte{nil}, Runs: make([]RunInfo, len(runs))}
	position, records := int64(HeaderSize), 0
	for _, i := range order {
		info, err := scanRun(opts, &runs[i], position)
		if err != nil {
			return nil, err
		}
		position += info.Length
		records += info.RecordCount
		b.Parts = append(b.Parts, runs[i].RecordBatches...)
		b.Runs[i] = info
		x.add(info)
	}
	if records > math.MaxUint32 {
		return nil, fmt.Errorf("%w: %d records", ErrInvalidRun, records)
	}
	x.header.RecordCount = uint32(records)
	x.header.Flags = flagsOf(opts)
	if opts.Compacted {
		x.header.BaseOffset = x.runs[0].FirstOffset
	}
	if opts.CommitSection != nil {
		if err := b.addCommitSection(x, opts.CommitSection(b.Runs), position); err != nil {
			return nil, err
		}
		position += x.commitLength
	}
	return b, b.finish(x, position)
}

func flagsOf(opts Options) Flags {
	flags := FlagMany
	if opts.Compacted {
		flags = FlagCompacted
	}
	if opts.Placed || opts.Compacted {
		flags |= FlagPlaced
	}
	return flags
}

// sortRuns gives the order of the runs in the file.
func sortRuns(opts Options, runs []Run) ([]int, error) {
	if opts.Compacted && (len(runs) != 1 || !opts.Placed) {
		return nil, fmt.Errorf("%w: a compacted segment is placed and has one run, not %d", ErrInvalidRun, len(runs))
	}
	order := make([]int, len(runs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return compareRuns(runs[a].Topic, runs[a].Partition, runs[b].Topic, runs[b].Partition)
	})
	for k := 1; k < len(order); k++ {
		a, b := &runs[order[k-1]], &runs[order[k]]
		if a.Topic == b.Topic && a.Partition == b.Partition {
			return nil, fmt.Errorf("%w: topic %x partition %d is there twice", ErrInvalidRun, a.Topic, a.Partition)
		}
	}
	return order, nil
}

func (x *index) add(info RunInfo) {
	x.runs = append(x.runs, info)
	if info.MaxTimestamp > x.maxTimestamp {
		x.maxTimestamp = info.MaxTimestamp
		x.maxTimestampRun = len(x.runs) - 1
		x.maxTimestampOffset = info.MaxTimestampOffset
	}
}

func (b *Built) addCommitSection(x *index, section []byte, position int64) error {
	if len(section) == 0 {
		return nil
	}
	if len(section) > MaxCommitSection {
		return fmt.Errorf("%w: commit section of %d bytes", ErrInvalidRun, len(section))
	}
	x.header.Flags |= FlagCommitSection
	x.commitPosition, x.commitLength = position, int64(len(section))
	x.commitCRC = crc32.Checksum(section, castagnoli)
	b.Parts = append(b.Parts, section)
	return nil
}

func (b *Built) finish(x *index, position int64) error {
	if err := x.check(position); err != nil { // verify on write what every reader verifies
		return err
	}
	header := x.header.AppendTo(nil)
	tail := x.appendTo(nil)
	if len(tail) > MaxIndexBytes {
		return fmt.Errorf("%w: index of %d bytes", ErrInvalidRun, len(tail))
	}
	f := footer{indexOffset: uint64(position), indexLength: uint32(len(tail))}
	f.crc = crc32.Update(crc32.Checksum(header, castagnoli), castagnoli, tail)
	b.Parts[0] = header
	b.Parts = append(b.Parts, f.appendTo(tail))
	b.Size = f.size()
	return nil
}
