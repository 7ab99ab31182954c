package decoded

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/log"
)

// rowsPerBatch bounds the rows that are decoded before they are given out.
const rowsPerBatch = 4096

// Rows are decoded records in log order. They are borrowed from the Feed until its next call, and
// nobody writes into them.
type Rows struct {
	Len        int
	Cols       []delta.Column // as wanted
	Partitions []int32        // of each row
	Offsets    []int64
	// Commits are those whose records were read, in order, also where no record is a row. The last
	// one's may go on in the next Rows.
	Commits []Commit
}

// Commit is where the rows of a commit end.
type Commit struct {
	Seq    log.CommitSeq
	Micros int64 // its time, Unix
	End    int   // row behind its last one
}

func (r *Rows) clear() {
	*r = Rows{
		Cols: r.Cols[:0], Partitions: r.Partitions[:0], Offsets: r.Offsets[:0], Commits: r.Commits[:0],
	}
}

// enter says that the rows from here on are of a commit.
func (r *Rows) enter(seq log.CommitSeq, micros int64) {
	if n := len(r.Commits); n > 0 && r.Commits[n-1].Seq == seq {
		return
	}
	r.Commits = append(r.Commits, Commit{Seq: seq, Micros: micros, End: r.Len})
}

// added tells of n more rows of the commit entered last.
func (r *Rows) added(n int) {
	r.Len += n
	r.Commits[len(r.Commits)-1].End = r.Len
}

// Feed reads a stream, one range of commits after the other.
type Feed interface {
	// Begin turns to what became visible in (from, to]; errors are those of log.Changes.
	Begin(ctx context.Context, from, to log.CommitSeq) error
	// Next fills dst; more is false when the range is over.
	Next(ctx context.Context, dst *Rows) (more bool, err error)
	// Divide asks, between two calls of Next, whether what is left of the range can be read in parts, which
	// PartDecoders may decode; from true on NextPart takes the place of Next. Asked once, it may be so later
	// in the range, behind another Next.
	Divide() bool
	// NextPart is the next part, of about so many bytes of the log, in a memory of its own, which may be that of old;
	// nil after the last.
	NextPart(ctx context.Context, bytes int, old *Part) (*Part, error)
	// End gives up the range.
	End()
	// Close ends the Feed; a second Close is harmless.
	Close()
}
