package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// DeleteGroups: groups without members, with their offsets.
//
// Versions: 2 flexible; 3 messages.

func (s *Server) deleteGroups(ctx context.Context, r *request, req *kmsg.DeleteGroupsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DeleteGroupsResponse)
	for _, id := range req.Groups {
		if !s.super(r.user()) {
			rg := kmsg.NewDeleteGroupsResponseGroup()
			rg.Group = id
			rg.ErrorCode, rg.ErrorMessage = codeAndMessage(errGroupDenied)
			resp.Groups = append(resp.Groups, rg)
			continue
		}
		done := make(chan error, 1)
		s.groups.With(func(_ time.Time, m *group.Machine) { m.Delete(id, func(err error) { done <- err }) })
		result, err := await(ctx, ctx, done)
		if err != nil {
			return nil, err
		}
		rg := kmsg.NewDeleteGroupsResponseGroup()
		rg.Group = id
		rg.ErrorCode, rg.ErrorMessage = codeAndMessage(result)
		resp.Groups = append(resp.Groups, rg)
	}
	return resp, nil
}
