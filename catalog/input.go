package catalog

import "slices"

// Input is a relation that a stored query reads, as it was called when the query was written (docs/decisions/0051).
type Input struct {
	OID    OID    `json:"oid"`
	Schema string `json:"schema"`
	Name   string `json:"name"`
	// Columns are the names of its columns, by position. Those behind them came later.
	Columns []string `json:"columns,omitempty"`
}

// InputsOf are relations under the names that they have now; those of the system keep theirs.
func InputsOf(cat Reader, oids []OID) []Input {
	var out []Input
	for _, oid := range oids {
		rel, ok := cat.ByOID(oid)
		if !ok || rel.Kind == KindSystem || slices.ContainsFunc(out, func(in Input) bool { return in.OID == oid }) {
			continue
		}
		in := Input{OID: oid, Schema: rel.Schema, Name: rel.Name}
		for i := range rel.Columns {
			in.Columns = append(in.Columns, rel.Columns[i].Name)
		}
		out = append(out, in)
	}
	return out
}

// InputColumns is how many columns a relation that the query of r reads had when it was written; -1 = unknown.
func (r *Relation) InputColumns(oid OID) int {
	for _, in := range r.Inputs {
		if in.OID == oid {
			return len(in.Columns)
		}
	}
	return -1
}

// AsWritten is a catalog in which the names of a stored query mean what they meant: it finds the relations that rel reads
// by the names that they had, with the columns that they had under their names of then.
func AsWritten(cat Reader, rel *Relation) Reader {
	return &asWritten{cat, rel.Inputs, rel.DependsOn}
}

type asWritten struct {
	Reader
	inputs []Input
	uses   []OID
}

// Functions are those that it calls: others of their names came later, or were not meant.
func (w *asWritten) Functions(name string) []*Relation {
	return slices.DeleteFunc(w.Reader.Functions(name), func(r *Relation) bool { return !slices.Contains(w.uses, r.OID) })
}

func (w *asWritten) Relation(schema, name string, path []string) (*Relation, bool) {
	among := path
	switch {
	case schema != "":
		among = []string{schema}
	case !slices.Contains(path, TempAlias):
		among = append([]string{TempAlias}, path...)
	}
	for _, p := range among {
		for i := range w.inputs {
			in := &w.inputs[i]
			if in.Name != name || in.Schema != p && !(p == TempAlias && TempSchema(in.Schema)) {
				continue
			}
			if now, ok := w.ByOID(in.OID); ok {
				return in.of(now), true
			}
		}
	}
	return w.Reader.Relation(schema, name, path) // the system's, and what a query names and does not read
}

// of is a relation as it was called.
func (in *Input) of(now *Relation) *Relation {
	if in.same(now) {
		return now
	}
	was := *now
	was.Schema, was.Name = in.Schema, in.Name
	was.Columns = slices.Clone(now.Columns)
	for i := range was.Columns {
		if i < len(in.Columns) {
			was.Columns[i].Name = in.Columns[i]
		} else {
			was.Columns[i].Dropped = true // it came later
		}
	}
	return &was
}

// Same reports whether a relation has the names that it had.
func (in *Input) Same(cat Reader) bool {
	now, ok := cat.ByOID(in.OID)
	return ok && in.same(now)
}

func (in *Input) same(now *Relation) bool {
	same := now.Schema == in.Schema && now.Name == in.Name && len(now.Columns) == len(in.Columns)
	for i := 0; same && i < len(in.Columns); i++ {
		same = now.Columns[i].Name == in.Columns[i]
	}
	return same
}
