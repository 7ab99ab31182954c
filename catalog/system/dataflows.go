package system

import (
	"context"

	"github.com/tributary-db/tributary/internal/sqltype"
)

var dataflows = &Relation{
	OID: 13001, Schema: "tributary", Name: "dataflows",
	Doc: "Every materialized view, sink and derived stream, and how it does.",
	Columns: []Column{
		{"schema", sqltype.Text, "its schema"},
		{"name", sqltype.Text, "its name"},
		{"kind", sqltype.Text, "materialized view, sink or stream"},
		{"state", sqltype.Text, "`backfilling`, `running`, `waiting` (for something that passes), `error` (a row failed: reads fail, a sink holds its output back), `failed`, or `dropping` (its work ends)"},
		{"since", sqltype.Timestamptz, "when the state began"},
		{"frontier", sqltype.Int8, "the newest commit that it has taken in"},
		{"target", sqltype.Int8, "while it is `backfilling`, the commit that it must come to before it can be read; else NULL"},
		{"scanned", sqltype.Int8, "rows of tables and views that it has taken in while it is `backfilling` over some; else NULL"},
		{"to_scan", sqltype.Int8, "about how many there are of them"},
		{"sqlstate", sqltype.Text, "why it does not run, NULL when it does"},
		{"reason", sqltype.Text, "the same in words"},
		{"row_errors", sqltype.Int8, "rows of its query that are errors, whether reads pass over them or not"},
		{"topic", sqltype.Text, "of the record that a failed row was made from; NULL when it was not one record"},
		{"_partition", sqltype.Int4, "of that record"},
		{"_offset", sqltype.Int8, "of that record"},
		{"state_bytes", sqltype.Int8, "memory of its state"},
		{"late_rows", sqltype.Int8, "records left out because all their windows were closed"},
	},
	Rows: func(_ context.Context, f Facts, _ Key, add Adder) error {
		for _, d := range f.Dataflows() {
			var scanned, toScan, code, reason, topic, partition, offset any
			if d.ToScan > 0 {
				scanned, toScan = d.Scanned, d.ToScan
			}
			if d.Reason != nil {
				code, reason = string(d.Reason.Code), d.Reason.Message
			}
			if d.Record != nil {
				topic, partition, offset = d.Record.Topic, d.Record.Partition, d.Record.Offset
			}
			err := add(d.Relation.Schema, d.Relation.Name, string(d.Relation.Kind), d.State, OrNull(d.Since), int64(d.Frontier),
				OrNull(int64(d.Target)), scanned, toScan, code, reason, d.RowErrors, topic, partition, offset, d.StateBytes, d.LateRows)
			if err != nil {
				return err
			}
		}
		return nil
	},
}
