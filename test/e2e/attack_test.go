package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/test/harness"
)

// An attack is what one hostile client does; begin returns once it is under way. Connections it
// opens end with the attack.
type attack struct {
	name  string
	begin func(a *attacker)
}

// attacker holds what an attack has open.
type attacker struct {
	t     testing.TB
	s     *harness.Server
	conns []net.Conn
	ctx   context.Context // ends with the attack
}

// open makes n connections that send raw, as far as the server takes it.
func (a *attacker) open(n int, addr string, raw []byte) {
	a.t.Helper()
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			a.t.Fatalf("dial: %v", err)
		}
		a.conns = append(a.conns, c)
		if len(raw) <= 1<<10 {
			_, _ = c.Write(raw) // refused is as good as taken
			continue
		}
		go func() { _, _ = c.Write(raw) }() // ends when the connection does
	}
}

func (a *attacker) close() {
	for _, c := range a.conns {
		_ = c.Close()
	}
}

// announced is the head of a Kafka frame of so many bytes.
func announced(key, version byte, length uint32) []byte {
	return append(be32(length), 0, key, 0, version, 0, 0, 0, 1)
}

// attacks are one client's means against the others, each found to have worked once.
func attacks() []attack {
	held := make([]byte, 300<<10)
	return []attack{
		{"announced frames", func(a *attacker) {
			a.open(3, a.s.KafkaAddr, announced(0, 9, 100<<20))
			a.open(65, a.s.KafkaAddr, announced(1, 11, 4<<20))
		}},
		{"half delivered frames", func(a *attacker) {
			a.open(20, a.s.KafkaAddr, append(announced(0, 9, 60<<20), held...))
			a.open(20, a.s.KafkaAddr, append(announced(1, 11, 4<<20), held...))
		}},
		{"large SQL messages", func(a *attacker) {
			a.open(20, a.s.PGAddr(), append(pgStartup(), pgMessage('Q', 200<<20, string(held))...))
		}},
		{"silent sockets", func(a *attacker) {
			a.open(1100, a.s.KafkaAddr, nil)
			a.open(150, a.s.PGAddr(), nil)
			a.open(300, a.s.HTTP, nil)
		}},
		{"sockets with half a start", func(a *attacker) {
			a.open(1100, a.s.KafkaAddr, announced(3, 9, 100)[:7])
			a.open(150, a.s.PGAddr(), pgStartup()[:9])
			a.open(300, a.s.HTTP, []byte("GET /he"))
		}},
		{"60,000 unknown topics", unknownTopics},
		{"invented producer ids", inventedProducers},
		{"answers nobody reads", func(a *attacker) {
			client := a.s.Kafka(a.t, kgo.DefaultProduceTopic("wide"), kgo.AllowAutoTopicCreation())
			for range 20 {
				if err := client.ProduceSync(a.ctx, &kgo.Record{Value: held}).FirstErr(); err != nil {
					a.t.Fatal(err)
				}
			}
			fetch := kmsg.NewPtrFetchRequest()
			fetch.Version, fetch.MaxBytes = 11, 50<<20
			from := kmsg.NewFetchRequestTopic()
			from.Topic = "wide"
			from.Partitions = append(from.Partitions, kmsg.NewFetchRequestTopicPartition())
			from.Partitions[0].PartitionMaxBytes = 50 << 20
			fetch.Topics = append(fetch.Topics, from)
			a.open(60, a.s.KafkaAddr, kafkaFrame(fetch))
		}},
		{"long lists of constants", func(a *attacker) {
			text := "SELECT 1 WHERE 1 IN (2" + strings.Repeat(",34567", 500_000) + ")\x00"
			a.open(8, a.s.PGAddr(), append(pgStartup(), pgMessage('Q', uint32(4+len(text)), text)...))
		}},
		{"jsonb of long numbers", func(a *attacker) {
			a.s.Exec(a.t, `CREATE STREAM jb (j jsonb)`, `CREATE MATERIALIZED VIEW jb_v AS SELECT count(*) AS n FROM jb WHERE j IS NOT NULL`)
			bomb := `{"j":[` + strings.Repeat("1e131071,", 1999) + `1e131071]}`
			client := a.s.Kafka(a.t, kgo.DefaultProduceTopic("jb"))
			for _, value := range []string{bomb, `{"j":1}`, bomb} {
				if err := client.ProduceSync(a.ctx, kgo.StringRecord(value)).FirstErr(); err != nil {
					a.t.Fatal(err)
				}
			}
			equal(a.t, "rows beside long numbers", a.s.Query(a.t, `SELECT n FROM jb_v`), []string{"1"})
			equal(a.t, "long numbers are error rows", a.s.Query(a.t, `SELECT count(*) FROM jb_errors`), []string{"2"})
		}},
	}
}

