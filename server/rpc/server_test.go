package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	v1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/api/v1/tributaryv1connect"
	"github.com/tributary-db/tributary/server"
)

// h2c is a client of HTTP/2 without TLS.
func h2c(t *testing.T) *http.Client {
	t.Helper()
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: p}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func http1(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func streams(t *testing.T, s *server.Server, opts ...connect.ClientOption) tributaryv1connect.StreamServiceClient {
	t.Helper()
	return tributaryv1connect.NewStreamServiceClient(h2c(t), "http://"+s.HTTPAddr.String(), opts...)
}

func queries(t *testing.T, s *server.Server, opts ...connect.ClientOption) tributaryv1connect.QueryServiceClient {
	t.Helper()
	return tributaryv1connect.NewQueryServiceClient(h2c(t), "http://"+s.HTTPAddr.String(), opts...)
}

func rpcServer(t *testing.T) (*server.Server, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	s := start(t, ctx, settings(t.TempDir()))
	t.Cleanup(func() { stop(t, s); cancel() })
	return s, ctx
}

func createTopic(t *testing.T, ctx context.Context, cl tributaryv1connect.StreamServiceClient, name string, partitions int32) {
	t.Helper()
	if _, err := cl.CreateTopic(ctx, connect.NewRequest(&v1.CreateTopicRequest{Topic: name, Partitions: partitions})); err != nil {
		t.Fatal(err)
	}
}

// consumed reads a stream to its end, as partition/offset/key=value.
func consumed(ctx context.Context, cl tributaryv1connect.StreamServiceClient, m *v1.ConsumeRequest) (out []string, next map[int32]int64, err error) {
	next = map[int32]int64{}
	stream, err := cl.Consume(ctx, connect.NewRequest(m))
	if err != nil {
		return nil, nil, err
	}
	defer stream.Close()
	for stream.Receive() {
		for _, r := range stream.Msg().Records {
			out = append(out, fmt.Sprintf("%d/%d/%s=%s", r.Partition, r.Offset, r.Key, r.Value))
		}
		for p, o := range stream.Msg().NextOffsets {
			next[p] = o
		}
	}
	return out, next, stream.Err()
}

var atEnd = durationpb.New(0)

// infoOf is the detail of an error.
func infoOf(t *testing.T, err error) *v1.ErrorInfo {
	t.Helper()
	var e *connect.Error
	if !errors.As(err, &e) || len(e.Details()) == 0 {
		t.Fatalf("no detail in %v", err)
	}
	m, err := e.Details()[0].Value()
	if err != nil {
		t.Fatal(err)
	}
	return m.(*v1.ErrorInfo)
}

// TestRPCProduce: records of each protocol are in the log as Kafka's clients see it, on the partitions that
// Kafka's clients choose.
func TestRPCProduce(t *testing.T) {
	s, ctx := rpcServer(t)
	cl := streams(t, s, connect.WithGRPC())
	createTopic(t, ctx, cl, "t", 7)
	k := kafkaClient(t, s, kgo.DefaultProduceTopic("t"), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.ConsumeTopics("t"))
	var keys [][]byte
	for n := range 40 {
		keys = append(keys, []byte(strings.Repeat("k", n)+fmt.Sprint(n)))
	}
	keys = append(keys, []byte{}, []byte{0xff, 0x80, 0}, []byte("schlüssel"))
	theirs := map[string]int32{}
	for _, key := range keys {
		r, err := k.ProduceSync(ctx, &kgo.Record{Key: key, Value: []byte("kafka")}).First()
		if err != nil {
			t.Fatal(err)
		}
		theirs[string(key)] = r.Partition
	}
	for name, cl := range map[string]tributaryv1connect.StreamServiceClient{
		"grpc": cl, "connect": streams(t, s), "grpcweb": streams(t, s, connect.WithGRPCWeb()), "json": streams(t, s, connect.WithProtoJSON(), connect.WithSendGzip()),
		"http1": tributaryv1connect.NewStreamServiceClient(http1(t), "http://"+s.HTTPAddr.String()),
	} {
		m := &v1.ProduceRequest{Topic: "t"}
		for _, key := range keys {
			m.Records = append(m.Records, &v1.Record{Key: key, Value: []byte(name), Headers: []*v1.Header{{Key: "h", Value: []byte("v")}, {Key: "null"}}})
		}
		resp, err := cl.Produce(ctx, connect.NewRequest(m))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, p := range resp.Msg.Positions {
			if p.Partition != theirs[string(keys[i])] {
				t.Errorf("%s: key %q is on %d, with Kafka on %d", name, keys[i], p.Partition, theirs[string(keys[i])])
			}
		}
	}
	got := 0
	for got < 6*len(keys) {
		f := k.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Fatal(err)
		}
		f.EachRecord(func(r *kgo.Record) {
			got++
			if r.Partition != theirs[string(r.Key)] {
				t.Errorf("%q of %s on %d", r.Key, r.Value, r.Partition)
			}
			if string(r.Value) == "grpc" && (len(r.Headers) != 2 || string(r.Headers[0].Value) != "v" || r.Headers[1].Value != nil) {
				t.Errorf("headers %v", r.Headers)
			}
			if d := time.Since(r.Timestamp); d < 0 || d > time.Minute {
				t.Errorf("time %v", r.Timestamp)
			}
		})
	}
	// Records without a key stay together, and move on with each request.
	seen := map[int32]bool{}
	for range 7 {
		resp, err := cl.Produce(ctx, connect.NewRequest(&v1.ProduceRequest{Topic: "t", Records: []*v1.Record{{}, {Value: []byte("x")}}}))
		if err != nil {
			t.Fatal(err)
		}
		p := resp.Msg.Positions
		if p[0].Partition != p[1].Partition || p[0].Offset+1 != p[1].Offset {
			t.Errorf("positions %v", p)
		}
		seen[p[0].Partition] = true
	}
	if len(seen) != 7 {
		t.Errorf("seven requests without keys went to %d partitions", len(seen))
	}
}

