package bind

import (
	"slices"
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/suggest"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// optionSet are the WITH options of a statement, checked against the known names.
type optionSet struct {
	given map[string]parse.Option
}

// readOptions refuses names that the statement does not know and names given twice.
func readOptions(what string, list []parse.Option, options []WithOption) (*optionSet, error) {
	s := &optionSet{given: map[string]parse.Option{}}
	known := OptionNames(options)
	for _, o := range list {
		if !slices.Contains(known, o.Name) {
			e := sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized option \"%s\" for a %s", o.Name, what).At(o.Pos)
			if len(known) > 0 {
				return nil, e.WithHint("Known options: %s.", strings.Join(known, ", ")).Meant(suggest.Nearest(o.Name, slices.Values(known)))
			}
			return nil, e
		}
		if _, twice := s.given[o.Name]; twice {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "option \"%s\" specified more than once", o.Name).At(o.Pos)
		}
		s.given[o.Name] = o
	}
	return s, nil
}

func (s *optionSet) has(name string) bool { _, ok := s.given[name]; return ok }

func (s *optionSet) text(name, otherwise string) string {
	if o, ok := s.given[name]; ok {
		return o.Value
	}
	return otherwise
}

func (s *optionSet) flag(name string, otherwise bool) (bool, error) {
	o, ok := s.given[name]
	if !ok {
		return otherwise, nil
	}
	v, ok := o.Bool()
	if !ok {
		return false, s.bad(name, "a boolean")
	}
	return v, nil
}

// number reads a positive integer; 0 when it is not given.
func (s *optionSet) number(name string, limit int64) (int, error) {
	o, ok := s.given[name]
	if !ok {
		return 0, nil
	}
	n, ok := o.Int()
	if !ok || n < 1 || n > limit {
		return 0, s.bad(name, "a positive integer")
	}
	return int(n), nil
}

// interval reads a length of time, as PostgreSQL writes intervals; a number alone is seconds.
func (s *optionSet) interval(name string, otherwise time.Duration) (time.Duration, error) {
	o, ok := s.given[name]
	if !ok {
		return otherwise, nil
	}
	b := delta.NewBuilder(sqltype.Interval)
	if err := codec.AppendText(b, sqltype.Of(sqltype.Interval), []byte(o.Value), codec.UTC); err != nil {
		return 0, s.bad(name, "an interval, such as '10 seconds'")
	}
	d, err := fixedLength(&plan.Const{Value: b.Column(), T: sqltype.Of(sqltype.Interval)}, "option \""+name+"\"", o.Pos)
	if err == nil && d < 0 {
		return 0, s.bad(name, "an interval that is not negative")
	}
	return d, err
}

func (s *optionSet) oneOf(name, otherwise string, allowed ...string) (string, error) {
	v := strings.ToLower(s.text(name, otherwise))
	if !slices.Contains(allowed, v) {
		return "", s.bad(name, "one of "+strings.Join(allowed, ", "))
	}
	return v, nil
}

func (s *optionSet) bad(name, want string) error {
	o := s.given[name]
	return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for option \"%s\": \"%s\"", name, o.Value).At(o.Pos).
		WithHint("It must be %s.", want)
}

func (s *optionSet) pos(name string) int32 {
	if o, ok := s.given[name]; ok {
		return o.Pos
	}
	return -1
}

// all are the options as given, for the catalog to show.
func (s *optionSet) all() map[string]string {
	if len(s.given) == 0 {
		return nil
	}
	out := make(map[string]string, len(s.given))
	for k, o := range s.given {
		out[k] = o.Value
	}
	return out
}
