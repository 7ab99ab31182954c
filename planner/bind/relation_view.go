package bind

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// viewKind: what a dataflow keeps. Its rows may be errors, which a read then meets.
var viewKind = relationKind{scan: plan.RelView, describe: func(_ *binder, rel *catalog.Relation, p *plan.Props) {
	p.MayFail, p.AppendOnly = true, rel.AppendOnly
	primaryKey(rel, p)
}}

// errorsKind: the records that a stream's decoder refused, which stay, or the rows that fail in a
// query, which may heal.
var errorsKind = relationKind{scan: plan.RelErrors, describe: func(_ *binder, rel *catalog.Relation, p *plan.Props) {
	p.AppendOnly = !rel.ListsRows()
	primaryKey(rel, p)
}}

// systemKind: what the server knows of itself (catalog/system).
var systemKind = relationKind{scan: plan.RelSystem, describe: func(_ *binder, rel *catalog.Relation, p *plan.Props) {
	p.AppendOnly = true
	primaryKey(rel, p)
}, hidden: func(*binder) []hiddenColumn { return []hiddenColumn{{"tableoid", plan.MetaTableOID, sqltype.OIDType}} }}
