package parse

import (
	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Methods of the samples that stand for what PostgreSQL's grammar has no node for: a relation of a join of which each
// row of the other side meets one row.
const (
	// SampleSystemTime is t FOR SYSTEM_TIME AS OF expr; the expression is the argument.
	SampleSystemTime = "for system_time"
	// SampleAsOf is the right side of l ASOF [LEFT] JOIN r ON …. It has no argument.
	SampleAsOf = "asof"
)

// asOf is one of both in a text.
type asOf struct {
	relation   int32 // where its name begins
	at         int32 // where the form does
	start, end int   // of the expression; 0 of ASOF JOIN
}

// asOfs takes FOR SYSTEM_TIME AS OF … and the ASOF of joins out of the text.
func (r *rewriter) asOfs(s *segment, f *form) error {
	for i := range s.toks {
		switch {
		case s.is(i, "for", "system_time"):
			if err := r.systemTime(s, i, f); err != nil {
				return err
			}
		case asOfJoin(s, i) > 0:
			at := asOfJoin(s, i)
			if _, _, ok := s.qualified(at); !ok {
				return sqlerr.New(sqlerr.FeatureNotSupported, "ASOF JOIN with what is no relation is not supported").At(s.pos(i)).
					WithHint("Make a view of it, or a WITH query.")
			}
			f.asOfs = append(f.asOfs, asOf{relation: s.pos(at), at: s.pos(i)})
			r.blank(s, i, i)
		}
	}
	return nil
}

// asOfJoin is the token behind ASOF [INNER | LEFT [OUTER]] JOIN at token i, 0 if that is not there.
func asOfJoin(s *segment, i int) int {
	if !s.is(i, "asof") {
		return 0
	}
	i++
	for s.is(i, "inner") || s.is(i, "left") || s.is(i, "outer") {
		i++
	}
	if s.is(i, "join") {
		return i + 1
	}
	return 0
}

// systemTime reads FOR SYSTEM_TIME AS OF at token i, which stands behind a name, or behind name AS alias: its expression is the
// name of a column or a call without arguments.
func (r *rewriter) systemTime(s *segment, i int, f *form) error {
	if !s.is(i+2, "as", "of") {
		return s.syntaxError(i + 2)
	}
	behind := i // the name
	if s.is(i-2, "as") {
		behind = i - 2
	}
	name := behind - 1
	if s.is(behind-2, ".") {
		name = behind - 3
	}
	if _, n, ok := s.qualified(name); !ok || name+n != behind {
		return s.syntaxError(i)
	}
	end := i + 4
	if _, ok := s.identifier(end); !ok {
		return s.syntaxError(end)
	}
	for end++; s.is(end, "."); end += 2 {
		if _, ok := s.identifier(end + 1); !ok {
			return s.syntaxError(end + 1)
		}
	}
	if s.is(end, "(", ")") {
		end += 2
	}
	f.asOfs = append(f.asOfs, asOf{relation: s.pos(name), at: s.pos(i), start: int(s.toks[i+4].start), end: int(s.toks[end-1].end)})
	r.blank(s, i, end-1)
	return nil
}

// place puts the forms into the tree of their statement: around the relations that they stand with.
func (c *converter) place(tree *pg.Node, forms []asOf) error {
	for _, a := range forms {
		sample := &pg.RangeTableSample{Method: method(SampleAsOf), Location: a.at}
		if a.end > 0 {
			e, err := parseExpr(c.sql, a.start, a.end, "FOR SYSTEM_TIME AS OF")
			if err != nil {
				return err
			}
			sample.Method, sample.Args = method(SampleSystemTime), []*pg.Node{e}
		}
		EachMessage(tree.ProtoReflect(), func(m any) {
			n, ok := m.(*pg.Node)
			if v := n.GetRangeVar(); ok && v != nil && v.Location == a.relation && sample.Relation == nil {
				sample.Relation = &pg.Node{Node: n.Node}
				n.Node = &pg.Node_RangeTableSample{RangeTableSample: sample}
			}
		})
		if sample.Relation == nil {
			return sqlerr.New(sqlerr.SyntaxError, "syntax error at or near \"%s\"", "FOR").At(a.at)
		}
	}
	return nil
}

// method is the method of a sample, under a name that no text can spell.
func method(name string) []*pg.Node { return []*pg.Node{pg.MakeStrNode(""), pg.MakeStrNode(name)} }

// parseExpr reads an expression at its own place in the text, so that its positions are right.
func parseExpr(sql string, start, end int, what string) (*Node, error) {
	padded := make([]byte, end)
	for i := range padded {
		padded[i] = ' '
	}
	copy(padded[start-len("SELECT "):], "SELECT ")
	copy(padded[start:], sql[start:end])
	tree, err := parseTree(string(padded))
	if err != nil {
		return nil, err
	}
	targets := tree.Stmts[0].Stmt.GetSelectStmt().GetTargetList()
	if len(tree.Stmts) != 1 || len(targets) != 1 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "syntax error in %s", what).At(int32(start))
	}
	return targets[0].GetResTarget().GetVal(), nil
}

// EachMessage visits a message of a tree and all below it.
func EachMessage(m protoreflect.Message, visit func(m any)) {
	visit(m.Interface())
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				EachMessage(v.List().Get(i).Message(), visit)
			}
		default:
			EachMessage(v.Message(), visit)
		}
		return true
	})
}
