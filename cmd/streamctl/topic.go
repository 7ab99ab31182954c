package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/cli"
)

func newTopic(a *app) *cobra.Command {
	c := cli.Group(&cobra.Command{Use: "topic", Short: "Make, show, change and delete topics"})
	c.AddCommand(newTopicCreate(a), newTopicList(a), newTopicDescribe(a), newTopicAlter(a), newTopicDelete(a))
	return c
}

// topicOptions are what create and alter set.
type topicOptions struct {
	partitions int32
	retention  string
	configs    []string
}

func (o *topicOptions) flags(c *cobra.Command) {
	c.Flags().Int32Var(&o.partitions, "partitions", 0, "number of partitions")
	c.Flags().StringVar(&o.retention, "retention", "", "how long records are kept: 12h, 7d, forever")
	c.Flags().StringArrayVar(&o.configs, "config", nil, "a config, name=value; may come more than once")
}

// set are the configs that the flags give.
func (o *topicOptions) set() (map[string]*string, error) {
	out := map[string]*string{}
	add := func(name, value string) error {
		if _, twice := out[name]; twice {
			return cli.Usage("%s is given twice", name)
		}
		out[name] = &value
		return nil
	}
	for _, pair := range o.configs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, cli.Usage("--config %q: want name=value", pair)
		}
		if err := add(name, value); err != nil {
			return nil, err
		}
	}
	if o.retention != "" {
		millis, err := parseSpan(o.retention)
		if err != nil {
			return nil, cli.Usage("--retention: %w", err)
		}
		if err := add("retention.ms", strconv.FormatInt(millis, 10)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func newTopicCreate(a *app) *cobra.Command {
	var o topicOptions
	c := &cobra.Command{
		Use: "create NAME…", Short: "Make topics", Args: cobra.MinimumNArgs(1),
		Example: `  streamctl topic create orders --partitions 3 --retention 7d
  streamctl topic create latest --config cleanup.policy=compact`,
	}
	o.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		configs, err := o.set()
		if err != nil {
			return err
		}
		partitions := o.partitions
		if !c.Flags().Changed("partitions") {
			partitions = -1 // the server's default
		}
		adm, err := a.admin(c.Context())
		if err != nil {
			return err
		}
		defer adm.Close()
		made, err := adm.CreateTopics(c.Context(), partitions, -1, configs, args...)
		if err != nil {
			return err
		}
		r := rows{columns: []column{"topic", "partitions", "error"}}
		failed := false
		for _, t := range made.Sorted() {
			failed = failed || t.Err != nil
			r.add(t.Topic, countOrNil(t.NumPartitions), reason(t.Err, t.ErrMessage))
		}
		return a.printed(c, r, failed)
	}
	return c
}

func countOrNil(n int32) any {
	if n < 1 {
		return nil
	}
	return n
}

// reason is what a request says is wrong, nil if nothing is.
func reason(err error, message string) any {
	switch {
	case err == nil:
		return nil
	case message != "":
		return message
	}
	var k *kerr.Error
	if errors.As(err, &k) {
		return k.Message + ": " + k.Description
	}
	return err.Error()
}

// printed prints r, and makes the program fail if some of it did.
func (a *app) printed(c *cobra.Command, r rows, failed bool) error {
	if err := a.print(c.OutOrStdout(), r); err != nil {
		return err
	}
	if failed {
		return errSome
	}
	return nil
}

func newTopicList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the topics", Args: cobra.NoArgs,
		Example: "  streamctl topic list\n  streamctl topic list --output json | jq -r '.[].topic'",
		RunE: func(c *cobra.Command, _ []string) error {
			adm, err := a.admin(c.Context())
			if err != nil {
				return err
			}
			defer adm.Close()
			topics, err := adm.ListTopics(c.Context())
			if err != nil {
				return err
			}
			parts, err := describePartitions(c.Context(), adm, topics)
			if err != nil {
				return err
			}
			r := rows{columns: []column{"topic", "partitions", "offsets", "bytes"}}
			for _, name := range topics.Names() {
				var offsets, bytes int64
				for _, p := range parts[name] {
					offsets, bytes = offsets+p.end-p.start, bytes+p.bytes
				}
				r.add(name, len(parts[name]), offsets, bytes)
			}
			return a.print(c.OutOrStdout(), r)
		},
	}
}

// partitionFacts is what describe tells of a partition.
type partitionFacts struct {
	partition          int32
	start, end, stable int64
	bytes              int64
}

// describePartitions of topics, by their number.
func describePartitions(ctx context.Context, adm *kadm.Client, topics kadm.TopicDetails) (map[string][]partitionFacts, error) {
	names := topics.Names()
	out := map[string][]partitionFacts{}
	if len(names) == 0 {
		return out, nil // no names ask for all
	}
	starts, err := adm.ListStartOffsets(ctx, names...)
	if err != nil {
		return nil, err
	}
	ends, err := adm.ListEndOffsets(ctx, names...)
	if err != nil {
		return nil, err
	}
	stable, err := adm.ListCommittedOffsets(ctx, names...)
	if err != nil {
		return nil, err
	}
	dirs, err := adm.DescribeAllLogDirs(ctx, nil)
	if err != nil {
		return nil, err
	}
	for name, t := range topics {
		for _, p := range t.Partitions.Sorted() {
			f := partitionFacts{partition: p.Partition}
			for to, from := range map[*int64]kadm.ListedOffsets{&f.start: starts, &f.end: ends, &f.stable: stable} {
				o, _ := from.Lookup(name, p.Partition)
				if o.Err != nil {
					return nil, fmt.Errorf("offsets of %s/%d: %w", name, p.Partition, o.Err)
				}
				*to = o.Offset
			}
			dirs.Each(func(d kadm.DescribedLogDir) {
				if held, ok := d.Topics.Lookup(name, p.Partition); ok {
					f.bytes += held.Size
				}
			})
			out[name] = append(out[name], f)
		}
	}
	return out, nil
}

