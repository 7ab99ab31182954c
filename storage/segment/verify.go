package segment

import "context"

// verifyBytes are read at once when a segment is verified.
const verifyBytes = 4 << 20

// Verify reads all of the segment: each chunk and each record batch of every run, and the commit section, with their
// checksums. ErrCorrupt if one does not hold.
func (r *Reader) Verify(ctx context.Context) error {
	if _, err := r.CommitSection(ctx); err != nil {
		return err
	}
	var buf []byte
	for i := range r.index.runs {
		run := &r.index.runs[i]
		for from := 0; from < len(run.Chunks); {
			to, size := from+1, run.Chunks[from].Length
			for to < len(run.Chunks) && size+run.Chunks[to].Length <= verifyBytes {
				size += run.Chunks[to].Length
				to++
			}
			var err error
			if buf, err = r.ReadChunks(ctx, run, from, to, buf[:0]); err != nil {
				return err
			}
			from = to
		}
	}
	return nil
}
