package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

var policyCommands = map[string]string{"all": "*", "select": "r", "insert": "a", "update": "w", "delete": "d"}

// Policy is the policy that a CREATE POLICY makes, without an OID, its roles and settings.
func Policy(s *parse.CreatePolicy, table *catalog.Relation, cat catalog.Reader, o Options) (*catalog.Relation, error) {
	command := policyCommands[s.Command]
	switch {
	case command == "":
		return nil, sqlerr.New(sqlerr.SyntaxError, "unrecognized policy command")
	case (command == "r" || command == "d") && s.Check != nil:
		return nil, sqlerr.New(sqlerr.SyntaxError, "WITH CHECK cannot be applied to SELECT or DELETE")
	case command == "a" && s.Using != nil:
		return nil, sqlerr.New(sqlerr.SyntaxError, "only WITH CHECK expression allowed for INSERT")
	}
	rel := &catalog.Relation{Name: s.Name, Kind: catalog.KindPolicy, Parent: table.OID, TimestampColumn: -1,
		Policy: &catalog.Policy{Command: command, Restrictive: s.Restrictive}}
	return rel, definePolicy(rel, table, s.Using, s.Check, cat, o)
}

// AlterPolicy gives a policy, a copy, other expressions where they are not nil.
func AlterPolicy(rel *catalog.Relation, s *parse.AlterPolicy, table *catalog.Relation, cat catalog.Reader, o Options) error {
	switch command := rel.Policy.Command; {
	case (command == "r" || command == "d") && s.Check != nil:
		return sqlerr.New(sqlerr.SyntaxError, "only USING expression allowed for SELECT, DELETE")
	case command == "a" && s.Using != nil:
		return sqlerr.New(sqlerr.SyntaxError, "only WITH CHECK expression allowed for INSERT")
	case s.Using == nil && s.Check == nil:
		return nil
	}
	def := *rel.Policy
	rel.Policy = &def
	stmts, err := parse.Parse(rel.Shown())
	if err != nil {
		return err
	}
	was := stmts[0].Body.(*parse.Select).Query.Select
	using, check := s.Using, s.Check
	if using == nil && def.Using != "" {
		using = was.TargetList[0].GetResTarget().Val
	}
	if check == nil && def.Check != "" {
		check = was.TargetList[1].GetResTarget().Val
	}
	return definePolicy(rel, table, using, check, cat, o)
}

// definePolicy binds the expressions of a policy, and keeps them as a query over the table.
func definePolicy(rel, table *catalog.Relation, using, check *pg.Node, cat catalog.Reader, o Options) error {
	o.NoParams, o.Rows = true, nil
	b := newBinder(cat, o)
	b.uses(plan.RelationID(table.OID))
	var texts [2]string
	for i, n := range []*pg.Node{using, check} {
		texts[i] = "NULL::boolean"
		if n == nil {
			continue
		}
		text, err := deparseExpr(n)
		if err != nil {
			return err
		}
		if n, err = storedExpr(text); err != nil { // a tree of its own, to be changed
			return err
		}
		b.tellingOf, b.named = cat, nil
		cond, err := b.policyCondition(n, table)
		if err != nil {
			return placeless(err) // as PostgreSQL's are
		}
		// Who reads it, a dump among them, may have another search path.
		for _, p := range b.named {
			if p.input.Kind != catalog.KindSystem && !p.input.Temporary() {
				p.at.Schemaname = p.input.Schema
			}
		}
		if texts[i], err = deparseExpr(n); err != nil {
			return err
		}
		shown := &rel.Policy.Using
		if i == 1 {
			shown = &rel.Policy.Check
		}
		*shown = policyText(cond, texts[i], table)
	}
	rel.Query, rel.Retold = "SELECT "+texts[0]+", "+texts[1]+" FROM "+quoted(table.Schema)+"."+quoted(table.Name), ""
	rel.DependsOn = nil
	dependOn(rel, &plan.Query{Relations: b.rels, Types: b.types}, cat)
	return nil
}

// policyCondition binds an expression of a policy over a table's row.
func (b *binder) policyCondition(n *pg.Node, table *catalog.Relation) (plan.Expr, error) {
	b.push()
	defer b.pop()
	b.lv.scope = scope{items: []*item{policyItem(table, 0)}, node: rowOf(table)}
	cond, err := b.condition(n, inPolicy, "POLICY")
	if err == nil && firstSet(cond) != nil {
		err = sqlerr.New(sqlerr.FeatureNotSupported, "set-returning functions are not allowed in %s", inPolicy).At(b.where(cond))
	}
	return cond, err
}

// rowOf stands for a table's row.
func rowOf(table *catalog.Relation) plan.Node {
	row := &plan.Values{}
	for _, c := range table.Columns {
		row.P.Fields = append(row.P.Fields, plan.Field{Name: c.Name, Type: c.Type})
	}
	plan.Derive(row)
	return row
}

// policyText is an expression as it is shown: as PostgreSQL writes it, where there is no query in it.
func policyText(cond plan.Expr, written string, table *catalog.Relation) string {
	query := false
	plan.Walk(cond, func(e plan.Expr) bool {
		_, is := e.(*plan.Subquery)
		query = query || is
		return !query
	})
	if query {
		return "(" + written + ")"
	}
	return (&ruleText{table: table}).expr(cond)
}

// RetoldPolicy is a policy with its expressions as they are shown with today's names; nil if they are what they were.
func RetoldPolicy(rel *catalog.Relation, cat catalog.Reader) (*catalog.Relation, error) {
	table, ok := cat.ByOID(rel.Parent)
	if !ok {
		return nil, nil
	}
	stmts, err := parse.Parse(rel.Shown())
	if err != nil {
		return nil, err
	}
	told := *rel
	def := *rel.Policy
	told.Policy = &def
	was, err := viewQuery(rel)
	if err != nil {
		return nil, err
	}
	for i, shown := range []*string{&def.Using, &def.Check} {
		if *shown == "" {
			continue
		}
		g := &rowGuard{b: newBinder(cat, storedOptions(rel)), rel: table}
		cond, err := g.bind(rel, i, rowOf(table), 0)
		if err != nil {
			return nil, err
		}
		of := stmts[0].Body.(*parse.Select).Query.Select
		if len(of.TargetList) != len(was.TargetList) {
			of = was
		}
		text, err := deparseExpr(of.TargetList[i].GetResTarget().Val)
		if err != nil {
			return nil, err
		}
		*shown = policyText(cond, text, table)
	}
	if def.Using == rel.Policy.Using && def.Check == rel.Policy.Check {
		return nil, nil
	}
	return &told, nil
}
