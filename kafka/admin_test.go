package kafka

import (
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// TestDescribeTopicPartitions: pages of every size give every partition once, in order.
func TestDescribeTopicPartitions(t *testing.T) {
	b := start(t, nil)
	w := b.dial(t)
	var want []string
	for _, c := range []struct {
		name string
		n    int32
	}{{"a", 3}, {"b", 1}, {"c", 2500}} {
		b.createTopic(t, c.name, c.n, nil)
		for i := range c.n {
			want = append(want, fmt.Sprint(c.name, i))
		}
	}
	all := want
	for i := group.JournalPartitions - 1; i >= 0; i-- {
		all = slices.Insert(all, 0, fmt.Sprint(OffsetsTopic, i))
	}
	for _, limit := range []int32{1, 3, 4, 5, 1000, 5000} {
		for _, named := range []bool{false, true} {
			if limit == 1 && named {
				continue // 2,554 pages are enough once
			}
			want := all
			if named {
				want = all[group.JournalPartitions:]
			}
			req := kmsg.NewPtrDescribeTopicPartitionsRequest()
			req.ResponsePartitionLimit = limit
			if named {
				for _, name := range []string{"c", "a", "b", "a"} {
					req.Topics = append(req.Topics, kmsg.DescribeTopicPartitionsRequestTopic{Topic: name})
				}
			}
			var got []string
			for more := true; more; {
				resp := ask[*kmsg.DescribeTopicPartitionsResponse](w, req)
				page := 0
				for _, topic := range resp.Topics {
					if topic.ErrorCode != 0 {
						t.Fatalf("%s: %v", *topic.Topic, kerr.ErrorForCode(topic.ErrorCode))
					}
					for _, p := range topic.Partitions {
						got = append(got, fmt.Sprint(*topic.Topic, p.Partition))
						page++
					}
				}
				if page > int(min(limit, describedPartitions)) || page == 0 {
					t.Fatalf("limit %d: a page of %d", limit, page)
				}
				if more = resp.NextCursor != nil; more {
					req.Cursor = &kmsg.DescribeTopicPartitionsRequestCursor{Topic: resp.NextCursor.Topic, Partition: resp.NextCursor.Partition}
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("limit %d: %d partitions, want %d", limit, len(got), len(want))
			}
		}
	}
	req := kmsg.NewPtrDescribeTopicPartitionsRequest()
	for _, name := range []string{"nothing", "bad/name", "a"} {
		req.Topics = append(req.Topics, kmsg.DescribeTopicPartitionsRequestTopic{Topic: name})
	}
	codes := func() (codes []int16) {
		for _, topic := range ask[*kmsg.DescribeTopicPartitionsResponse](w, req).Topics {
			codes = append(codes, topic.ErrorCode)
		}
		return codes
	}
	req.ResponsePartitionLimit = 3
	if got := codes(); !slices.Equal(got, []int16{0, kerr.InvalidTopicException.Code, kerr.UnknownTopicOrPartition.Code}) {
		t.Errorf("%v", got)
	}
	req.ResponsePartitionLimit = 0
	if got := codes(); !slices.Equal(got, []int16{kerr.InvalidRequest.Code, kerr.InvalidRequest.Code, kerr.InvalidRequest.Code}) {
		t.Errorf("limit 0: %v", got)
	}
	req.ResponsePartitionLimit = 1
	// The topic of a cursor was deleted: the pages go on behind it.
	req.Cursor, req.Topics = &kmsg.DescribeTopicPartitionsRequestCursor{Topic: "aa", Partition: 7}, nil
	if got := ask[*kmsg.DescribeTopicPartitionsResponse](w, req); *got.Topics[0].Topic != "b" || len(got.Topics[0].Partitions) != 1 {
		t.Errorf("%+v", got)
	}
	if _, made := b.log.TopicByName("nothing"); made {
		t.Error("a topic was created by looking at it")
	}
}

// TestLeaderlessAnswers: what tools ask of replicas, leaders and features.
func TestLeaderlessAnswers(t *testing.T) {
	b := startReal(t, func(c *Config) { c.LogDir, c.Disk = "file:///data", func() (int64, int64) { return 1000, 400 } })
	ctx := testContext(t)
	b.createTopic(t, "a", 2, nil)
	b.createTopic(t, "b", 1, nil)
	cl := b.client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	adm := kadm.NewClient(cl)
	w := b.dial(t)

	value := make([]byte, 10_000)
	for i := range value {
		value[i] = byte(i * i >> 3)
	}
	for range 5 {
		if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "a", Partition: 1, Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	dirs, err := adm.DescribeBrokerLogDirs(ctx, 1, nil)
	if err != nil || len(dirs) != 1 {
		t.Fatalf("%v, %v", dirs, err)
	}
	dir := dirs["file:///data"]
	if p, ok := dir.Topics.Lookup("a", 1); !ok || p.Size < 100 || p.Size > 60_000 {
		t.Errorf("partition 1 has %d bytes", p.Size)
	}
	if p, ok := dir.Topics.Lookup("a", 0); !ok || p.Size != 0 || len(dir.Topics) != 3 {
		t.Errorf("partition 0 has %d bytes, %d topics", p.Size, len(dir.Topics))
	}
	describe := kmsg.NewPtrDescribeLogDirsRequest()
	describe.Version, describe.Topics = 5, []kmsg.DescribeLogDirsRequestTopic{{Topic: "a", Partitions: []int32{1, 9}}, {Topic: "x", Partitions: []int32{0}}}
	got := ask[*kmsg.DescribeLogDirsResponse](w, describe).Dirs[0]
	if got.TotalBytes != 1000 || got.UsableBytes != 400 || len(got.Topics) != 1 || len(got.Topics[0].Partitions) != 1 {
		t.Errorf("%+v", got)
	}
	move := kmsg.NewPtrAlterReplicaLogDirsRequest()
	for _, to := range []string{"file:///data", "/other"} {
		move.Dirs = append(move.Dirs, kmsg.AlterReplicaLogDirsRequestDir{Dir: to, Topics: []kmsg.AlterReplicaLogDirsRequestDirTopic{{Topic: "a", Partitions: []int32{0, 2}}}})
	}
	moved := ask[*kmsg.AlterReplicaLogDirsResponse](w, move)
	if moved.Topics[0].Partitions[0].ErrorCode != 0 || moved.Topics[1].Partitions[0].ErrorCode != kerr.LogDirNotFound.Code ||
		moved.Topics[1].Partitions[1].ErrorCode != kerr.UnknownTopicOrPartition.Code {
		t.Errorf("%+v", moved)
	}

	asked := kadm.TopicsSet{}
	asked.Add("a", 0, 1, 2)
	elected, err := adm.ElectLeaders(ctx, kadm.ElectPreferredReplica, asked)
	if err != nil || elected["a"][0].Err != kerr.ElectionNotNeeded || elected["a"][2].Err != kerr.UnknownTopicOrPartition {
		t.Errorf("%+v, %v", elected, err)
	}
	if elected, err := adm.ElectLeaders(ctx, kadm.ElectLiveReplica, nil); err != nil || len(elected) != 0 {
		t.Errorf("of all: %+v, %v", elected, err)
	}
	elect := kmsg.NewPtrElectLeadersRequest()
	elect.Version, elect.ElectionType = 2, 2
	if got := ask[*kmsg.ElectLeadersResponse](w, elect); got.ErrorCode != kerr.InvalidRequest.Code {
		t.Errorf("%+v", got)
	}

	assign := kadm.AlterPartitionAssignmentsReq{}
	assign.Assign("a", 0, []int32{1})
	assign.Assign("a", 1, []int32{1, 2})
	assign.CancelAssign("b", 0)
	assign.Assign("b", 1, []int32{1})
	assigned, err := adm.AlterPartitionAssignments(ctx, assign)
	if err != nil || assigned["a"][0].Err != nil || assigned["a"][1].Err != kerr.InvalidReplicaAssignment ||
		assigned["b"][0].Err != kerr.NoReassignmentInProgress || assigned["b"][1].Err != kerr.UnknownTopicOrPartition {
		t.Errorf("%+v, %v", assigned, err)
	}
	if list, err := adm.ListPartitionReassignments(ctx, nil); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}

	quorum := kmsg.NewPtrDescribeQuorumRequest()
	quorum.Version = 2
	for _, name := range []string{metadataTopic, "a"} {
		quorum.Topics = append(quorum.Topics, kmsg.DescribeQuorumRequestTopic{Topic: name, Partitions: []kmsg.DescribeQuorumRequestTopicPartition{{}}})
	}
	q := ask[*kmsg.DescribeQuorumResponse](w, quorum)
	newest, _ := b.cfg.Log.Newest(ctx, true)
	if p := q.Topics[0].Partitions[0]; p.HighWatermark != int64(newest) || p.LeaderID != 1 || len(p.CurrentVoters) != 1 || len(q.Nodes) != 1 ||
		q.Topics[1].Partitions[0].ErrorCode != kerr.UnknownTopicOrPartition.Code {
		t.Errorf("%+v", q)
	}

	update := kmsg.NewPtrUpdateFeaturesRequest()
	for _, c := range []struct {
		feature string
		level   int16
		upgrade int8
		want    int16
	}{
		{featureTransaction, 2, 1, 0}, {featureTransaction, 1, 2, kerr.InvalidUpdateVersion.Code}, {featureTransaction, 3, 1, kerr.InvalidUpdateVersion.Code},
		{"metadata.version", 20, 1, kerr.InvalidUpdateVersion.Code}, {"", 1, 1, kerr.InvalidRequest.Code}, {featureTransaction, 2, 9, kerr.InvalidRequest.Code},
	} {
		update.FeatureUpdates = []kmsg.UpdateFeaturesRequestFeatureUpdate{{Feature: c.feature, MaxVersionLevel: c.level, UpgradeType: c.upgrade}}
		update.Version = 1
		if got := ask[*kmsg.UpdateFeaturesResponse](w, update); got.Results[0].ErrorCode != c.want || got.ErrorCode != c.want {
			t.Errorf("%+v: %+v", c, got)
		}
		update.Version = 2
		if got := ask[*kmsg.UpdateFeaturesResponse](w, update); got.ErrorCode != c.want {
			t.Errorf("%+v, version 2: %+v", c, got)
		}
	}

	if got, err := adm.DescribeACLs(ctx, kadm.NewACLs().AnyResource().Allow().AllowHosts().Deny().DenyHosts().Operations(kadm.OpAny).ResourcePatternType(kadm.ACLPatternAny)); err == nil && got[0].Err != kerr.SecurityDisabled {
		t.Errorf("ACLs: %+v", got)
	}
	create := kmsg.NewPtrCreateACLsRequest()
	create.Version, create.Creations = 3, make([]kmsg.CreateACLsRequestCreation, 2)
	if got := ask[*kmsg.CreateACLsResponse](w, create); len(got.Results) != 2 || got.Results[1].ErrorCode != kerr.SecurityDisabled.Code {
		t.Errorf("%+v", got)
	}
	remove := kmsg.NewPtrDeleteACLsRequest()
	remove.Version, remove.Filters = 3, make([]kmsg.DeleteACLsRequestFilter, 2)
	if got := ask[*kmsg.DeleteACLsResponse](w, remove); len(got.Results) != 2 || got.Results[1].ErrorCode != kerr.SecurityDisabled.Code {
		t.Errorf("%+v", got)
	}
}

func TestListConfigResources(t *testing.T) {
	b := start(t, nil)
	b.createTopic(t, "a", 1, nil)
	b.createTopic(t, "b", 1, nil)
	w := b.dial(t)
	for _, c := range []struct {
		version int16
		types   []int8
		want    string
		code    int16
	}{
		{0, nil, "", 0}, {1, nil, "2:__consumer_offsets 2:a 2:b 4:1 ", 0}, {1, []int8{2}, "2:__consumer_offsets 2:a 2:b ", 0}, {1, []int8{4, 32, 16}, "4:1 ", 0}, {1, []int8{16}, "", 0},
		{1, []int8{2, 8}, "", kerr.UnsupportedVersion.Code},
	} {
		req := kmsg.NewPtrListConfigResourcesRequest()
		req.Version, req.ResourceTypes = c.version, c.types
		resp := ask[*kmsg.ListConfigResourcesResponse](w, req)
		got := ""
		for _, r := range resp.ConfigResources {
			got += fmt.Sprintf("%d:%s ", r.Type, r.Name)
		}
		if got != c.want || resp.ErrorCode != c.code {
			t.Errorf("%+v: %q, %v", c, got, kerr.ErrorForCode(resp.ErrorCode))
		}
	}
}

// TestAbortByAdmin: an open transaction is aborted by what kafka-transactions sends; its producer is
// fenced, and nothing else of it is touched.
func TestAbortByAdmin(t *testing.T) {
	for _, v2 := range []bool{false, true} {
		t.Run(fmt.Sprint("v2=", v2), func(t *testing.T) {
			b := startReal(t, nil)
			b.createTopic(t, "a", 3, nil)
			w := b.dial(t)
			c, other := newTxnClient(t, w, "tx", v2), newTxnClient(t, w, "other", v2)
			for _, x := range []*txnClient{c, other} {
				for p := range int32(2) {
					if !v2 {
						x.want("add", x.add("a", p), nil)
					}
					x.want("produce", x.produce("a", p, 0, "x"), nil)
				}
			}
			abort := func(id int64, epoch int16, commit bool, partition int32) int16 {
				req := kmsg.NewPtrWriteTxnMarkersRequest()
				req.Version = 1
				req.Markers = []kmsg.WriteTxnMarkersRequestMarker{{ProducerID: id, ProducerEpoch: epoch, Committed: commit,
					Topics: []kmsg.WriteTxnMarkersRequestMarkerTopic{{Topic: "a", Partitions: []int32{partition}}}}}
				return ask[*kmsg.WriteTxnMarkersResponse](w, req).Markers[0].Topics[0].Partitions[0].ErrorCode
			}
			c.want("a commit", abort(c.id, c.epoch, true, 0), kerr.InvalidRequest)
			c.want("another epoch", abort(c.id, c.epoch+1, false, 0), kerr.InvalidProducerEpoch)
			c.want("no such partition", abort(c.id, c.epoch, false, 9), kerr.UnknownTopicOrPartition)
			c.want("a partition without", abort(c.id, c.epoch, false, 2), nil)
			c.want("nobody", abort(123_456, 0, false, 0), nil)
			if got := fetchCommitted(w, "a", true); got.LastStableOffset != 0 {
				t.Fatalf("something ended: %+v", got)
			}
			c.want("abort", abort(c.id, c.epoch, false, 1), nil)
			for p, req := range []int32{0, 1} {
				open := kmsg.NewPtrDescribeProducersRequest()
				open.Topics = []kmsg.DescribeProducersRequestTopic{{Topic: "a", Partitions: []int32{req}}}
				for _, one := range ask[*kmsg.DescribeProducersResponse](w, open).Topics[0].Partitions[0].ActiveProducers {
					if isOpen := one.CurrentTxnStartOffset >= 0; isOpen != (one.ProducerID == other.id) {
						t.Errorf("partition %d, producer %d: open %v", p, one.ProducerID, isOpen)
					}
				}
			}
			if code := c.end(true); code == 0 {
				t.Error("the aborted transaction was committed")
			}
			if code := c.produce("a", 0, 1, "more"); code == 0 {
				t.Error("the producer goes on with half of what it meant to write")
			}
			other.want("commit of the other", other.end(true), nil)
			got := fetchCommitted(w, "a", true)
			if len(got.AbortedTransactions) != 1 || got.AbortedTransactions[0].ProducerID != c.id {
				t.Errorf("%+v", got.AbortedTransactions)
			}
		})
	}
}

// TestDefaultPartitions: -1 is the server's default in every version, as kafkajs sends it in version 3.
func TestDefaultPartitions(t *testing.T) {
	b := start(t, func(c *Config) { c.DefaultPartitions = 5 })
	w := b.dial(t)
	for version := int16(0); version <= 7; version++ {
		req := kmsg.NewPtrCreateTopicsRequest()
		one := kmsg.NewCreateTopicsRequestTopic()
		one.Topic, one.NumPartitions, one.ReplicationFactor = fmt.Sprint("t", version), -1, -1
		req.Version, req.Topics = version, append(req.Topics, one)
		resp := ask[*kmsg.CreateTopicsResponse](w, req)
		if made, _ := b.log.TopicByName(one.Topic); resp.Topics[0].ErrorCode != 0 || made.Partitions != 5 {
			t.Errorf("version %d: %v, %d partitions", version, kerr.ErrorForCode(resp.Topics[0].ErrorCode), made.Partitions)
		}
	}
}
