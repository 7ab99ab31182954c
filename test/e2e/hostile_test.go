package e2e

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/test/harness"
)

// alive fails the test unless the server answers on every face and has not panicked.
func alive(t testing.TB, s *harness.Server, after string) {
	t.Helper()
	if !s.Running() {
		t.Fatalf("after %s the process has ended:\n%s", after, s.Stderr())
	}
	equal(t, "after "+after, s.Query(t, "SELECT 1"), []string{"1"})
	client := s.Kafka(t)
	if err := client.Ping(testContext(t)); err != nil {
		t.Errorf("after %s Kafka does not answer: %v", after, err)
	}
	client.Close()
	if status, body := s.Get(t, "/healthz"); status != 200 {
		t.Errorf("after %s /healthz is %d %s", after, status, body)
	}
	if n := s.Metric(t, "tributary_panics_total"); n != 0 {
		t.Errorf("after %s there were %v panics:\n%s", after, n, s.Stderr())
	}
}

// throw writes bytes to a port, ends its side unless it keeps the connection, and reads what
// comes until the server closes or a moment has passed.
func throw(t testing.TB, addr string, raw []byte) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Errorf("dial %s: %v", addr, err)
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(200 * time.Millisecond))
	if _, err := c.Write(raw); err != nil {
		return // refused early
	}
	_ = c.(*net.TCPConn).CloseWrite()
	buf := make([]byte, 4096)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

func be32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// pgStartup is a well-formed start of a session.
func pgStartup() []byte {
	body := append(be32(196608), "user\x00tributary\x00database\x00tributary\x00\x00"...)
	return append(be32(uint32(len(body)+4)), body...)
}

func pgMessage(kind byte, length uint32, body string) []byte {
	return append(append([]byte{kind}, be32(length)...), body...)
}

// kafkaFrame is a request of franz-go's encoder.
func kafkaFrame(req kmsg.Request) []byte {
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("hostile")).AppendRequest(nil, req, 7)
}

