package sqllogictest

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

const oidBool = 16

// render makes rows of the values as the files have them. oids are the columns' types.
func render(raw [][][]byte, oids []uint32, types string) ([][]string, error) {
	if len(oids) != len(types) {
		return nil, fmt.Errorf("the result has %d columns, %d were expected", len(oids), len(types))
	}
	out := make([][]string, len(raw))
	for i, row := range raw {
		out[i] = make([]string, len(row))
		for j, v := range row {
			out[i][j] = renderValue(v, oids[j], types[j])
		}
	}
	return out, nil
}

func renderValue(v []byte, oid uint32, letter byte) string {
	if v == nil {
		return "NULL"
	}
	s := string(v)
	switch letter {
	case 'I':
		return renderInteger(s, oid)
	case 'R':
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return strconv.FormatFloat(f, 'f', 3, 64)
		}
	}
	if s == "" {
		return "(empty)"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '@'
		}
		return r
	}, s)
}

func renderInteger(s string, oid uint32) string {
	if oid == oidBool {
		if s == "t" {
			return "1"
		}
		return "0"
	}
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return s
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return strconv.FormatFloat(math.Trunc(f)+0, 'f', 0, 64) // + 0: not -0
	}
	return s
}

// arrange puts rows into the form that is compared: sorted, then values or joined rows.
func arrange(rows [][]string, sort Sort, joined bool) []string {
	if sort == RowSort {
		rows = slices.Clone(rows)
		slices.SortFunc(rows, slices.Compare[[]string])
	}
	var out []string
	for _, row := range rows {
		if joined {
			out = append(out, strings.Join(row, " | "))
		} else {
			out = append(out, row...)
		}
	}
	if sort == ValueSort {
		slices.Sort(out)
	}
	return out
}

// hashOf is the MD5 that the files use: over each value and a newline.
func hashOf(values []string) string {
	h := md5.New()
	for _, v := range values {
		h.Write([]byte(v))
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// compare says what is wrong with got, "" when nothing is. sorted: got is row-sorted though
// the file's values may not be, so that they are sorted too.
func (r *Record) compare(got []string, sorted bool) string {
	if r.Hash != "" {
		if len(got) != r.Count {
			return fmt.Sprintf("got %d values, want %d", len(got), r.Count)
		}
		if h := hashOf(got); h != r.Hash {
			return fmt.Sprintf("got %d values hashing to %s, want %s", len(got), h, r.Hash)
		}
		return ""
	}
	want := r.Want
	if sorted {
		want = r.sortedWant()
	}
	if slices.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("got  %s\nwant %s", brief(got), brief(want))
}

// sortedWant is the expected result, row-sorted.
func (r *Record) sortedWant() []string {
	width := len(r.Types)
	if r.Rows || width == 0 || len(r.Want)%width != 0 {
		out := slices.Clone(r.Want)
		slices.Sort(out)
		return out
	}
	var rows [][]string
	for i := 0; i < len(r.Want); i += width {
		rows = append(rows, r.Want[i:i+width])
	}
	return arrange(rows, RowSort, false)
}

func brief(values []string) string {
	const most = 20
	s := fmt.Sprintf("%q", values[:min(most, len(values))])
	if len(values) > most {
		s += fmt.Sprintf(" … (%d in all)", len(values))
	}
	return s
}
