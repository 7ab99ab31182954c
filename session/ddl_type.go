package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// createEnum is CREATE TYPE … AS ENUM.
func (s *Session) createEnum(ctx context.Context, b *parse.CreateEnum, w face.Writer) error {
	schema, err := bind.NewSchema(b.Name, s.catalog(), s.bindOptions())
	if err != nil {
		return err
	}
	def := &catalog.UserType{}
	for i, key := range sqltype.FirstKeys(len(b.Labels)) {
		if err := checkLabel(b.Labels[i]); err != nil {
			return err
		}
		if def.Label(b.Labels[i]) >= 0 {
			return sqlerr.New(sqlerr.UniqueViolation, "duplicate key value violates unique constraint \"pg_enum_typid_label_index\"").
				WithDetail("The label \"%s\" is given twice.", b.Labels[i])
		}
		def.Labels = append(def.Labels, sqltype.Label{Name: b.Labels[i], Key: key})
	}
	err = s.change(ctx, "CREATE TYPE", func(t *catalog.Txn) error {
		if err := s.freeType(ctx, t, schema, b.Name.Name); err != nil {
			return err
		}
		rel := t.Put(&catalog.Relation{Schema: schema, Name: b.Name.Name, Kind: catalog.KindType, UserType: def, TimestampColumn: -1})
		s.tx.types = append(s.tx.types, rel.OID)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("CREATE TYPE")
}

// endTypes forgets types of a transaction that has ended without them.
func (s *Session) endTypes(made []catalog.OID) {
	for _, oid := range made {
		if _, there := s.db.Catalog.Now().ByOID(oid); !there {
			sqltype.Forget(sqltype.OID(oid))
		}
	}
}

// maxLabel is the longest label, in bytes.
const maxLabel = 63

func checkLabel(label string) error {
	if len(label) > maxLabel {
		return sqlerr.New(sqlerr.InvalidName, "invalid enum label \"%s\"", label).WithDetail("Labels must be %d bytes or less.", maxLabel)
	}
	return nil
}

// freeType checks that a type's name is not taken: relations have types of their names.
func (s *Session) freeType(ctx context.Context, t *catalog.Txn, schema, name string) error {
	if err := s.createIn(schema); err != nil {
		return err
	}
	if err := s.tx.writes.LockName(ctx, schema, name); err != nil {
		return err
	}
	_, taken := t.At().Type(schema, name, nil)
	if rel, ok := t.At().Relation(schema, name, nil); ok && rel.Kind != catalog.KindIndex && rel.Kind != catalog.KindSequence {
		taken = true
	}
	if taken {
		return sqlerr.New(sqlerr.DuplicateObject, "type \"%s\" already exists", name)
	}
	return nil
}

// noType checks that no type has the name of a new relation.
func (s *Session) noType(t *catalog.Txn, schema, name string) error {
	if _, taken := t.At().Type(schema, name, nil); taken {
		return sqlerr.New(sqlerr.DuplicateObject, "type \"%s\" already exists", name).
			WithHint("A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.")
	}
	return nil
}

// typeTarget is the type that a statement is about; nil if there is none and that is fine.
func (s *Session) typeTarget(at *catalog.Snapshot, of parse.ObjectKind, n parse.Name, ifExists bool) (*catalog.Relation, error) {
	rel, ok := at.Type(n.Schema, n.Name, s.path())
	switch {
	case ok && of == parse.ObjDomain && rel.UserType.Domain == nil:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not a domain", n.String())
	case ok:
		return rel, nil
	case ifExists:
		s.notice("type %q does not exist, skipping", n.String())
		return nil, nil
	}
	return nil, sqlerr.New(sqlerr.UndefinedObject, "type \"%s\" does not exist", n.String())
}

// changeType locks a type and puts what change makes of it.
func (s *Session) changeType(ctx context.Context, of parse.ObjectKind, name parse.Name, w face.Writer, change func(t *catalog.Txn, next *catalog.Relation) error) error {
	tag := "ALTER " + of.String()
	rel, err := s.lockFound(ctx, tag, func() (*catalog.Relation, error) { return s.typeTarget(s.catalog(), parse.ObjType, name, false) })
	if err != nil {
		return err
	}
	if of == parse.ObjDomain && rel.UserType.Domain == nil {
		return sqlerr.New(sqlerr.WrongObjectType, "%s is not a domain", s.shownName(rel))
	}
	err = s.change(ctx, tag, func(t *catalog.Txn) error {
		next := *rel
		def := *rel.UserType
		def.Labels, def.Attributes = slices.Clone(def.Labels), slices.Clone(def.Attributes)
		if def.Domain != nil {
			domain := *def.Domain
			domain.Checks = slices.Clone(domain.Checks)
			def.Domain = &domain
		}
		next.UserType = &def
		if err := change(t, &next); err != nil {
			return err
		}
		t.Put(&next)
		return nil
	})
	if _, nothing := err.(errExists); err != nil && !nothing {
		return err
	}
	return w.Complete(tag)
}

// alterEnum is ALTER TYPE … ADD VALUE and RENAME VALUE.
func (s *Session) alterEnum(ctx context.Context, b *parse.AlterEnum, w face.Writer) error {
	if err := checkLabel(b.Label); err != nil {
		return err
	}
	return s.changeType(ctx, parse.ObjType, b.Name, w, func(t *catalog.Txn, next *catalog.Relation) error {
		if next.UserType.Domain != nil || next.UserType.Composite {
			return sqlerr.New(sqlerr.WrongObjectType, "%s is not an enum", s.shownName(next))
		}
		if b.Old != "" {
			return renameLabel(t, next, b.Old, b.Label)
		}
		def := next.UserType
		if def.Label(b.Label) >= 0 {
			if b.IfNotExists {
				s.tell(face.Notice{Code: string(sqlerr.DuplicateObject), Message: fmt.Sprintf("enum label %q already exists, skipping", b.Label)})
				return errExists{b.Label}
			}
			return sqlerr.New(sqlerr.DuplicateObject, "enum label \"%s\" already exists", b.Label)
		}
		if err := unusedLabel(def, b.Label); err != nil {
			return err
		}
		key, err := newKey(def, b)
		if err != nil {
			return err
		}
		def.Labels = append(def.Labels, sqltype.Label{Name: b.Label, Key: key})
		return nil
	})
}

// newKey is the key of a label that comes before or behind another, or last.
func newKey(def *catalog.UserType, b *parse.AlterEnum) (int64, error) {
	list := slices.SortedFunc(slices.Values(def.Labels), sqltype.Label.Compare)
	at, before := len(list)-1, false
	if b.Beside != "" {
		at = slices.IndexFunc(list, func(l sqltype.Label) bool { return l.Name == b.Beside })
		if at < 0 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "\"%s\" is not an existing enum label", b.Beside)
		}
		before = !b.After
	}
	key, ok := sqltype.KeyBeside(list, at, before)
	if !ok {
		return 0, sqlerr.New(sqlerr.ProgramLimitExceeded, "there is no room for a label beside \"%s\"", b.Beside).
			WithHint("Put it beside another one, or make the type again.")
	}
	return key, nil
}

