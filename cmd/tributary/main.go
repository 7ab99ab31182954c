// Command tributary is the server: a PostgreSQL-wire database, a Kafka broker and a streaming
// SQL engine over one log.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := newRoot()
	if err := root.Execute(); err != nil {
		if !errors.Is(err, errSilent) {
			fmt.Fprintf(os.Stderr, "tributary: %v\n", err)
		}
		os.Exit(1)
	}
}

// errSilent ends the program with exit code 1 when the reason has been printed.
var errSilent = errors.New("failed")

func newRoot() *cobra.Command {
	root := newServe()
	root.AddCommand(newDemo(), newGenerate(), newDebug())
	return root
}
