package session

import (
	"context"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// createFunction is CREATE [OR REPLACE] FUNCTION.
func (s *Session) createFunction(ctx context.Context, b *parse.CreateFunction, w face.Writer) error {
	err := s.change(ctx, "CREATE FUNCTION", func(t *catalog.Txn) error {
		rel, err := bind.CreateFunction(b, t.At(), s.bindOptions(), func(format string, args ...any) { s.notice(format, args...) })
		if err != nil {
			return err
		}
		if err := s.freeFunction(ctx, t, rel.Schema, rel.Signature()); err != nil {
			return err
		}
		if err := s.lockParents(ctx, "CREATE FUNCTION", rel.DependsOn); err != nil {
			return err
		}
		old, there := t.At().FunctionOf(rel.Schema, rel.Name, rel.Function.Types())
		switch {
		case !there:
			t.Put(rel)
			return nil
		case !b.Stmt.Replace:
			return sqlerr.New(sqlerr.DuplicateFunction, "function \"%s\" already exists with same argument types", rel.Name)
		}
		return s.replaceFunction(ctx, t, old, rel)
	})
	if err != nil {
		return err
	}
	return w.Complete("CREATE FUNCTION")
}

// freeFunction locks the name of a function.
func (s *Session) freeFunction(ctx context.Context, _ *catalog.Txn, schema, signature string) error {
	if err := s.createIn(schema); err != nil {
		return err
	}
	return s.tx.writes.LockName(ctx, schema, signature)
}

func (s *Session) replaceFunction(ctx context.Context, t *catalog.Txn, old, rel *catalog.Relation) error {
	if err := s.owns(old); err != nil {
		return err
	}
	if err := s.lock(ctx, "CREATE FUNCTION", old.OID, table.Exclusive); err != nil {
		return err
	}
	if err := bind.Replaces(old, rel); err != nil {
		return err
	}
	was, now := old.Function, rel.Function
	if was.Body != now.Body || was.Form != now.Form || was.Strict != now.Strict || was.SecurityDefiner != now.SecurityDefiner {
		if err := notKept(t.At(), old, "replace"); err != nil {
			return err
		}
	}
	next := *old
	next.Function, next.DependsOn, next.Inputs = rel.Function, rel.DependsOn, rel.Inputs
	t.Put(&next)
	return nil
}

// notKept refuses another text of a function whose results somebody keeps.
func notKept(at *catalog.Snapshot, fn *catalog.Relation, what string) error {
	for _, dep := range at.Dependents(fn.OID) {
		kept := dep.Derived() || dep.Kind == catalog.KindIndex
		for i := range dep.Columns {
			kept = kept || dep.Columns[i].Generated != ""
		}
		if kept {
			return sqlerr.New(sqlerr.FeatureNotSupported, "cannot %s function %s because %s %s keeps what it gave", what, fn.Signature(), dep.Kind, dep.Name).
				WithHint("Drop it, and create it again afterwards.")
		}
	}
	return nil
}

// functionTarget is the function that a statement names; nil if there is none and that is fine.
func (s *Session) functionTarget(at *catalog.Snapshot, n parse.FunctionName, ifExists bool) (*catalog.Relation, error) {
	path := s.path()
	if n.Name.Schema != "" {
		if !at.HasSchema(n.Name.Schema) {
			if ifExists {
				s.notice("schema %q does not exist, skipping", n.Name.Schema)
				return nil, nil
			}
			return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", n.Name.Schema)
		}
		path = []string{n.Name.Schema}
	}
	if n.Any {
		return s.functionNamed(at, n, path, ifExists)
	}
	types, err := bind.FunctionTypes(n, at, s.bindOptions())
	if err != nil {
		if ifExists && sqlerr.CodeOf(err) == sqlerr.UndefinedObject {
			e, _ := err.(*sqlerr.Error)
			s.notice("%s, skipping", e.Message)
			return nil, nil
		}
		return nil, err
	}
	for _, schema := range path {
		if rel, ok := at.FunctionOf(schema, n.Name.Name, types); ok {
			return rel, nil
		}
	}
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = t.String()
	}
	text := "function " + n.Name.String() + "(" + strings.Join(words, ", ") + ") does not exist"
	if ifExists {
		s.notice("function %s(%s) does not exist, skipping", n.Name.String(), strings.Join(words, ","))
		return nil, nil
	}
	return nil, sqlerr.New(sqlerr.UndefinedFunction, "%s", text)
}

