package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tributary-db/tributary/internal/config"
)

// helpWidth is what help is wrapped at.
const helpWidth = 110

// groupedHelp prints the flags of root, and of its commands, that are settings under their
// headings, one sentence each; other commands keep cobra's help.
func groupedHelp(root *cobra.Command) {
	usual := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		if c.Flags().Lookup(config.Definitions()[0].Flag()) == nil || c.HasParent() && c.Name() != "demo" {
			usual(c, args)
			return
		}
		printHelp(c.OutOrStdout(), c)
	})
}

func printHelp(out io.Writer, c *cobra.Command) {
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	fmt.Fprintf(out, "%s\n\nUsage:\n  %s [flags]\n", c.Long, c.CommandPath())
	if len(c.Commands()) > 0 {
		fmt.Fprintf(out, "  %s [command]\n", c.CommandPath())
	}
	fmt.Fprintf(out, "\nExamples:\n%s\n", c.Example)
	if len(c.Commands()) > 0 {
		fmt.Fprint(out, "\nCommands:\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() || sub.Name() == "help" {
				fmt.Fprintf(out, "  %-12s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	left := pflag.NewFlagSet("", pflag.ContinueOnError)
	c.Flags().VisitAll(left.AddFlag)
	for _, g := range settingGroups() {
		set := pflag.NewFlagSet("", pflag.ContinueOnError)
		set.SortFlags = false
		for _, d := range g {
			f := *c.Flags().Lookup(d.Flag())
			first, _, _ := strings.Cut(strings.TrimSuffix(d.Doc, "."), ". ")
			f.Usage = strings.ReplaceAll(first, "`", "'")
			if len(d.Choices) > 0 {
				f.Usage += " (" + strings.Join(d.Choices, " | ") + ")"
			}
			set.AddFlag(&f)
			left.Lookup(d.Flag()).Hidden = true
		}
		fmt.Fprintf(out, "\n%s:\n%s", g[0].Group, set.FlagUsagesWrapped(helpWidth))
	}
	fmt.Fprintf(out, "\nOthers:\n%s", left.FlagUsagesWrapped(helpWidth))
}

// settingGroups are the settings by heading.
func settingGroups() (groups [][]*config.Definition) {
	for _, d := range config.Definitions() {
		if n := len(groups); n == 0 || groups[n-1][0].Group != d.Group {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], d)
	}
	return groups
}

// newSettingsHelp is `tributary help settings`: everything about every setting. It does nothing
// but print it.
func newSettingsHelp() *cobra.Command {
	c := &cobra.Command{Use: "settings", Short: "Every setting, with its meaning, range, default and variable (help only)"}
	c.SetHelpFunc(func(c *cobra.Command, _ []string) { printSettings(c.OutOrStdout()) })
	return c
}

func printSettings(out io.Writer) {
	fmt.Fprint(out, "A flag wins over the variable, that over the file that --config names, that over the default.\n"+
		"Sizes take B, kB, MB, GB, TB; times us, ms, s, min, h, d.\n")
	for _, g := range settingGroups() {
		fmt.Fprintf(out, "\n%s\n", strings.ToUpper(g[0].Group))
		for _, d := range g {
			fmt.Fprintf(out, "\n  --%s, %s, %s = %s\n", d.Flag(), d.Variable(), d.Name, shown(d))
			for _, line := range wrapped(strings.ReplaceAll(d.Doc, "`", "'"), helpWidth-6) {
				fmt.Fprintf(out, "      %s\n", line)
			}
		}
	}
}

// shown is a setting's default and what else it can be.
func shown(d *config.Definition) string {
	def := d.Default
	if def == "" {
		def = "''"
	}
	switch {
	case len(d.Choices) > 0:
		return def + " (" + strings.Join(d.Choices, " | ") + ")"
	case d.Min != "" && d.Max != "":
		return fmt.Sprintf("%s (%s, %s to %s)", def, d.Kind, d.Min, d.Max)
	}
	return fmt.Sprintf("%s (%s)", def, d.Kind)
}

// wrapped breaks text between words.
func wrapped(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
