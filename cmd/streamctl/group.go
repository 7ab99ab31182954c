package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tributary-db/tributary/internal/cli"
)

func newGroup(a *app) *cobra.Command {
	c := cli.Group(&cobra.Command{Use: "group", Short: "Show consumer groups, move their offsets, delete them"})
	c.AddCommand(newGroupList(a), newGroupDescribe(a), newGroupReset(a), newGroupDelete(a))
	return c
}

func newGroupList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the groups", Args: cobra.NoArgs,
		Example: "  streamctl group list",
		RunE: func(c *cobra.Command, _ []string) error {
			adm, err := a.admin(c.Context())
			if err != nil {
				return err
			}
			defer adm.Close()
			groups, err := adm.ListGroups(c.Context())
			if err != nil {
				return err
			}
			r := rows{columns: []column{"group", "state", "protocol"}}
			for _, g := range groups.Sorted() {
				r.add(g.Group, g.State, orNil(g.ProtocolType))
			}
			return a.print(c.OutOrStdout(), r)
		},
	}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func newGroupDescribe(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "describe NAME", Short: "Show a group's offsets, how far it is behind, and who reads", Args: cobra.ExactArgs(1),
		Example: "  streamctl group describe audit",
	}
	c.ValidArgsFunction = names(1, a.groups)
	c.RunE = func(c *cobra.Command, args []string) error {
		adm, err := a.admin(c.Context())
		if err != nil {
			return err
		}
		defer adm.Close()
		lags, err := adm.Lag(c.Context(), args[0])
		if err != nil {
			return err
		}
		g := lags[args[0]]
		if err := g.Error(); err != nil {
			return fmt.Errorf("group %q: %w", args[0], err)
		}
		if g.State == "Dead" {
			return fmt.Errorf("group %q does not exist", args[0])
		}
		r := rows{columns: []column{"topic", "partition", "offset", "end_offset", "lag", "member", "host"}}
		for _, l := range g.Lag.Sorted() {
			var offset, lag, member, host any
			if l.Commit.At >= 0 {
				offset = l.Commit.At
			}
			if l.Lag >= 0 {
				lag = l.Lag
			}
			if l.Member != nil {
				member, host = l.Member.MemberID, l.Member.ClientHost
			}
			r.add(l.Topic, l.Partition, offset, l.End.Offset, lag, member, host)
		}
		return a.print(c.OutOrStdout(), r)
	}
	return c
}

// resetOptions are the flags of reset-offsets.
type resetOptions struct {
	topics           []string
	earliest, latest bool
	offset           int64
	time             string
	dryRun           bool
}

func newGroupReset(a *app) *cobra.Command {
	var o resetOptions
	c := &cobra.Command{
		Use: "reset-offsets NAME", Short: "Move a group's offsets; nobody may be reading", Args: cobra.ExactArgs(1),
		Long: "Moves the offsets of a group. A group that has members is refused: they would go on where they are. A group that does not exist is made.",
		Example: `  streamctl group reset-offsets audit --topic orders --to-earliest --dry-run
  streamctl group reset-offsets audit --topic orders/2 --to-offset 1000
  streamctl group reset-offsets audit --topic orders --to-time 2026-01-31T12:00:00Z`,
	}
	f := c.Flags()
	f.StringArrayVar(&o.topics, "topic", nil, "TOPIC or TOPIC/PARTITION; may come more than once; without it all that the group has offsets of")
	f.BoolVar(&o.earliest, "to-earliest", false, "to the earliest record")
	f.BoolVar(&o.latest, "to-latest", false, "behind the newest record")
	f.Int64Var(&o.offset, "to-offset", 0, "to this offset, or what is nearest to it")
	f.StringVar(&o.time, "to-time", "", "to the first record at or after this time (RFC 3339), or behind the newest")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be done, and do nothing")
	c.ValidArgsFunction = names(1, a.groups)
	c.RunE = func(c *cobra.Command, args []string) error { return a.resetOffsets(c, args[0], &o) }
	return c
}

