package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// ShareFetch (KIP-932): records for a member of a share group, which are acquired for it until it acknowledges them or
// its lock ends.
//
// Behaviour:
//   - Goes on in the member's session, epoch 0 begins it, -1 ends it; it ends with its connection too, and what was
//     acquired comes back. Acknowledgements that come along are applied first, and told in the same answer.
//   - Reads, then acquires of what was read, so that nothing is acquired that is not given. Control records, aborted ones
//     under share.isolation.level = read_committed, and what compaction took out are done at once.
//   - A group begins in a partition where share.auto.offset.reset says, which is durable before the first record is given.
//   - Waits for max_wait for the first record; min_bytes says nothing more.
//   - With share_acquire_mode 0 the last record batch is given whole though it has more than max_records, as in Kafka; the
//     answer's ranges are cut into batch_size.
//   - A renewal (KIP-1222) acknowledges and fetches nothing.
//
// Versions: 1 what there is; 2 acquire modes, renewal.

// shareMember names a session.
type shareMember struct{ group, member string }

// shareFetchEntry is an entry whose answers hold records until they are written.
func (s *Server) shareFetchEntry() *api {
	a := entry[kmsg.ShareFetchRequest](78, 1, largeBody, "s s 4 4 4 4 4:1- 4:1- 1:2- 1:2- [{u [{4 4:0-0 [{8 8 [1]}]}]}] [{u [4]}]",
		func(context.Context, *request, *kmsg.ShareFetchRequest) (kmsg.Response, error) { return nil, nil })
	a.serve = func(ctx context.Context, r *request) (answer, error) {
		req := kmsg.NewPtrShareFetchRequest()
		req.SetVersion(r.version)
		if err := r.decode(ctx, a, req); err != nil {
			return answer{}, err
		}
		defer r.releaseDecoded()
		f := &shareFetch{s: s, r: r, req: req, resp: req.ResponseKind().(*kmsg.ShareFetchResponse)}
		if err := f.run(ctx); err != nil {
			return answer{}, err
		}
		return answer{msg: f.resp, free: f.free}, nil
	}
	return a
}

// shareFetch is one ShareFetch.
type shareFetch struct {
	s    *Server
	r    *request
	req  *kmsg.ShareFetchRequest
	resp *kmsg.ShareFetchResponse
	who  shareMember
	cfg  group.ShareConfig
	free func()
	at   map[group.TopicPartition][2]int // where the answer tells of a partition
}

func (f *shareFetch) fail(err error) error {
	f.resp.ErrorCode, f.resp.ErrorMessage = codeAndMessage(err)
	f.resp.Topics = nil
	return nil
}

func (f *shareFetch) run(ctx context.Context) error {
	var err error
	if f.who, err = shareMemberOf(f.req.GroupID, f.req.MemberID); err != nil {
		return f.fail(err)
	}
	if err := f.checkRenewal(); err != nil {
		return f.fail(err)
	}
	added, forgotten, acks := f.asked()
	turn := group.ShareTurn{GroupID: f.who.group, MemberID: f.who.member, Epoch: f.req.ShareSessionEpoch, Conn: f.r.conn}
	ends := turn.Epoch == -1
	if turn.Epoch == 0 && len(acks) > 0 {
		return f.fail(refuse(kerr.InvalidRequest, "the first request of a session acknowledges nothing"))
	}
	partitions := 0
	f.s.groups.With(func(_ time.Time, m *group.Machine) {
		f.cfg = m.ShareConfig(f.who.group)
		if ends {
			err = m.TurnShareSession(turn)
		} else {
			partitions, err = m.OpenShareSession(turn, added, forgotten)
		}
	})
	if err != nil {
		return f.fail(err)
	}
	f.r.releaseDecoded()
	if err := f.r.charge(ctx, int64(len(f.r.body)+3*partitions*structBytes)); err != nil {
		return err
	}
	f.resp.AcquisitionLockTimeoutMillis = int32(f.cfg.Lock.Milliseconds())
	f.r.conn.sharesIn(f.who)
	results, err := f.s.acknowledge(ctx, f.who, acks, f.req.IsRenewAck)
	if err != nil {
		return err
	}
	for i, a := range acks {
		p := f.partition(a.Partition)
		p.AcknowledgeErrorCode, p.AcknowledgeErrorMessage = codeAndMessage(results[i])
	}
	switch {
	case ends:
		f.s.endShareSession(f.r.conn, f.who)
		return nil
	case f.req.IsRenewAck:
		return nil
	}
	return f.fetch(ctx)
}

