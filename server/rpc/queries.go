package rpc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	tributaryv1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/server/oneshot"
)

// queryService serves views. Every call is one statement.
type queryService struct{ s *Server }

// qualified reads a name of SQL: its schema, public where it has none, itself, and both as SQL text.
func qualified(text string) (schema, name, quoted string, err error) {
	parts, ok := ident.Split(text)
	if !ok || len(parts) > 2 {
		return "", "", "", invalid("%q is no name of a query: name or schema.name", text)
	}
	if len(parts) == 1 {
		return "public", parts[0], ident.Quote(parts[0]), nil
	}
	return parts[0], parts[1], ident.Quote(parts[0]) + "." + ident.Quote(parts[1]), nil
}

// statement is one of the caller's, with texts as parameters.
func statement(ctx context.Context, sql string, params ...string) oneshot.Statement {
	st := oneshot.Statement{Principal: callOf(ctx).who, SQL: sql, Settings: []face.Setting{{Name: "timezone", Value: "UTC"}}}
	if len(params) > 0 {
		row := make([][]byte, len(params))
		for i, p := range params {
			row[i] = []byte(p)
		}
		st.Params = [][][]byte{row}
	}
	return st
}

// CreateQuery implements tributaryv1connect.QueryServiceHandler.
func (v *queryService) CreateQuery(ctx context.Context, req *connect.Request[tributaryv1.CreateQueryRequest]) (*connect.Response[tributaryv1.CreateQueryResponse], error) {
	schema, name, quoted, err := qualified(req.Msg.Name)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(req.Msg.Sql) == "" {
		return nil, invalid("sql is empty")
	}
	// The line's end keeps a comment at the end of the text to itself.
	if _, err := v.s.cfg.Statements.Run(ctx, statement(ctx, "CREATE MATERIALIZED VIEW "+quoted+" AS "+req.Msg.Sql+"\n"), &texts{}); err != nil {
		return nil, shifted(err, len("CREATE MATERIALIZED VIEW  AS ")+len([]rune(quoted)))
	}
	q, err := v.status(ctx, schema, name)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&tributaryv1.CreateQueryResponse{Query: q}), nil
}

// shifted is err with its position in what the caller sent, which begins behind so many characters.
func shifted(err error, by int) error {
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.Position <= by {
		return err
	}
	at := *e
	at.Position -= by
	return &at
}

// StopQuery implements tributaryv1connect.QueryServiceHandler.
func (v *queryService) StopQuery(ctx context.Context, req *connect.Request[tributaryv1.StopQueryRequest]) (*connect.Response[tributaryv1.StopQueryResponse], error) {
	_, _, quoted, err := qualified(req.Msg.Name)
	if err != nil {
		return nil, err
	}
	sql := "DROP MATERIALIZED VIEW " + quoted
	if req.Msg.Cascade {
		sql += " CASCADE"
	}
	if _, err := v.s.cfg.Statements.Run(ctx, statement(ctx, sql), &texts{}); err != nil {
		return nil, err
	}
	return connect.NewResponse(&tributaryv1.StopQueryResponse{}), nil
}

const queryColumns = "SELECT schema, name, kind, state, extract(epoch FROM since), frontier, target, scanned, to_scan, sqlstate, reason, row_errors, state_bytes FROM tributary.dataflows"

// GetQueryStatus implements tributaryv1connect.QueryServiceHandler.
func (v *queryService) GetQueryStatus(ctx context.Context, req *connect.Request[tributaryv1.GetQueryStatusRequest]) (*connect.Response[tributaryv1.GetQueryStatusResponse], error) {
	schema, name, _, err := qualified(req.Msg.Name)
	if err != nil {
		return nil, err
	}
	q, err := v.status(ctx, schema, name)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&tributaryv1.GetQueryStatusResponse{Query: q}), nil
}

func (v *queryService) status(ctx context.Context, schema, name string) (*tributaryv1.Query, error) {
	all, err := v.list(ctx, queryColumns+" WHERE schema = $1 AND name = $2", schema, name)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, sqlerr.New(sqlerr.UndefinedTable, "query %q does not exist", schema+"."+name)
	}
	return all[0], nil
}

// ListQueries implements tributaryv1connect.QueryServiceHandler. The token of a page is its last name.
func (v *queryService) ListQueries(ctx context.Context, req *connect.Request[tributaryv1.ListQueriesRequest]) (*connect.Response[tributaryv1.ListQueriesResponse], error) {
	size, err := pageSize(req.Msg.PageSize)
	if err != nil {
		return nil, err
	}
	var schema, name string
	if req.Msg.PageToken != "" {
		raw, err := base64.RawURLEncoding.DecodeString(req.Msg.PageToken)
		var ok bool
		if schema, name, ok = strings.Cut(string(raw), "\x00"); err != nil || !ok {
			return nil, invalid("page_token is none")
		}
	}
	all, err := v.list(ctx, queryColumns+" WHERE schema > $1 OR schema = $1 AND name > $2 ORDER BY schema, name LIMIT "+strconv.Itoa(size+1), schema, name)
	if err != nil {
		return nil, err
	}
	out := &tributaryv1.ListQueriesResponse{Queries: all}
	if len(all) > size {
		out.Queries = all[:size]
		last := all[size-1]
		out.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(last.Schema + "\x00" + last.Name))
	}
	return connect.NewResponse(out), nil
}

