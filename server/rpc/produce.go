package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sync/errgroup"

	tributaryv1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/storage/log"
)

const (
	// maxRecords bounds the records of one request.
	maxRecords = 20_000
	// maxUnanswered are the requests of one ProduceStream that were appended and not answered.
	maxUnanswered = 64
)

// streamService serves topics.
type streamService struct{ s *Server }

// produced is a request whose records are on their way into the log.
type produced struct {
	pending log.Pending
	spread  spread
	records int
	release func() // of the room in the log; nil = none was taken
}

// Produce implements tributaryv1connect.StreamServiceHandler.
func (v *streamService) Produce(ctx context.Context, req *connect.Request[tributaryv1.ProduceRequest]) (*connect.Response[tributaryv1.ProduceResponse], error) {
	p, err := v.s.produce(ctx, req.Msg)
	if err != nil {
		return nil, err
	}
	answer, err := p.wait(ctx, v.s)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(answer), nil
}

// produce checks a request and appends its records.
func (s *Server) produce(ctx context.Context, m *tributaryv1.ProduceRequest) (p produced, err error) {
	t, err := s.topic(m.Topic)
	if err != nil {
		return p, err
	}
	if err := s.cfg.Broker.Writable(&t); err != nil {
		return p, err
	}
	if err := s.cfg.Broker.May(callOf(ctx).who, &t, true); err != nil {
		return p, err
	}
	switch n := len(m.Records); {
	case n == 0:
		return p, invalid("no records")
	case n > maxRecords:
		return p, invalid("%d records in one request; %d is the limit", n, maxRecords)
	}
	p.records = len(m.Records)
	if p.spread, err = s.spread(m, &t); err != nil {
		return p, err
	}
	who := callOf(ctx).who
	if err := pause(ctx, s.stopping, s.cfg.Broker.Produced(who, 0)); err != nil {
		return p, err
	}
	appends, size, err := p.spread.encode(m, &t, time.Now().UnixMilli())
	if err != nil {
		return p, err
	}
	if p.release, err = s.cfg.Log.Admit(ctx, who.Peer, size); err != nil {
		return p, err
	}
	p.pending, err = s.cfg.Broker.Append(ctx, &t, appends)
	if err != nil {
		p.release()
		return p, err
	}
	s.cfg.Broker.Produced(who, size)
	return p, nil
}

