package state

import (
	"io"

	"github.com/tributary-db/tributary/internal/delta"
)

// Changed reports whether a key was written since the last Save or Load.
func (f *FlatSet) Changed() bool {
	for _, d := range f.dirty {
		if d {
			return true
		}
	}
	return false
}

// Save writes all keys and cells as a checkpoint section.
func (f *FlatSet) Save(w io.Writer) error {
	out := newFrameWriter(w)
	out.writeHeader(kindFlat, f.keyTypes)
	out.u32(uint32(len(f.cellTypes)))
	for _, t := range f.cellTypes {
		out.u32(uint32(t))
	}
	var slots []Slot
	f.Scan(func(group []Slot) bool {
		slots = append(slots, group...)
		return true
	})
	out.u64(uint64(len(slots)))
	for _, c := range f.Keys(slots) {
		if err := out.writeColumn(&c); err != nil {
			return err
		}
	}
	for i := range f.cells {
		if err := f.writeCells(out, i, slots); err != nil {
			return err
		}
	}
	if err := out.close(); err != nil {
		return err
	}
	f.dirty = [256]bool{}
	return nil
}

func (f *FlatSet) writeCells(out *frameWriter, i int, slots []Slot) error {
	var err error
	for _, s := range slots {
		switch f.cellTypes[i] {
		case CellInt64:
			_, err = out.Write(bytesOf(f.cells[i].ints[s : s+1]))
		case CellFloat64:
			_, err = out.Write(bytesOf(f.cells[i].floats[s : s+1]))
		case CellVar:
			v := f.Var(i, s)
			out.u64(uint64(len(v)))
			_, err = out.Write(v)
		default:
			_, err = out.Write(f.Blob(i, s))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Load replaces the content by a section that Save wrote for the same key and cells. After an
// error the state is empty.
func (f *FlatSet) Load(r io.Reader) error {
	f.Clear()
	err := f.load(&frameReader{r: r})
	if err != nil {
		f.Clear()
	}
	f.dirty = [256]bool{}
	return err
}

func (f *FlatSet) load(in *frameReader) error {
	in.readHeader(kindFlat, f.keyTypes)
	in.expect(uint32(len(f.cellTypes)), "number of cells")
	for _, t := range f.cellTypes {
		in.expect(uint32(t), "cell type")
	}
	n := in.rows()
	keys := make([]delta.Column, len(f.keyTypes))
	for i, t := range f.keyTypes {
		keys[i] = in.readColumn(t, n)
	}
	if len(keys) == 0 && n > 1 {
		return corrupt("%d rows without a key", n)
	}
	if in.err != nil {
		return in.err
	}
	slots := make([]Slot, n)
	if err := f.Probe(keys, rowNumbers(n), true, slots); err != nil {
		return err
	}
	if f.count != n {
		return corrupt("keys repeat")
	}
	for i := range f.cells {
		if err := f.readCells(in, i, slots); err != nil {
			return err
		}
	}
	return in.close()
}

func rowNumbers(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

func (f *FlatSet) readCells(in *frameReader, i int, slots []Slot) error {
	for _, s := range slots {
		switch f.cellTypes[i] {
		case CellInt64:
			in.read(bytesOf(f.cells[i].ints[s : s+1]))
		case CellFloat64:
			in.read(bytesOf(f.cells[i].floats[s : s+1]))
		case CellVar:
			v := in.bytes(in.u64())
			if in.err == nil && len(v) > 0 {
				if err := f.SetVar(i, s, v); err != nil {
					return err
				}
			}
		default:
			in.read(f.Blob(i, s))
		}
		if in.err != nil {
			return in.err
		}
	}
	return nil
}
