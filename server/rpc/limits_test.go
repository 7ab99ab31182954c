package rpc_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	v1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/api/v1/tributaryv1connect"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/tlsconf/tlstest"
	"github.com/tributary-db/tributary/server"
)

// TestRPCConsumeLarge: many records, compressed by a Kafka client and not, past the first answer, beside
// a reader that does not read.
func TestRPCConsumeLarge(t *testing.T) {
	s, ctx := rpcServer(t)
	cl := streams(t, s, connect.WithGRPC())
	createTopic(t, ctx, cl, "t", 3)
	const n = 10_000
	for _, codec := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.ZstdCompression()} {
		k := kafkaClient(t, s, kgo.DefaultProduceTopic("t"), kgo.ProducerBatchCompression(codec))
		var all []*kgo.Record
		for i := range n {
			all = append(all, kgo.KeyStringRecord(fmt.Sprint(i), strings.Repeat("v", 300)+fmt.Sprint(i)))
		}
		if err := k.ProduceSync(ctx, all...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	stuck, err := cl.Consume(ctx, connect.NewRequest(&v1.ConsumeRequest{Topic: "t"}))
	if err != nil || !stuck.Receive() {
		t.Fatalf("%v, %v", err, stuck.Err())
	}
	defer stuck.Close() // it is left unread meanwhile
	for _, m := range []*v1.ConsumeRequest{{}, {MaxBytes: 10_000}, {ReadCommitted: true, MaxBytes: 4 << 20}} {
		m.Topic, m.MaxWait = "t", atEnd
		got, next, err := consumed(ctx, cl, m)
		if err != nil || len(got) != 2*n {
			t.Fatalf("%d records, %v", len(got), err)
		}
		seen := map[string]int{}
		at := map[int32]int64{}
		for _, r := range got {
			var p int32
			var o int64
			var kv string
			if _, err := fmt.Sscanf(r, "%d/%d/%s", &p, &o, &kv); err != nil {
				t.Fatal(err)
			}
			if o != at[p] {
				t.Fatalf("partition %d has %d behind %d", p, o, at[p]-1)
			}
			at[p]++
			key, value, _ := strings.Cut(kv, "=")
			if value != strings.Repeat("v", 300)+key {
				t.Fatalf("%s", r)
			}
			seen[key]++
		}
		for p, o := range next {
			if o != at[p] {
				t.Errorf("partition %d goes on at %d, not %d", p, at[p], o)
			}
		}
		for key, times := range seen {
			if times != 2 {
				t.Errorf("key %s came %d times", key, times)
			}
		}
	}
}

// TestRPCConsumeWaits: records come while the stream is open, of a partition that came later too; it ends when
// none has come for max_wait, and when the topic goes.
func TestRPCConsumeWaits(t *testing.T) {
	s, ctx := rpcServer(t)
	cl := streams(t, s, connect.WithGRPC())
	createTopic(t, ctx, cl, "t", 1)
	begin := time.Now()
	if got, _, err := consumed(ctx, cl, &v1.ConsumeRequest{Topic: "t", MaxWait: durationpb.New(50 * time.Millisecond)}); err != nil || len(got) != 0 || time.Since(begin) < 50*time.Millisecond {
		t.Errorf("%v, %v", got, err)
	}
	stream, err := cl.Consume(ctx, connect.NewRequest(&v1.ConsumeRequest{Topic: "t"}))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for i := range int32(3) {
		if i == 1 {
			k := kadm.NewClient(kafkaClient(t, s))
			if _, err := k.UpdatePartitions(ctx, 2, "t"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := cl.Produce(ctx, connect.NewRequest(&v1.ProduceRequest{Topic: "t", Partition: proto.Int32(min(i, 1)), Records: []*v1.Record{{Value: []byte("x")}}})); err != nil {
			t.Fatal(err)
		}
		for len(stream.Msg().GetRecords()) == 0 || i > 0 {
			if !stream.Receive() {
				t.Fatal(stream.Err())
			}
			if r := stream.Msg().Records; len(r) == 1 && r[0].Partition == min(i, 1) {
				break
			}
		}
	}
	if _, err := cl.DeleteTopic(ctx, connect.NewRequest(&v1.DeleteTopicRequest{Topic: "t"})); err != nil {
		t.Fatal(err)
	}
	for stream.Receive() {
		t.Errorf("records of a topic that is gone: %v", stream.Msg())
	}
	if err := stream.Err(); connect.CodeOf(err) != connect.CodeNotFound || infoOf(t, err).KafkaError != "UNKNOWN_TOPIC_OR_PARTITION" {
		t.Errorf("%v", err)
	}
}

// TestRPCConsumeTransactions: read_committed shows neither what was aborted nor what is open.
func TestRPCConsumeTransactions(t *testing.T) {
	s, ctx := rpcServer(t)
	cl := streams(t, s)
	createTopic(t, ctx, cl, "t", 1)
	k := kafkaClient(t, s, kgo.DefaultProduceTopic("t"), kgo.TransactionalID("x"))
	give := func(value string, end kgo.TransactionEndTry) {
		t.Helper()
		if err := k.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := k.ProduceSync(ctx, kgo.StringRecord(value)).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := k.EndTransaction(ctx, end); err != nil {
			t.Fatal(err)
		}
	}
	give("a", kgo.TryCommit)
	give("b", kgo.TryAbort)
	give("c", kgo.TryCommit)
	give("d", kgo.TryAbort)
	if err := k.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := k.ProduceSync(ctx, kgo.StringRecord("open")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if _, err := cl.Produce(ctx, connect.NewRequest(&v1.ProduceRequest{Topic: "t", Records: []*v1.Record{{Value: []byte("plain")}}})); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		m    *v1.ConsumeRequest
		want string
	}{
		{&v1.ConsumeRequest{}, "0/0/=a 0/2/=b 0/4/=c 0/6/=d 0/8/=open 0/9/=plain"},
		{&v1.ConsumeRequest{ReadCommitted: true}, "0/0/=a 0/4/=c"},
		{&v1.ConsumeRequest{ReadCommitted: true, Offset: proto.Int64(2)}, "0/4/=c"},
		{&v1.ConsumeRequest{ReadCommitted: true, Offset: proto.Int64(3)}, "0/4/=c"},
		{&v1.ConsumeRequest{ReadCommitted: true, MaxBytes: 1}, "0/0/=a 0/4/=c"},
		{&v1.ConsumeRequest{ReadCommitted: true, Offset: proto.Int64(-2)}, ""},
	} {
		tc.m.Topic, tc.m.MaxWait = "t", atEnd
		got, _, err := consumed(ctx, cl, tc.m)
		if err != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("%v: %v, %v", tc.m, got, err)
		}
	}
	if err := k.EndTransaction(ctx, kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	got, _, err := consumed(ctx, cl, &v1.ConsumeRequest{Topic: "t", ReadCommitted: true, MaxWait: atEnd})
	if want := "0/0/=a 0/4/=c 0/8/=open 0/9/=plain"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%v, %v", got, err)
	}
}

// TestRPCConsumeDeleted: a consumer whose records were deleted is told where the partition is.
func TestRPCConsumeDeleted(t *testing.T) {
	s, ctx := rpcServer(t)
	cl := streams(t, s, connect.WithGRPC())
	createTopic(t, ctx, cl, "t", 1)
	m := &v1.ProduceRequest{Topic: "t"}
	for range 10 {
		m.Records = append(m.Records, &v1.Record{Value: []byte("x")})
	}
	if _, err := cl.Produce(ctx, connect.NewRequest(m)); err != nil {
		t.Fatal(err)
	}
	del := kadm.Offsets{}
	del.AddOffset("t", 0, 4, -1)
	if _, err := kadm.NewClient(kafkaClient(t, s)).DeleteRecords(ctx, del); err != nil {
		t.Fatal(err)
	}
	_, _, err := consumed(ctx, cl, &v1.ConsumeRequest{Topic: "t", Offset: proto.Int64(2)})
	if connect.CodeOf(err) != connect.CodeOutOfRange || !strings.Contains(err.Error(), "has 4 to 10, not 2") || infoOf(t, err).KafkaCode != 1 {
		t.Errorf("%v", err)
	}
	if got, _, err := consumed(ctx, cl, &v1.ConsumeRequest{Topic: "t", MaxWait: atEnd}); err != nil || len(got) != 6 {
		t.Errorf("%v, %v", got, err)
	}
	topic, err := cl.GetTopicMetadata(ctx, connect.NewRequest(&v1.GetTopicMetadataRequest{Topic: "t"}))
	if err != nil || topic.Msg.Partitions[0].EarliestOffset != 4 {
		t.Errorf("%v, %v", topic, err)
	}
}

// TestCallsAreBounded: above rpc_max_calls a call is refused, and the next one is not.
func TestCallsAreBounded(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	cfg.RPCMaxCalls = 8
	s := start(t, ctx, cfg)
	defer stop(t, s)
	cl := streams(t, s, connect.WithGRPC())
	createTopic(t, ctx, cl, "t", 1)
	put := func() error {
		_, err := cl.Produce(ctx, connect.NewRequest(&v1.ProduceRequest{Topic: "t", Records: []*v1.Record{{}}}))
		return err
	}
	if err := put(); err != nil {
		t.Fatal(err)
	}
	var open []*connect.ServerStreamForClient[v1.ConsumeResponse]
	for range 6 { // three quarters of eight: this address has no more
		stream, err := cl.Consume(ctx, connect.NewRequest(&v1.ConsumeRequest{Topic: "t"}))
		if err != nil || !stream.Receive() {
			t.Fatal(err, stream.Err())
		}
		open = append(open, stream)
	}
	if err := put(); connect.CodeOf(err) != connect.CodeResourceExhausted || !strings.Contains(err.Error(), "rpc_max_calls") {
		t.Errorf("a call too many: %v", err)
	}
	for _, stream := range open {
		_ = stream.Close() // its end is what was asked for
	}
	for put() != nil {
		if ctx.Err() != nil {
			t.Fatal("there is no place again")
		}
	}
}

// TestRPCHostile: bodies that no client of ours sends are answered, and small calls beside them too.
func TestRPCHostile(t *testing.T) {
	s, ctx := rpcServer(t)
	cl := streams(t, s)
	createTopic(t, ctx, cl, "t", 1)
	post := func(kind string, body io.Reader) (*http.Response, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.HTTPAddr.String()+"/tributary.v1.StreamService/Produce", body)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", kind)
		return h2c(t).Do(req)
	}
	envelope := func(claimed uint32) []byte { return binary.BigEndian.AppendUint32([]byte{0}, claimed) }
	for name, tc := range map[string]struct {
		kind string
		body io.Reader
		code string // grpc-status
	}{
		"claims 4 GB, and goes on":  {"application/grpc", io.MultiReader(strings.NewReader(string(envelope(1<<32-1))), endless{}), "8"},
		"claims more than it sends": {"application/grpc", strings.NewReader(string(envelope(1000)) + "x"), "13"},
		"no message":                {"application/grpc", strings.NewReader(""), "12"},
		"garbage":                   {"application/grpc", strings.NewReader(string(envelope(3)) + "\xff\xff\xff"), "3"},
		"two messages":              {"application/grpc", strings.NewReader(string(envelope(0)) + string(envelope(0))), "12"},
	} {
		resp, err := post(tc.kind, tc.body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body) // the trailers come behind it
		resp.Body.Close()
		status := resp.Trailer.Get("Grpc-Status")
		if status == "" {
			status = resp.Header.Get("Grpc-Status")
		}
		if status != tc.code {
			t.Errorf("%s: %s, %v %v, want %s", name, resp.Status, resp.Header, resp.Trailer, tc.code)
		}
	}
	resp, err := post("application/json", endless{})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("JSON without an end: %s", resp.Status)
	}
	resp, err = post("text/plain", strings.NewReader(`{"topic":"t","records":[{}]}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("what a web page can send: %s", resp.Status)
	}
	// Many connections that claim a large message and send a little of it hold no room.
	for range 64 {
		nc, err := net.Dial("tcp", s.HTTPAddr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if _, err := fmt.Fprintf(nc, "POST /tributary.v1.StreamService/Produce HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
	}
	large := &v1.ProduceRequest{Topic: "t", Records: []*v1.Record{{Value: make([]byte, 1_000_000)}, {Value: make([]byte, 1_000_000)}}}
	for range 3 {
		if _, err := cl.Produce(ctx, connect.NewRequest(large)); err != nil {
			t.Errorf("a call beside them: %v", err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestRPCDeadline: a call ends when its client says so.
func TestRPCDeadline(t *testing.T) {
	s, ctx := rpcServer(t)
	createTopic(t, ctx, streams(t, s), "t", 1)
	exec(t, ctx, s, "CREATE TABLE rows (id int PRIMARY KEY)", "INSERT INTO rows VALUES (1)")
	for name, opts := range map[string][]connect.ClientOption{"grpc": {connect.WithGRPC()}, "connect": nil} {
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		watch, err := queries(t, s, opts...).WatchView(short, connect.NewRequest(&v1.WatchViewRequest{Name: "rows"}))
		if err != nil {
			t.Fatal(err)
		}
		for watch.Receive() {
		}
		if err := watch.Err(); connect.CodeOf(err) != connect.CodeDeadlineExceeded {
			t.Errorf("%s, WatchView: %v", name, err)
		}
		_ = watch.Close() // it has ended
		cancel()
		cl := streams(t, s, opts...)
		short, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
		_, _, err = consumed(short, cl, &v1.ConsumeRequest{Topic: "t"})
		cancel()
		if connect.CodeOf(err) != connect.CodeDeadlineExceeded {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRPCStop: streams are told that the server stops, and what was acknowledged is there afterwards.
func TestRPCStop(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	s := start(t, ctx, cfg)
	cl, q := streams(t, s, connect.WithGRPC()), queries(t, s)
	createTopic(t, ctx, cl, "t", 1)
	exec(t, ctx, s, "CREATE TABLE rows (id int PRIMARY KEY)", "INSERT INTO rows VALUES (1)")
	consuming, err := cl.Consume(ctx, connect.NewRequest(&v1.ConsumeRequest{Topic: "t"}))
	if err != nil {
		t.Fatal(err)
	}
	defer consuming.Close()
	watching, err := q.WatchView(ctx, connect.NewRequest(&v1.WatchViewRequest{Name: "rows"}))
	if err != nil || !watching.Receive() {
		t.Fatal(err, watching.Err())
	}
	defer watching.Close()
	producing := cl.ProduceStream(ctx)
	acked := 0
	for range 10 {
		if err := producing.Send(&v1.ProduceRequest{Topic: "t", Records: []*v1.Record{{}}}); err != nil {
			t.Fatal(err)
		}
		if m, err := producing.Receive(); err != nil || m.GetProduced() == nil {
			t.Fatal(m, err)
		}
		acked++
	}
	if !consuming.Receive() {
		t.Fatal(consuming.Err())
	}
	begin := time.Now()
	stop(t, s)
	if d := time.Since(begin); d > 10*time.Second {
		t.Errorf("the stop took %v", d)
	}
	for consuming.Receive() {
	}
	for watching.Receive() {
	}
	_, produceErr := producing.Receive()
	for name, err := range map[string]error{"Consume": consuming.Err(), "ProduceStream": produceErr} {
		if connect.CodeOf(err) != connect.CodeUnavailable || !strings.Contains(err.Error(), "stopping") {
			t.Errorf("%s ends with %v", name, err)
		}
	}
	if err := watching.Err(); connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("WatchView ends with %v", err)
	}
	_ = producing.CloseResponse() // it has ended
	s = start(t, ctx, cfg)
	defer stop(t, s)
	got, _, err := consumed(ctx, streams(t, s), &v1.ConsumeRequest{Topic: "t", MaxWait: atEnd})
	if err != nil || len(got) != acked {
		t.Errorf("%d of %d records, %v", len(got), acked, err)
	}
}

// TestRPCAuthentication: who asks is known as on the rest of the port.
func TestRPCAuthentication(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	cfg.Auth, cfg.PasswordFile = "scram-sha-256", passwordFile(t, "secret")
	s := start(t, ctx, cfg)
	defer stop(t, s)
	as := func(header string, opts ...connect.ClientOption) tributaryv1connect.StreamServiceClient {
		return streams(t, s, append(opts, connect.WithInterceptors(withHeader("Authorization", header)))...)
	}
	list := func(cl tributaryv1connect.StreamServiceClient) error {
		_, err := cl.ListTopics(ctx, connect.NewRequest(&v1.ListTopicsRequest{}))
		return err
	}
	for name, opts := range map[string][]connect.ClientOption{"grpc": {connect.WithGRPC()}, "connect": nil, "grpcweb": {connect.WithGRPCWeb()}} {
		if err := list(streams(t, s, opts...)); connect.CodeOf(err) != connect.CodeUnauthenticated || !strings.Contains(err.Error(), "password of a role") {
			t.Errorf("%s without a password: %v", name, err)
		}
		if err := list(as(basic("tributary", "secret"), opts...)); err != nil {
			t.Errorf("%s with a password: %v", name, err)
		}
	}
	if _, _, err := consumed(ctx, streams(t, s, connect.WithGRPC()), &v1.ConsumeRequest{Topic: "t"}); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a stream without a password: %v", err)
	}
	if err := list(as(basic("tributary", "wrong"))); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a wrong password: %v", err)
	}
	if err := list(as("Bearer " + token(t, ctx, s))); err != nil {
		t.Errorf("a token: %v", err)
	}
	health := connect.NewClient[v1.DeleteTopicResponse, v1.DeleteTopicResponse](h2c(t), "http://"+s.HTTPAddr.String()+"/grpc.health.v1.Health/Check")
	if _, err := health.CallUnary(ctx, connect.NewRequest(&v1.DeleteTopicResponse{})); err != nil { // both are empty
		t.Errorf("health without a password: %v", err)
	}
}

func token(t *testing.T, ctx context.Context, s *server.Server) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.HTTPAddr.String()+"/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("tributary", "secret")
	resp, err := http1(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, errors.Join(err))
	}
	return strings.TrimSpace(string(raw))
}

// TestRPCOverTLS: gRPC by ALPN, under a certificate, and nothing in clear.
func TestRPCOverTLS(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir, ca := t.TempDir(), tlstest.NewAuthority(t)
	cfg := settings(t.TempDir())
	cfg.TLSCert, cfg.TLSKey = tlstest.Write(t, dir, "server", ca.Server(t))
	cfg.HTTPTLS = config.TLSRequire
	s := start(t, ctx, cfg)
	defer stop(t, s)
	_, port, _ := net.SplitHostPort(s.HTTPAddr.String())
	p := new(http.Protocols)
	p.SetHTTP2(true)
	tr := &http.Transport{Protocols: p, TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost"}}
	defer tr.CloseIdleConnections()
	cl := tributaryv1connect.NewStreamServiceClient(&http.Client{Transport: tr}, "https://localhost:"+port, connect.WithGRPC())
	createTopic(t, ctx, cl, "t", 1)
	stream := cl.ProduceStream(ctx)
	for range 3 {
		if err := stream.Send(&v1.ProduceRequest{Topic: "t", Records: []*v1.Record{{}}}); err != nil {
			t.Fatal(err)
		}
		if m, err := stream.Receive(); err != nil || m.GetProduced() == nil {
			t.Fatal(m, err)
		}
	}
	if err := errors.Join(stream.CloseRequest(), stream.CloseResponse()); err != nil {
		t.Error(err)
	}
	if _, err := streams(t, s, connect.WithGRPC()).ListTopics(ctx, connect.NewRequest(&v1.ListTopicsRequest{})); err == nil {
		t.Error("a call in clear was answered")
	}
}
