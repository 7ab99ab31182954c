// Package pgscript speaks the PostgreSQL protocol message by message, for tests of what no
// driver would send: the same script runs against this server and against PostgreSQL.
//
// A script is a message a line, and between them what to read:
//
//	Parse s1 "select $1::int4"
//	Bind "" s1 42
//	Execute ""
//	Sync
//	until Z
//
// The transcript has one line for each message that came back. Scripts stand in files of the
// datadriven form, one connection each; testdata/ holds those whose transcripts PostgreSQL
// gave and that a whole server must give too.
package pgscript

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Dial connects and goes on to the first ReadyForQuery.
func Dial(t testing.TB, network, addr, user, database string) net.Conn {
	t.Helper()
	nc, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	Send(t, nc, &pgproto3.StartupMessage{ProtocolVersion: 196608, Parameters: map[string]string{"user": user, "database": database}})
	ReadUntil(t, nc, 'Z')
	return nc
}

// Run sends each line's message; a line "until X" reads and prints what comes up to a
// message of type X, "eof" what comes until the connection ends.
func Run(t testing.TB, nc net.Conn, script string) string {
	t.Helper()
	var out strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(script), "\n") {
		words := splitWords(line)
		if words[0] == "until" {
			out.WriteString(ReadUntil(t, nc, words[1][0]))
			continue
		}
		if words[0] == "eof" {
			out.WriteString(ReadUntil(t, nc, 0))
			continue
		}
		raw, err := message(words)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if _, err := nc.Write(raw); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	return out.String()
}

// message builds a frontend message from a line of a script.
func message(w []string) ([]byte, error) {
	arg := func(i int) string {
		if i < len(w) {
			return w[i]
		}
		return ""
	}
	switch w[0] {
	case "Query":
		return (&pgproto3.Query{String: arg(1)}).Encode(nil)
	case "Parse":
		return (&pgproto3.Parse{Name: arg(1), Query: arg(2)}).Encode(nil)
	case "Bind": // portal statement [binary] [binparams] [param...]; a parameter NULL is NULL
		m := &pgproto3.Bind{DestinationPortal: arg(1), PreparedStatement: arg(2)}
		rest := w[3:]
		if len(rest) > 0 && rest[0] == "binary" {
			m.ResultFormatCodes, rest = []int16{1}, rest[1:]
		}
		if len(rest) > 0 && rest[0] == "binparams" {
			m.ParameterFormatCodes, rest = []int16{1}, rest[1:]
		}
		for _, p := range rest {
			if p == "NULL" {
				m.Parameters = append(m.Parameters, nil)
				continue
			}
			m.Parameters = append(m.Parameters, []byte(p))
		}
		return m.Encode(nil)
	case "Describe":
		return (&pgproto3.Describe{ObjectType: arg(1)[0], Name: arg(2)}).Encode(nil)
	case "Execute":
		n, _ := strconv.Atoi(arg(2))
		return (&pgproto3.Execute{Portal: arg(1), MaxRows: uint32(n)}).Encode(nil)
	case "Close":
		return (&pgproto3.Close{ObjectType: arg(1)[0], Name: arg(2)}).Encode(nil)
	case "Sync":
		return (&pgproto3.Sync{}).Encode(nil)
	case "Flush":
		return (&pgproto3.Flush{}).Encode(nil)
	case "CopyData":
		return (&pgproto3.CopyData{Data: []byte(arg(1))}).Encode(nil)
	case "CopyDone":
		return (&pgproto3.CopyDone{}).Encode(nil)
	case "CopyFail":
		return (&pgproto3.CopyFail{Message: arg(1)}).Encode(nil)
	case "Terminate":
		return (&pgproto3.Terminate{}).Encode(nil)
	case "Raw": // type body
		b := append([]byte{arg(1)[0]}, 0, 0, 0, 0)
		b = append(b, arg(2)...)
		binary.BigEndian.PutUint32(b[1:], uint32(4+len(arg(2))))
		return b, nil
	}
	return nil, fmt.Errorf("unknown message %s", w[0])
}

