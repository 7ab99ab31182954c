package rpc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"connectrpc.com/connect"

	tributaryv1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
)

// Offsets that mean a place.
const (
	earliest = -1
	latest   = -2
)

const (
	defaultAnswer = 1 << 20
	// maxAnswerRecords bounds the records of one answer: a record has a size besides its bytes.
	maxAnswerRecords = 10_000
	// answerCost is what an answer takes while it is made and written, for each byte of its records:
	// what was read, the answer, its encoding.
	answerCost = 3
	// fewestBytes of a partition are read at once, where there are many.
	fewestBytes = 64 << 10
)

// consumer reads partitions of a topic.
type consumer struct {
	s         *Server
	req       *tributaryv1.ConsumeRequest
	topic     log.Topic
	whole     bool // all partitions, also those to come
	from      int32
	reads     []log.PartitionRead
	aborted   []map[int64]bool // of each partition: producers of which a transaction that was aborted is being passed
	maxBytes  int
	maxWait   time.Duration // < 0 = for ever
	remaining int64         // records until the end
	turn      int           // which partition is read first
	send      func(*tributaryv1.ConsumeResponse) error
	once      bool // one answer is enough

	answer *answer
}

// Consume implements tributaryv1connect.StreamServiceHandler.
func (v *streamService) Consume(ctx context.Context, req *connect.Request[tributaryv1.ConsumeRequest], stream *connect.ServerStream[tributaryv1.ConsumeResponse]) error {
	ctx, end := v.s.endless(ctx)
	defer end()
	c, err := v.s.newConsumer(ctx, req.Msg)
	if err != nil {
		return v.s.ended(ctx, req.Spec().Procedure, err)
	}
	if err := stream.Send(nil); err != nil { // the client's call is open now, also while there is nothing to read
		return err
	}
	c.send = stream.Send
	return v.s.ended(ctx, req.Spec().Procedure, c.run(ctx))
}

// Fetch implements tributaryv1connect.StreamServiceHandler.
func (v *streamService) Fetch(ctx context.Context, req *connect.Request[tributaryv1.ConsumeRequest]) (*connect.Response[tributaryv1.ConsumeResponse], error) {
	ctx, end := v.s.endless(ctx)
	defer end()
	c, err := v.s.newConsumer(ctx, req.Msg)
	if err != nil {
		return nil, v.s.ended(ctx, req.Spec().Procedure, err)
	}
	var got *tributaryv1.ConsumeResponse
	c.once, c.send = true, func(m *tributaryv1.ConsumeResponse) error { got = m; return nil }
	if req.Msg.MaxWait == nil {
		c.maxWait = 0
	}
	if err := c.run(ctx); err != nil {
		return nil, v.s.ended(ctx, req.Spec().Procedure, err)
	}
	if got == nil {
		got = &tributaryv1.ConsumeResponse{NextOffsets: c.next()}
	}
	return connect.NewResponse(got), nil
}

// newConsumer checks a request and finds out where it begins.
func (s *Server) newConsumer(ctx context.Context, m *tributaryv1.ConsumeRequest) (*consumer, error) {
	t, err := s.topic(m.Topic)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Broker.May(callOf(ctx).who, &t, false); err != nil {
		return nil, err
	}
	c := &consumer{s: s, req: m, topic: t, maxBytes: int(m.MaxBytes), remaining: m.MaxRecords, maxWait: -1}
	switch {
	case m.MaxBytes < 0 || m.MaxBytes > maxMessage:
		return nil, invalid("max_bytes %d; 0 to %d are allowed", m.MaxBytes, maxMessage)
	case m.MaxRecords < 0:
		return nil, invalid("max_records %d", m.MaxRecords)
	case m.Partition != nil && (*m.Partition < 0 || *m.Partition >= t.Partitions):
		return nil, fmt.Errorf("%w: topic %q has no partition %d", log.ErrUnknownTopic, t.Name, *m.Partition)
	case m.MaxWait != nil && (!m.MaxWait.IsValid() || m.MaxWait.AsDuration() < 0):
		return nil, invalid("max_wait is no time to wait")
	}
	if c.maxBytes == 0 {
		c.maxBytes = defaultAnswer
	}
	if c.remaining == 0 {
		c.remaining = math.MaxInt64
	}
	if m.MaxWait != nil {
		c.maxWait = m.MaxWait.AsDuration()
	}
	c.whole = m.Partition == nil
	first, behind := int32(0), t.Partitions
	if !c.whole {
		first, behind = *m.Partition, *m.Partition+1
	}
	for p := range m.Offsets {
		if p < first || p >= behind {
			return nil, invalid("offsets has partition %d, which is not read", p)
		}
	}
	return c, c.begin(ctx, first, behind)
}

