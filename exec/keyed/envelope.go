package keyed

import (
	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// envelope takes an object apart into some of its members, each as its JSON text.
type envelope struct {
	decoder *decode.Decoder
	cells   []*delta.Builder
	fault   decode.Fault
}

func newEnvelope(members ...string) (*envelope, error) {
	e := &envelope{}
	var columns []decode.Column
	for _, name := range members {
		columns = append(columns, decode.Column{Name: name, Type: sqltype.Of(sqltype.JSON)})
		e.cells = append(e.cells, delta.NewBuilder(sqltype.JSON))
	}
	var err error
	e.decoder, err = decode.New(decode.JSON, columns, all(len(columns)), decode.Options{})
	return e, err
}

// read takes text apart; else fault says why not. What field gives is valid until the next call.
func (e *envelope) read(text []byte) bool {
	for _, b := range e.cells {
		b.Clear()
	}
	f, ok := e.decoder.Decode(text, e.cells)
	e.fault = f
	return ok
}

// field is a member's text; nil if it is not there, or null.
func (e *envelope) field(i int) []byte {
	col := e.cells[i].Column()
	if col.Null(0) {
		return nil
	}
	return col.Bytes(0)
}

// word is a member that is a JSON string without escapes.
func (e *envelope) word(i int) string {
	text := e.field(i)
	if len(text) < 2 || text[0] != '"' {
		return ""
	}
	return string(text[1 : len(text)-1])
}
