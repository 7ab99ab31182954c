package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/connector"
	"github.com/tributary-db/tributary/exec/sequence"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

var dropKinds = map[parse.ObjectKind]catalog.Kind{
	parse.ObjTable: catalog.KindTable, parse.ObjStream: catalog.KindStream, parse.ObjSink: catalog.KindSink,
	parse.ObjView: catalog.KindPlainView, parse.ObjMaterializedView: catalog.KindView, parse.ObjIndex: catalog.KindIndex,
	parse.ObjSequence: catalog.KindSequence, parse.ObjType: catalog.KindType, parse.ObjDomain: catalog.KindType,
}

// drop is DROP of anything.
func (s *Session) drop(ctx context.Context, b *parse.Drop, w face.Writer) error {
	tag := "DROP " + b.Kind.String()
	if b.Kind == parse.ObjTopic {
		return s.dropTopics(ctx, b, w)
	}
	kind, ok := dropKinds[b.Kind]
	if !ok && b.Kind != parse.ObjSchema {
		return unsupported(tag)
	}
	if err := s.dropsConcurrently(b); err != nil {
		return err
	}
	var gone []*catalog.Relation
	err := s.change(ctx, tag, func(t *catalog.Txn) error {
		d := dropping{s: s, ctx: ctx, tag: tag, t: t, seen: map[catalog.OID]bool{}}
		var err error
		if b.Kind == parse.ObjSchema {
			err = d.schemas(b)
		} else {
			err = d.relations(kind, b)
		}
		if err != nil {
			return err
		}
		gone = d.gone
		d.tell()
		return nil
	})
	if err != nil {
		return err
	}
	for _, rel := range gone {
		if rel.Kind == catalog.KindStream || rel.Kind == catalog.KindSink || rel.FromTopic {
			s.notice("topic %q is kept", rel.TopicName)
		}
	}
	s.behind(func(ctx context.Context, _ bool) error {
		s.afterDrop(ctx, gone)
		return nil
	})
	return w.Complete(tag)
}

// dropsConcurrently refuses what DROP INDEX CONCURRENTLY does not do.
func (s *Session) dropsConcurrently(b *parse.Drop) error {
	switch {
	case !b.Concurrently:
		return nil
	case len(b.Names) > 1:
		return sqlerr.New(sqlerr.FeatureNotSupported, "DROP INDEX CONCURRENTLY does not support dropping multiple objects")
	case b.Cascade:
		return sqlerr.New(sqlerr.FeatureNotSupported, "DROP INDEX CONCURRENTLY does not support CASCADE")
	case s.tx.block:
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "DROP INDEX CONCURRENTLY cannot run inside a transaction block")
	}
	return nil
}

// requires: an index is that of a constraint.
func (s *Session) requires(constraint, index string, of *catalog.Relation) error {
	on := fmt.Sprintf("constraint %s on table %s", ident(constraint), s.shownName(of))
	return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop index %s because %s requires it", index, on).
		WithHint("You can drop %s instead.", on)
}

// relations drops those of a statement.
func (d *dropping) relations(kind catalog.Kind, b *parse.Drop) error {
	targets, err := d.s.dropTargets(d.ctx, d.tag, kind, b)
	if err != nil {
		return err
	}
	for _, rel := range targets {
		d.asked = append(d.asked, rel.OID)
	}
	for _, rel := range targets {
		if table, ok := d.t.At().ByOID(rel.Parent); ok && kind == catalog.KindIndex && (rel.Constraint || table.KeyIndex == rel.OID) {
			return d.s.requires(rel.Name, d.s.shownName(rel), table)
		}
		if err := d.relation(rel, b.Cascade); err != nil {
			return err
		}
	}
	return nil
}

// dropTargets finds and locks what the names mean.
func (s *Session) dropTargets(ctx context.Context, tag string, kind catalog.Kind, b *parse.Drop) ([]*catalog.Relation, error) {
	var out []*catalog.Relation
	for _, n := range b.Names {
		rel, err := s.lockFound(ctx, tag, func() (*catalog.Relation, error) { return s.dropTarget(s.catalog(), n, kind, b) })
		if err != nil {
			return nil, err
		}
		if rel != nil && !slices.Contains(out, rel) {
			out = append(out, rel)
		}
	}
	return out, nil
}

