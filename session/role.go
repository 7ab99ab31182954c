package session

import (
	"context"
	"regexp"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/parse"
)

// roleNames is the schema under which the names of roles are locked: no schema has its name.
const roleNames = "\x00role"

// createRole is CREATE ROLE, USER and GROUP.
func (s *Session) createRole(ctx context.Context, b *parse.CreateRole, w face.Writer) error {
	role := &catalog.Role{Inherit: true, Login: b.User, ConnLimit: -1}
	if err := s.mayCreateRole(&b.Options); err != nil {
		return err
	}
	if err := allowedRole(b.Name); err != nil {
		return err
	}
	if b.Options.SysID {
		s.notice("SYSID can no longer be specified")
	}
	if err := s.setRole(role, &b.Options); err != nil {
		return err
	}
	err := s.change(ctx, "CREATE ROLE", func(t *catalog.Txn) error {
		if err := s.freeRole(ctx, t, b.Name); err != nil {
			return err
		}
		made := t.Put(&catalog.Relation{Name: b.Name, Kind: catalog.KindRole, Role: role, TimestampColumn: -1})
		return s.joinNew(ctx, t, made, &b.Options)
	})
	if err != nil {
		return err
	}
	return w.Complete("CREATE ROLE")
}

// joinNew puts a new role where its options say.
func (s *Session) joinNew(ctx context.Context, t *catalog.Txn, made *catalog.Relation, o *parse.RoleOptions) error {
	self := []parse.RoleSpec{{Name: made.Name}}
	for _, in := range o.InRoles {
		if err := s.join(ctx, t, joining{role: in, members: self, grantor: s.who.current}); err != nil {
			return err
		}
	}
	if err := s.join(ctx, t, joining{role: self[0], members: o.Members, grantor: s.who.current}); err != nil {
		return err
	}
	return s.join(ctx, t, joining{role: self[0], members: o.Admins, grantor: s.who.current, admin: true})
}

func on(flag *bool) bool { return flag != nil && *flag }

// mayCreateRole is PostgreSQL 15's rule: CREATEROLE makes any role that is not above it.
func (s *Session) mayCreateRole(o *parse.RoleOptions) error {
	switch {
	case s.super():
	case on(o.Super):
		return denied("must be superuser to create superusers")
	case on(o.Replication):
		return denied("must be superuser to create replication users")
	case on(o.BypassRLS):
		return denied("must be superuser to create bypassrls users")
	case !s.createsRoles():
		return denied("permission denied to create role")
	}
	return nil
}

func (s *Session) createsRoles() bool {
	r, ok := s.catalog().RoleOf(s.who.current)
	return ok && (r.Role.Super || r.Role.CreateRole)
}

func allowedRole(name string) error {
	switch {
	case name == "public" || name == "none":
		return sqlerr.New(sqlerr.ReservedName, "role name \"%s\" is reserved", name)
	case strings.HasPrefix(name, "pg_"):
		return sqlerr.New(sqlerr.ReservedName, "role name \"%s\" is reserved", name).WithDetail("Role names starting with \"pg_\" are reserved.")
	}
	return nil
}

// freeRole checks that a role's name is not taken, and keeps it until the transaction ends.
func (s *Session) freeRole(ctx context.Context, t *catalog.Txn, name string) error {
	if err := s.tx.writes.LockName(ctx, roleNames, name); err != nil {
		return err
	}
	if _, taken := t.At().RoleNamed(name); taken {
		return sqlerr.New(sqlerr.DuplicateObject, "role \"%s\" already exists", name)
	}
	return nil
}

// setRole gives a role the attributes that a statement has.
func (s *Session) setRole(role *catalog.Role, o *parse.RoleOptions) error {
	for _, f := range []struct {
		to   *bool
		from *bool
	}{
		{&role.Super, o.Super}, {&role.Inherit, o.Inherit}, {&role.CreateRole, o.CreateRole}, {&role.CreateDB, o.CreateDB},
		{&role.Login, o.Login}, {&role.Replication, o.Replication}, {&role.BypassRLS, o.BypassRLS},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if o.ConnLimit != nil {
		if *o.ConnLimit < -1 {
			return sqlerr.New(sqlerr.InvalidParameterValue, "invalid connection limit: %d", *o.ConnLimit)
		}
		role.ConnLimit = int32(*o.ConnLimit)
	}
	if o.ValidUntil != nil {
		env := s.codecEnv()
		at, err := datetime.ParseTimestamptz([]byte(*o.ValidUntil), env.DateStyle.Order, env.Location)
		if err != nil {
			return err
		}
		role.ValidUntil = &at
	}
	if o.Password == nil && !o.NoPassword {
		return nil
	}
	vs, err := s.verifiersOf(o.Password)
	if err != nil {
		return err
	}
	text := vs.String()
	role.Password = &text
	return nil
}

// md5Hash is a password as PostgreSQL once kept it. Nobody can log in with one here.
var md5Hash = regexp.MustCompile(`^md5[0-9a-f]{32}$`)

// verifiersOf are what is kept of a password; nil = there is none.
func (s *Session) verifiersOf(password *string) (auth.Verifiers, error) {
	switch {
	case password == nil:
		return nil, nil
	case *password == "":
		s.tell(face.Notice{Message: "empty string is not a valid password, clearing password"})
		return nil, nil
	case md5Hash.MatchString(*password):
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "MD5 password hashes are not supported").WithHint("Give the password itself, or a SCRAM-SHA-256 verifier.")
	}
	return auth.PasswordVerifiers(*password, s.db.Rand)
}

