package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// options of a run.
type options struct {
	binary  string
	seconds float64
	records int
	only    string
	beside  string
	rows    int
	groups  int
	part    string
	minutes time.Duration
	coldMB  int
	scale   float64
	queries string
	tries   int
	python  string
	events  int
}

// wants reports whether a query is among those that are to run.
func (o *options) wants(query string) bool {
	return o.queries == "" || slices.Contains(strings.Split(o.queries, ","), query)
}

func (o *options) duration() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/tributary", "server to measure")
	flag.Float64Var(&o.seconds, "seconds", 3, "length of a measurement of a rate")
	flag.IntVar(&o.records, "records", 300_000, "JSON records of the view that is measured")
	flag.StringVar(&o.only, "only", "", "part of the name of what to measure: produce, beside Kafka, latency, view, select, writes, copy, spill, shards, s3, cold, trickle; empty = all")
	flag.StringVar(&o.beside, "beside", "", "another build of the server to measure by turns (-only writes)")
	flag.IntVar(&o.rows, "rows", 8_000_000, "rows of a table (-only restart, -only size)")
	flag.IntVar(&o.groups, "groups", 50_000_000, "groups of the view that is larger than memory (-only size)")
	flag.StringVar(&o.part, "part", "", "groups, join, text: what is larger than memory (-only size); empty = all")
	flag.DurationVar(&o.minutes, "for", 10*time.Minute, "length of the run (-only steady)")
	flag.IntVar(&o.coldMB, "cold", 512, "MB of records of each topic that is read cold (-only cold)")
	flag.Float64Var(&o.scale, "scale", 1, "scale factor of TPC-H (-only sql)")
	flag.StringVar(&o.queries, "queries", "", "queries of TPC-H, as 1,6,17 (-only sql), or of Nexmark, as q1,q15 (-only nexmark); empty = all")
	flag.IntVar(&o.events, "events", 1_000_000, "events of Nexmark (-only nexmark)")
	flag.IntVar(&o.tries, "tries", 3, "how often a query runs on each engine (-only sql); the quickest counts")
	flag.StringVar(&o.python, "python", "python3", "Python with the package duckdb (-only sql)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.only == "restart" {
		return benchRestart(ctx, o)
	}
	if o.only == "steady" {
		return benchSteady(ctx, o)
	}
	if o.only == "size" {
		return benchSize(ctx, o)
	}
	if o.only == "sql" {
		return benchSQL(ctx, o)
	}
	if o.only == "nexmark" {
		return benchNexmark(ctx, o)
	}
	fmt.Printf("%s\n%s\n\n", strings.Join(append([]string{"go run ./bench"}, os.Args[1:]...), " "), machine())
	t := newTable(os.Stdout)
	for _, part := range []struct {
		name string
		run  func(context.Context, options, *table) error
	}{
		{"produce", benchLocalKafka}, {"beside Kafka", benchBeside}, {"latency", benchLatency}, {"view", benchView}, {"select", benchSelect}, {"writes", benchWrites}, {"copy", benchCopy}, {"spill", benchSpill}, {"shards", benchShards}, {"shards of views", benchShardViews}, {"s3", benchS3}, {"cold", benchCold}, {"trickle", benchTrickle},
	} {
		if !strings.Contains(part.name, o.only) {
			continue
		}
		if err := part.run(ctx, o, t); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}
