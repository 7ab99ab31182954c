package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
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
	{"_headers", plan.MetaHeaders, sqltype.JSONB}, {commitTime, plan.MetaCommitTime, sqltype.Timestamptz},
}

// commitTime is the processing time of a record: the same whenever it is read, as a wall clock would not be.
const commitTime = "_commit_time"

// watermarkField names the column that carries each record's watermark up to the GroupBy.
const watermarkField = "?watermark?"

func hiddenOfStream(b *binder) []hiddenColumn {
	if b.emit != parse.EmitOnWindowClose {
		return slices.Clone(metaColumns)
	}
	return append(slices.Clone(metaColumns), hiddenColumn{watermarkField, plan.MetaWatermark, sqltype.Int8})
}

// processingTime is PROCTIME(): the commit time of the record, of the one stream in FROM.
func (b *binder) processingTime(n *pg.FuncCall) (plan.Expr, error) {
	_, c, err := b.lv.scope.findColumn(commitTime, n.Location)
	switch {
	case err != nil:
		return nil, sqlerr.New(sqlerr.AmbiguousColumn, "PROCTIME() is ambiguous").At(n.Location).
			WithHint("Name the stream whose records it is of: stream.%s.", commitTime)
	case c == nil:
		return nil, unsupported("PROCTIME() where no stream is in FROM").At(n.Location).
			WithHint("The processing time of a record is the time of its commit, column %s of its stream.", commitTime)
	}
	return b.columnExpr(c, n.Location), nil
}
