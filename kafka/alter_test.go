package kafka

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestCreatePartitions: by a real client over a real log; the new partitions take records.
func TestCreatePartitions(t *testing.T) {
	b := startReal(t, nil)
	ctx := testContext(t)
	cl := b.client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	adm := kadm.NewClient(cl)
	if _, err := adm.CreateTopic(ctx, 2, 1, nil, "orders"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		topic string
		to    int
		want  error
	}{
		{"orders", 2, kerr.InvalidPartitions}, {"orders", 1, kerr.InvalidPartitions}, {"orders", 20_000, kerr.InvalidPartitions},
		{"nothing", 3, kerr.UnknownTopicOrPartition},
	} {
		got, err := adm.UpdatePartitions(ctx, c.to, c.topic)
		if err != nil {
			t.Fatal(err)
		}
		if got[c.topic].Err != c.want {
			t.Errorf("%s to %d: %v, want %v", c.topic, c.to, got[c.topic].Err, c.want)
		}
	}
	if got, err := adm.ValidateUpdatePartitions(ctx, 5, "orders"); err != nil || got["orders"].Err != nil {
		t.Fatalf("validate: %v, %v", got, err)
	}
	if topics, err := adm.ListTopics(ctx, "orders"); err != nil || len(topics["orders"].Partitions) != 2 {
		t.Fatalf("a validation made %v, %v", topics, err)
	}
	if got, err := adm.UpdatePartitions(ctx, 5, "orders"); err != nil || got["orders"].Err != nil {
		t.Fatalf("%v, %v", got, err)
	}
	cl.ForceMetadataRefresh()
	other := b.client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	r := other.ProduceSync(ctx, &kgo.Record{Topic: "orders", Partition: 4, Value: []byte("x")})
	if err := r.FirstErr(); err != nil {
		t.Fatal(err)
	}
	ends, err := adm.ListEndOffsets(ctx, "orders")
	if err != nil || len(ends["orders"]) != 5 || ends["orders"][4].Offset != 1 {
		t.Fatalf("ends %v, %v", ends, err)
	}
	req := kmsg.NewPtrCreatePartitionsRequest()
	for _, to := range []int32{6, 7} {
		one := kmsg.NewCreatePartitionsRequestTopic()
		one.Topic, one.Count = "orders", to
		req.Topics = append(req.Topics, one)
	}
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range resp.Topics {
		if one.ErrorCode != kerr.InvalidRequest.Code {
			t.Errorf("a topic named twice: %v", kerr.ErrorForCode(one.ErrorCode))
		}
	}
}

