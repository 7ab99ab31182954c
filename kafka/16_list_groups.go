package kafka

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// ListGroups: all groups.
//
// Versions: 3 flexible; 4 states, and filtering by them; 5 types likewise.
// Filters ignore case, as Kafka's do.

func (s *Server) listGroups(_ context.Context, _ *request, req *kmsg.ListGroupsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.ListGroupsResponse)
	var list []group.Description
	s.groups.With(func(_ time.Time, m *group.Machine) { list = m.List() })
	passes := func(filter []string, value string) bool {
		return len(filter) == 0 || slices.ContainsFunc(filter, func(f string) bool { return strings.EqualFold(f, value) })
	}
	for _, d := range list {
		if !passes(req.StatesFilter, d.State) || !passes(req.TypesFilter, d.Type) {
			continue
		}
		rg := kmsg.NewListGroupsResponseGroup()
		rg.Group, rg.ProtocolType, rg.GroupState, rg.GroupType = d.GroupID, d.ProtocolType, d.State, d.Type
		resp.Groups = append(resp.Groups, rg)
	}
	return resp, nil
}
