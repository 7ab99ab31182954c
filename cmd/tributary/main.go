// Command tributary is the server: a PostgreSQL-wire database, a Kafka broker and a streaming
// SQL engine over one log.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tributary-db/tributary/internal/suggest"
	"github.com/tributary-db/tributary/server"
)

func main() {
	root := newRoot()
	if err := root.Execute(); err != nil {
		if !errors.Is(err, errSilent) {
			fmt.Fprintf(os.Stderr, "tributary: %v\n", err)
		}
		os.Exit(exitCode(err))
	}
}

// usageError is a command line that is not understood: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func exitCode(err error) int {
	if usage := (usageError{}); errors.As(err, &usage) {
		return 2
	}
	return 1
}

// usageErrors marks what c and its subcommands say of their arguments.
func usageErrors(c *cobra.Command) {
	c.SuggestionsMinimumDistance = 2 // the default, set by cobra only where it runs by itself
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			if err == nil {
				return nil
			}
			if len(args) > 0 {
				if near := c.SuggestionsFor(args[0]); len(near) > 0 {
					return usageError{fmt.Errorf("%w, did you mean %q?", err, near[0])}
				}
			}
			return usageError{fmt.Errorf("%w (see %s --help)", err, c.CommandPath())}
		}
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if unknown := (*pflag.NotExistError)(nil); errors.As(err, &unknown) {
			if near := nearFlag(c, unknown.GetSpecifiedName()); near != "" {
				return usageError{fmt.Errorf("%w, did you mean --%s?", err, near)}
			}
		}
		return usageError{fmt.Errorf("%w (see %s --help)", err, c.CommandPath())}
	})
	for _, sub := range c.Commands() {
		usageErrors(sub)
	}
}

// nearFlag is the flag of c that was likely meant by a name that none has.
func nearFlag(c *cobra.Command, name string) string {
	return suggest.Nearest(strings.ReplaceAll(name, "_", "-"), func(yield func(string) bool) {
		more := true
		c.Flags().VisitAll(func(f *pflag.Flag) { more = more && yield(f.Name) })
	})
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

// group makes a command that only holds others: alone it prints its help.
func group(c *cobra.Command) *cobra.Command {
	c.Args, c.SilenceUsage, c.SilenceErrors = cobra.NoArgs, true, true
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return c
}

// errSilent ends the program with exit code 1 when the reason has been printed.
var errSilent = errors.New("failed")

func newRoot() *cobra.Command {
	root := newServe()
	root.AddCommand(newDemo(), newGenerate(), newDebug(), newVersion(), newSettingsHelp())
	groupedHelp(root)
	usageErrors(root)
	return root
}
