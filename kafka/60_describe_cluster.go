package kafka

import (
	"context"
	"math"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DescribeCluster: this broker, which is the cluster.
//
// Versions: all flexible; 1 asks for brokers (1) or controllers (2, which nobody can connect to:
// MISMATCHED_ENDPOINT_TYPE); 2 fenced brokers, of which there are none.

func (s *Server) describeCluster(_ context.Context, _ *request, req *kmsg.DescribeClusterRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeClusterResponse)
	resp.EndpointType = 1
	resp.ClusterAuthorizedOperations = math.MinInt32
	if req.Version >= 1 && req.EndpointType != 1 {
		resp.ErrorCode = kerr.UnsupportedEndpointType.Code
		if req.EndpointType == 2 {
			resp.ErrorCode = kerr.MismatchedEndpointType.Code
		}
		return resp, nil
	}
	b := kmsg.NewDescribeClusterResponseBroker()
	a := s.address.Load()
	b.NodeID, b.Host, b.Port = s.cfg.NodeID, a.host, a.port
	resp.ClusterID, resp.ControllerID = s.cfg.ClusterID, s.cfg.NodeID
	resp.Brokers = append(resp.Brokers, b)
	return resp, nil
}
