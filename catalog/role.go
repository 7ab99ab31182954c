package catalog

import (
	"slices"
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/acl"
)

// KindRole is a role: an object of the catalog as schemas are, in a namespace of its own (docs/decisions/0066).
const KindRole Kind = "role"

// Superuser is the role that is there from the start, SuperuserOID its OID, which is PostgreSQL's for its first role.
const (
	Superuser        = "tributary"
	SuperuserOID OID = 10
)

// Role is what a relation of KindRole is.
type Role struct {
	Super       bool `json:"super,omitempty"`
	Inherit     bool `json:"inherit,omitempty"`
	CreateRole  bool `json:"create_role,omitempty"`
	CreateDB    bool `json:"create_db,omitempty"`
	Login       bool `json:"login,omitempty"`
	Replication bool `json:"replication,omitempty"`
	BypassRLS   bool `json:"bypass_rls,omitempty"`
	// ConnLimit is how many sessions the role may have at once, -1 = any number.
	ConnLimit int32 `json:"conn_limit"`
	// ValidUntil is when the password ends, in microseconds from 2000 on as timestamptz has it, infinity among them; nil = never.
	ValidUntil *int64 `json:"valid_until,omitempty"`
	// Password are the verifiers that stand for it (auth.Verifiers), empty = no password opens the role. nil: none was ever
	// set here; of the first role it may be in the metadata, where it was before there were others.
	Password *string `json:"password,omitempty"`
	// MemberOf are the roles that it is in, by OID: of several that may grant the same, the first one does.
	MemberOf []Membership `json:"member_of,omitempty"`
	// Settings are what its sessions begin with.
	Settings []Setting `json:"settings,omitempty"`
	// Defaults are what others get on what the role makes (ALTER DEFAULT PRIVILEGES).
	Defaults []DefaultACL `json:"defaults,omitempty"`
}

// DefaultACL is what is granted on new objects of a kind.
type DefaultACL struct {
	Schema OID      `json:"schema,omitempty"` // 0 = in any schema: in place of the built-in default; else added to it
	Kind   acl.Kind `json:"kind"`
	ACL    acl.ACL  `json:"acl"`
}

// Expired: the time of the role's password is over.
func (r *Role) Expired(now time.Time) bool {
	return r.ValidUntil != nil && *r.ValidUntil < now.UnixMicro()-unixToPostgresMicros
}

// unixToPostgresMicros is 2000-01-01 in Unix microseconds.
const unixToPostgresMicros = 946_684_800_000_000

// Membership is a role's being in another.
type Membership struct {
	Role    OID  `json:"role"`
	Grantor OID  `json:"grantor"`
	Admin   bool `json:"admin,omitempty"` // may put others into it
}

// Predefined roles of PostgreSQL's that mean something here.
const (
	DatabaseOwner   OID = 6171
	ReadAllData     OID = 6181
	WriteAllData    OID = 6182
	Monitor         OID = 3373
	ReadAllSettings OID = 3374
	ReadAllStats    OID = 3375
	StatScanTables  OID = 3377
	SignalBackend   OID = 4200
)

// predefined are never stored.
var predefined = []*Relation{
	predefinedRole(DatabaseOwner, "pg_database_owner"), predefinedRole(ReadAllData, "pg_read_all_data"), predefinedRole(WriteAllData, "pg_write_all_data"),
	predefinedRole(Monitor, "pg_monitor", ReadAllSettings, ReadAllStats, StatScanTables), predefinedRole(ReadAllSettings, "pg_read_all_settings"),
	predefinedRole(ReadAllStats, "pg_read_all_stats"), predefinedRole(StatScanTables, "pg_stat_scan_tables"), predefinedRole(SignalBackend, "pg_signal_backend"),
}

func predefinedRole(oid OID, name string, in ...OID) *Relation {
	r := &Relation{OID: oid, Name: name, Kind: KindRole, TimestampColumn: -1, Role: &Role{Inherit: true, ConnLimit: -1}}
	for _, of := range in {
		r.Role.MemberOf = append(r.Role.MemberOf, Membership{Role: of, Grantor: SuperuserOID})
	}
	return r
}

