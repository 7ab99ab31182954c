package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tributary-db/tributary/internal/cli"
	"github.com/tributary-db/tributary/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "streamctl: %v\n", err)
		os.Exit(cli.ExitCode(err))
	}
}

func newRoot() *cobra.Command {
	a := &app{}
	root := cli.Group(&cobra.Command{
		Use: "streamctl", Short: "Topics, records, consumer groups, segments and queries of a Tributary server",
		Long: `streamctl talks to a running server: over the Kafka protocol (topic, produce, consume, group) and over SQL (query, segment
list). It is no part of the server and changes nothing that other clients could not.`,
		Example: `  streamctl topic create orders --partitions 3 --retention 7d
  echo '{"id": 1}' | streamctl produce orders
  streamctl consume orders --from-beginning
  streamctl query create busy --sql 'SELECT id, count(*) FROM orders GROUP BY id'
  streamctl query select busy --output json`,
	})
	a.flags(root.PersistentFlags())
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return a.check() }
	root.AddCommand(newTopic(a), newProduce(a), newConsume(a), newGroup(a), newSegment(a), newQuery(a), &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "streamctl %s\n", version.Version)
			return err
		},
	})
	silence(root)
	cli.UsageErrors(root)
	return root
}

// silence leaves it to main to say what went wrong.
func silence(c *cobra.Command) {
	c.SilenceUsage, c.SilenceErrors = true, true
	for _, sub := range c.Commands() {
		silence(sub)
	}
}
