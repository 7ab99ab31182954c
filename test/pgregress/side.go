package pgregress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// patience bounds one statement; what takes longer has no answer.
const patience = 20 * time.Second

// side is one of the two servers, with the connection of the file that runs.
type side struct {
	dsn  string
	conn *pgconn.PgConn
	vars variables
}

// outcome is what a statement gave.
type outcome struct {
	results []result
	state   string // SQLSTATE, or "lost" when the connection went
	message string
}

type result struct {
	columns []string // name and type
	rows    []string
	tag     string
}

// begin opens the connection of a file.
func (s *side) begin(ctx context.Context) error {
	s.end()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgconn.Connect(ctx, s.dsn)
	if err != nil {
		return err
	}
	s.conn = conn
	for _, set := range []string{"SET datestyle = 'ISO, MDY'", "SET timezone = 'PST8PDT'"} {
		if _, err := conn.Exec(ctx, set).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", set, err)
		}
	}
	return nil
}

func (s *side) end() {
	if s.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.conn.Close(ctx)
		s.conn = nil
	}
}

var (
	copyIn  = regexp.MustCompile(`(?is)^\s*copy\s+[^;]*\bfrom\s+stdin\b`)
	copyOut = regexp.MustCompile(`(?is)^\s*copy\b.*\bto\s+stdout\b`)
	// fromFile is a COPY of a file of the server's: it is read here and sent, since the server may not be let at it.
	fromFile = regexp.MustCompile(`(?is)^(\s*copy\s+.+?\s+from\s+)'([^']+)'(.*)$`)
)

func copiesIn(text string) bool { return copyIn.MatchString(text) }

// run runs one statement.
func (s *side) run(ctx context.Context, st step) outcome {
	if s.conn == nil || s.conn.IsClosed() {
		if err := s.begin(ctx); err != nil {
			return outcome{state: "lost", message: err.Error()}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, data := s.vars.put(st.text), []byte(st.data)
	if m := fromFile.FindStringSubmatch(text); m != nil {
		if content, err := os.ReadFile(m[2]); err == nil {
			text, data = m[1]+"STDIN"+m[3], content
		}
	}
	switch {
	case copiesIn(text):
		tag, err := s.conn.CopyFrom(ctx, bytes.NewReader(data), text)
		return ended([]result{{tag: tag.String()}}, err)
	case copyOut.MatchString(text) && !strings.Contains(text, ";"):
		var out bytes.Buffer
		tag, err := s.conn.CopyTo(ctx, &out, text)
		return ended([]result{{tag: tag.String(), rows: strings.SplitAfter(out.String(), "\n")}}, err)
	}
	return s.query(ctx, text)
}

// runAside runs a statement that is kept out. If it fails where it had an answer on the other side, a transaction block goes on as
// it does there: what is kept out would otherwise count as often as there are statements behind it.
func (s *side) runAside(ctx context.Context, st step, answered bool) {
	inside := answered && s.conn != nil && !s.conn.IsClosed() && s.conn.TxStatus() == 'T' && !copiesIn(st.text)
	if !inside {
		s.run(ctx, st)
		return
	}
	s.query(ctx, "SAVEPOINT aside")
	if s.run(ctx, st).state != "" {
		s.query(ctx, "ROLLBACK TO SAVEPOINT aside")
	}
	if s.conn.TxStatus() == 'T' {
		s.query(ctx, "RELEASE SAVEPOINT aside")
	}
}

// query runs a text in the simple protocol.
func (s *side) query(ctx context.Context, text string) outcome {
	var results []result
	reader := s.conn.Exec(ctx, text)
	for reader.NextResult() {
		rows := reader.ResultReader()
		var r result
		for _, f := range rows.FieldDescriptions() {
			r.columns = append(r.columns, f.Name+" "+typeName(f.DataTypeOID))
		}
		for rows.NextRow() {
			r.rows = append(r.rows, line(rows.Values()))
		}
		tag, err := rows.Close()
		r.tag = tag.String()
		if err == nil {
			results = append(results, r)
		}
	}
	return ended(results, reader.Close())
}

// typeName is the OID of a built-in type; those that users made have others on each side.
func typeName(oid uint32) string {
	if oid >= 12000 {
		return "own"
	}
	return fmt.Sprint(oid)
}

func line(values [][]byte) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteByte('|')
		}
		if v == nil {
			b.WriteString(`\N`)
		} else {
			b.Write(v)
		}
	}
	return b.String()
}

// ended makes an outcome of what came and how it ended.
func ended(results []result, err error) outcome {
	var pgErr *pgconn.PgError
	switch {
	case err == nil:
		return outcome{results: results}
	case errors.As(err, &pgErr):
		return outcome{results: results, state: pgErr.Code, message: pgErr.Message}
	}
	return outcome{results: results, state: "lost", message: err.Error()}
}
