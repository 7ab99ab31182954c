package kafka

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// sharing is a member of a share group that says what it does by hand.
type sharing struct {
	*wire
	group, member string
	topic         log.Topic
	epoch         int32 // of the next request of its session
}

// configureGroup sets configurations of a group.
func (w *wire) configureGroup(id string, set map[string]string) int16 {
	w.t.Helper()
	res := kmsg.NewIncrementalAlterConfigsRequestResource()
	res.ResourceType, res.ResourceName = kmsg.ConfigResourceTypeGroupConfig, id
	for name, value := range set {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		c.Name, c.Value = name, &value
		res.Configs = append(res.Configs, c)
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Version, req.Resources = 1, append(req.Resources, res)
	return ask[*kmsg.IncrementalAlterConfigsResponse](w, req).Resources[0].ErrorCode
}

func (b *broker) share(t testing.TB, group, member, topic string) *sharing {
	t.Helper()
	found, ok := b.cfg.Log.TopicByName(topic)
	if !ok {
		t.Fatalf("no topic %s", topic)
	}
	s := &sharing{wire: b.dial(t), group: group, member: member, topic: found}
	if r := s.beat(0, topic); r.ErrorCode != 0 || r.Assignment == nil || r.MemberEpoch <= 0 {
		t.Fatalf("%+v: %v", r, kerr.ErrorForCode(r.ErrorCode))
	}
	return s
}

func (s *sharing) beat(epoch int32, topics ...string) *kmsg.ShareGroupHeartbeatResponse {
	s.t.Helper()
	req := kmsg.NewPtrShareGroupHeartbeatRequest()
	req.Version, req.GroupID, req.MemberID, req.MemberEpoch, req.SubscribedTopicNames = 1, s.group, s.member, epoch, topics
	return ask[*kmsg.ShareGroupHeartbeatResponse](s.wire, req)
}

// fetch asks for records of partition 0, with what it acknowledges.
func (s *sharing) fetch(change func(*kmsg.ShareFetchRequest), acks ...group.Ack) *kmsg.ShareFetchResponse {
	s.t.Helper()
	p := kmsg.NewShareFetchRequestTopicPartition()
	for _, a := range acks {
		b := kmsg.NewShareFetchRequestTopicPartitionAcknowledgementBatch()
		b.FirstOffset, b.LastOffset, b.AcknowledgeTypes = a.First, a.Last, a.Types
		p.AcknowledgementBatches = append(p.AcknowledgementBatches, b)
	}
	rt := kmsg.NewShareFetchRequestTopic()
	rt.TopicID, rt.Partitions = s.topic.ID, append(rt.Partitions, p)
	req := kmsg.NewPtrShareFetchRequest()
	req.Version, req.GroupID, req.MemberID, req.ShareSessionEpoch, req.Topics = 2, &s.group, &s.member, s.epoch, append(req.Topics, rt)
	req.MaxBytes, req.MaxRecords, req.MinBytes = 1<<20, 1000, 1
	if change != nil {
		change(req)
	}
	resp := ask[*kmsg.ShareFetchResponse](s.wire, req)
	if resp.ErrorCode == 0 {
		s.epoch++
	}
	return resp
}

// got shows what a fetch acquired: first-last*deliveries, and what was wrong.
func got(resp *kmsg.ShareFetchResponse) string {
	out := ""
	if resp.ErrorCode != 0 {
		out = fmt.Sprint(kerr.ErrorForCode(resp.ErrorCode))
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			var ranges []kmsg.ShareFetchResponseTopicPartitionAcquiredRecord
			for _, a := range p.AcquiredRecords { // one for each record batch
				if n := len(ranges); n > 0 && ranges[n-1].LastOffset == a.FirstOffset-1 && ranges[n-1].DeliveryCount == a.DeliveryCount {
					ranges[n-1].LastOffset = a.LastOffset
				} else {
					ranges = append(ranges, a)
				}
			}
			for _, a := range ranges {
				out += fmt.Sprintf(" %d-%d*%d", a.FirstOffset, a.LastOffset, a.DeliveryCount)
			}
			if p.ErrorCode != 0 || p.AcknowledgeErrorCode != 0 {
				out += fmt.Sprintf(" error %d, acknowledging %d", p.ErrorCode, p.AcknowledgeErrorCode)
			}
		}
	}
	return out
}

