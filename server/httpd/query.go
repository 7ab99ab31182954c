package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/server/oneshot"
)

// writeStall is how long a client may leave an answer unread before it is cut off.
const writeStall = time.Minute

// question is the body of POST /query in JSON. Params are texts, as psql would send them.
type question struct {
	SQL    string    `json:"sql"`
	Params []*string `json:"params"`
}

// query runs one statement and answers with its rows in the format that Accept asks for.
func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	f, ok := formatFor(r.Header.Get("Accept"))
	if !ok {
		refuse(w, http.StatusNotAcceptable, sqlerr.New(sqlerr.FeatureNotSupported, "no format that this server writes is accepted").
			WithHint("Accept one of %s.", formatNames()))
		return
	}
	q, status, err := readQuestion(r)
	if err != nil {
		refuse(w, status, err)
		return
	}
	st := oneshot.Statement{Principal: PrincipalOf(r.Context()), SQL: q.SQL}
	if q.Params != nil {
		row := make([][]byte, len(q.Params))
		for i, p := range q.Params {
			if p != nil {
				row[i] = []byte(*p)
			}
		}
		st.Params = [][][]byte{row}
	}
	a := &answer{w: w, control: http.NewResponseController(w), format: f}
	done, err := s.cfg.Statements.Run(r.Context(), st, a)
	if err == nil {
		err = a.end(done)
	}
	if err != nil {
		a.fail(err, s)
	}
}

// readQuestion reads the statement. Only content types that a web page cannot send without asking
// first are taken: on loopback, where everybody may be trusted, a page must not be able to run one.
func readQuestion(r *http.Request) (q question, status int, err error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/sql" && kind != "application/json" {
		return q, http.StatusUnsupportedMediaType, sqlerr.New(sqlerr.FeatureNotSupported, "Content-Type must be application/sql or application/json")
	}
	body, err := io.ReadAll(r.Body)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return q, http.StatusRequestEntityTooLarge, sqlerr.New(sqlerr.ProgramLimitExceeded, "statement is larger than %d bytes", tooLarge.Limit)
	} else if err != nil {
		return q, http.StatusBadRequest, sqlerr.New(sqlerr.ProtocolViolation, "the request could not be read: %v", err)
	}
	if kind == "application/sql" {
		return question{SQL: string(body)}, 0, nil
	}
	in := json.NewDecoder(bytes.NewReader(body))
	in.DisallowUnknownFields()
	var given *question
	err = in.Decode(&given)
	if err == nil && (given == nil || in.More()) {
		err = errNoObject
	}
	if err != nil {
		return q, http.StatusBadRequest, sqlerr.New(sqlerr.ProtocolViolation, `the body must be {"sql": text, "params": [text or null, …]}`).WithDetail("%s.", jsonFault(err))
	}
	return *given, 0, nil
}

var errNoObject = errors.New("it is not one object")

// jsonFault says what is wrong with a body in the words of JSON, not of Go.
func jsonFault(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &kind):
		return strings.TrimPrefix(err.Error(), "json: ")
	case kind.Field == "":
		return "It cannot be of type " + kind.Value
	}
	return fmt.Sprintf("Member %q cannot be of type %s", kind.Field, kind.Value)
}

// answer is the response to a statement while it is written.
type answer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	format  format
	enc     encoder
	begun   bool
}

func (a *answer) Columns(fields []face.Field) (err error) {
	a.enc, err = a.format.open(deadlined{a}, fields)
	return err
}

func (a *answer) Rows(b *delta.Batch) error { return a.enc.rows(b) }

func (a *answer) Flush() error {
	if a.enc == nil {
		return nil
	}
	if err := a.enc.flush(); err != nil || !a.begun {
		return err
	}
	return a.control.Flush()
}

// end closes the rows; a statement without any is answered with its tag.
func (a *answer) end(done oneshot.Outcome) error {
	if a.enc != nil {
		return a.enc.close()
	}
	return writeJSON(a.w, http.StatusOK, map[string]any{"tag": done.Tag, "affected": done.Affected})
}

// fail answers with an error. Once rows are out the status cannot be taken back: a format that
// has room for the error says it, and then the connection is cut, so that no client takes what it
// has for the whole.
func (a *answer) fail(err error, s *Server) {
	var e *sqlerr.Error
	if !errors.As(err, &e) {
		s.cfg.Logger.Debug("HTTP statement ended", "error", err)
		e = sqlerr.New(sqlerr.InternalError, "the answer could not be written")
	}
	if !a.begun {
		refuse(a.w, statusOf(e), e)
		return
	}
	if a.enc != nil {
		a.enc.fail(e)
		_ = a.control.Flush() // a client that is gone needs no error
	}
	panic(http.ErrAbortHandler)
}

// deadlined writes to the client, who must go on reading.
type deadlined struct{ a *answer }

func (d deadlined) Write(p []byte) (int, error) {
	if !d.a.begun {
		d.a.begun = true
		d.a.w.Header().Set("Content-Type", d.a.format.contentType)
		d.a.w.WriteHeader(http.StatusOK)
	}
	if err := d.a.control.SetWriteDeadline(time.Now().Add(writeStall)); err != nil {
		return 0, err
	}
	return d.a.w.Write(p)
}

// problem is an error in JSON, by PostgreSQL's names.
type problem struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Detail   string `json:"detail,omitempty"`
	Hint     string `json:"hint,omitempty"`
	Position int    `json:"position,omitempty"`
}

func problemOf(e *sqlerr.Error) problem {
	return problem{"ERROR", string(e.Code), e.Message, e.Detail, e.Hint, e.Position}
}

func refuse(w http.ResponseWriter, status int, err error) {
	var e *sqlerr.Error
	if !errors.As(err, &e) {
		e = sqlerr.New(sqlerr.InternalError, "%v", err)
	}
	_ = writeJSON(w, status, map[string]any{"error": problemOf(e)}) // a client that is gone needs no answer
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(v)
}

// statusOf is the HTTP status of an SQLSTATE: who is to change something, client or server.
func statusOf(e *sqlerr.Error) int {
	switch e.Code {
	case sqlerr.InsufficientPrivilege:
		return http.StatusForbidden
	case sqlerr.SerializationFailure, sqlerr.DeadlockDetected, sqlerr.LockNotAvailable:
		return http.StatusConflict
	case sqlerr.QueryCanceled:
		return http.StatusRequestTimeout
	case sqlerr.FeatureNotSupported:
		return http.StatusNotImplemented
	}
	switch e.Code[:2] {
	case "53", "57":
		return http.StatusServiceUnavailable
	case "58", "XX":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}
