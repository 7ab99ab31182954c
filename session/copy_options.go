package session

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// copyFormat is the options of a COPY.
type copyFormat struct {
	csv       bool
	delimiter byte
	null      string
	header    bool
	quote     byte
	escape    byte
}

// readCopyOptions follows PostgreSQL's COPY; binary is not there yet.
func readCopyOptions(list []parse.Option) (copyFormat, error) {
	f := copyFormat{delimiter: '\t', null: `\N`}
	for _, o := range list {
		if o.Name == "format" {
			switch strings.ToLower(o.Value) {
			case "text":
			case "csv":
				f = copyFormat{csv: true, delimiter: ',', quote: '"', escape: '"'}
			case "binary":
				return f, unsupported("COPY in binary format")
			default:
				return f, sqlerr.New(sqlerr.InvalidParameterValue, "COPY format %q not recognized", o.Value).At(o.Pos)
			}
		}
	}
	var escapeGiven bool
	for _, o := range list {
		switch o.Name {
		case "format":
		case "delimiter", "quote", "escape":
			if len(o.Value) != 1 {
				return f, sqlerr.New(sqlerr.FeatureNotSupported, "COPY %s must be a single one-byte character", o.Name).At(o.Pos)
			}
			if o.Name != "delimiter" && !f.csv {
				return f, sqlerr.New(sqlerr.FeatureNotSupported, "COPY %s available only in CSV mode", o.Name).At(o.Pos)
			}
			switch o.Name {
			case "delimiter":
				f.delimiter = o.Value[0]
			case "quote":
				f.quote = o.Value[0]
				if !escapeGiven {
					f.escape = f.quote
				}
			case "escape":
				f.escape, escapeGiven = o.Value[0], true
			}
		case "null":
			f.null = o.Value
		case "header":
			on, ok := o.Bool()
			if !ok {
				return f, sqlerr.New(sqlerr.FeatureNotSupported, "COPY HEADER %s is not supported", o.Value).At(o.Pos)
			}
			f.header = on
		case "encoding":
			if _, err := parseEncoding(o.Value); err != nil {
				return f, sqlerr.New(sqlerr.FeatureNotSupported, "encoding %q is not supported", o.Value).At(o.Pos)
			}
		case "freeze":
		default:
			return f, sqlerr.New(sqlerr.FeatureNotSupported, "COPY option %q is not supported", o.Name).At(o.Pos)
		}
	}
	if strings.ContainsAny(f.null, "\r\n") {
		return f, sqlerr.New(sqlerr.InvalidParameterValue, "COPY null representation cannot use newline or carriage return")
	}
	return f, nil
}