// begin places the consumer in the partitions [first, behind).
func (c *consumer) begin(ctx context.Context, first, behind int32) error {
	var committed map[int32]Committed
	if c.req.Group != "" {
		var err error
		if committed, err = c.s.cfg.Broker.Committed(ctx, c.req.Group, &c.topic); err != nil {
			return err
		}
	}
	var parts []log.Partition
	for p := first; p < behind; p++ {
		parts = append(parts, log.Partition{Topic: c.topic.ID, Index: p})
	}
	ends, err := c.s.cfg.Log.Ends(ctx, parts, true)
	if err != nil {
		return err
	}
	for i, p := range parts {
		at := int64(earliest)
		if o, ok := committed[p.Index]; ok {
			at = o.Offset
		}
		if c.req.Offset != nil {
			at = *c.req.Offset
		}
		if o, ok := c.req.Offsets[p.Index]; ok {
			at = o
		}
		switch {
		case at == earliest:
			at = ends[i].LogStart
		case at == latest && c.req.ReadCommitted:
			at = ends[i].LastStableOffset
		case at == latest:
			at = ends[i].HighWatermark
		case at < 0:
			return invalid("offset %d; -1 is the earliest, -2 the latest", at)
		}
		c.add(p, at)
	}
	c.from = behind
	return nil
}

func (c *consumer) add(p log.Partition, at int64) {
	c.reads = append(c.reads, log.PartitionRead{Partition: p, Offset: at, Committed: c.req.ReadCommitted})
	c.aborted = append(c.aborted, nil)
}

// next is where each partition goes on.
func (c *consumer) next() map[int32]int64 {
	out := make(map[int32]int64, len(c.reads))
	for i := range c.reads {
		out[c.reads[i].Partition.Index] = c.reads[i].Offset
	}
	return out
}

var errEnough = errors.New("as many records as were asked for")

// run reads and sends until there is a reason to end.
func (c *consumer) run(ctx context.Context) error {
	idle := time.Now()
	for {
		asOf, some, err := c.step(ctx)
		switch {
		case errors.Is(err, errEnough):
			return nil
		case err != nil:
			return err
		case some && c.once:
			return nil
		case some:
			idle = time.Now()
			continue
		}
		if done, err := c.await(ctx, asOf, idle); done || err != nil {
			return err
		}
	}
}

// await waits for something to read. done: the time is up.
func (c *consumer) await(ctx context.Context, asOf log.CommitSeq, idle time.Time) (done bool, err error) {
	wait := ctx
	if c.maxWait >= 0 {
		left := c.maxWait - time.Since(idle)
		if left <= 0 {
			return true, nil
		}
		var stop context.CancelFunc
		wait, stop = context.WithTimeout(ctx, left)
		defer stop()
	}
	f := log.TopicFilter{Topic: c.topic.ID}
	if !c.whole {
		f.Partitions = []int32{c.reads[0].Partition.Index}
	}
	_, err = c.s.cfg.Log.Wait(wait, log.Filter{Topics: []log.TopicFilter{f}}, asOf)
	switch {
	case err != nil && ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil && wait.Err() != nil:
		return false, nil // read once more: what came last is not left out
	}
	return false, err
}

// grow takes in the partitions that the topic has got since.
func (c *consumer) grow() error {
	t, ok := c.s.cfg.Log.TopicByID(c.topic.ID)
	if !ok {
		return fmt.Errorf("%w: topic %q was deleted", log.ErrUnknownTopic, c.topic.Name)
	}
	for c.whole && c.from < t.Partitions {
		c.add(log.Partition{Topic: t.ID, Index: c.from}, 0)
		c.from++
	}
	return nil
}

