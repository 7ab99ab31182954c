package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// DescribeGroups: state and members.
//
// Behaviour: a group that nobody knows, or that speaks the consumer protocol, is state Dead without an error, from version 6 on
// GROUP_ID_NOT_FOUND.
//
// Versions: 3 authorized operations (not told); 4 instance ids; 5 flexible; 6 messages.

func (s *Server) describeGroups(_ context.Context, _ *request, req *kmsg.DescribeGroupsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeGroupsResponse)
	for _, id := range req.Groups {
		var d group.Description
		var known bool
		s.groups.With(func(_ time.Time, m *group.Machine) { d, known = m.Describe(id) })
		rg := kmsg.NewDescribeGroupsResponseGroup()
		rg.Group, rg.State, rg.ProtocolType, rg.Protocol = id, d.State, d.ProtocolType, d.Protocol
		if !known {
			rg.State = "Dead"
			if req.Version >= 6 {
				rg.ErrorCode, rg.ErrorMessage = codeAndMessage(refuse(kerr.GroupIDNotFound, "group %s not found", id))
			}
		}
		for i := range d.Members {
			rg.Members = append(rg.Members, describedMember(&d.Members[i]))
		}
		resp.Groups = append(resp.Groups, rg)
	}
	return resp, nil
}

func describedMember(mb *group.MemberDescription) kmsg.DescribeGroupsResponseGroupMember {
	rm := kmsg.NewDescribeGroupsResponseGroupMember()
	rm.MemberID, rm.InstanceID, rm.ClientID, rm.ClientHost = mb.MemberID, mb.InstanceID, mb.ClientID, mb.ClientHost
	rm.ProtocolMetadata, rm.MemberAssignment = mb.Metadata, mb.Assignment
	return rm
}
