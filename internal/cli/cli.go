// Package cli is what the command lines of the product's programs have in common: what is not
// understood ends with exit code 2 and says what was likely meant.
package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tributary-db/tributary/internal/suggest"
)

// UsageError is a command line that is not understood: exit code 2.
type UsageError struct{ error }

// Usage makes one.
func Usage(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

func (e UsageError) Unwrap() error { return e.error }

// ExitCode of a program that ends with err, which is not nil.
func ExitCode(err error) int {
	if usage := (UsageError{}); errors.As(err, &usage) {
		return 2
	}
	return 1
}

// UsageErrors marks what c and its subcommands say of their arguments.
func UsageErrors(c *cobra.Command) {
	c.SuggestionsMinimumDistance = 2 // the default, set by cobra only where it runs by itself
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			if err == nil {
				return nil
			}
			if len(args) > 0 {
				if near := c.SuggestionsFor(args[0]); len(near) > 0 {
					return Usage("%w, did you mean %q?", err, near[0])
				}
			}
			return Usage("%w (see %s --help)", err, c.CommandPath())
		}
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if unknown := (*pflag.NotExistError)(nil); errors.As(err, &unknown) {
			if near := nearFlag(c, unknown.GetSpecifiedName()); near != "" {
				return Usage("%w, did you mean --%s?", err, near)
			}
		}
		return Usage("%w (see %s --help)", err, c.CommandPath())
	})
	for _, sub := range c.Commands() {
		UsageErrors(sub)
	}
}

// nearFlag is the flag of c that was likely meant by a name that none has.
func nearFlag(c *cobra.Command, name string) string {
	return suggest.Nearest(strings.ReplaceAll(name, "_", "-"), func(yield func(string) bool) {
		more := true
		c.Flags().VisitAll(func(f *pflag.Flag) { more = more && yield(f.Name) })
	})
}

// Group makes a command that only holds others: alone it prints its help.
func Group(c *cobra.Command) *cobra.Command {
	c.Args, c.SilenceUsage, c.SilenceErrors = cobra.NoArgs, true, true
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return c
}
