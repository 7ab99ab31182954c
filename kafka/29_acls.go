package kafka

import (
	"context"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/auth"
)

// DescribeAcls (29), CreateAcls (30), DeleteAcls (31): the grants of SQL as Kafka tells of them (docs/decisions/0085).
//
// Behaviour:
//   - SECURITY_DISABLED while nobody has to prove who he is, as of a Kafka without an authorizer.
//   - Every client sees them all, as every role of SQL sees relacl.
//   - READ and WRITE on a topic are SELECT and INSERT on it, CREATE on the cluster is CREATE on the database: created by GRANT and deleted by
//     REVOKE, as who asks, who must be its owner or have the option to grant.
//   - What every role may (DESCRIBE of topics; groups; transactional ids) is told of, and creating it is done already. What an owner may, and
//     what a grant on a relation over a topic gives, is told of and deleted elsewhere.
//   - What no grant can say (DENY, hosts, prefixed patterns, other operations) is INVALID_REQUEST with the reason.
//
// Versions: 1 patterns of names; 2 flexible; 3 user resources.

// What ACLs are about, for who knows the grants.
type (
	ACLResource  = kmsg.ACLResourceType
	ACLOperation = kmsg.ACLOperation
)

const (
	ACLTopic, ACLGroup             = kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup
	ACLCluster, ACLTransactionalID = kmsg.ACLResourceTypeCluster, kmsg.ACLResourceTypeTransactionalId
	ACLAll, ACLRead, ACLWrite      = kmsg.ACLOperationAll, kmsg.ACLOperationRead, kmsg.ACLOperationWrite
	ACLCreate, ACLDescribe         = kmsg.ACLOperationCreate, kmsg.ACLOperationDescribe
	ACLDescribeConfigs             = kmsg.ACLOperationDescribeConfigs
	ACLIdempotentWrite             = kmsg.ACLOperationIdempotentWrite
)

// ACLRefusal is an error of ACLs.Change for the client.
type ACLRefusal byte

const (
	ACLNotYours  ACLRefusal = iota // who asks may not give or take that
	ACLNoTopic                     // there is no such topic
	ACLNotAGrant                   // the grant that it would be cannot be made
)

// Refuse makes the error of an ACL.
func (k ACLRefusal) Refuse(a ACL, message string) error {
	switch {
	case k == ACLNoTopic:
		return refuse(kerr.UnknownTopicOrPartition, "%s", message)
	case k == ACLNotAGrant:
		return refuse(kerr.InvalidRequest, "%s", message)
	case a.Resource == ACLTopic:
		return refuse(kerr.TopicAuthorizationFailed, "%s", message)
	}
	return refuse(kerr.ClusterAuthorizationFailed, "%s", message)
}

// ACL is what a role may do. Of all of them the host is *, the permission ALLOW and the pattern LITERAL.
type ACL struct {
	Resource  ACLResource
	Name      string // * = all
	Role      string // * = everybody
	Operation ACLOperation
	// Elsewhere says where it is taken back, if no REVOKE on the resource does that.
	Elsewhere string
}

// ACLs are the grants.
type ACLs interface {
	List(ctx context.Context) ([]ACL, error)
	// Change gives a role what an ACL says, or takes it back, as another one.
	Change(ctx context.Context, who auth.Principal, a ACL, revoke bool) error
}

// clusterResource is the name of the one resource of its type.
const clusterResource = "kafka-cluster"

var noAuthorizer = refuse(kerr.SecurityDisabled, "there are no ACLs: everybody may do everything with auth = trust")

// covers reports whether what another ACL allows is allowed by this one.
func (a ACL) covers(b ACL) bool {
	return a.Resource == b.Resource && (a.Name == "*" || a.Name == b.Name) && (a.Role == "*" || a.Role == b.Role) &&
		(a.Operation == kmsg.ACLOperationAll || a.Operation == b.Operation)
}

// same is ACL's identity.
func (a ACL) same(b ACL) bool {
	a.Elsewhere, b.Elsewhere = "", ""
	return a == b
}

// aclFilter chooses ACLs; nil and ANY take all.
type aclFilter struct {
	resource              kmsg.ACLResourceType
	pattern               kmsg.ACLResourcePatternType
	operation             kmsg.ACLOperation
	permission            kmsg.ACLPermissionType
	name, principal, host *string
}

func (f aclFilter) takes(a ACL) bool {
	switch {
	case f.resource != kmsg.ACLResourceTypeAny && f.resource != a.Resource, f.operation != kmsg.ACLOperationAny && f.operation != a.Operation,
		f.permission != kmsg.ACLPermissionTypeAny && f.permission != kmsg.ACLPermissionTypeAllow, f.host != nil && *f.host != "*",
		f.principal != nil && *f.principal != userPrefix+a.Role, f.pattern == kmsg.ACLResourcePatternTypePrefixed:
		return false
	case f.name == nil || *f.name == a.Name:
		return true
	}
	return f.pattern == kmsg.ACLResourcePatternTypeMatch && a.Name == "*"
}

const userPrefix = "User:"

func (s *Server) listACLs(ctx context.Context) ([]ACL, error) {
	if s.cfg.ACLs == nil {
		return nil, noAuthorizer
	}
	return s.cfg.ACLs.List(ctx)
}

