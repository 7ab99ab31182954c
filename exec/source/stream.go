package source

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// readBytes is how much of the log a source asks for at once.
const readBytes = 1 << 20

// maxDecoded bounds the decompressed size of one record batch.
const maxDecoded = 256 << 20

// stream reads the records of a topic in log order and decodes them: rows of the stream, or
// with faults the records that are no rows.
type stream struct {
	node   *plan.Scan
	rel    *catalog.Relation
	cfg    Config
	faults bool

	decoder *decode.Decoder
	fill    []*delta.Builder // of the decoder, in its order
	outs    []*delta.Builder // of the output, in its order
	meta    []metaColumn
	mark    *watermark
	env     exec.Env
	timeAt  int // builder that holds the event time, in fill

	changes log.ChangeReader
	res     log.ChangeResult
	run     int // next of res.Runs
	records recordbatch.Reader
	open    bool // records is in the middle of a run
	current log.ChangeRun
	more    bool
	cols    []delta.Column
	headers []recordbatch.RecordHeader
	text    []byte
	places  places
}

// places are the records behind the rows of a batch.
type places struct {
	topic      string
	partitions []int32
	offsets    []int64
}

func (p *places) Origin(row int32) *delta.Origin {
	return &delta.Origin{Topic: p.topic, Partition: p.partitions[row], Offset: p.offsets[row]}
}

// metaColumn is an output column that comes from the record itself.
type metaColumn struct {
	what int
	out  *delta.Builder
}

func newStream(n *plan.Scan, cfg Config) (*stream, error) {
	rel, err := cfg.Inputs.Relation(n.Relation)
	if err != nil {
		return nil, err
	}
	s := &stream{node: n, rel: rel, cfg: cfg, timeAt: -1, places: places{topic: rel.TopicName}}
	return s, s.prepare()
}

// newStreamErrors reads what the decoder of parent refuses.
func newStreamErrors(n *plan.Scan, parent *catalog.Relation, cfg Config) (*stream, error) {
	s := &stream{node: n, rel: parent, cfg: cfg, faults: true, timeAt: -1, places: places{topic: parent.TopicName}}
	return s, s.prepare()
}

// prepare makes the decoder and the builders. Without columns to decode a record is still
// decoded as far as it takes to know that it is a row.
func (s *stream) prepare() error {
	columns := make([]decode.Column, len(s.rel.Columns))
	for i, c := range s.rel.Columns {
		columns[i] = decode.Column{Name: c.Name, Type: c.Type, NotNull: c.NotNull}
	}
	var want []int
	add := func(column int) *delta.Builder {
		b := delta.NewBuilder(s.rel.Columns[column].Type.OID)
		want = append(want, column)
		s.fill = append(s.fill, b)
		return b
	}
	switch {
	case s.faults:
		for i := range s.rel.Columns { // any column may be what is wrong
			add(i)
		}
		if s.rel.Watermark != nil {
			s.timeAt = s.rel.Watermark.Column
		}
		for _, f := range s.node.P.Fields {
			s.outs = append(s.outs, delta.NewBuilder(f.Type.OID))
		}
	default:
		for i, at := range s.node.Columns {
			if at >= 0 {
				s.outs = append(s.outs, add(at))
				continue
			}
			b := delta.NewBuilder(s.node.P.Fields[i].Type.OID)
			s.outs = append(s.outs, b)
			s.meta = append(s.meta, metaColumn{at, b})
		}
		if s.rel.Watermark != nil {
			s.timeAt = len(s.fill)
			for i, c := range want {
				if c == s.rel.Watermark.Column {
					s.timeAt = i
				}
			}
			if s.timeAt == len(s.fill) {
				add(s.rel.Watermark.Column)
			}
		}
	}
	var err error
	s.decoder, err = decode.New(decode.Format(s.rel.Format.Name), columns, want, record.DecodeOptions(s.rel.Format))
	return err
}

