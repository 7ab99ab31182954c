package decode

import (
	"errors"
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Format is how a stream's record values are written.
type Format string

const (
	JSON Format = "json"
	CSV  Format = "csv"
	Raw  Format = "raw"
)

// Reason is why a record is no row of its stream; the error relation shows it.
type Reason string

const (
	Undecodable Reason = "undecodable" // not in the stream's format at all
	TypeFault   Reason = "type"        // a value does not fit its column
	Tombstone   Reason = "tombstone"   // no value
)

// Column is one column of the stream, in its order.
type Column struct {
	Name    string
	Type    sqltype.Type
	NotNull bool
	// Lenient: what does not fit is NULL, and the record is a row.
	Lenient bool
}

// Options of a format.
type Options struct {
	Delimiter byte // csv; 0 = comma
}

// Fault says why a record is no row. Column is empty if it is not about one.
type Fault struct {
	Reason  Reason
	Column  string
	Message string
}

func (f *Fault) Error() string { return f.Message }

// Decoder appends rows. It belongs to one goroutine.
type Decoder struct {
	columns []Column
	out     []int32          // by column: its builder in dst, -1 = not wanted
	scratch []*delta.Builder // by column, for those not wanted
	used    int              // rows in scratch since it was cleared
	read    func(value []byte, dst []*delta.Builder) *Fault
}

// New makes a decoder for a stream's columns; want lists the positions of the columns that
// Decode fills, in the order of its builders, each at most once.
func New(format Format, columns []Column, want []int, opts Options) (*Decoder, error) {
	columns = slices.Clone(columns)
	for i := range columns {
		columns[i].Type = sqltype.BaseOf(columns[i].Type)
	}
	d := &Decoder{columns: columns, out: make([]int32, len(columns)), scratch: make([]*delta.Builder, len(columns))}
	for i := range d.out {
		d.out[i] = -1
	}
	for i, c := range want {
		if c < 0 || c >= len(columns) || d.out[c] >= 0 {
			return nil, errors.New("decode: wanted columns are out of range or not distinct")
		}
		d.out[c] = int32(i)
	}
	for i, c := range columns {
		if c.Type.OID.Phys() == sqltype.PhysNone {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "column %q of type %s cannot be read from a record", c.Name, sqltype.TypeName(c.Type))
		}
		if d.out[i] < 0 {
			d.scratch[i] = delta.NewBuilder(c.Type.OID)
		}
	}
	switch format {
	case JSON:
		d.read = newJSON(d).decode
	case CSV:
		d.read = newCSV(d, opts).decode
	case Raw:
		if err := checkRaw(columns); err != nil {
			return nil, err
		}
		d.read = d.decodeRaw
	default:
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized format %q", string(format)).
			WithHint("Known formats are json, csv and raw.")
	}
	return d, nil
}

// scratchRows bounds what unwanted columns hold before they are cleared.
const scratchRows = 256

// Decode appends one row to dst, a builder per wanted column, and returns true; or it leaves
// dst as it was and says why. A nil value is a tombstone.
func (d *Decoder) Decode(value []byte, dst []*delta.Builder) (Fault, bool) {
	if value == nil {
		return Fault{Reason: Tombstone, Message: "the record has no value"}, false
	}
	if d.used++; d.used > scratchRows {
		d.clearScratch()
	}
	if f := d.read(value, dst); f != nil {
		return *f, false
	}
	return Fault{}, true
}

func (d *Decoder) clearScratch() {
	d.used = 0
	for _, b := range d.scratch {
		if b != nil {
			b.Clear()
		}
	}
}

// builder is where column c goes.
func (d *Decoder) builder(c int, dst []*delta.Builder) *delta.Builder {
	if i := d.out[c]; i >= 0 {
		return dst[i]
	}
	return d.scratch[c]
}

// undo drops what the wanted columns before c got for a row that failed at c.
func (d *Decoder) undo(c int, dst []*delta.Builder) {
	for _, i := range d.out[:c] {
		if i >= 0 {
			dst[i].Truncate(dst[i].Len() - 1)
		}
	}
}

func (d *Decoder) typeFault(c int, err error) *Fault {
	return &Fault{Reason: TypeFault, Column: d.columns[c].Name, Message: err.Error()}
}

func (d *Decoder) nullFault(c int) *Fault {
	return &Fault{Reason: TypeFault, Column: d.columns[c].Name, Message: "null value in column \"" + d.columns[c].Name + "\" violates not-null constraint"}
}