func (a *app) resetOffsets(c *cobra.Command, group string, o *resetOptions) error {
	kinds := 0
	for _, name := range []string{"to-earliest", "to-latest", "to-offset", "to-time"} {
		if c.Flags().Changed(name) {
			kinds++
		}
	}
	if kinds != 1 {
		return cli.Usage("want one of --to-earliest, --to-latest, --to-offset and --to-time")
	}
	var at time.Time
	if o.time != "" {
		var err error
		if at, err = time.Parse(time.RFC3339Nano, o.time); err != nil {
			return cli.Usage("--to-time %q: want for instance 2026-01-31T12:00:00Z", o.time)
		}
	}
	ctx := c.Context()
	adm, err := a.admin(ctx)
	if err != nil {
		return err
	}
	defer adm.Close()
	described, err := adm.DescribeGroups(ctx, group)
	if err != nil {
		return err
	}
	if members := len(described[group].Members); members > 0 {
		return fmt.Errorf("group %q has %d members: stop them first", group, members)
	}
	have, err := adm.FetchOffsets(ctx, group)
	if err != nil {
		return err
	}
	asked, err := o.partitions(ctx, adm, have)
	if err != nil {
		return err
	}
	to, err := o.targets(ctx, adm, asked, at)
	if err != nil {
		return err
	}
	r := rows{columns: []column{"topic", "partition", "offset", "new_offset", "error"}}
	answers := kadm.OffsetResponses{}
	if !o.dryRun {
		if answers, err = adm.CommitOffsets(ctx, group, to); err != nil {
			return err
		}
	}
	failed := false
	for _, n := range to.Sorted() {
		var before, wrong any
		if h, ok := have.Lookup(n.Topic, n.Partition); ok && h.At >= 0 {
			before = h.At
		}
		if done, ok := answers.Lookup(n.Topic, n.Partition); ok && done.Err != nil {
			wrong, failed = reason(done.Err, ""), true
		}
		r.add(n.Topic, n.Partition, before, n.At, wrong)
	}
	return a.printed(c, r, failed)
}

// partitions that are to be moved.
func (o *resetOptions) partitions(ctx context.Context, adm *kadm.Client, have kadm.OffsetResponses) (kadm.TopicsSet, error) {
	out := kadm.TopicsSet{}
	if len(o.topics) == 0 {
		have.Each(func(r kadm.OffsetResponse) { out.Add(r.Topic, r.Partition) })
		if len(out) == 0 {
			return nil, cli.Usage("the group has no offsets: say --topic")
		}
		return out, nil
	}
	for _, text := range o.topics {
		topic, partition, all, err := parsePartition(text)
		if err != nil {
			return nil, cli.Usage("--topic %w", err)
		}
		found, err := findTopic(ctx, adm, topic)
		if err != nil {
			return nil, err
		}
		parts := found[topic].Partitions
		if _, ok := parts[partition]; !ok {
			return nil, fmt.Errorf("topic %q has no partition %d", topic, partition)
		}
		if !all {
			out.Add(topic, partition)
			continue
		}
		out.Add(topic, parts.Numbers()...)
	}
	return out, nil
}

// targets are the offsets to move to.
func (o *resetOptions) targets(ctx context.Context, adm *kadm.Client, asked kadm.TopicsSet, at time.Time) (kadm.Offsets, error) {
	topics := asked.Topics()
	starts, err := adm.ListStartOffsets(ctx, topics...)
	if err != nil {
		return nil, err
	}
	ends, err := adm.ListEndOffsets(ctx, topics...)
	if err != nil {
		return nil, err
	}
	var atTime kadm.ListedOffsets
	if o.time != "" {
		if atTime, err = adm.ListOffsetsAfterMilli(ctx, at.UnixMilli(), topics...); err != nil {
			return nil, err
		}
	}
	out := kadm.Offsets{}
	for _, topic := range topics {
		for _, p := range slices.Sorted(maps.Keys(asked[topic])) {
			start, _ := starts.Lookup(topic, p)
			end, _ := ends.Lookup(topic, p)
			if err := start.Err; err != nil {
				return nil, fmt.Errorf("offsets of %s/%d: %w", topic, p, err)
			}
			to := end.Offset
			switch {
			case o.earliest:
				to = start.Offset
			case o.time != "":
				if found, ok := atTime.Lookup(topic, p); ok && found.Err == nil && found.Offset >= 0 {
					to = found.Offset
				}
			case !o.latest:
				to = min(max(o.offset, start.Offset), end.Offset)
			}
			out.AddOffset(topic, p, to, -1)
		}
	}
	return out, nil
}

func newGroupDelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME…", Short: "Delete groups with their offsets; nobody may be reading", Args: cobra.MinimumNArgs(1),
		Example:           "  streamctl group delete audit",
		ValidArgsFunction: names(1<<20, a.groups),
		RunE: func(c *cobra.Command, args []string) error {
			adm, err := a.admin(c.Context())
			if err != nil {
				return err
			}
			defer adm.Close()
			gone, err := adm.DeleteGroups(c.Context(), args...)
			if err != nil {
				return err
			}
			r := rows{columns: []column{"group", "error"}}
			failed := false
			all := gone.Sorted()
			slices.SortFunc(all, func(x, y kadm.DeleteGroupResponse) int { return strings.Compare(x.Group, y.Group) })
			for _, g := range all {
				failed = failed || g.Err != nil
				r.add(g.Group, reason(g.Err, ""))
			}
			return a.printed(c, r, failed)
		},
	}
}
