package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// ListOffsets: where a partition begins and ends, and where a time begins.
//
// Behaviour: -1 is the end (for read_committed the last stable offset), -2 the start, -3 the
// record with the largest timestamp, -4 the start of what is local (here: all), -5 the end of
// what is tiered (here: nothing, so -1). A timestamp gives the first record at or after it, or
// -1 if there is none. Ends are linearizable.
//
// Versions: 1 one offset instead of a list; 2 isolation level; 4 leader epochs; 6 flexible; 7
// knows -3, 8 -4, 9 -5; 10 a timeout; 11 -6, which means nothing here.

func (s *Server) listOffsets(ctx context.Context, _ *request, req *kmsg.ListOffsetsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	ends, err := s.endsOf(ctx, req)
	for i := range req.Topics {
		rt := kmsg.NewListOffsetsResponseTopic()
		rt.Topic = req.Topics[i].Topic
		t, known := s.cfg.Log.TopicByName(rt.Topic)
		for _, p := range req.Topics[i].Partitions {
			rp := kmsg.NewListOffsetsResponseTopicPartition()
			rp.Partition = p.Partition
			at := log.Partition{Topic: t.ID, Index: p.Partition}
			switch {
			case !known || p.Partition < 0 || p.Partition >= t.Partitions:
				rp.ErrorCode = kerr.UnknownTopicOrPartition.Code
			case err != nil:
				rp.ErrorCode = codeOf(err)
			default:
				rp.ErrorCode = s.checkLeaderEpoch(p.CurrentLeaderEpoch)
			}
			if rp.ErrorCode == 0 {
				s.listOffset(ctx, &rp, at, ends[at], p.Timestamp, req.IsolationLevel == 1)
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil
}

// endsOf reads the ends of all partitions that exist, with one linearizable read.
func (s *Server) endsOf(ctx context.Context, req *kmsg.ListOffsetsRequest) (map[log.Partition]log.Ends, error) {
	var parts []log.Partition
	for i := range req.Topics {
		t, known := s.cfg.Log.TopicByName(req.Topics[i].Topic)
		for _, p := range req.Topics[i].Partitions {
			if known && p.Partition >= 0 && p.Partition < t.Partitions {
				parts = append(parts, log.Partition{Topic: t.ID, Index: p.Partition})
			}
		}
	}
	ends, err := s.cfg.Log.Ends(ctx, parts, true)
	if err != nil {
		return nil, err
	}
	byPartition := make(map[log.Partition]log.Ends, len(parts))
	for i, p := range parts {
		byPartition[p] = ends[i]
	}
	return byPartition, nil
}

// Times that mean a place.
const (
	timeLatest        = -1
	timeEarliest      = -2
	timeMax           = -3
	timeEarliestLocal = -4
	timeLatestTiered  = -5
	timeNotUploaded   = -6
)

func (s *Server) listOffset(ctx context.Context, rp *kmsg.ListOffsetsResponseTopicPartition, p log.Partition, ends log.Ends, at int64, committed bool) {
	rp.Timestamp, rp.LeaderEpoch = -1, -1
	defer func() {
		if rp.ErrorCode == 0 && rp.Offset >= 0 {
			rp.LeaderEpoch = s.cfg.Epochs.At(p, rp.Offset)
		}
	}()
	switch at {
	case timeLatest:
		rp.Offset = ends.HighWatermark
		if committed {
			rp.Offset = ends.LastStableOffset
		}
		return
	case timeEarliest, timeEarliestLocal:
		rp.Offset = ends.LogStart
		return
	case timeLatestTiered, timeNotUploaded:
		rp.Offset = -1
		return
	}
	if at < timeMax {
		rp.ErrorCode, rp.Offset = kerr.InvalidRequest.Code, -1
		return
	}
	offset, timestamp, found, err := s.cfg.Log.OffsetForTime(ctx, p, at, committed)
	switch {
	case err != nil:
		rp.ErrorCode, rp.Offset = codeOf(err), -1
	case !found:
		rp.Offset = -1
	default:
		rp.Offset, rp.Timestamp = offset, timestamp
	}
}