// list reads queries.
func (v *queryService) list(ctx context.Context, sql string, params ...string) ([]*tributaryv1.Query, error) {
	var got texts
	if _, err := v.s.cfg.Statements.Run(ctx, statement(ctx, sql, params...), &got); err != nil {
		return nil, err
	}
	out := make([]*tributaryv1.Query, len(got.rows))
	for i, r := range got.rows {
		q := &tributaryv1.Query{Schema: r[0], Name: r[1], Kind: r[2], State: r[3], Sqlstate: r[9], Reason: r[10]}
		if r[4] != "" {
			seconds, err := strconv.ParseFloat(r[4], 64)
			if err != nil {
				return nil, fmt.Errorf("since: %w", err)
			}
			q.Since = timestamppb.New(time.UnixMicro(int64(seconds * 1e6)))
		}
		for at, field := range map[int]*int64{5: &q.Frontier, 6: &q.Target, 7: &q.Scanned, 8: &q.ToScan, 11: &q.RowErrors, 12: &q.StateBytes} {
			if r[at] == "" {
				continue
			}
			n, err := strconv.ParseInt(r[at], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("column %d: %w", at, err)
			}
			*field = n
		}
		out[i] = q
	}
	return out, nil
}

// texts are the rows of a statement that has few, NULL as "".
type texts struct {
	fields []face.Field
	rows   [][]string
}

var _ oneshot.Result = (*texts)(nil)

func (t *texts) Columns(fields []face.Field) error { t.fields = fields; return nil }
func (t *texts) Flush() error                      { return nil }

func (t *texts) Rows(b *delta.Batch) error {
	return b.EachRow(func(row int32) error {
		out := make([]string, len(t.fields))
		for i := range t.fields {
			if !b.Cols[i].Null(row) {
				out[i] = string(t.fields[i].Encode(nil, &b.Cols[i], row))
			}
		}
		for range b.Weight(row) {
			t.rows = append(t.rows, out)
		}
		return nil
	})
}

// QueryView implements tributaryv1connect.QueryServiceHandler.
func (v *queryService) QueryView(ctx context.Context, req *connect.Request[tributaryv1.QueryViewRequest], stream *connect.ServerStream[tributaryv1.QueryViewResponse]) error {
	_, _, quoted, err := qualified(req.Msg.Name)
	if err != nil {
		return err
	}
	if req.Msg.Limit < 0 {
		return invalid("limit %d", req.Msg.Limit)
	}
	if req.Msg.Where == "" && len(req.Msg.Params) > 0 {
		return invalid("params without where")
	}
	head := "SELECT * FROM " + quoted
	sql := head
	if req.Msg.Where != "" {
		head += " WHERE (" // in brackets: a condition, and nothing behind it
		sql = head + req.Msg.Where + "\n)"
	}
	if req.Msg.Limit > 0 {
		sql += " LIMIT " + strconv.FormatInt(req.Msg.Limit, 10)
	}
	st := statement(ctx, sql)
	if len(req.Msg.Params) > 0 {
		row := make([][]byte, len(req.Msg.Params))
		for i, p := range req.Msg.Params {
			if p.Text != nil {
				row[i] = []byte(*p.Text)
			}
		}
		st.Params = [][][]byte{row}
	}
	out := &rows{s: v.s, ctx: ctx, send: func(columns []*tributaryv1.Column, rows []*tributaryv1.Row) error {
		return stream.Send(&tributaryv1.QueryViewResponse{Columns: columns, Rows: rows})
	}}
	defer out.end()
	if _, err := v.s.cfg.Statements.Run(ctx, st, out); err != nil {
		return shifted(err, len([]rune(head)))
	}
	return out.Flush()
}

// WatchView implements tributaryv1connect.QueryServiceHandler.
func (v *queryService) WatchView(ctx context.Context, req *connect.Request[tributaryv1.WatchViewRequest], stream *connect.ServerStream[tributaryv1.WatchViewResponse]) error {
	_, _, quoted, err := qualified(req.Msg.Name)
	if err != nil {
		return err
	}
	ctx, end := v.s.endless(ctx)
	defer end()
	if err := stream.Send(nil); err != nil { // the client's call is open now
		return err
	}
	out := &rows{s: v.s, ctx: ctx, send: func(columns []*tributaryv1.Column, rows []*tributaryv1.Row) error {
		return stream.Send(&tributaryv1.WatchViewResponse{Columns: columns, Rows: rows})
	}}
	defer out.end()
	if _, err := v.s.cfg.Statements.Run(ctx, statement(ctx, "SUBSCRIBE TO "+quoted), out); err != nil {
		return v.s.ended(ctx, req.Spec().Procedure, err)
	}
	return out.Flush()
}