func unknownTopics(a *attacker) {
	req := kmsg.NewPtrMetadataRequest()
	req.Version, req.AllowAutoTopicCreation = 1, true
	for i := range 60_000 {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr(fmt.Sprintf("unknown-%05d", i))
		req.Topics = append(req.Topics, topic)
	}
	frame := kafkaFrame(req)
	a.open(2, a.s.KafkaAddr, frame)
	for range 2 { // closed at once
		if c, err := net.Dial("tcp", a.s.KafkaAddr); err == nil {
			_, _ = c.Write(frame)
			_ = c.Close()
		}
	}
}

// inventedProducers sends records under producer ids that nobody was given.
func inventedProducers(a *attacker) {
	c, err := net.Dial("tcp", a.s.KafkaAddr)
	if err != nil {
		a.t.Fatal(err)
	}
	a.conns = append(a.conns, c)
	go func() { _, _ = io.Copy(io.Discard, c) }()
	req := kafkaRequests()[0].(*kmsg.ProduceRequest)
	req.Topics[0].Topic = "canary"
	for id := range 5000 {
		b := recordbatch.NewBuilder(1 << 10)
		if err := b.Add(nil, []byte(`{"n":1}`), nil, time.Now().UnixMilli()); err != nil {
			a.t.Fatal(err)
		}
		records := b.AppendTo(nil)
		logtest.SetProducer(records, int64(id)+1<<40, 0, 7)
		req.Topics[0].Partitions[0].Records = records
		if _, err := c.Write(kafkaFrame(req)); err != nil {
			return // refused
		}
	}
}

// TestHostileClients runs every attack beside canaries: the process lives, the canaries get their
// work done, memory stays within bounds, and a stop ends in the middle of it.
func TestHostileClients(t *testing.T) {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil && files.Cur < 8192 {
		t.Skipf("only %d open files are allowed", files.Cur)
	}
	span := 1500 * time.Millisecond
	if long() {
		span = 20 * time.Second
	}
	s := harness.Start(t, t.TempDir(), "--shutdown-timeout", "5s")
	canarySchema(t, s)
	quiet := startCanaries(t, s)
	<-time.After(span)
	quiet.end("nothing")
	for _, at := range attacks() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		a := &attacker{t: t, s: s, ctx: ctx}
		at.begin(a)
		c := startCanaries(t, s)
		<-time.After(span)
		c.end(at.name)
		rss := s.Resident(t)
		t.Logf("%-28s resident %d MB", at.name, rss>>20)
		if rss > 1500<<20 {
			t.Errorf("%s: %d bytes resident", at.name, rss)
		}
		a.close()
		cancel()
		if t.Failed() {
			break
		}
	}
	alive(t, s, "all attacks")

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	last := &attacker{t: t, s: s, ctx: ctx}
	defer last.close()
	for _, at := range attacks()[:6] {
		at.begin(last)
	}
	began := time.Now()
	code := s.Stop()
	t.Logf("stopped with %d after %v", code, time.Since(began).Round(time.Millisecond))
	if took := time.Since(began); code != 0 || took > 20*time.Second {
		t.Errorf("exit code %d after %v in the middle of attacks", code, took)
	}
}
