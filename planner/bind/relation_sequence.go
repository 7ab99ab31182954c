package bind

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// sequenceRow is a sequence in FROM: the one row that PostgreSQL keeps of it, as pg_dump reads it. Nothing is logged
// ahead for one that clients could see, so that log_cnt is 0.
func (b *binder) sequenceRow(n *pg.RangeVar, rel *catalog.Relation) (*source, error) {
	b.uses(plan.RelationID(rel.OID))
	stmts, err := parse.Parse(fmt.Sprintf(`SELECT pg_catalog.sequence_position(%[1]d::oid::regclass) AS last_value, 0::bigint AS log_cnt,
		pg_catalog.pg_sequence_last_value(%[1]d::oid::regclass) IS NOT NULL AS is_called`, rel.OID))
	if err != nil {
		return nil, err
	}
	old := b.lv
	b.lv = nil
	node, err := b.subquery(stmts[0].Body.(*parse.Select).Query.Select)
	b.lv = old
	if err != nil {
		return nil, err
	}
	shown := *rel
	shown.Columns = make([]catalog.Column, len(node.Props().Fields))
	return viewSource(n, &shown, node)
}
