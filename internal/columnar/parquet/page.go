package parquet

import (
	"hash/crc32"
	"math"
)

// maxPage is the most bytes of a page, decompressed: DuckDB writes up to 100 MiB.
const maxPage = 128 << 20

// maxHeader is the most bytes of a page's header, which may have the least and the greatest value.
const maxHeader = 1 << 20

// Values of PageType and Encoding.
const (
	pageData, pageIndex, pageDictionary, pageDataV2 = 0, 1, 2, 3

	encodingPlain, encodingPlainDictionary, encodingRLE       = 0, 2, 3
	encodingDelta, encodingDeltaLengths, encodingDeltaStrings = 5, 6, 7
	encodingDictionary, encodingSplit                         = 8, 9
)

var encodingNames = [...]string{"PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED",
	"DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"}

// header is a PageHeader.
type header struct {
	kind, size, packed int64 // decompressed, and in the file
	crc                int64
	checked            bool // there is a crc

	has        [4]bool // by kind: its own header
	values     int64
	rows       int64 // version 2
	encoding   int64
	levels     int64 // encoding of the definition levels of version 1
	levelBytes int64 // version 2
	repeated   int64 // bytes of repetition levels of version 2
	compressed bool
}

func (t *thrift) header() header {
	h := header{kind: -1, size: -1, packed: -1, values: -1, rows: -1, encoding: -1, compressed: true}
	t.fields(func(id int, kind byte) bool {
		switch id {
		case 1:
			return t.integer(kind, &h.kind, 0, math.MaxInt32)
		case 2:
			return t.integer(kind, &h.size, 0, math.MaxInt32)
		case 3:
			return t.integer(kind, &h.packed, 0, math.MaxInt32)
		case 4:
			h.checked = true
			return t.integer(kind, &h.crc, math.MinInt32, math.MaxInt32)
		case 5:
			h.has[pageData] = true
			return t.structure(kind, func(id int, kind byte) bool { return t.dataHeader(&h, id, kind) })
		case 7:
			h.has[pageDictionary] = true
			return t.structure(kind, func(id int, kind byte) bool { return t.dictionaryHeader(&h, id, kind) })
		case 8:
			h.has[pageDataV2] = true
			return t.structure(kind, func(id int, kind byte) bool { return t.dataHeaderV2(&h, id, kind) })
		}
		return false
	})
	return h
}

func (t *thrift) dataHeader(h *header, id int, kind byte) bool {
	switch id {
	case 1:
		return t.integer(kind, &h.values, 0, math.MaxInt32)
	case 2:
		return t.integer(kind, &h.encoding, 0, math.MaxInt32)
	case 3:
		return t.integer(kind, &h.levels, 0, math.MaxInt32)
	}
	return false
}

func (t *thrift) dictionaryHeader(h *header, id int, kind byte) bool {
	switch id {
	case 1:
		return t.integer(kind, &h.values, 0, math.MaxInt32)
	case 2:
		return t.integer(kind, &h.encoding, 0, math.MaxInt32)
	}
	return false
}

func (t *thrift) dataHeaderV2(h *header, id int, kind byte) bool {
	switch id {
	case 1:
		return t.integer(kind, &h.values, 0, math.MaxInt32)
	case 3:
		return t.integer(kind, &h.rows, 0, math.MaxInt32)
	case 4:
		return t.integer(kind, &h.encoding, 0, math.MaxInt32)
	case 5:
		return t.integer(kind, &h.levelBytes, 0, math.MaxInt32)
	case 6:
		return t.integer(kind, &h.repeated, 0, math.MaxInt32)
	case 7:
		return t.boolean(kind, &h.compressed)
	}
	return false
}

// verify checks a header of a page of column c, whose chunk has room bytes behind it and left values
// to come.
func (h *header) verify(c *column, k codec, room, left int64) error {
	switch {
	case h.kind < 0 || h.size < 0 || h.packed < 0:
		return bad("a page of column %q has no type or sizes", c.name)
	case h.packed > room:
		return bad("a page of column %q has %d bytes where %d are left", c.name, h.packed, room)
	case h.kind == pageIndex:
		return nil
	case h.kind > pageDataV2 || !h.has[h.kind] || h.values < 0 || h.encoding < 0:
		return bad("a page of column %q has no header of its type", c.name)
	case h.kind != pageDictionary && h.values > left:
		return bad("a page of column %q has %d values where %d are left", c.name, h.values, left)
	case h.size > maxPage || h.packed > maxPage:
		return tooLarge("a page of %d bytes in column %q; the most is %d", max(h.size, h.packed), c.name, maxPage)
	case h.kind == pageData && c.optional && h.values > 0 && h.levels != encodingRLE:
		return unsupported("bit-packed levels in column %q", c.name)
	}
	if h.kind != pageDataV2 {
		if h.size > k.expands(h.packed) || k == codecNone && h.size != h.packed {
			return bad("a page of column %q of %d bytes claims to be %d", c.name, h.packed, h.size)
		}
		return nil
	}
	front := h.levelBytes + h.repeated
	switch {
	case h.rows != h.values || h.repeated != 0:
		return bad("a page of column %q has %d rows and %d values", c.name, h.rows, h.values)
	case front > h.packed || front > h.size:
		return bad("a page of column %q has levels of %d bytes in %d", c.name, front, h.packed)
	case !h.compressed || k == codecNone:
		if h.size != h.packed {
			return bad("a page of column %q of %d bytes claims to be %d", c.name, h.packed, h.size)
		}
	case h.size-front > k.expands(h.packed-front):
		return bad("a page of column %q of %d bytes claims to be %d", c.name, h.packed, h.size)
	}
	return nil
}

// checksum compares the page's bytes with its checksum, if it has one.
func (h *header) checksum(b []byte) error {
	if h.checked && crc32.ChecksumIEEE(b) != uint32(h.crc) {
		return bad("a page's checksum does not match")
	}
	return nil
}

// levelsOf cuts the definition levels off a decompressed page of an optional column.
func (h *header) levelsOf(page []byte) (levels hybrid, values []byte, err error) {
	n := h.levelBytes
	if h.kind == pageData {
		if h.values == 0 {
			return levels, page, nil
		}
		if len(page) < 4 {
			return levels, nil, bad("a page has no levels")
		}
		n = int64(le.Uint32(page))
		page = page[4:]
	}
	if n > int64(len(page)) {
		return levels, nil, bad("a page has levels of %d bytes in %d", n, len(page))
	}
	return newHybrid(page[:n], 1), page[n:], nil
}
