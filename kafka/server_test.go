package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// broker is a running server.
type broker struct {
	*Server
	addr string
	log  *memLog // nil with a real log
	meta meta.Store
}

const testTimeout = 20 * time.Second

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

func newMeta(t testing.TB) meta.Store {
	return metatest.OpenMemory(t)
}

// start runs a server until the test ends; change may adjust its configuration.
func start(t testing.TB, change func(c *Config)) *broker {
	l := newMemLog()
	cfg := Config{Log: l, Topics: l, ClusterID: "AAAAAAAAAAAAAAAAAAAAAA", AutoCreateTopics: true, MinSessionTimeout: 10 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	if cfg.Meta == nil {
		cfg.Meta = newMeta(t)
	}
	b := serve(t, cfg)
	b.log = l
	return b
}

// startReal runs a server over a real log in memory.
func startReal(t testing.TB, change func(c *Config)) *broker {
	store := newMeta(t)
	db := logtest.Open(t, func(c *log.Config) { c.Meta, c.OffsetRows = store, group.OffsetRows })
	cfg := Config{
		Log: db, Topics: newLogTopics(db, logtest.Rand(7)), Meta: store, ClusterID: "AAAAAAAAAAAAAAAAAAAAAA",
		AutoCreateTopics: true, MinSessionTimeout: 10 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	return serve(t, cfg)
}

// directory knows ann and what her password is verified by.
type directory struct{ verifiers auth.Verifiers }

func (d directory) Account(_ context.Context, name string) (auth.Account, error) {
	if name != "ann" {
		return auth.Account{}, nil
	}
	return auth.Account{Role: 10, Exists: true, Verifiers: d.verifiers}, nil
}

func newGate(t testing.TB, cfg auth.Config) *auth.Gate {
	g, err := auth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// trusting believes everybody to be ann.
func trusting(t testing.TB) *auth.Gate {
	return newGate(t, auth.Config{Directory: directory{}, Trusting: true, Nameless: "ann"})
}

func serve(t testing.TB, cfg Config) *broker {
	if cfg.Auth == nil {
		cfg.Auth = trusting(t)
	}
	if cfg.Credentials == nil {
		cfg.Credentials = &passwords{}
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveWith(t, s, ln)
}

func serveWith(t testing.TB, s *Server, ln net.Listener) *broker {
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; !errors.Is(err, ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
		if n := s.metrics.Panics.Load(); n != 0 {
			t.Errorf("%d panics", n)
		}
		if n := s.metrics.DecodedBytes.Load(); n != 0 {
			t.Errorf("%d decoded bytes were not given back", n)
		}
	})
	return &broker{Server: s, addr: ln.Addr().String(), meta: s.cfg.Meta}
}

func (b *broker) client(t testing.TB, opts ...kgo.Opt) *kgo.Client {
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(b.addr), kgo.AllowAutoTopicCreation()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func (b *broker) createTopic(t testing.TB, name string, partitions int32, configs map[string]string) {
	if _, err := b.cfg.Topics.CreateTopic(context.Background(), NewTopic{Name: name, Partitions: partitions, Configs: configs}); err != nil {
		t.Fatal(err)
	}
}

// wire is a connection that speaks the protocol by hand.
type wire struct {
	t  testing.TB
	nc net.Conn
	f  *kmsg.RequestFormatter
	id int32
}

func (b *broker) dial(t testing.TB) *wire {
	nc, err := net.Dial("tcp", b.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(testTimeout))
	return &wire{t: t, nc: nc, f: kmsg.NewRequestFormatter(kmsg.FormatterClientID("test"))}
}

func (w *wire) send(req kmsg.Request) {
	w.t.Helper()
	w.id++
	if _, err := w.nc.Write(w.f.AppendRequest(nil, req, w.id)); err != nil {
		w.t.Fatal(err)
	}
}

// receive reads one answer to a request like req with correlation id.
func (w *wire) receive(req kmsg.Request, id int32) kmsg.Response {
	w.t.Helper()
	var size [4]byte
	if _, err := io.ReadFull(w.nc, size[:]); err != nil {
		w.t.Fatalf("%s: %v", kmsg.NameForKey(req.Key()), err)
	}
	body := make([]byte, int(size[0])<<24|int(size[1])<<16|int(size[2])<<8|int(size[3]))
	if _, err := io.ReadFull(w.nc, body); err != nil {
		w.t.Fatal(err)
	}
	c := cursor{src: body}
	if got := c.int32(); got != id {
		w.t.Fatalf("%s: answer to %d, want %d", kmsg.NameForKey(req.Key()), got, id)
	}
	if req.IsFlexible() && req.Key() != keyApiVersions {
		c.int8()
	}
	resp := req.ResponseKind()
	if err := resp.ReadFrom(c.src); err != nil {
		w.t.Fatalf("%s version %d: %v", kmsg.NameForKey(req.Key()), req.GetVersion(), err)
	}
	return resp
}

func ask[R kmsg.Response](w *wire, req kmsg.Request) R {
	w.t.Helper()
	w.send(req)
	return w.receive(req, w.id).(R)
}

// closed waits for the server to hang up without an answer.
func (w *wire) closed() {
	w.t.Helper()
	if n, err := w.nc.Read(make([]byte, 1)); err == nil || n != 0 || errors.Is(err, context.DeadlineExceeded) {
		w.t.Fatalf("read %d bytes, %v; want a closed connection", n, err)
	}
	var netErr net.Error
	if _, err := w.nc.Read(make([]byte, 1)); errors.As(err, &netErr) && netErr.Timeout() {
		w.t.Fatal("connection is still open")
	}
}

func TestProduceAndConsume(t *testing.T) {
	b := startReal(t, nil)
	ctx := testContext(t)
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) {
			cl := b.client(t, kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic("t-"+name), kgo.ConsumeTopics("t-"+name))
			const n = 500
			for i := range n {
				cl.Produce(ctx, &kgo.Record{Key: fmt.Appendf(nil, "k%d", i), Value: fmt.Appendf(nil, "value %d", i)}, func(_ *kgo.Record, err error) {
					if err != nil {
						t.Error(err)
					}
				})
			}
			if err := cl.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			for next := 0; next < n; {
				fs := cl.PollFetches(ctx)
				if err := fs.Err(); err != nil {
					t.Fatal(err)
				}
				fs.EachRecord(func(r *kgo.Record) {
					if want := fmt.Sprintf("value %d", next); string(r.Value) != want || r.Offset != int64(next) {
						t.Fatalf("record %d is %q at offset %d", next, r.Value, r.Offset)
					}
					next++
				})
			}
		})
	}
}

func TestAdmin(t *testing.T) {
	b := start(t, nil)
	ctx := testContext(t)
	adm := kadm.NewClient(b.client(t))
	value := "compact"
	if _, err := adm.CreateTopic(ctx, 3, 1, map[string]*string{"cleanup.policy": &value}, "orders"); err != nil {
		t.Fatal(err)
	}
	if _, err := adm.CreateTopic(ctx, 3, 1, nil, "orders"); err == nil {
		t.Fatal("a topic was created twice")
	}
	topics, err := adm.ListTopics(ctx)
	if err != nil || len(topics["orders"].Partitions) != 3 {
		t.Fatalf("topics %v, %v", topics, err)
	}
	configs, err := adm.DescribeTopicConfigs(ctx, "orders")
	if err != nil || len(configs) != 1 || len(configs[0].Configs) != len(topicconfig.Defs) {
		t.Fatalf("configs %v, %v", configs, err)
	}
	for _, c := range configs[0].Configs {
		if c.Key == "cleanup.policy" && (*c.Value != "compact" || c.Source != kmsg.ConfigSourceDynamicTopicConfig) {
			t.Errorf("cleanup.policy is %s from %s", *c.Value, c.Source)
		}
	}
	if configs, err := adm.DescribeBrokerConfigs(ctx, 1); err != nil || len(configs[0].Configs) == 0 {
		t.Fatalf("broker configs %v, %v", configs, err)
	}
	b.log.inUse = []string{"orders"}
	if _, err := adm.DeleteTopic(ctx, "orders"); err == nil || err.Error() == "" {
		t.Fatal("a topic in use was deleted")
	}
	b.log.inUse = nil
	if _, err := adm.DeleteTopic(ctx, "orders"); err != nil {
		t.Fatal(err)
	}
}

// TestRestart: offsets, groups and their members outlive the server.
func TestRestart(t *testing.T) {
	l, store := newMemLog(), newMeta(t)
	cfg := Config{Log: l, Topics: l, Meta: store, Auth: trusting(t), Credentials: &passwords{}, ClusterID: "AAAAAAAAAAAAAAAAAAAAAA", MinSessionTimeout: time.Millisecond}
	ctx := testContext(t)
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ln) }()
	first := &broker{Server: s, addr: ln.Addr().String(), log: l}
	first.createTopic(t, "a", 1, nil)
	w := first.dial(t)
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.ProtocolType, join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = "g", "consumer", 60_000, 60_000
	join.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "range", Metadata: []byte("m")}}
	join.Version = 3
	joined := ask[*kmsg.JoinGroupResponse](w, join)
	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Version, sync.Group, sync.MemberID, sync.Generation = 3, "g", joined.MemberID, joined.Generation
	sync.GroupAssignment = []kmsg.SyncGroupRequestGroupAssignment{{MemberID: joined.MemberID, MemberAssignment: []byte("share")}}
	if got := ask[*kmsg.SyncGroupResponse](w, sync); got.ErrorCode != 0 || string(got.MemberAssignment) != "share" {
		t.Fatalf("sync: %+v", got)
	}
	topic, _ := l.TopicByName("a")
	commit := kmsg.NewPtrOffsetCommitRequest()
	commit.Version, commit.Group, commit.MemberID, commit.Generation = 10, "g", joined.MemberID, joined.Generation
	commit.Topics = []kmsg.OffsetCommitRequestTopic{{TopicID: topic.ID, Partitions: []kmsg.OffsetCommitRequestTopicPartition{{Offset: 42, Metadata: kmsg.StringPtr("note")}}}}
	if got := ask[*kmsg.OffsetCommitResponse](w, commit); got.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Fatalf("commit: %+v", got)
	}
	if err := first.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-served; !errors.Is(err, ErrServerClosed) {
		t.Fatal(err)
	}

	second := serve(t, cfg)
	w = second.dial(t)
	beat := kmsg.NewPtrHeartbeatRequest()
	beat.Group, beat.MemberID, beat.Generation = "g", joined.MemberID, joined.Generation
	if got := ask[*kmsg.HeartbeatResponse](w, beat); got.ErrorCode != 0 {
		t.Errorf("the member is not known any more: %d", got.ErrorCode)
	}
	for _, version := range []int16{1, 5, 8, 10} {
		req := kmsg.NewPtrOffsetFetchRequest()
		req.Version, req.Group = version, "g"
		req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: "a", Partitions: []int32{0}}}
		req.Groups = []kmsg.OffsetFetchRequestGroup{{Group: "g"}}
		resp := ask[*kmsg.OffsetFetchResponse](w, req)
		var p kmsg.OffsetFetchResponseGroupTopicPartition
		if version < 8 {
			p = kmsg.OffsetFetchResponseGroupTopicPartition(resp.Topics[0].Partitions[0])
		} else {
			p = resp.Groups[0].Topics[0].Partitions[0]
		}
		if p.Offset != 42 || *p.Metadata != "note" {
			t.Errorf("version %d: %+v", version, p)
		}
	}
	// A group that nobody knows has offset -1 and no error.
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Version, req.Group = 5, "other"
	req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: "a", Partitions: []int32{0}}}
	if got := ask[*kmsg.OffsetFetchResponse](w, req); got.ErrorCode != 0 || got.Topics[0].Partitions[0].Offset != -1 || got.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Errorf("unknown group: %+v", got)
	}
}

