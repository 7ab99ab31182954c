package kafka

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/kafka/group"
)

// AlterConfigs: the configs of a resource become those that are named; all others go back to
// their defaults. Deprecated in favour of IncrementalAlterConfigs.
//
// Behaviour:
//   - Each resource succeeds or fails alone; one that is named twice is INVALID_REQUEST.
//   - Topics can be changed, and groups in what is of share groups. The broker's are settings of the server (INVALID_REQUEST).
//   - Names and values by Kafka's rules (INVALID_CONFIG); a topic that a table writes is
//     INVALID_REQUEST.
//   - validate_only does everything but change.
//
// Versions: 2 flexible.

func (s *Server) alterConfigs(ctx context.Context, r *request, req *kmsg.AlterConfigsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.AlterConfigsResponse)
	named := counted(req.Resources, func(r *kmsg.AlterConfigsRequestResource) configResource {
		return configResource{r.ResourceType, r.ResourceName}
	})
	for i := range req.Resources {
		asked := &req.Resources[i]
		rr := kmsg.NewAlterConfigsResponseResource()
		rr.ResourceType, rr.ResourceName = asked.ResourceType, asked.ResourceName
		of := configResource{asked.ResourceType, asked.ResourceName}
		err := errTwice
		if named[of] == 1 {
			err = s.alterConfigsOf(ctx, r, of, req.ValidateOnly, func(map[string]string) (map[string]string, error) {
				return replacedConfigs(asked.Configs)
			})
		}
		rr.ErrorCode, rr.ErrorMessage = codeAndMessage(err)
		resp.Resources = append(resp.Resources, rr)
	}
	return resp, nil
}

// configResource is what configs are of.
type configResource struct {
	kind kmsg.ConfigResourceType
	name string
}

var errTwice = refuse(kerr.InvalidRequest, "each resource must appear at most once")

func replacedConfigs(asked []kmsg.AlterConfigsRequestResourceConfig) (map[string]string, error) {
	after := map[string]string{}
	for _, c := range asked {
		if _, twice := after[c.Name]; twice {
			return nil, refuse(kerr.InvalidRequest, "error due to duplicate config keys: %s", c.Name)
		}
		if c.Value == nil {
			return nil, refuse(kerr.InvalidConfig, "null value not supported for topic configs: %s", c.Name)
		}
		after[c.Name] = *c.Value
	}
	return after, nil
}

// alterConfigsOf gives a topic the configs that alter makes of those it has.
func (s *Server) alterConfigsOf(ctx context.Context, r *request, of configResource, validateOnly bool, alter func(map[string]string) (map[string]string, error)) error {
	switch of.kind {
	case kmsg.ConfigResourceTypeTopic:
	case kmsg.ConfigResourceTypeBroker:
		if err := s.thisBroker(of.name); err != nil {
			return err
		}
		return refuse(kerr.InvalidRequest, "the configs of the broker are settings of the server: they change with its configuration file")
	case kmsg.ConfigResourceTypeGroupConfig:
		if !s.super(r.user()) {
			return errGroupDenied
		}
		return s.alterGroupConfigs(ctx, of.name, validateOnly, alter)
	default:
		return refuse(kerr.InvalidRequest, "configs of resource type %d cannot be changed", of.kind)
	}
	t, err := s.topicForConfigs(of.name)
	if err != nil {
		return err
	}
	if err := s.mayChange(r.user(), &t); err != nil {
		return err
	}
	after, err := alter(t.Configs)
	if err != nil {
		return err
	}
	if err := checkConfigs(after); err != nil {
		return err
	}
	err = s.cfg.Topics.ConfigureTopic(ctx, t.ID, configDifference(t.Configs, after), validateOnly)
	if err == nil && !validateOnly {
		r.changed("ALTER TOPIC", t.Name)
	}
	return err
}

// alterGroupConfigs gives a group the configs that alter makes of those it has.
func (s *Server) alterGroupConfigs(ctx context.Context, id string, validateOnly bool, alter func(map[string]string) (map[string]string, error)) error {
	if id == "" {
		return refuse(kerr.InvalidRequest, "the group name is empty")
	}
	var set map[string]string
	s.groups.With(func(_ time.Time, m *group.Machine) { set = m.Configs(id) })
	set, err := alter(set)
	if err == nil {
		err = group.CheckConfigs(set)
	}
	if err != nil || validateOnly {
		return err
	}
	done := make(chan error, 1)
	s.groups.With(func(_ time.Time, m *group.Machine) { m.SetConfigs(id, set, func(err error) { done <- err }) })
	result, err := await(ctx, ctx, done)
	return errors.Join(result, err)
}

// knownConfig tells whether resources of a kind have a config of that name that can be set.
func knownConfig(kind kmsg.ConfigResourceType, name string) bool {
	if kind == kmsg.ConfigResourceTypeGroupConfig {
		return slices.ContainsFunc(group.ConfigDefs, func(d group.ConfigDef) bool { return d.Name == name })
	}
	return topicconfig.Find(name) != nil
}

// listConfig tells whether a config is a list, which can be appended to.
func listConfig(name string) bool {
	d := topicconfig.Find(name)
	return d != nil && d.Kind == topicconfig.List
}
