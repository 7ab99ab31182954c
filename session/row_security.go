package session

import (
	"errors"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
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

// told is an error of a statement that writes a table, without what it says of rows that the session may not see.
func (s *Session) told(err error, of *catalog.Relation) error {
	var e *sqlerr.Error
	if err == nil || of == nil || !errors.As(err, &e) || e.Detail == "" {
		return err
	}
	var columns []int // that are told of; nil = all
	switch e.Code {
	case sqlerr.UniqueViolation:
		columns = of.PrimaryKey
		for _, x := range s.catalog().Indexes(of.OID) {
			if e.Object != nil && x.Name == e.Object.Constraint {
				columns = x.KeyColumns
			}
		}
	case sqlerr.NotNullViolation, sqlerr.CheckViolation, sqlerr.WithCheckOptionViolation:
	default:
		return err
	}
	if s.seesValues(of, columns) {
		return err
	}
	quiet := *e
	quiet.Detail = ""
	return &quiet
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
