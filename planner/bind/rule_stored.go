package bind

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// storedRule is an expression that a table keeps, over its row, as PostgreSQL writes it, and pretty: with what its literals were taken for, as each statement
// binds it under its own settings, and '2024-01-01' would be another time in another time zone. "" is pretty where it is kept as it was written: it calls
// a function of users, which is its text once it is bound, or has a word such as CURRENT_USER.
func (b *binder) storedRule(table *catalog.Relation, n *pg.Node, bound func(*binder, *pg.Node) (plan.Expr, error)) (plain, pretty string, err error) {
	written, err := deparseExpr(n)
	if err != nil {
		return "", "", err
	}
	n, err = storedExpr(written)
	if err != nil || ownWords(n) {
		return written, "", err
	}
	told := newBinder(b.cat, b.opts)
	told.tellingOf = told.cat
	e, err := bound(told, n)
	if err != nil {
		return written, "", nil // as it was bound before
	}
	for _, t := range told.told {
		if t.class == "pg_proc" {
			return written, "", nil
		}
	}
	r := ruleText{table: table, written: calledIn(n), quoted: told.quotedIn("SELECT " + written)}
	plain = r.expr(e)
	if r.pretty = true; !b.means(table, plain, bound) {
		return written, "", nil
	}
	return plain, r.expr(e), nil
}

// means reports whether a text is bound to what it says: written again, under any settings, it is the same.
func (b *binder) means(table *catalog.Relation, text string, bound func(*binder, *pg.Node) (plan.Expr, error)) bool {
	n, err := storedExpr(text)
	if err != nil {
		return false
	}
	other := newBinder(b.cat, Options{NoParams: true})
	e, err := bound(other, n)
	r := ruleText{table: table, written: calledIn(n), quoted: other.quotedIn("SELECT " + text)}
	return err == nil && r.expr(e) == text
}

// ownWords: an expression has functions that are written as words, or names that only their places explain.
func ownWords(n *pg.Node) (found bool) {
	parse.EachMessage(n.ProtoReflect(), func(m any) {
		switch m := m.(type) {
		case *pg.SQLValueFunction, *pg.SubLink, *pg.CollateClause, *pg.SetToDefault:
			found = true
		case *pg.FuncCall:
			found = found || m.Funcformat == pg.CoercionForm_COERCE_SQL_SYNTAX
		}
	})
	return found
}

// quotedIn tells of a constant of a text whether it is a string in quotes there.
func (b *binder) quotedIn(text string) func(plan.Expr) bool {
	return func(e plan.Expr) bool {
		at, ok := b.places[e]
		return ok && int(at) < len(text) && text[at] == '\''
	}
}

// storedDefault is the default of a column as it is kept.
func (b *binder) storedDefault(n *pg.Node, c *catalog.Column) (string, error) {
	if n.GetSqlvalueFunction() != nil {
		text, err := deparseExpr(n)
		return strings.ToUpper(text), err
	}
	text, _, err := b.storedRule(&catalog.Relation{}, n, func(b *binder, n *pg.Node) (plan.Expr, error) {
		b.push()
		defer b.pop()
		e, err := b.exprAt(n, inDefault)
		if k, literal := e.(*plan.Const); err == nil && literal && k.T.OID == sqltype.Unknown {
			e, err = b.coerceTo(e, sqltype.Of(sqltype.Plain(c.Type).OID), assignment, b.where(e))
		}
		return e, err
	})
	return text, err
}

// renamedRefs are the references to a column of a stored expression under another name, and all without the name of the table.
func renamedRefs(text, from, to string) (string, error) {
	const before = len("SELECT ")
	n, err := storedExpr(text)
	if err != nil {
		return "", err
	}
	var edits []edit
	parse.EachMessage(n.ProtoReflect(), func(m any) {
		ref, ok := m.(*pg.ColumnRef)
		if !ok || len(ref.Fields) == 0 {
			return
		}
		name := ref.Fields[len(ref.Fields)-1].GetString_().GetSval()
		renamed := from != "" && name == from
		if name == "" || !renamed && len(ref.Fields) == 1 {
			return
		}
		if renamed {
			name = to
		}
		end, _, _ := parse.RelationSpan("SELECT "+text, int(ref.Location), false)
		edits = append(edits, edit{int(ref.Location) - before, end - before, ident.Quote(name)})
	})
	return apply(text, edits), nil
}

// number is a constant of a number's type: PostgreSQL's were integers, or numerics, before they became it.
func (r *ruleText) number(c *plan.Const, text string) (string, bool) {
	if r.quoted != nil && r.quoted(c) {
		return "", false
	}
	digits := strings.TrimPrefix(text, "-")
	whole := digits != "" && strings.Trim(digits, "0123456789") == ""
	from := ""
	switch {
	case whole && fits(text, 32):
		from = text
		if digits != text {
			from = "'" + text + "'::integer"
		}
	case whole && fits(text, 64):
		from = "'" + text + "'::bigint"
		if c.T.OID == sqltype.Int8 {
			return from, true
		}
	case c.T.OID != sqltype.Numeric && strings.Trim(digits, "0123456789.") == "" && digits != "":
		from = text
		if digits != text {
			from = "'" + text + "'::numeric"
		}
	default:
		return "", false
	}
	if !r.pretty {
		from = "(" + from + ")"
	}
	return from + "::" + typeText(c.T), true
}

func fits(number string, bits int) bool {
	_, err := strconv.ParseInt(number, 10, bits)
	return err == nil
}
