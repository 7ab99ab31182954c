package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/tpch"
)

// engine is one of those that the queries of TPC-H are run on by turns.
type engine interface {
	name() string
	// load fills a table from a file of COPY's text format.
	load(ctx context.Context, table, file string) error
	exec(ctx context.Context, sql string) error
	// query runs a statement and gives its rows, their fields joined by |.
	query(ctx context.Context, sql string) ([]string, error)
	// cpu is what its processes have used.
	cpu() time.Duration
	stop()
}

// timing is the quickest of some runs of a query, and the least that one used.
type timing struct{ wall, cpu time.Duration }

func (t *timing) better(wall, cpu time.Duration) {
	if t.wall == 0 || wall < t.wall {
		t.wall = wall
	}
	if t.cpu == 0 || cpu < t.cpu {
		t.cpu = cpu
	}
}

// benchSQL runs the 22 queries of TPC-H here, in PostgreSQL and in DuckDB, by turns in one run, and prints what
// each took and the ratios. Answers are compared: with PostgreSQL's byte for byte, DuckDB's by their number of rows,
// since its averages are floats.
func benchSQL(ctx context.Context, o options) error {
	fmt.Printf("%s\n%s\n", strings.Join(append([]string{"go run ./bench"}, os.Args[1:]...), " "), machine())
	dir, err := os.MkdirTemp("", "tributary-tpch-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	files, err := writeTables(dir, tpch.Scale(o.scale))
	if err != nil {
		return err
	}
	var engines []engine
	for _, begin := range []func(context.Context, options) (engine, error){startOurs, startPeer, startDuck} {
		e, err := begin(ctx, o)
		if err != nil {
			if len(engines) == 0 {
				return err
			}
			fmt.Printf("left out: %v\n", err)
			continue
		}
		defer e.stop()
		engines = append(engines, e)
		begin := time.Now()
		if err := fill(ctx, e, files); err != nil {
			return fmt.Errorf("%s: %w", e.name(), err)
		}
		fmt.Printf("%s: filled in %.1f s\n", e.name(), time.Since(begin).Seconds())
	}
	return runQueries(ctx, o, engines)
}

// writeTables makes the data once, for all.
func writeTables(dir string, s tpch.Scale) (map[string]string, error) {
	out := map[string]string{}
	for _, table := range tpch.Tables {
		f, err := os.Create(filepath.Join(dir, table))
		if err != nil {
			return nil, err
		}
		out[table] = f.Name()
		if err := errors.Join(tpch.Write(f, table, s), f.Close()); err != nil {
			return nil, err
		}
	}
	return out, os.Chmod(dir, 0o755) // PostgreSQL has a user of its own
}

func fill(ctx context.Context, e engine, files map[string]string) error {
	for i, table := range tpch.Tables {
		if err := e.exec(ctx, tpch.Schema[i]); err != nil {
			return err
		}
		if err := e.load(ctx, table, files[table]); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	for _, sql := range tpch.Indexes {
		if err := e.exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	for _, table := range tpch.Tables {
		if err := e.exec(ctx, "ANALYZE "+table); err != nil && e.name() == postgresName {
			return err
		}
	}
	return nil
}

// runQueries runs each query on all by turns.
func runQueries(ctx context.Context, o options, engines []engine) error {
	w := newSQLTable(os.Stdout, engines)
	for i, sql := range tpch.Queries {
		if !o.wants(fmt.Sprint(i + 1)) {
			continue
		}
		times := make([]timing, len(engines))
		var answers [][]string
		for try := range o.tries {
			for k, e := range engines {
				cpu, begin := e.cpu(), time.Now()
				rows, err := e.query(ctx, sql)
				if err != nil {
					return fmt.Errorf("query %d, %s: %w", i+1, e.name(), err)
				}
				times[k].better(time.Since(begin), e.cpu()-cpu)
				if try == 0 {
					answers = append(answers, rows)
				}
			}
		}
		w.add(i+1, times)
		if err := sameAnswers(engines, answers); err != nil {
			return fmt.Errorf("query %d: %w", i+1, err)
		}
	}
	w.total()
	return nil
}

func sameAnswers(engines []engine, answers [][]string) error {
	for k := 1; k < len(engines); k++ {
		if len(answers[k]) != len(answers[0]) {
			return fmt.Errorf("%d rows, of %s %d", len(answers[0]), engines[k].name(), len(answers[k]))
		}
		if engines[k].name() != postgresName {
			continue
		}
		for i, row := range answers[k] {
			if row != answers[0][i] {
				return fmt.Errorf("row %d is %s, of %s %s", i, answers[0][i], engines[k].name(), row)
			}
		}
	}
	return nil
}

// sqlTable prints a line a query.
type sqlTable struct {
	w       io.Writer
	engines []engine
	sums    []timing
}

func newSQLTable(w io.Writer, engines []engine) *sqlTable {
	t := &sqlTable{w: w, engines: engines, sums: make([]timing, len(engines))}
	fmt.Fprintf(w, "\n%-6s", "")
	for _, e := range engines {
		fmt.Fprintf(w, "%12s %11s", e.name(), "CPU")
	}
	for _, e := range engines[1:] {
		fmt.Fprintf(w, "%14s %9s", "to "+e.name(), "CPU")
	}
	fmt.Fprintln(w)
	return t
}

func (t *sqlTable) add(query int, times []timing) {
	for i, one := range times {
		t.sums[i].wall += one.wall
		t.sums[i].cpu += one.cpu
	}
	t.line(fmt.Sprintf("Q%d", query), times)
}

func (t *sqlTable) total() { t.line("all", t.sums) }

func (t *sqlTable) line(name string, times []timing) {
	fmt.Fprintf(t.w, "%-6s", name)
	for _, one := range times {
		fmt.Fprintf(t.w, "%9.1f ms %8d ms", float64(one.wall.Microseconds())/1000, one.cpu.Milliseconds())
	}
	for _, peer := range times[1:] {
		fmt.Fprintf(t.w, "%14s %9s", over(times[0].wall, peer.wall), over(times[0].cpu, peer.cpu))
	}
	fmt.Fprintln(t.w)
}

func over(ours, peer time.Duration) string {
	if peer <= 0 {
		return "-"
	}
	return fmt.Sprintf("x%.2f", float64(ours)/float64(peer))
}