// asked is what the request says of partitions.
func (f *shareFetch) asked() (added, forgotten []group.TopicPartition, acks []group.ShareAcks) {
	for _, t := range f.req.Topics {
		for _, p := range t.Partitions {
			tp := group.TopicPartition{Topic: t.TopicID, Index: p.Partition}
			added = append(added, tp)
			if len(p.AcknowledgementBatches) == 0 {
				continue
			}
			a := group.ShareAcks{Partition: tp}
			for _, b := range p.AcknowledgementBatches {
				a.Acks = append(a.Acks, group.Ack{First: b.FirstOffset, Last: b.LastOffset, Types: b.AcknowledgeTypes})
			}
			acks = append(acks, a)
		}
	}
	for _, t := range f.req.ForgottenTopicsData {
		for _, p := range t.Partitions {
			forgotten = append(forgotten, group.TopicPartition{Topic: t.TopicID, Index: p})
		}
	}
	return added, forgotten, acks
}

// checkRenewal refuses a renewal that would fetch.
func (f *shareFetch) checkRenewal() error {
	if !f.req.IsRenewAck {
		return nil
	}
	if f.req.MaxBytes != 0 || f.req.MinBytes != 0 || f.req.MaxRecords != 0 || f.req.MaxWaitMillis != 0 {
		return refuse(kerr.InvalidRequest, "a renewal fetches nothing")
	}
	return nil
}

func shareMemberOf(groupID, memberID *string) (w shareMember, err error) {
	if groupID == nil || *groupID == "" {
		return w, group.ErrInvalidGroupID
	}
	if memberID == nil || *memberID == "" || len(*memberID) > 36 {
		return w, refuse(kerr.InvalidRequest, "a member id has 1 to 36 bytes")
	}
	return shareMember{*groupID, *memberID}, nil
}

// acknowledge applies acknowledgements and waits until they are durable: an error for each.
func (s *Server) acknowledge(ctx context.Context, who shareMember, acks []group.ShareAcks, renew bool) ([]error, error) {
	if len(acks) == 0 {
		return nil, nil
	}
	most := int8(group.AckReject)
	if renew {
		most = group.AckRenew
	}
	done := make(chan []error, 1)
	s.groups.With(func(now time.Time, m *group.Machine) {
		m.AcknowledgeShares(now, who.group, who.member, acks, most, func(errs []error) { done <- errs })
	})
	return await(ctx, ctx, done)
}

// partition is where the answer tells of a partition.
func (f *shareFetch) partition(tp group.TopicPartition) *kmsg.ShareFetchResponseTopicPartition {
	if f.at == nil {
		f.at = map[group.TopicPartition][2]int{}
	}
	topic := group.TopicPartition{Topic: tp.Topic, Index: -1} // stands for the topic itself
	i, known := f.at[topic]
	if !known {
		t := kmsg.NewShareFetchResponseTopic()
		t.TopicID = tp.Topic
		i = [2]int{len(f.resp.Topics)}
		f.at[topic] = i
		f.resp.Topics = append(f.resp.Topics, t)
	}
	t := &f.resp.Topics[i[0]]
	j, known := f.at[tp]
	if !known || tp == topic {
		p := kmsg.NewShareFetchResponseTopicPartition()
		p.Partition, p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch = tp.Index, -1, -1
		p.Records = []byte{} // why: the Java client does not go on after null records
		j = [2]int{i[0], len(t.Partitions)}
		if tp != topic {
			f.at[tp] = j
		}
		t.Partitions = append(t.Partitions, p)
	}
	return &t.Partitions[j[1]]
}

// fetch reads and acquires until there is something or the time is up.
func (f *shareFetch) fetch(ctx context.Context) error {
	wait, stop := f.s.withTimeout(waitsOf(ctx), min(max(time.Duration(f.req.MaxWaitMillis), 0)*time.Millisecond, f.s.cfg.MaxFetchWait))
	defer stop()
	for {
		targets, news, wrong, err := f.targets(ctx)
		if err != nil {
			return f.fail(err)
		}
		asOf, got, err := f.read(ctx, targets)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return f.fail(err)
		case got, wrong, len(targets) == 0, wait.Err() != nil:
			return nil
		}
		f.waitForNews(wait, targets, news, asOf)
	}
}

