package segment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/objstore"
)

// DumpOptions says how much Dump prints.
type DumpOptions struct {
	RecordBatches bool // the header of each record batch; reads and verifies all bytes
	Records       bool // and each record, keys and values quoted
	// MaxValueBytes of a key or value are printed; 0 = 120.
	MaxValueBytes int
}

// Dump prints a segment of size bytes to w: header, index, runs and as much more as opts say.
// Of a segment that is damaged it prints what can be trusted and returns what is wrong.
func Dump(w io.Writer, r io.ReaderAt, size int64, opts DumpOptions) error {
	d := &dumper{w: w, opts: opts}
	if opts.MaxValueBytes == 0 {
		d.opts.MaxValueBytes = 120
	}
	d.opts.RecordBatches = opts.RecordBatches || opts.Records
	return errors.Join(d.dump(readerAt{r, size}, size), d.err)
}

// readerAt is a rangeReader over one file.
type readerAt struct {
	r    io.ReaderAt
	size int64
}

func (f readerAt) GetRange(_ context.Context, _ string, off int64, dst []byte) (int, error) {
	if off < 0 {
		off = max(f.size+off, 0)
	}
	if off >= f.size {
		return 0, objstore.ErrRange
	}
	n, err := f.r.ReadAt(dst[:min(int64(len(dst)), f.size-off)], off)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

type dumper struct {
	w    io.Writer
	opts DumpOptions
	err  error // first failed write
}

func (d *dumper) printf(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.w, format, args...)
	}
}

