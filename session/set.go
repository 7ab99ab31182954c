package session

import (
	"context"
	"strings"

	"github.com/tributary-db/tributary/internal/face"
	sqlident "github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// report tells the client of a changed parameter.
func (s *Session) report(p face.Setting) {
	if p.Name != "" {
		s.client.Parameter(p.Name, p.Value)
		if p.Name == "application_name" {
			s.doing.Name(p.Value)
		}
	}
}

// setParameter is SET; see txSettings for what a transaction's end does to it.
func (s *Session) setParameter(b *parse.Set, w face.Writer) error {
	if b.Local && !s.tx.block {
		s.tell(face.Notice{Severity: "WARNING", Code: string(sqlerr.NoActiveSQLTransaction), Message: "SET LOCAL can only be used in transaction blocks"})
		return w.Complete("SET")
	}
	if !b.Default {
		if err := s.allowMode(strings.ToLower(b.Name), valueText(b)); err != nil {
			return err
		}
	}
	s.noteSet(b.Name, b.Local)
	var (
		p   face.Setting
		err error
	)
	if b.Default {
		p, err = s.set.reset(b.Name)
	} else {
		p, err = s.set.set(b.Name, valueText(b))
	}
	if err != nil {
		return err
	}
	s.report(p)
	return w.Complete("SET")
}

// valueText is what SET sets; of a parameter that is a list of names the names, each written so that it is one.
func valueText(b *parse.Set) string {
	if !strings.EqualFold(b.Name, "search_path") {
		return strings.Join(b.Values, ", ")
	}
	return quotedList(b.Values)
}

// quotedList is a list of names as search_path has it.
func quotedList(names []string) string {
	out := make([]string, len(names))
	for i, v := range names {
		out[i] = sqlident.Quote(v)
	}
	return strings.Join(out, ", ")
}

func (s *Session) resetParameter(b *parse.Reset, w face.Writer) error {
	names := []string{b.Name}
	if b.Name == "all" {
		names = names[:0]
		for i := range settingList {
			if name := settingList[i].name; name != "role" && name != "session_authorization" { // as in PostgreSQL
				names = append(names, name)
			}
		}
	}
	s.keepSettings()
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
		s.tell(face.Notice{Severity: "WARNING", Code: string(sqlerr.NoActiveSQLTransaction), Message: "SET TRANSACTION can only be used in transaction blocks"})
		return w.Complete("SET")
	}
	if !b.Session {
		if err := s.applyModes(b.Modes); err != nil {
			return err
		}
		return w.Complete("SET")
	}
	s.keepSettings()
	for _, m := range b.Modes {
		p, err := s.set.set("default_"+m.Name, m.Value)
		if err != nil {
			return err
		}
		s.report(p)
	}
	return w.Complete("SET")
}

func (s *Session) deallocate(b *parse.Deallocate, w face.Writer) error {
	if b.All {
		s.dropPrepared()
		return w.Complete("DEALLOCATE ALL")
	}
	if _, ok := s.prepared[b.Name]; !ok {
		return sqlerr.New(sqlerr.InvalidSQLStatementName, "prepared statement %q does not exist", b.Name)
	}
	s.forget(b.Name)
	return w.Complete("DEALLOCATE")
}

// discard is DISCARD, what connection pools send.
func (s *Session) discard(ctx context.Context, b *parse.Discard, w face.Writer) error {
	if !strings.EqualFold(b.What, "ALL") {
		if strings.EqualFold(b.What, "SEQUENCES") {
			s.sequences.forget()
		}
		if strings.EqualFold(b.What, "TEMP") {
			if err := s.discardTemporary(ctx, "DISCARD TEMP"); err != nil {
				return err
			}
		}
		return w.Complete("DISCARD " + strings.ToUpper(b.What))
	}
	if s.tx.block {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "DISCARD ALL cannot run inside a transaction block")
	}
	s.dropPortals()
	s.dropPrepared()
	s.sequences.forget()
	s.locks.UnlockAll()
	s.unlistenAll()
	if err := s.discardTemporary(ctx, "DISCARD ALL"); err != nil {
		return err
	}
	s.keepSettings()
	for i := range settingList {
		p, err := s.set.reset(settingList[i].name)
		if err != nil {
			return err
		}
		s.report(p)
	}
	return w.Complete("DISCARD ALL")
}
