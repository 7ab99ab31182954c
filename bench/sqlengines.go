package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const postgresName = "PostgreSQL"

// wire is a server of PostgreSQL's protocol.
type wire struct {
	called string
	conn   *pgx.Conn
	used   func() time.Duration
	end    func()
}

func (w *wire) name() string       { return w.called }
func (w *wire) cpu() time.Duration { return w.used() }
func (w *wire) stop()              { w.end() }

func (w *wire) load(ctx context.Context, table, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	_, err = w.conn.PgConn().CopyFrom(ctx, f, "COPY "+table+" FROM STDIN")
	return errors.Join(err, f.Close())
}

func (w *wire) exec(ctx context.Context, sql string) error {
	_, err := w.conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

func (w *wire) query(ctx context.Context, sql string) ([]string, error) {
	results, err := w.conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	rows := results[len(results)-1].Rows
	out := make([]string, len(rows))
	for i, row := range rows {
		fields := make([]string, len(row))
		for k, v := range row {
			fields[k] = string(v)
		}
		out[i] = strings.Join(fields, "|")
	}
	return out, nil
}

// sqlMemory is what each may have for the tables of a query that do not fit.
const sqlMemory = "512MB"

func startOurs(ctx context.Context, o options) (engine, error) {
	s, err := start(ctx, o, "--work-memory", sqlMemory, "--statement-memory", "4GB")
	if err != nil {
		return nil, err
	}
	c, err := s.connect(ctx)
	if err != nil {
		s.stop()
		return nil, err
	}
	fmt.Printf("Tributary: process %d, http %s\n", s.cmd.Process.Pid, s.http)
	return &wire{"Tributary", c, s.cpu, s.stop}, nil
}

func startPeer(ctx context.Context, _ options) (engine, error) {
	p, err := startPostgres(ctx)
	if err != nil {
		return nil, err
	}
	c, err := p.connect(ctx)
	if err != nil {
		p.stop()
		return nil, err
	}
	w := &wire{postgresName, c, p.cpu, p.stop}
	for _, sql := range []string{"SET work_mem = '" + sqlMemory + "'", "SET maintenance_work_mem = '" + sqlMemory + "'"} {
		if err := w.exec(ctx, sql); err != nil {
			w.stop()
			return nil, err
		}
	}
	return w, nil
}

// duckProgram runs statements in DuckDB: one a line, as JSON, answered by a line.
//
//go:embed duck.py
var duckProgram string

// duck is DuckDB inside a Python process.
type duck struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startDuck(ctx context.Context, o options) (engine, error) {
	if err := exec.CommandContext(ctx, o.python, "-c", "import duckdb").Run(); err != nil {
		return nil, fmt.Errorf("DuckDB: %s has no package duckdb", o.python)
	}
	cmd := exec.CommandContext(ctx, o.python, "-c", duckProgram)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		return nil, err
	}
	return &duck{cmd, in, bufio.NewReaderSize(out, 1<<20)}, nil
}

func (d *duck) name() string       { return "DuckDB" }
func (d *duck) cpu() time.Duration { return cpuOf(d.cmd.Process.Pid) }

func (d *duck) stop() {
	_ = d.in.Close() // the program ends with its input
	_ = d.cmd.Wait()
}

func (d *duck) load(ctx context.Context, table, file string) error {
	return d.exec(ctx, fmt.Sprintf(`COPY %s FROM '%s' (DELIMITER '\t', HEADER false, QUOTE '')`, table, file))
}

func (d *duck) exec(ctx context.Context, sql string) error {
	_, err := d.query(ctx, sql)
	return err
}

func (d *duck) query(_ context.Context, sql string) ([]string, error) {
	line, err := json.Marshal(sql)
	if err != nil {
		return nil, err
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	answer, err := d.out.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var got struct {
		Rows  []string
		Error string
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return nil, err
	}
	if got.Error != "" {
		return nil, errors.New(got.Error)
	}
	return got.Rows, nil
}
