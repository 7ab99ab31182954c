package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/suggest"
	"github.com/tributary-db/tributary/planner/plan"
)

// cte is one WITH query; it is bound anew wherever it is named.
type cte struct {
	name    string
	query   *pg.SelectStmt
	columns []*pg.Node
	visible map[string]*cte // the WITH queries before it
	pos     int32
	// part is a statement that changes data, or a query that is computed once; nil of any other query.
	part *Part
	// of is the statement whose WITH has it.
	of proto.Message
	// recursive: it reads itself.
	recursive bool
	search    *pg.CTESearchClause
	cycle     *pg.CTECycleClause
	// own is how many columns the recursive term's * gives, 0 = all: those of SEARCH and CYCLE are not among them.
	own int
	// working, in its recursive term, are the columns of the rows of the last round.
	working []plan.Field
}

// rangeVar binds the name of a relation or of a WITH query.
func (b *binder) rangeVar(n *pg.RangeVar) (*source, error) {
	if n.Schemaname == "" {
		for lv := b.lv; lv != nil; lv = lv.writtenIn() {
			if c := lv.ctes[n.Relname]; c != nil {
				return b.cteScan(n, c, lv)
			}
		}
	}
	rel, err := b.relation(n)
	if err != nil {
		return nil, err
	}
	if !rel.Readable() {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "%s \"%s\" cannot be read", rel.Kind, rel.Name).At(n.Location)
	}
	b.need(plan.RelationID(rel.OID)).Adds(acl.Select)
	if rel.Kind == catalog.KindSystem && rel.Query != "" {
		return b.systemView(n, rel)
	}
	if rel.Kind == catalog.KindSequence {
		return b.sequenceRow(n, rel)
	}
	if rel.Kind == catalog.KindPlainView {
		return b.plainView(n, rel)
	}
	src, err := b.scan(n, rel, b.lv.locking && rel.Kind == catalog.KindTable && len(rel.PrimaryKey) == 0)
	if err != nil {
		return nil, err
	}
	g, err := b.guard(b.now(rel))
	if err != nil {
		return nil, err
	}
	src.items[0].guard = g
	src.node, err = g.hide(src.node, 'r')
	return src, err
}

// now is a relation as it is today, whatever the names of the text are.
func (b *binder) now(rel *catalog.Relation) *catalog.Relation {
	if today, ok := b.today.ByOID(rel.OID); ok {
		return today
	}
	return rel
}

// relation looks a name up in the catalog.
func (b *binder) relation(n *pg.RangeVar) (*catalog.Relation, error) {
	if n.Catalogname != "" && n.Catalogname != "tributary" && n.Catalogname != "postgres" {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cross-database references are not implemented: \"%s.%s.%s\"",
			n.Catalogname, n.Schemaname, n.Relname).At(n.Location)
	}
	if n.Schemaname != "" && b.as == 0 && b.cat == b.today && b.opts.UseSchema != nil { // of a stored text it was asked when that was made
		if err := b.opts.UseSchema(n.Schemaname); err != nil {
			return nil, located(err, n.Location)
		}
	}
	if rel, ok := b.cat.Relation(n.Schemaname, n.Relname, b.opts.Settings.SearchPath); ok {
		if b.telling() {
			b.named = append(b.named, named{n, rel})
		}
		return rel, nil
	}
	name := n.Relname
	if n.Schemaname != "" {
		name = n.Schemaname + "." + name
	}
	return nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", name).At(n.Location).Meant(b.nearRelation(n))
}

// nearRelation is the WITH query or relation that was likely meant by a name that none has.
func (b *binder) nearRelation(n *pg.RangeVar) string {
	if n.Schemaname == "" {
		near := suggest.Nearest(n.Relname, func(yield func(string) bool) {
			for lv := b.lv; lv != nil; lv = lv.writtenIn() {
				for name := range lv.ctes {
					if !yield(name) {
						return
					}
				}
			}
		})
		if near != "" {
			return near
		}
	}
	return catalog.Near(b.cat, n.Schemaname, n.Relname, b.opts.Settings.SearchPath)
}

// writtenIn is the level that the text of lv stands in.
func (lv *level) writtenIn() *level {
	if lv.with != nil {
		return lv.with.parent
	}
	return lv.parent
}

// maxCTEReads bounds how often one statement reads its WITH queries, each time planned anew: where each reads the
// one before it twice, their number doubles with every name, and so does the memory of the plan.
const maxCTEReads = 4096

func (b *binder) cteScan(n *pg.RangeVar, c *cte, lv *level) (*source, error) {
	if c.working != nil {
		return b.workingScan(n, c)
	}
	if b.cteReads++; b.cteReads > maxCTEReads {
		return nil, sqlerr.New(sqlerr.StatementTooComplex, "statement too complex").At(n.Location).
			WithDetail("WITH queries are read more than %d times, those that they read themselves included.", maxCTEReads).
			WithHint("Make a table or a materialized view of one that is read often.")
	}
	old := b.lv
	b.lv = &level{parent: b.lv, ctes: c.visible, with: lv}
	var node plan.Node
	var err error
	if c.part != nil {
		node, err = c.part.scan(n)
	} else if c.recursive {
		node, err = b.recursiveQuery(c)
	} else {
		node, err = b.subquery(c.query)
	}
	if err == nil && c.part == nil {
		if err = b.once(c, node); err == nil && c.part != nil {
			node, err = c.part.scan(n)
		}
	}
	b.lv = old
	if err != nil {
		return nil, err
	}
	it := itemOverNode(node)
	it.name, it.byName, it.pos = c.name, true, n.Location
	if err := rename(it, &pg.Alias{Colnames: c.columns}, len(it.columns)); err != nil {
		return nil, err
	}
	if n.Alias != nil {
		it.name = n.Alias.Aliasname
		if err := rename(it, n.Alias, len(it.columns)); err != nil {
			return nil, err
		}
	}
	return &source{node: node, items: []*item{it}}, nil
}
