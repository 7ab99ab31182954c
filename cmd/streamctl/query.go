package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/spf13/cobra"

	"github.com/tributary-db/tributary/internal/cli"
)

func newQuery(a *app) *cobra.Command {
	c := cli.Group(&cobra.Command{
		Use: "query", Short: "Make, show, read and stop queries that go on for ever",
		Long: "A query is a materialized view: it is kept up to date as records come. status and stop know sinks and derived streams too.",
	})
	c.AddCommand(newQueryCreate(a), newQueryList(a), newQueryStatus(a), newQuerySelect(a), newQueryStop(a))
	return c
}

// withSQL runs do on a connection.
func (a *app) withSQL(c *cobra.Command, do func(ctx context.Context, db *pgx.Conn) error) error {
	ctx := c.Context()
	db, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }() // nothing is left to be said
	return told(do(ctx, db))
}

// told is an error of SQL with its detail and hint.
func told(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	text := fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code)
	for what, more := range map[string]string{"DETAIL": e.Detail, "HINT": e.Hint} {
		if more != "" {
			text += "\n" + what + ": " + more
		}
	}
	return errors.New(text)
}

// readRows runs a query. Values are texts, but numbers, booleans and JSON, which are themselves, and NULL.
func readRows(ctx context.Context, db *pgx.Conn, sql string, args ...any) (r rows, err error) {
	// why texts: so they look as in psql, in every type.
	found, err := db.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe, pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return r, err
	}
	defer found.Close()
	for _, f := range found.FieldDescriptions() {
		r.columns = append(r.columns, f.Name)
	}
	for found.Next() {
		values := make([]any, len(r.columns))
		for i, raw := range found.RawValues() {
			values[i] = value(found.FieldDescriptions()[i].DataTypeOID, raw)
		}
		r.add(values...)
	}
	return r, found.Err()
}

func value(oid uint32, raw []byte) any {
	if raw == nil {
		return nil
	}
	text := string(raw)
	switch oid {
	case pgtype.BoolOID:
		return text == "t"
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return json.Number(text)
	case pgtype.NumericOID, pgtype.Float4OID, pgtype.Float8OID:
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return json.Number(text)
		}
	case pgtype.JSONOID, pgtype.JSONBOID:
		return jsonText(text)
	}
	return text
}

// jsonText is JSON: itself in JSON, its text in a table.
type jsonText string

func (t jsonText) MarshalJSON() ([]byte, error) { return []byte(t), nil }

// quoted is a name, or schema.name, as SQL takes it. One with quotes is taken as it is.
func quoted(name string) string {
	if strings.Contains(name, `"`) {
		return name
	}
	return pgx.Identifier(strings.Split(name, ".")).Sanitize()
}

// shortName leaves public out.
func shortName(schema, name string) string {
	if schema == "public" {
		return name
	}
	return schema + "." + name
}

func newQueryCreate(a *app) *cobra.Command {
	var sql, file string
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a materialized view", Args: cobra.ExactArgs(1),
		Long: "Makes a materialized view of a SELECT: of --sql, --file or standard input. It is there at once and shows what it has computed so far as `backfilling`.",
		Example: `  streamctl query create busy --sql 'SELECT id, count(*) FROM orders GROUP BY id'
  streamctl query create busy --file busy.sql`,
	}
	c.Flags().StringVar(&sql, "sql", "", "the SELECT")
	c.Flags().StringVar(&file, "file", "", "file that has it")
	c.RunE = func(c *cobra.Command, args []string) error {
		text, err := selectText(c, sql, file)
		if err != nil {
			return err
		}
		return a.withSQL(c, func(ctx context.Context, db *pgx.Conn) error {
			if _, err := db.PgConn().Exec(ctx, "CREATE MATERIALIZED VIEW "+quoted(args[0])+" AS "+text).ReadAll(); err != nil {
				return err
			}
			return a.said(c.OutOrStdout(), "created "+args[0], []column{"query"}, args[0])
		})
	}
	return c
}

// selectText is the SELECT that a flag or the input gives.
func selectText(c *cobra.Command, sql, file string) (string, error) {
	switch {
	case sql != "" && file != "":
		return "", cli.Usage("--sql and --file")
	case sql != "":
		return sql, nil
	case file != "":
		text, err := os.ReadFile(file)
		return string(text), err
	}
	text, err := io.ReadAll(c.InOrStdin())
	if err == nil && strings.TrimSpace(string(text)) == "" {
		err = cli.Usage("no SELECT: give --sql, --file or standard input")
	}
	return string(text), err
}

