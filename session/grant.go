package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// granting is a GRANT or REVOKE under way.
type granting struct {
	s        *Session
	ctx      context.Context // of the one statement
	t        *catalog.Txn
	b        *parse.Grant
	grantees []uint32 // 0 = PUBLIC
}

// grant is GRANT and REVOKE of privileges on objects.
func (s *Session) grant(ctx context.Context, b *parse.Grant, w face.Writer) error {
	tag := parse.TagOf(b)
	err := s.change(ctx, tag, func(t *catalog.Txn) error {
		g, err := s.newGranting(ctx, t, b)
		if err != nil {
			return err
		}
		switch b.Kind {
		case parse.OnDatabase:
			return g.databases()
		case parse.OnTopic:
			return g.topics()
		}
		objects, err := g.objects()
		if err != nil {
			return err
		}
		if err := g.checkWords(); err != nil {
			return err
		}
		for _, rel := range objects {
			if err := g.object(rel); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete(tag)
}

func (s *Session) newGranting(ctx context.Context, t *catalog.Txn, b *parse.Grant) (*granting, error) {
	g := &granting{s: s, ctx: ctx, t: t, b: b}
	if b.Grantor != nil {
		role, err := s.role(*b.Grantor)
		if err != nil {
			return nil, err
		}
		if role.OID != s.who.current {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "grantor must be current user")
		}
	}
	for _, to := range b.To {
		if to.Special == parse.RolePublic {
			g.grantees = append(g.grantees, 0)
			continue
		}
		role, err := s.role(to)
		if err != nil {
			return nil, err
		}
		if !b.Revoke {
			if err := s.keepRole(ctx, role.OID); err != nil {
				return nil, err
			}
		}
		g.grantees = append(g.grantees, uint32(role.OID))
	}
	return g, nil
}

// kindOfGrant are the privileges that a statement's kind of objects knows; of relations also those that only sequences have.
func kindOfGrant(k parse.GrantKind) (all acl.Privs) {
	switch k {
	case parse.OnTable:
		return acl.All(acl.Table) | acl.All(acl.Sequence)
	case parse.OnSequence:
		return acl.All(acl.Sequence)
	case parse.OnSchema:
		return acl.All(acl.Schema)
	case parse.OnDatabase:
		return acl.All(acl.Database)
	case parse.OnType:
		return acl.All(acl.Type)
	case parse.OnFunction:
		return acl.All(acl.Function)
	}
	return acl.All(acl.Topic)
}

// checkWords refuses privileges that there are not, or not of the statement's kind of objects.
func (g *granting) checkWords() error {
	for _, p := range g.b.Privs {
		if p.Word == "" {
			continue
		}
		priv := acl.Word(p.Word)
		switch {
		case priv == 0:
			return sqlerr.New(sqlerr.SyntaxError, "unrecognized privilege type \"%s\"", p.Word)
		case len(p.Columns) > 0 && g.b.Kind != parse.OnTable:
			return sqlerr.New(sqlerr.InvalidGrantOperation, "column privileges are only valid for relations")
		case len(p.Columns) > 0 && priv&acl.All(acl.Column) == 0:
			return sqlerr.New(sqlerr.InvalidGrantOperation, "invalid privilege type %s for column", priv.Words()[0])
		case priv&kindOfGrant(g.b.Kind) == 0:
			return sqlerr.New(sqlerr.InvalidGrantOperation, "invalid privilege type %s for %s", priv.Words()[0], g.b.Kind)
		}
	}
	return nil
}

// wholePrivs are the privileges on all of an object; all = every one that it can have.
func (g *granting) wholePrivs() (privs acl.Privs, all bool) {
	if len(g.b.Privs) == 0 {
		return 0, true
	}
	for _, p := range g.b.Privs {
		if len(p.Columns) == 0 {
			privs |= acl.Word(p.Word)
		}
	}
	return privs, false
}

// object changes the grants on a relation, schema or type.
func (g *granting) object(rel *catalog.Relation) error {
	if !g.concerned(rel) {
		return g.nothing(rel) // who has nothing to do with it does not hold it up
	}
	if err := g.s.lock(g.ctx, "GRANT", rel.OID, table.Exclusive); err != nil {
		return err
	}
	rel, ok := g.t.At().ByOID(rel.OID)
	if !ok {
		return nil
	}
	privs, all := g.wholePrivs()
	kind := rel.ACLKind()
	if all {
		privs = acl.All(kind)
	}
	if extra := privs &^ acl.All(kind); extra != 0 {
		if kind == acl.Table {
			return sqlerr.New(sqlerr.InvalidGrantOperation, "invalid privilege type USAGE for table")
		}
		g.warn(sqlerr.InvalidGrantOperation, "sequence \"%s\" only supports USAGE, SELECT, and UPDATE privileges", rel.Name)
		privs &= acl.All(kind)
	}
	columns, err := g.columnPrivs(rel, privs)
	if err != nil {
		return err
	}
	changed, before := *rel, g.t.At().ACLOf(rel)
	if privs != 0 {
		list, err := g.changed(granted{rel: rel, column: -1, list: before, privs: privs, all: all})
		if err != nil {
			return err
		}
		changed.ACL = &list
	}
	if err := g.systemColumns(rel, before, privs); err != nil {
		return err
	}
	changed.Columns = slices.Clone(rel.Columns)
	for i := range changed.Columns {
		if columns[i] == 0 {
			continue
		}
		c := &changed.Columns[i]
		if c.ACL, err = g.changed(granted{rel: rel, column: i, list: c.ACL, above: before, privs: columns[i], all: columns[i] == acl.All(acl.Column)}); err != nil {
			return err
		}
		if len(c.ACL) == 0 {
			c.ACL = nil
		}
	}
	g.t.Put(&changed)
	return nil
}

// concerned: who asks has some privilege on a relation, schema or type, or on a column.
func (g *granting) concerned(rel *catalog.Relation) bool {
	at, role, all := g.t.At(), g.s.who.current, acl.All(rel.ACLKind())
	if at.Privs(role, rel, all) != 0 || at.OptionOn(role, rel, -1, all) {
		return true
	}
	for i := range rel.Columns {
		if !rel.Columns[i].Dropped && at.ColumnPrivs(role, rel, i, acl.All(acl.Column)) != 0 {
			return true
		}
	}
	return false
}

// nothing is what somebody is told who has no privilege on a relation, schema or type at all.
func (g *granting) nothing(rel *catalog.Relation) error {
	if privs, all := g.wholePrivs(); all || privs != 0 {
		return deniedFor(rel)
	}
	columns, err := g.columnPrivs(rel, 0)
	if err != nil {
		return err
	}
	for i := range rel.Columns {
		if columns[i] != 0 {
			return g.noGrant(granted{rel: rel, column: i})
		}
	}
	return deniedFor(rel)
}

// systemColumns refuses, as PostgreSQL does, to revoke of the columns of a table what one has no part in: its columns begin
// with those of the system, so the first of them is what it names.
func (g *granting) systemColumns(rel *catalog.Relation, list acl.ACL, privs acl.Privs) error {
	privs &= acl.All(acl.Column)
	if !g.b.Revoke || privs == 0 || rel.ACLKind() != acl.Table || rel.Kind == catalog.KindPlainView {
		return nil
	}
	at, role := g.t.At(), g.s.who.current
	_, may := at.Granting(at.OwnerOf(rel)).BestGrantor(list, at.RolesOf(role), at.IsSuper(role), privs)
	if may == 0 && at.Privs(role, rel, acl.All(acl.Column)) == 0 {
		return denied("permission denied for column \"tableoid\" of relation \"%s\"", rel.Name)
	}
	return nil
}

// columnPrivs are the privileges on single columns, by position: what is revoked of a relation is revoked of its columns too.
func (g *granting) columnPrivs(rel *catalog.Relation, whole acl.Privs) (map[int]acl.Privs, error) {
	out := map[int]acl.Privs{}
	if g.b.Revoke && rel.ACLKind() == acl.Table {
		for i := range rel.Columns {
			if !rel.Columns[i].Dropped {
				out[i] = whole & acl.All(acl.Column)
			}
		}
	}
	for _, p := range g.b.Privs {
		if len(p.Columns) == 0 {
			continue
		}
		priv := acl.Word(p.Word)
		if p.Word == "" {
			priv = acl.All(acl.Column)
		}
		if rel.ACLKind() == acl.Sequence && priv&acl.Select == 0 {
			g.warn(sqlerr.InvalidGrantOperation, "sequence \"%s\" only supports SELECT column privileges", rel.Name)
			continue
		}
		for _, name := range p.Columns {
			i := rel.ColumnIndex(name)
			if i < 0 {
				return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, rel.Name).Meant(rel.NearColumn(name))
			}
			out[i] |= priv
		}
	}
	return out, nil
}

// granted is one list that a statement changes.
type granted struct {
	rel    *catalog.Relation // what it is of; nil = a topic, called name
	name   string
	owner  catalog.OID // of a topic
	column int         // -1 = of all of it
	list   acl.ACL
	above  acl.ACL // of a column, the list of its relation: who may give there may here
	privs  acl.Privs
	all    bool
}

// changed is a list with what the statement does to it.
func (g *granting) changed(d granted) (acl.ACL, error) {
	at, role := g.t.At(), g.s.who.current
	owner := d.owner
	if d.rel != nil {
		owner = at.OwnerOf(d.rel)
	}
	o := at.Granting(owner)
	grantor, may := o.BestGrantor(append(slices.Clone(d.above), d.list...), at.RolesOf(role), at.IsSuper(role), d.privs)
	if may == 0 && !g.hasAny(o, d) {
		return nil, g.noGrant(d)
	}
	privs := d.privs & may
	g.tell(d, privs)
	if err := g.checkPublic(); err != nil || privs == 0 {
		return d.list, err
	}
	return g.edit(o, d.list, grantor, privs)
}

// checkPublic refuses to let everybody give on.
func (g *granting) checkPublic() error {
	if g.b.Option && !g.b.Revoke && slices.Contains(g.grantees, 0) {
		return sqlerr.New(sqlerr.InvalidGrantOperation, "grant options can only be granted to roles")
	}
	return nil
}

// edit gives privileges to the statement's grantees, or takes them away.
func (g *granting) edit(o acl.Object, list acl.ACL, grantor uint32, privs acl.Privs) (acl.ACL, error) {
	for _, to := range g.grantees {
		item := acl.Item{Grantee: to, Grantor: grantor}
		if !g.b.Revoke || !g.b.Option {
			item.Privs = privs
		}
		if g.b.Revoke || g.b.Option {
			item.Options = privs
		}
		var err error
		if g.b.Revoke {
			list, err = o.Revoke(list, item, g.b.Cascade)
		} else {
			list, err = o.Grant(list, item)
		}
		switch {
		case errors.Is(err, acl.ErrDependent):
			return nil, sqlerr.New(sqlerr.DependentObjectsStillExist, "dependent privileges exist").WithHint("Use CASCADE to revoke them too.")
		case errors.Is(err, acl.ErrBack):
			return nil, sqlerr.New(sqlerr.InvalidGrantOperation, "grant options cannot be granted back to your own grantor")
		}
	}
	return list, nil
}

// hasAny: who asks has some privilege on the object, so that what cannot be done is a warning.
func (g *granting) hasAny(o acl.Object, d granted) bool {
	role := g.s.who.current
	switch {
	case d.rel == nil:
		return o.Mask(d.list, uint32(role), acl.All(acl.Topic)) != 0
	case d.column >= 0:
		return g.t.At().ColumnPrivs(role, d.rel, d.column, acl.All(acl.Column)) != 0
	}
	return g.t.At().Privs(role, d.rel, acl.All(d.rel.ACLKind())) != 0
}

func (g *granting) noGrant(d granted) error {
	switch {
	case d.rel == nil:
		return denied("permission denied for topic %s", d.name)
	case d.rel.Kind == catalog.KindDatabase:
		return denied("permission denied for database %s", g.s.database)
	case d.column >= 0:
		return denied("permission denied for column \"%s\" of relation \"%s\"", d.rel.Columns[d.column].Name, d.rel.Name)
	}
	return deniedFor(d.rel)
}

// tell warns of what was asked and is not done.
func (g *granting) tell(d granted, privs acl.Privs) {
	if privs == d.privs || privs != 0 && d.all {
		return
	}
	name := d.name
	if d.rel != nil {
		name = d.rel.Name
		if d.rel.Kind == catalog.KindDatabase {
			name = g.s.database
		}
	}
	what := fmt.Sprintf("for \"%s\"", name)
	if d.column >= 0 {
		what = fmt.Sprintf("for column \"%s\" of relation \"%s\"", d.rel.Columns[d.column].Name, name)
	}
	few := "not all privileges"
	if privs == 0 {
		few = "no privileges"
	}
	if g.b.Revoke {
		g.warn(sqlerr.PrivilegeNotRevoked, "%s could be revoked %s", few, what)
		return
	}
	g.warn(sqlerr.PrivilegeNotGranted, "%s were granted %s", few, what)
}

func (g *granting) warn(code sqlerr.Code, format string, args ...any) {
	g.s.tell(face.Notice{Severity: "WARNING", Code: string(code), Message: fmt.Sprintf(format, args...)})
}

// byOID puts objects into the order in which they are locked.
func byOID(objects []*catalog.Relation) []*catalog.Relation {
	slices.SortFunc(objects, func(a, b *catalog.Relation) int { return cmp.Compare(a.OID, b.OID) })
	return slices.Compact(objects)
}
