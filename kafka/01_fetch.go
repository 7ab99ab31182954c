package kafka

import (
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tributary-db/tributary/kafka/fetchsession"
	"github.com/tributary-db/tributary/kafka/quota"
	"github.com/tributary-db/tributary/storage/log"
)

// Fetch: records of many partitions, waiting for some if there are none.
//
// Behaviour:
//   - Waits until min_bytes are there over all partitions, something is wrong with one, or
//     max_wait has passed. It holds no records while it waits.
//   - Whole record batches from the one that contains the offset on; the first partition with
//     any gives at least one, however large (KIP-74); the log does the sizing.
//   - Answers every partition that was asked, with high watermark and last stable offset also
//     when there is nothing: some clients compute lag from those alone.
//   - Of records that lie in objects it gives what the log reads at once, also if that is less than min_bytes: the
//     client asks again, and meanwhile the next are read.
//   - Never answers REQUEST_TIMED_OUT, see doc.go.
//   - A client that names the epoch of the last record it has, and has what an accepted loss took away, is told
//     where its log parted from this one (KIP-595's diverging epoch) instead of records.
//   - Fetch sessions (KIP-227) are kept as long as there is room for them (fetchsession); id 0 says that there is
//     none, and clients go on without. In one, only partitions with something to tell are answered.
//   - A client over its quota gets no partitions and how long to wait, as in Kafka; one that is within gets at most
//     what its quota is a second, or one record batch (throttle.go).
//   - A replica id is not believed: everybody is a consumer.
//
// Versions: 4 is the first with record batches v2; 5 log start; 7 sessions; 9 leader epoch;
// 11 rack; 12 flexible; 13 topic ids instead of names; 15 replica state as a tag; 16-18 more
// tags for brokers and replicas.

type fetchRequest struct {
	role               string
	maxWait            time.Duration
	minBytes, maxBytes int
	committed          bool
	session            fetchSession
	asks               []fetchsession.Ask // what is fetched: what the request names, or all of its session
	topics             []fetchTopic
	partitions         []fetchPartition    // one for each of asks
	reads              []log.PartitionRead // of the partitions that exist
}

// fetchTopic is a topic of neighbouring partitions.
type fetchTopic struct {
	name  string
	id    log.TopicID
	asked int  // partitions
	whole bool // that is all of them
}

// fetchPartition is one asked partition: read is its place in reads, or -1 with a code.
type fetchPartition struct {
	topic int // its place in topics
	index int32
	read  int
	code  int16
	quiet bool // the client knows all of it: it is not in the answer
	// diverging: the client has what is not there any more; it is told from where on, and gets no records.
	diverging *divergence
}

func (s *Server) fetch(ctx context.Context, r *request) (answer, error) {
	decoded, err := r.api.shape.preflight(r.body, r.version, r.api.flexible(r.version))
	if err != nil {
		return answer{}, err
	}
	if err := r.charge(ctx, decoded); err != nil {
		return answer{}, err
	}
	defer r.releaseDecoded()
	f, err := s.decodeFetch(r)
	if err != nil {
		return answer{}, err
	}
	if code := s.takeTurn(r, f); code != 0 {
		return answer{parts: encodeFetch(r.version, code, 0, nil, nil)}, nil
	}
	if f.session.turn != nil { // the body was little of it
		r.releaseDecoded()
		if err := r.charge(ctx, decoded+int64(len(f.asks))*structBytes); err != nil {
			return answer{}, err
		}
	}
	if wait := s.charge(r, quota.Fetch, 0); wait > 0 {
		f.session.begins = false
		return answer{parts: encodeFetch(r.version, 0, wait, &fetchRequest{session: f.session}, nil)}, nil
	}
	f.role = r.user()
	s.resolve(f)
	f.maxBytes = s.quotas.Most(r.user(), r.clientID, quota.Fetch, f.maxBytes)
	f.minBytes = min(f.minBytes, f.maxBytes)
	res := &log.FetchResult{}
	if err := s.longPoll(ctx, f, res); err != nil {
		return answer{}, err
	}
	free, err := s.holdFetch(ctx, f, res)
	if err != nil {
		return answer{}, err
	}
	for i, read := range f.reads {
		s.cfg.Epochs.Patch(read.Partition, res.Partitions[i].RecordBatches)
	}
	if code := s.endTurn(r, f, res); code != 0 {
		free()
		return answer{parts: encodeFetch(r.version, code, 0, &fetchRequest{session: f.session}, nil)}, nil
	}
	wait := s.charge(r, quota.Fetch, res.Bytes)
	return answer{parts: encodeFetch(r.version, 0, wait, f, res), free: free}, nil
}

// shrunkFetch is what a Fetch gets when too much waits in slow sockets.
const shrunkFetch = 64 << 10

