package session

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/plan"
)

// introspection answers what functions and relations of the catalogs ask, for one session and one version of the
// catalog.
type introspection struct {
	*pgcatalog.View
	s    *Session
	cat  catalog.Reader
	path []string
}

var (
	_ plan.Catalog = (*introspection)(nil)
	_ system.Asker = (*introspection)(nil)
)

// introspection is the same while neither the catalog nor the search path changes: who keeps names looks at that.
func (s *Session) introspection() *introspection {
	cat, path := s.catalog(), s.path()
	if s.seen == nil || s.seen.cat != catalog.Reader(cat) || !slices.Equal(s.seen.path, path) {
		s.seen = &introspection{View: pgcatalog.NewView(cat, path), s: s, cat: cat, path: path}
	}
	return s.seen
}

// Catalog is what the session sees, with the DDL of its transaction.
func (i *introspection) Catalog() *catalog.Snapshot { return i.s.catalog() }

func (i *introspection) User() string { return i.s.roleName(i.s.who.session) }

// CurrentRole is whose privileges count.
func (i *introspection) CurrentRole() uint32 { return uint32(i.s.who.current) }

// SeesSessions: of a role that is gone superusers and who reads all statistics know.
func (i *introspection) SeesSessions(role string) bool {
	at := i.s.catalog()
	if at.HasPrivsOf(i.s.who.current, catalog.ReadAllStats) {
		return true
	}
	r, ok := at.RoleNamed(role)
	return ok && at.HasPrivsOf(i.s.who.current, r.OID)
}

func (i *introspection) Database() string { return i.s.database }
func (i *introspection) PID() int32       { return i.s.pid }
func (i *introspection) Path() []string   { return i.path }

// Updatable asks the binder. What cannot be told cannot be changed: a view below which a table has changed, say.
func (i *introspection) Updatable(relation uint32) (events int32, columns []int16) {
	rel, ok := i.cat.ByOID(catalog.OID(relation))
	if !ok {
		return 0, nil
	}
	events, at, err := bind.Updatable(rel, i.cat, i.s.bindOptions())
	if err != nil {
		return 0, nil
	}
	for _, c := range at {
		columns = append(columns, int16(c+1))
	}
	return events, columns
}

// ViewDef asks the binder what the names of a view's text stand for. A text that cannot be bound is shown as it was written.
func (i *introspection) ViewDef(view uint32) (string, bool) {
	text, ok := i.View.ViewDef(view)
	if rel, there := i.cat.ByOID(catalog.OID(view)); ok && there && rel.Kind != catalog.KindSystem {
		if told, err := bind.Definition(rel, i.cat, i.View); err == nil {
			text = " " + strings.TrimSuffix(strings.TrimSpace(told), ";") + ";"
		}
	}
	return text, ok
}

// Setting is current_setting.
func (i *introspection) Setting(name string) (string, bool, error) {
	_, value, err := i.s.set.show(name)
	if err == nil {
		return value, true, nil
	}
	if i.s.db.Settings != nil {
		if v, ok := i.s.db.Settings(name); ok {
			return v, true, nil
		}
	}
	return "", false, err
}

// SetSetting is set_config.
func (i *introspection) SetSetting(name, value string, local bool) (string, error) {
	s := i.s
	if local && !s.tx.block {
		// The statement's own transaction ends with it, and the value with that.
		_, _, err := s.set.show(name)
		if err != nil && !strings.Contains(name, ".") {
			return "", err
		}
		return value, nil
	}
	if err := s.allowMode(strings.ToLower(name), value); err != nil {
		return "", err
	}
	s.noteSet(name, local)
	reported, err := s.set.set(name, value)
	if err != nil {
		return "", err
	}
	s.report(reported)
	_, shown, err := s.set.show(name)
	return shown, err
}

// settingTypes are the parameters that are no strings, as pg_settings.vartype.
func settingType(d *setting) string {
	switch {
	case d.kind != "":
		return d.kind
	case d.value == "on" || d.value == "off":
		return "bool"
	case d.millis || d.size:
		return "integer"
	}
	return "string"
}

// SessionSettings are all parameters, as pg_settings has them.
func (i *introspection) SessionSettings() []system.SessionSetting {
	var out []system.SessionSetting
	for k := range settingList {
		d := &settingList[k]
		out = append(out, system.SessionSetting{
			Name: d.name, Value: i.s.set.values[k], Boot: d.value, Reset: i.s.set.defaults[k], Doc: d.doc, Type: settingType(d), Values: d.enum, Unit: d.unit, Fixed: d.fixed,
		})
	}
	slices.SortFunc(out, func(a, b system.SessionSetting) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return out
}

// Prepared are the statements with a name.
func (i *introspection) Prepared() []system.PreparedStatement {
	var out []system.PreparedStatement
	for name, p := range i.s.prepared {
		if name != "" && p.statement != nil {
			of := system.PreparedStatement{Name: name, Statement: p.statement.sql, Since: p.since, SQL: p.sql, Parameters: []uint32{}}
			for _, t := range p.params {
				of.Parameters = append(of.Parameters, uint32(t.OID))
			}
			out = append(out, of)
		}
	}
	slices.SortFunc(out, func(a, b system.PreparedStatement) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Cursors are the open portals with a name.
func (i *introspection) Cursors() []system.Cursor {
	var out []system.Cursor
	for name, p := range i.s.portals {
		if name != "" && p.prepared != nil && p.prepared.statement != nil {
			out = append(out, system.Cursor{Name: name, Statement: p.prepared.statement.sql, Holdable: p.hold, Binary: p.binary, Scrollable: p.scroll || p.turns, Declared: p.declared})
		}
	}
	slices.SortFunc(out, func(a, b system.Cursor) int { return strings.Compare(a.Name, b.Name) })
	return out
}
