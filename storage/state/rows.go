package state

import (
	"encoding/binary"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// MaxEncodedRows is the most rows of one block.
const MaxEncodedRows = 1024

// EncodedHead is the bytes of a block that EncodedSize wants.
const EncodedHead = blockHead

// EncodeRows gives the rows of d as a block on disk (docs/formats/state.md): compressed where that
// helps, with a checksum. d is what a BatchBuilder holds: dense, without errors and constant columns,
// of 1 to MaxEncodedRows rows.
func EncodeRows(d *delta.Batch) []byte {
	return encodeBlock(&block{cols: d.Cols, weights: d.Weights, n: int32(d.Len)})
}

// EncodedSize is the length of the block that begins with head.
func EncodedSize(head []byte) uint64 { return binary.LittleEndian.Uint64(head) + blockHead }

// DecodeRows reads what EncodeRows gave, proven by its checksum; the batch may lie in src from then on.
func DecodeRows(src []byte, types []sqltype.OID) (delta.Batch, error) {
	if err := checkBlock(src); err != nil {
		return delta.Batch{}, err
	}
	b, err := decodeBlock(src, types, nil)
	if err != nil {
		return delta.Batch{}, err
	}
	return delta.Batch{Len: int(b.n), Cols: b.cols, Weights: b.weights}, nil
}