// holdFetch counts res until it is written. When too much is on its way out already, res is read
// again with little in it: nobody waits for another client's socket, and memory is bounded.
func (s *Server) holdFetch(ctx context.Context, f *fetchRequest, res *log.FetchResult) (free func(), err error) {
	n := int64(res.Bytes)
	if n <= shrunkFetch {
		return res.Release, nil
	}
	if s.fetchBudget.TryAcquire(n) {
		return func() {
			res.Release()
			s.fetchBudget.Release(n)
		}, nil
	}
	s.metrics.FetchesShrunk.Add(1)
	res.Release()
	if err := s.cfg.Log.Fetch(ctx, f.reads, log.Budget{MaxBytes: shrunkFetch}, res); err != nil {
		s.failFetch(f, res, err)
	}
	return res.Release, ctx.Err()
}

// longPoll fills res once there is enough, something is wrong or the time is up.
func (s *Server) longPoll(ctx context.Context, f *fetchRequest, res *log.FetchResult) error {
	wait, stop := ctx, func() {}
	defer func() { stop() }()
	waiting := false
	for {
		changed := s.log.changed(f.reads)
		if err := s.cfg.Log.Fetch(ctx, f.reads, log.Budget{MaxBytes: f.maxBytes}, res); err != nil {
			s.failFetch(f, res, err)
			return ctx.Err()
		}
		if f.enough(res) || waiting && wait.Err() != nil {
			return nil
		}
		if !waiting {
			waiting = true
			s.metrics.LongPollsWaiting.Add(1)
			defer s.metrics.LongPollsWaiting.Add(-1)
			wait, stop = s.withTimeout(waitsOf(ctx), f.maxWait)
		}
		asOf := res.AsOf
		res.Release()
		if err := s.log.waitOr(wait, changed, f.filter(), asOf); err != nil && wait.Err() == nil {
			s.failFetch(f, res, err)
			return nil
		}
	}
}

// failFetch answers every partition with what is wrong with the log as a whole.
func (s *Server) failFetch(f *fetchRequest, res *log.FetchResult, err error) {
	res.Release()
	*res = log.FetchResult{Partitions: make([]log.PartitionData, len(f.reads))}
	for i := range res.Partitions {
		res.Partitions[i] = log.PartitionData{Ends: log.Ends{LogStart: -1, HighWatermark: -1, LastStableOffset: -1}, Err: err}
	}
}

// enough tells whether the answer can go out at once.
func (f *fetchRequest) enough(res *log.FetchResult) bool {
	if res.Bytes >= f.minBytes || f.maxWait <= 0 || len(f.reads) == 0 || res.Cut && res.Bytes > 0 {
		return true
	}
	for i := range f.partitions {
		if p := &f.partitions[i]; p.code != 0 || p.diverging != nil {
			return true
		}
	}
	for i := range res.Partitions {
		if res.Partitions[i].Err != nil {
			return true
		}
	}
	return false
}

func (f *fetchRequest) filter() log.Filter {
	var filter log.Filter
	at := -1
	for i := range f.partitions {
		p := &f.partitions[i]
		if p.read < 0 {
			continue
		}
		t := &f.topics[p.topic]
		if at != p.topic {
			at = p.topic
			filter.Topics = append(filter.Topics, log.TopicFilter{Topic: t.id})
		}
		if !t.whole { // no partitions stand for all, which is found faster
			last := &filter.Topics[len(filter.Topics)-1]
			last.Partitions = append(last.Partitions, p.index)
		}
	}
	return filter
}