// waitForNews returns once there may be something to acquire, or the time is up.
func (f *shareFetch) waitForNews(ctx context.Context, targets []group.ShareTarget, news <-chan struct{}, asOf log.CommitSeq) {
	f.s.metrics.LongPollsWaiting.Add(1)
	defer f.s.metrics.LongPollsWaiting.Add(-1)
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-news:
			cancel()
		case <-ctx.Done():
		}
	}()
	var filter log.Filter
	at := map[log.TopicID]int{}
	for _, t := range targets {
		i, known := at[t.Partition.Topic]
		if !known {
			i = len(filter.Topics)
			at[t.Partition.Topic] = i
			filter.Topics = append(filter.Topics, log.TopicFilter{Topic: t.Partition.Topic})
		}
		filter.Topics[i].Partitions = append(filter.Topics[i].Partitions, t.Partition.Index)
	}
	_, _ = f.s.cfg.Log.Wait(ctx, filter, asOf) // what is wrong is met again by reading
	cancel()
	<-over
}

// targets are where the member may read now: partitions that are there, in which the group has begun. wrong: one is not
// there, which the answer tells.
func (f *shareFetch) targets(ctx context.Context) (ok []group.ShareTarget, news <-chan struct{}, wrong bool, err error) {
	for range 2 {
		var all []group.ShareTarget
		f.s.groups.With(func(now time.Time, m *group.Machine) {
			all, news, err = m.ShareTargets(now, f.who.group, f.who.member)
			m.ToldShares(f.who.group, f.who.member)
		})
		if err != nil {
			return nil, nil, false, err
		}
		ok = ok[:0]
		began := false
		for _, t := range all {
			topic, known := f.s.cfg.Log.TopicByID(t.Partition.Topic)
			switch {
			case !known:
				f.partition(t.Partition).ErrorCode, wrong = kerr.UnknownTopicID.Code, true
				continue
			case f.s.mayTopic(f.r.user(), topic.ID, ReadTopic) != nil:
				f.partition(t.Partition).ErrorCode, wrong = kerr.TopicAuthorizationFailed.Code, true
				continue
			case t.Partition.Index < 0 || t.Partition.Index >= topic.Partitions:
				f.partition(t.Partition).ErrorCode, wrong = kerr.UnknownTopicOrPartition.Code, true
				continue
			case t.Untold:
				f.partition(t.Partition)
			}
			if t.New {
				if err := f.begin(ctx, t.Partition); err != nil {
					return nil, nil, false, err
				}
				began = true
				continue
			}
			ok = append(ok, t)
		}
		if !began {
			break
		}
	}
	return ok, news, wrong, nil
}

// begin has the group begin in a partition.
func (f *shareFetch) begin(ctx context.Context, tp group.TopicPartition) error {
	p := log.Partition{Topic: tp.Topic, Index: tp.Index}
	ends, err := f.s.cfg.Log.Ends(ctx, []log.Partition{p}, false)
	if err != nil {
		return err
	}
	at := ends[0].HighWatermark
	before, byTime := f.cfg.ResetBefore()
	switch {
	case f.cfg.Reset == "earliest":
		at = ends[0].LogStart
	case byTime:
		offset, _, found, err := f.s.cfg.Log.OffsetForTime(ctx, p, f.s.cfg.Clock.Now().Add(-before).UnixMilli(), f.cfg.Committed)
		if err != nil {
			return err
		}
		if found {
			at = offset
		}
	}
	done := make(chan error, 1)
	f.s.groups.With(func(_ time.Time, m *group.Machine) {
		m.BeginShare(f.who.group, tp, at, func(err error) { done <- err })
	})
	result, err := await(ctx, ctx, done)
	return errors.Join(err, result)
}

// sharePartitionBytes is what is read of one partition at once: the records that are asked for are few.
const sharePartitionBytes = 1 << 20

