package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/server"
)

// newDemo is `tributary demo`: the server with an auction site in it.
func newDemo() *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Serve with an auction site that fills itself, and views over it",
		Long: `Starts the server and creates streams that fill themselves with the events of an auction
site, two views and a sink over them, and prints what to try. Without --data-dir it runs on a
directory that is removed at the end. All settings of the server hold.`,
		Example: `  tributary demo
  tributary demo --data-dir ./demo --pg-listen 127.0.0.1:5433`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	loader := config.NewLoader(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if !c.Flags().Changed("data-dir") && !c.Flags().Changed("config") && os.Getenv("TRIBUTARY_DATA_DIR") == "" && os.Getenv("TRIBUTARY_CONFIG") == "" {
			dir, mkErr := os.MkdirTemp("", "tributary-demo-")
			if mkErr != nil {
				return mkErr
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			if err := c.Flags().Set("data-dir", dir); err != nil {
				return err
			}
		}
		cfg, warnings, err := loader.Load(os.Environ())
		if err != nil {
			return err
		}
		out := c.OutOrStdout()
		return serve(c.Context(), cfg, warnings, out, func(ctx context.Context, s *server.Server) error {
			return startDemo(ctx, out, s)
		})
	}
	return c
}

// demoRate is events per second: enough to see change, little enough for a laptop's battery.
const demoRate = 500

// demoStatements make the demo; they may run again on a directory that has it.
func demoStatements(now time.Time) []string {
	var out []string
	for _, table := range []string{"person", "auction", "bid"} {
		out = append(out, fmt.Sprintf(
			"CREATE STREAM IF NOT EXISTS %s WITH (connector = 'nexmark', table = '%[1]s', rate = '%d', base_time = '%s')",
			table, demoRate, now.UTC().Format(time.DateTime)))
	}
	return append(out,
		`CREATE MATERIALIZED VIEW IF NOT EXISTS bids_per_minute AS
  SELECT TUMBLE_START(date_time, INTERVAL '1 minute') AS minute, count(*) AS bids, max(price) AS highest
  FROM bid GROUP BY TUMBLE(date_time, INTERVAL '1 minute')`,
		`CREATE MATERIALIZED VIEW IF NOT EXISTS categories AS
  SELECT a.category, count(*) AS bids, avg(b.price) AS average
  FROM bid b JOIN auction a ON a.id = b.auction GROUP BY a.category`,
		`CREATE SINK IF NOT EXISTS high_bids TO TOPIC 'high-bids' AS
  SELECT auction, bidder, price, date_time FROM bid WHERE price > 50000000`)
}

// startDemo creates what the demo shows and says how to look at it.
func startDemo(ctx context.Context, out io.Writer, s *server.Server) error {
	pg := hostPort(s.PGAddr)
	conn, err := pgx.Connect(ctx, fmt.Sprintf("postgres://tributary@%s/tributary?sslmode=prefer", s.PGAddr))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, statement := range demoStatements(time.Now()) {
		if _, err := conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	psql := fmt.Sprintf("psql -h %s -p %s -U tributary tributary", pg[0], pg[1])
	fmt.Fprintf(out, `
An auction site is open: %d events a second go into the streams person, auction and bid.

Results that are always up to date:
  %[2]s -c "SELECT * FROM bids_per_minute ORDER BY minute DESC LIMIT 5"
  %[2]s -c "SELECT * FROM categories ORDER BY category"

Watch one change, until Ctrl-C:
  %[2]s -c "COPY (SUBSCRIBE TO categories) TO STDOUT"

The same log over Kafka: the bids as they come, and what the sink writes:
  kcat -C -b %[3]s -t bid -o end
  kcat -C -b %[3]s -t high-bids -o beginning

A view of your own (then read it, or watch it as above):
  %[2]s -c "CREATE MATERIALIZED VIEW sellers AS SELECT seller, count(*) AS auctions FROM auction GROUP BY seller"

Ctrl-C here ends the demo.
`, demoRate, psql, s.KafkaAddr)
	return nil
}
