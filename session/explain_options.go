package session

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/suggest"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// explainForm is how EXPLAIN writes a plan.
type explainForm uint8

const (
	explainText explainForm = iota
	explainJSON
	explainYAML
	explainXML
)

var explainForms = map[string]explainForm{"text": explainText, "json": explainJSON, "yaml": explainYAML, "xml": explainXML}

// explainOptions are those of EXPLAIN that change something.
type explainOptions struct {
	form                     explainForm
	analyze, timing, summary bool
}

// readExplain reads the options. Those that would change nothing here are refused, but for VERBOSE: the plan is always
// printed with its columns, so it is taken either way.
func readExplain(list []parse.Option) (o explainOptions, err error) {
	given := map[string]bool{}
	known := bind.OptionNames(bind.ExplainOptions)
	for _, opt := range list {
		name := strings.ToLower(opt.Name)
		if name == "format" {
			form, ok := explainForms[strings.ToLower(opt.Value)]
			if !ok {
				return o, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized value for EXPLAIN option %q: %q", opt.Name, opt.Value).At(opt.Pos)
			}
			o.form = form
			continue
		}
		if !slices.Contains(known, name) {
			return o, sqlerr.New(sqlerr.SyntaxError, "unrecognized EXPLAIN option %q", opt.Name).At(opt.Pos).
				Meant(suggest.Nearest(name, slices.Values(known)))
		}
		on, ok := opt.Bool()
		if !ok {
			return o, sqlerr.New(sqlerr.SyntaxError, "%s requires a Boolean value", opt.Name)
		}
		switch name {
		case "analyze", "verbose", "timing", "summary", "wal":
		default:
			if on {
				return o, unsupported("EXPLAIN (" + strings.ToUpper(name) + ")").At(opt.Pos)
			}
		}
		given[name] = on
	}
	o.analyze = given["analyze"]
	for _, name := range []string{"wal", "timing"} {
		if given[name] && !o.analyze {
			return o, sqlerr.New(sqlerr.InvalidParameterValue, "EXPLAIN option %s requires ANALYZE", strings.ToUpper(name))
		}
	}
	if given["wal"] {
		return o, unsupported("EXPLAIN (WAL)")
	}
	o.timing, o.summary = o.analyze, o.analyze
	if on, ok := given["timing"]; ok {
		o.timing = on
	}
	if on, ok := given["summary"]; ok {
		o.summary = on
	}
	return o, nil
}
