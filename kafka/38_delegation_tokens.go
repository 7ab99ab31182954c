package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// CreateDelegationToken, RenewDelegationToken, ExpireDelegationToken, DescribeDelegationToken: there are no tokens,
// which is what a Kafka broker without delegation.token.secret.key says: DELEGATION_TOKEN_AUTH_DISABLED.
//
// Versions: 2 flexible; 3 owners.

var tokensOff = kerr.DelegationTokenAuthDisabled.Code

func (s *Server) createDelegationToken(_ context.Context, _ *request, req *kmsg.CreateDelegationTokenRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.CreateDelegationTokenResponse)
	resp.ErrorCode = tokensOff
	resp.IssueTimestamp, resp.ExpiryTimestamp, resp.MaxTimestamp = -1, -1, -1
	return resp, nil
}

func (s *Server) renewDelegationToken(_ context.Context, _ *request, req *kmsg.RenewDelegationTokenRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.RenewDelegationTokenResponse)
	resp.ErrorCode, resp.ExpiryTimestamp = tokensOff, -1
	return resp, nil
}

func (s *Server) expireDelegationToken(_ context.Context, _ *request, req *kmsg.ExpireDelegationTokenRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.ExpireDelegationTokenResponse)
	resp.ErrorCode, resp.ExpiryTimestamp = tokensOff, -1
	return resp, nil
}

func (s *Server) describeDelegationToken(_ context.Context, _ *request, req *kmsg.DescribeDelegationTokenRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeDelegationTokenResponse)
	resp.ErrorCode = tokensOff
	return resp, nil
}