// unusedLabel: records that were written once name labels as they were called then, so no other label takes that name.
func unusedLabel(def *catalog.UserType, label string) error {
	for _, l := range def.Labels {
		if slices.Contains(l.Was, label) {
			return sqlerr.New(sqlerr.FeatureNotSupported, "\"%s\" is what the enum label \"%s\" was called before", label, l.Name).
				WithHint("Records that were written then have that name. Rename the label back, or choose another name.")
		}
	}
	return nil
}

// renameLabel is RENAME VALUE. What shows labels that were read before cannot be there: it would keep the old one.
func renameLabel(t *catalog.Txn, next *catalog.Relation, old, label string) error {
	def := next.UserType
	at := def.Label(old)
	if at < 0 {
		return sqlerr.New(sqlerr.InvalidParameterValue, "\"%s\" is not an existing enum label", old)
	}
	if def.Label(label) >= 0 {
		return sqlerr.New(sqlerr.DuplicateObject, "enum label \"%s\" already exists", label)
	}
	l := &def.Labels[at]
	if back := slices.Index(l.Was, label); back >= 0 {
		l.Was = slices.Delete(slices.Clone(l.Was), back, back+1)
	} else if err := unusedLabel(def, label); err != nil {
		return err
	}
	if user := labelUser(t.At(), next.OID, old, nil); user != nil {
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot rename a value of type %s because %s %s uses it", next.Name, user.Kind, user.Name).
			WithHint("Drop it, and create it again afterwards.")
	}
	l.Was = append(slices.Clone(l.Was), old)
	l.Name = label
	return nil
}

// labelUser finds what has a label in its text, or in values that were made of it; nil if nothing has.
func labelUser(at *catalog.Snapshot, of catalog.OID, label string, seen []catalog.OID) *catalog.Relation {
	quoted := "'" + strings.ReplaceAll(label, "'", "''") + "'"
	for _, dep := range at.Dependents(of) {
		if slices.Contains(seen, dep.OID) {
			continue
		}
		seen = append(seen, dep.OID)
		named := dep.Query != ""
		for i := range dep.Columns {
			named = named || strings.Contains(dep.Columns[i].Default, quoted) || dep.Columns[i].Generated != ""
		}
		for _, c := range dep.Checks {
			named = named || strings.Contains(c.Expr, quoted)
		}
		for i := range dep.KeyColumns {
			named = named || strings.Contains(dep.IndexKey(i).Expr+dep.Condition(), quoted)
		}
		if named {
			return dep
		}
		if user := labelUser(at, dep.OID, label, seen); user != nil {
			return user
		}
	}
	return nil
}

