package session

import (
	"strings"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// report tells the client of a changed parameter.
func (s *Session) report(p face.Setting) {
	if p.Name != "" {
		s.client.Parameter(p.Name, p.Value)
	}
}

// setParameter is SET; see txSettings for what a transaction's end does to it.
func (s *Session) setParameter(b *parse.Set, w face.Writer) error {
	if b.Local && !s.tx.block {
		s.client.Notice(face.Notice{Severity: "WARNING", Code: string(sqlerr.NoActiveSQLTransaction), Message: "SET LOCAL can only be used in transaction blocks"})
		return w.Complete("SET")
	}
	s.noteSet(b.Name, b.Local)
	var (
		p   face.Setting
		err error
	)
	if b.Default {
		p, err = s.set.reset(b.Name)
	} else {
		p, err = s.set.set(b.Name, strings.Join(b.Values, ", "))
	}
	if err != nil {
		return err
	}
	s.report(p)
	return w.Complete("SET")
}

func (s *Session) resetParameter(b *parse.Reset, w face.Writer) error {
	names := []string{b.Name}
	if b.Name == "all" {
		names = names[:0]
		for i := range settingList {
			names = append(names, settingList[i].name)
		}
	}
	for _, n := range names {
		p, err := s.set.reset(n)
		if err != nil {
			return err
		}
		s.report(p)
	}
	return w.Complete("RESET")
}

// setTransaction is SET TRANSACTION and SET SESSION CHARACTERISTICS.
func (s *Session) setTransaction(b *parse.SetTransaction, w face.Writer) error {
	if !b.Session && !s.tx.block {
		s.client.Notice(face.Notice{Severity: "WARNING", Code: string(sqlerr.NoActiveSQLTransaction), Message: "SET TRANSACTION can only be used in transaction blocks"})
		return w.Complete("SET")
	}
	for _, m := range b.Modes {
		name := m.Name
		if b.Session {
			name = "default_" + name
		}
		if m.Name == "transaction_deferrable" {
			continue
		}
		p, err := s.set.set(name, m.Value)
		if err != nil {
			return err
		}
		s.report(p)
	}
	s.tx.repeatable = s.tx.block && s.set.get("transaction_isolation") == "repeatable read"
	return w.Complete("SET")
}

func (s *Session) deallocate(b *parse.Deallocate, w face.Writer) error {
	if b.All {
		clear(s.prepared)
		return w.Complete("DEALLOCATE ALL")
	}
	if _, ok := s.prepared[b.Name]; !ok {
		return sqlerr.New(sqlerr.InvalidSQLStatementName, "prepared statement %q does not exist", b.Name)
	}
	delete(s.prepared, b.Name)
	return w.Complete("DEALLOCATE")
}

// discard is DISCARD, what connection pools send.
func (s *Session) discard(b *parse.Discard, w face.Writer) error {
	if !strings.EqualFold(b.What, "ALL") {
		return w.Complete("DISCARD " + strings.ToUpper(b.What))
	}
	if s.tx.block {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "DISCARD ALL cannot run inside a transaction block")
	}
	clear(s.prepared)
	for i := range settingList {
		p, err := s.set.reset(settingList[i].name)
		if err != nil {
			return err
		}
		s.report(p)
	}
	return w.Complete("DISCARD ALL")
}

// listen answers what pools send at reset; nothing is ever notified.
func (s *Session) listen(b *parse.Listen, w face.Writer) error {
	if b.What == "UNLISTEN" {
		return w.Complete("UNLISTEN")
	}
	return unsupported(b.What)
}
