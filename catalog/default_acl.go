package catalog

import (
	"slices"

	"github.com/tributary-db/tributary/internal/acl"
)

// DefaultACL are the grants that a new relation, schema or type begins with by its owner's ALTER DEFAULT PRIVILEGES; nil = the
// built-in ones.
func (s *Snapshot) DefaultACL(r *Relation) *acl.ACL {
	owner := s.OwnerOf(r)
	role, ok := s.RoleOf(owner)
	if !ok || len(role.Role.Defaults) == 0 {
		return nil
	}
	schema, _ := s.Schema(r.Schema)
	kind := r.ACLKind()
	base := acl.Default(kind, uint32(owner))
	everywhere, found := role.Role.DefaultFor(0, kind)
	if !found {
		everywhere = base
	}
	if schema != nil {
		if here, ok := role.Role.DefaultFor(schema.OID, kind); ok {
			found = true
			for _, i := range here {
				everywhere, _ = s.Granting(owner).Grant(everywhere, i) // options of the owner's own go in no circle
			}
		}
	}
	if !found || everywhere.Same(base) {
		return nil
	}
	out := everywhere.Sorted()
	return &out
}

// DefaultFor is what is granted on the role's new objects of a kind, in a schema or (0) in any.
func (r *Role) DefaultFor(schema OID, kind acl.Kind) (acl.ACL, bool) {
	for _, d := range r.Defaults {
		if d.Schema == schema && d.Kind == kind {
			return d.ACL, true
		}
	}
	return nil, false
}

// SetDefault changes what DefaultFor gives; r is a copy. nil = nothing is said any more.
func (r *Role) SetDefault(schema OID, kind acl.Kind, list acl.ACL) {
	r.Defaults = slices.DeleteFunc(slices.Clone(r.Defaults), func(d DefaultACL) bool { return d.Schema == schema && d.Kind == kind })
	if list != nil {
		r.Defaults = append(r.Defaults, DefaultACL{schema, kind, list})
	}
}
