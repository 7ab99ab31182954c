package jsonpath

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// isoTemplates are what .datetime() reads without one, in the order in which they are tried.
var isoTemplates = func() (all []*datetime.Template) {
	for _, format := range []string{
		"yyyy-mm-dd",
		"HH24:MI:SSTZH:TZM", "HH24:MI:SSTZH", "HH24:MI:SS",
		"yyyy-mm-dd HH24:MI:SSTZH:TZM", "yyyy-mm-dd HH24:MI:SSTZH", "yyyy-mm-dd HH24:MI:SS",
		`yyyy-mm-dd"T"HH24:MI:SSTZH:TZM`, `yyyy-mm-dd"T"HH24:MI:SSTZH`, `yyyy-mm-dd"T"HH24:MI:SS`,
	} {
		t, err := datetime.NewStrictTemplate(format)
		if err != nil {
			panic(err)
		}
		all = append(all, t)
	}
	return all
}()

// datetime is datetime(): a string as a date or time.
func (e *evaluation) datetime(n *node, it Item, found *list) (status, error) {
	s, ok := it.str()
	if !ok {
		return e.fail(sqlerr.New(codeDatetimeArgument, "jsonpath item method .datetime() can only be applied to a string"))
	}
	m, st, err := e.moment(n, string(s))
	if err != nil || st == failed || n.next == nil && found == nil {
		return st, err
	}
	return e.next(n, Item{moment: &m}, found)
}

func (e *evaluation) moment(n *node, s string) (m datetime.Moment, st status, err error) {
	if n.left != nil {
		t, err := datetime.NewStrictTemplate(n.left.text)
		if err != nil {
			return m, failed, err // also where errors are suppressed
		}
		if m, err = t.Moment(s); err != nil {
			st, err = e.fail(err)
		}
		return m, st, err
	}
	for _, t := range isoTemplates {
		if m, err = t.Moment(s); err == nil {
			return m, some, nil
		}
	}
	st, err = e.fail(sqlerr.New(codeDatetimeArgument, "datetime format is not recognized: \"%s\"", s).
		WithHint("Use a datetime template argument to specify the input data format."))
	return m, st, err
}

func (e *evaluation) compareMoments(a, b *datetime.Moment) (int, bool, error) {
	return a.Compare(b, e.env.Zone, e.env.Now, e.env.HasNow)
}
