package log

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// String names the kind as docs and the dump do.
func (k Kind) String() string {
	names := map[Kind]string{
		KindAppend: "append", KindEndTxn: "end-transaction", KindTruncate: "truncate", KindSwap: "swap",
		KindTopic: "topic", KindCatalog: "catalog", KindWriter: "writer", KindProgress: "progress",
		KindTime: "time", KindProducer: "producer-ids", KindTxn: "transaction",
	}
	if name, ok := names[k]; ok {
		return name
	}
	return fmt.Sprintf("kind(%d)", uint16(k))
}

// DumpLog prints up to n commit records from number from on (0 = the oldest there is), one
// line each and one per change. A record that does not decode is said so and the next one is
// printed.
func DumpLog(ctx context.Context, w io.Writer, s meta.Store, from CommitSeq, n int) error {
	after := max(from, 1) - 1
	if from == 0 {
		var err error
		if after, err = oldest(ctx, s); err != nil {
			return err
		}
	}
	for n > 0 {
		records, err := s.ScanLog(ctx, after, scanBytes)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			return nil
		}
		for _, r := range records {
			if n == 0 {
				return nil
			}
			if err := dumpRecord(w, r); err != nil {
				return err
			}
			after, n = r.Seq, n-1
		}
	}
	return nil
}

// oldest finds the number before the oldest record that is still there.
func oldest(ctx context.Context, s meta.Store) (CommitSeq, error) {
	last, err := s.LastSeq(ctx)
	if err != nil {
		return 0, err
	}
	low, high := CommitSeq(0), last
	for low < high { // ScanLog after a number fails below the floor and works from it on
		middle := low + (high-low)/2
		_, err := s.ScanLog(ctx, middle, 1)
		switch {
		case err == nil:
			high = middle
		case errors.Is(err, meta.ErrTruncated):
			low = middle + 1
		default:
			return 0, err
		}
	}
	return low, nil
}

func dumpRecord(w io.Writer, r meta.Record) error {
	rec, err := decodeRecord(r.Bytes)
	if err != nil {
		_, err = fmt.Fprintf(w, "commit %d: %d bytes: %v\n", r.Seq, len(r.Bytes), err)
		return err
	}
	at := time.UnixMilli(rec.TimeMillis).UTC().Format("2006-01-02T15:04:05.000Z")
	if _, err := fmt.Fprintf(w, "commit %d at %s timeline %d writer %d fence %d seal %d, %d bytes\n",
		rec.Seq, at, rec.Timeline, rec.Writer, rec.Fence, rec.LastSeal, len(r.Bytes)); err != nil {
		return err
	}
	for _, c := range rec.Changes {
		if _, err := fmt.Fprintf(w, "  %s\n", describe(c)); err != nil {
			return err
		}
	}
	return nil
}

func describe(c Change) string {
	// The catalog's payload belongs to the catalog; here it is only counted.
	if c.Kind == KindCatalog {
		return fmt.Sprintf("catalog %d bytes", len(c.Payload))
	}
	decoded, err := newFold(nil).decodeChange(c)
	if err != nil {
		return fmt.Sprintf("%v %d bytes: %v", c.Kind, len(c.Payload), err)
	}
	return decoded.describe()
}

func (p *appendPayload) describe() string {
	var b strings.Builder
	if p.Key == "" {
		fmt.Fprintf(&b, "append inline %d bytes", len(p.Data))
	} else {
		fmt.Fprintf(&b, "append object %s %d bytes", p.Key, p.Size)
	}
	for i := range p.Runs {
		b.WriteString("\n    " + p.Runs[i].describe())
	}
	return b.String()
}

func (r *runPayload) describe() string {
	text := fmt.Sprintf("%x/%d offsets %d-%d, %d records, bytes %d-%d", r.Partition.Topic, r.Partition.Index,
		r.Base, r.Base+r.Span-1, r.Count, r.Position, r.Position+r.Length-1)
	for _, b := range r.Producers {
		text += fmt.Sprintf(", producer %d/%d sequence %d-%d", b.ProducerID, b.Epoch, b.BaseSequence, b.LastSequence)
		if b.Transactional {
			text += " in its transaction"
		}
	}
	return text
}

func (p *swapPayload) describe() string {
	var b strings.Builder
	if p.Level {
		b.WriteString("swap, runs of objects out")
	} else {
		fmt.Fprintf(&b, "swap %d inline groups out", len(p.Out))
	}
	if len(p.Out) > 0 {
		fmt.Fprintf(&b, " (of commits %d-%d)", p.Out[0].Seq, p.Out[len(p.Out)-1].Seq)
	}
	for i := range p.In {
		fmt.Fprintf(&b, "\n    in %s %d bytes, level %d, class %s", p.In[i].Key, p.In[i].Size, p.In[i].Level, p.In[i].Class)
		for k := range p.In[i].Runs {
			r := &p.In[i].Runs[k]
			fmt.Fprintf(&b, "\n      %s, visible at %d-%d", r.describe(), r.First, r.Last)
			if r.Transactional {
				fmt.Fprintf(&b, ", transactions committed at %d-%d, aborted %t", r.LateFirst, r.LateLast, r.Aborts)
			}
		}
	}
	return b.String()
}

func (p *topicPayload) describe() string {
	switch p.Op {
	case topicDelete:
		return fmt.Sprintf("topic delete %x", p.Topic.ID)
	case topicPartitions:
		return fmt.Sprintf("topic grows %x partitions %d", p.Topic.ID, p.Topic.Partitions)
	case topicConfigs:
		out := fmt.Sprintf("topic configs %x", p.Topic.ID)
		for _, c := range p.Configs {
			if c.Delete {
				out += fmt.Sprintf(" %s dropped", c.Name)
			} else {
				out += fmt.Sprintf(" %s=%s", c.Name, c.Value)
			}
		}
		return out
	}
	return fmt.Sprintf("topic create %x %q partitions %d configs %v", p.Topic.ID, p.Topic.Name, p.Topic.Partitions, p.Topic.Configs)
}

func (p *truncatePayload) describe() string {
	cause := map[TruncateCause]string{TruncateTime: "time", TruncateBytes: "bytes", TruncateRecords: "deleted records"}[p.Cause]
	out := fmt.Sprintf("log starts of %d partitions (%s)", len(p.Starts), cause)
	for _, s := range p.Starts {
		out += fmt.Sprintf("\n    %x/%d at %d", s.Partition.Topic, s.Partition.Index, s.Offset)
	}
	return out
}

func (p *writerPayload) describe() string {
	return fmt.Sprintf("writer %d starts with fence %d, feature level %d", p.Writer, p.Fence, p.Level)
}

func (p *progressPayload) describe() string {
	if p.Drop {
		return fmt.Sprintf("progress of %q dropped", p.Name)
	}
	return fmt.Sprintf("progress of %q is %d (%d)", p.Name, p.Seq, p.Number)
}

func (p *producerIDsPayload) describe() string {
	return fmt.Sprintf("producer ids %d-%d handed out", p.First, p.First+p.Count-1)
}

func (timePayload) describe() string { return "time" }

func (p partChange) describe() string { return fmt.Sprintf("catalog %d bytes", len(p.change.Payload)) }
