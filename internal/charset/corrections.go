package charset

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// corrections.txt is where PostgreSQL's tables are others than x/text's, as PostgreSQL answers. A line is
//
//	NAME from CODE RUNE COUNT   so many codes from CODE on are the characters from RUNE on; RUNE 0: none is
//	NAME to RUNE CODE COUNT     so many characters from RUNE on have the codes from CODE on; CODE 0: they have none
//
//go:embed corrections.txt
var corrections string

// correction is what an encoding has otherwise, by code and by character.
type correction struct {
	from map[uint32]rune
	to   map[rune]uint32
}

var corrected = sync.OnceValue(func() map[string]*correction {
	all := map[string]*correction{}
	for line := range strings.Lines(corrections) {
		f := strings.Fields(line)
		if len(f) != 5 || f[0] == "#" {
			continue
		}
		c := all[f[0]]
		if c == nil {
			c = &correction{map[uint32]rune{}, map[rune]uint32{}}
			all[f[0]] = c
		}
		a, b, count := number(f[2], 16), number(f[3], 16), number(f[4], 10)
		for i := range count {
			value := b + i
			if b == 0 {
				value = 0
			}
			if f[1] == "to" {
				c.to[rune(a+i)] = value
				continue
			}
			c.from[a+i] = rune(value)
			if _, has := c.to[rune(value)]; value != 0 && !has {
				c.to[rune(value)] = a + i
			}
		}
	}
	return all
})

func number(s string, base int) uint32 {
	n, err := strconv.ParseUint(s, base, 32)
	if err != nil {
		panic("corrections.txt: " + err.Error()) // it is a part of the program, and tested
	}
	return uint32(n)
}

// decoded is the character of a code, 0 = none.
func (c *Charset) decoded(code []byte) rune {
	if len(code) == 1 && c.scheme == iso && code[0] < 0xa0 {
		return rune(code[0])
	}
	if k := corrected()[c.Name]; k != nil {
		if r, ok := k.from[codeNumber(code)]; ok {
			return r
		}
	}
	var out [8]byte
	size, _, err := c.table.NewDecoder().Transform(out[:], code, true)
	r, n := utf8.DecodeRune(out[:size])
	if err != nil || n != size || r == utf8.RuneError || c.scheme == windows && r >= 0x80 && r < 0xa0 { // x/text has there what the web has
		return 0
	}
	return r
}

// appendCode adds the code of a character; false: it has none.
func (c *Charset) appendCode(dst []byte, r rune) ([]byte, bool) {
	if c.scheme == iso && r >= 0x80 && r < 0xa0 {
		return append(dst, byte(r)), true
	}
	if k := corrected()[c.Name]; k != nil {
		if code, ok := k.to[r]; ok {
			return appendNumber(dst, code), code != 0
		}
	}
	var in, out [8]byte
	size, _, err := c.table.NewEncoder().Transform(out[:], in[:utf8.EncodeRune(in[:], r)], true)
	if err != nil || c.decoded(out[:size]) != r {
		return dst, false
	}
	if n, ok := c.character(out[:size]); !ok || n != size {
		return dst, false
	}
	return append(dst, out[:size]...), true
}

func codeNumber(code []byte) (n uint32) {
	for _, b := range code {
		n = n<<8 | uint32(b)
	}
	return n
}

func appendNumber(dst []byte, n uint32) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if b := byte(n >> shift); b != 0 || n>>shift > 0xff {
			dst = append(dst, b)
		}
	}
	return dst
}
