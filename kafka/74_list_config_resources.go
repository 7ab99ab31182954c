package kafka

import (
	"context"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// ListConfigResources: what there is to describe configs of: topics, this broker, and groups of which something
// was set. Client metrics have none. A type that has no configs here is UNSUPPORTED_VERSION, as Kafka says of one.
//
// Versions: 0 lists client metrics alone; 1 by type, no type asks for all.

func (s *Server) listConfigResources(_ context.Context, _ *request, req *kmsg.ListConfigResourcesRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.ListConfigResourcesResponse)
	if req.Version == 0 {
		return resp, nil
	}
	asked := map[kmsg.ConfigResourceType]bool{}
	for _, number := range req.ResourceTypes {
		kind := kmsg.ConfigResourceType(number)
		switch kind {
		case kmsg.ConfigResourceTypeTopic, kmsg.ConfigResourceTypeBroker, kmsg.ConfigResourceTypeGroupConfig, kmsg.ConfigResourceTypeClientMetrics:
			asked[kind] = true
		default:
			resp.ErrorCode = kerr.UnsupportedVersion.Code
			return resp, nil
		}
	}
	add := func(kind kmsg.ConfigResourceType, name string) {
		r := kmsg.NewListConfigResourcesResponseConfigResource()
		r.Name, r.Type = name, int8(kind)
		resp.ConfigResources = append(resp.ConfigResources, r)
	}
	if len(asked) == 0 || asked[kmsg.ConfigResourceTypeTopic] {
		for _, t := range s.cfg.Log.Topics() {
			add(kmsg.ConfigResourceTypeTopic, t.Name)
		}
	}
	if len(asked) == 0 || asked[kmsg.ConfigResourceTypeGroupConfig] {
		var groups []string
		s.groups.With(func(_ time.Time, m *group.Machine) { groups = m.ConfiguredGroups() })
		for _, id := range groups {
			add(kmsg.ConfigResourceTypeGroupConfig, id)
		}
	}
	if len(asked) == 0 || asked[kmsg.ConfigResourceTypeBroker] {
		add(kmsg.ConfigResourceTypeBroker, strconv.Itoa(int(s.cfg.NodeID)))
	}
	return resp, nil
}
