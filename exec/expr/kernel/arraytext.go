package kernel

import (
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Arrays and texts.
func init() {
	kernels(map[string]Kernel{
		"array_to_text":                  eachRow((*Call).arrayToText),
		"array_to_text_null":             eachRow((*Call).arrayToText),
		"text_to_array":                  arrayMaker(textToArray),
		"text_to_array_null":             arrayMaker(textToArray),
		"regexp_match":                   arrayMaker(regexMatch),
		"regexp_match_no_flags":          arrayMaker(regexMatch),
		"regexp_split_to_array":          arrayMaker(regexSplit),
		"regexp_split_to_array_no_flags": arrayMaker(regexSplit),
	})
}

// arrayToText puts a separator between the elements' texts; NULL is left out, or the text given for it.
func (c *Call) arrayToText(dst []byte, row int32) ([]byte, Err) {
	if c.Args[0].Null(row) || c.Args[1].Null(row) {
		return dst, errNull
	}
	a, separator := arrayOf(c.Args[0], row), view(c.Args[1].Bytes(row))
	x, first := elementsOf(c.Args[0].Type, &a), true
	null := len(c.Args) > 2 && !c.Args[2].Null(row)
	var err Err
	for k := range int32(x.Len) {
		if x.Null(k) && !null {
			continue
		}
		if err := c.breathe(); err != nil {
			return dst, err
		}
		if !first {
			if dst, err = c.appendSized(dst, separator); err != nil {
				return dst, err
			}
		}
		if first = false; x.Null(k) {
			dst, err = c.appendSized(dst, view(c.Args[2].Bytes(row)))
		} else {
			dst = c.text(dst, &x, k)
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// textToArray splits at a separator: at every character if it is NULL, nowhere if it is empty.
func textToArray(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	if c.Args[0].Null(row) {
		return nil, errNull
	}
	s := view(c.Args[0].Bytes(row))
	null, hasNull := "", len(c.Args) > 2 && !c.Args[2].Null(row)
	if hasNull {
		null = view(c.Args[2].Bytes(row))
	}
	add := func(part string) Err {
		if hasNull && part == null {
			elems.AppendNull()
		} else {
			elems.AppendString(part)
		}
		return c.breathe()
	}
	if s == "" {
		return nil, nil
	}
	if c.Args[1].Null(row) {
		for len(s) > 0 {
			_, n := utf8.DecodeRuneInString(s)
			if err := add(s[:n]); err != nil {
				return nil, err
			}
			s = s[n:]
		}
		return vectorDims(elems), nil
	}
	separator := view(c.Args[1].Bytes(row))
	for separator != "" {
		at := strings.Index(s, separator)
		if at < 0 {
			break
		}
		if err := add(s[:at]); err != nil {
			return nil, err
		}
		s = s[at+len(separator):]
	}
	if err := add(s); err != nil {
		return nil, err
	}
	return vectorDims(elems), nil
}

// regexArgs are text, pattern and flags of a call, which may not say "global".
func (c *Call) regexArgs(row int32, function, instead string) (string, *regexState, Err) {
	flags := ""
	if len(c.Args) > 2 {
		flags = view(c.Args[2].Bytes(row))
	}
	if strings.ContainsRune(flags, 'g') {
		err := errGlobal(function)
		if instead != "" {
			err = err.WithHint("%s", instead)
		}
		return "", nil, err
	}
	st, err := c.regex(view(c.Args[1].Bytes(row)), flags, false)
	return view(c.Args[0].Bytes(row)), st, err
}

// regexMatch is the groups of the first match, or all of it where there are no groups.
func regexMatch(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	s, st, err := c.regexArgs(row, "regexp_match()", "Use the regexp_matches function instead.")
	if err != nil {
		return nil, err
	}
	at, err := st.re.Find(s, c.breathe)
	if err != nil {
		return nil, err
	}
	if at == nil {
		return nil, errNull
	}
	groups := st.re.Groups()
	for k := min(1, groups); k <= groups; k++ {
		if at[2*k] < 0 {
			elems.AppendNull()
		} else {
			elems.AppendString(s[at[2*k]:at[2*k+1]])
		}
	}
	return vectorDims(elems), nil
}

// regexSplit is the pieces of a text between the matches.
func regexSplit(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	if err := c.regexPieces(row, "regexp_split_to_array()", elems); err != nil {
		return nil, err
	}
	return vectorDims(elems), nil
}

// regexPieces cuts at the matches; an empty one at the end, or behind a match, cuts nothing.
func (c *Call) regexPieces(row int32, function string, pieces *delta.Builder) Err {
	s, st, err := c.regexArgs(row, function, "")
	if err != nil {
		return err
	}
	from, last := 0, 0
	err = st.re.Each(s, c.breathe, func(at []int) *sqlerr.Error {
		if at[0] < len(s) && at[1] > last {
			pieces.AppendString(s[from:at[0]])
			from = at[1]
		}
		last = at[1]
		return nil
	})
	if err != nil {
		return err
	}
	pieces.AppendString(s[from:])
	return nil
}
