package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// RowSecurity is for whom policies of rows count (docs/decisions/0084).
type RowSecurity struct {
	Role catalog.OID
	// Refuse: a statement is refused that they would be of effect on.
	Refuse bool
	// Kept: what is bound keeps what it has read, for others than who made it.
	Kept bool
}

// rowGuard are the policies of a table for one place of a statement that names it; nil = none count.
type rowGuard struct {
	b      *binder
	rel    *catalog.Relation
	role   catalog.OID
	as     uint32
	filter *plan.Filter // over the table's scan
	// read: a column of the table is read there, not only written.
	read bool
}

// policyCheck is a condition that a row is to meet: one policy's, or with an empty name those of which one is enough.
type policyCheck struct {
	policy string
	cond   plan.Expr
}

// kept is the same for what keeps what it reads.
func (o *RowSecurity) kept() *RowSecurity {
	if o == nil {
		return nil
	}
	out := *o
	out.Kept = true
	return &out
}

// guard finds the policies that count where the text is bound now.
func (b *binder) guard(rel *catalog.Relation) (*rowGuard, error) {
	o := b.opts.Rows
	if o == nil || rel.Kind != catalog.KindTable {
		return nil, nil
	}
	g := &rowGuard{b: b, rel: rel, role: o.Role, as: b.as}
	if b.as != 0 {
		g.role = catalog.OID(b.as)
	}
	switch {
	case !b.today.RowsAre(g.role, rel):
		return nil, nil
	case o.Refuse:
		b.refuse(RowsRefused(rel, b.today, g.role))
		return nil, nil
	case o.Kept:
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "row-level security policies of table \"%s\" decide what its rows are for who defines this", rel.Name).
			WithHint("What keeps its rows is read by others. Let a role define it that sees all of them: the table's owner, or one with BYPASSRLS.")
	}
	return g, nil
}

// refuse ends the statement once all of it is bound: PostgreSQL looks at policies behind everything else that may be wrong with it.
func (b *binder) refuse(err error) {
	if b.refused == nil {
		b.refused = err
	}
}

// RowsRefused is the error of a statement that policies would be of effect on, where that is not wanted.
func RowsRefused(rel *catalog.Relation, cat catalog.Reader, role catalog.OID) error {
	err := sqlerr.New(sqlerr.InsufficientPrivilege, "query would be affected by row-level security policy for table \"%s\"", rel.Name)
	if rel.ForceRowSecurity && cat.OwnerOf(rel) == role {
		err = err.WithHint("To disable the policy for the table's owner, use ALTER TABLE NO FORCE ROW LEVEL SECURITY.")
	}
	return err
}

// RowSecurityOf is what a change of a table makes of its row-level security, if it is about that.
func RowSecurityOf(rel *catalog.Relation, c *pg.AlterTableCmd) (enabled, forced, is bool) {
	switch c.Subtype {
	case pg.AlterTableType_AT_EnableRowSecurity:
		return true, rel.ForceRowSecurity, true
	case pg.AlterTableType_AT_DisableRowSecurity:
		return false, rel.ForceRowSecurity, true
	case pg.AlterTableType_AT_ForceRowSecurity:
		return rel.RowSecurity, true, true
	case pg.AlterTableType_AT_NoForceRowSecurity:
		return rel.RowSecurity, false, true
	}
	return false, false, false
}

// hide puts a filter over the scan of the table, with the policies for a command (0 = none yet). More may come to it, so that it counts as
// one that may fail.
func (g *rowGuard) hide(node plan.Node, command byte) (plan.Node, error) {
	if g == nil {
		return node, nil
	}
	f := filter(node, &plan.And{Args: []plan.Expr{boolConst(true)}}).(*plan.Filter)
	f.P.MayFail = true
	g.filter = f
	if command == 0 {
		return f, nil
	}
	return f, g.also(command)
}

// also hides the rows that are hidden from a command.
func (g *rowGuard) also(command byte) error {
	if g == nil {
		return nil
	}
	list, err := g.checks(command, true, g.filter.Input, 0)
	if err != nil {
		return err
	}
	slices.Reverse(list) // those that all must hold come first, as PostgreSQL has them
	args := g.filter.Cond.(*plan.And).Args
	for _, c := range list {
		args = append(args, c.cond)
	}
	g.filter.Cond = &plan.And{Args: args}
	return nil
}

// watch has the guard note that a column of an item is read.
func (g *rowGuard) watch(it *item) *item {
	if g != nil {
		for i := range it.columns {
			it.columns[i].read = &g.read
		}
	}
	return it
}

// checks are the conditions for a command over rows in which the table's columns stand from at on: with using those of rows that are there,
// else those of new rows, for which a policy without WITH CHECK has its USING. The first is what one of the permissive policies holds.
func (g *rowGuard) checks(command byte, using bool, node plan.Node, at int) ([]policyCheck, error) {
	var any []plan.Expr
	var all []policyCheck
	for _, restrictive := range []bool{false, true} {
		for _, p := range g.b.today.Policies(g.rel.OID) {
			if p.Policy.Restrictive != restrictive || !p.Policy.For(command) || !g.b.today.PolicyIsFor(p.Policy, g.role) {
				continue
			}
			of := 0
			switch {
			case p.Policy.Check != "" && !using:
				of = 1
			case p.Policy.Using == "":
				continue
			}
			cond, err := g.bind(p, of, node, at)
			if err != nil {
				return nil, err
			}
			if restrictive {
				all = append(all, policyCheck{p.Name, cond})
			} else {
				any = append(any, cond)
			}
		}
		if len(any) == 0 {
			return []policyCheck{{"", boolConst(false)}}, nil // the others are not asked
		}
	}
	if len(any) == 1 {
		return append([]policyCheck{{"", any[0]}}, all...), nil
	}
	return append([]policyCheck{{"", &plan.Or{Args: any}}}, all...), nil
}