func (s *stream) Open(env exec.Env) (err error) {
	s.env = env
	if s.timeAt < 0 {
		return nil
	}
	topic, ok := s.cfg.Log.TopicByID(s.rel.Topic)
	if !ok {
		return sqlerr.New(sqlerr.UndefinedObject, "topic %q of stream %q is gone", s.rel.TopicName, s.rel.Name)
	}
	w := s.rel.Watermark
	s.mark, err = openWatermark(env, markRule{
		delay: w.Delay.Microseconds(), idle: w.IdleTimeout.Microseconds(), jump: w.MaxJump.Microseconds(), topic: topic,
	})
	return err
}

func (s *stream) Begin(ctx context.Context, t exec.Tick) error {
	s.end()
	if s.mark != nil { // it may have more partitions, which hold the watermark from then on
		if topic, ok := s.cfg.Log.TopicByID(s.rel.Topic); ok {
			s.mark.topic = topic
		}
	}
	var err error
	f := log.Filter{Topics: []log.TopicFilter{{Topic: s.rel.Topic}}}
	s.changes, err = s.cfg.Log.Changes(ctx, t.From, t.To, f)
	s.more = true
	return err
}

func (s *stream) Next(ctx context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	for _, b := range s.fill {
		b.Clear()
	}
	for _, b := range s.outs {
		b.Clear()
	}
	s.places.partitions, s.places.offsets = s.places.partitions[:0], s.places.offsets[:0]
	rows := 0
	for rows < rowsPerBatch {
		rec, err := s.nextRecord(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, err
		}
		took, err := s.take(rec)
		if err != nil {
			return false, err
		}
		if took {
			rows++
			s.places.partitions = append(s.places.partitions, s.current.Partition.Index)
			s.places.offsets = append(s.places.offsets, rec.Offset)
		}
	}
	s.cols = s.cols[:0]
	for _, b := range s.outs {
		s.cols = append(s.cols, b.Column())
	}
	*dst = delta.Batch{Len: rows, Cols: s.cols, From: &s.places}
	if s.more || s.open || s.run < len(s.res.Runs) {
		return true, nil
	}
	if s.mark != nil { // a tick ends with a commit
		s.mark.settle()
		return false, s.mark.save()
	}
	return false, nil
}

// nextRecord gives the next record of the tick, io.EOF after the last.
func (s *stream) nextRecord(ctx context.Context) (*recordbatch.Record, error) {
	for {
		if s.open {
			for s.records.Next() {
				if rec := s.records.Record(); rec.Offset >= s.current.First {
					return rec, nil
				}
			}
			s.open = false
			if err := s.records.Err(); err != nil {
				return nil, err
			}
		}
		if s.run < len(s.res.Runs) {
			s.current = s.res.Runs[s.run]
			s.run++
			if s.mark != nil {
				s.mark.begin(s.current.VisibleAt, s.current.CommitTime.UnixMicro())
			}
			if err := s.records.Reset(s.current.RecordBatch, maxDecoded); err != nil {
				return nil, err
			}
			s.open = !s.records.Header().Control()
			continue
		}
		if !s.more {
			return nil, io.EOF
		}
		s.res.Runs, s.run = s.res.Runs[:0], 0
		var err error
		if s.more, err = s.changes.Next(ctx, log.Budget{MaxBytes: readBytes}, &s.res); err != nil {
			return nil, err
		}
	}
}

// take decodes a record; true when it made an output row.
func (s *stream) take(rec *recordbatch.Record) (bool, error) {
	fault, ok := s.decoder.Decode(rec.Value, s.fill)
	if s.faults {
		return s.takeFault(rec, fault, ok)
	}
	if !ok {
		return false, nil
	}
	before := int64(exec.NoWatermark)
	if s.mark != nil {
		before = s.mark.now
		if at, ok := s.eventTime(); ok && s.mark.observe(s.current.Partition.Index, at) {
			if err := s.env.Late(1, nil, exec.ReasonAhead); err != nil {
				return false, err
			}
		}
	}
	for _, m := range s.meta {
		if m.what == plan.MetaWatermark {
			delta.Append(m.out, before)
			continue
		}
		s.appendMeta(m.out, m.what, rec)
	}
	return true, nil
}

