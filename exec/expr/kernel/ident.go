package kernel

import (
	"strings"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

func init() {
	kernels(map[string]Kernel{
		"parse_ident": arrayMaker(func(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
			err := parseIdent(c, view(c.Args[0].Bytes(row)), c.boolArg(1, row), elems)
			return vectorDims(elems), err
		}),
	})
}

const identSpace = " \t\n\r\f"

// parseIdent splits a qualified name as the lexer would: what is not quoted is in lower case.
func parseIdent(c *Call, whole string, strict bool, parts *delta.Builder) Err {
	refuse := func(detail string) Err {
		err := sqlerr.New(sqlerr.InvalidParameterValue, "string is not a valid identifier: \"%s\"", whole)
		if detail != "" {
			err = err.WithDetail("%s", detail)
		}
		return err
	}
	s, afterDot := strings.TrimLeft(whole, identSpace), false
	for {
		if err := c.breathe(); err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(s, `"`):
			name, rest, ok := quotedIdent(s[1:])
			if !ok {
				return refuse("String has unclosed double quotes.")
			}
			if name == "" {
				return refuse("Quoted identifier must not be empty.")
			}
			parts.AppendString(name)
			s = rest
		case s != "" && identByte(s[0], true):
			n := 1
			for n < len(s) && identByte(s[n], false) {
				n++
			}
			parts.AppendString(lowerASCII(s[:n]))
			s = s[n:]
		case strings.HasPrefix(s, "."):
			return refuse(`No valid identifier before ".".`)
		case afterDot:
			return refuse(`No valid identifier after ".".`)
		default:
			return refuse("")
		}
		if s = strings.TrimLeft(s, identSpace); s == "" {
			return nil
		}
		if s[0] != '.' {
			if strict {
				return refuse("")
			}
			return nil
		}
		afterDot = true
		s = strings.TrimLeft(s[1:], identSpace)
	}
}

// quotedIdent reads up to the closing quote; two of them are one.
func quotedIdent(s string) (name, rest string, ok bool) {
	var b strings.Builder
	for {
		at := strings.IndexByte(s, '"')
		if at < 0 {
			return "", "", false
		}
		b.WriteString(s[:at])
		if s = s[at+1:]; !strings.HasPrefix(s, `"`) {
			return b.String(), s, true
		}
		b.WriteByte('"')
		s = s[1:]
	}
}

func identByte(c byte, first bool) bool {
	return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 || !first && (isDigit(c) || c == '$')
}

// lowerASCII leaves other letters alone, as the lexer does.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
