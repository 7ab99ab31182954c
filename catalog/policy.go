package catalog

import (
	"slices"
	"strconv"
)

// KindPolicy is a policy of a table's rows (docs/decisions/0084). Its Parent is the table, in whose policies its name is one. Its Query
// selects its two expressions from the table, NULL for one that it has not, so that names in them mean what they meant (0051).
const KindPolicy Kind = "policy"

// Policy is what a relation of KindPolicy is.
type Policy struct {
	// Command is pg_policy's polcmd: r, a, w, d, or * of all.
	Command     string `json:"command"`
	Restrictive bool   `json:"restrictive,omitempty"`
	// Roles are those that it is for, none = all.
	Roles []OID `json:"roles,omitempty"`
	// Using and Check are its expressions as they are shown, with today's names; empty = it has none.
	Using string `json:"using,omitempty"`
	Check string `json:"check,omitempty"`
}

// For reports whether the policy counts for a statement: r, a, w or d.
func (p *Policy) For(command byte) bool { return p.Command == "*" || p.Command[0] == command }

// policyScope is the name of the namespace of a table's policies.
func policyScope(table OID) string { return strconv.FormatUint(uint64(table), 10) }

// Policies are those of a table, by name.
func (s *Snapshot) Policies(table OID) []*Relation {
	return s.among(s.layer.users[table], func(r *Relation) bool { return r.Kind == KindPolicy && r.Parent == table })
}

// PolicyNamed finds a policy of a table.
func (s *Snapshot) PolicyNamed(table OID, name string) (*Relation, bool) {
	r := s.user(qualified{policyScope(table), name, policies})
	return r, r != nil
}

// RowsAre reports whether the policies of a table decide which of its rows a role sees and may write: not for superusers and roles with
// BYPASSRLS, and for who owns the table only where that was asked for.
func (s *Snapshot) RowsAre(role OID, r *Relation) (decided bool) {
	if !r.RowSecurity {
		return false
	}
	if who, ok := s.RoleOf(role); ok && (who.Role.Super || who.Role.BypassRLS) {
		return false
	}
	return r.ForceRowSecurity || !s.Owns(role, r)
}

// PolicyIsFor reports whether a policy is for a role: named, or one whose privileges it has.
func (s *Snapshot) PolicyIsFor(p *Policy, role OID) bool {
	return len(p.Roles) == 0 || slices.ContainsFunc(p.Roles, func(oid OID) bool { return s.HasPrivsOf(role, oid) })
}
