package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	tributaryv1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/internal/recordbatch"
)

// answer is one ConsumeResponse while it is made. It has copies of the records.
type answer struct {
	m       *tributaryv1.ConsumeResponse
	bytes   int
	touched map[int32]int64 // where to go on in the partitions it has read from
	arena   []byte
	headers []recordbatch.RecordHeader
}

// recordCost is what a record takes in an answer besides its bytes.
const recordCost = 32

func newAnswer() *answer {
	return &answer{m: &tributaryv1.ConsumeResponse{}, touched: map[int32]int64{}}
}

func (a *answer) add(partition int32, r *recordbatch.Record) {
	out := &tributaryv1.ConsumedRecord{Partition: partition, Offset: r.Offset, Key: a.copy(r.Key), Value: a.copy(r.Value)}
	if r.Timestamp != recordbatch.NoTimestamp {
		out.Timestamp = &timestamppb.Timestamp{Seconds: r.Timestamp / 1000, Nanos: int32(r.Timestamp%1000) * 1_000_000}
	}
	a.headers = r.Headers(a.headers[:0])
	for _, h := range a.headers {
		out.Headers = append(out.Headers, &tributaryv1.Header{Key: string(h.Key), Value: a.copy(h.Value)})
		a.bytes += len(h.Key) + len(h.Value) + recordCost
	}
	a.bytes += len(r.Key) + len(r.Value) + recordCost
	a.m.Records = append(a.m.Records, out)
}

// arenaSize is how much is allocated at once for copies.
const arenaSize = 64 << 10

// copy keeps null apart from empty.
func (a *answer) copy(b []byte) []byte {
	switch {
	case b == nil:
		return nil
	case len(b) > arenaSize/4:
		return append(make([]byte, 0, len(b)), b...)
	case cap(a.arena)-len(a.arena) < len(b):
		a.arena = make([]byte, 0, arenaSize)
	}
	at := len(a.arena)
	a.arena = append(a.arena, b...)
	return a.arena[at:len(a.arena):len(a.arena)]
}

// open begins to read a record batch; what it takes decompressed counts until free.
func (s *Server) open(ctx context.Context, r *recordbatch.Reader, h *recordbatch.Header, raw []byte) (free func(), err error) {
	if h.Codec() == recordbatch.CodecNone {
		return func() {}, r.Reset(raw, 0)
	}
	select {
	case s.inflating <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	err = r.Reset(raw, 0)
	<-s.inflating
	if err != nil {
		return nil, err
	}
	return s.inflated.Acquire(ctx, callOf(ctx).who.Peer, int64(r.Decoded()))
}