// dropTarget finds what a name means; nil when it does not exist and need not.
func (s *Session) dropTarget(at *catalog.Snapshot, n parse.Name, kind catalog.Kind, b *parse.Drop) (*catalog.Relation, error) {
	return s.target(at, n, kind, b.Kind, b.IfExists, false)
}

// alterTarget is the relation that an ALTER is about; nil if there is none and that is fine.
func (s *Session) alterTarget(at *catalog.Snapshot, n parse.Name, of parse.ObjectKind, ifExists bool) (*catalog.Relation, error) {
	return s.target(at, n, dropKinds[of], of, ifExists, true)
}

func (s *Session) target(at *catalog.Snapshot, n parse.Name, kind catalog.Kind, of parse.ObjectKind, ifExists, alter bool) (*catalog.Relation, error) {
	if kind == catalog.KindType {
		return s.typeTarget(at, of, n, ifExists)
	}
	rel, ok := at.Relation(n.Schema, n.Name, s.path())
	if !ok && kind == catalog.KindIndex {
		if table := keyTable(at, n, s.path()); table != nil {
			if !alter {
				return nil, s.requires(table.PrimaryKeyName(), ident(table.PrimaryKeyName()), table)
			}
			return nil, unsupported("ALTER INDEX of the primary key that a table was created with")
		}
	}
	noun, hint := strings.ToLower(of.String()), "Use DROP %s to remove a %s."
	missing, name := noun, n.Name // a DROP says what is not there, an ALTER that it is a relation
	if alter {
		missing, name, hint = "relation", n.String(), "Use ALTER %s to change a %s."
	}
	if !ok {
		if n.Schema != "" && !at.HasSchema(n.Schema) {
			if ifExists {
				s.notice("schema %q does not exist, skipping", n.Schema)
				return nil, nil
			}
			return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", n.Schema)
		}
		if ifExists {
			s.notice("%s %q does not exist, skipping", missing, name)
			return nil, nil
		}
		code := sqlerr.UndefinedTable
		if kind == catalog.KindIndex && !alter {
			code = sqlerr.UndefinedObject
		}
		return nil, sqlerr.New(code, "%s %q does not exist", missing, name).
			Meant(catalog.Near(at, n.Schema, n.Name, s.path(), kind))
	}
	if rel.Kind != kind {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "%q is not a %s", n.Name, noun).
			WithHint(hint, strings.ToUpper(string(rel.Kind)), rel.Kind)
	}
	return rel, nil
}

// dropping collects what goes.
type dropping struct {
	s     *Session
	ctx   context.Context // of the one statement
	tag   string
	t     *catalog.Txn
	asked []catalog.OID // what the statement names
	seen  map[catalog.OID]bool
	gone  []*catalog.Relation
	// cascades are what goes although it was not named.
	cascades []string
}

// tell says what else goes.
func (d *dropping) tell() {
	switch n := len(d.cascades); n {
	case 0:
	case 1:
		d.s.notice("%s", d.cascades[0])
	default:
		d.s.tell(face.Notice{Message: fmt.Sprintf("drop cascades to %d other objects", n), Detail: strings.Join(d.cascades, "\n")})
	}
}

