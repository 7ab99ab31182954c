package kafka

import (
	"context"
	"errors"
	"math"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/quota"
)

// DescribeClientQuotas (48), AlterClientQuotas (49): bytes a second that users and client ids may produce and
// fetch (KIP-546); package quota enforces them.
//
// Behaviour:
//   - Entities are of a user, a client-id, or both; those of an ip, and the quotas other than producer_byte_rate and
//     consumer_byte_rate, are INVALID_REQUEST: nothing here would hold to them.
//   - Each entry succeeds or fails alone; an entity that is named twice is INVALID_REQUEST.
//   - A quota is a whole number of bytes, at least 1. To remove what is not there is no error.
//   - More than quota.MaxEntities entities are POLICY_VIOLATION.
//   - A description gives the entities that match every component of the filter; strict: and have no other. An
//     entity of a type that nobody knows is UNSUPPORTED_VERSION, as in Kafka.
//
// Versions: 1 flexible.

const (
	entityUser   = "user"
	entityClient = "client-id"
	entityIP     = "ip"
)

func (s *Server) describeClientQuotas(_ context.Context, _ *request, req *kmsg.DescribeClientQuotasRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeClientQuotasResponse)
	resp.Entries = []kmsg.DescribeClientQuotasResponseEntry{} // no list is Kafka's sign of an error
	f, err := quotaFilterOf(req)
	if err != nil {
		resp.ErrorCode, resp.ErrorMessage = codeAndMessage(err)
		resp.Entries = nil
		return resp, nil
	}
	for _, e := range s.quotas.List() {
		if !f.matches(e.Entity) {
			continue
		}
		re := kmsg.NewDescribeClientQuotasResponseEntry()
		for _, part := range quotaParts(e.Entity) {
			re.Entity = append(re.Entity, kmsg.DescribeClientQuotasResponseEntryEntity{Type: part.kind, Name: part.name})
		}
		for _, d := range []quota.Direction{quota.Produce, quota.Fetch} {
			if rate := e.Rates[d]; rate > 0 {
				re.Values = append(re.Values, kmsg.DescribeClientQuotasResponseEntryValue{Key: d.Key(), Value: float64(rate)})
			}
		}
		resp.Entries = append(resp.Entries, re)
	}
	return resp, nil
}

// quotaFilter is what a description asks for, by type of entity.
type quotaFilter struct {
	user, client, ip *kmsg.DescribeClientQuotasRequestComponent
	strict           bool
}

func quotaFilterOf(req *kmsg.DescribeClientQuotasRequest) (f quotaFilter, err error) {
	f.strict = req.Strict
	for i := range req.Components {
		c := &req.Components[i]
		var to **kmsg.DescribeClientQuotasRequestComponent
		switch c.EntityType {
		case entityUser:
			to = &f.user
		case entityClient:
			to = &f.client
		case entityIP:
			to = &f.ip
		case "":
			return f, refuse(kerr.InvalidRequest, "unexpected empty filter component entity type")
		default:
			return f, refuse(kerr.UnsupportedVersion, "custom entity type %q not supported", c.EntityType)
		}
		switch {
		case *to != nil:
			return f, refuse(kerr.InvalidRequest, "duplicate filter component entity type %q", c.EntityType)
		case c.MatchType == kmsg.QuotasMatchTypeExact && c.Match == nil:
			return f, refuse(kerr.InvalidRequest, "request specified MATCH_TYPE_EXACT without a match")
		case c.MatchType != kmsg.QuotasMatchTypeExact && c.Match != nil:
			return f, refuse(kerr.InvalidRequest, "request specified a match for a match type that has none")
		case c.MatchType < kmsg.QuotasMatchTypeExact || c.MatchType > kmsg.QuotasMatchTypeAny:
			return f, refuse(kerr.InvalidRequest, "unknown match type %d", c.MatchType)
		}
		*to = c
	}
	if f.ip != nil && (f.user != nil || f.client != nil) {
		return f, refuse(kerr.InvalidRequest, "invalid entity filter component combination: ip stands alone")
	}
	return f, nil
}

func (f quotaFilter) matches(e quota.Entity) bool {
	return f.ip == nil && f.component(f.user, e.User) && f.component(f.client, e.Client)
}

func (f quotaFilter) component(c *kmsg.DescribeClientQuotasRequestComponent, n quota.Name) bool {
	switch {
	case c == nil:
		return !f.strict || n.Is == quota.Any
	case c.MatchType == kmsg.QuotasMatchTypeExact:
		return n == quota.Name{Is: quota.Named, Text: *c.Match}
	case c.MatchType == kmsg.QuotasMatchTypeDefault:
		return n.Is == quota.Default
	}
	return n.Is != quota.Any
}

// quotaPart is one name of an entity as Kafka says it: no name is the default.
type quotaPart struct {
	kind string
	name *string
}

