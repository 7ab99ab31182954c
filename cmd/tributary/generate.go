package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tributary-db/tributary/internal/cli"
	"github.com/tributary-db/tributary/internal/nexmark"
)

// newGenerate is `tributary generate`: test data on standard output, no server needed.
func newGenerate() *cobra.Command {
	c := cli.Group(&cobra.Command{Use: "generate", Short: "Write test data to standard output"})
	c.AddCommand(newGenerateNexmark())
	return c
}

// generateOptions are the flags of `generate nexmark`.
type generateOptions struct {
	table    string
	events   int64
	baseTime string
	config   nexmark.Config
}

func newGenerateNexmark() *cobra.Command {
	var o generateOptions
	c := &cobra.Command{
		Use:   "nexmark",
		Short: "Write events of the Nexmark benchmark as JSON lines",
		Long: `Writes the events of the Nexmark benchmark, one JSON object a line.

The same seed, rate and base time give the same events everywhere. --table all writes every
event in one form with a place for each kind; --table bid (auction, person) writes only that
kind's share of the events, in the bytes that a stream with connector = 'nexmark' holds.`,
		Example: `  tributary generate nexmark --events 1000 | head -1
  tributary generate nexmark --table bid --events 1000 --seed 7 | kcat -P -b 127.0.0.1:9092 -t bid`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	f := c.Flags()
	f.StringVar(&o.table, "table", string(nexmark.TableAll), "all, bid, auction or person")
	f.Int64Var(&o.events, "events", 1000, "number of events of all tables together; 0 = endless")
	f.Uint64Var(&o.config.Seed, "seed", 0, "seed of the random values")
	f.Int64Var(&o.config.Rate, "rate", nexmark.DefaultRate, "events per second of event time")
	f.StringVar(&o.baseTime, "base-time", "2015-07-15 00:00:00", "time of the first event, UTC")
	f.Int64Var(&o.config.OutOfOrderGroup, "out-of-order", 1, "permute events inside groups of this many")
	c.RunE = func(c *cobra.Command, _ []string) error {
		// A reader that goes away makes writes fail instead of killing the process, so that the
		// end is a clean one.
		ctx, stop := signal.NotifyContext(context.WithoutCancel(c.Context()), syscall.SIGPIPE)
		defer stop()
		err := o.write(ctx, c.OutOrStdout())
		if errors.Is(err, syscall.EPIPE) {
			return nil
		}
		return err
	}
	return c
}

// write writes the events to w.
func (o *generateOptions) write(ctx context.Context, w io.Writer) (err error) {
	table := nexmark.Table(o.table)
	if table != nexmark.TableAll && nexmark.Columns(table) == nil {
		return fmt.Errorf("invalid value %q for --table: it must be all, bid, auction or person", o.table)
	}
	if o.events < 0 || o.events > nexmark.MaxEvents {
		return fmt.Errorf("invalid value %d for --events", o.events)
	}
	if o.config.BaseTime, err = nexmark.ParseTime(o.baseTime); err != nil {
		return err
	}
	g, err := nexmark.New(o.config)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 256<<10)
	var e nexmark.Event
	var line []byte
	for i := int64(0); (i < o.events || o.events == 0 && i < nexmark.MaxEvents) && ctx.Err() == nil; i++ {
		if !table.Has(g.Kind(i)) {
			continue
		}
		g.At(i, &e)
		if table == nexmark.TableAll {
			line = e.AppendWide(line[:0])
		} else {
			line = e.AppendFlat(line[:0])
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}