// withTimeout is context.WithTimeout on the server's clock.
func (s *Server) withTimeout(ctx context.Context, d time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	after := s.cfg.Clock.After(d)
	go func() {
		defer close(done)
		select {
		case <-after:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel()
		<-done
	}
}

// decodeFetch reads the body, which preflight has walked.
func (s *Server) decodeFetch(r *request) (*fetchRequest, error) {
	c := cursor{src: r.body, flexible: r.api.flexible(r.version)}
	f := &fetchRequest{}
	if r.version <= 14 {
		c.skip(4) // replica id
	}
	f.maxWait = min(time.Duration(c.int32())*time.Millisecond, s.cfg.MaxFetchWait)
	f.minBytes = int(c.int32())
	f.maxBytes = min(max(int(c.int32()), 0), s.cfg.MaxFetchBytes)
	f.committed = c.int8() == 1
	f.session.epoch, f.session.topicIDs = noSession, r.version >= fetchTopicIDs
	if r.version >= 7 {
		f.session.id, f.session.epoch = c.int32(), c.int32()
	}
	for n := c.count(); n > 0 && !c.bad; n-- {
		f.decodeTopic(&c, r.version)
	}
	if r.version >= 7 {
		for n := c.count(); n > 0 && !c.bad; n-- {
			f.decodeForgotten(&c, r.version)
		}
	}
	if c.bad {
		return nil, errMalformed
	}
	return f, nil // the rack says nothing to us
}

// topicKey reads what names a topic in this version.
func topicKey(c *cursor, version int16) (k fetchsession.Key) {
	if version >= fetchTopicIDs {
		k.Topic = c.topicID()
	} else {
		k.Name, _ = c.string()
	}
	return k
}

// fetchTopicIDs is the first version with ids of topics instead of names.
const fetchTopicIDs = 13

func (f *fetchRequest) decodeTopic(c *cursor, version int16) {
	key := topicKey(c, version)
	n := c.count()
	f.asks = slices.Grow(f.asks, int(n))
	for ; n > 0 && !c.bad; n-- {
		a := fetchsession.Ask{Key: key, Current: -1, Fetched: -1}
		a.Index = c.int32()
		if version >= 9 {
			a.Current = c.int32()
		}
		a.Offset = c.int64()
		if version >= 12 {
			a.Fetched = c.int32()
		}
		if version >= 5 {
			c.skip(8) // log start of a follower
		}
		a.MaxBytes = c.int32()
		c.tags()
		f.asks = append(f.asks, a)
	}
	c.tags()
}

func (f *fetchRequest) decodeForgotten(c *cursor, version int16) {
	key := topicKey(c, version)
	for n := c.count(); n > 0 && !c.bad; n-- {
		key.Index = c.int32()
		f.session.forgotten = append(f.session.forgotten, key)
	}
	c.tags()
}

// resolve looks up what is asked for, as it is now.
func (s *Server) resolve(f *fetchRequest) {
	f.partitions = make([]fetchPartition, len(f.asks))
	f.reads = make([]log.PartitionRead, 0, len(f.asks))
	var found log.Topic
	var known bool
	var denied error
	unknown := kerr.UnknownTopicOrPartition.Code
	if f.session.topicIDs {
		unknown = kerr.UnknownTopicID.Code
	}
	for i := range f.asks {
		a, p := &f.asks[i], &f.partitions[i]
		if i == 0 || a.Topic != f.asks[i-1].Topic || a.Name != f.asks[i-1].Name {
			t := fetchTopic{name: a.Name, id: a.Topic}
			if f.session.topicIDs {
				found, known = s.cfg.Log.TopicByID(a.Topic)
			} else {
				found, known = s.cfg.Log.TopicByName(a.Name)
				t.id = found.ID
			}
			f.topics = append(f.topics, t)
			if denied = nil; known {
				denied = s.mayTopic(f.role, found.ID, ReadTopic)
			}
		}
		p.topic, p.index, p.read = len(f.topics)-1, a.Index, -1
		switch {
		case !known:
			p.code = unknown
		case denied != nil:
			p.code = kerr.TopicAuthorizationFailed.Code
		case p.index < 0 || p.index >= found.Partitions:
			p.code = kerr.UnknownTopicOrPartition.Code
		default:
			p.code = s.checkLeaderEpoch(a.Current)
		}
		f.read(s, p, a)
		t := &f.topics[p.topic]
		t.asked++
		t.whole = t.asked == int(found.Partitions)
	}
}

// read plans the reading of a partition that is there.
func (f *fetchRequest) read(s *Server, p *fetchPartition, a *fetchsession.Ask) {
	if p.code != 0 {
		return
	}
	read := log.PartitionRead{Offset: a.Offset, MaxBytes: int(a.MaxBytes), Committed: f.committed}
	read.Partition = log.Partition{Topic: f.topics[p.topic].id, Index: p.index}
	p.code, p.diverging = s.diverging(read.Partition, a.Fetched, read.Offset)
	if p.diverging != nil {
		read.Offset = p.diverging.end // for the ends alone
	}
	if p.code == 0 {
		p.read = len(f.reads)
		f.reads = append(f.reads, read)
	}
}

// checkLeaderEpoch compares what a client takes for the current epoch; -1 means that it does not know.
func (s *Server) checkLeaderEpoch(client int32) int16 {
	switch now := s.cfg.Epochs.Current(); {
	case client < 0 || client == now:
		return 0
	case client < now:
		return kerr.FencedLeaderEpoch.Code
	}
	return kerr.UnknownLeaderEpoch.Code
}

// divergence is where the log of a client, which has read behind it, was cut.
type divergence struct {
	epoch int32
	end   int64
}

// diverging compares the epoch of the last record that a client has, -1 = it does not say, with the log: what it
// has at offset-1 may not be there any more.
func (s *Server) diverging(p log.Partition, fetched int32, offset int64) (int16, *divergence) {
	if fetched < 0 {
		return 0, nil
	}
	found, end := s.cfg.Epochs.End(p, fetched)
	switch {
	case found < 0:
		return kerr.OffsetOutOfRange.Code, nil
	case found < fetched || end < offset:
		return 0, &divergence{found, end}
	}
	return 0, nil
}
