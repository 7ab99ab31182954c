package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DescribeQuorum: Kafka's metadata is the log __cluster_metadata; here it is the commit log, which this broker
// writes alone. So the quorum is this broker, and the high watermark is the newest commit.
//
// Behaviour: any other partition is UNKNOWN_TOPIC_OR_PARTITION.
//
// Versions: 1 times of the last fetch; 2 messages of errors, directory ids, addresses.

const metadataTopic = "__cluster_metadata"

func (s *Server) describeQuorum(ctx context.Context, _ *request, req *kmsg.DescribeQuorumRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeQuorumResponse)
	newest, err := s.cfg.Log.Newest(ctx, false)
	if err != nil {
		resp.ErrorCode, resp.ErrorMessage = codeAndMessage(err)
		return resp, ctx.Err()
	}
	for _, asked := range req.Topics {
		rt := kmsg.NewDescribeQuorumResponseTopic()
		rt.Topic = asked.Topic
		for _, p := range asked.Partitions {
			rp := kmsg.NewDescribeQuorumResponseTopicPartition()
			rp.Partition, rp.LeaderID, rp.LeaderEpoch = p.Partition, s.cfg.NodeID, s.cfg.Epochs.Current()
			if asked.Topic != metadataTopic || p.Partition != 0 {
				rp.LeaderID, rp.LeaderEpoch, rp.HighWatermark = -1, -1, -1
				rp.ErrorCode, rp.ErrorMessage = codeAndMessage(refuse(kerr.UnknownTopicOrPartition, "the only quorum is of %s, partition 0", metadataTopic))
			} else {
				rp.HighWatermark = int64(newest)
				voter := kmsg.NewDescribeQuorumResponseTopicPartitionReplicaState()
				now := s.cfg.Clock.Now().UnixMilli()
				voter.ReplicaID, voter.LogEndOffset = s.cfg.NodeID, int64(newest)
				voter.LastFetchTimestamp, voter.LastCaughtUpTimestamp = now, now
				rp.CurrentVoters = append(rp.CurrentVoters, voter)
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	a := s.address.Load()
	listener := kmsg.NewDescribeQuorumResponseNodeListener()
	listener.Name, listener.Host, listener.Port = "PLAINTEXT", a.host, uint16(a.port)
	node := kmsg.NewDescribeQuorumResponseNode()
	node.NodeID, node.Listeners = s.cfg.NodeID, append(node.Listeners, listener)
	resp.Nodes = append(resp.Nodes, node)
	return resp, nil
}
