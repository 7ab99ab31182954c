// Command sltrun runs sqllogictest files against any server that speaks the PostgreSQL wire
// protocol.
//
//	sltrun --dsn "host=127.0.0.1 port=7432 user=tributary dbname=tributary" --mode view-after FILE…
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/sqllogictest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) int {
	flags := flag.NewFlagSet("sltrun", flag.ContinueOnError)
	dsn := flags.String("dsn", "host=127.0.0.1 port=7432 user=tributary dbname=tributary sslmode=disable", "server to run against")
	mode := flags.String("mode", "select", "select, view-after, view-before or all")
	waivers := flags.String("waivers", "", "file of records on which PostgreSQL itself differs")
	root := flags.String("root", "", "folder that reported file names are relative to")
	engine := flags.String("engine", "tributary", "tributary or postgresql: what skipif and onlyif mean")
	floor := flags.Int("floor", 0, "least number of records that must pass in each file")
	maxViews := flags.Int("max-views", 1000, "views alive at once in mode view-before")
	refresh := flags.Bool("refresh", false, "REFRESH views before they are read (for PostgreSQL)")
	rewrite := flags.Bool("rewrite", false, "write the server's answers into the files")
	show := flags.Int("show", 10, "failures to print in full")
	timeout := flags.Duration("timeout", 30*time.Second, "limit of one record")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	opts := sqllogictest.Options{MaxViews: *maxViews, Refresh: *refresh, Timeout: *timeout,
		Connect: func(ctx context.Context) (*pgconn.PgConn, error) { return pgconn.Connect(ctx, *dsn) }}
	opts.Engines = []string{sqllogictest.PostgreSQL}
	if *engine == sqllogictest.Tributary {
		opts.Engines = append(opts.Engines, sqllogictest.Tributary)
	}
	if *waivers != "" {
		var err error
		if opts.Waivers, err = sqllogictest.ReadWaivers(*waivers); err != nil {
			fmt.Fprintln(os.Stderr, "sltrun:", err)
			return 2
		}
	}
	modes := []sqllogictest.Mode{sqllogictest.Mode(*mode)}
	if *mode == "all" {
		modes = sqllogictest.Modes
	}
	for _, m := range modes {
		if !slices.Contains(sqllogictest.Modes, m) {
			fmt.Fprintf(os.Stderr, "sltrun: mode %q is not known\n", m)
			return 2
		}
	}
	code := 0
	for _, path := range flags.Args() {
		name := path
		if rel, err := filepath.Rel(*root, path); *root != "" && err == nil {
			name = filepath.ToSlash(rel)
		}
		if *rewrite {
			if err := sqllogictest.Rewrite(ctx, opts, path); err != nil {
				fmt.Fprintln(os.Stderr, "sltrun:", err)
				code = 1
			}
			continue
		}
		for _, opts.Mode = range modes {
			code = max(code, one(ctx, opts, path, name, *floor, *show))
		}
	}
	return code
}

func one(ctx context.Context, opts sqllogictest.Options, path, name string, floor, show int) int {
	began := time.Now()
	report, err := sqllogictest.RunFile(ctx, opts, path, name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sltrun:", err)
		return 2
	}
	fmt.Printf("%s  [%.1fs]\n", report, time.Since(began).Seconds())
	for _, f := range report.Failures[:min(show, len(report.Failures))] {
		fmt.Println(f)
	}
	if err := report.Err(floor); err != nil {
		return 1
	}
	return 0
}
