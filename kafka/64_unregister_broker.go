package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// UnregisterBroker: there is this broker, which is INVALID_REQUEST; any other is BROKER_ID_NOT_REGISTERED.

func (s *Server) unregisterBroker(_ context.Context, _ *request, req *kmsg.UnregisterBrokerRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.UnregisterBrokerResponse)
	err := refuse(kerr.BrokerIDNotRegistered, "broker %d is not registered; %d is the only one", req.BrokerID, s.cfg.NodeID)
	if req.BrokerID == s.cfg.NodeID {
		err = refuse(kerr.InvalidRequest, "broker %d is the only one and cannot leave", req.BrokerID)
	}
	resp.ErrorCode, resp.ErrorMessage = codeAndMessage(err)
	return resp, nil
}
