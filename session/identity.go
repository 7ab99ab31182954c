package session

import (
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// identity is who a session acts as.
type identity struct {
	// login is who has proved itself, session who the session is taken to be (SET SESSION AUTHORIZATION), current whose
	// privileges count (SET ROLE).
	login, session, current catalog.OID
}

// newIdentity is that of a client who has just come in under a name.
func (s *Session) newIdentity(name string) error {
	r, ok := s.db.Catalog.Now().RoleNamed(name)
	if !ok {
		return sqlerr.New(sqlerr.InvalidAuthorizationSpecification, "role \"%s\" does not exist", name)
	}
	if !r.Role.Login {
		return sqlerr.New(sqlerr.InvalidAuthorizationSpecification, "role \"%s\" is not permitted to log in", name)
	}
	s.who, s.loginName = identity{r.OID, r.OID, r.OID}, r.Name
	s.set.allow, s.set.changed = s.allowIdentity, s.deriveIdentity
	s.deriveIdentity()
	return s.db.sessions.enter(r)
}

// noRoleSet is the value of role without SET ROLE.
const noRoleSet = "none"

// deriveIdentity has the settings role and session_authorization be of effect. A role that is gone has no privileges.
func (s *Session) deriveIdentity() {
	named := func(name string) catalog.OID {
		if r, ok := s.catalog().RoleNamed(name); ok {
			return r.OID
		}
		return 0
	}
	s.who.session = s.who.login
	if name := s.set.get("session_authorization"); name != s.loginName { // who came in stays who he is when he is renamed
		s.who.session = named(name)
	}
	s.who.current = s.who.session
	if name := s.set.get("role"); name != noRoleSet {
		s.who.current = named(name)
	}
	super := "off"
	if s.super() {
		super = "on"
	}
	if at := settingIndex["is_superuser"]; s.set.values[at] != super {
		s.set.values[at] = super
		if !s.opened {
			return // the client is told of all values then
		}
		s.report(face.Setting{Name: settingList[at].name, Value: super})
	}
}

// allowIdentity refuses to become a role that the session may not be.
func (s *Session) allowIdentity(name, value string) error {
	at := s.catalog()
	switch name {
	case "role":
		if value == noRoleSet {
			return nil
		}
		r, ok := at.RoleNamed(value)
		if !ok {
			return sqlerr.New(sqlerr.InvalidParameterValue, "role \"%s\" does not exist", value)
		}
		if !at.IsMember(s.who.session, r.OID) {
			return denied("permission denied to set role \"%s\"", value)
		}
	case "session_authorization":
		r, ok := at.RoleNamed(value)
		if !ok && value != s.loginName {
			return sqlerr.New(sqlerr.InvalidParameterValue, "role \"%s\" does not exist", value)
		}
		if value != s.loginName && r.OID != s.who.login && !at.IsSuper(s.who.login) {
			return denied("permission denied to set session authorization \"%s\"", value)
		}
		s.set.values[settingIndex["role"]] = noRoleSet
		s.set.derive()
	}
	return nil
}

// roleSessions counts the sessions of each role, for CONNECTION LIMIT.
type roleSessions struct {
	mu   sync.Mutex
	open map[catalog.OID]int32
}

// enter counts one more, if the role may have it. Superusers may.
func (c *roleSessions) enter(r *catalog.Relation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if limit := r.Role.ConnLimit; limit >= 0 && !r.Role.Super && c.open[r.OID] >= limit {
		return sqlerr.New(sqlerr.TooManyConnections, "too many connections for role \"%s\"", r.Name)
	}
	c.open[r.OID]++
	return nil
}

func (c *roleSessions) leave(role catalog.OID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[role]--; c.open[role] <= 0 {
		delete(c.open, role)
	}
}

// super: the session passes every check.
func (s *Session) super() bool { return s.catalog().IsSuper(s.who.current) }

// roleName is what a role is called now.
func (s *Session) roleName(oid catalog.OID) string {
	if r, ok := s.catalog().RoleOf(oid); ok {
		return r.Name
	}
	return ""
}

// currentUser is the name of the role whose privileges count.
func (s *Session) currentUser() string { return s.roleName(s.who.current) }

// role finds the role that a statement names.
func (s *Session) role(r parse.RoleSpec) (*catalog.Relation, error) {
	oid := s.who.current
	switch r.Special {
	case parse.RoleSession:
		oid = s.who.session
	case 0:
		if found, ok := s.catalog().RoleNamed(r.Name); ok {
			return found, nil
		}
		return nil, noRole(r.Name)
	}
	if found, ok := s.catalog().RoleOf(oid); ok {
		return found, nil
	}
	return nil, noRole(r.Special.String())
}

func noRole(name string) *sqlerr.Error {
	return sqlerr.New(sqlerr.UndefinedObject, "role \"%s\" does not exist", name)
}

func denied(format string, args ...any) *sqlerr.Error {
	return sqlerr.New(sqlerr.InsufficientPrivilege, format, args...)
}
