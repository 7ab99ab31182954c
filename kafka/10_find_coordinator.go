package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// FindCoordinator: this broker, for groups and for transactional ids. Share groups (type 2) are INVALID_REQUEST.
//
// Versions: 1 types; 3 flexible; 4 many keys; 6 share groups.

func (s *Server) findCoordinator(_ context.Context, _ *request, req *kmsg.FindCoordinatorRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.FindCoordinatorResponse)
	a := s.address.Load()
	if req.Version < 4 {
		code, message := coordinatorError(req.CoordinatorType, req.CoordinatorKey)
		resp.ErrorCode, resp.ErrorMessage, resp.NodeID, resp.Port = code, message, -1, -1
		if code == 0 {
			resp.NodeID, resp.Host, resp.Port = s.cfg.NodeID, a.host, a.port
		}
		return resp, nil
	}
	for _, key := range req.CoordinatorKeys {
		c := kmsg.NewFindCoordinatorResponseCoordinator()
		c.Key, c.NodeID, c.Port = key, -1, -1
		if c.ErrorCode, c.ErrorMessage = coordinatorError(req.CoordinatorType, key); c.ErrorCode == 0 {
			c.NodeID, c.Host, c.Port = s.cfg.NodeID, a.host, a.port
		}
		resp.Coordinators = append(resp.Coordinators, c)
	}
	return resp, nil
}

func coordinatorError(kind int8, key string) (int16, *string) {
	switch {
	case kind == 0 && key == "":
		return codeAndMessage(refuse(kerr.InvalidGroupID, "the group id is empty"))
	case kind != 0 && kind != 1:
		return codeAndMessage(refuse(kerr.InvalidRequest, "unknown coordinator type %d", kind))
	}
	return 0, nil
}
