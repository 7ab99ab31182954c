package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/epoch"
)

// TestFencedLeaderEpoch: a client that knows an older leader epoch than the current one, that of before an accepted loss, is
// told FENCED_LEADER_EPOCH by everything that carries the epoch; one that knows a newer one UNKNOWN_LEADER_EPOCH; and
// one that knows the current one, or none, is served.
func TestFencedLeaderEpoch(t *testing.T) {
	b := startReal(t, func(c *Config) { c.Epochs = epoch.New([]epoch.Row{{}, {}}) })
	b.createTopic(t, "a", 1, nil)
	topic, _ := b.cfg.Log.TopicByName("a")
	w := b.dial(t)
	ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", 0, recordBatch(t, []byte("k"), []byte("v"))))
	for current, want := range map[int32]int16{
		-1: 0, 2: 0, 0: kerr.FencedLeaderEpoch.Code, 1: kerr.FencedLeaderEpoch.Code, 3: kerr.UnknownLeaderEpoch.Code,
	} {
		fetch := fetchOf(13, topic, 0, 0)
		fetch.MaxWaitMillis = 0
		fetch.Topics[0].Partitions[0].CurrentLeaderEpoch = current
		if p := ask[*kmsg.FetchResponse](w, fetch).Topics[0].Partitions[0]; p.ErrorCode != want || (len(p.RecordBatches) > 0) != (want == 0) {
			t.Errorf("fetch at epoch %d: %+v", current, p)
		}
		list := kmsg.NewPtrListOffsetsRequest()
		list.Version = 7
		lt := kmsg.NewListOffsetsRequestTopic()
		lp := kmsg.NewListOffsetsRequestTopicPartition()
		lp.Timestamp, lp.CurrentLeaderEpoch = -1, current
		lt.Topic, lt.Partitions = "a", append(lt.Partitions, lp)
		list.Topics = append(list.Topics, lt)
		if p := ask[*kmsg.ListOffsetsResponse](w, list).Topics[0].Partitions[0]; p.ErrorCode != want || (p.Offset == 2) != (want == 0) {
			t.Errorf("offsets at epoch %d: %+v", current, p)
		}
		end := kmsg.NewPtrOffsetForLeaderEpochRequest()
		end.Version = 4
		et := kmsg.NewOffsetForLeaderEpochRequestTopic()
		ep := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
		ep.LeaderEpoch, ep.CurrentLeaderEpoch = 2, current
		et.Topic, et.Partitions = "a", append(et.Partitions, ep)
		end.Topics = append(end.Topics, et)
		if p := ask[*kmsg.OffsetForLeaderEpochResponse](w, end).Topics[0].Partitions[0]; p.ErrorCode != want || (p.EndOffset == 2) != (want == 0) {
			t.Errorf("end of an epoch at epoch %d: %+v", current, p)
		}
	}
}
