package kafka

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/topicconfig"
)

// IncrementalAlterConfigs (KIP-339): sets, deletes, and appends to or subtracts from lists; what
// is not named stays.
//
// Behaviour: as AlterConfigs. A config named twice in a resource, a null value where one is
// needed and an unknown operation are INVALID_REQUEST; appending to what is no list is
// INVALID_CONFIG. A list that was not set begins with its default.
//
// Versions: 1 flexible.

func (s *Server) incrementalAlterConfigs(ctx context.Context, r *request, req *kmsg.IncrementalAlterConfigsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.IncrementalAlterConfigsResponse)
	named := counted(req.Resources, func(r *kmsg.IncrementalAlterConfigsRequestResource) configResource {
		return configResource{r.ResourceType, r.ResourceName}
	})
	for i := range req.Resources {
		asked := &req.Resources[i]
		rr := kmsg.NewIncrementalAlterConfigsResponseResource()
		rr.ResourceType, rr.ResourceName = asked.ResourceType, asked.ResourceName
		of := configResource{asked.ResourceType, asked.ResourceName}
		err := errTwice
		if named[of] == 1 {
			err = s.alterConfigsOf(ctx, r, of, req.ValidateOnly, func(before map[string]string) (map[string]string, error) {
				return incrementedConfigs(of.kind, before, asked.Configs)
			})
		}
		rr.ErrorCode, rr.ErrorMessage = codeAndMessage(err)
		resp.Resources = append(resp.Resources, rr)
	}
	return resp, nil
}

func incrementedConfigs(kind kmsg.ConfigResourceType, before map[string]string, asked []kmsg.IncrementalAlterConfigsRequestResourceConfig) (map[string]string, error) {
	after := map[string]string{}
	maps.Copy(after, before)
	seen := map[string]bool{}
	for _, c := range asked {
		if seen[c.Name] {
			return nil, refuse(kerr.InvalidRequest, "error due to duplicate config keys: %s", c.Name)
		}
		seen[c.Name] = true
		if !knownConfig(kind, c.Name) {
			return nil, refuse(kerr.InvalidConfig, "unknown config name: %s", c.Name)
		}
		if c.Value == nil && c.Op != kmsg.IncrementalAlterConfigOpDelete {
			return nil, refuse(kerr.InvalidRequest, "null value not supported for: %s", c.Name)
		}
		switch c.Op {
		case kmsg.IncrementalAlterConfigOpSet:
			after[c.Name] = *c.Value
		case kmsg.IncrementalAlterConfigOpDelete:
			delete(after, c.Name)
		case kmsg.IncrementalAlterConfigOpAppend, kmsg.IncrementalAlterConfigOpSubtract:
			if !listConfig(c.Name) {
				return nil, refuse(kerr.InvalidConfig, "can't append to or subtract from %s because its type is not LIST", c.Name)
			}
			now, items := topicconfig.Items(topicconfig.Value(after, c.Name)), topicconfig.Items(*c.Value)
			now = slices.DeleteFunc(now, func(item string) bool { return slices.Contains(items, item) })
			if c.Op == kmsg.IncrementalAlterConfigOpAppend {
				now = append(now, items...)
			}
			after[c.Name] = strings.Join(now, ",")
		default:
			return nil, refuse(kerr.InvalidRequest, "unknown operation %d on %s", c.Op, c.Name)
		}
	}
	return after, nil
}