// step reads once and sends what there is.
func (c *consumer) step(ctx context.Context) (asOf log.CommitSeq, some bool, err error) {
	if err := c.grow(); err != nil {
		return 0, false, err
	}
	who := callOf(ctx).who
	if err := pause(ctx, c.s.stopping, c.s.cfg.Broker.Fetched(who, 0)); err != nil {
		return 0, false, err
	}
	free, err := c.s.room.Acquire(ctx, who.Peer, int64(c.maxBytes)*answerCost)
	if err != nil {
		return 0, false, err
	}
	defer free()
	n := len(c.reads)
	reads := make([]log.PartitionRead, 0, n)
	for i := range n {
		r := c.reads[(c.turn+i)%n]
		r.MaxBytes = max(min(fewestBytes, c.maxBytes), c.maxBytes/n)
		reads = append(reads, r)
	}
	var res log.FetchResult
	if err := c.s.cfg.Log.Fetch(ctx, reads, log.Budget{MaxBytes: c.maxBytes}, &res); err != nil {
		return 0, false, err
	}
	defer res.Release()
	c.answer = newAnswer()
	for i := range reads {
		d := &res.Partitions[i]
		if d.Err != nil {
			return 0, false, c.fault(&reads[i], d)
		}
		if err := c.partition(ctx, (c.turn+i)%n, d); err != nil {
			return 0, false, err
		}
	}
	c.turn = (c.turn + 1) % n
	if err := c.flush(); err != nil {
		return 0, false, err
	}
	c.s.cfg.Broker.Fetched(who, res.Bytes)
	return res.AsOf, res.Bytes > 0, nil
}

// fault says where a partition would have been.
func (c *consumer) fault(r *log.PartitionRead, d *log.PartitionData) error {
	if errors.Is(d.Err, log.ErrOffsetOutOfRange) {
		return fmt.Errorf("%w: partition %d of topic %q has %d to %d, not %d", d.Err, r.Partition.Index, c.topic.Name, d.LogStart, d.HighWatermark, r.Offset)
	}
	return fmt.Errorf("%w: partition %d of topic %q", d.Err, r.Partition.Index, c.topic.Name)
}

// partition puts what was read of a partition into answers.
func (c *consumer) partition(ctx context.Context, i int, d *log.PartitionData) error {
	aborted := d.Aborted
	for rest := d.RecordBatches; len(rest) > 0; {
		h, raw, after, err := recordbatch.Next(rest)
		if err != nil {
			return err
		}
		rest = after
		for len(aborted) > 0 && aborted[0].FirstOffset <= h.LastOffset() {
			if c.aborted[i] == nil {
				c.aborted[i] = map[int64]bool{}
			}
			c.aborted[i][aborted[0].ProducerID] = true
			aborted = aborted[1:]
		}
		switch {
		case h.Control():
			delete(c.aborted[i], h.ProducerID) // of this or of an earlier transaction, whose marker it is
		case h.RecordCount > 0 && !(h.Transactional() && c.aborted[i][h.ProducerID]):
			if err := c.records(ctx, i, &h, raw); err != nil {
				return err
			}
		}
		c.reads[i].Offset = h.LastOffset() + 1
		c.answer.touched[c.reads[i].Partition.Index] = c.reads[i].Offset
	}
	return nil
}

// records puts the records of a record batch into answers, and sends those that are full.
func (c *consumer) records(ctx context.Context, i int, h *recordbatch.Header, raw []byte) error {
	var r recordbatch.Reader
	defer r.Release()
	free, err := c.s.open(ctx, &r, h, raw)
	if err != nil {
		return err
	}
	defer free()
	read := &c.reads[i]
	for r.Next() {
		rec := r.Record()
		if rec.Offset < read.Offset {
			continue
		}
		size := len(rec.Key) + len(rec.Value)
		if c.answer.bytes > 0 && c.answer.bytes+size > c.maxBytes || len(c.answer.m.Records) >= maxAnswerRecords {
			if err := c.flush(); err != nil {
				return err
			}
			if c.once {
				return errEnough
			}
		}
		c.answer.add(read.Partition.Index, rec)
		read.Offset = rec.Offset + 1
		c.answer.touched[read.Partition.Index] = read.Offset
		if c.remaining--; c.remaining == 0 {
			if err := c.flush(); err != nil {
				return err
			}
			return errEnough
		}
	}
	return r.Err()
}

// flush sends the answer that is being made, if there is anything in it.
func (c *consumer) flush() error {
	a := c.answer
	if len(a.touched) == 0 {
		return nil
	}
	a.m.NextOffsets = a.touched
	c.answer = newAnswer()
	if err := c.send(a.m); err != nil {
		return err
	}
	c.s.counts.recordsOut.Add(int64(len(a.m.Records)))
	return nil
}
