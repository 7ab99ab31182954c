// Command tributary is the server: a PostgreSQL-wire database, a Kafka broker and a streaming
// SQL engine over one log.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tributary-db/tributary/internal/cli"
	"github.com/tributary-db/tributary/server"
)

func main() {
	root := newRoot()
	if err := root.Execute(); err != nil {
		if !errors.Is(err, errSilent) {
			fmt.Fprintf(os.Stderr, "tributary: %v\n", err)
		}
		os.Exit(cli.ExitCode(err))
	}
}

// newVersion is `tributary version`.
func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "tributary %s\n", server.Version)
			return err
		},
	}
}

// errSilent ends the program with exit code 1 when the reason has been printed.
var errSilent = errors.New("failed")

func newRoot() *cobra.Command {
	root := newServe()
	root.AddCommand(newDemo(), newGenerate(), newRecover(), newBackup(), newRestore(), newDebug(), newVersion(), newSettingsHelp())
	groupedHelp(root)
	cli.UsageErrors(root)
	return root
}
