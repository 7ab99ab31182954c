package bind

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// clockWord reports whether a literal means the time at which it is read.
func clockWord(t sqltype.OID, text string) bool {
	switch t {
	case sqltype.Date, sqltype.Time, sqltype.Timetz, sqltype.Timestamp, sqltype.Timestamptz:
	default:
		return false
	}
	for _, w := range strings.Fields(strings.ToLower(text)) {
		switch w {
		case "now", "today", "tomorrow", "yesterday":
			return true
		}
	}
	return false
}

// clockLiteral is a literal of one such word in a statement: the expression that it stands for, so that a plan that is kept
// reads the clock anew. Nil: it is none, or the statement is stored, where PostgreSQL would freeze it, and the type's input refuses it.
func (b *binder) clockLiteral(t sqltype.OID, text string) (plan.Expr, error) {
	if b.opts.Continuous || b.opts.NoParams || !clockWord(t, text) {
		return nil, nil
	}
	day := t == sqltype.Date || t == sqltype.Timestamp || t == sqltype.Timestamptz
	var sql string
	switch w := strings.ToLower(strings.TrimSpace(text)); {
	case w == "now" && t == sqltype.Time:
		sql = "LOCALTIME"
	case w == "now" && t == sqltype.Timetz:
		sql = "CURRENT_TIME"
	case w == "now":
		sql = "now()"
	case w == "today" && day:
		sql = "CURRENT_DATE"
	case w == "tomorrow" && day:
		sql = "CURRENT_DATE + 1"
	case w == "yesterday" && day:
		sql = "CURRENT_DATE - 1"
	default:
		return nil, nil
	}
	n, err := storedExpr(sql)
	if err != nil {
		return nil, err
	}
	e, err := b.expr(n)
	if err != nil {
		return nil, err
	}
	return b.coerceTo(e, sqltype.Of(t), explicit, -1)
}
