package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DescribeAcls (29), CreateAcls (30), DeleteAcls (31): what roles may do with topics is granted in SQL (GRANT … ON TOPIC), and these
// requests are not served: SECURITY_DISABLED, as of a Kafka without an authorizer. Nobody may believe that a topic is closed, or open,
// by an ACL which is not there.
//
// Versions: 1 patterns of names; 2 flexible; 3 user resources.

var noAuthorizer = kmsg.StringPtr("there are no ACLs: GRANT … ON TOPIC in SQL says who may read and write a topic")

func (s *Server) describeACLs(_ context.Context, _ *request, req *kmsg.DescribeACLsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeACLsResponse)
	resp.ErrorCode, resp.ErrorMessage = kerr.SecurityDisabled.Code, noAuthorizer
	return resp, nil
}

func (s *Server) createACLs(_ context.Context, _ *request, req *kmsg.CreateACLsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.CreateACLsResponse)
	for range req.Creations {
		result := kmsg.NewCreateACLsResponseResult()
		result.ErrorCode, result.ErrorMessage = kerr.SecurityDisabled.Code, noAuthorizer
		resp.Results = append(resp.Results, result)
	}
	return resp, nil
}

func (s *Server) deleteACLs(_ context.Context, _ *request, req *kmsg.DeleteACLsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DeleteACLsResponse)
	for range req.Filters {
		result := kmsg.NewDeleteACLsResponseResult()
		result.ErrorCode, result.ErrorMessage = kerr.SecurityDisabled.Code, noAuthorizer
		resp.Results = append(resp.Results, result)
	}
	return resp, nil
}
