package codec

import (
	"bytes"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/ranges"
)

// rangeReader reads ranges, and multiranges of them. Bounds are read by their type's input function.
type rangeReader struct {
	*sqltype.RangeType
	env    *Env
	bounds *delta.Builder
	item   []byte
}

// withRanges lends f a reader of ranges of t's type and appends the value that it gives.
func withRanges(b *delta.Builder, t sqltype.OID, env *Env, f func(r *rangeReader, dst []byte) ([]byte, error)) error {
	r := &rangeReader{RangeType: sqltype.RangeOf(t), env: env, bounds: elementBuilders.Get().(*delta.Builder)}
	r.bounds.Reset(r.Elem)
	start := len(b.Var())
	out, err := f(r, b.Var())
	if r.bounds.Size() <= keptBuilder {
		elementBuilders.Put(r.bounds)
	}
	if err != nil {
		b.SetVar(out[:start])
		return err
	}
	b.SetVar(out)
	b.EndBytes()
	return nil
}

func appendTextRange(b *delta.Builder, t sqltype.OID, src []byte, env *Env) error {
	return withRanges(b, t, env, func(r *rangeReader, dst []byte) ([]byte, error) {
		if t == r.Multi {
			all, err := r.multi(src)
			if err != nil {
				return dst, err
			}
			return ranges.AppendMulti(dst, r.Kind, all), nil
		}
		one, err := r.one(src)
		if err != nil {
			return dst, err
		}
		return ranges.Append(dst, r.Kind, &one), nil
	})
}

func malformed(what string, src []byte, detail string) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, `malformed %s literal: "%s"`, what, src).WithDetail("%s", detail)
}

// one reads the text of a range (range_parse).
func (r *rangeReader) one(src []byte) (ranges.Range, error) {
	bad := func(detail string) (ranges.Range, error) { return ranges.None, malformed("range", src, detail) }
	s := trimLeft(src)
	if len(s) >= 5 && bytes.EqualFold(s[:5], []byte("empty")) {
		if len(trim(s[5:])) > 0 {
			return bad(`Junk after "empty" key word.`)
		}
		return ranges.None, nil
	}
	if len(s) == 0 || s[0] != '[' && s[0] != '(' {
		return bad("Missing left parenthesis or bracket.")
	}
	lowerInc := s[0] == '['
	lower, hasLower, s, ok := r.bound(s[1:])
	if !ok {
		return bad("Unexpected end of input.")
	}
	at := r.bounds.Len()
	if len(s) == 0 || s[0] != ',' {
		return bad("Missing comma after lower bound.")
	}
	lower = bytes.Clone(lower) // the next bound is read into the same buffer
	upper, hasUpper, s, ok := r.bound(s[1:])
	switch {
	case !ok:
		return bad("Unexpected end of input.")
	case s[0] == ',':
		return bad("Too many commas.")
	case len(trim(s[1:])) > 0:
		return bad("Junk after right parenthesis or bracket.")
	}
	upperInc := s[0] == ']'
	for _, part := range []struct {
		text []byte
		has  bool
	}{{lower, hasLower}, {upper, hasUpper}} {
		if !part.has {
			r.bounds.AppendNull()
		} else if err := AppendText(r.bounds, sqltype.Of(r.Elem), part.text, r.env); err != nil {
			return ranges.None, err
		}
	}
	return r.between(int32(at), lowerInc, upperInc)
}

// between is the range of the bounds at and at+1 of the builder.
func (r *rangeReader) between(at int32, lowerInc, upperInc bool) (ranges.Range, error) {
	c := r.bounds.Column()
	lower, upper := r.BoundAt(&c.Vec, at), r.BoundAt(&c.Vec, at+1)
	lower.Inclusive, upper.Inclusive = lowerInc, upperInc
	return ranges.Make(r.Kind, lower, upper)
}

// bound reads up to the comma, parenthesis or bracket behind a bound; a bound of nothing is infinite. ok is false at the end of input.
func (r *rangeReader) bound(s []byte) (text []byte, has bool, rest []byte, ok bool) {
	ends := func(c byte) bool { return c == ',' || c == ')' || c == ']' }
	if len(s) > 0 && ends(s[0]) {
		return nil, false, s, true
	}
	r.item = r.item[:0]
	quoted := false
	for len(s) > 0 {
		c := s[0]
		if !quoted && ends(c) {
			return r.item, true, s, true
		}
		s = s[1:]
		switch {
		case c == '\\':
			if len(s) == 0 {
				return nil, false, nil, false
			}
			r.item, s = append(r.item, s[0]), s[1:]
		case c == '"' && quoted && len(s) > 0 && s[0] == '"':
			r.item, s = append(r.item, '"'), s[1:]
		case c == '"':
			quoted = !quoted
		default:
			r.item = append(r.item, c)
		}
	}
	return nil, false, nil, false
}

func trimLeft(s []byte) []byte {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}

// multi reads the text of a multirange (multirange_in).
func (r *rangeReader) multi(src []byte) (ranges.Multi, error) {
	bad := func(detail string) (ranges.Multi, error) { return nil, malformed("multirange", src, detail) }
	s := trimLeft(src)
	if len(s) == 0 || s[0] != '{' {
		return bad("Missing left brace.")
	}
	s = trimLeft(s[1:])
	var all []ranges.Range
	for first := true; ; first = false {
		switch {
		case len(s) == 0:
			return bad("Unexpected end of input.")
		case first && s[0] == '}':
		case s[0] == '[' || s[0] == '(':
			n := rangeEnd(s)
			if n == 0 {
				return bad("Unexpected end of input.")
			}
			one, err := r.one(s[:n])
			if err != nil {
				return nil, err
			}
			all, s = append(all, one), trimLeft(s[n:])
		case len(s) >= 5 && bytes.EqualFold(s[:5], []byte("empty")):
			s = trimLeft(s[5:])
		default:
			return bad("Expected range start.")
		}
		if len(s) == 0 {
			return bad("Unexpected end of input.")
		}
		if s[0] == '}' {
			break
		}
		if s[0] != ',' {
			return bad("Expected comma or end of multirange.")
		}
		s = trimLeft(s[1:])
	}
	if len(trim(s[1:])) > 0 {
		return bad("Junk after closing right brace.")
	}
	return ranges.Normalize(r.Kind, all)
}

// rangeEnd is the length of the range that s begins with, 0 if it does not end.
func rangeEnd(s []byte) int {
	quoted := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ')' || c == ']'):
			return i + 1
		}
	}
	return 0
}
