package lane

import (
	"context"
	"sync/atomic"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// lateBound bounds how many rows that closing windows left out are listed. They come from a stream, whose rows
// nobody takes back, so without it they would be kept until the relation is dropped.
type lateBound struct {
	most int64 // 0 = no bound
	kept int64 // listed now
	// letGo counts those that are no longer listed, over all relations.
	letGo *atomic.Uint64
}

// origin is a partition that late rows came from, for one reason.
type origin struct {
	reason, topic string
	partition     int32
}

// trim lets the oldest rows of each partition go that were left out, until three quarters of the bound are there.
func (r *rowErrors) trim(ctx context.Context) error {
	b := &r.bound
	if b.most == 0 || b.kept <= b.most {
		return nil
	}
	count := map[origin]int64{}
	total := int64(0)
	err := r.eachLate(ctx, func(of origin, rows *delta.Batch, row int32) {
		count[of] += rows.Weight(row)
		total += rows.Weight(row)
	})
	if err != nil {
		return err
	}
	goes := map[origin]int64{}
	for of, n := range count {
		goes[of] = n - n*(b.most/4*3)/total
	}
	out := delta.NewBatchBuilder(source.ErrorRow)
	gone := int64(0)
	err = r.eachLate(ctx, func(of origin, rows *delta.Batch, row int32) { // by offset
		if w := rows.Weight(row); goes[of] > 0 {
			out.AppendRow(rows.Cols, row, -w)
			goes[of] -= w
			gone += w
		}
	})
	if err != nil {
		return err
	}
	d := out.Batch()
	if err := r.set.Append(&d); err != nil {
		return err
	}
	b.kept = total - gone
	b.letGo.Add(uint64(gone))
	return nil
}

// eachLate visits the rows that were left out: by reason, topic, partition and offset.
func (r *rowErrors) eachLate(ctx context.Context, visit func(of origin, rows *delta.Batch, row int32)) error {
	head := r.set.Head()
	defer head.Release()
	for _, reason := range []exec.LateReason{exec.ReasonLate, exec.ReasonNoTime} {
		key := delta.NewBuilder(sqltype.Text)
		key.AppendString(string(reason))
		cur, err := head.Scan(ctx, state.Range{Equal: []delta.Column{key.Column()}})
		if err != nil {
			return err
		}
		var b delta.Batch
		for more := true; more && err == nil; {
			if _, more, err = cur.Next(ctx, &b); err == nil {
				err = b.EachRow(func(row int32) error {
					of := origin{reason: string(reason)}
					if c := &b.Cols[source.ErrTopic]; !c.Null(row) {
						of.topic, of.partition = string(c.Bytes(row)), delta.Values[int32](&b.Cols[source.ErrPartition])[row]
					}
					visit(of, &b, row)
					return nil
				})
			}
		}
		cur.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