// takeFault makes a row of a record that is no row of the stream, and of one that is a row but
// has a time that a window that waits may not take.
func (s *stream) takeFault(rec *recordbatch.Record, fault decode.Fault, ok bool) (bool, error) {
	if ok {
		ok, fault = s.onTime()
		for _, b := range s.fill {
			b.Clear()
		}
	}
	if ok {
		return false, nil
	}
	return true, s.faultRow(rec, fault)
}

// onTime judges the row just decoded by the watermark that the commits before its own made.
func (s *stream) onTime() (ok bool, fault decode.Fault) {
	if s.mark == nil {
		return true, fault
	}
	at, hasTime := s.eventTime()
	ahead := hasTime && s.mark.observe(s.current.Partition.Index, at)
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
func (s *stream) eventTime() (micros int64, ok bool) {
	b := s.fill[s.timeAt]
	col := b.Column()
	row := int32(b.Len() - 1)
	if col.Null(row) {
		return 0, false
	}
	at := delta.Values[int64](&col)[row]
	return at, exec.FiniteTime(at)
}

// unixToPostgresMicros is 2000-01-01 in Unix microseconds.
const unixToPostgresMicros = 946_684_800_000_000

func (s *stream) appendMeta(b *delta.Builder, what int, rec *recordbatch.Record) {
	switch what {
	case plan.MetaKey:
		if rec.Key == nil {
			b.AppendNull()
			return
		}
		b.AppendBytes(rec.Key)
	case plan.MetaPartition:
		delta.Append(b, s.current.Partition.Index)
	case plan.MetaOffset:
		delta.Append(b, rec.Offset)
	case plan.MetaTimestamp:
		if rec.Timestamp < 0 {
			b.AppendNull()
			return
		}
		delta.Append(b, rec.Timestamp*1000-unixToPostgresMicros)
	case plan.MetaHeaders:
		s.appendHeaders(b, rec)
	}
}

// appendHeaders writes headers as a JSON array of {"key":…,"value":…}, the values as text.
func (s *stream) appendHeaders(b *delta.Builder, rec *recordbatch.Record) {
	s.headers = rec.Headers(s.headers[:0])
	s.text = append(s.text[:0], '[')
	for i, h := range s.headers {
		if i > 0 {
			s.text = append(s.text, ", "...)
		}
		s.text = append(s.text, `{"key": `...)
		s.text = record.AppendText(s.text, h.Key)
		s.text = append(s.text, `, "value": `...)
		if h.Value == nil {
			s.text = append(s.text, "null"...)
		} else {
			s.text = record.AppendText(s.text, h.Value)
		}
		s.text = append(s.text, '}')
	}
	b.AppendBytes(append(s.text, ']'))
}

// faultRow appends the columns of an error relation, as far as the scan wants them.
func (s *stream) faultRow(rec *recordbatch.Record, f decode.Fault) error {
	for i, at := range s.node.Columns {
		b := s.outs[i]
		switch at {
		case 0:
			delta.Append(b, s.current.Partition.Index)
		case 1:
			delta.Append(b, rec.Offset)
		case 2:
			s.appendMeta(b, plan.MetaTimestamp, rec)
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

func (s *stream) Progress() exec.Progress {
	s.end()
	if s.mark == nil {
		return exec.Progress{Watermark: exec.NoWatermark}
	}
	return exec.Progress{Watermark: s.mark.now}
}

func (s *stream) end() {
	if s.changes != nil {
		_ = s.changes.Close() // it only unpins
		s.changes = nil
	}
	s.res.Runs, s.run, s.open, s.more = s.res.Runs[:0], 0, false, false
}

func (s *stream) Close() error {
	s.end()
	s.records.Release()
	return nil
}