func (s *Server) describeACLs(ctx context.Context, _ *request, req *kmsg.DescribeACLsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeACLsResponse)
	list, err := s.listACLs(ctx)
	if resp.ErrorCode, resp.ErrorMessage = codeAndMessage(err); err != nil {
		return resp, ctx.Err()
	}
	f := aclFilter{req.ResourceType, req.ResourcePatternType, req.Operation, req.PermissionType, req.ResourceName, req.Principal, req.Host}
	for _, a := range list {
		if !f.takes(a) {
			continue
		}
		n := len(resp.Resources)
		if n == 0 || resp.Resources[n-1].ResourceType != a.Resource || resp.Resources[n-1].ResourceName != a.Name {
			r := kmsg.NewDescribeACLsResponseResource()
			r.ResourceType, r.ResourceName, r.ResourcePatternType = a.Resource, a.Name, kmsg.ACLResourcePatternTypeLiteral
			resp.Resources = append(resp.Resources, r)
			n++
		}
		told := kmsg.NewDescribeACLsResponseResourceACL()
		told.Principal, told.Host, told.Operation, told.PermissionType = userPrefix+a.Role, "*", a.Operation, kmsg.ACLPermissionTypeAllow
		resp.Resources[n-1].ACLs = append(resp.Resources[n-1].ACLs, told)
	}
	return resp, nil
}

func (s *Server) createACLs(ctx context.Context, r *request, req *kmsg.CreateACLsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.CreateACLsResponse)
	for i := range req.Creations {
		result := kmsg.NewCreateACLsResponseResult()
		result.ErrorCode, result.ErrorMessage = codeAndMessage(s.createACL(ctx, r, &req.Creations[i]))
		resp.Results = append(resp.Results, result)
	}
	return resp, ctx.Err()
}

func (s *Server) createACL(ctx context.Context, r *request, c *kmsg.CreateACLsRequestCreation) error {
	list, err := s.listACLs(ctx)
	if err != nil {
		return err
	}
	a, err := grantable(c)
	if err != nil {
		return err
	}
	byGrant := a.byGrant()
	for _, have := range list {
		if have.same(a) || !byGrant && have.covers(a) {
			return nil
		}
	}
	if !byGrant {
		return refuse(kerr.InvalidRequest, "no grant says %s on this resource: an owner may do everything with a topic, superusers with the cluster", operationWord(a.Operation))
	}
	return s.cfg.ACLs.Change(ctx, r.principal(), a, false)
}

// byGrant: the ACL is a grant on its resource.
func (a ACL) byGrant() bool {
	switch a.Resource {
	case kmsg.ACLResourceTypeTopic:
		return a.Name != "*" && (a.Operation == kmsg.ACLOperationRead || a.Operation == kmsg.ACLOperationWrite)
	case kmsg.ACLResourceTypeCluster:
		return a.Operation == kmsg.ACLOperationCreate
	}
	return false
}

// grantable is an ACL as a grant, if it can be one.
func grantable(c *kmsg.CreateACLsRequestCreation) (a ACL, err error) {
	role, user := strings.CutPrefix(c.Principal, userPrefix)
	switch {
	case c.PermissionType != kmsg.ACLPermissionTypeAllow:
		return a, refuse(kerr.InvalidRequest, "a grant allows, and there is nothing that denies: take back what was granted")
	case c.Host != "*":
		return a, refuse(kerr.InvalidRequest, "a grant holds wherever a role connects from (*): hba rules say from where it may")
	case c.ResourcePatternType != kmsg.ACLResourcePatternTypeLiteral:
		return a, refuse(kerr.InvalidRequest, "a grant is on one topic: patterns of names are not supported, only LITERAL")
	case !user || role == "":
		return a, refuse(kerr.InvalidRequest, "principal %q is no User:name", c.Principal)
	case c.ResourceType == kmsg.ACLResourceTypeCluster && c.ResourceName != clusterResource:
		return a, refuse(kerr.InvalidRequest, "the cluster is called %s", clusterResource)
	}
	return ACL{Resource: c.ResourceType, Name: c.ResourceName, Role: role, Operation: c.Operation}, nil
}

func operationWord(o kmsg.ACLOperation) string {
	return strings.ToUpper(strings.TrimPrefix(o.String(), "ACLOperation"))
}

func (s *Server) deleteACLs(ctx context.Context, r *request, req *kmsg.DeleteACLsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DeleteACLsResponse)
	for i := range req.Filters {
		in := &req.Filters[i]
		result := kmsg.NewDeleteACLsResponseResult()
		list, err := s.listACLs(ctx)
		result.ErrorCode, result.ErrorMessage = codeAndMessage(err)
		f := aclFilter{in.ResourceType, in.ResourcePatternType, in.Operation, in.PermissionType, in.ResourceName, in.Principal, in.Host}
		for _, a := range list {
			if !f.takes(a) {
				continue
			}
			m := kmsg.NewDeleteACLsResponseResultMatchingACL()
			m.ErrorCode, m.ErrorMessage = codeAndMessage(s.deleteACL(ctx, r, a))
			m.ResourceType, m.ResourceName, m.ResourcePatternType = a.Resource, a.Name, kmsg.ACLResourcePatternTypeLiteral
			m.Principal, m.Host, m.Operation, m.PermissionType = userPrefix+a.Role, "*", a.Operation, kmsg.ACLPermissionTypeAllow
			result.MatchingACLs = append(result.MatchingACLs, m)
		}
		resp.Results = append(resp.Results, result)
	}
	return resp, ctx.Err()
}

func (s *Server) deleteACL(ctx context.Context, r *request, a ACL) error {
	if a.Elsewhere != "" {
		return refuse(kerr.InvalidRequest, "%s", a.Elsewhere)
	}
	return s.cfg.ACLs.Change(ctx, r.principal(), a, true)
}

// principal is who asks.
func (r *request) principal() auth.Principal {
	if r.who == nil {
		return auth.Principal{}
	}
	return *r.who
}