func newQueryList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List views, sinks and derived streams", Args: cobra.NoArgs,
		Example: "  streamctl query list",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withSQL(c, func(ctx context.Context, db *pgx.Conn) error {
				r, err := readRows(ctx, db, "SELECT schema, name, kind, state, since FROM tributary.dataflows ORDER BY 1, 2")
				if err != nil {
					return err
				}
				return a.print(c.OutOrStdout(), r)
			})
		},
	}
}

// dataflow finds the kind of a view, sink or derived stream.
func dataflow(ctx context.Context, db *pgx.Conn, name string) (schema, bare, kind string, err error) {
	parts := strings.Split(strings.ReplaceAll(name, `"`, ""), ".")
	schema, bare = "public", parts[len(parts)-1]
	if len(parts) == 2 {
		schema = parts[0]
	}
	r, err := readRows(ctx, db, "SELECT kind FROM tributary.dataflows WHERE schema = $1 AND name = $2", schema, bare)
	switch {
	case err != nil:
		return "", "", "", err
	case len(r.values) == 0:
		return "", "", "", fmt.Errorf("there is no query %q", name)
	}
	return schema, bare, r.values[0][0].(string), nil
}

func newQueryStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status NAME", Short: "Show how a query does", Args: cobra.ExactArgs(1),
		Example:           "  streamctl query status busy",
		ValidArgsFunction: names(1, a.queries),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withSQL(c, func(ctx context.Context, db *pgx.Conn) error {
				schema, name, _, err := dataflow(ctx, db, args[0])
				if err != nil {
					return err
				}
				r, err := readRows(ctx, db, "SELECT * FROM tributary.dataflows WHERE schema = $1 AND name = $2", schema, name)
				if err != nil || len(r.values) == 0 {
					return err
				}
				if a.json() {
					return writeJSON(c.OutOrStdout(), ordered{r.columns, r.values[0]})
				}
				turned := rows{columns: []column{"fact", "value"}}
				for i, column := range r.columns {
					turned.add(column, r.values[0][i])
				}
				return a.print(c.OutOrStdout(), turned)
			})
		},
	}
}

func newQuerySelect(a *app) *cobra.Command {
	var sql string
	var limit int64
	c := &cobra.Command{
		Use: "select [NAME]", Short: "Read a query's rows as they are now, or run a SELECT", Args: cobra.MaximumNArgs(1),
		Long: "Reads what a view has, with all that was acknowledged before. With --sql it runs any statement that gives rows.",
		Example: `  streamctl query select busy --limit 10
  streamctl query select --sql 'SELECT id FROM busy WHERE count > 5' --output json`,
	}
	c.Flags().StringVar(&sql, "sql", "", "the statement")
	c.Flags().Int64Var(&limit, "limit", 0, "at most so many rows; 0 = all")
	c.ValidArgsFunction = names(1, a.queries)
	c.RunE = func(c *cobra.Command, args []string) error {
		text := sql
		switch {
		case (sql == "") == (len(args) == 0):
			return cli.Usage("want the name of a query, or --sql")
		case limit < 0:
			return cli.Usage("--limit %d", limit)
		case sql != "" && limit > 0:
			return cli.Usage("--sql and --limit: say LIMIT in the statement")
		case sql == "":
			text = "SELECT * FROM " + quoted(args[0])
		}
		if limit > 0 {
			text += fmt.Sprintf(" LIMIT %d", limit)
		}
		return a.withSQL(c, func(ctx context.Context, db *pgx.Conn) error {
			r, err := readRows(ctx, db, text)
			if err != nil {
				return err
			}
			return a.print(c.OutOrStdout(), r)
		})
	}
	return c
}

func newQueryStop(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "stop NAME", Short: "Drop a view, sink or derived stream", Args: cobra.ExactArgs(1),
		Long:              "Drops it. What a view has computed goes with it; the topic of a sink or a stream stays.",
		Example:           "  streamctl query stop busy",
		ValidArgsFunction: names(1, a.queries),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withSQL(c, func(ctx context.Context, db *pgx.Conn) error {
				schema, name, kind, err := dataflow(ctx, db, args[0])
				if err != nil {
					return err
				}
				if _, err := db.PgConn().Exec(ctx, "DROP "+strings.ToUpper(kind)+" "+pgx.Identifier{schema, name}.Sanitize()).ReadAll(); err != nil {
					return err
				}
				return a.said(c.OutOrStdout(), "stopped "+args[0], []column{"query"}, args[0])
			})
		},
	}
}
