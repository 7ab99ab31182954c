package kernel

import (
	"math"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/exec/expr/numchar"
	"github.com/tributary-db/tributary/internal/decimal"
)

// to_char of numbers, and to_number.
func init() {
	kernels(map[string]Kernel{
		"numeric_to_char": app2(func(c *Call, dst []byte, v dec, format string) ([]byte, Err) {
			return numberToChar(c, dst, format, func(f *numchar.Format) (string, int) {
				return decimal.Round(v, f.Post).String(), f.Post
			})
		}),
		"numeric_to_number": fn2c(toNumber),
		"int4_to_char": app2(func(c *Call, dst []byte, v int32, format string) ([]byte, Err) {
			return intToChars(c, dst, int64(v), format)
		}),
		"int8_to_char": app2(intToChars),
		"float4_to_char": app2(func(c *Call, dst []byte, v float32, format string) ([]byte, Err) {
			return floatToChars(c, dst, float64(v), 6, format)
		}),
		"float8_to_char": app2(func(c *Call, dst []byte, v float64, format string) ([]byte, Err) {
			return floatToChars(c, dst, v, 15, format)
		}),
	})
}

func toNumber(c *Call, s, format string) (dec, Err) {
	if format == "" {
		return dec{}, errNull
	}
	f, err := c.numberFormat(format)
	if err != nil {
		return dec{}, err
	}
	text, precision, scale, err := f.Read(s, c.breathe)
	if err != nil {
		return dec{}, err
	}
	d, derr := decimal.Parse([]byte(text))
	if derr == nil {
		d, derr = decimal.ApplyMod(d, precision, scale)
	}
	return d, asErr(derr)
}

// formatState keeps the last format parsed.
type formatState struct {
	text   string
	format *numchar.Format
}

// maxKeptFormat bounds the formats that are kept, which nobody charges.
const maxKeptFormat = 4 << 10

func (c *Call) numberFormat(text string) (*numchar.Format, Err) {
	if st, ok := c.State.(*formatState); ok && st.text == text {
		return st.format, nil
	}
	if err := c.Scratch(len(text) * numchar.ElementSize); err != nil {
		return nil, err
	}
	own := strings.Clone(text)
	f, err := numchar.Parse(own, c.breathe)
	if err == nil && len(own) <= maxKeptFormat {
		c.State = &formatState{own, f}
	}
	return f, err
}

// numberToChar lays out what digits gives for the format: a number and its digits after the point.
func numberToChar(c *Call, dst []byte, format string, digits func(f *numchar.Format) (string, int)) ([]byte, Err) {
	if format == "" {
		return dst, nil
	}
	f, err := c.numberFormat(format)
	if err != nil {
		return dst, err
	}
	text, post := digits(f)
	unsigned := strings.TrimPrefix(text, "-")
	if dst, err = c.Out.Grow(dst, 2*len(format)+len(text)); err != nil {
		return dst, err
	}
	return f.Append(dst, unsigned, len(unsigned) < len(text), post, c.breathe)
}

func intToChars(c *Call, dst []byte, v int64, format string) ([]byte, Err) {
	return numberToChar(c, dst, format, func(f *numchar.Format) (string, int) {
		text := strconv.FormatInt(v, 10)
		if f.Post > 0 {
			text += "." + strings.Repeat("0", f.Post)
		}
		return text, f.Post
	})
}

// floatToChars shows no more digits than the type is sure of.
func floatToChars(c *Call, dst []byte, v float64, sure int, format string) ([]byte, Err) {
	return numberToChar(c, dst, format, func(f *numchar.Format) (string, int) {
		whole, special := len(strconv.FormatFloat(math.Abs(v), 'f', 0, 64)), ""
		switch {
		case math.IsNaN(v):
			special = "NaN"
		case math.IsInf(v, 1):
			special = "Infinity"
		case math.IsInf(v, -1):
			special = "-Infinity"
		}
		if special != "" {
			whole = len(strings.TrimPrefix(special, "-"))
		}
		post := min(f.Post, max(sure-whole, 0))
		if special != "" {
			return special, post
		}
		return strconv.FormatFloat(v, 'f', post, 64), post
	})
}