// maxPolicies bounds how deep policies of a table are asked for its rows in the texts of its policies.
const maxPolicies = 16

// bind binds an expression of a policy over such rows: as who reads the table, with the names and settings that it was written with.
func (g *rowGuard) bind(p *catalog.Relation, which int, node plan.Node, at int) (cond plan.Expr, err error) {
	b := g.b
	query, err := viewQuery(p)
	if err != nil {
		return nil, err
	}
	n := query.TargetList[which].GetResTarget().GetVal()
	times := 0
	for _, oid := range b.policed {
		if oid == g.rel.OID {
			times++
		}
	}
	if times > 0 && hasSublink(n) || times > maxPolicies {
		b.refuse(sqlerr.New(sqlerr.InvalidObjectDefinition, "infinite recursion detected in policy for relation \"%s\"", g.rel.Name))
		return boolConst(false), nil
	}
	b.policed = append(b.policed, g.rel.OID)
	as, fn, rows := b.as, b.fn, b.rows
	b.as, b.fn, b.rows = g.as, nil, nil
	err = b.asWritten(p, func() error {
		rel, err := b.relation(query.FromClause[0].GetRangeVar())
		if err != nil {
			return err
		}
		b.push()
		b.lv.scope = scope{items: []*item{policyItem(rel, at)}, node: node}
		cond, err = b.condition(n, inPolicy, "POLICY")
		return err
	})
	b.as, b.fn, b.rows = as, fn, rows
	b.policed = b.policed[:len(b.policed)-1]
	return cond, inView(err, p, -1)
}

// policyItem is a table's row to its policies: nothing of it needs a privilege.
func policyItem(rel *catalog.Relation, at int) *item {
	it := itemOver(rel, rel.Name, at)
	it.schema = rel.Schema
	for i := range it.columns {
		it.columns[i].rel, it.columns[i].attnum = 0, 0
	}
	return it
}

func hasSublink(n *pg.Node) (found bool) {
	parse.EachMessage(n.ProtoReflect(), func(m any) {
		_, is := m.(*pg.SubLink)
		found = found || is
	})
	return found
}

// PolicyCheck is a condition of a table's policies on a row that a statement writes: the column at At of its source.
type PolicyCheck struct {
	Policy string // empty: none of the permissive ones holds
	At     int
	// Using: it is one of those that decide which rows are seen, of the row that is there where it is not new; Target: MERGE found it.
	Using, Target bool
}

// rowChecks collects the checks of a statement as columns behind its source.
type rowChecks struct {
	g    *rowGuard
	node plan.Node
	p    *plan.Project
	out  []PolicyCheck
	// when limits the next ones to some rows; nil = they are of all.
	when plan.Expr
}

// checksOver begins a list over a statement's source.
func (g *rowGuard) checksOver(node plan.Node) *rowChecks {
	return &rowChecks{g: g, node: node, p: keepColumns(node, len(node.Props().Fields))}
}

// add has rows whose table's columns stand from at on be held to the policies for a command.
func (c *rowChecks) add(command byte, using bool, at int, kind PolicyCheck) error {
	list, err := c.g.checks(command, using, c.node, at)
	if err != nil {
		return err
	}
	for _, k := range list {
		cond := k.cond
		if c.when != nil {
			cond = &plan.Case{Whens: []plan.When{{Cond: c.when, Then: cond}}, Else: boolConst(true), T: cond.Type()}
		}
		kind.Policy, kind.At = k.policy, len(c.p.Exprs)
		c.out = append(c.out, kind)
		c.p.Exprs, c.p.P.Fields = append(c.p.Exprs, cond), append(c.p.P.Fields, plan.Field{Name: "?policy?", Type: cond.Type()})
	}
	return nil
}

// done is the source with the checks.
func (c *rowChecks) done() (plan.Node, []PolicyCheck) {
	plan.Derive(c.p)
	return c.p, c.out
}

// newRows holds new rows, whose columns stand from at on, to the policies for INSERT or UPDATE, and to those for SELECT where the
// statement reads the table.
func (c *rowChecks) newRows(command byte, at int) error {
	err := c.add(command, false, at, PolicyCheck{})
	if err == nil && c.g.read {
		err = c.add('r', true, at, PolicyCheck{})
	}
	return err
}

// guard are the policies of the table, as for who writes it.
func (in *inserter) guard() (g *rowGuard, err error) {
	if in.view == nil {
		return in.b.guard(in.b.now(in.rel))
	}
	err = in.view.asTable(in.b, func() error {
		g, err = in.b.guard(in.b.now(in.rel))
		return err
	})
	return g, err
}

// follower is CURRENT_USER in a policy of a table that a subscription follows: who began it, to its end. Nil elsewhere.
func (b *binder) follower(n *pg.SQLValueFunction) plan.Expr {
	switch n.Op {
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_USER, pg.SQLValueFunctionOp_SVFOP_CURRENT_ROLE, pg.SQLValueFunctionOp_SVFOP_USER:
	default:
		return nil
	}
	if !b.opts.Continuous || len(b.policed) == 0 || b.opts.Rows == nil {
		return nil
	}
	role, ok := b.today.RoleOf(b.opts.Rows.Role)
	if !ok {
		return nil
	}
	return &plan.Const{T: sqltype.Of(sqltype.Name), Value: delta.ConstBytes(sqltype.Name, []byte(role.Name), 1)}
}
