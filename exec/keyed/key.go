package keyed

import (
	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

var textType = sqltype.Of(sqltype.Text)

// keyReader reads keys of records: a JSON object with the columns, in Debezium's envelope perhaps, or
// the text of the one column.
type keyReader struct {
	columns  []decode.Column
	json     *decode.Decoder // nil = text
	envelope *envelope
}

func newKeyReader(columns []decode.Column, format string) (k keyReader, err error) {
	k.columns = columns
	for i := range k.columns {
		k.columns[i].NotNull = true
	}
	if format == "text" {
		return k, nil
	}
	if k.json, err = decode.New(decode.JSON, k.columns, all(len(columns)), decode.Options{}); err != nil {
		return k, err
	}
	k.envelope, err = newEnvelope("schema", "payload")
	return k, err
}

// read appends the key to dst, or nothing.
func (k *keyReader) read(key []byte, dst []*delta.Builder) *decode.Fault {
	if key == nil {
		return &decode.Fault{Reason: BadKey, Message: "the record has no key"}
	}
	if k.json == nil {
		return k.text(key, dst[0])
	}
	inner := key
	if k.envelope.read(key) && k.envelope.field(0) != nil && k.envelope.field(1) != nil {
		inner = k.envelope.field(1)
	}
	if f, ok := k.json.Decode(inner, dst); !ok {
		return &decode.Fault{Reason: BadKey, Column: f.Column, Message: "key: " + f.Message}
	}
	return nil
}

// text appends a key that is a value's text, of bytea the bytes.
func (k *keyReader) text(key []byte, b *delta.Builder) *decode.Fault {
	c := &k.columns[0]
	if c.Type.OID == sqltype.Bytea {
		b.AppendBytes(key)
		return nil
	}
	err := codec.CheckText(key)
	if err == nil {
		err = codec.AppendText(b, c.Type, key, codec.UTC)
	}
	if err != nil {
		return &decode.Fault{Reason: BadKey, Column: c.Name, Message: "key: " + err.Error()}
	}
	return nil
}
