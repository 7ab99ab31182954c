package session

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// maxRoleSettings bounds what is kept of one role, or of the database.
const maxRoleSettings = 1000

// alterSettings is ALTER ROLE … SET and RESET, and ALTER DATABASE … SET and RESET: what sessions begin with from now on.
// Source: https://www.postgresql.org/docs/15/sql-alterrole.html
func (s *Session) alterSettings(ctx context.Context, b *parse.AlterSettings, w face.Writer) error {
	tag := parse.TagOf(b)
	role, err := s.mayAlterSettings(b)
	if err != nil {
		return err
	}
	edit, err := s.editSettings(b)
	if err != nil {
		return err
	}
	err = s.change(ctx, tag, func(t *catalog.Txn) error {
		if role == nil {
			return s.changeDatabase(ctx, t, func(d *catalog.Relation) (err error) {
				d.RoleSettings, err = edit(d.RoleSettings)
				return err
			})
		}
		return s.changeRole(ctx, t, role, func(a *catalog.Role) (err error) {
			a.Settings, err = edit(a.Settings)
			return err
		})
	})
	if err != nil {
		return err
	}
	return w.Complete(tag)
}

// mayAlterSettings is PostgreSQL's rule; it gives the role that they are of, nil = of all.
func (s *Session) mayAlterSettings(b *parse.AlterSettings) (role *catalog.Relation, err error) {
	if b.Role != nil {
		if role, err = s.role(*b.Role); err != nil {
			return nil, err
		}
		switch {
		case role.Role.Super && !s.super():
			return nil, denied("must be superuser to alter superusers")
		case !role.Role.Super && !s.createsRoles() && role.OID != s.who.current:
			return nil, denied("permission denied")
		}
	}
	switch {
	case b.Database != "" && b.Database != s.database:
		return nil, sqlerr.New(sqlerr.InvalidCatalogName, "database \"%s\" does not exist", b.Database)
	case role == nil && b.Database != "" && !s.catalog().HasPrivsOf(s.who.current, s.catalog().OwnerOfDatabase()):
		return nil, denied("must be owner of database %s", b.Database)
	case role == nil && b.Database == "" && !s.super():
		return nil, denied("must be superuser to alter settings globally")
	}
	return role, nil
}

// editSettings is the change of a list; what is to be set is a parameter and a value that SET would take.
func (s *Session) editSettings(b *parse.AlterSettings) (func([]catalog.Setting) ([]catalog.Setting, error), error) {
	here := b.Database != ""
	if b.Set == nil {
		name := ""
		if b.Reset != "all" {
			var err error
			if name, err = parameterName(b.Reset); err != nil {
				return nil, err
			}
		}
		return func(list []catalog.Setting) ([]catalog.Setting, error) {
			return catalog.WithoutSettings(list, name, here), nil
		}, nil
	}
	name, err := parameterName(b.Set.Name)
	if err != nil {
		return nil, err
	}
	value := valueText(b.Set)
	if b.Current {
		if i, ok := settingIndex[strings.ToLower(name)]; ok {
			value = s.set.values[i]
		} else {
			value = s.set.custom[name]
		}
	}
	if _, err := s.set.scratch().set(name, value); err != nil {
		return nil, err
	}
	return func(list []catalog.Setting) ([]catalog.Setting, error) {
		out := catalog.WithSetting(list, catalog.Setting{Name: name, Value: value, Here: here})
		if len(out) > maxRoleSettings {
			return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "too many settings")
		}
		return out, nil
	}, nil
}

// parameterName is the name of a parameter as SHOW spells it; one of the user's own may be new.
func parameterName(name string) (string, error) {
	low := strings.ToLower(name)
	if i, ok := settingIndex[low]; ok {
		return settingList[i].name, nil
	}
	if strings.Contains(low, ".") || isServerSetting(low) {
		return low, nil // set says what is wrong with it
	}
	return "", unknownSetting(name)
}

// scratch is a copy on which a value can be tried; nobody follows it.
func (s *settings) scratch() *settings {
	return &settings{values: slices.Clone(s.values), defaults: slices.Clone(s.defaults), custom: maps.Clone(s.custom)}
}

// beginWithSettings sets what was said of the role and of the database. What cannot be set any more, such as a role that is
// gone, is left out and told, so that it keeps nobody out.
func (s *Session) beginWithSettings() {
	for _, set := range s.catalog().SettingsOf(s.who.login) {
		if _, err := s.set.set(set.Name, set.Value); err != nil {
			s.db.Logger.Warn("a setting of a role cannot be set", "role", s.user, "name", set.Name, "error", err)
		}
	}
}