// Predefined: the role comes with the server and never changes.
func Predefined(role OID) bool {
	return slices.ContainsFunc(predefined, func(r *Relation) bool { return r.OID == role })
}

func firstRole() *Relation {
	all := Role{Super: true, Inherit: true, CreateRole: true, CreateDB: true, Login: true, Replication: true, BypassRLS: true, ConnLimit: -1}
	return &Relation{OID: SuperuserOID, Name: Superuser, Kind: KindRole, TimestampColumn: -1, Role: &all}
}

// RoleNamed finds a role.
func (s *Snapshot) RoleNamed(name string) (*Relation, bool) {
	if r := s.user(qualified{name: name, space: roles}); r != nil {
		return r, true
	}
	i := slices.IndexFunc(predefined, func(r *Relation) bool { return r.Name == name })
	if i < 0 {
		return nil, false
	}
	return predefined[i], true
}

// RoleOf is the role of an OID.
func (s *Snapshot) RoleOf(oid OID) (*Relation, bool) {
	if r, ok := s.ByOID(oid); ok && r.Kind == KindRole {
		return r, true
	}
	i := slices.IndexFunc(predefined, func(r *Relation) bool { return r.OID == oid })
	if i < 0 {
		return nil, false
	}
	return predefined[i], true
}

// Roles are all, by name.
func (s *Snapshot) Roles() []*Relation {
	out := append(s.Relations(KindRole), predefined...)
	slices.SortFunc(out, func(a, b *Relation) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// IsSuper reports whether a role passes every check.
func (s *Snapshot) IsSuper(role OID) bool {
	r, ok := s.RoleOf(role)
	return ok && r.Role.Super
}

// walk visits a role and those that it is in, at any distance; with inheriting only by way of roles that inherit. It
// ends when visit says so, and reports that.
func (s *Snapshot) walk(role OID, inheriting bool, visit func(OID) bool) bool {
	seen, next := map[OID]bool{role: true}, []OID{role}
	for len(next) > 0 {
		oid := next[0]
		next = next[1:]
		if visit(oid) {
			return true
		}
		r, ok := s.RoleOf(oid)
		if !ok || inheriting && !r.Role.Inherit {
			continue
		}
		for _, m := range s.memberships(r) {
			if !seen[m.Role] {
				seen[m.Role] = true
				next = append(next, m.Role)
			}
		}
	}
	return false
}

// memberships are what a role is in: the owner of the database is in pg_database_owner without being told.
func (s *Snapshot) memberships(r *Relation) []Membership {
	if r.OID == s.OwnerOfDatabase() {
		return append([]Membership{{Role: DatabaseOwner}}, r.Role.MemberOf...)
	}
	return r.Role.MemberOf
}

// IsMember reports whether a role is another or in it, at any distance; superusers are in all.
func (s *Snapshot) IsMember(member, role OID) bool {
	if s.IsSuper(member) {
		return true
	}
	return s.walk(member, false, func(oid OID) bool { return oid == role })
}

// IsIn is IsMember without the superusers' being in all.
func (s *Snapshot) IsIn(member, role OID) bool {
	return s.walk(member, false, func(oid OID) bool { return oid == role })
}

// HasPrivsOf reports whether a role has the privileges of another without SET ROLE.
func (s *Snapshot) HasPrivsOf(member, role OID) bool {
	if s.IsSuper(member) {
		return true
	}
	return s.walk(member, true, func(oid OID) bool { return oid == role })
}

// IsAdmin reports whether a role may put others into another.
func (s *Snapshot) IsAdmin(member, role OID) bool {
	if s.IsSuper(member) {
		return true
	}
	return s.walk(member, false, func(oid OID) bool {
		r, ok := s.RoleOf(oid)
		return ok && slices.ContainsFunc(r.Role.MemberOf, func(m Membership) bool { return m.Role == role && m.Admin })
	})
}

// Members are the roles that are in another, by name.
func (s *Snapshot) Members(role OID) []*Relation {
	return s.filter(func(r *Relation) bool {
		return r.Kind == KindRole && slices.ContainsFunc(r.Role.MemberOf, func(m Membership) bool { return m.Role == role })
	})
}
