package rpc

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"

	"connectrpc.com/connect"

	tributaryv1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/storage/log"
)

// maxPage is the most that one answer lists.
const maxPage = 1_000

// pageSize checks the size that a request asks for.
func pageSize(asked int32) (int, error) {
	switch {
	case asked < 0 || asked > maxPage:
		return 0, invalid("page_size %d; 0 to %d are allowed", asked, maxPage)
	case asked == 0:
		return maxPage, nil
	}
	return int(asked), nil
}

func topicOf(t *log.Topic) *tributaryv1.Topic {
	id := hex.EncodeToString(t.ID[:])
	return &tributaryv1.Topic{
		Name: t.Name, Id: id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:],
		Partitions: t.Partitions, Configs: t.Configs, Internal: t.Internal,
	}
}

// CreateTopic implements tributaryv1connect.StreamServiceHandler.
func (v *streamService) CreateTopic(ctx context.Context, req *connect.Request[tributaryv1.CreateTopicRequest]) (*connect.Response[tributaryv1.CreateTopicResponse], error) {
	if req.Msg.Partitions < 0 {
		return nil, invalid("%d partitions", req.Msg.Partitions)
	}
	t, err := v.s.cfg.Broker.CreateTopic(ctx, callOf(ctx).who, req.Msg.Topic, req.Msg.Partitions, req.Msg.Configs)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&tributaryv1.CreateTopicResponse{Topic: topicOf(&t)}), nil
}

// DeleteTopic implements tributaryv1connect.StreamServiceHandler.
func (v *streamService) DeleteTopic(ctx context.Context, req *connect.Request[tributaryv1.DeleteTopicRequest]) (*connect.Response[tributaryv1.DeleteTopicResponse], error) {
	if err := v.s.cfg.Broker.DeleteTopic(ctx, callOf(ctx).who, req.Msg.Topic); err != nil {
		return nil, err
	}
	return connect.NewResponse(&tributaryv1.DeleteTopicResponse{}), nil
}

// ListTopics implements tributaryv1connect.StreamServiceHandler. The token of a page is its last name.
func (v *streamService) ListTopics(_ context.Context, req *connect.Request[tributaryv1.ListTopicsRequest]) (*connect.Response[tributaryv1.ListTopicsResponse], error) {
	size, err := pageSize(req.Msg.PageSize)
	if err != nil {
		return nil, err
	}
	topics := v.s.cfg.Log.Topics()
	from := sort.Search(len(topics), func(i int) bool { return topics[i].Name > req.Msg.PageToken })
	if req.Msg.PageToken == "" {
		from = 0
	}
	out := &tributaryv1.ListTopicsResponse{}
	for i := from; i < len(topics) && len(out.Topics) < size; i++ {
		out.Topics = append(out.Topics, topicOf(&topics[i]))
	}
	if from+size < len(topics) {
		out.NextPageToken = topics[from+size-1].Name
	}
	return connect.NewResponse(out), nil
}

// GetTopicMetadata implements tributaryv1connect.StreamServiceHandler.
func (v *streamService) GetTopicMetadata(ctx context.Context, req *connect.Request[tributaryv1.GetTopicMetadataRequest]) (*connect.Response[tributaryv1.GetTopicMetadataResponse], error) {
	t, err := v.s.topic(req.Msg.Topic)
	if err != nil {
		return nil, err
	}
	var parts []log.Partition
	for p := range t.Partitions {
		parts = append(parts, log.Partition{Topic: t.ID, Index: p})
	}
	ends, err := v.s.cfg.Log.Ends(ctx, parts, true)
	if err != nil {
		return nil, err
	}
	out := &tributaryv1.GetTopicMetadataResponse{Topic: topicOf(&t)}
	for i, e := range ends {
		out.Partitions = append(out.Partitions, &tributaryv1.PartitionMetadata{
			Partition: parts[i].Index, EarliestOffset: e.LogStart, LatestOffset: e.HighWatermark, LastStableOffset: e.LastStableOffset,
		})
	}
	return connect.NewResponse(out), nil
}

// CommitOffset implements tributaryv1connect.StreamServiceHandler.
func (v *streamService) CommitOffset(ctx context.Context, req *connect.Request[tributaryv1.CommitOffsetRequest]) (*connect.Response[tributaryv1.CommitOffsetResponse], error) {
	t, err := v.s.topic(req.Msg.Topic)
	if err != nil {
		return nil, err
	}
	if len(req.Msg.Offsets) == 0 {
		return nil, invalid("no offsets")
	}
	offsets := map[int32]Committed{}
	for _, o := range req.Msg.Offsets {
		if _, twice := offsets[o.Partition]; twice || o.Offset == nil {
			return nil, invalid("partition %d has no offset, or two", o.Partition)
		}
		offsets[o.Partition] = Committed{*o.Offset, o.Metadata}
	}
	if err := v.s.cfg.Broker.Commit(ctx, req.Msg.Group, &t, offsets); err != nil {
		return nil, err
	}
	return connect.NewResponse(&tributaryv1.CommitOffsetResponse{}), nil
}

// GetCommittedOffset implements tributaryv1connect.StreamServiceHandler.
func (v *streamService) GetCommittedOffset(ctx context.Context, req *connect.Request[tributaryv1.GetCommittedOffsetRequest]) (*connect.Response[tributaryv1.GetCommittedOffsetResponse], error) {
	t, err := v.s.topic(req.Msg.Topic)
	if err != nil {
		return nil, err
	}
	committed, err := v.s.cfg.Broker.Committed(ctx, req.Msg.Group, &t)
	if err != nil {
		return nil, err
	}
	asked := slices.Clone(req.Msg.Partitions)
	if len(asked) == 0 {
		for p := range committed {
			asked = append(asked, p)
		}
	}
	slices.Sort(asked)
	out := &tributaryv1.GetCommittedOffsetResponse{}
	for _, p := range slices.Compact(asked) {
		if p < 0 || p >= t.Partitions {
			return nil, fmt.Errorf("%w: topic %q has no partition %d", log.ErrUnknownTopic, t.Name, p)
		}
		o := &tributaryv1.CommittedOffset{Partition: p}
		if c, ok := committed[p]; ok {
			o.Offset, o.Metadata = &c.Offset, c.Metadata
		}
		out.Offsets = append(out.Offsets, o)
	}
	return connect.NewResponse(out), nil
}
