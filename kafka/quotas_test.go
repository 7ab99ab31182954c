package kafka

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// standing is a clock that stands: who waits for it goes on when it is told to.
type standing struct {
	mu     sync.Mutex
	now    time.Time
	timers []standingTimer
	waits  chan time.Duration // of each After while it is watched
	watch  bool
}

type standingTimer struct {
	at time.Time
	c  chan time.Time
}

func newStanding() *standing {
	return &standing{now: time.Now(), waits: make(chan time.Duration, 100)}
}

func (s *standing) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *standing) After(d time.Duration) <-chan time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := make(chan time.Time, 1)
	s.timers = append(s.timers, standingTimer{s.now.Add(d), c})
	if s.watch {
		s.waits <- d
	}
	return c
}

func (s *standing) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	s.timers = slices.DeleteFunc(s.timers, func(t standingTimer) bool {
		if due := !t.at.After(s.now); due {
			t.c <- s.now
			return true
		}
		return false
	})
}

func (s *standing) watching(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch = on
}

// entity of pairs of type and name; "" is the default.
func entityOf(pairs ...string) (e kadm.ClientQuotaEntity) {
	for i := 0; i < len(pairs); i += 2 {
		c := kadm.ClientQuotaEntityComponent{Type: pairs[i]}
		if pairs[i+1] != "" {
			c.Name = &pairs[i+1]
		}
		e = append(e, c)
	}
	return e
}

func setQuota(e kadm.ClientQuotaEntity, key string, value float64) kadm.AlterClientQuotaEntry {
	return kadm.AlterClientQuotaEntry{Entity: e, Ops: []kadm.AlterClientQuotaOp{{Key: key, Value: value}}}
}

// TestQuotasThrottle: who is over a quota is told how long to wait, and nothing more of it is read
// before; beside it, others go on.
func TestQuotasThrottle(t *testing.T) {
	clk := newStanding()
	b := start(t, func(c *Config) { c.Clock = clk })
	ctx := testContext(t)
	b.createTopic(t, "a", 1, nil)
	adm := kadm.NewClient(b.client(t))
	records := recordBatch(t, make([][]byte, 400)...)
	body := len(produceRequest(9, "a", 0, records).AppendTo(nil))
	rate := float64(body / 2)
	altered, err := adm.AlterClientQuotas(ctx, []kadm.AlterClientQuotaEntry{
		setQuota(entityOf("client-id", "test"), "producer_byte_rate", rate), setQuota(entityOf("user", "ann", "client-id", "test"), "consumer_byte_rate", rate),
	})
	if err != nil || altered[0].Err != nil || altered[1].Err != nil {
		t.Fatalf("%+v, %v", altered, err)
	}
	w := b.dial(t) // as client "test"
	clk.watching(true)
	resp := ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", 0, records))
	wait := throttleMillis(time.Duration((float64(body)/rate - 1) * float64(time.Second)))
	if got := resp.ThrottleMillis; resp.Topics[0].Partitions[0].ErrorCode != 0 || got < wait-1 || got > wait+1 {
		t.Fatalf("told to wait for %d ms, want %d: %+v", got, wait, resp)
	}
	if d := <-clk.waits; d > time.Duration(resp.ThrottleMillis)*time.Millisecond {
		t.Errorf("the connection rests for %v", d)
	}
	list := kmsg.NewPtrListGroupsRequest() // which nobody else here asks
	w.send(list)
	other := b.dial(t)
	other.f = kmsg.NewRequestFormatter(kmsg.FormatterClientID("other"))
	if got := ask[*kmsg.ProduceResponse](other, produceRequest(9, "a", 0, records)); got.ThrottleMillis != 0 {
		t.Errorf("another client waits for %d ms", got.ThrottleMillis)
	}
	if n := b.metrics.Requests[list.Key()].Load(); n != 0 {
		t.Errorf("%d requests were read of a connection that rests", n)
	}
	clk.pass(time.Duration(resp.ThrottleMillis) * time.Millisecond)
	w.receive(list, w.id)

	// A Fetch gives what there is, and the next one, on whatever connection, nothing.
	topic, _ := b.log.TopicByName("a")
	fetch := fetchOf(12, topic, 0, 0)
	first := ask[*kmsg.FetchResponse](w, fetch)
	if len(first.Topics) != 1 || len(first.Topics[0].Partitions[0].RecordBatches) == 0 || first.ThrottleMillis == 0 {
		t.Fatalf("%d topics, wait %d", len(first.Topics), first.ThrottleMillis)
	}
	if n := len(first.Topics[0].Partitions[0].RecordBatches); n > len(records)+int(rate) {
		t.Errorf("%d bytes at once at %v a second", n, rate)
	}
	second := ask[*kmsg.FetchResponse](b.dial(t), fetch)
	if len(second.Topics) != 0 || second.ThrottleMillis != first.ThrottleMillis || second.ErrorCode != 0 {
		t.Errorf("%d topics, wait %d", len(second.Topics), second.ThrottleMillis)
	}
	if third := ask[*kmsg.FetchResponse](other, fetch); len(third.Topics) != 1 || third.ThrottleMillis != 0 {
		t.Errorf("another client: %d topics, wait %d", len(third.Topics), third.ThrottleMillis)
	}
	clk.watching(false)
	clk.pass(time.Minute)
	again := b.dial(t)
	if got := ask[*kmsg.FetchResponse](again, fetch); len(got.Topics) != 1 {
		t.Errorf("after the wait: %d topics", len(got.Topics))
	}
	if p, f := b.metrics.Throttled[0].Load(), b.metrics.Throttled[1].Load(); p != 1 || f != 3 {
		t.Errorf("%d produces and %d fetches counted", p, f)
	}
}