// TestRPCProduceIsAtomic: one record that is refused refuses its request, in every partition.
func TestRPCProduceIsAtomic(t *testing.T) {
	s, ctx := rpcServer(t)
	cl := streams(t, s)
	if _, err := cl.CreateTopic(ctx, connect.NewRequest(&v1.CreateTopicRequest{Topic: "c", Partitions: 2, Configs: map[string]string{"cleanup.policy": "compact", "max.message.bytes": "1000"}})); err != nil {
		t.Fatal(err)
	}
	good := &v1.Record{Key: []byte("k"), Partition: proto.Int32(0)}
	for name, tc := range map[string]struct {
		bad  *v1.Record
		code connect.Code
		name string
	}{
		"no key":    {&v1.Record{Value: []byte("v"), Partition: proto.Int32(1)}, connect.CodeInvalidArgument, "INVALID_RECORD"},
		"too large": {&v1.Record{Key: []byte("k"), Value: make([]byte, 2000), Partition: proto.Int32(1)}, connect.CodeInvalidArgument, "MESSAGE_TOO_LARGE"},
		"nowhere":   {&v1.Record{Key: []byte("k"), Partition: proto.Int32(2)}, connect.CodeNotFound, "UNKNOWN_TOPIC_OR_PARTITION"},
	} {
		_, err := cl.Produce(ctx, connect.NewRequest(&v1.ProduceRequest{Topic: "c", Records: []*v1.Record{good, tc.bad}}))
		if connect.CodeOf(err) != tc.code || infoOf(t, err).KafkaError != tc.name {
			t.Errorf("%s: %v", name, err)
		}
	}
	meta, err := cl.GetTopicMetadata(ctx, connect.NewRequest(&v1.GetTopicMetadataRequest{Topic: "c"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range meta.Msg.Partitions {
		if p.LatestOffset != 0 {
			t.Errorf("partition %d has %d records of requests that were refused", p.Partition, p.LatestOffset)
		}
	}
}

// TestRPCConsume: places to begin at, bounds, groups, and a restart between two reads.
func TestRPCConsume(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	s := start(t, ctx, cfg)
	cl := streams(t, s, connect.WithGRPC())
	createTopic(t, ctx, cl, "t", 2)
	put := func(p int32, values ...string) {
		t.Helper()
		m := &v1.ProduceRequest{Topic: "t", Partition: &p}
		for _, v := range values {
			m.Records = append(m.Records, &v1.Record{Value: []byte(v)})
		}
		if _, err := cl.Produce(ctx, connect.NewRequest(m)); err != nil {
			t.Fatal(err)
		}
	}
	put(0, "a", "b", "c")
	put(1, "x")
	check := func(m *v1.ConsumeRequest, want ...string) map[int32]int64 {
		t.Helper()
		m.Topic = "t"
		if m.MaxWait == nil {
			m.MaxWait = atEnd
		}
		got, next, err := consumed(ctx, cl, m)
		if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
		return next
	}
	p0 := proto.Int32(0)
	check(&v1.ConsumeRequest{Partition: p0}, "0/0/=a", "0/1/=b", "0/2/=c")
	check(&v1.ConsumeRequest{Partition: p0, Offset: proto.Int64(-1), MaxRecords: 2}, "0/0/=a", "0/1/=b")
	check(&v1.ConsumeRequest{Partition: p0, Offset: proto.Int64(2)}, "0/2/=c")
	check(&v1.ConsumeRequest{Partition: p0, Offset: proto.Int64(-2)})
	check(&v1.ConsumeRequest{Partition: p0, MaxBytes: 1, ReadCommitted: true}, "0/0/=a", "0/1/=b", "0/2/=c")
	next := check(&v1.ConsumeRequest{Offsets: map[int32]int64{0: 1}}, "0/1/=b", "0/2/=c", "1/0/=x")
	if next[0] != 3 || next[1] != 1 {
		t.Errorf("next %v", next)
	}
	if _, err := cl.CommitOffset(ctx, connect.NewRequest(&v1.CommitOffsetRequest{Group: "g", Topic: "t", Offsets: []*v1.CommittedOffset{{Partition: 0, Offset: proto.Int64(2), Metadata: "m"}}})); err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	s = start(t, ctx, cfg)
	defer func() { stop(t, s) }()
	cl = streams(t, s)
	put(0, "d")
	check(&v1.ConsumeRequest{Offsets: next, MaxRecords: 1}, "0/3/=d")
	check(&v1.ConsumeRequest{Group: "g", Partition: p0}, "0/2/=c", "0/3/=d")
	offsets, err := cl.GetCommittedOffset(ctx, connect.NewRequest(&v1.GetCommittedOffsetRequest{Group: "g", Topic: "t", Partitions: []int32{1, 0}}))
	if err != nil || len(offsets.Msg.Offsets) != 2 || offsets.Msg.Offsets[0].GetOffset() != 2 || offsets.Msg.Offsets[0].Metadata != "m" || offsets.Msg.Offsets[1].Offset != nil {
		t.Errorf("offsets %v, %v", offsets, err)
	}
	theirs, err := kadm.NewClient(kafkaClient(t, s)).FetchOffsets(ctx, "g")
	if err != nil || theirs["t"][0].At != 2 {
		t.Errorf("Kafka's clients see %v, %v", theirs, err)
	}
	for _, tc := range []struct {
		m    *v1.ConsumeRequest
		code connect.Code
		name string
	}{
		{&v1.ConsumeRequest{Topic: "t", Partition: p0, Offset: proto.Int64(9)}, connect.CodeOutOfRange, "OFFSET_OUT_OF_RANGE"},
		{&v1.ConsumeRequest{Topic: "t", Partition: proto.Int32(2)}, connect.CodeNotFound, "UNKNOWN_TOPIC_OR_PARTITION"},
		{&v1.ConsumeRequest{Topic: "none"}, connect.CodeNotFound, "UNKNOWN_TOPIC_OR_PARTITION"},
		{&v1.ConsumeRequest{Topic: "t", Offset: proto.Int64(-3)}, connect.CodeInvalidArgument, ""},
		{&v1.ConsumeRequest{Topic: "t", MaxWait: durationpb.New(-time.Second)}, connect.CodeInvalidArgument, ""},
	} {
		if _, _, err := consumed(ctx, cl, tc.m); connect.CodeOf(err) != tc.code || infoOf(t, err).KafkaError != tc.name {
			t.Errorf("%v: %v", tc.m, err)
		}
	}
}

// TestRPCJSON is what curl sees.
func TestRPCJSON(t *testing.T) {
	s, ctx := rpcServer(t)
	post := func(method, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.HTTPAddr.String()+"/tributary.v1."+method, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http1(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer // protojson varies its spaces
		if err := json.Compact(&packed, raw); err != nil {
			return resp.StatusCode, string(raw)
		}
		return resp.StatusCode, packed.String()
	}
	for _, tc := range []struct {
		method, body string
		status       int
		want         string
	}{
		{"StreamService/CreateTopic", `{"topic":"t"}`, 200, `"partitions":1`},
		{"StreamService/CreateTopic", `{"topic":"t"}`, 409, `{"code":"already_exists","message":"`},
		{"StreamService/CreateTopic", `{"topic":"a/b"}`, 400, `"kafkaError":"INVALID_TOPIC_EXCEPTION"`},
		{"StreamService/CreateTopic", `{"topic":"c","configs":{"retention.ms":"x"}}`, 400, `"kafkaError":"INVALID_CONFIG"`},
		{"StreamService/Produce", `{"topic":"t","records":[{"value":"aGVsbG8="}]}`, 200, `{"positions":[{"partition":0,"offset":"0"}]}`},
		{"StreamService/Produce", `{"topic":"t","records":[{"valu":"aGVsbG8="}]}`, 400, `unknown field`},
		{"StreamService/Produce", `{"topic":"t","records":[`, 400, `invalid_argument`},
		{"StreamService/Produce", ``, 400, `invalid_argument`},
		{"StreamService/Produce", `{"topic":"none","records":[{}]}`, 404, `"kafkaError":"UNKNOWN_TOPIC_OR_PARTITION"`},
		{"StreamService/Produce", `{"topic":"t","records":[` + strings.Repeat("{},", 100_000) + `{}]}`, 400, `more than 60000 messages in one`},
		{"StreamService/Produce", `{"topic":"t","records":[{"value":"` + strings.Repeat("A", 5<<20) + `"}]}`, 429, `resource_exhausted`},
		{"StreamService/Fetch", `{"topic":"t"}`, 200, `"value":"aGVsbG8="`},
		{"StreamService/Fetch", `{"topic":"t","offset":-2}`, 200, `{"records":[],"nextOffsets":{"0":"1"}}`},
		{"StreamService/ListTopics", `{}`, 200, `"name":"t"`},
		{"StreamService/GetTopicMetadata", `{"topic":"t"}`, 200, `{"partition":0,"earliestOffset":"0","latestOffset":"1","lastStableOffset":"1"}`},
		{"StreamService/DeleteTopic", `{"topic":"t"}`, 200, `{}`},
		{"QueryService/CreateQuery", `{"name":"q","sql":"SELECT 1 AS one"}`, 200, `"name":"q","kind":"materialized view"`},
		{"QueryService/CreateQuery", `{"name":"q2","sql":"SELECT nothing"}`, 404, `"sqlstate":"42703"`},
		{"QueryService/GetQueryStatus", `{"name":"q2"}`, 404, `"sqlstate":"42P01"`},
		{"QueryService/ListQueries", `{}`, 200, `"name":"q"`},
		{"QueryService/StopQuery", `{"name":"q"}`, 200, `{}`},
		{"QueryService/Nothing", `{}`, 404, ``},
	} {
		got, body := post(tc.method, tc.body)
		if got != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s %.60s: %d %.200s; want %d %s", tc.method, tc.body, got, body, tc.status, tc.want)
		}
	}
}

// TestRPCWithGRPC: Google's client, without generated code of its own.
func TestRPCWithGRPC(t *testing.T) {
	s, ctx := rpcServer(t)
	cc, err := grpc.NewClient(s.HTTPAddr.String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	health, err := healthpb.NewHealthClient(cc).Check(ctx, &healthpb.HealthCheckRequest{Service: "tributary.v1.StreamService"})
	if err != nil || health.Status != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", health, err)
	}
	var made v1.CreateTopicResponse
	if err := cc.Invoke(ctx, "/tributary.v1.StreamService/CreateTopic", &v1.CreateTopicRequest{Topic: "t", Partitions: 2}, &made); err != nil || made.Topic.Partitions != 2 {
		t.Fatalf("%v, %v", &made, err)
	}
	err = cc.Invoke(ctx, "/tributary.v1.StreamService/CreateTopic", &v1.CreateTopicRequest{Topic: "t"}, &made)
	if st := status.Convert(err); st.Code() != codes.AlreadyExists || len(st.Details()) != 1 || st.Details()[0].(*v1.ErrorInfo).KafkaError != "TOPIC_ALREADY_EXISTS" {
		t.Errorf("%v, %v", err, status.Convert(err).Details())
	}
	up, err := cc.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/tributary.v1.StreamService/ProduceStream")
	if err != nil {
		t.Fatal(err)
	}
	const n = 1000
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			m := &v1.ProduceRequest{Topic: "t", Partition: proto.Int32(0), Records: []*v1.Record{{Value: fmt.Appendf(nil, "%d", i)}}}
			if i%10 == 9 {
				m.Topic = "none"
			}
			if err := up.SendMsg(m); err != nil {
				sent <- err
				return
			}
		}
		sent <- up.CloseSend()
	}()
	good := int64(0)
	for i := range n {
		var m v1.ProduceStreamResponse
		if err := up.RecvMsg(&m); err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		if i%10 == 9 {
			if m.GetError().GetKafkaError() != "UNKNOWN_TOPIC_OR_PARTITION" {
				t.Fatalf("answer %d: %v", i, &m)
			}
			continue
		}
		if p := m.GetProduced().GetPositions(); len(p) != 1 || p[0].Offset != good {
			t.Fatalf("answer %d: %v, want offset %d", i, &m, good)
		}
		good++
	}
	var more v1.ProduceStreamResponse
	if err := errors.Join(<-sent); err != nil {
		t.Error(err)
	}
	if err := up.RecvMsg(&more); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ends with %v", err)
	}
	down, err := cc.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/tributary.v1.StreamService/Consume")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(down.SendMsg(&v1.ConsumeRequest{Topic: "t", MaxRecords: good}), down.CloseSend()); err != nil {
		t.Fatal(err)
	}
	at := int64(0)
	for {
		var m v1.ConsumeResponse
		if err := down.RecvMsg(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, r := range m.Records {
			if r.Offset != at || string(r.Value) != fmt.Sprint(at+at/9) {
				t.Fatalf("record %d is %v", at, r)
			}
			at++
		}
	}
	if at != good {
		t.Errorf("%d records of %d", at, good)
	}
}
