package pgwire

import (
	"encoding/binary"
	"io"

	"github.com/tributary-db/tributary/internal/charset"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqltype"
)

const (
	// flushBytes is when the buffer is written before anybody asks for it.
	flushBytes = 32 << 10
	// keepOut is the largest buffer kept after a flush.
	keepOut = 256 << 10
)

// outbuf collects messages and writes them in large pieces. The first write error stays.
type outbuf struct {
	w    io.Writer
	b    []byte
	sent int64
	err  error
	// charset is the client's, nil = UTF-8: strings of messages have ? for what it lacks.
	charset *charset.Charset
	open    int // 1 + where an unfinished message begins, 0 = none
}

// begin starts a message and returns its place for end.
func (o *outbuf) begin(typ byte) int {
	o.b = append(o.b, typ, 0, 0, 0, 0)
	o.open = len(o.b) - 4
	return len(o.b) - 4
}

func (o *outbuf) end(at int) {
	binary.BigEndian.PutUint32(o.b[at:], uint32(len(o.b)-at))
	o.open = 0
}

// dropOpen forgets a message that was begun and not ended.
func (o *outbuf) dropOpen() {
	if o.open > 0 {
		o.b, o.open = o.b[:o.open-1], 0
	}
}

func (o *outbuf) byte(v byte)    { o.b = append(o.b, v) }
func (o *outbuf) int16(v int)    { o.b = binary.BigEndian.AppendUint16(o.b, uint16(v)) }
func (o *outbuf) int32(v uint32) { o.b = binary.BigEndian.AppendUint32(o.b, v) }

func (o *outbuf) str(s string) {
	if o.charset != nil {
		s = o.charset.Lossy(s)
	}
	o.b = append(append(o.b, s...), 0)
}

// empty adds a message without a body.
func (o *outbuf) empty(typ byte) { o.b = append(o.b, typ, 0, 0, 0, 4) }

func (o *outbuf) text(typ byte, s string) {
	at := o.begin(typ)
	o.str(s)
	o.end(at)
}

func (o *outbuf) parameterStatus(name, value string) {
	at := o.begin('S')
	o.str(name)
	o.str(value)
	o.end(at)
}

func (o *outbuf) readyForQuery(s face.TxStatus) { o.b = append(o.b, 'Z', 0, 0, 0, 5, byte(s)) }

// rowDescription adds what comes; nil fields are NoData.
func (o *outbuf) rowDescription(fields []face.Field) {
	if fields == nil {
		o.empty('n')
		return
	}
	at := o.begin('T')
	o.int16(len(fields))
	for i := range fields {
		f := &fields[i]
		o.str(f.Name)
		o.int32(f.Table)
		o.int16(int(f.Attr))
		o.int32(uint32(f.Type.OID))
		o.int16(int(f.Type.OID.Len()))
		mod := f.Type.Mod
		if f.Type.OID == sqltype.Record {
			mod = -1 // it is of this engine, see sqltype.RecordOf
		}
		o.int32(uint32(mod))
		o.int16(int(f.Format))
	}
	o.end(at)
}

// spill writes what is buffered once it is much.
func (o *outbuf) spill() error {
	if len(o.b) < flushBytes {
		return o.err
	}
	return o.flush()
}

func (o *outbuf) flush() error {
	if o.err == nil && len(o.b) > 0 {
		var n int
		n, o.err = o.w.Write(o.b)
		o.sent += int64(n)
	}
	if cap(o.b) > keepOut {
		o.b = nil
	}
	o.b = o.b[:0]
	return o.err
}
