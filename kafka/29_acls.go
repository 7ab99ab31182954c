package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DescribeAcls (29), CreateAcls (30), DeleteAcls (31): there is one role and it may do everything, so there
// is nothing that would look at an ACL. SECURITY_DISABLED, as of a Kafka without an authorizer: nobody may
// believe that a topic is closed which is not.
//
// Versions: 1 patterns of names; 2 flexible; 3 user resources.

var noAuthorizer = kmsg.StringPtr("there are no ACLs: whoever can log in may do everything")

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
