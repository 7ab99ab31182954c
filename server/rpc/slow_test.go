package rpc

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	tributaryv1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/api/v1/tributaryv1connect"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/server/oneshot"
	"github.com/tributary-db/tributary/storage/log"
)

// endlessLog has one topic of one partition, which always has more.
type endlessLog struct {
	raw  []byte
	each int64
}

var theTopic = log.Topic{ID: log.TopicID{1}, Name: "t", Partitions: 1}

func newEndlessLog(t *testing.T) *endlessLog {
	b := recordbatch.NewBuilder(0)
	for i := range 100 {
		if err := b.Add(nil, []byte(fmt.Sprint(i, strings.Repeat("v", 5000))), nil, 1); err != nil {
			t.Fatal(err)
		}
	}
	return &endlessLog{raw: b.AppendTo(nil), each: 100}
}

func (l *endlessLog) Admit(context.Context, string, int) (func(), error) { return func() {}, nil }

func (l *endlessLog) Fetch(_ context.Context, req []log.PartitionRead, _ log.Budget, dst *log.FetchResult) error {
	raw := append([]byte(nil), l.raw...)
	recordbatch.Patch(raw, req[0].Offset/l.each*l.each, 0)
	*dst = log.FetchResult{Partitions: []log.PartitionData{{RecordBatches: raw}}, Bytes: len(raw)}
	return nil
}

func (l *endlessLog) Ends(context.Context, []log.Partition, bool) ([]log.Ends, error) {
	return []log.Ends{{HighWatermark: 1 << 40, LastStableOffset: 1 << 40}}, nil
}

func (l *endlessLog) Wait(ctx context.Context, _ log.Filter, _ log.CommitSeq) (log.CommitSeq, error) {
	return 1, ctx.Err()
}
func (l *endlessLog) Topics() []log.Topic                        { return []log.Topic{theTopic} }
func (l *endlessLog) TopicByName(name string) (log.Topic, bool)  { return theTopic, name == "t" }
func (l *endlessLog) TopicByID(id log.TopicID) (log.Topic, bool) { return theTopic, id == theTopic.ID }

// noBroker has no quotas, and explains nothing.
type noBroker struct{ Broker }

func (noBroker) Produced(auth.Principal, int) time.Duration { return 0 }
func (noBroker) Fetched(auth.Principal, int) time.Duration  { return 0 }
func (noBroker) Explain(err error) Problem                  { return Problem{Name: unknownError, Message: err.Error()} }
func (noBroker) May(auth.Principal, *log.Topic, bool) error { return nil }

// endlessServer serves an endlessLog; stall is how long an answer may be left unread.
func endlessServer(t *testing.T, stall time.Duration) (*Server, func(http2 bool) tributaryv1connect.StreamServiceClient) {
	s, err := New(Config{
		Log: newEndlessLog(t), Broker: noBroker{}, Statements: oneshot.New(oneshot.Config{}), Memory: 64 << 20,
		Principal: func(context.Context) auth.Principal { return auth.Principal{Peer: "p"} },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.writeStall = stall
	mux := http.NewServeMux()
	for path, h := range s.Handlers() {
		mux.Handle(path, h)
	}
	srv := httptest.NewUnstartedServer(mux)
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Config.Protocols.SetHTTP1(true)
	srv.Start()
	t.Cleanup(srv.Close)
	return s, func(http2 bool) tributaryv1connect.StreamServiceClient {
		p, how := new(http.Protocols), []connect.ClientOption(nil)
		if p.SetHTTP1(!http2); http2 {
			p.SetUnencryptedHTTP2(true)
			how = append(how, connect.WithGRPC())
		}
		tr := &http.Transport{Protocols: p}
		t.Cleanup(tr.CloseIdleConnections)
		return tributaryv1connect.NewStreamServiceClient(&http.Client{Transport: tr}, srv.URL, how...)
	}
}

// unread opens a stream and reads one answer of it.
func unread(t *testing.T, ctx context.Context, cl tributaryv1connect.StreamServiceClient) *connect.ServerStreamForClient[tributaryv1.ConsumeResponse] {
	t.Helper()
	stream, err := cl.Consume(ctx, connect.NewRequest(&tributaryv1.ConsumeRequest{Topic: "t"}))
	if err != nil || !stream.Receive() {
		t.Fatal(err, stream.Err())
	}
	return stream
}

// TestReaderBesideSlowOne: a stream that nobody reads holds nobody up.
func TestReaderBesideSlowOne(t *testing.T) {
	_, client := endlessServer(t, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	stuck := unread(t, ctx, client(true))
	defer stuck.Close()
	quick, err := client(true).Consume(ctx, connect.NewRequest(&tributaryv1.ConsumeRequest{Topic: "t", MaxRecords: 20_000}))
	if err != nil {
		t.Fatal(err)
	}
	defer quick.Close()
	at := int64(0)
	for quick.Receive() {
		for _, r := range quick.Msg().Records {
			if r.Offset != at || !strings.HasPrefix(string(r.Value), fmt.Sprint(at%100)+"v") {
				t.Fatalf("record %d is %d, %.10s", at, r.Offset, r.Value)
			}
			at++
		}
	}
	if err := quick.Err(); err != nil || at != 20_000 {
		t.Errorf("%d records beside a stream that is not read: %v", at, err)
	}
	cancel() // the other one's call ends with it
}

// TestSlowReaderIsCutOff: who reads nothing for as long as an answer may be left unread is cut off, counted once and leaves
// nothing, on both protocols; who ends its call itself is not counted.
func TestSlowReaderIsCutOff(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprint("http2=", http2), func(t *testing.T) {
			s, client := endlessServer(t, 300*time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			gone, leave := context.WithCancel(ctx)
			stream := unread(t, gone, client(http2))
			leave()
			_ = stream.Close() // its call was ended
			stuck := unread(t, ctx, client(http2))
			defer stuck.Close()
			for s.Stats().TooSlow == 0 || s.Stats().Calls > 0 {
				if ctx.Err() != nil {
					t.Fatalf("%+v", s.Stats())
				}
				time.Sleep(10 * time.Millisecond)
			}
			if n := s.Stats(); n.TooSlow != 1 || n.Bytes != 0 {
				t.Errorf("%d were too slow, %d bytes are held", n.TooSlow, n.Bytes)
			}
			for stuck.Receive() {
			}
			if stuck.Err() == nil {
				t.Error("its stream ended well")
			}
		})
	}
}