func (s *sharing) want(text string, resp *kmsg.ShareFetchResponse) {
	s.t.Helper()
	if g := got(resp); g != text {
		s.t.Errorf("got%s, want%s", g, text)
	}
	for _, t := range resp.Topics { // the records that were acquired are there
		for _, p := range t.Partitions {
			for _, a := range p.AcquiredRecords {
				for at := a.FirstOffset; at <= a.LastOffset; at++ {
					found := false
					for rest := p.Records; len(rest) > 0; {
						h, _, r, err := recordbatch.Verify(rest)
						if err != nil {
							s.t.Fatal(err)
						}
						found = found || h.BaseOffset <= at && at <= h.LastOffset()
						rest = r
					}
					if !found {
						s.t.Errorf("record %d is acquired and not given", at)
					}
				}
			}
		}
	}
}

func exactly(n int32) func(*kmsg.ShareFetchRequest) {
	return func(r *kmsg.ShareFetchRequest) { r.MaxRecords, r.ShareAcquireMode = n, 1 }
}

var earliest = map[string]string{"share.auto.offset.reset": "earliest"}

func shareBroker(t *testing.T, records int) (*broker, *manual) {
	clk := newManual()
	b := startReal(t, func(c *Config) { c.Clock = clk })
	b.createTopic(t, "a", 1, nil)
	w := b.dial(t)
	for range records {
		ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", 0, timed(t, 10, 1000)))
	}
	if code := w.configureGroup("g", earliest); code != 0 {
		t.Fatal(kerr.ErrorForCode(code))
	}
	return b, clk
}

// TestShareGroup: two members of a group, from the first record to the last.
func TestShareGroup(t *testing.T) {
	b, clk := shareBroker(t, 10)
	one, two := b.share(t, "g", "one", "a"), b.share(t, "g", "two", "a")
	one.want(" 0-3*1", one.fetch(exactly(4)))
	two.want(" 4-5*1", two.fetch(exactly(2)))
	accept, release, reject := []int8{group.AckAccept}, []int8{group.AckRelease}, []int8{group.AckReject}
	// What is released goes to whoever asks next, once more; what is accepted or rejected to nobody.
	one.want(" 2-2*2 6-6*1", one.fetch(exactly(2), group.Ack{First: 0, Last: 0, Types: accept}, group.Ack{First: 1, Last: 1, Types: reject}, group.Ack{First: 2, Last: 2, Types: release}))
	// Another's records, a range that was never acquired, and what is no order are refused as a whole.
	two.want(fmt.Sprintf(" error 0, acknowledging %d", kerr.InvalidRecordState.Code), two.fetch(exactly(0), group.Ack{First: 3, Last: 4, Types: accept}))
	two.want(fmt.Sprintf(" error 0, acknowledging %d", kerr.InvalidRequest.Code), two.fetch(exactly(0), group.Ack{First: 4, Last: 99, Types: accept}))
	two.want(fmt.Sprintf(" error 0, acknowledging %d", kerr.InvalidRequest.Code), two.fetch(exactly(0), group.Ack{First: 4, Last: 5, Types: []int8{1, 1, 1}}))
	two.want("", two.fetch(exactly(0), group.Ack{First: 4, Last: 5, Types: []int8{group.AckAccept, group.AckRelease}}))
	// Locks end: 2, 3 and 6 come back. 5 was released.
	clk.pass(31 * time.Second)
	two.want(" 2-2*3 3-3*2 5-6*2 7-9*1", two.fetch(nil))
	one.want(fmt.Sprintf(" error 0, acknowledging %d", kerr.InvalidRecordState.Code), one.fetch(exactly(0), group.Ack{First: 3, Last: 3, Types: accept}))
	// A member whose connection ends gives back what it has.
	_ = two.nc.Close()
	one.want(" 2-2*4 3-3*3 5-6*3 7-9*2", one.fetch(func(r *kmsg.ShareFetchRequest) { r.MaxWaitMillis = 10_000 }))
	one.want("", one.fetch(exactly(0), group.Ack{First: 3, Last: 3, Types: accept}, group.Ack{First: 5, Last: 9, Types: []int8{0, 1, 1, 1, 1}}))
	if g := got(one.fetch(exactly(0), group.Ack{First: 5, Last: 9, Types: accept}, group.Ack{First: 2, Last: 2, Types: release})); g == "" {
		t.Error("ranges that are not in order are taken")
	}
	// Delivered five times and given back, a record is not delivered again.
	for count := 5; count <= 6; count++ {
		want := ""
		if count == 5 {
			want = " 2-2*5"
		}
		one.fetch(exactly(0), group.Ack{First: 2, Last: 2, Types: release})
		one.want(want, one.fetch(exactly(9)))
	}
	describe := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
	g := kmsg.NewDescribeShareGroupOffsetsRequestGroup()
	g.GroupID = "g"
	describe.Version, describe.Groups = 1, append(describe.Groups, g)
	if r := ask[*kmsg.DescribeShareGroupOffsetsResponse](one.wire, describe).Groups[0]; len(r.Topics) != 1 || r.Topics[0].Partitions[0].StartOffset != 10 || r.Topics[0].Partitions[0].Lag != 0 {
		t.Errorf("%+v", r)
	}
}

