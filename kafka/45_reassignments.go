package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// AlterPartitionReassignments (45), ListPartitionReassignments (46): records lie in the object store, nothing of
// a partition is on a broker, and so nothing is ever being moved.
//
// Behaviour: asked for the one broker there is, a partition is where it should be (no error). Any other list of
// brokers is INVALID_REPLICA_ASSIGNMENT; to cancel (no list) is NO_REASSIGNMENT_IN_PROGRESS.
//
// Versions: 1 of AlterPartitionReassignments: whether the number of replicas may change, which it cannot.

func (s *Server) alterPartitionAssignments(_ context.Context, _ *request, req *kmsg.AlterPartitionAssignmentsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.AlterPartitionAssignmentsResponse)
	resp.AllowReplicationFactorChange = req.AllowReplicationFactorChange
	for _, asked := range req.Topics {
		rt := kmsg.NewAlterPartitionAssignmentsResponseTopic()
		rt.Topic = asked.Topic
		t, known := s.cfg.Log.TopicByName(asked.Topic)
		for _, p := range asked.Partitions {
			rp := kmsg.NewAlterPartitionAssignmentsResponseTopicPartition()
			rp.Partition = p.Partition
			var err error
			switch {
			case !known || p.Partition < 0 || p.Partition >= t.Partitions:
				err = refuse(kerr.UnknownTopicOrPartition, "the partition does not exist")
			case p.Replicas == nil:
				err = refuse(kerr.NoReassignmentInProgress, "records lie in the object store: nothing is being moved")
			case len(p.Replicas) != 1 || p.Replicas[0] != s.cfg.NodeID:
				err = refuse(kerr.InvalidReplicaAssignment, "the only broker is %d, and the object store keeps the copies", s.cfg.NodeID)
			}
			rp.ErrorCode, rp.ErrorMessage = codeAndMessage(err)
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil
}

func (s *Server) listPartitionReassignments(_ context.Context, _ *request, req *kmsg.ListPartitionReassignmentsRequest) (kmsg.Response, error) {
	return req.ResponseKind(), nil
}
