package decode

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// checkRaw holds that raw has exactly one column, text or bytea.
func checkRaw(columns []Column) error {
	if len(columns) == 1 {
		switch columns[0].Type.OID {
		case sqltype.Text, sqltype.Varchar, sqltype.Bytea:
			return nil
		}
	}
	return sqlerr.New(sqlerr.InvalidTableDefinition, "format raw needs exactly one column of type text or bytea")
}

// decodeRaw takes the value as it is.
func (d *Decoder) decodeRaw(value []byte, dst []*delta.Builder) *Fault {
	b := d.builder(0, dst)
	if d.columns[0].Type.OID == sqltype.Bytea {
		b.AppendBytes(value)
		return nil
	}
	if err := codec.CheckText(value); err != nil {
		return &Fault{Reason: Undecodable, Message: err.Error()}
	}
	if err := codec.AppendText(b, d.columns[0].Type, value, codec.UTC); err != nil {
		return d.typeFault(0, err)
	}
	return nil
}