// TestShareSessions: epochs, ends, and what is refused.
func TestShareSessions(t *testing.T) {
	b, _ := shareBroker(t, 3)
	one := b.share(t, "g", "one", "a")
	for name, c := range map[string]struct {
		change func(*kmsg.ShareFetchRequest)
		want   *kerr.Error
	}{
		"no session":       {func(r *kmsg.ShareFetchRequest) { r.ShareSessionEpoch = 1 }, kerr.ShareSessionNotFound},
		"no session ends":  {func(r *kmsg.ShareFetchRequest) { r.ShareSessionEpoch = -1 }, kerr.ShareSessionNotFound},
		"no group":         {func(r *kmsg.ShareFetchRequest) { r.GroupID = kmsg.StringPtr("nobody") }, kerr.GroupIDNotFound},
		"no member":        {func(r *kmsg.ShareFetchRequest) { r.MemberID = kmsg.StringPtr("") }, kerr.InvalidRequest},
		"null group":       {func(r *kmsg.ShareFetchRequest) { r.GroupID = nil }, kerr.InvalidGroupID},
		"renewal fetches":  {func(r *kmsg.ShareFetchRequest) { r.IsRenewAck = true }, kerr.InvalidRequest},
		"acks of no epoch": {func(r *kmsg.ShareFetchRequest) { ackAll(r) }, kerr.InvalidRequest},
	} {
		if g := got(one.fetch(c.change)); g != fmt.Sprint(c.want) {
			t.Errorf("%s: %s, want %v", name, g, c.want)
		}
	}
	one.epoch = 0
	one.want(" 0-2*1", one.fetch(nil))
	if g := got(one.fetch(func(r *kmsg.ShareFetchRequest) { r.ShareSessionEpoch = 7 })); g != fmt.Sprint(kerr.InvalidShareSessionEpoch) {
		t.Error(g)
	}
	ack := func(epoch int32, first, last int64, kind int8, renew bool) (int16, int16) {
		t.Helper()
		ab := kmsg.NewShareAcknowledgeRequestTopicPartitionAcknowledgementBatch()
		ab.FirstOffset, ab.LastOffset, ab.AcknowledgeTypes = first, last, []int8{kind}
		ap := kmsg.NewShareAcknowledgeRequestTopicPartition()
		ap.AcknowledgementBatches = append(ap.AcknowledgementBatches, ab)
		at := kmsg.NewShareAcknowledgeRequestTopic()
		at.TopicID, at.Partitions = one.topic.ID, append(at.Partitions, ap)
		req := kmsg.NewPtrShareAcknowledgeRequest()
		req.Version, req.GroupID, req.MemberID, req.ShareSessionEpoch, req.IsRenewAck, req.Topics = 2, &one.group, &one.member, epoch, renew, append(req.Topics, at)
		resp := ask[*kmsg.ShareAcknowledgeResponse](one.wire, req)
		if resp.ErrorCode != 0 {
			return resp.ErrorCode, 0
		}
		return 0, resp.Topics[0].Partitions[0].ErrorCode
	}
	for _, c := range []struct {
		epoch            int32
		kind             int8
		renew            bool
		whole, partition *kerr.Error
	}{
		{0, group.AckAccept, false, kerr.InvalidShareSessionEpoch, nil},
		{9, group.AckAccept, false, kerr.InvalidShareSessionEpoch, nil},
		{1, group.AckRenew, false, nil, kerr.InvalidRequest},
		{2, group.AckRenew, true, nil, nil},
		{3, group.AckAccept, false, nil, nil},
		{4, group.AckAccept, false, nil, nil}, // it is done already: what is before the offset is skipped
		{-1, group.AckAccept, false, nil, nil},
		{5, group.AckAccept, false, kerr.ShareSessionNotFound, nil},
	} {
		whole, partition := ack(c.epoch, 0, 1, c.kind, c.renew)
		if c.whole != nil && whole != c.whole.Code || c.whole == nil && whole != 0 || c.partition != nil && partition != c.partition.Code || c.partition == nil && partition != 0 {
			t.Errorf("%+v: %v, %v", c, kerr.ErrorForCode(whole), kerr.ErrorForCode(partition))
		}
	}
	one.epoch = 0 // its end gave 2 back
	one.want(" 2-2*2", one.fetch(nil))
	// A partition that is not there is told of, every time.
	far := func(r *kmsg.ShareFetchRequest) { r.Topics[0].Partitions[0].Partition = 9 }
	if g := got(one.fetch(far)); g != fmt.Sprintf(" error %d, acknowledging 0", kerr.UnknownTopicOrPartition.Code) {
		t.Error(g)
	}
}

