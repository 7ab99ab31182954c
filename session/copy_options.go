package session

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/suggest"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// copyFormat is the options of a COPY.
type copyFormat struct {
	csv       bool
	binary    bool
	columnar  columnar.Format // 0: text or csv
	delimiter byte
	null      string
	header    bool
	quote     byte
	escape    byte
	// encoding that the data is said to be in, and where it says so.
	encoding   string
	encodingAt int32
	force      copyForce
}

// copyGiven is the options as written, before they are checked against each other.
type copyGiven map[string]parse.Option

// copyOptions are those of a COPY of this session, whose data the face converts from the client's encoding.
func (s *Session) copyOptions(list []parse.Option, from bool) (copyFormat, error) {
	f, err := readCopyOptions(list)
	if err == nil {
		err = f.force.check(f.csv, from)
	}
	if is := s.set.get("client_encoding"); err == nil && f.encoding != "" && f.encoding != is && (f.encoding != "UTF8" || is != "SQL_ASCII") && (f.encoding != "SQL_ASCII" || is != "UTF8") {
		return f, unsupported("a COPY in another encoding than client_encoding").At(f.encodingAt).WithHint("SET client_encoding = %s.", f.encoding)
	}
	return f, err
}

// readCopyOptions follows PostgreSQL's COPY.
func readCopyOptions(list []parse.Option) (copyFormat, error) {
	given := copyGiven{}
	var f copyFormat
	for _, o := range list {
		if _, twice := given[o.Name]; twice {
			return f, sqlerr.New(sqlerr.SyntaxError, "conflicting or redundant options").At(o.Pos)
		}
		given[o.Name] = o
		if err := f.take(o); err != nil {
			return f, err
		}
	}
	return f, f.check(given)
}

// take reads what can be read of one option alone.
func (f *copyFormat) take(o parse.Option) error {
	switch o.Name {
	case "format":
		switch o.Value {
		case "text":
		case "csv":
			f.csv = true
		case "arrow":
			f.columnar = columnar.Arrow
		case "parquet":
			f.columnar = columnar.Parquet
		case "binary":
			f.binary = true
		default:
			return sqlerr.New(sqlerr.InvalidParameterValue, "COPY format %q not recognized", o.Value).At(o.Pos)
		}
	case "header":
		if strings.EqualFold(o.Value, "match") {
			return unsupported("COPY HEADER MATCH")
		}
		on, ok := o.Bool()
		if !ok {
			return sqlerr.New(sqlerr.SyntaxError, `header requires a Boolean value or "match"`)
		}
		f.header = on
	case "encoding":
		name, err := parseEncoding(o.Value)
		if err != nil {
			return sqlerr.New(sqlerr.InvalidParameterValue, "argument to option \"encoding\" must be a valid encoding name").At(o.Pos)
		}
		f.encoding, f.encodingAt = name, o.Pos
	case "freeze":
		if _, ok := o.Bool(); !ok {
			return sqlerr.New(sqlerr.SyntaxError, "freeze requires a Boolean value")
		}
	case "delimiter", "quote", "escape", "null":
	case "force_quote", "force_not_null", "force_null":
		return f.force.take(o)
	default:
		return sqlerr.New(sqlerr.SyntaxError, "option %q not recognized", o.Name).At(o.Pos).Meant(suggest.Nearest(o.Name, slices.Values(bind.OptionNames(bind.CopyOptions))))
	}
	return nil
}

// check sets the defaults and checks the options against each other, in PostgreSQL's order.
func (f *copyFormat) check(given copyGiven) error {
	var err error
	one := func(name string, otherwise byte) byte {
		o, ok := given[name]
		switch {
		case err != nil || !ok:
			return otherwise
		case name != "delimiter" && !f.csv:
			err = sqlerr.New(sqlerr.FeatureNotSupported, "COPY %s available only in CSV mode", name)
		case len(o.Value) != 1:
			err = sqlerr.New(sqlerr.FeatureNotSupported, "COPY %s must be a single one-byte character", name)
		default:
			return o.Value[0]
		}
		return otherwise
	}
	invalid := func(is bool, format string, args ...any) {
		if is && err == nil {
			err = sqlerr.New(sqlerr.InvalidParameterValue, format, args...)
		}
	}
	if f.columnar != 0 {
		for _, name := range []string{"delimiter", "null", "header", "quote", "escape", "encoding"} {
			if _, ok := given[name]; ok {
				return sqlerr.New(sqlerr.FeatureNotSupported, "cannot specify %s in %s mode", strings.ToUpper(name), strings.ToUpper(f.columnar.String()))
			}
		}
		return nil
	}
	if f.binary {
		return f.checkBinary(given)
	}
	f.delimiter, f.null = '\t', `\N`
	if f.csv {
		f.delimiter, f.null = ',', ""
	}
	f.delimiter = one("delimiter", f.delimiter)
	if o, ok := given["null"]; ok {
		f.null = o.Value
	}
	invalid(f.delimiter == '\n' || f.delimiter == '\r', "COPY delimiter cannot be newline or carriage return")
	invalid(strings.ContainsAny(f.null, "\r\n"), "COPY null representation cannot use newline or carriage return")
	invalid(!f.csv && strings.IndexByte(`\.abcdefghijklmnopqrstuvwxyz0123456789`, f.delimiter) >= 0, "COPY delimiter cannot be \"%c\"", f.delimiter)
	f.quote = one("quote", '"')
	invalid(f.csv && f.delimiter == f.quote, "COPY delimiter and quote must be different")
	f.escape = one("escape", f.quote)
	switch {
	case err != nil:
	case strings.IndexByte(f.null, f.delimiter) >= 0:
		err = sqlerr.New(sqlerr.FeatureNotSupported, "COPY delimiter must not appear in the NULL specification")
	case f.csv && strings.IndexByte(f.null, f.quote) >= 0:
		err = sqlerr.New(sqlerr.FeatureNotSupported, "CSV quote character must not appear in the NULL specification")
	}
	return err
}

// checkBinary refuses what binary data has no place for.
func (f *copyFormat) checkBinary(given copyGiven) error {
	for _, name := range []string{"delimiter", "null"} {
		if _, ok := given[name]; ok {
			return sqlerr.New(sqlerr.SyntaxError, "cannot specify %s in BINARY mode", strings.ToUpper(name))
		}
	}
	if f.header {
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot specify HEADER in BINARY mode")
	}
	for _, name := range []string{"quote", "escape"} {
		if _, ok := given[name]; ok {
			return sqlerr.New(sqlerr.FeatureNotSupported, "COPY %s available only in CSV mode", name)
		}
	}
	return nil
}