// relation drops rel with what belongs to it, and with what depends on it if it may.
func (d *dropping) relation(rel *catalog.Relation, cascade bool) error {
	if d.seen[rel.OID] {
		return nil
	}
	d.seen[rel.OID] = true
	if err := d.lock(rel); err != nil {
		return err
	}
	if blocking := d.blocking(rel, cascade, nil); len(blocking) > 0 {
		return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop %s %s because other objects depend on it", rel.Kind, d.s.shownName(rel)).
			WithDetail("%s", strings.Join(blocking, "\n")).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	for _, dep := range d.t.At().Dependents(rel.OID) {
		owned := dep.Parent == rel.OID
		if rel.Kind == catalog.KindSequence && dep.Kind == catalog.KindTable {
			if err := d.forgetDefault(dep, rel); err != nil {
				return err
			}
			continue
		}
		if rel.Kind == catalog.KindFunction && cascade {
			if err := d.keepsTable(dep, rel); err != nil {
				return err
			}
		}
		if rel.Kind == catalog.KindType {
			if did, err := d.dropColumns(dep, rel); err != nil {
				return err
			} else if did {
				continue
			}
		}
		if cascade && !owned && !slices.Contains(d.asked, dep.OID) && !d.seen[dep.OID] {
			d.cascades = append(d.cascades, fmt.Sprintf("drop cascades to %s %s", dep.Kind, d.s.shownName(dep)))
		}
		if err := d.relation(dep, cascade); err != nil {
			return err
		}
	}
	if err := d.forgetReferring(rel); err != nil {
		return err
	}
	d.t.Drop(rel.OID)
	if d.gone = append(d.gone, rel); rel.Temporary() {
		return nil
	}
	if rel.Kind == catalog.KindSequence {
		d.t.ForgetProgress(sequence.ProgressName(rel.OID))
	}
	if connector.Has(rel) {
		d.t.ForgetProgress(connector.ProgressName(rel.OID))
	}
	if rel.Kind == catalog.KindTable && !rel.FromTopic {
		d.t.DropTopic(rel.Topic)
	}
	return nil
}

// blocking lists what keeps rel from being dropped, and what depends on that.
func (d *dropping) blocking(rel *catalog.Relation, cascade bool, seen []catalog.OID) (lines []string) {
	if cascade {
		return d.usedByOthers(rel)
	}
	for _, dep := range d.t.At().Dependents(rel.OID) {
		if slices.Contains(d.asked, dep.OID) || slices.Contains(seen, dep.OID) || d.throughView(dep, rel) {
			continue
		}
		seen = append(seen, dep.OID)
		if dep.Parent != rel.OID {
			lines = append(lines, d.dependence(dep, rel))
		}
		lines = append(lines, d.blocking(dep, false, seen)...)
	}
	return append(append(lines, d.usedByOthers(rel)...), d.referring(rel)...)
}

// throughView reports whether dep reads rel through a plain view, whose query is a part of its own.
func (d *dropping) throughView(dep, rel *catalog.Relation) bool {
	return slices.ContainsFunc(dep.DependsOn, func(up catalog.OID) bool {
		view, ok := d.t.At().ByOID(up)
		return ok && view.Kind == catalog.KindPlainView && up != rel.OID && dependsOn(d.t.At(), up, rel.OID)
	})
}

// dependence says how dep depends on rel.
func (d *dropping) dependence(dep, rel *catalog.Relation) string {
	if rel.Kind == catalog.KindSequence && dep.Kind == catalog.KindTable {
		return fmt.Sprintf("default value for column %s of table %s depends on sequence %s", d.columnOf(dep, rel), d.s.shownName(dep), d.s.shownName(rel))
	}
	if rel.Kind == catalog.KindType {
		return typeDependence(dep, rel)
	}
	return fmt.Sprintf("%s %s depends on %s %s", dep.Kind, d.s.shownName(dep), rel.Kind, d.s.shownName(rel))
}

// columnOf is the column whose values a sequence gives.
func (d *dropping) columnOf(of, seq *catalog.Relation) string {
	var names []string
	for i := range of.Columns {
		if bind.DefaultUses(&of.Columns[i], seq.OID, d.t.At(), d.s.bindOptions()) {
			names = append(names, of.Columns[i].Name)
		}
	}
	return strings.Join(names, ", ")
}

// forgetDefault takes the sequence that goes out of a table that stays.
func (d *dropping) forgetDefault(table, seq *catalog.Relation) error {
	if d.seen[table.OID] || slices.Contains(d.asked, table.OID) {
		return nil
	}
	if err := d.lock(table); err != nil {
		return err
	}
	d.cascades = append(d.cascades, fmt.Sprintf("drop cascades to default value for column %s of table %s", d.columnOf(table, seq), d.s.shownName(table)))
	changed := *table
	changed.Columns = slices.Clone(table.Columns)
	changed.DependsOn = slices.DeleteFunc(slices.Clone(table.DependsOn), func(oid catalog.OID) bool { return oid == seq.OID })
	for i := range changed.Columns {
		if c := &changed.Columns[i]; bind.DefaultUses(c, seq.OID, d.t.At(), d.s.bindOptions()) {
			c.Sequence, c.Identity, c.Default = 0, "", ""
		}
	}
	d.t.Put(&changed)
	return nil
}

// lock keeps others off what goes or changes; of an index also off its table.
func (d *dropping) lock(rel *catalog.Relation) error {
	if rel.Kind == catalog.KindIndex {
		if err := d.s.lock(d.ctx, d.tag, rel.Parent, table.Exclusive); err != nil {
			return err
		}
	}
	return d.s.lock(d.ctx, d.tag, rel.OID, table.Exclusive)
}

// afterDrop stops what worked for relations that are gone.
func (s *Session) afterDrop(ctx context.Context, gone []*catalog.Relation) {
	for _, rel := range gone {
		switch rel.Kind {
		case catalog.KindStream, catalog.KindSink:
			s.db.Sources.Drop(rel.OID)
			s.db.Runtime.Drop(ctx, rel.OID)
		case catalog.KindView:
			s.db.Runtime.Drop(ctx, rel.OID)
		case catalog.KindSequence:
			s.db.Sequences.Forget(rel.OID)
		}
	}
}

// dropTopics is DROP TOPIC: refused while a relation uses the topic.
func (s *Session) dropTopics(ctx context.Context, b *parse.Drop, w face.Writer) error {
	err := s.changeAlone(ctx, func(t *catalog.Txn) error {
		for _, n := range b.Names {
			topic, ok := s.db.Log.TopicByName(n.String())
			if !ok {
				if b.IfExists {
					s.notice("topic %q does not exist, skipping", n.String())
					continue
				}
				return sqlerr.New(sqlerr.UndefinedObject, "topic %q does not exist", n.String()).Meant(s.nearTopic(n.String()))
			}
			if err := s.ownsTopic(&topic); err != nil {
				return err
			}
			if user := t.At().UsesTopic(topic.ID); user != nil {
				return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop topic %s because other objects depend on it", topic.Name).
					WithDetail("%s %s is bound to it.", user.Kind, user.Name)
			}
			t.DropTopic(topic.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("DROP TOPIC")
}

// onError reads the option on_error.
func (o options) onError(rel *catalog.Relation) error {
	v, ok := o["on_error"]
	switch {
	case !ok || strings.EqualFold(v.Value, "fail"):
		rel.OnErrorSkip = false
	case strings.EqualFold(v.Value, "skip"):
		rel.OnErrorSkip = true
	default:
		return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for option \"on_error\": %q", v.Value).At(v.Pos).
			WithHint("It must be one of fail, skip.")
	}
	return nil
}

// alterSet is ALTER kind name SET (on_error = …).
func (s *Session) alterSet(ctx context.Context, b *parse.AlterSet, w face.Writer) error {
	if b.Kind == parse.ObjTopic {
		return s.alterTopic(ctx, b, w)
	}
	switch b.Kind {
	case parse.ObjView:
		return s.alterViewOptions(ctx, b, w)
	case parse.ObjIndex:
		return s.alterIndexOptions(ctx, b, w)
	}
	kind, ok := dropKinds[b.Kind]
	if !ok || (kind != catalog.KindView && kind != catalog.KindSink && kind != catalog.KindStream) {
		return unsupported("ALTER " + b.Kind.String() + " SET")
	}
	o, err := readOptions(b.Options, bind.OptionNames(bind.AlterOptions))
	if err != nil {
		return err
	}
	rel, err := s.lockFound(ctx, "ALTER "+b.Kind.String(), func() (*catalog.Relation, error) {
		return s.alterTarget(s.catalog(), b.Name, b.Kind, b.IfExists)
	})
	if err != nil {
		return err
	}
	if rel == nil {
		return w.Complete("ALTER " + b.Kind.String())
	}
	err = s.changeAlone(ctx, func(t *catalog.Txn) error {
		if !rel.Derived() {
			return sqlerr.New(sqlerr.WrongObjectType, "%s %q has no query whose rows could fail", rel.Kind, rel.Name)
		}
		changed := *rel
		if changed.OnErrorSkip = false; !b.Reset {
			if err := o.onError(&changed); err != nil {
				return err
			}
		}
		t.Put(&changed)
		return nil
	})
	if err != nil {
		return err
	}
	s.db.Runtime.Changed(rel.OID)
	return w.Complete("ALTER " + b.Kind.String())
}