func ackAll(r *kmsg.ShareFetchRequest) {
	b := kmsg.NewShareFetchRequestTopicPartitionAcknowledgementBatch()
	b.FirstOffset, b.LastOffset, b.AcknowledgeTypes = 0, 0, []int8{1}
	r.Topics[0].Partitions[0].AcknowledgementBatches = append(r.Topics[0].Partitions[0].AcknowledgementBatches, b)
}

// TestShareMembers: who may join what, and what the others make of it.
func TestShareMembers(t *testing.T) {
	b, clk := shareBroker(t, 1)
	one := b.share(t, "g", "one", "a")
	for name, c := range map[string]struct {
		change func(*kmsg.ShareGroupHeartbeatRequest)
		want   *kerr.Error
	}{
		"no group":      {func(r *kmsg.ShareGroupHeartbeatRequest) { r.GroupID = " " }, kerr.InvalidRequest},
		"unknown group": {func(r *kmsg.ShareGroupHeartbeatRequest) { r.GroupID, r.MemberEpoch = "x", 1 }, kerr.GroupIDNotFound},
		"unknown":       {func(r *kmsg.ShareGroupHeartbeatRequest) { r.MemberID, r.MemberEpoch = "x", 1 }, kerr.UnknownMemberID},
		"fenced":        {func(r *kmsg.ShareGroupHeartbeatRequest) { r.MemberEpoch = 99 }, kerr.FencedMemberEpoch},
		"below -1":      {func(r *kmsg.ShareGroupHeartbeatRequest) { r.MemberEpoch = -2 }, kerr.InvalidRequest},
		"no topics":     {func(r *kmsg.ShareGroupHeartbeatRequest) { r.MemberEpoch, r.SubscribedTopicNames = 0, nil }, kerr.InvalidRequest},
		"long id":       {func(r *kmsg.ShareGroupHeartbeatRequest) { r.MemberID = string(make([]byte, 37)) }, kerr.InvalidRequest},
	} {
		req := kmsg.NewPtrShareGroupHeartbeatRequest()
		req.Version, req.GroupID, req.MemberID, req.MemberEpoch, req.SubscribedTopicNames = 1, "g", "one", 1, []string{"a"}
		c.change(req)
		if r := ask[*kmsg.ShareGroupHeartbeatResponse](one.wire, req); r.ErrorCode != c.want.Code {
			t.Errorf("%s: %v, want %v", name, kerr.ErrorForCode(r.ErrorCode), c.want)
		}
	}
	// A classic or consumer group's id is not a share group's, nor the other way.
	cl := b.client(t, kgo.ConsumerGroup("classic"), kgo.ConsumeTopics("a"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	cl.PollFetches(testContext(t))
	other := &sharing{wire: b.dial(t), group: "classic", member: "m"}
	if r := other.beat(0, "a"); r.ErrorCode != kerr.GroupIDNotFound.Code {
		t.Errorf("a classic group: %v", kerr.ErrorForCode(r.ErrorCode))
	}
	join := kmsg.NewPtrJoinGroupRequest()
	join.Version, join.Group, join.SessionTimeoutMillis, join.ProtocolType = 5, "g", 10_000, "consumer"
	join.Protocols = append(join.Protocols, kmsg.JoinGroupRequestProtocol{Name: "range"})
	if r := ask[*kmsg.JoinGroupResponse](one.wire, join); r.ErrorCode != kerr.InconsistentGroupProtocol.Code {
		t.Errorf("joining a share group: %v", kerr.ErrorForCode(r.ErrorCode))
	}
	describe := kmsg.NewPtrShareGroupDescribeRequest()
	describe.Version, describe.GroupIDs = 1, []string{"g", "classic"}
	r := ask[*kmsg.ShareGroupDescribeResponse](one.wire, describe)
	if len(r.Groups[0].Members) != 1 || r.Groups[0].GroupState != "Stable" || r.Groups[0].Members[0].Assignment.TopicPartitions[0].Topic != "a" || r.Groups[1].ErrorCode != kerr.GroupIDNotFound.Code {
		t.Errorf("%+v", r)
	}
	// A member that is silent is out, and gives back what it has.
	one.want(" 0-0*1", one.fetch(nil))
	clk.pass(46 * time.Second)
	two := b.share(t, "g", "two", "a")
	two.want(" 0-0*2", two.fetch(nil))
	if r := one.beat(1); r.ErrorCode != kerr.UnknownMemberID.Code {
		t.Errorf("a silent member: %v", kerr.ErrorForCode(r.ErrorCode))
	}
	if r := two.beat(-1); r.ErrorCode != 0 || r.MemberEpoch != -1 {
		t.Errorf("%+v", r)
	}
	alter, remove := kmsg.NewPtrAlterShareGroupOffsetsRequest(), kmsg.NewPtrDeleteShareGroupOffsetsRequest()
	at := kmsg.NewAlterShareGroupOffsetsRequestTopic()
	at.Topic, at.Partitions = "a", []kmsg.AlterShareGroupOffsetsRequestTopicPartition{{Partition: 0, StartOffset: 1}, {Partition: 7, StartOffset: 1}}
	alter.GroupID, alter.Topics = "g", append(alter.Topics, at)
	if r := ask[*kmsg.AlterShareGroupOffsetsResponse](two.wire, alter); r.ErrorCode != 0 || r.Topics[0].Partitions[0].ErrorCode != 0 || r.Topics[0].Partitions[1].ErrorCode != kerr.UnknownTopicOrPartition.Code {
		t.Errorf("%+v", r)
	}
	three := b.share(t, "g", "three", "a")
	three.want("", three.fetch(nil))
	if r := ask[*kmsg.AlterShareGroupOffsetsResponse](two.wire, alter); r.ErrorCode != kerr.NonEmptyGroup.Code {
		t.Errorf("%+v", r)
	}
	rt := kmsg.NewDeleteShareGroupOffsetsRequestTopic()
	rt.Topic = "a"
	remove.GroupID, remove.Topics = "g", append(remove.Topics, rt)
	if r := ask[*kmsg.DeleteShareGroupOffsetsResponse](two.wire, remove); r.ErrorCode != kerr.NonEmptyGroup.Code {
		t.Errorf("%+v", r)
	}
	three.beat(-1)
	if r := ask[*kmsg.DeleteShareGroupOffsetsResponse](two.wire, remove); r.ErrorCode != 0 || r.Topics[0].ErrorCode != 0 {
		t.Errorf("%+v", r)
	}
	four := b.share(t, "g", "four", "a")
	four.want(" 0-0*1", four.fetch(nil)) // it has begun anew
	four.beat(-1)
	del := kmsg.NewPtrDeleteGroupsRequest()
	del.Groups = []string{"g"}
	if r := ask[*kmsg.DeleteGroupsResponse](two.wire, del); r.Groups[0].ErrorCode != 0 {
		t.Errorf("%+v", r)
	}
	if r := ask[*kmsg.ShareGroupDescribeResponse](one.wire, describe); r.Groups[0].ErrorCode != kerr.GroupIDNotFound.Code {
		t.Errorf("%+v", r)
	}
}

// TestShareRestart: what was acknowledged stays so over a restart, what was acquired is available again, and members go on.
func TestShareRestart(t *testing.T) {
	b, _ := shareBroker(t, 6)
	one := b.share(t, "g", "one", "a")
	one.want(" 0-5*1", one.fetch(nil))
	one.want("", one.fetch(exactly(0), group.Ack{First: 0, Last: 1, Types: []int8{1}}, group.Ack{First: 3, Last: 3, Types: []int8{3}}, group.Ack{First: 4, Last: 4, Types: []int8{2}}))
	epoch := one.beat(0, "a").MemberEpoch
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	if err := b.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	again := serve(t, b.cfg)
	one = &sharing{wire: again.dial(t), group: "g", member: "one", topic: one.topic}
	if r := one.beat(epoch); r.ErrorCode != 0 || r.MemberEpoch != epoch {
		t.Errorf("%+v", r)
	}
	if g := got(one.fetch(func(r *kmsg.ShareFetchRequest) { r.ShareSessionEpoch = 2 })); g != fmt.Sprint(kerr.ShareSessionNotFound) {
		t.Error(g)
	}
	one.want(" 2-2*2 4-5*2", one.fetch(nil))
	// The group goes on where it was, not where it would begin.
	one.want("", one.fetch(exactly(0), group.Ack{First: 2, Last: 2, Types: []int8{1}}, group.Ack{First: 4, Last: 5, Types: []int8{1}}))
	ask[*kmsg.ProduceResponse](again.dial(t), produceRequest(9, "a", 0, timed(t, 10, 1000)))
	one.want(" 6-6*1", one.fetch(nil))
}

// TestShareIsolation: a group that sees committed records alone is given no others; control records nobody is given.
func TestShareIsolation(t *testing.T) {
	b, _ := shareBroker(t, 0)
	ctx := testContext(t)
	for id := range 2 {
		cl := b.client(t, kgo.TransactionalID(fmt.Sprint("tx", id)), kgo.DefaultProduceTopic("a"))
		for _, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
			if err := cl.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			if err := cl.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(commit))).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if err := cl.EndTransaction(ctx, commit); err != nil {
				t.Fatal(err)
			}
		}
	}
	w := b.dial(t)
	committed := map[string]string{"share.isolation.level": "read_committed"}
	if code := w.configureGroup("committed", earliest) | w.configureGroup("committed", committed); code != 0 {
		t.Fatal(kerr.ErrorForCode(code))
	}
	for id, want := range map[string]string{"g": " 0-0*1 2-2*1 4-4*1 6-6*1", "committed": " 0-0*1 4-4*1"} {
		s := b.share(t, id, "m", "a")
		s.want(want, s.fetch(nil))
		var acks []group.Ack
		for _, at := range []int64{0, 2, 4, 6} {
			if id == "g" || at%4 == 0 {
				acks = append(acks, group.Ack{First: at, Last: at, Types: []int8{1}})
			}
		}
		s.want("", s.fetch(nil, acks...))
		var offsets map[group.TopicPartition]group.ShareOffset
		b.groups.With(func(_ time.Time, m *group.Machine) { offsets, _ = m.ShareOffsets(id) })
		if o := offsets[group.TopicPartition{Topic: s.topic.ID}]; o.Start != 8 {
			t.Errorf("%s: %+v", id, o)
		}
	}
}

// TestShareClients: real members, some of which leave in the midst, get every record, and nobody one that was accepted.
func TestShareClients(t *testing.T) {
	b, _ := shareBroker(t, 0)
	ctx := testContext(t)
	const records = 2000
	producer := b.client(t, kgo.DefaultProduceTopic("a"))
	seen := map[int64]int{}
	var clients []*kgo.Client
	for range 3 {
		clients = append(clients, b.client(t, kgo.ShareGroup("g"), kgo.ConsumeTopics("a")))
	}
	for i := range records {
		producer.Produce(ctx, kgo.StringRecord(fmt.Sprint(i)), nil)
	}
	if err := producer.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	for round := 0; len(seen) < records; round++ {
		cl := clients[round%len(clients)]
		poll, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		fetches := cl.PollRecords(poll, 100)
		cancel()
		fetches.EachRecord(func(r *kgo.Record) { seen[r.Offset]++ })
		if err := cl.FlushAcks(ctx); err != nil {
			t.Fatal(err)
		}
		if round == 3 {
			clients[0].Close()
			clients = slices.Delete(clients, 0, 1)
		}
		if ctx.Err() != nil {
			t.Fatalf("%d of %d", len(seen), records)
		}
	}
}
