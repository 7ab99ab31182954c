package system

import (
	"context"

	"github.com/tributary-db/tributary/internal/sqltype"
)

var compactions = &Relation{
	OID: 13012, Schema: "tributary", Name: "compactions",
	Doc: "Rewriting of objects, into larger ones or compacted by key: what is under way, and the newest hundred before it.",
	Columns: []Column{
		{"what", sqltype.Text, "`roll`: from the commit log into a segment; `level`: of objects into larger segments; `clean`: by key, of topics with cleanup.policy compact"},
		{"topic", sqltype.Text, "of the first partition in it; NULL once that topic is gone"},
		{"_partition", sqltype.Int4, "the first partition in it"},
		{"partitions", sqltype.Int8, "how many partitions are in it"},
		{"from_level", sqltype.Int4, "level of the objects that it reads"},
		{"to_level", sqltype.Int4, "level of those that it writes"},
		{"runs", sqltype.Int8, "entries of the index that it makes into one a partition"},
		{"bytes", sqltype.Int8, "bytes of records that it reads"},
		{"written", sqltype.Int8, "bytes of objects written; NULL while it is under way"},
		{"state", sqltype.Text, "`running`, `done` or `failed`"},
		{"since", sqltype.Timestamptz, "when it began"},
		{"ended", sqltype.Timestamptz, "when it ended; NULL while it is under way"},
		{"reason", sqltype.Text, "why it failed, NULL if it did not; what failed is tried again"},
	},
	Rows: func(_ context.Context, f Facts, _ Key, add Adder) error {
		for _, c := range f.Compactions() {
			var written, ended any
			state := "running"
			if !c.Ended.IsZero() {
				state, written, ended = "done", c.Written, c.Ended
			}
			if c.Reason != "" {
				state = "failed"
			}
			err := add(c.What, OrNull(c.Topic), c.Partition, int64(c.Partitions), int32(c.From), int32(c.To), int64(c.Runs), c.Bytes,
				written, state, c.Since, ended, OrNull(c.Reason))
			if err != nil {
				return err
			}
		}
		return nil
	},
}