func TestGroupSharesPartitions(t *testing.T) {
	b := startReal(t, nil)
	ctx := testContext(t)
	b.createTopic(t, "shared", 4, nil)
	producer := b.client(t, kgo.DefaultProduceTopic("shared"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	produce := func(from, to int) {
		for i := from; i < to; i++ {
			r := &kgo.Record{Partition: int32(i % 4), Value: fmt.Appendf(nil, "%d", i)}
			if err := producer.ProduceSync(ctx, r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	seen := make(chan int, 1000)
	member := func() (*kgo.Client, chan struct{}) {
		cl := b.client(t, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("shared"), kgo.HeartbeatInterval(100*time.Millisecond),
			kgo.AutoCommitInterval(100*time.Millisecond), kgo.FetchMaxWait(100*time.Millisecond))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				fs := cl.PollFetches(ctx)
				if fs.IsClientClosed() || ctx.Err() != nil {
					return
				}
				fs.EachRecord(func(r *kgo.Record) {
					var n int
					_, _ = fmt.Sscan(string(r.Value), &n)
					seen <- n
				})
			}
		}()
		return cl, done
	}
	expect := func(n int) {
		t.Helper()
		got := map[int]bool{}
		for len(got) < n {
			select {
			case v := <-seen:
				got[v] = true
			case <-ctx.Done():
				t.Fatalf("saw %d of %d records", len(got), n)
			}
		}
	}
	one, oneDone := member()
	produce(0, 40)
	expect(40)
	_, twoDone := member()
	adm := kadm.NewClient(producer)
	for shared := false; !shared; {
		if ctx.Err() != nil {
			t.Fatal("the group never shared the partitions")
		}
		groups, err := adm.DescribeGroups(ctx, "g")
		if err != nil {
			t.Fatal(err)
		}
		g := groups["g"]
		shared = g.State == "Stable" && len(g.Members) == 2
		for _, mb := range g.Members {
			parts, _ := mb.Assigned.AsConsumer()
			shared = shared && parts != nil && len(parts.Topics) == 1 && len(parts.Topics[0].Partitions) == 2
		}
	}
	produce(40, 80)
	expect(40)
	one.Close()
	<-oneDone
	produce(80, 120)
	expect(40)
	offsets, err := adm.FetchOffsets(ctx, "g")
	if err != nil || len(offsets["shared"]) != 4 {
		t.Fatalf("offsets %v, %v", offsets, err)
	}
	_ = twoDone
}