// topic finds one, an error if it does not exist.
func findTopic(ctx context.Context, adm *kadm.Client, name string) (kadm.TopicDetails, error) {
	topics, err := adm.ListTopics(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := topics[name].Err; err != nil {
		return nil, fmt.Errorf("topic %q: %w", name, err)
	}
	return topics, nil
}

func newTopicDescribe(a *app) *cobra.Command {
	var configs bool
	c := &cobra.Command{
		Use: "describe NAME", Short: "Show a topic's partitions, or its configs", Args: cobra.ExactArgs(1),
		Example: "  streamctl topic describe orders\n  streamctl topic describe orders --configs",
	}
	c.Flags().BoolVar(&configs, "configs", false, "its configs instead of its partitions")
	c.ValidArgsFunction = names(1, a.topics)
	c.RunE = func(c *cobra.Command, args []string) error {
		adm, err := a.admin(c.Context())
		if err != nil {
			return err
		}
		defer adm.Close()
		topics, err := findTopic(c.Context(), adm, args[0])
		if err != nil {
			return err
		}
		if configs {
			return a.printConfigs(c, adm, args[0])
		}
		parts, err := describePartitions(c.Context(), adm, topics)
		if err != nil {
			return err
		}
		r := rows{columns: []column{"partition", "start_offset", "end_offset", "last_stable_offset", "bytes"}}
		for _, p := range parts[args[0]] {
			r.add(p.partition, p.start, p.end, p.stable, p.bytes)
		}
		return a.print(c.OutOrStdout(), r)
	}
	return c
}

func (a *app) printConfigs(c *cobra.Command, adm *kadm.Client, topic string) error {
	described, err := adm.DescribeTopicConfigs(c.Context(), topic)
	if err != nil {
		return err
	}
	r := rows{columns: []column{"config", "value", "set"}}
	for _, t := range described {
		if t.Err != nil {
			return t.Err
		}
		for _, v := range t.Configs {
			r.add(v.Key, v.MaybeValue(), v.Source == kmsg.ConfigSourceDynamicTopicConfig)
		}
	}
	slices.SortFunc(r.values, func(x, y []any) int { return strings.Compare(x[0].(string), y[0].(string)) })
	return a.print(c.OutOrStdout(), r)
}

func newTopicAlter(a *app) *cobra.Command {
	var o topicOptions
	var remove []string
	c := &cobra.Command{
		Use: "alter NAME", Short: "Change a topic's configs, or give it more partitions", Args: cobra.ExactArgs(1),
		Example: "  streamctl topic alter orders --retention forever\n  streamctl topic alter orders --partitions 6\n  streamctl topic alter orders --delete-config retention.ms",
	}
	o.flags(c)
	c.Flags().StringArrayVar(&remove, "delete-config", nil, "a config that goes back to its default; may come more than once")
	c.ValidArgsFunction = names(1, a.topics)
	c.RunE = func(c *cobra.Command, args []string) error {
		set, err := o.set()
		if err != nil {
			return err
		}
		var changes []kadm.AlterConfig
		for _, name := range slices.Sorted(maps.Keys(set)) {
			changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: set[name]})
		}
		for _, name := range remove {
			changes = append(changes, kadm.AlterConfig{Op: kadm.DeleteConfig, Name: name})
		}
		if len(changes) == 0 && !c.Flags().Changed("partitions") {
			return cli.Usage("nothing to change: give --partitions, --retention, --config or --delete-config")
		}
		adm, err := a.admin(c.Context())
		if err != nil {
			return err
		}
		defer adm.Close()
		if len(changes) > 0 {
			altered, err := adm.AlterTopicConfigs(c.Context(), changes, args[0])
			if err != nil {
				return err
			}
			for _, t := range altered {
				if t.Err != nil {
					return fmt.Errorf("topic %q: %v", args[0], reason(t.Err, t.ErrMessage))
				}
			}
		}
		if c.Flags().Changed("partitions") {
			grown, err := adm.UpdatePartitions(c.Context(), int(o.partitions), args[0])
			if err != nil {
				return err
			}
			if t := grown[args[0]]; t.Err != nil {
				return fmt.Errorf("topic %q: %v", args[0], reason(t.Err, t.ErrMessage))
			}
		}
		return a.said(c.OutOrStdout(), "altered "+args[0], []column{"topic"}, args[0])
	}
	return c
}

func newTopicDelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME…", Short: "Delete topics with their records", Args: cobra.MinimumNArgs(1),
		Example:           "  streamctl topic delete orders",
		ValidArgsFunction: names(1<<20, a.topics),
		RunE: func(c *cobra.Command, args []string) error {
			adm, err := a.admin(c.Context())
			if err != nil {
				return err
			}
			defer adm.Close()
			gone, err := adm.DeleteTopics(c.Context(), args...)
			if err != nil {
				return err
			}
			r := rows{columns: []column{"topic", "error"}}
			failed := false
			for _, t := range gone.Sorted() {
				failed = failed || t.Err != nil
				r.add(t.Topic, reason(t.Err, t.ErrMessage))
			}
			return a.printed(c, r, failed)
		},
	}
}