// TestShutdownOfThrottled: a connection that rests does not hold the server up (start's cleanup waits).
func TestShutdownOfThrottled(t *testing.T) {
	b := start(t, func(c *Config) { c.Clock = newStanding() })
	b.createTopic(t, "a", 1, nil)
	if _, err := kadm.NewClient(b.client(t)).AlterClientQuotas(testContext(t), []kadm.AlterClientQuotaEntry{setQuota(entityOf("client-id", ""), "producer_byte_rate", 1)}); err != nil {
		t.Fatal(err)
	}
	if got := ask[*kmsg.ProduceResponse](b.dial(t), produceRequest(9, "a", 0, recordBatch(t, nil))); got.ThrottleMillis != 30_000 {
		t.Fatalf("%d ms", got.ThrottleMillis)
	}
}

// TestClientQuotas: what is altered is described, by every kind of filter, and after a restart; what is
// refused says why and changes nothing.
func TestClientQuotas(t *testing.T) {
	store := newMeta(t)
	b := start(t, func(c *Config) { c.Meta = store })
	ctx := testContext(t)
	adm := kadm.NewClient(b.client(t))
	alter := func(validate bool, entries ...kadm.AlterClientQuotaEntry) (errs []error) {
		t.Helper()
		do := adm.AlterClientQuotas
		if validate {
			do = adm.ValidateAlterClientQuotas
		}
		got, err := do(ctx, entries)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range got {
			errs = append(errs, g.Err)
		}
		return errs
	}
	const in, out = "producer_byte_rate", "consumer_byte_rate"
	both := setQuota(entityOf("client-id", "c", "user", "u"), in, 1000)
	both.Ops = append(both.Ops, kadm.AlterClientQuotaOp{Key: out, Value: 1 << 40})
	for _, err := range alter(false, both, setQuota(entityOf("user", ""), out, 5), setQuota(entityOf("client-id", "c"), in, 7), setQuota(entityOf("user", "u"), in, 1)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if errs := alter(true, setQuota(entityOf("user", "v"), in, 1)); errs[0] != nil {
		t.Errorf("validate: %v", errs)
	}
	long := strings.Repeat("x", 2000)
	for name, e := range map[string]kadm.AlterClientQuotaEntry{
		"no entity": setQuota(nil, in, 1), "ip": setQuota(entityOf("ip", "127.0.0.1"), in, 1), "type": setQuota(entityOf("group", "g"), in, 1),
		"twice": setQuota(entityOf("user", "u", "user", "v"), in, 1), "long name": setQuota(entityOf("user", long), in, 1),
		"key": setQuota(entityOf("user", "u"), "byte_rate", 1), "not enforced": setQuota(entityOf("user", "u"), "request_percentage", 50),
		"zero": setQuota(entityOf("user", "u"), in, 0), "half": setQuota(entityOf("user", "u"), in, 1.5), "NaN": setQuota(entityOf("user", "u"), in, math.NaN()),
		"infinite": setQuota(entityOf("user", "u"), in, math.Inf(1)), "negative": setQuota(entityOf("user", "u"), in, -1),
		"key twice": {Entity: entityOf("user", "u"), Ops: []kadm.AlterClientQuotaOp{{Key: in, Value: 2}, {Key: in, Remove: true}}},
		"half good": {Entity: entityOf("user", "u"), Ops: []kadm.AlterClientQuotaOp{{Key: in, Value: 2}, {Key: "x", Value: 1}}},
	} {
		if errs := alter(false, e); !errors.Is(errs[0], kerr.InvalidRequest) {
			t.Errorf("%s: %v", name, errs)
		}
	}
	if errs := alter(false, setQuota(entityOf("user", "w"), in, 1), setQuota(entityOf("user", "w"), out, 1), setQuota(entityOf("user", "x"), in, 9)); errs[0] != kerr.InvalidRequest || errs[1] != kerr.InvalidRequest || errs[2] != nil {
		t.Errorf("an entity twice: %v", errs)
	}
	if errs := alter(false, kadm.AlterClientQuotaEntry{Entity: entityOf("user", "x"), Ops: []kadm.AlterClientQuotaOp{{Key: in, Remove: true}, {Key: out, Remove: true}}}); errs[0] != nil {
		t.Errorf("remove: %v", errs)
	}
	u, c := "u", "c"
	exact := func(kind string, name *string) kadm.DescribeClientQuotaComponent {
		return kadm.DescribeClientQuotaComponent{Type: kind, MatchName: name}
	}
	matching := func(kind string, match kadm.QuotasMatchType) kadm.DescribeClientQuotaComponent {
		return kadm.DescribeClientQuotaComponent{Type: kind, MatchType: match}
	}
	const (
		rest   = "user=<default> consumer_byte_rate=5;"
		client = "client-id=c producer_byte_rate=7;"
		user   = "user=u producer_byte_rate=1;"
		pair   = "user=u client-id=c producer_byte_rate=1000 consumer_byte_rate=1099511627776;"
	)
	for i, f := range []struct {
		strict bool
		parts  []kadm.DescribeClientQuotaComponent
		want   string
		err    error
	}{
		{false, nil, client + rest + user + pair, nil}, {true, nil, "", nil},
		{false, []kadm.DescribeClientQuotaComponent{exact("user", &u)}, user + pair, nil},
		{true, []kadm.DescribeClientQuotaComponent{exact("user", &u)}, user, nil},
		{true, []kadm.DescribeClientQuotaComponent{exact("user", &u), exact("client-id", &c)}, pair, nil},
		{false, []kadm.DescribeClientQuotaComponent{matching("user", kmsg.QuotasMatchTypeDefault)}, rest, nil},
		{false, []kadm.DescribeClientQuotaComponent{matching("user", kmsg.QuotasMatchTypeAny)}, rest + user + pair, nil},
		{true, []kadm.DescribeClientQuotaComponent{matching("client-id", kmsg.QuotasMatchTypeAny)}, client, nil},
		{false, []kadm.DescribeClientQuotaComponent{matching("ip", kmsg.QuotasMatchTypeAny)}, "", nil},
		{false, []kadm.DescribeClientQuotaComponent{exact("user", nil)}, "", kerr.InvalidRequest},
		{false, []kadm.DescribeClientQuotaComponent{exact("user", &u), exact("user", &c)}, "", kerr.InvalidRequest},
		{false, []kadm.DescribeClientQuotaComponent{matching("user", 3)}, "", kerr.InvalidRequest},
		{false, []kadm.DescribeClientQuotaComponent{matching("ip", kmsg.QuotasMatchTypeAny), matching("user", kmsg.QuotasMatchTypeAny)}, "", kerr.InvalidRequest},
		{false, []kadm.DescribeClientQuotaComponent{exact("zone", &u)}, "", kerr.UnsupportedVersion},
	} {
		got, err := adm.DescribeClientQuotas(ctx, f.strict, f.parts)
		if text := quotasText(got); !errors.Is(err, f.err) || text != f.want {
			t.Errorf("filter %d: %q, %v; want %q, %v", i, text, err, f.want, f.err)
		}
	}
	after := start(t, func(c *Config) { c.Meta = store })
	got, err := kadm.NewClient(after.client(t)).DescribeClientQuotas(ctx, false, nil)
	if text := quotasText(got); err != nil || text != client+rest+user+pair {
		t.Errorf("after a restart: %q, %v", text, err)
	}
}

func quotasText(quotas kadm.DescribedClientQuotas) string {
	var b strings.Builder
	for _, q := range quotas {
		for _, e := range q.Entity {
			b.WriteString(e.String() + " ")
		}
		for i, v := range q.Values {
			b.WriteString(strings.Repeat(" ", min(i, 1)) + v.Key + "=" + fmt.Sprintf("%.0f", v.Value))
		}
		b.WriteString(";")
	}
	return b.String()
}
