package session

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// COPY's binary format (PostgreSQL's page of COPY, "Binary Format"):
//
//	signature[11] flags[4] length[4] extension[length]   rows: fields[2], each size[4] (-1 = NULL) value[size]   -1[2]
//
// All numbers are big-endian; values are as in the binary form of the protocol.

const copySignature = "PGCOPY\n\xff\r\n\x00"

// Flags of which a reader must know the meaning are the upper 16.
const criticalFlags, flagHasOIDs = 0xffff0000, 1 << 16

// binaryReader cuts binary COPY data into rows of fields. Feed it chunks, then take rows.
type binaryReader struct {
	buf    []byte // what is not cut yet
	at     int    // of buf, what was cut
	begun  bool   // the header was read
	skip   uint32 // bytes of the header's extension to come
	done   bool   // the end-of-data mark was seen
	row    int
	fields [][]byte // of the last row; nil = NULL
}

// feed takes a chunk in, and drops what was cut: fields given before are gone.
func (r *binaryReader) feed(chunk []byte) {
	n := copy(r.buf, r.buf[r.at:])
	r.buf, r.at = append(r.buf[:n], chunk...), 0
}

func (r *binaryReader) header() (ok bool, err error) {
	const flagsAt, lengthAt = len(copySignature), len(copySignature) + 4
	h := r.buf[r.at:]
	if n := min(len(h), len(copySignature)); string(h[:n]) != copySignature[:n] {
		return false, sqlerr.New(sqlerr.BadCopyFileFormat, "COPY file signature not recognized")
	}
	if len(h) < lengthAt+4 {
		return false, nil
	}
	flags := binary.BigEndian.Uint32(h[flagsAt:])
	switch {
	case flags&flagHasOIDs != 0:
		return false, sqlerr.New(sqlerr.BadCopyFileFormat, "invalid COPY file header (WITH OIDS)")
	case flags&criticalFlags != 0:
		return false, sqlerr.New(sqlerr.BadCopyFileFormat, "unrecognized critical flags in COPY file header")
	}
	r.skip = binary.BigEndian.Uint32(h[lengthAt:])
	if int32(r.skip) < 0 {
		return false, sqlerr.New(sqlerr.BadCopyFileFormat, "invalid COPY file header (missing length)")
	}
	r.at, r.begun = r.at+lengthAt+4, true
	return true, nil
}

// next gives the next row of width fields; false: more data is needed, or all has been given.
func (r *binaryReader) next(width int) (fields [][]byte, ok bool, err error) {
	if !r.begun {
		if ok, err := r.header(); !ok || err != nil {
			return nil, false, err
		}
	}
	if n := min(int(r.skip), len(r.buf)-r.at); n > 0 {
		r.at, r.skip = r.at+n, r.skip-uint32(n)
	}
	b := r.buf[r.at:]
	if r.done && len(b) > 0 {
		return nil, false, sqlerr.New(sqlerr.BadCopyFileFormat, "received copy data after EOF marker")
	}
	if r.skip > 0 || len(b) < 2 {
		return nil, false, nil
	}
	count := int(int16(binary.BigEndian.Uint16(b)))
	if count == -1 {
		r.done, r.at = true, r.at+2
		return r.next(width) // nothing may follow
	}
	if count != width {
		return nil, false, sqlerr.New(sqlerr.BadCopyFileFormat, "row field count is %d, expected %d", count, width)
	}
	at := 2
	for r.fields = r.fields[:0]; count > 0; count-- {
		if len(b) < at+4 {
			return nil, false, nil
		}
		size := int32(binary.BigEndian.Uint32(b[at:]))
		at += 4
		switch {
		case size == -1:
			r.fields = append(r.fields, nil)
			continue
		case size < 0:
			return nil, false, sqlerr.New(sqlerr.BadCopyFileFormat, "invalid field size")
		case size > maxCopyLine:
			return nil, false, sqlerr.New(sqlerr.ProgramLimitExceeded, "COPY data row is longer than %d bytes", maxCopyLine)
		case len(b)-at < int(size):
			return nil, false, r.tooLong(len(b))
		}
		r.fields = append(r.fields, b[at:at+int(size):at+int(size)])
		at += int(size)
	}
	r.at += at
	return r.fields, true, nil
}

func (r *binaryReader) tooLong(size int) error {
	if size > maxCopyLine {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "COPY data row is longer than %d bytes", maxCopyLine)
	}
	return nil
}

// binary writes the rows of binary data.
func (c *copyIn) binary(ctx context.Context, data face.CopyIn) error {
	r := &binaryReader{}
	held := c.s.hold()
	defer held.drop()
	for {
		chunk, err := data.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		r.feed(chunk)
		if err := held.set(int64(cap(r.buf))); err != nil { // a row may be as long as maxCopyLine
			return err
		}
		if err := c.binaryRows(ctx, r); err != nil {
			return c.place.in(c.rel.Name, err)
		}
	}
	switch {
	case !r.begun && len(r.buf) < len(copySignature):
		return sqlerr.New(sqlerr.BadCopyFileFormat, "COPY file signature not recognized")
	case !r.begun || r.skip > 0:
		return sqlerr.New(sqlerr.BadCopyFileFormat, "invalid COPY file header (missing length)")
	case len(r.buf)-r.at >= 2: // less is no row yet: the data ends without its mark, which is taken
		c.place.line = r.row + 1
		return c.place.in(c.rel.Name, c.cutOff(r.fields))
	}
	return c.flush(ctx)
}

// cutOff is the error of a row that ends too early: that of its fields which are there, if one has one.
func (c *copyIn) cutOff(fields [][]byte) error {
	for i, f := range fields {
		t := c.rel.Columns[c.columns[i]].Type
		if f == nil {
			continue
		}
		if err := codec.AppendBinary(delta.NewBuilder(t.OID), t, f, c.env); err != nil {
			c.place.column = c.rel.Columns[c.columns[i]].Name
			return err
		}
	}
	return sqlerr.New(sqlerr.BadCopyFileFormat, "unexpected EOF in COPY data")
}

// binaryRows takes the rows that the reader has.
func (c *copyIn) binaryRows(ctx context.Context, r *binaryReader) error {
	for {
		r.row++
		c.place.line = r.row
		fields, ok, err := r.next(len(c.columns))
		if err != nil {
			return err
		}
		if !ok {
			r.row--
			return nil
		}
		if err := c.row(fields, true); err != nil {
			return err
		}
		if err := c.flushFull(ctx); err != nil {
			return err
		}
	}
}

// beginBinary makes the header, which goes with the first row in one message, as PostgreSQL's does: clients that take a message for a
// row cut it off there. endBinary writes the mark at the end, behind the header where there was no row.
func (c *copyOut) beginBinary(types []sqltype.OID) {
	for _, t := range types {
		c.encode = append(c.encode, face.EncodeIn(t, face.Binary, c.env))
	}
	c.head = append([]byte(copySignature), make([]byte, 8)...)
}

func (c *copyOut) endBinary() error { return c.w.CopyData(append(c.head, 0xff, 0xff)) }

// binaryRow makes the line of a row.
func (c *copyOut) binaryRow(d *delta.Batch, row int32) {
	c.line = binary.BigEndian.AppendUint16(c.line[:0], uint16(len(d.Cols)))
	for i := range d.Cols {
		if d.Cols[i].Null(row) {
			c.line = append(c.line, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		at := len(c.line)
		c.line = c.encode[i](append(c.line, 0, 0, 0, 0), &d.Cols[i], row)
		binary.BigEndian.PutUint32(c.line[at:], uint32(len(c.line)-at-4))
	}
}
