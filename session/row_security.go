package session

import (
	"errors"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/plan"
)

// rowSecurity is for whom policies of rows count; nil = for nobody: the statement is the server's own.
func (s *Session) rowSecurity() *bind.RowSecurity {
	if s.allRows {
		return nil
	}
	return &bind.RowSecurity{Role: s.who.current, Refuse: s.set.get("row_security") == "off"}
}

// overAllRows runs what is the server's own, whatever policies there are.
func (s *Session) overAllRows(run func() error) error {
	was := s.allRows
	s.allRows = true
	defer func() { s.allRows = was }()
	return run()
}

// policiesHold refuses the first of the rows of a statement's source that a policy of its table does not allow.
func policiesHold(of *catalog.Relation, checks []bind.PolicyCheck, rows *delta.Batch) error {
	if len(checks) == 0 {
		return nil
	}
	return rows.EachRow(func(row int32) error {
		for _, c := range checks {
			if holds := &rows.Cols[c.At]; holds.Null(row) || delta.Values[uint8](holds)[holds.At(row)] == 0 {
				return violated(of, c)
			}
		}
		return nil
	})
}

func violated(of *catalog.Relation, c bind.PolicyCheck) error {
	text, using := "new row", ""
	if c.Target {
		text = "target row"
	}
	if c.Using {
		using = " (USING expression)"
	}
	text += " violates row-level security policy"
	if c.Policy != "" {
		text += " \"" + c.Policy + "\""
	}
	return denied("%s%s for table \"%s\"", text, using, of.Name)
}

// told is an error of a statement that writes tables, without what it says of rows that the session may not see.
func (s *Session) told(err error, d *dml) error {
	var e *sqlerr.Error
	if err == nil || !errors.As(err, &e) || e.Detail == "" {
		return err
	}
	for _, p := range append(slices.Clone(d.parts), d) {
		if of := p.target; of != nil && (e.Object == nil || e.Object.Table == of.Name && e.Object.Schema == of.Schema) {
			if detail := s.detail(e, p); detail != e.Detail {
				quiet := *e
				quiet.Detail, e = detail, &quiet
				err = e
			}
		}
	}
	return err
}

// detail is what an error of a statement's write says, as far as the session may be told.
func (s *Session) detail(e *sqlerr.Error, d *dml) string {
	of := d.target
	switch e.Code {
	case sqlerr.UniqueViolation:
		columns := of.PrimaryKey
		for _, x := range s.catalog().Indexes(of.OID) {
			if e.Object != nil && x.Name == e.Object.Constraint {
				columns = x.KeyColumns
			}
		}
		if s.seesValues(of, columns) {
			return e.Detail
		}
		return ""
	case sqlerr.NotNullViolation, sqlerr.CheckViolation, sqlerr.WithCheckOptionViolation:
	default:
		return e.Detail
	}
	switch {
	case s.seesValues(of, nil):
		return e.Detail
	case s.catalog().RowsAre(s.who.current, of):
		return ""
	}
	// The columns that it may see, and those that it has just written.
	var written []int
	for _, n := range d.query.Needs {
		if n.Relation == plan.RelationID(of.OID) {
			written = append(append(written, n.Inserted...), n.Updated...)
		}
	}
	var names, values []string
	for i, text := range e.Row {
		if i < len(of.Columns) && !of.Columns[i].Dropped && (slices.Contains(written, i) || s.seesValues(of, []int{i})) {
			names, values = append(names, of.Columns[i].Name), append(values, text)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "Failing row contains (" + strings.Join(names, ", ") + ") = (" + strings.Join(values, ", ") + ")."
}

// seesValues reports whether a session may be told of a row of a table what it has in some columns, nil = in all.
func (s *Session) seesValues(of *catalog.Relation, columns []int) bool {
	at, role := s.catalog(), s.who.current
	switch {
	case at.RowsAre(role, of):
		return false
	case at.Privs(role, of, acl.Select) != 0:
		return true
	}
	return columns != nil && !slices.ContainsFunc(columns, func(c int) bool { return c < 0 || at.ColumnPrivs(role, of, c, acl.Select) == 0 })
}
