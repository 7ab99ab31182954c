package source

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/exec/keyed"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/planner/plan"
)

// streamErrors reads the records of a stream, or of a table over a topic, that are no rows of it, and those whose time a window
// that waits may not take.
type streamErrors struct {
	node *plan.Scan
	rel  *catalog.Relation // the stream
	cfg  Config

	records *decoded.Records
	inRun   bool
	decoder *decode.Decoder
	keyed   *keyed.Decoder   // of a table over a topic, else nil
	fill    []*delta.Builder // all columns of the stream: any may be what is wrong
	outs    []*delta.Builder
	mark    *watermark
	cols    []delta.Column
	places  places
}

// newStreamErrors reads what the decoder of parent refuses.
func newStreamErrors(n *plan.Scan, parent *catalog.Relation, cfg Config) (*streamErrors, error) {
	s := &streamErrors{
		node: n, rel: parent, cfg: cfg,
		records: decoded.NewRecords(cfg.Log, parent.Topic), places: places{topic: parent.TopicName},
	}
	var want []int
	for i, c := range parent.Columns {
		s.fill = append(s.fill, delta.NewBuilder(c.Type.OID))
		want = append(want, i)
	}
	for _, f := range n.P.Fields {
		s.outs = append(s.outs, delta.NewBuilder(f.Type.OID))
	}
	var err error
	if parent.FromTopic {
		s.keyed, err = keyed.New(parent)
	} else {
		s.decoder, err = decoded.NewDecoder(parent, want)
	}
	return s, err
}

func (s *streamErrors) Open(env exec.Env) (err error) {
	if s.rel.Watermark != nil {
		s.mark, err = openMark(env, s.rel, s.cfg.Log)
	}
	return err
}

// ReadsLog implements exec.LogReader.
func (s *streamErrors) ReadsLog() {}

func (s *streamErrors) Begin(ctx context.Context, t exec.Tick) error {
	if s.mark != nil {
		s.mark.renew(s.cfg.Log, s.rel.Topic)
	}
	s.inRun = false
	return s.records.Begin(ctx, t.From, t.To)
}

func (s *streamErrors) Next(ctx context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	for _, b := range s.outs {
		b.Clear()
	}
	s.places.partitions, s.places.offsets = s.places.partitions[:0], s.places.offsets[:0]
	more := true
	for more && len(s.places.offsets) < rowsPerBatch {
		var err error
		if more, err = s.step(ctx); err != nil {
			return false, err
		}
	}
	s.cols = s.cols[:0]
	for _, b := range s.outs {
		s.cols = append(s.cols, b.Column())
	}
	*dst = delta.Batch{Len: len(s.places.offsets), Cols: s.cols, From: &s.places}
	if more || s.mark == nil {
		return more, nil
	}
	s.mark.settle() // a tick ends with a commit
	return false, s.mark.save()
}

// step takes a record, or turns to the next run; false after the last one.
func (s *streamErrors) step(ctx context.Context) (bool, error) {
	if !s.inRun {
		run, err := s.records.NextRun(ctx)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if s.mark != nil {
			s.mark.begin(run.VisibleAt, run.CommitTime.UnixMicro())
		}
		s.inRun = true
	}
	rec, err := s.records.Next()
	if err != nil {
		return false, err
	}
	if rec == nil {
		s.inRun = false
		return true, nil
	}
	return true, s.take(rec)
}

// take makes a row of a record that is no row of the stream, or has a time that is not taken.
func (s *streamErrors) take(rec *recordbatch.Record) error {
	if s.keyed != nil {
		if fault, ok := s.keyed.Check(rec.Key, rec.Value); !ok {
			return s.refuse(rec, fault)
		}
		return nil
	}
	fault, ok := s.decoder.Decode(rec.Value, s.fill)
	if ok {
		ok, fault = s.onTime()
		for _, b := range s.fill {
			b.Clear()
		}
	}
	if ok {
		return nil
	}
	return s.refuse(rec, fault)
}

// refuse makes a row of a record.
func (s *streamErrors) refuse(rec *recordbatch.Record, fault decode.Fault) error {
	s.places.partitions = append(s.places.partitions, s.records.Run().Partition.Index)
	s.places.offsets = append(s.places.offsets, rec.Offset)
	return s.faultRow(rec, fault)
}

// onTime judges the row just decoded by the watermark that the commits before its own made.
func (s *streamErrors) onTime() (ok bool, fault decode.Fault) {
	if s.mark == nil {
		return true, fault
	}
	at, hasTime := s.eventTime()
	ahead := hasTime && s.mark.observe(s.records.Run().Partition.Index, at)
	fault.Column = s.rel.Columns[s.rel.Watermark.Column].Name
	switch {
	case !hasTime:
		fault.Reason, fault.Message = decode.Reason(exec.ReasonNoTime), "the record has no finite event time"
	case ahead:
		fault.Reason, fault.Message = decode.Reason(exec.ReasonAhead), "the record is further ahead than watermark_max_jump"
	case at < s.mark.now:
		fault.Reason, fault.Message = decode.Reason(exec.ReasonLate), "the record is behind the watermark"
	default:
		return true, decode.Fault{}
	}
	return false, fault
}

// eventTime of the row just decoded; an infinite one is none.
func (s *streamErrors) eventTime() (micros int64, ok bool) {
	b := s.fill[s.rel.Watermark.Column]
	col := b.Column()
	row := int32(b.Len() - 1)
	if col.Null(row) {
		return 0, false
	}
	at := delta.Values[int64](&col)[row]
	return at, exec.FiniteTime(at)
}

// faultRow appends the columns of an error relation, as far as the scan wants them.
func (s *streamErrors) faultRow(rec *recordbatch.Record, f decode.Fault) error {
	for i, at := range s.node.Columns {
		b := s.outs[i]
		switch at {
		case 0:
			delta.Append(b, s.records.Run().Partition.Index)
		case 1:
			delta.Append(b, rec.Offset)
		case 2:
			decoded.AppendTimestamp(b, rec)
		case 3:
			b.AppendString(string(f.Reason))
		case 4:
			appendOptional(b, f.Column)
		case 5:
			b.AppendString(f.Message)
		case 6:
			appendNullable(b, rec.Key)
		case 7:
			appendNullable(b, rec.Value)
		default:
			return errors.New("error relation has no column " + strconv.Itoa(at))
		}
	}
	return nil
}

func appendOptional(b *delta.Builder, text string) {
	if text == "" {
		b.AppendNull()
		return
	}
	b.AppendString(text)
}

func appendNullable(b *delta.Builder, v []byte) {
	if v == nil {
		b.AppendNull()
		return
	}
	b.AppendBytes(v)
}

func (s *streamErrors) Progress() exec.Progress {
	s.records.End()
	if s.mark == nil {
		return exec.Progress{Watermark: exec.NoWatermark}
	}
	return exec.Progress{Watermark: s.mark.now}
}

func (s *streamErrors) Close() error {
	s.records.Close()
	return nil
}
