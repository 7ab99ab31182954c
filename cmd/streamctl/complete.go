package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// completeTimeout is how long the shell waits for names.
const completeTimeout = 2 * time.Second

// names completes arguments: the first `most` of them are names that list gives.
func names(most int, list func(context.Context) ([]string, error)) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx := c.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		ctx, cancel := context.WithTimeout(ctx, completeTimeout)
		defer cancel()
		found, err := list(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		found = slices.DeleteFunc(found, func(name string) bool { return slices.Contains(args, name) })
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) topics(ctx context.Context) ([]string, error) {
	adm, err := a.admin(ctx)
	if err != nil {
		return nil, err
	}
	defer adm.Close()
	all, err := adm.ListTopics(ctx)
	return all.Names(), err
}

func (a *app) groups(ctx context.Context) ([]string, error) {
	adm, err := a.admin(ctx)
	if err != nil {
		return nil, err
	}
	defer adm.Close()
	all, err := adm.ListGroups(ctx)
	return all.Groups(), err
}

func (a *app) queries(ctx context.Context) ([]string, error) {
	c, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close(ctx) }() // nothing is left to be said
	r, err := readRows(ctx, c, "SELECT schema, name FROM tributary.dataflows")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, v := range r.values {
		out = append(out, shortName(v[0].(string), v[1].(string)))
	}
	return out, nil
}