// read reads where the targets stand and acquires what is there.
func (f *shareFetch) read(ctx context.Context, targets []group.ShareTarget) (asOf log.CommitSeq, got bool, err error) {
	reads := make([]log.PartitionRead, len(targets))
	for i, t := range targets {
		reads[i] = log.PartitionRead{Partition: log.Partition{Topic: t.Partition.Topic, Index: t.Partition.Index}, Offset: t.Offset,
			MaxBytes: sharePartitionBytes, Committed: f.cfg.Committed}
	}
	res := &log.FetchResult{}
	defer func() {
		if !got {
			res.Release()
		}
	}()
	if err := f.s.cfg.Log.Fetch(ctx, reads, log.Budget{MaxBytes: min(max(int(f.req.MaxBytes), 0), f.s.cfg.MaxFetchBytes)}, res); err != nil {
		return 0, false, err
	}
	free, err := f.s.holdFetch(ctx, &fetchRequest{reads: reads}, res)
	if err != nil {
		return 0, false, err
	}
	found := make([]group.ShareRead, len(targets))
	for i, t := range targets {
		d := &res.Partitions[i]
		if d.Err != nil && !errors.Is(d.Err, log.ErrOffsetOutOfRange) {
			free()
			return 0, false, d.Err
		}
		found[i] = group.ShareRead{Partition: t.Partition, Offset: t.Offset, Spans: spansOf(d, f.cfg.Committed), LogStart: d.LogStart, LogEnd: d.HighWatermark}
	}
	var acquired [][]group.Acquired
	f.s.groups.With(func(now time.Time, m *group.Machine) {
		acquired, err = m.AcquireShares(now, f.who.group, f.who.member, found, int64(max(f.req.MaxRecords, 0)), f.req.ShareAcquireMode != 0)
	})
	for i := range acquired {
		if len(acquired[i]) > 0 {
			got = true
			f.s.cfg.Epochs.Patch(reads[i].Partition, res.Partitions[i].RecordBatches)
			f.give(targets[i].Partition, acquired[i], res.Partitions[i].RecordBatches)
		}
	}
	if f.free = free; !got {
		f.free = nil
		free()
	}
	return res.AsOf, got, err
}

// give puts records that were acquired into the answer.
func (f *shareFetch) give(tp group.TopicPartition, ranges []group.Acquired, batches []byte) {
	p := f.partition(tp)
	first, last := ranges[0].First, ranges[len(ranges)-1].Last
	from := 0
	for at := 0; at < len(batches); {
		h, err := recordbatch.ParseHeader(batches[at:])
		if err != nil || h.BaseOffset > last {
			batches = batches[:at]
			break
		}
		if at += h.Size(); h.LastOffset() < first {
			from = at
		}
	}
	p.Records = batches[from:]
	step := int64(1) << 62
	if f.req.ShareAcquireMode == 0 && f.req.BatchSize > 0 {
		step = int64(f.req.BatchSize)
	}
	for _, a := range ranges {
		for at := a.First; at <= a.Last; at += step {
			r := kmsg.NewShareFetchResponseTopicPartitionAcquiredRecord()
			r.FirstOffset, r.LastOffset, r.DeliveryCount = at, min(a.Last, at+step-1), a.Count
			p.AcquiredRecords = append(p.AcquiredRecords, r)
		}
	}
}

// spansOf are the record batches that a read has found.
func spansOf(d *log.PartitionData, committed bool) (out []group.Span) {
	aborted := map[int64]bool{}
	left := d.Aborted
	for rest := d.RecordBatches; len(rest) > 0; {
		h, err := recordbatch.ParseHeader(rest)
		if err != nil {
			break // the client is not given what is behind it either
		}
		for len(left) > 0 && left[0].FirstOffset <= h.LastOffset() {
			aborted[left[0].ProducerID] = true
			left = left[1:]
		}
		gone := h.Control() || h.RecordCount == 0 || committed && h.Transactional() && aborted[h.ProducerID]
		if h.Control() {
			delete(aborted, h.ProducerID) // its transaction ends here
		}
		out = append(out, group.Span{First: h.BaseOffset, Last: h.LastOffset(), Gone: gone})
		rest = rest[h.Size():]
	}
	return out
}

// sharesIn notes a session that ends with the connection.
func (c *conn) sharesIn(w shareMember) {
	if c.shareSessions == nil {
		c.shareSessions = map[shareMember]struct{}{}
	}
	c.shareSessions[w] = struct{}{}
}

// endShareSession ends one that its member ends.
func (s *Server) endShareSession(c *conn, w shareMember) {
	delete(c.shareSessions, w)
	s.groups.With(func(_ time.Time, m *group.Machine) { m.CloseShareSession(w.group, w.member, c) })
}

// endShareSessions ends those of a connection that is over.
func (s *Server) endShareSessions(c *conn) {
	for w := range c.shareSessions {
		s.endShareSession(c, w)
	}
}
