package op

import (
	"context"
	"fmt"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// extreme is min or max. Its cell holds the image of the group's least (greatest) value, by SQL
// order and then by image. Where rows can be taken back, the values are kept in an arrangement
// of (value, group) and the cell is read from its edge at the end of a tick.
type extreme struct {
	cellsOnly
	typ     sqltype.OID
	max     bool
	ordinal int
	better  sqltype.Comparer
	values  state.Arrangement // nil on an append-only edge
	current *delta.Builder
	image   []byte
	env     exec.Env
	charged int64 // for image
}

func (c *extreme) cells() []state.CellType { return []state.CellType{state.CellVar} }

func (c *extreme) open(env exec.Env, g *grouping, first int) (err error) {
	if c.env != env {
		c.image, c.charged = nil, 0 // what the last run charged is given back
	}
	c.groups, c.first, c.values, c.env = g.flat, first, nil, env
	c.better = sqltype.OpsOf(c.typ).Image
	c.current = delta.NewBuilder(c.typ)
	if !g.appendOnly {
		c.values, err = openRows(env, fmt.Sprintf("values%d", c.ordinal), g.valueRow(c.typ), g.valueKey())
	}
	return err
}

func (c *extreme) add(a addition) error {
	if c.values != nil {
		d := delta.Batch{Len: a.size, Cols: append([]delta.Column{*a.arg}, a.keys...), Sel: a.rows, Weights: a.weights}
		return c.values.Append(&d)
	}
	for i, row := range a.rows {
		s := a.slots[i]
		if held := c.groups.Var(c.first, s); len(held) > 0 && !c.beats(a.arg, row, held) {
			continue
		}
		if err := c.keep(s, []delta.Column{*a.arg}, row); err != nil {
			return err
		}
	}
	return nil
}

// imageRoom is about what an image takes beside the bytes of its value.
const imageRoom = 64

// keep makes row of value the extreme of s. What a long value takes is charged before it is copied.
func (c *extreme) keep(s state.Slot, value []delta.Column, row int32) error {
	room := int64(imageRoom)
	if len(value[0].Var) > 0 {
		room += varBytes(&delta.Batch{Cols: value}, row)
	}
	if more := 2*room - c.charged; more > 0 && room > int64(cap(c.image)) {
		if err := c.env.Account(more); err != nil {
			return err
		}
		c.charged += more
	}
	c.image = delta.AppendRow(c.image[:0], value, row)
	return c.groups.SetVar(c.first, s, c.image)
}

// beats: row of arg takes the place of the value with the image held.
func (c *extreme) beats(arg *delta.Column, row int32, held []byte) bool {
	c.current.Clear()
	if _, err := delta.DecodeRow(held, []*delta.Builder{c.current}); err != nil {
		return true // cannot happen: the image is ours
	}
	col := c.current.Column()
	by := c.better(&arg.Vec, row, &col.Vec, 0)
	return by < 0 && !c.max || by > 0 && c.max
}

// settle reads the edges of the touched groups.
func (c *extreme) settle(ctx context.Context, slots []state.Slot) error {
	if c.values == nil || len(slots) == 0 {
		return nil
	}
	cursor, err := c.values.Head().Edge(ctx, c.groups.Keys(slots), rowNumbers(len(slots)), c.max)
	if err != nil {
		return err
	}
	defer cursor.Close()
	next := 0
	for more := true; more; {
		var d delta.Batch
		var match []int32
		if match, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		for i, k := range match {
			for ; next < int(k); next++ {
				err = errsFirst(err, c.groups.SetVar(c.first, slots[next], nil))
			}
			err = errsFirst(err, c.keep(slots[k], d.Cols[:1], int32(i)))
			next = int(k) + 1
		}
		if err != nil {
			return err
		}
	}
	for ; next < len(slots); next++ {
		err = errsFirst(err, c.groups.SetVar(c.first, slots[next], nil))
	}
	return err
}

func errsFirst(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func rowNumbers(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

func (c *extreme) result(slots []state.Slot, b *delta.Builder, _ func(int, *sqlerr.Error)) error {
	for _, s := range slots {
		held := c.groups.Var(c.first, s)
		if len(held) == 0 {
			b.AppendNull()
			continue
		}
		if _, err := delta.DecodeRow(held, []*delta.Builder{b}); err != nil {
			return err
		}
	}
	return nil
}

func (c *extreme) drop(ctx context.Context, slots []state.Slot) error {
	if c.values == nil {
		return nil
	}
	return dropGroups(ctx, c.values, c.groups.Keys(slots), len(slots))
}

func (c *extreme) publish(v state.CommitSeq) error {
	if c.values == nil {
		return nil
	}
	return c.values.Publish(v)
}

// dropGroups retracts every row of a keyed by the n rows of keys.
func dropGroups(ctx context.Context, a state.Arrangement, keys []delta.Column, n int) error {
	var gone *delta.BatchBuilder
	head := a.Head()
	for g := range int32(n) {
		one := make([]delta.Column, len(keys))
		for i := range keys {
			one[i] = delta.ConstFrom(&keys[i], g, 1)
		}
		cursor, err := head.Scan(ctx, state.Range{Equal: one})
		if err != nil {
			return err
		}
		var scratch []int32
		for more := true; more; {
			var d delta.Batch
			if _, more, err = cursor.Next(ctx, &d); err != nil {
				return err
			}
			if gone == nil {
				gone = delta.NewBatchBuilder(typesOf(d.Cols))
			}
			for _, row := range liveRows(&d, &scratch) {
				gone.AppendRow(d.Cols, row, -d.Weight(row))
			}
		}
		cursor.Close()
	}
	if gone == nil || gone.Len() == 0 {
		return nil
	}
	d := gone.Batch()
	return a.Append(&d)
}

func typesOf(cols []delta.Column) []sqltype.OID {
	types := make([]sqltype.OID, len(cols))
	for i := range cols {
		types[i] = cols[i].Type
	}
	return types
}

// merge is of a one-shot run: there is a cell and no more.
func (c *extreme) merge(_ state.Cells, other begunGroups) error {
	for i, s := range other.slots {
		image := other.cols[0].Bytes(other.rows[i])
		if len(image) == 0 {
			continue
		}
		if held := c.groups.Var(c.first, s); len(held) > 0 {
			value := delta.NewBuilder(c.typ)
			if _, err := delta.DecodeRow(image, []*delta.Builder{value}); err != nil {
				return err
			}
			if col := value.Column(); !c.beats(&col, 0, held) {
				continue
			}
		}
		if err := c.groups.SetVar(c.first, s, image); err != nil {
			return err
		}
	}
	return nil
}