func quotaParts(e quota.Entity) (parts []quotaPart) {
	for _, n := range []struct {
		kind string
		quota.Name
	}{{entityUser, e.User}, {entityClient, e.Client}} {
		switch n.Is {
		case quota.Default:
			parts = append(parts, quotaPart{n.kind, nil})
		case quota.Named:
			parts = append(parts, quotaPart{n.kind, &n.Text})
		}
	}
	return parts
}

func (s *Server) alterClientQuotas(ctx context.Context, r *request, req *kmsg.AlterClientQuotasRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.AlterClientQuotasResponse)
	entities := make([]quota.Entity, len(req.Entries))
	wrong := make([]error, len(req.Entries))
	times := map[quota.Entity]int{}
	for i := range req.Entries {
		entities[i], wrong[i] = quotaEntity(req.Entries[i].Entity)
		times[entities[i]]++
	}
	for i := range req.Entries {
		asked := &req.Entries[i]
		re := kmsg.NewAlterClientQuotasResponseEntry()
		for _, e := range asked.Entity {
			re.Entity = append(re.Entity, kmsg.AlterClientQuotasResponseEntryEntity{Type: e.Type, Name: e.Name})
		}
		err := wrong[i]
		if err == nil && !s.super(r.user()) {
			err = errDenied
		}
		if err == nil && times[entities[i]] > 1 {
			err = refuse(kerr.InvalidRequest, "an entity is named twice")
		}
		if err == nil {
			err = s.alterQuota(ctx, r, entities[i], asked.Ops, req.ValidateOnly)
		}
		re.ErrorCode, re.ErrorMessage = codeAndMessage(err)
		resp.Entries = append(resp.Entries, re)
	}
	return resp, ctx.Err()
}

// quotaEntity is whom an entry is for.
func quotaEntity(asked []kmsg.AlterClientQuotasRequestEntryEntity) (e quota.Entity, err error) {
	if len(asked) == 0 {
		return e, refuse(kerr.InvalidRequest, "invalid empty client quota entity")
	}
	for _, part := range asked {
		var to *quota.Name
		switch part.Type {
		case entityUser:
			to = &e.User
		case entityClient:
			to = &e.Client
		case entityIP:
			return e, refuse(kerr.InvalidRequest, "there are no quotas of addresses: topic_creation_rate and kafka_max_connections bound what one can do")
		default:
			return e, refuse(kerr.InvalidRequest, "unhandled client quota entity type %q", part.Type)
		}
		switch {
		case to.Is != quota.Any:
			return e, refuse(kerr.InvalidRequest, "duplicate client quota entity type %q", part.Type)
		case part.Name == nil:
			to.Is = quota.Default
		case *part.Name == "" || len(*part.Name) > quota.MaxName:
			return e, refuse(kerr.InvalidRequest, "a %s of %d bytes", part.Type, len(*part.Name))
		default:
			*to = quota.Name{Is: quota.Named, Text: *part.Name}
		}
	}
	return e, nil
}

func (s *Server) alterQuota(ctx context.Context, r *request, e quota.Entity, ops []kmsg.AlterClientQuotasRequestEntryOp, validateOnly bool) error {
	set := map[quota.Direction]uint64{}
	for _, op := range ops {
		d := quota.Produce
		switch op.Key {
		case quota.Produce.Key():
		case quota.Fetch.Key():
			d = quota.Fetch
		case "request_percentage", "controller_mutation_rate", "connection_creation_rate":
			return refuse(kerr.InvalidRequest, "quota %s is not enforced here; producer_byte_rate and consumer_byte_rate are", op.Key)
		default:
			return refuse(kerr.InvalidRequest, "invalid configuration key %s", op.Key)
		}
		if _, twice := set[d]; twice {
			return refuse(kerr.InvalidRequest, "duplicate quota %s", op.Key)
		}
		set[d] = 0
		if op.Remove {
			continue
		}
		if !(op.Value >= 1 && op.Value <= quota.MaxRate) || op.Value != math.Trunc(op.Value) {
			return refuse(kerr.InvalidRequest, "quota %s must be a whole number of bytes a second from 1 to 2^53", op.Key)
		}
		set[d] = uint64(op.Value)
	}
	err := s.quotas.Alter(ctx, e, func(rates quota.Rates) quota.Rates {
		for d, rate := range set {
			rates[d] = rate
		}
		return rates
	}, validateOnly)
	if err == nil && !validateOnly {
		r.changed("ALTER CLIENT QUOTA", quotaText(e))
	}
	if errors.Is(err, quota.ErrTooMany) {
		return refuse(kerr.PolicyViolation, "there are %d entities with quotas already", quota.MaxEntities)
	}
	return err
}

// quotaText tells the log of an entity.
func quotaText(e quota.Entity) string {
	text := ""
	for _, p := range quotaParts(e) {
		name := "<default>"
		if p.name != nil {
			name = *p.name
		}
		text += "/" + p.kind + "/" + name
	}
	return text
}
