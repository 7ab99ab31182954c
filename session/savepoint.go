package session

import (
	"maps"
	"slices"

	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// savepoint is one of a transaction block: what ROLLBACK TO goes back to.
type savepoint struct {
	name    string
	writes  *table.Savepoint
	values  []string // settings
	custom  map[string]string
	portals map[string]*portal // open then
	after   int                // things to do behind the commit

	constraints constraintModes
	notes       noteMark
}

// maxSavepoints bounds those of one transaction.
const maxSavepoints = 10_000

// savepointStatement is SAVEPOINT, RELEASE and ROLLBACK TO.
func (s *Session) savepointStatement(c *parse.Transaction, w face.Writer) error {
	verb := map[parse.TransactionKind]string{
		parse.Savepoint: "SAVEPOINT", parse.Release: "RELEASE SAVEPOINT", parse.RollbackTo: "ROLLBACK TO SAVEPOINT",
	}[c.Kind]
	if !s.tx.block {
		return sqlerr.New(sqlerr.NoActiveSQLTransaction, "%s can only be used in transaction blocks", verb)
	}
	if c.Kind == parse.Savepoint {
		return s.addSavepoint(c.Name, w)
	}
	at := len(s.tx.savepoints) - 1
	for at >= 0 && s.tx.savepoints[at].name != c.Name {
		at--
	}
	if at < 0 {
		return sqlerr.New(sqlerr.InvalidSavepoint, "savepoint %q does not exist", c.Name)
	}
	if c.Kind == parse.Release {
		s.tx.writes.Release(len(s.tx.savepoints) - at)
		s.tx.savepoints = s.tx.savepoints[:at]
		return w.Complete("RELEASE")
	}
	s.rollbackTo(&s.tx.savepoints[at])
	s.tx.writes.Release(len(s.tx.savepoints) - at - 1)
	s.tx.savepoints = s.tx.savepoints[:at+1]
	return w.Complete("ROLLBACK")
}

func (s *Session) addSavepoint(name string, w face.Writer) error {
	if len(s.tx.savepoints) >= maxSavepoints {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "too many savepoints")
	}
	if s.tx.writes == nil {
		s.beginWrites()
	}
	s.tx.savepoints = append(s.tx.savepoints, savepoint{
		name: name, writes: s.tx.writes.Savepoint(), values: slices.Clone(s.set.values), custom: maps.Clone(s.set.custom), portals: maps.Clone(s.portals), after: len(s.tx.after),
		constraints: s.tx.constraints.clone(), notes: s.tx.notes.mark(),
	})
	return w.Complete("SAVEPOINT")
}

// rollbackTo takes back what the block did since p: writes, settings and cursors. Locks stay.
func (s *Session) rollbackTo(p *savepoint) {
	for name, now := range s.portals {
		if p.portals[name] != now && name != "" { // the unnamed one is this statement's
			s.dropPortal(name)
		}
	}
	s.tx.writes.RollbackTo(p.writes)
	s.tx.after = s.tx.after[:p.after]
	s.tx.constraints = p.constraints.clone()
	s.tx.notes.backTo(p.notes)
	for i := range settingList {
		if want := p.values[i]; want != s.set.values[i] {
			s.report(s.set.put(i, want))
		}
	}
	s.set.custom = maps.Clone(p.custom)
	s.tx.failed = false
}