// renameType is ALTER TYPE … RENAME TO.
func (s *Session) renameType(ctx context.Context, b *parse.RenameType, w face.Writer) error {
	return s.changeType(ctx, b.Kind, b.Name, w, func(t *catalog.Txn, next *catalog.Relation) error {
		if err := freeOfTexts(t.At(), next, "rename"); err != nil {
			return err
		}
		if err := s.freeType(ctx, t, next.Schema, b.To); err != nil {
			return err
		}
		next.Name = b.To
		return nil
	})
}

// dropColumns takes the columns of a type that goes out of a table that stays; did says that dep is one.
func (d *dropping) dropColumns(dep, typ *catalog.Relation) (did bool, err error) {
	names := columnsOf(dep, typ)
	if len(names) == 0 || dep.Query != "" || slices.Contains(d.asked, dep.OID) || d.seen[dep.OID] {
		return false, nil
	}
	if err := d.lock(dep); err != nil {
		return true, err
	}
	for _, name := range names {
		now, _ := d.t.At().ByOID(dep.OID)
		at := now.ColumnIndex(name)
		if at < 0 {
			continue
		}
		if now.Kind != catalog.KindTable || now.FromTopic || now.IsKey(at) {
			return true, sqlerr.New(sqlerr.FeatureNotSupported, "DROP TYPE … CASCADE of this column is not supported yet").
				WithDetail("%s", typeDependence(dep, typ)).WithHint("Drop %s %s first.", dep.Kind, dep.Name)
		}
		d.cascades = append(d.cascades, fmt.Sprintf("drop cascades to column %s of table %s", ident(name), d.s.shownName(now)))
		c := columnDrop{s: d.s, t: d.t, rel: now, at: at, cascade: true, quiet: true,
			drop: dropping{s: d.s, ctx: d.ctx, tag: d.tag, t: d.t, seen: d.seen}}
		if err := c.release(); err != nil {
			return true, err
		}
		d.cascades = append(d.cascades, c.drop.cascades...)
		if err := c.put(d.ctx); err != nil {
			return true, err
		}
	}
	now, _ := d.t.At().ByOID(dep.OID)
	freed := *now
	freed.DependsOn = slices.DeleteFunc(slices.Clone(now.DependsOn), func(oid catalog.OID) bool { return oid == typ.OID })
	d.t.Put(&freed)
	return true, nil
}

// columnsOf are the columns of a relation that have a type, or arrays of it.
func columnsOf(dep, typ *catalog.Relation) (names []string) {
	for i := range dep.Columns {
		if t := dep.Columns[i].Type.OID; !dep.Columns[i].Dropped && (t == sqltype.OID(typ.OID) || t.Elem() == sqltype.OID(typ.OID)) {
			names = append(names, dep.Columns[i].Name)
		}
	}
	return names
}

// typeDependence says how dep depends on a type.
func typeDependence(dep, typ *catalog.Relation) string {
	if names := columnsOf(dep, typ); len(names) > 0 {
		lines := make([]string, len(names))
		for i, name := range names {
			form := ""
			if dep.Columns[dep.ColumnIndex(name)].Type.OID.Elem() != sqltype.Invalid {
				form = "[]"
			}
			lines[i] = fmt.Sprintf("column %s of %s %s depends on type %s%s", name, dep.Kind, dep.Name, ident(typ.Name), form)
		}
		return strings.Join(lines, "\n")
	}
	return fmt.Sprintf("%s %s depends on type %s", dep.Kind, dep.Name, typ.Name)
}

// freeOfTexts refuses another name of a type that texts may have.
func freeOfTexts(at *catalog.Snapshot, typ *catalog.Relation, what string) error {
	for _, dep := range at.Dependents(typ.OID) {
		text := dep.Query != "" || len(dep.Checks) > 0 || slices.ContainsFunc(dep.Columns, func(c catalog.Column) bool { return c.Default+c.Generated != "" })
		if dep.Kind == catalog.KindType && dep.UserType.Domain != nil {
			text = text || dep.UserType.Domain.Default != "" || len(dep.UserType.Domain.Checks) > 0
		}
		text = text || slices.ContainsFunc(at.Indexes(dep.OID), (*catalog.Relation).Computed)
		if text {
			return sqlerr.New(sqlerr.FeatureNotSupported, "cannot %s type %s because the text of %s %s may name it", what, typ.Name, dep.Kind, dep.Name).
				WithHint("Drop it, and create it again afterwards.")
		}
	}
	return nil
}

// moveType is SET SCHEMA of a type.
func (s *Session) moveType(ctx context.Context, tag string, rel *catalog.Relation, schema string, w face.Writer) error {
	err := s.change(ctx, tag, func(t *catalog.Txn) error {
		if _, taken := t.At().Type(schema, rel.Name, nil); taken {
			return sqlerr.New(sqlerr.DuplicateObject, "type \"%s\" already exists in schema \"%s\"", rel.Name, schema)
		}
		if err := freeOfTexts(t.At(), rel, "move"); err != nil {
			return err
		}
		if err := s.freeType(ctx, t, schema, rel.Name); err != nil {
			return err
		}
		moved := *rel
		moved.Schema = schema
		t.Put(&moved)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete(tag)
}
