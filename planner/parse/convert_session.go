package parse

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

var shownObjects = map[string]ObjectKind{
	"streams": ObjStream, "tables": ObjTable, "sinks": ObjSink, "topics": ObjTopic,
}

func show(s *pg.VariableShowStmt) Body {
	if kind, ok := shownObjects[s.Name]; ok {
		return &ShowObjects{Kind: kind}
	}
	return &Show{Name: s.Name}
}

func set(s *pg.VariableSetStmt) Body {
	switch s.Kind {
	case pg.VariableSetKind_VAR_RESET:
		return &Reset{Name: s.Name}
	case pg.VariableSetKind_VAR_RESET_ALL:
		return &Reset{Name: "all"}
	case pg.VariableSetKind_VAR_SET_MULTI:
		if s.Name == "TRANSACTION SNAPSHOT" {
			return &Unsupported{What: "SET TRANSACTION SNAPSHOT"}
		}
		return &SetTransaction{Session: s.Name == "SESSION CHARACTERISTICS", Modes: Options(s.Args)}
	case pg.VariableSetKind_VAR_SET_CURRENT:
		return &Unsupported{What: "SET FROM CURRENT"}
	}
	out := &Set{Name: s.Name, Local: s.IsLocal, Default: s.Kind == pg.VariableSetKind_VAR_SET_DEFAULT}
	for _, a := range s.Args {
		text := scalarText(a)
		if isIntervalConst(a) { // SET TIME ZONE INTERVAL '…'
			text = "INTERVAL '" + text + "'"
		}
		out.Values = append(out.Values, text)
	}
	return out
}

func isIntervalConst(n *pg.Node) bool {
	names := n.GetTypeCast().GetTypeName().GetNames()
	return len(names) > 0 && names[len(names)-1].GetString_().GetSval() == "interval"
}

var transactionKinds = map[pg.TransactionStmtKind]TransactionKind{
	pg.TransactionStmtKind_TRANS_STMT_BEGIN:             Begin,
	pg.TransactionStmtKind_TRANS_STMT_START:             Begin,
	pg.TransactionStmtKind_TRANS_STMT_COMMIT:            Commit,
	pg.TransactionStmtKind_TRANS_STMT_ROLLBACK:          Rollback,
	pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT:         Savepoint,
	pg.TransactionStmtKind_TRANS_STMT_RELEASE:           Release,
	pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:       RollbackTo,
	pg.TransactionStmtKind_TRANS_STMT_PREPARE:           PrepareTransaction,
	pg.TransactionStmtKind_TRANS_STMT_COMMIT_PREPARED:   CommitPrepared,
	pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_PREPARED: RollbackPrepared,
}

func transaction(s *pg.TransactionStmt) Body {
	start := s.Kind == pg.TransactionStmtKind_TRANS_STMT_START
	name := s.SavepointName
	if s.Gid != "" {
		name = s.Gid
	}
	return &Transaction{Kind: transactionKinds[s.Kind], Start: start, Modes: Options(s.Options), Name: name, Chain: s.Chain}
}

func (c *converter) copy(s *pg.CopyStmt) (Body, error) {
	var columns []string
	if len(s.Attlist) > 0 {
		columns = stringsOf(s.Attlist)
	}
	file := s.Filename
	if s.IsProgram {
		file = "PROGRAM " + file
	}
	if s.IsFrom {
		return &CopyFrom{Table: nameOf(s.Relation), Columns: columns, Options: Options(s.Options), Where: s.WhereClause != nil, File: file}, nil
	}
	out := &CopyTo{Columns: columns, Options: Options(s.Options), File: file}
	switch {
	case s.Relation != nil:
		n := nameOf(s.Relation)
		out.Table = &n
	case s.Query.GetSelectStmt() != nil:
		q := c.query(s.Query.GetSelectStmt())
		out.Query, out.Subscribe = &q, q.Emit == EmitChanges
	default:
		inner := converter{sql: c.sql, start: c.start, end: c.end}
		body, err := inner.statement(s.Query)
		if err != nil {
			return nil, err
		}
		out.Statement = body
	}
	return out, nil
}

func maintain(s *pg.VacuumStmt) Body {
	m := &Maintain{What: "ANALYZE", Options: Options(s.Options)}
	if s.IsVacuumcmd {
		m.What = "VACUUM"
	}
	for _, r := range s.Rels {
		m.Names = append(m.Names, nameOf(r.GetVacuumRelation().GetRelation()))
		m.Columns = append(m.Columns, stringsOf(r.GetVacuumRelation().GetVaCols()))
	}
	return m
}

func discard(s *pg.DiscardStmt) Body {
	what := map[pg.DiscardMode]string{
		pg.DiscardMode_DISCARD_ALL: "ALL", pg.DiscardMode_DISCARD_PLANS: "PLANS",
		pg.DiscardMode_DISCARD_SEQUENCES: "SEQUENCES", pg.DiscardMode_DISCARD_TEMP: "TEMP",
	}
	return &Discard{What: what[s.Target]}
}

const (
	cursorBinary   = 0x0001             // CURSOR_OPT_BINARY
	cursorScroll   = 0x0002             // CURSOR_OPT_SCROLL
	cursorNoScroll = 0x0004             // CURSOR_OPT_NO_SCROLL
	cursorHold     = 0x0020             // CURSOR_OPT_HOLD
	fetchAll       = 0x7fffffffffffffff // FETCH_ALL
)

func (c *converter) declare(d *pg.DeclareCursorStmt) Body {
	return &Declare{
		Name: d.Portalname, Hold: d.Options&cursorHold != 0, Scroll: d.Options&cursorScroll != 0, NoScroll: d.Options&cursorNoScroll != 0,
		Binary: d.Options&cursorBinary != 0, Query: c.query(d.Query.GetSelectStmt()),
	}
}

// Subscribes: the cursor's query goes on for ever.
func (d *Declare) Subscribes() bool { return d.Subscribe || d.Query.Emit == EmitChanges }

func fetch(s *pg.FetchStmt) *Fetch {
	return &Fetch{
		Cursor: s.Portalname, Count: s.HowMany, All: s.HowMany == fetchAll,
		Direction: FetchDirection(s.Direction - pg.FetchDirection_FETCH_FORWARD), Move: s.Ismove,
	}
}

// FetchDirection is that of a FETCH.
type FetchDirection uint8

const (
	FetchForward FetchDirection = iota
	FetchBackward
	FetchAbsolute
	FetchRelative
)

// objectWords spells an object type as statements do.
func objectWords(t pg.ObjectType) string {
	if t == pg.ObjectType_OBJECT_MATVIEW {
		return "MATERIALIZED VIEW"
	}
	return strings.ReplaceAll(strings.TrimPrefix(t.String(), "OBJECT_"), "_", " ")
}