// functionNamed is the one function of a name.
func (s *Session) functionNamed(at *catalog.Snapshot, n parse.FunctionName, path []string, ifExists bool) (*catalog.Relation, error) {
	var found []*catalog.Relation
	for _, rel := range at.Functions(n.Name.Name) {
		if slices.Contains(path, rel.Schema) {
			found = append(found, rel)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, sqlerr.New(sqlerr.AmbiguousFunction, "function name \"%s\" is not unique", n.Name.String()).
			WithHint("Specify the argument list to select the function unambiguously.")
	case ifExists:
		s.notice("function %s() does not exist, skipping", n.Name.String())
		return nil, nil
	}
	return nil, sqlerr.New(sqlerr.UndefinedFunction, "could not find a function named \"%s\"", n.Name.String())
}

// dropFunction is DROP FUNCTION.
func (s *Session) dropFunction(ctx context.Context, b *parse.DropFunction, w face.Writer) error {
	err := s.change(ctx, "DROP FUNCTION", func(t *catalog.Txn) error {
		d := dropping{s: s, ctx: ctx, tag: "DROP FUNCTION", t: t, seen: map[catalog.OID]bool{}}
		var targets []*catalog.Relation
		for _, n := range b.Functions {
			rel, err := s.lockFound(ctx, "DROP FUNCTION", func() (*catalog.Relation, error) { return s.functionTarget(s.catalog(), n, b.IfExists) })
			if err != nil {
				return err
			}
			if rel != nil {
				targets, d.asked = append(targets, rel), append(d.asked, rel.OID)
			}
		}
		for _, rel := range targets {
			if err := d.relation(rel, b.Cascade); err != nil {
				return err
			}
		}
		gone := d.gone
		s.behind(func(ctx context.Context, _ bool) error {
			s.afterDrop(ctx, gone)
			return nil
		})
		d.tell()
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("DROP FUNCTION")
}

// keepsTable refuses to drop a table because an expression of it calls a function that goes.
func (d *dropping) keepsTable(dep, fn *catalog.Relation) error {
	if dep.Kind != catalog.KindTable && dep.Kind != catalog.KindStream || slices.Contains(d.asked, dep.OID) || d.seen[dep.OID] {
		return nil
	}
	return sqlerr.New(sqlerr.FeatureNotSupported, "DROP FUNCTION … CASCADE of what a table's expressions call is not supported yet").
		WithDetail("%s", d.dependence(dep, fn)).WithHint("Drop the default, constraint or column of %s %s first.", dep.Kind, dep.Name)
}

// alterFunction is ALTER FUNCTION, and COMMENT ON FUNCTION.
func (s *Session) alterFunction(ctx context.Context, b *parse.AlterFunction, w face.Writer) error {
	tag := parse.TagOf(b)
	rel, err := s.lockFound(ctx, tag, func() (*catalog.Relation, error) { return s.functionTarget(s.catalog(), b.Function, false) })
	if err != nil {
		return err
	}
	err = s.change(ctx, tag, func(t *catalog.Txn) error {
		next := *rel
		def := *rel.Function
		next.Function = &def
		switch {
		case b.To != "" || b.Schema != "":
			return s.moveFunction(ctx, t, &next, b)
		case b.Owner != nil:
			owner, err := s.role(*b.Owner)
			if err != nil {
				return err
			}
			if err := s.mayGive(rel, owner); err != nil {
				return err
			}
			return s.give(ctx, t, rel, owner.OID)
		case b.Comment != nil:
			next.Comment = *b.Comment
		default:
			for _, o := range b.Options {
				if err := bind.FunctionOption(&def, o.GetDefElem()); err != nil {
					return err
				}
			}
			if def.Rows != 0 && !def.ReturnsSet {
				return sqlerr.New(sqlerr.InvalidParameterValue, "ROWS is not applicable when function does not return a set")
			}
			if def.Strict != rel.Function.Strict || def.SecurityDefiner != rel.Function.SecurityDefiner {
				if err := notKept(t.At(), rel, "alter"); err != nil {
					return err
				}
			}
		}
		t.Put(&next)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete(tag)
}

// moveFunction gives a function another name or schema.
func (s *Session) moveFunction(ctx context.Context, t *catalog.Txn, next *catalog.Relation, b *parse.AlterFunction) error {
	if b.To != "" {
		next.Name = b.To
	}
	if b.Schema != "" {
		if _, err := s.lockSchema(ctx, "ALTER FUNCTION", b.Schema, table.Shared); err != nil {
			return err
		}
		next.Schema = b.Schema
	}
	if other, taken := t.At().FunctionOf(next.Schema, next.Name, next.Function.Types()); taken && other.OID != next.OID {
		return sqlerr.New(sqlerr.DuplicateFunction, "function %s already exists in schema \"%s\"", next.Signature(), next.Schema)
	}
	for _, dep := range t.At().Dependents(next.OID) {
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot rename or move a function because the text of %s %s names it", dep.Kind, dep.Name).
			WithHint("Drop it, and create it again afterwards.")
	}
	if err := s.freeFunction(ctx, t, next.Schema, next.Signature()); err != nil {
		return err
	}
	t.Put(next)
	return nil
}

// shownFunction is a function as messages name it.
func (s *Session) shownFunction(rel *catalog.Relation) string {
	text := rel.Signature()
	text = ident(rel.Name) + text[len(rel.Name):]
	for _, schema := range s.path() {
		if found, ok := s.catalog().FunctionOf(schema, rel.Name, rel.Function.Types()); ok {
			if found.OID == rel.OID {
				return text
			}
			break
		}
	}
	return ident(rel.Schema) + "." + text
}
