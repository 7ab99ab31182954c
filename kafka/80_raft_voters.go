package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// AddRaftVoter, RemoveRaftVoter: the quorum is this broker (DescribeQuorum) and cannot be changed. A Kafka cluster whose
// kraft.version is 0, which is not among the features here either, answers UNSUPPORTED_VERSION too.
//
// Behaviour: another cluster's id is INCONSISTENT_CLUSTER_ID.
//
// Versions: of AddRaftVoter, 1 whether to wait for the commit.

func (s *Server) voterChange(cluster *string) error {
	if cluster != nil && *cluster != s.cfg.ClusterID {
		return refuse(kerr.InconsistentClusterID, "this is cluster %s", s.cfg.ClusterID)
	}
	return refuse(kerr.UnsupportedVersion, "the quorum is broker %d alone and cannot be changed: kraft.version is 0", s.cfg.NodeID)
}

func (s *Server) addRaftVoter(_ context.Context, _ *request, req *kmsg.AddRaftVoterRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.AddRaftVoterResponse)
	resp.ErrorCode, resp.ErrorMessage = codeAndMessage(s.voterChange(req.ClusterID))
	return resp, nil
}

func (s *Server) removeRaftVoter(_ context.Context, _ *request, req *kmsg.RemoveRaftVoterRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.RemoveRaftVoterResponse)
	resp.ErrorCode, resp.ErrorMessage = codeAndMessage(s.voterChange(req.ClusterID))
	return resp, nil
}