// changeRole locks a role and gives it what edit makes of its attributes.
func (s *Session) changeRole(ctx context.Context, t *catalog.Txn, role *catalog.Relation, edit func(*catalog.Role) error) error {
	if err := s.lock(ctx, "ALTER ROLE", role.OID, table.Exclusive); err != nil {
		return err
	}
	now, ok := t.At().RoleOf(role.OID)
	if !ok {
		return noRole(role.Name)
	}
	if catalog.Predefined(role.OID) {
		return sqlerr.New(sqlerr.ReservedName, "role name \"%s\" is reserved", role.Name).WithDetail("Cannot alter reserved roles.")
	}
	changed, attributes := *now, *now.Role
	if err := edit(&attributes); err != nil {
		return err
	}
	changed.Role = &attributes
	t.Put(&changed)
	return nil
}

// alterRole is ALTER ROLE and USER with attributes, and ALTER GROUP.
func (s *Session) alterRole(ctx context.Context, b *parse.AlterRole, w face.Writer) error {
	role, err := s.role(b.Role)
	if err != nil {
		return err
	}
	if b.Group {
		return s.alterGroup(ctx, role, b, w)
	}
	if err := s.mayAlterRole(role, &b.Options); err != nil {
		return err
	}
	err = s.change(ctx, "ALTER ROLE", func(t *catalog.Txn) error {
		return s.changeRole(ctx, t, role, func(a *catalog.Role) error { return s.setRole(a, &b.Options) })
	})
	if err != nil {
		return err
	}
	return w.Complete("ALTER ROLE")
}

// mayAlterRole is PostgreSQL 15's rule.
func (s *Session) mayAlterRole(role *catalog.Relation, o *parse.RoleOptions) error {
	other := o.Inherit != nil || o.CreateRole != nil || o.CreateDB != nil || o.Login != nil || o.ConnLimit != nil || o.ValidUntil != nil
	password := o.Password != nil || o.NoPassword
	switch {
	case role.OID == catalog.SuperuserOID && o.Super != nil && !*o.Super:
		return denied("permission denied to alter role").WithDetail("The bootstrap user must have the SUPERUSER attribute.")
	case s.super():
	case role.Role.Super || o.Super != nil:
		return denied("must be superuser to alter superuser roles or change superuser attribute")
	case role.Role.Replication || o.Replication != nil:
		return denied("must be superuser to alter replication roles or change replication attribute")
	case o.BypassRLS != nil:
		return denied("must be superuser to change bypassrls attribute")
	case !s.createsRoles() && (other || !password || role.OID != s.who.current):
		return denied("permission denied")
	}
	return nil
}

// renameRole is ALTER ROLE … RENAME TO. Whoever owns or has been granted something is known by OID.
func (s *Session) renameRole(ctx context.Context, b *parse.RenameRole, w face.Writer) error {
	role, err := s.role(parse.RoleSpec{Name: b.Name})
	if err != nil {
		return err
	}
	switch {
	case role.OID == s.who.session:
		return sqlerr.New(sqlerr.FeatureNotSupported, "session user cannot be renamed")
	case role.OID == s.who.current:
		return sqlerr.New(sqlerr.FeatureNotSupported, "current user cannot be renamed")
	case role.OID == catalog.SuperuserOID: // settings, tools and clients without a name mean it by its name
		return sqlerr.New(sqlerr.FeatureNotSupported, "role \"%s\" cannot be renamed", role.Name)
	}
	for _, name := range []string{b.Name, b.New} {
		if err := allowedRole(name); err != nil {
			return err
		}
	}
	err = s.change(ctx, "ALTER ROLE", func(t *catalog.Txn) error {
		if err := s.freeRole(ctx, t, b.New); err != nil {
			return err
		}
		switch {
		case s.super():
		case role.Role.Super:
			return denied("must be superuser to rename superusers")
		case !s.createsRoles():
			return denied("permission denied to rename role")
		}
		if err := s.lock(ctx, "ALTER ROLE", role.OID, table.Exclusive); err != nil {
			return err
		}
		now, ok := t.At().RoleOf(role.OID)
		if !ok {
			return noRole(b.Name)
		}
		renamed := *now
		renamed.Name = b.New
		t.Put(&renamed)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("ALTER ROLE")
}
