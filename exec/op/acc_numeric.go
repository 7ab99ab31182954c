package op

import (
	"encoding/binary"
	"math/big"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// numericSum is sum and avg of numeric: for each display scale that is present, a count and an
// exact sum of coefficients. The result shows the largest scale present, as PostgreSQL's does,
// also after the rows that had it are gone.
//
// The cell is a list of entries, in no order:
//
//	scale u16 | words u16 | 0 u32 | count i64 | words x 64 bits, two's complement
//
// NaN and the infinities are entries without words.
type numericSum struct {
	cellsOnly
	avg     bool
	scratch []byte
	value   []uint64
	running *runningSums // nil until rows are added together
}

const (
	scaleNaN    = 0xffff
	scalePosInf = 0xfffe
	scaleNegInf = 0xfffd
	entryHead   = 16
)

func (c *numericSum) cells() []state.CellType { return []state.CellType{state.CellVar} }

func (c *numericSum) add(a addition) error {
	if a.weights == nil {
		return c.addRows(a)
	}
	for i, row := range a.rows {
		if err := c.addOne(a.cells, a.slots[i], a.arg.Numeric(row), a.weight(row)); err != nil {
			return err
		}
	}
	return nil
}

func scaleOf(d decimal.Dec) uint16 {
	switch d.Flag {
	case decimal.NaN:
		return scaleNaN
	case decimal.PosInf:
		return scalePosInf
	case decimal.NegInf:
		return scaleNegInf
	}
	return d.Scale
}

func (c *numericSum) addOne(cells state.Cells, s state.Slot, d decimal.Dec, w int64) error {
	cell, scale := cells.Var(c.first, s), scaleOf(d)
	at := findEntry(cell, scale)
	if d.Flag == decimal.Finite && at >= 0 && (w == 1 || w == -1) && entryWords(cell[at:]) >= 3 {
		// In place: the usual case.
		e := cell[at:]
		bumpCount(e, w)
		c.value = append(c.value[:0], d.Lo, uint64(d.Hi))
		if addWords(e[entryHead:entryHead+8*entryWords(e)], c.value, w < 0) {
			return nil
		}
		return c.widen(s, at)
	}
	var product *big.Int
	if d.IsFinite() {
		product = new(big.Int).Mul(coefficient(d), big.NewInt(w))
	}
	return c.addSlow(s, at, product, scale, w)
}

// addSlow adds through a copy of the cell, with room for every digit: what w values come to, nil where they are no
// finite numbers.
func (c *numericSum) addSlow(s state.Slot, at int, product *big.Int, scale uint16, w int64) error {
	c.scratch = append(c.scratch[:0], c.groups.Var(c.first, s)...)
	words := 0
	if product != nil {
		words = max(3, product.BitLen()/64+2)
	}
	if at < 0 {
		at = len(c.scratch)
		c.scratch = binary.LittleEndian.AppendUint16(c.scratch, scale)
		c.scratch = binary.LittleEndian.AppendUint16(c.scratch, uint16(words))
		c.scratch = append(c.scratch, make([]byte, entryHead-4+8*words)...)
	} else if have := entryWords(c.scratch[at:]); have < words {
		c.scratch = widenEntry(c.scratch, at, words-have)
	}
	e := c.scratch[at:]
	bumpCount(e, w)
	if words > 0 {
		body := e[entryHead : entryHead+8*entryWords(e)]
		if !addWords(body, wordsOf(product, len(body)/8), false) {
			c.scratch = widenEntry(c.scratch, at, 1)
		}
	}
	c.scratch = dropEmpty(c.scratch, at)
	return c.groups.SetVar(c.first, s, c.scratch)
}

// widen gives an entry one more word.
func (c *numericSum) widen(s state.Slot, at int) error {
	c.scratch = append(c.scratch[:0], c.groups.Var(c.first, s)...)
	c.scratch = widenEntry(c.scratch, at, 1)
	return c.groups.SetVar(c.first, s, c.scratch)
}

func entryWords(e []byte) int { return int(binary.LittleEndian.Uint16(e[2:])) }

func entryCount(e []byte) int64 { return int64(binary.LittleEndian.Uint64(e[8:])) }

func bumpCount(e []byte, w int64) { binary.LittleEndian.PutUint64(e[8:], uint64(entryCount(e)+w)) }

// findEntry is where the entry of a scale begins, -1 without one.
func findEntry(cell []byte, scale uint16) int {
	for at := 0; at < len(cell); at += entryHead + 8*entryWords(cell[at:]) {
		if binary.LittleEndian.Uint16(cell[at:]) == scale {
			return at
		}
	}
	return -1
}

// addWords adds v, or its negation, to body. False: the sum uses the last word, which has to
// stay a mere sign so that the next addition cannot overflow.
func addWords(body []byte, v []uint64, negate bool) bool {
	var carry, flip uint64
	if negate {
		carry, flip = 1, ^uint64(0)
	}
	sign := uint64(int64(v[len(v)-1])>>63) ^ flip
	var word, below uint64
	for i := 0; i < len(body)/8; i++ {
		x := sign
		if i < len(v) {
			x = v[i] ^ flip
		}
		below = word
		word = binary.LittleEndian.Uint64(body[8*i:])
		sum := word + x
		c := carryOut(word, x, sum)
		sum += carry
		if sum < carry {
			c = 1
		}
		carry, word = c, sum
		binary.LittleEndian.PutUint64(body[8*i:], word)
	}
	return word == uint64(int64(below)>>63)
}

func carryOut(a, b, sum uint64) uint64 {
	if sum < a || sum < b {
		return 1
	}
	return 0
}

// widenEntry inserts words of sign at the end of the entry.
func widenEntry(cell []byte, at, words int) []byte {
	have := entryWords(cell[at:])
	end := at + entryHead + 8*have
	fill := byte(0)
	if have > 0 && cell[end-1] >= 0x80 {
		fill = 0xff
	}
	tail := append([]byte(nil), cell[end:]...)
	cell = cell[:end]
	for range 8 * words {
		cell = append(cell, fill)
	}
	cell = append(cell, tail...)
	binary.LittleEndian.PutUint16(cell[at+2:], uint16(have+words))
	return cell
}

// dropEmpty removes the entry if nothing is left of it.
func dropEmpty(cell []byte, at int) []byte {
	e := cell[at:]
	size := entryHead + 8*entryWords(e)
	for _, b := range e[8:size] {
		if b != 0 {
			return cell
		}
	}
	return append(cell[:at], cell[at+size:]...)
}

// wordsOf is z in n words of two's complement.
func wordsOf(z *big.Int, n int) []uint64 {
	m := z
	if z.Sign() < 0 {
		m = new(big.Int).Add(z, new(big.Int).Lsh(big.NewInt(1), uint(64*n)))
	}
	out := make([]uint64, n)
	for i, w := range m.Bits() {
		out[i] = uint64(w)
	}
	return out
}

// bigOf reads a two's complement body.
func bigOf(body []byte) *big.Int {
	be := make([]byte, len(body))
	for i, b := range body {
		be[len(body)-1-i] = b
	}
	z := new(big.Int).SetBytes(be)
	if len(body) > 0 && body[len(body)-1] >= 0x80 {
		z.Sub(z, new(big.Int).Lsh(big.NewInt(1), uint(8*len(body))))
	}
	return z
}

func (c *numericSum) result(slots []state.Slot, b *delta.Builder, fail func(int, *sqlerr.Error)) error {
	for i, s := range slots {
		sum, n := sumEntries(c.groups.Var(c.first, s))
		var err *sqlerr.Error
		switch {
		case n == 0:
			b.AppendNull()
		case c.avg:
			err = appendQuotient(b, sum, n)
		default:
			if err = checkDigits(sum); err == nil {
				b.AppendNumeric(sum)
			}
		}
		if err != nil {
			b.AppendNull()
			fail(i, err)
		}
	}
	return nil
}

// sumEntries is the total of a cell and how many values are in it.
func sumEntries(cell []byte) (sum decimal.Dec, n int64) {
	var special [3]bool
	var total *big.Int
	scale := 0
	for at := 0; at < len(cell); {
		e := cell[at:]
		words, count := entryWords(e), entryCount(e)
		at += entryHead + 8*words
		n += count
		switch k := binary.LittleEndian.Uint16(e); {
		case k >= scaleNegInf:
			special[scaleNaN-k] = special[scaleNaN-k] || count > 0
		case count == 0:
		default:
			total, scale = addScaled(total, scale, e, int(k))
		}
	}
	switch {
	case special[0] || special[1] && special[2]:
		return decimal.NotANumber, n
	case special[1]:
		return decimal.Infinity, n
	case special[2]:
		return decimal.MinusInf, n
	case total == nil:
		return decimal.Zero, n
	}
	return decOf(total, scale), n
}

func addScaled(total *big.Int, scale int, e []byte, of int) (*big.Int, int) {
	z := bigOf(e[entryHead : entryHead+8*entryWords(e)])
	switch {
	case total == nil:
		return z, of
	case of < scale:
		z.Mul(z, tenTo(scale-of))
	case of > scale:
		total.Mul(total, tenTo(of-scale))
		scale = of
	}
	return total.Add(total, z), scale
}

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// coefficient of a finite number.
func coefficient(d decimal.Dec) *big.Int {
	if d.Flag == decimal.FiniteBig {
		z := new(big.Int).SetBytes(d.Big[1:])
		if d.Big[0] != 0 {
			z.Neg(z)
		}
		return z
	}
	z := new(big.Int).Lsh(big.NewInt(d.Hi), 64)
	return z.Add(z, new(big.Int).SetUint64(d.Lo))
}

// decOf is z * 10^-scale.
func decOf(z *big.Int, scale int) decimal.Dec {
	if z.BitLen() <= 127 {
		w := wordsOf(z, 2)
		return decimal.Dec{Num: decimal.Num{Hi: int64(w[1]), Lo: w[0], Scale: uint16(scale)}}
	}
	digits := make([]byte, 1, 1+(z.BitLen()+7)/8)
	if z.Sign() < 0 {
		digits[0] = 1
	}
	return decimal.Dec{
		Num: decimal.Num{Flag: decimal.FiniteBig, Scale: uint16(scale)},
		Big: append(digits, z.Bytes()...),
	}
}

// checkDigits refuses what numeric's format cannot hold.
func checkDigits(d decimal.Dec) *sqlerr.Error {
	if d.Flag == decimal.FiniteBig && float64(len(d.Big)-2)*8 > float64(decimal.MaxDigits+int(d.Scale))*3.3219281 {
		return sqlerr.New(sqlerr.NumericValueOutOfRange, "value overflows numeric format")
	}
	return nil
}

func (c *numericSum) merge(cells state.Cells, other begunGroups) error {
	for i, s := range other.slots {
		from := other.cols[0].Bytes(other.rows[i])
		if len(cells.Var(c.first, s)) == 0 {
			if err := c.groups.SetVar(c.first, s, from); err != nil {
				return err
			}
			continue
		}
		c.scratch = append(c.scratch[:0], cells.Var(c.first, s)...)
		for at := 0; at < len(from); {
			e := from[at : at+entryHead+8*entryWords(from[at:])]
			c.scratch = mergeEntry(c.scratch, e)
			at += len(e)
		}
		if err := c.groups.SetVar(c.first, s, c.scratch); err != nil {
			return err
		}
	}
	return nil
}

// mergeEntry adds an entry of another cell.
func mergeEntry(cell, other []byte) []byte {
	at := findEntry(cell, binary.LittleEndian.Uint16(other))
	if at < 0 {
		return append(cell, other...)
	}
	if have, need := entryWords(cell[at:]), entryWords(other); have < need {
		cell = widenEntry(cell, at, need-have)
	}
	bumpCount(cell[at:], entryCount(other))
	words := make([]uint64, entryWords(other))
	if len(words) == 0 {
		return cell // a NaN or an infinity is only counted
	}
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(other[entryHead+8*i:])
	}
	if !addWords(cell[at+entryHead:at+entryHead+8*entryWords(cell[at:])], words, false) {
		cell = widenEntry(cell, at, 1)
	}
	return cell
}
