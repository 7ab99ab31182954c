package compat

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// franzVersion is the version of the client that tests are made with.
func franzVersion() string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/twmb/franz-go").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.TrimPrefix(string(out), "v"))
}

// franz does a step with franz-go.
func (a at) franz(step string) (string, error) {
	ctx := a.context()
	switch step {
	case "produce", "secure":
		var rs []*kgo.Record
		for i := range records {
			rs = append(rs, &kgo.Record{Topic: a.name, Key: fmt.Append(nil, "k", i), Value: fmt.Append(nil, "v", i)})
		}
		return "", a.cl.ProduceSync(ctx, rs...).FirstErr()
	case "consume":
		return a.read(ctx, kgo.ConsumeTopics(a.name))
	case "group":
		return a.read(ctx, kgo.ConsumeTopics(a.name), kgo.ConsumerGroup(a.name), kgo.DisableAutoCommit())
	case "group848":
		return a.read(ctx, kgo.ConsumeTopics(a.name), kgo.ConsumerGroup(a.name), kgo.DisableAutoCommit(), kgo.ServerSideBalancer())
	case "transactions":
		return "", a.transact(ctx)
	}
	adm := kadm.NewClient(a.cl)
	if step == "lag" {
		lags, err := adm.Lag(ctx, a.name)
		return fmt.Sprint(lags[a.name].Lag.Total()), errors.Join(err, lags.Error())
	}
	hour := "3600000"
	if _, err := adm.CreateTopic(ctx, 2, -1, map[string]*string{"retention.ms": &hour}, a.name); err != nil {
		return "", err
	}
	_, err := adm.CreateTopic(ctx, 1, -1, nil, a.name+"-gone")
	configs, descErr := adm.DescribeTopicConfigs(ctx, a.name)
	if descErr == nil && !strings.Contains(fmt.Sprint(configs), "retention.ms") {
		descErr = errors.New("no retention.ms")
	}
	_, growErr := adm.UpdatePartitions(ctx, 4, a.name)
	_, goneErr := adm.DeleteTopic(ctx, a.name+"-gone")
	return "", errors.Join(err, descErr, growErr, goneErr)
}

func (a at) read(ctx context.Context, opts ...kgo.Opt) (string, error) {
	cl, err := kgo.NewClient(append(a.cl.Opts(), append(opts, kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)...)
	if err != nil {
		return "", err
	}
	defer cl.Close()
	var out strings.Builder
	for seen := 0; seen < records; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return "", err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			out.WriteString(string(r.Value) + "\n")
			seen++
		})
	}
	if group, _ := cl.GroupMetadata(); group != "" {
		err = cl.CommitUncommittedOffsets(ctx)
	}
	return out.String(), err
}

func (a at) transact(ctx context.Context) error {
	cl, err := kgo.NewClient(append(a.cl.Opts(), kgo.TransactionalID(a.name))...)
	if err != nil {
		return err
	}
	defer cl.Close()
	for _, word := range []string{"c", "a"} {
		if err := cl.BeginTransaction(); err != nil {
			return err
		}
		for i := range records {
			cl.Produce(ctx, &kgo.Record{Topic: a.name, Value: fmt.Append(nil, word, i)}, nil)
		}
		if err := errors.Join(cl.Flush(ctx), cl.EndTransaction(ctx, kgo.TransactionEndTry(word == "c"))); err != nil {
			return err
		}
	}
	return nil
}