func splitWords(line string) []string {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] == '"' {
			q, err := strconv.QuotedPrefix(line)
			if err != nil {
				return append(words, line)
			}
			w, _ := strconv.Unquote(q)
			words, line = append(words, w), line[len(q):]
			continue
		}
		w, rest, _ := strings.Cut(line, " ")
		words, line = append(words, w), rest
	}
	return words
}

// Send sends one message.
func Send(t testing.TB, nc net.Conn, m pgproto3.FrontendMessage) {
	t.Helper()
	b, err := m.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Write(b); err != nil {
		t.Fatal(err)
	}
}

// ReadUntil returns the messages up to one of type last, 0 = until the end of the connection.
func ReadUntil(t testing.TB, nc net.Conn, last byte) string {
	t.Helper()
	var out strings.Builder
	for {
		var head [5]byte
		if _, err := io.ReadFull(nc, head[:]); err != nil {
			if last != 0 || err != io.EOF {
				t.Fatalf("read: %v; so far:\n%s", err, out.String())
			}
			return out.String() + "(end)\n"
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(nc, body); err != nil {
			t.Fatal(err)
		}
		out.WriteString(show(head[0], body))
		if head[0] == last {
			return out.String()
		}
	}
}

// show prints a backend message on one line.
func show(typ byte, body []byte) string {
	names := map[byte]string{'1': "ParseComplete", '2': "BindComplete", '3': "CloseComplete", 'n': "NoData", 's': "PortalSuspended",
		'I': "EmptyQuery", 'c': "CopyDone", 'N': "Notice", 'E': "Error", 'R': "Authentication", 'K': "BackendKeyData",
		'G': "CopyIn", 'H': "CopyOut", 'd': "CopyData", 'S': "ParameterStatus"}
	switch typ {
	case 'Z':
		return fmt.Sprintf("ReadyForQuery %s\n", body)
	case 'C':
		return fmt.Sprintf("CommandComplete %s\n", body[:len(body)-1])
	case 'E', 'N':
		m := pgproto3.ErrorResponse{}
		_ = m.Decode(body)
		s := fmt.Sprintf("%s %s %s %s", names[typ], m.Severity, m.Code, m.Message)
		if m.Position != 0 {
			s += fmt.Sprintf(" at %d", m.Position)
		}
		if m.TableName != "" {
			s += fmt.Sprintf(" of %s.%s", m.SchemaName, m.TableName)
		}
		if m.ColumnName != "" {
			s += fmt.Sprintf(" column %s", m.ColumnName)
		}
		if m.ConstraintName != "" {
			s += fmt.Sprintf(" constraint %s", m.ConstraintName)
		}
		return s + "\n"
	case 'T':
		m := pgproto3.RowDescription{}
		_ = m.Decode(body)
		s := "RowDescription"
		for _, f := range m.Fields {
			s += fmt.Sprintf(" (%s oid=%d size=%d mod=%d format=%d", f.Name, f.DataTypeOID, f.DataTypeSize, f.TypeModifier, f.Format)
			if f.TableAttributeNumber != 0 { // the table's OID is another one on each server
				s += fmt.Sprintf(" column=%d", f.TableAttributeNumber)
			}
			s += ")"
		}
		return s + "\n"
	case 't', 'D':
		if typ == 't' {
			m := pgproto3.ParameterDescription{}
			_ = m.Decode(body)
			return fmt.Sprintf("ParameterDescription %v\n", m.ParameterOIDs)
		}
		m := pgproto3.DataRow{}
		_ = m.Decode(body)
		return "DataRow" + values(m.Values) + "\n"
	case 'G', 'H':
		return fmt.Sprintf("%s %x\n", names[typ], body)
	}
	if len(body) == 0 {
		return names[typ] + "\n"
	}
	return fmt.Sprintf("%s %q\n", names[typ], body)
}

func values(row [][]byte) string {
	var s strings.Builder
	for _, v := range row {
		if v == nil {
			s.WriteString(" NULL")
		} else {
			s.WriteString(" " + strconv.Quote(string(v)))
		}
	}
	return s.String()
}

// Files runs the scripts of every file in dir against the server at address and compares the
// transcripts with the expected ones. Tables that the scripts make are theirs to drop.
func Files(t *testing.T, dir, network, address, user, database string) {
	datadriven.Walk(t, dir, func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return Run(t, Dial(t, network, address, user, database), d.Input)
		})
	})
}
