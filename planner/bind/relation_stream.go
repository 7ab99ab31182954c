package bind

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// streamKind: records of a topic, decoded where they are read.
var streamKind = relationKind{
	scan:   plan.RelStream,
	hidden: hiddenOfStream,
	describe: func(_ *binder, rel *catalog.Relation, p *plan.Props) {
		p.AppendOnly, p.Stateless = true, true
		p.UniqueKey = [][]int{{len(rel.Columns) + 1, len(rel.Columns) + 2}} // _partition, _offset
		primaryKey(rel, p)
	},
}

// metaColumns of a stream, in the order of their positions.
var metaColumns = []hiddenColumn{
	{"_key", plan.MetaKey, sqltype.Bytea}, {"_partition", plan.MetaPartition, sqltype.Int4},
	{"_offset", plan.MetaOffset, sqltype.Int8}, {"_timestamp", plan.MetaTimestamp, sqltype.Timestamptz},
	{"_headers", plan.MetaHeaders, sqltype.JSONB},
}

// watermarkField names the column that carries each record's watermark up to the GroupBy.
const watermarkField = "?watermark?"

func hiddenOfStream(b *binder) []hiddenColumn {
	if b.emit != parse.EmitOnWindowClose {
		return slices.Clone(metaColumns)
	}
	return append(slices.Clone(metaColumns), hiddenColumn{watermarkField, plan.MetaWatermark, sqltype.Int8})
}
