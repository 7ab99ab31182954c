package system

import (
	"context"

	"github.com/tributary-db/tributary/internal/sqltype"
)

var segments = &Relation{
	OID: 13014, Schema: "tributary", Name: "segments",
	Doc: "Where the records of topics lie: a row for each range of a partition's offsets in one object, or in the commit log.",
	Columns: []Column{
		{"topic", sqltype.Text, "whose records they are"},
		{"_partition", sqltype.Int4, "of the topic"},
		{"first_offset", sqltype.Int8, "the first offset of the range"},
		{"next_offset", sqltype.Int8, "the offset behind it"},
		{"records", sqltype.Int8, "how many records it has"},
		{"bytes", sqltype.Int8, "bytes of its record batches"},
		{"object", sqltype.Text, "key in the object store; NULL while they lie in the commit log"},
		{"level", sqltype.Int4, "how often they were put together with others (`compaction_rate`)"},
		{"first_commit_time", sqltype.Timestamptz, "when the first of them was committed"},
		{"last_commit_time", sqltype.Timestamptz, "when the last of them was committed"},
	},
	Rows: func(ctx context.Context, f Facts, _ Key, add Adder) error {
		return f.Segments(func(s Segment) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return add(s.Topic, s.Partition, s.First, s.Next, s.Records, s.Bytes, OrNull(s.Object), int32(s.Level), s.From, s.To)
		})
	},
}