// pause waits because of a quota.
func pause(ctx context.Context, stopping <-chan struct{}, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-stopping:
		return errStopping
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait is the answer, once the records are durable. The log decides in any case.
func (p *produced) wait(ctx context.Context, s *Server) (*tributaryv1.ProduceResponse, error) {
	select {
	case <-p.pending.Done():
		p.release()
	case <-ctx.Done():
		s.late.Go(func() { <-p.pending.Done(); p.release() }) // the log answers all it was given
		return nil, ctx.Err()
	}
	done, err := p.pending.Result()
	if err != nil {
		return nil, err
	}
	s.counts.recordsIn.Add(int64(p.records))
	return p.spread.positions(done.BaseOffsets), nil
}

// topic finds a topic by name.
func (s *Server) topic(name string) (log.Topic, error) {
	if name == "" {
		return log.Topic{}, invalid("no topic is named")
	}
	t, ok := s.cfg.Log.TopicByName(name)
	if !ok {
		return t, fmt.Errorf("%w: %q", log.ErrUnknownTopic, name)
	}
	return t, nil
}

// spread is where the records of a request go: indexes of the request, by partition.
type spread struct {
	partitions []int32         // in the order in which they come first
	records    map[int32][]int // in the order of the request
	count      int
}

func (s *Server) spread(m *tributaryv1.ProduceRequest, t *log.Topic) (out spread, err error) {
	out = spread{records: map[int32][]int{}, count: len(m.Records)}
	turn := int32(-1)
	for i, r := range m.Records {
		var p int32
		switch {
		case r.Partition != nil:
			p = *r.Partition
		case m.Partition != nil:
			p = *m.Partition
		case r.Key != nil:
			p = partitionOf(r.Key, t.Partitions)
		default:
			if turn < 0 {
				turn = s.turns.take(t.ID, t.Partitions)
			}
			p = turn
		}
		if p < 0 || p >= t.Partitions {
			return out, fmt.Errorf("%w: topic %q has no partition %d", log.ErrUnknownTopic, t.Name, p)
		}
		if _, known := out.records[p]; !known {
			out.partitions = append(out.partitions, p)
		}
		out.records[p] = append(out.records[p], i)
	}
	return out, nil
}

// encode makes the record batches of a request.
func (sp *spread) encode(m *tributaryv1.ProduceRequest, t *log.Topic, nowMillis int64) (appends []log.Append, size int, err error) {
	b := recordbatch.NewBuilder(int(topicconfig.Of(t.Configs).MaxMessageBytes))
	var headers []recordbatch.RecordHeader
	for _, p := range sp.partitions {
		var raw []byte
		for _, i := range sp.records[p] {
			r := m.Records[i]
			at := nowMillis
			if r.Timestamp != nil {
				if at = r.Timestamp.AsTime().UnixMilli(); !r.Timestamp.IsValid() || at < 0 {
					return nil, 0, fmt.Errorf("%w: record %d is from before 1970 or not a time", recordbatch.ErrInvalidTimestamp, i)
				}
			}
			headers = headers[:0]
			for _, h := range r.Headers {
				headers = append(headers, recordbatch.RecordHeader{Key: []byte(h.Key), Value: h.Value})
			}
			err := b.Add(r.Key, r.Value, headers, at)
			if errors.Is(err, recordbatch.ErrFull) {
				raw = b.AppendTo(raw)
				err = b.Add(r.Key, r.Value, headers, at)
			}
			if err != nil {
				return nil, 0, fmt.Errorf("record %d: %w", i, err)
			}
		}
		raw = b.AppendTo(raw)
		size += len(raw)
		appends = append(appends, log.Append{Partition: log.Partition{Topic: t.ID, Index: p}, RecordBatches: raw})
	}
	return appends, size, nil
}

// positions are where the records are, which follow each other from the base offset of each partition.
func (sp *spread) positions(bases []int64) *tributaryv1.ProduceResponse {
	out := make([]*tributaryv1.Position, sp.count)
	all := make([]tributaryv1.Position, sp.count)
	for i, p := range sp.partitions {
		for n, at := range sp.records[p] {
			all[at].Partition, all[at].Offset = p, bases[i]+int64(n)
			out[at] = &all[at]
		}
	}
	return &tributaryv1.ProduceResponse{Positions: out}
}

// outcome is a request of a ProduceStream until it is answered.
type outcome struct {
	produced
	err  error
	room func() // of its message
}

// ProduceStream implements tributaryv1connect.StreamServiceHandler. Requests are appended as they come
// and answered in their order.
func (v *streamService) ProduceStream(ctx context.Context, stream *connect.BidiStream[tributaryv1.ProduceRequest, tributaryv1.ProduceStreamResponse]) error {
	c := callOf(ctx)
	if err := stream.Send(nil); err != nil { // the client's call is open now
		return err
	}
	queue := make(chan outcome, maxUnanswered)
	// A reader that waits for the client is woken by the time that it has.
	defer v.s.whenStopping(func() { _ = c.control.SetReadDeadline(time.Now()) })()
	var answering errgroup.Group
	answering.Go(func() error {
		var failed error
		for o := range queue {
			if failed == nil {
				failed = v.answer(ctx, stream, &o)
			} else if o.err == nil {
				<-o.pending.Done()
				o.release()
			}
			o.room()
			if failed != nil {
				_ = c.control.SetReadDeadline(time.Now()) // nothing more is taken
			}
		}
		return failed
	})
	err := v.receive(ctx, stream, queue)
	close(queue)
	if failed := answering.Wait(); failed != nil {
		return failed
	}
	select {
	case <-v.s.stopping:
		return errStopping
	default:
		return err
	}
}

// receive appends what the client sends until it ends.
func (v *streamService) receive(ctx context.Context, stream *connect.BidiStream[tributaryv1.ProduceRequest, tributaryv1.ProduceStreamResponse], queue chan<- outcome) error {
	for {
		m, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		o := outcome{room: callOf(ctx).body.takeRoom()}
		o.produced, o.err = v.s.produce(ctx, m)
		if o.err != nil && (ctx.Err() != nil || errors.Is(o.err, errStopping)) {
			o.room()
			return o.err
		}
		queue <- o // the other side takes until this one ends
	}
}

func (v *streamService) answer(ctx context.Context, stream *connect.BidiStream[tributaryv1.ProduceRequest, tributaryv1.ProduceStreamResponse], o *outcome) error {
	var done *tributaryv1.ProduceResponse
	err := o.err
	if err == nil {
		done, err = o.wait(ctx, v.s)
	}
	switch {
	case err == nil:
		return stream.Send(&tributaryv1.ProduceStreamResponse{Outcome: &tributaryv1.ProduceStreamResponse_Produced{Produced: done}})
	case ctx.Err() != nil:
		return err
	}
	return stream.Send(&tributaryv1.ProduceStreamResponse{Outcome: &tributaryv1.ProduceStreamResponse_Error{
		Error: v.s.infoOf(ctx, stream.Conn().Spec().Procedure, err)}})
}