func (d *dumper) dump(file readerAt, size int64) error {
	ctx := context.Background() // why: a file needs none, and rangeReader is the store's shape
	head := make([]byte, HeaderSize)
	if err := readFull(ctx, file, "file", 0, head); err != nil {
		return err
	}
	h, err := DecodeHeader(head)
	if err != nil {
		return err
	}
	d.printf("segment version %d, flags%s, %d bytes, created %s\n", h.Version, h.Flags, size, millis(h.CreatedMillis))
	d.printf("base offset %d, %d records\n", h.BaseOffset, h.RecordCount)
	r, err := Open(ctx, file, "file")
	if err != nil {
		return err
	}
	if r.index.headerBytes != [HeaderSize]byte(head) || r.Size() != size {
		return fmt.Errorf("%w: the header differs from the index's copy of it", ErrCorrupt)
	}
	d.index(r.index)
	var problems []error
	for i := range r.Runs() {
		run := &r.Runs()[i]
		d.run(i, run)
		if d.opts.RecordBatches {
			problems = append(problems, d.recordBatches(ctx, r, run))
		}
	}
	if _, err := r.CommitSection(ctx); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// String names the flags, each with a space before it.
func (f Flags) String() string {
	s := ""
	for _, n := range []struct {
		bit  Flags
		name string
	}{{FlagCompacted, " compacted"}, {FlagMany, " many"}, {FlagCommitSection, " commit-section"}, {FlagPlaced, " placed"}} {
		if f&n.bit != 0 {
			s += n.name
		}
	}
	return s
}

func millis(ms int64) string {
	if ms < 0 {
		return "none"
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

func (d *dumper) index(x *index) {
	d.printf("index of %d runs\n", len(x.runs))
	if x.commitLength > 0 {
		d.printf("commit section at %d, %d bytes, crc32c %08x\n", x.commitPosition, x.commitLength, x.commitCRC)
	}
	if x.maxTimestamp >= 0 {
		d.printf("largest timestamp %s in run %d at first offset + %d\n", millis(x.maxTimestamp), x.maxTimestampRun, x.maxTimestampOffset)
	}
	if p := x.proof; p.Newest > 0 {
		d.printf("written when commit %d of timeline %d was durable, crc32c %08x\n", p.Newest, p.Timeline, p.CRC)
	}
}

func (d *dumper) run(i int, r *RunInfo) {
	d.printf("\nrun %d: topic %s partition %d\n", i, topicName(r.Topic), r.Partition)
	if len(r.Visible) > 0 {
		d.printf("  offsets %d to %d", r.FirstOffset, r.NextOffset()-1)
	} else {
		d.printf("  %d offsets, not placed", r.OffsetSpan)
	}
	d.printf(", %d records in %d record batches\n", r.RecordCount, r.RecordBatchCount)
	d.printf("  bytes %d to %d, crc32c %08x\n", r.Position, r.Position+r.Length-1, r.CRC)
	d.printf("  timestamps %s to %s\n", millis(r.MinTimestamp), millis(r.MaxTimestamp))
	for _, v := range r.Visible {
		d.printf("  %d record batches visible at %d, committed %s\n", v.Count, v.VisibleAt, millis(v.CommitMillis))
	}
	for k, c := range r.Chunks {
		d.printf("  chunk %d: first offset + %d, byte + %d, %d bytes, %d record batches, timestamps to %s, crc32c %08x\n",
			k, c.Offset, c.Position, c.Length, c.Count, millis(c.MaxTimestamp), c.CRC)
	}
	for _, x := range r.Transactions {
		outcome := "aborted"
		if x.VisibleAt > 0 {
			outcome = fmt.Sprintf("visible at %d", x.VisibleAt)
		}
		d.printf("  transaction of producer %d, offsets %d to %d, %s, committed %s\n", x.ProducerID, x.First, x.Last, outcome, millis(x.CommitMillis))
	}
}

// topicName is a topic id in the usual form of a UUID.
func topicName(id [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// recordBatches prints a run chunk by chunk; a damaged chunk does not hide the ones after it.
func (d *dumper) recordBatches(ctx context.Context, r *Reader, run *RunInfo) error {
	var problems []error
	var data []byte
	for k := range run.Chunks {
		var err error
		if data, err = r.ReadChunks(ctx, run, k, k+1, data[:0]); err != nil {
			d.printf("  chunk %d: %v\n", k, err)
			problems = append(problems, err)
			continue
		}
		problems = append(problems, d.chunk(run, k, data))
	}
	return errors.Join(problems...)
}

func (d *dumper) chunk(run *RunInfo, k int, data []byte) error {
	var reader recordbatch.Reader
	defer reader.Release()
	position := run.Position + run.Chunks[k].Position
	for i := run.Chunks[k].First; len(data) > 0; i++ {
		h, raw, rest, err := recordbatch.Next(data)
		if err != nil {
			return err
		}
		d.printf("  record batch %d at byte %d: %d bytes, base offset %d, %d records, %s, timestamps %s to %s, attributes %#x",
			i, position, len(raw), h.BaseOffset, h.RecordCount, h.Codec(), millis(h.BaseTimestamp), millis(h.MaxTimestamp), h.Attributes)
		if h.ProducerID >= 0 {
			d.printf(", producer %d epoch %d sequence %d", h.ProducerID, h.ProducerEpoch, h.BaseSequence)
		}
		if v := run.VisibleOf(i); v.Count > 0 {
			d.printf(", visible at %d", v.VisibleAt)
		}
		d.printf("\n")
		if d.opts.Records {
			if err := d.records(&reader, raw); err != nil {
				return err
			}
		}
		position, data = position+int64(len(raw)), rest
	}
	return nil
}

func (d *dumper) records(reader *recordbatch.Reader, raw []byte) error {
	if err := reader.Reset(raw, 0); err != nil {
		return err
	}
	var headers []recordbatch.RecordHeader
	for reader.Next() {
		rec := reader.Record()
		d.printf("    %d %s key %s value %s", rec.Offset, millis(rec.Timestamp), d.quote(rec.Key), d.quote(rec.Value))
		headers = rec.Headers(headers[:0])
		for _, h := range headers {
			d.printf(" %s=%s", d.quote(h.Key), d.quote(h.Value))
		}
		d.printf("\n")
	}
	return reader.Err()
}

func (d *dumper) quote(b []byte) string {
	switch {
	case b == nil:
		return "null"
	case len(b) > d.opts.MaxValueBytes:
		return fmt.Sprintf("%q… (%d bytes)", b[:d.opts.MaxValueBytes], len(b))
	}
	return fmt.Sprintf("%q", b)
}