// TestHostileBytes: no bytes on any port end the server or keep it from answering others.
func TestHostileBytes(t *testing.T) {
	rng := random(t)
	s := harness.Start(t, t.TempDir())
	s.Exec(t, "CREATE STREAM hb (n bigint)", "INSERT INTO hb VALUES (1)")
	junk := func(size int) []byte {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	ports := []string{s.PGAddr(), s.KafkaAddr, s.HTTP}

	for range 60 {
		for _, addr := range ports {
			throw(t, addr, junk(1+rng.IntN(300)))
		}
	}
	alive(t, s, "random bytes")

	for _, addr := range ports {
		throw(t, addr, []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
		throw(t, addr, []byte("*1\r\n$4\r\nPING\r\n"))
		for _, length := range []uint32{0, 1, 3, 4, 7, 1 << 24, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
			throw(t, addr, append(be32(length), junk(64)...))
		}
		if c, err := tls.DialWithDialer(&net.Dialer{Timeout: 300 * time.Millisecond}, "tcp", addr, &tls.Config{InsecureSkipVerify: true}); err == nil {
			_ = c.Close()
			t.Errorf("%s speaks TLS", addr)
		}
	}
	alive(t, s, "other protocols and impossible lengths")

	for _, length := range []uint32{0, 3, 4, 5, 1 << 30, 1<<31 - 1, 1<<32 - 1} {
		for _, kind := range []byte("QPBEDCSHFdcfpX?\x00\xff") {
			throw(t, s.PGAddr(), append(pgStartup(), pgMessage(kind, length, "SELECT 1\x00")...))
		}
	}
	for range 150 {
		msg := pgStartup()
		for range 1 + rng.IntN(4) {
			body := junk(rng.IntN(40))
			msg = append(msg, pgMessage("QPBEDCSHFdcf"[rng.IntN(12)], uint32(4+len(body)), string(body))...)
		}
		throw(t, s.PGAddr(), msg[:len(msg)-rng.IntN(3)])
	}
	alive(t, s, "broken messages after a good start")

	requests := kafkaRequests()
	for _, req := range requests {
		for range 12 {
			frame := kafkaFrame(req)
			switch rng.IntN(3) {
			case 0: // bytes changed, the length right
				for range 1 + rng.IntN(4) {
					frame[4+rng.IntN(len(frame)-4)] = byte(rng.Uint32())
				}
			case 1: // cut inside, the length as if it were not
				frame = frame[:4+rng.IntN(len(frame)-4)]
			case 2: // lengths inside that reach far beyond the frame
				at := 4 + rng.IntN(max(1, len(frame)-8))
				copy(frame[at:], []byte{0x7f, 0xff, 0xff, 0xff})
			}
			throw(t, s.KafkaAddr, frame)
		}
	}
	alive(t, s, "damaged Kafka requests")
	equal(t, "stream", s.Query(t, "SELECT n FROM hb"), []string{"1"})
	if rss := s.Resident(t); rss > 600e6 {
		t.Errorf("the server holds %d bytes after it", rss)
	}
}

// kafkaRequests are requests with something in every part.
func kafkaRequests() []kmsg.Request {
	produce := kmsg.NewPtrProduceRequest()
	produce.Version, produce.Acks = 9, -1
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = "hb"
	part := kmsg.NewProduceRequestTopicPartition()
	part.Records = make([]byte, 120)
	copy(part.Records[8:], []byte{0, 0, 0, 108, 0, 0, 0, 0, 2})
	topic.Partitions = append(topic.Partitions, part)
	produce.Topics = append(produce.Topics, topic)

	fetch := kmsg.NewPtrFetchRequest()
	fetch.Version, fetch.MaxBytes = 11, 1<<20
	from := kmsg.NewFetchRequestTopic()
	from.Topic = "hb"
	from.Partitions = append(from.Partitions, kmsg.NewFetchRequestTopicPartition())
	fetch.Topics = append(fetch.Topics, from)

	meta := kmsg.NewPtrMetadataRequest()
	meta.Version = 9
	asked := kmsg.NewMetadataRequestTopic()
	asked.Topic = kmsg.StringPtr("hb")
	meta.Topics = append(meta.Topics, asked)

	join := kmsg.NewPtrJoinGroupRequest()
	join.Version, join.Group, join.ProtocolType = 5, "g", "consumer"
	join.Protocols = append(join.Protocols, kmsg.JoinGroupRequestProtocol{Name: "range", Metadata: []byte("xxxx")})

	create := kmsg.NewPtrCreateTopicsRequest()
	create.Version = 5
	made := kmsg.NewCreateTopicsRequestTopic()
	made.Topic, made.NumPartitions, made.ReplicationFactor = "made", 1, 1
	create.Topics = append(create.Topics, made)

	commit := kmsg.NewPtrOffsetCommitRequest()
	commit.Version, commit.Group = 6, "g"
	versions := kmsg.NewPtrApiVersionsRequest()
	versions.Version = 3
	return []kmsg.Request{produce, fetch, meta, join, create, commit, versions}
}

// TestSlowLoris: connections that send half a frame and stay do not keep others waiting.
func TestSlowLoris(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	frame := kafkaFrame(kafkaRequests()[0])
	for i := range 60 {
		for _, half := range []struct {
			addr  string
			bytes []byte
		}{
			{s.PGAddr(), pgStartup()[:3+i%20]},
			{s.KafkaAddr, frame[:1+i%(len(frame)-1)]},
			{s.HTTP, []byte("GET /healthz HT")},
		} {
			c, err := net.Dial("tcp", half.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Write(half.bytes); err != nil {
				t.Fatal(err)
			}
		}
	}
	alive(t, s, "half frames that stay open")
	begin := time.Now()
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d with half frames open\n%s", code, s.Stderr())
	}
	took := time.Since(begin)
	t.Logf("stopped in %v with half frames open", took)
	if took > 4*time.Second {
		t.Errorf("half frames held the stop up for %v", took)
	}
}

// TestBadRecords: a record that is no row becomes a row of the error relation; its neighbours
// are processed.
func TestBadRecords(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	s.Exec(t, "CREATE STREAM br (n int, v text)", "CREATE MATERIALIZED VIEW br_v AS SELECT count(*) AS c, sum(n) AS total FROM br")
	ctx := testContext(t)
	producer := s.Kafka(t, kgo.DefaultProduceTopic("br"))
	bad := []struct{ value, reason string }{
		{`{"n":`, "undecodable"},
		{`[1,2]`, "undecodable"},
		{`{"n":1} x`, "undecodable"},
		{"\xff\xfe", "undecodable"},
		{``, "undecodable"},
		{`{"n":99999999999}`, "type"},
		{`{"n":"many"}`, "type"},
		{`{"n":1.5}`, "type"},
		{strings.Repeat(`{"v":`, 20_000) + "1" + strings.Repeat("}", 20_000), ""},
	}
	good := 0
	for i, b := range bad {
		for _, v := range []string{fmt.Sprintf(`{"n":%d,"v":"good"}`, i), b.value} {
			if err := producer.ProduceSync(ctx, kgo.StringRecord(v)).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		good++
	}
	tombstone := &kgo.Record{Key: []byte("k")}
	if err := producer.ProduceSync(ctx, tombstone, kgo.StringRecord(`{"n":100,"v":"last"}`)).FirstErr(); err != nil {
		t.Fatal(err)
	}
	good++
	rows := s.Query(t, "SELECT _offset, reason FROM br_errors ORDER BY _offset")
	var want []string
	for i, b := range bad {
		if b.reason != "" {
			want = append(want, fmt.Sprintf("%d|%s", 2*i+1, b.reason))
		}
	}
	deep := len(bad) - 1 // a deep object is text of its column, or refused
	if len(rows) > deep && strings.HasPrefix(rows[deep], fmt.Sprintf("%d|", 2*deep+1)) {
		rows = append(rows[:deep:deep], rows[deep+1:]...)
	} else {
		good++
	}
	want = append(want, fmt.Sprintf("%d|tombstone", 2*len(bad)))
	equal(t, "error relation", rows, want)
	equal(t, "view", s.Query(t, "SELECT c FROM br_v"), []string{fmt.Sprint(good)})
	equal(t, "stream", s.Query(t, "SELECT count(*) FROM br"), []string{fmt.Sprint(good)})
	equal(t, "the last record", s.Query(t, "SELECT n FROM br WHERE v = 'last'"), []string{"100"})
	alive(t, s, "bad records")
}

// TestHugeStatements: 100,000 of anything in one statement gets an answer, an error with its
// SQLSTATE if need be, and never ends the server.
func TestHugeStatements(t *testing.T) {
	const n = 100_000
	s := harness.Start(t, t.TempDir())
	s.Exec(t, "CREATE TABLE hs (a int, b int)", "INSERT INTO hs VALUES (1, 2)")
	c := s.Connect(t)
	list := func(item, sep string) string { return strings.Repeat(item+sep, n-1) + item }
	for _, tt := range []struct{ name, sql string }{
		{"plus", "SELECT " + list("1", "+")},
		{"casts", "SELECT 1" + strings.Repeat("::int", n)},
		{"collate", "SELECT 'x'" + strings.Repeat(` COLLATE "C"`, n)},
		{"joins", "SELECT 1 FROM " + list("hs", " CROSS JOIN ")},
		{"unions", list("SELECT 1", " UNION ALL ")},
		{"intersects", list("SELECT 1", " INTERSECT ")},
		{"parentheses", "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n)},
		{"open parentheses", "SELECT " + strings.Repeat("(", n)},
		{"brackets", "SELECT " + strings.Repeat("ARRAY[", n) + "1" + strings.Repeat("]", n)},
		{"ands", "SELECT " + list("true", " AND ")},
		{"ors", "SELECT 1 FROM hs WHERE " + list("a = 1", " OR ")},
		{"nots", "SELECT " + strings.Repeat("NOT ", n) + "true"},
		{"minuses", "SELECT " + strings.Repeat("- ", n) + "1"},
		{"cases", "SELECT " + strings.Repeat("CASE WHEN true THEN ", n) + "1" + strings.Repeat(" END", n)},
		{"whens", "SELECT CASE " + strings.Repeat("WHEN false THEN 1 ", n) + "END"},
		{"calls", "SELECT " + strings.Repeat("abs(", n) + "1" + strings.Repeat(")", n)},
		{"subqueries", strings.Repeat("SELECT (", n) + "SELECT 1" + strings.Repeat(")", n)},
		{"in list", "SELECT 1 FROM hs WHERE a IN (" + list("1", ",") + ")"},
		{"values", "INSERT INTO hs VALUES " + list("(1,2)", ",")},
		{"columns", "SELECT " + list("1", ",")},
		{"tables", "SELECT 1 FROM " + list("hs", ",")},
		{"concatenations", "SELECT " + list("'x'", "||")},
		{"statements", strings.Repeat(";", n) + "SELECT 1"},
		{"groupings", "SELECT 1 FROM hs GROUP BY " + list("a", ",")},
		{"orders", "SELECT 1 FROM hs ORDER BY " + list("a", ",")},
		{"with", "WITH " + list("q AS (SELECT 1)", ",") + " SELECT 1"},
		{"view of plus", "CREATE MATERIALIZED VIEW hs_v AS SELECT " + list("1", "+") + " AS x"},
		{"quote", "SELECT '" + strings.Repeat("''", n)},
		{"comment", "SELECT 1 " + strings.Repeat("/*", n)},
	} {
		begin := time.Now()
		_, err := c.PgConn().Exec(testContext(t), tt.sql).ReadAll()
		var answer *pgconn.PgError
		if err != nil && !errors.As(err, &answer) {
			t.Fatalf("%s: no answer: %v\n%s", tt.name, err, s.Stderr())
		}
		code := "done"
		if answer != nil {
			code = answer.Code
			if code == "XX000" {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		if took := time.Since(begin); took > time.Second || testing.Verbose() {
			t.Logf("%-18s %s in %v", tt.name, code, took.Round(time.Millisecond))
		}
	}
	alive(t, s, "huge statements")
}
