package session

import (
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// maxLoggedText bounds the text of a statement in the log.
const maxLoggedText = 1000

// startClock is the start of what logSlow measures.
func (s *Session) startClock() time.Time {
	s.endless = false
	return s.db.Clock.Now()
}

// logSlow tells the log of a statement that took log_min_duration_statement or longer: its text
// without its values, which are the users', and without parameters. Subscriptions have no duration
// that says anything.
func (s *Session) logSlow(began time.Time, step, sql string, err error) {
	least := s.set.limits.logMinDuration
	if least < 0 || s.endless {
		return
	}
	took := s.db.Clock.Now().Sub(began)
	if took < least {
		return
	}
	code := "00000"
	if err != nil {
		code = string(sqlerr.CodeOf(err))
	}
	s.db.Logger.Info("slow statement", "duration", took, "step", step, "sqlstate", code, "role", s.user, "pid", s.pid,
		"statement", parse.Redacted(sql, maxLoggedText))
}
