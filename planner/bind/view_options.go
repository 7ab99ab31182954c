package bind

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// ViewOptions changes the options of a view: those of CREATE VIEW … WITH and ALTER VIEW … SET, or with reset those that are forgotten.
func ViewOptions(rel *catalog.Relation, list []parse.Option, reset bool) error {
	out := maps.Clone(rel.Options)
	if out == nil {
		out = map[string]string{}
	}
	given := map[string]bool{}
	for _, o := range list {
		if given[o.Name] {
			return sqlerr.New(sqlerr.InvalidParameterValue, "parameter \"%s\" specified more than once", o.Name)
		}
		given[o.Name] = true
		switch value := strings.ToLower(cmp.Or(o.Value, optionIsTrue)); {
		case o.Name != OptionCheck && o.Name != OptionBarrier && o.Name != OptionInvoker:
			return sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized parameter \"%s\"", o.Name)
		case reset:
			delete(out, o.Name)
		case o.Name == OptionCheck:
			if value != checkCascaded && value != "local" {
				return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for enum option \"%s\": %s", o.Name, cmp.Or(o.Value, optionIsTrue)).
					WithDetail(`Valid values are "local" and "cascaded".`)
			}
			out[o.Name] = value
		default:
			if !isBoolText(value) {
				return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for boolean option \"%s\": %s", o.Name, o.Value)
			}
			out[o.Name] = value
		}
	}
	if rel.Options = out; len(out) == 0 {
		rel.Options = nil
	}
	return nil
}

// isTrue reads a boolean option that was taken.
func isTrue(value string) bool {
	return value != "" && (value == "1" || value == "on" || strings.HasPrefix("true", value) || strings.HasPrefix("yes", value))
}

// CheckOption refuses WITH CHECK OPTION of a view that is no simple one.
func CheckOption(rel *catalog.Relation, cat catalog.Reader, o Options) error {
	if rel.Options[OptionCheck] == "" {
		return nil
	}
	why, err := notUpdatable(rel, cat, o)
	if err == nil && why != "" {
		err = sqlerr.New(sqlerr.FeatureNotSupported, "WITH CHECK OPTION is supported only on automatically updatable views").WithHint("%s", string(why))
	}
	return err
}

// notUpdatable is why INSERT and UPDATE cannot change the table behind a view; only the view itself is asked, not those below it.
func notUpdatable(rel *catalog.Relation, cat catalog.Reader, o Options) (whyNot, error) {
	b := newBinder(cat, o)
	_, _, why, err := b.viewLevel(rel)
	if err != nil || why != "" {
		return why, err
	}
	origins, err := b.originsOf(rel)
	if err == nil && !slices.ContainsFunc(origins, func(at int) bool { return at >= 0 }) {
		why = noUpdatableColumns
	}
	return why, err
}

// originsOf are, by column of a simple view, the column that it is of what the view selects from, -1 = it is none.
func (b *binder) originsOf(rel *catalog.Relation) ([]int, error) {
	level, below, _, err := b.viewLevel(rel)
	if err != nil {
		return nil, err
	}
	v := &viewTarget{rel: rel, table: below, levels: []viewLevel{level}}
	rows := &plan.Values{}
	for i, c := range below.Columns {
		rows.P.Fields = append(rows.P.Fields, plan.Field{Name: c.Name, Type: c.Type, Relation: plan.RelationID(below.OID), Attnum: int16(i + 1)})
	}
	plan.Derive(rows)
	_, _, _, err = v.over(b, rows, 0, rowsShown)
	origins := v.columns
	for i := range origins {
		if i < len(rel.Columns) && rel.Columns[i].Dropped {
			origins[i] = -1
		}
	}
	return origins, err
}

// What a statement can do to a relation, as bits of pg_relation_is_updatable.
const (
	eventUpdate = 1 << 2
	eventInsert = 1 << 3
	eventDelete = 1 << 4
	allEvents   = eventUpdate | eventInsert | eventDelete
)

// Updatable is what INSERT, UPDATE and DELETE can do to a relation, as PostgreSQL's pg_relation_is_updatable tells, and
// which of its columns.
func Updatable(rel *catalog.Relation, cat catalog.Reader, o Options) (events int32, columns []int, err error) {
	switch rel.Kind {
	case catalog.KindTable:
		if rel.FromTopic {
			return 0, nil, nil
		}
		for i := range rel.Columns {
			if !rel.Columns[i].Dropped {
				columns = append(columns, i)
			}
		}
		return allEvents, columns, nil
	case catalog.KindStream:
		if rel.Derived() {
			return 0, nil, nil
		}
		return eventInsert, nil, nil
	case catalog.KindPlainView:
	default:
		return 0, nil, nil
	}
	b := newBinder(cat, o)
	_, below, why, err := b.viewLevel(rel)
	if err != nil || why != "" {
		return 0, nil, err
	}
	events, under, err := Updatable(below, cat, o)
	if err != nil || events == 0 {
		return 0, nil, err
	}
	mine, err := b.originsOf(rel)
	if err != nil {
		return 0, nil, err
	}
	found := false
	for i, at := range mine {
		if found = found || at >= 0; at >= 0 && slices.Contains(under, at) {
			columns = append(columns, i)
		}
	}
	if !found {
		events &= eventDelete
	}
	return events, columns, nil
}