// TestAlterConfigs: what DescribeConfigs shows after each kind of change, and what is refused.
func TestAlterConfigs(t *testing.T) {
	b := startReal(t, nil)
	ctx := testContext(t)
	cl := b.client(t)
	adm := kadm.NewClient(cl)
	if _, err := adm.CreateTopic(ctx, 1, -1, nil, "orders"); err != nil {
		t.Fatal(err)
	}
	shown := func() string {
		t.Helper()
		configs, err := adm.DescribeTopicConfigs(ctx, "orders")
		if err != nil {
			t.Fatal(err)
		}
		var set []string
		for _, c := range configs[0].Configs {
			if c.Source == kmsg.ConfigSourceDynamicTopicConfig {
				set = append(set, c.Key+"="+*c.Value)
			}
		}
		return strings.Join(set, " ")
	}
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		what string
		op   kadm.IncrementalOp
		key  string
		val  *string
		want error
		then string
	}{
		{"set", kadm.SetConfig, "retention.ms", text("5000"), nil, "retention.ms=5000"},
		{"append to a default", kadm.AppendConfig, "cleanup.policy", text("compact"), nil, "cleanup.policy=delete,compact retention.ms=5000"},
		{"append twice", kadm.AppendConfig, "cleanup.policy", text("compact"), nil, "cleanup.policy=delete,compact retention.ms=5000"},
		{"subtract", kadm.SubtractConfig, "cleanup.policy", text("delete"), nil, "cleanup.policy=compact retention.ms=5000"},
		{"subtract the last", kadm.SubtractConfig, "cleanup.policy", text("compact"), kerr.InvalidConfig, "cleanup.policy=compact retention.ms=5000"},
		{"append to a number", kadm.AppendConfig, "retention.ms", text("1"), kerr.InvalidConfig, "cleanup.policy=compact retention.ms=5000"},
		{"delete", kadm.DeleteConfig, "cleanup.policy", nil, nil, "retention.ms=5000"},
		{"unknown", kadm.SetConfig, "bogus", text("1"), kerr.InvalidConfig, "retention.ms=5000"},
		{"bad value", kadm.SetConfig, "retention.ms", text("x"), kerr.InvalidConfig, "retention.ms=5000"},
		{"null", kadm.SetConfig, "retention.ms", nil, kerr.InvalidRequest, "retention.ms=5000"},
	} {
		got, err := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: c.op, Name: c.key, Value: c.val}}, "orders")
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Err != c.want || shown() != c.then {
			t.Errorf("%s: %v, want %v; shown %q, want %q", c.what, got[0].Err, c.want, shown(), c.then)
		}
	}
	if got, err := adm.ValidateAlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: "segment.ms", Value: text("7")}}, "orders"); err != nil || got[0].Err != nil || shown() != "retention.ms=5000" {
		t.Errorf("validate: %v, %v; shown %q", got, err, shown())
	}
	if got, err := adm.AlterTopicConfigsState(ctx, []kadm.AlterConfig{{Name: "segment.ms", Value: text("7")}}, "orders"); err != nil || got[0].Err != nil || shown() != "segment.ms=7" {
		t.Errorf("AlterConfigs replaces: %v, %v; shown %q", got, err, shown())
	}
	if got, err := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: "segment.ms", Value: text("7")}}, "nothing"); err != nil || got[0].Err != kerr.UnknownTopicOrPartition {
		t.Errorf("a topic that is not there: %v, %v", got, err)
	}
	if got, err := adm.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Name: "log.retention.ms", Value: text("7")}}, 1); err != nil || got[0].Err != kerr.InvalidRequest {
		t.Errorf("the broker: %v, %v", got, err)
	}
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.IncludeDocumentation, req.IncludeSynonyms = true, true
	for _, kind := range []kmsg.ConfigResourceType{kmsg.ConfigResourceTypeTopic, kmsg.ConfigResourceTypeBroker, kmsg.ConfigResourceTypeGroupConfig} {
		one := kmsg.NewDescribeConfigsRequestResource()
		one.ResourceType, one.ResourceName = kind, map[kmsg.ConfigResourceType]string{kmsg.ConfigResourceTypeTopic: "orders", kmsg.ConfigResourceTypeGroupConfig: "g"}[kind]
		req.Resources = append(req.Resources, one)
	}
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range resp.Resources {
		if r.ErrorCode != 0 || len(r.Configs) == 0 {
			t.Errorf("configs of %v: %v, %d", r.ResourceType, kerr.ErrorForCode(r.ErrorCode), len(r.Configs))
		}
		for _, c := range r.Configs {
			if c.Documentation == nil || *c.Documentation == "" || len(c.ConfigSynonyms) == 0 || c.ConfigType == 0 {
				t.Errorf("%s is not documented: %+v", c.Name, c)
			}
		}
	}
}

// TestDeleteRecords: by a real client; what is deleted is out of range, and what is refused.
func TestDeleteRecords(t *testing.T) {
	b := startReal(t, nil)
	ctx := testContext(t)
	cl := b.client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	adm := kadm.NewClient(cl)
	compact := "compact"
	if _, err := adm.CreateTopic(ctx, 2, 1, nil, "orders"); err != nil {
		t.Fatal(err)
	}
	if _, err := adm.CreateTopic(ctx, 1, 1, map[string]*string{"cleanup.policy": &compact}, "keyed"); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		r := &kgo.Record{Topic: "orders", Value: []byte{byte(i)}, Timestamp: time.UnixMilli(1_700_000_000_000 + int64(i))}
		if err := cl.ProduceSync(ctx, r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		topic     string
		partition int32
		offset    int64
		want      error
		low       int64
	}{
		{"orders", 0, 4, nil, 4}, {"orders", 0, 2, nil, 4}, {"orders", 0, 11, kerr.OffsetOutOfRange, -1}, {"orders", 0, -2, kerr.OffsetOutOfRange, -1},
		{"orders", 1, -1, nil, 0}, {"keyed", 0, 0, kerr.PolicyViolation, -1},
	} {
		var o kadm.Offsets
		o.AddOffset(c.topic, c.partition, c.offset, -1)
		got, err := adm.DeleteRecords(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := got.Lookup(c.topic, c.partition)
		if r.Err != c.want || r.LowWatermark != c.low {
			t.Errorf("%s/%d to %d: %v, log start %d; want %v, %d", c.topic, c.partition, c.offset, r.Err, r.LowWatermark, c.want, c.low)
		}
	}
	starts, err := adm.ListStartOffsets(ctx, "orders")
	if err != nil || starts["orders"][0].Offset != 4 {
		t.Fatalf("earliest %v, %v", starts, err)
	}
	at, err := adm.ListOffsetsAfterMilli(ctx, 1_700_000_000_002, "orders")
	if err != nil || at["orders"][0].Offset != 4 {
		t.Errorf("the first record at a time whose record is deleted: %v, %v", at, err)
	}
	read := b.client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"orders": {0: kgo.NewOffset().At(1)}}), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	fetched := read.PollFetches(ctx)
	if err := fetched.Err(); err != nil || len(fetched.Records()) == 0 || fetched.Records()[0].Offset != 4 {
		t.Fatalf("from a deleted offset on: %v, %v", fetched.Records(), err)
	}
}
