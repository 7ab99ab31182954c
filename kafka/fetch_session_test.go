package kafka

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// fetchAll asks for the first n partitions of a topic.
func fetchAll(version int16, t log.Topic, n int32) *kmsg.FetchRequest {
	req := fetchOf(version, t, 0, 0)
	for i := int32(1); i < n; i++ {
		p := req.Topics[0].Partitions[0]
		p.Partition = i
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, p)
	}
	req.MaxWaitMillis, req.SessionEpoch = 0, newSession
	return req
}

// answered are the partitions of an answer, "topic/partition:code+" where records came.
func answered(resp *kmsg.FetchResponse) string {
	out := ""
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			out += fmt.Sprintf(" %d:%d", p.Partition, p.ErrorCode)
			if len(p.RecordBatches) > 0 {
				out += "+"
			}
		}
	}
	return out
}

// TestFetchSession: what a consumer asks and is told from its first Fetch to its last, by names and by ids.
func TestFetchSession(t *testing.T) {
	for _, version := range []int16{7, 12, 13, 18} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			b := startReal(t, nil)
			b.createTopic(t, "a", 4, nil)
			topic, _ := b.cfg.Log.TopicByName("a")
			w := b.dial(t)
			produce := func(partition int32) {
				t.Helper()
				if p := ask[*kmsg.ProduceResponse](w, produceRequest(9, "a", partition, timed(t, 10, 1000))).Topics[0].Partitions[0]; p.ErrorCode != 0 {
					t.Fatalf("%+v", p)
				}
			}
			fetch := func(req *kmsg.FetchRequest, code *kerr.Error, want string) *kmsg.FetchResponse {
				t.Helper()
				resp := ask[*kmsg.FetchResponse](w, req)
				if code == nil && resp.ErrorCode != 0 || code != nil && resp.ErrorCode != code.Code {
					t.Errorf("%v, want %v", kerr.ErrorForCode(resp.ErrorCode), code)
				}
				if got := answered(resp); got != want {
					t.Errorf("epoch %d: told of%s, want%s", req.SessionEpoch, got, want)
				}
				return resp
			}
			produce(1)
			req := fetchAll(version, topic, 5)
			id := fetch(req, nil, " 0:0 1:0+ 2:0 3:0 4:3").SessionID
			if id <= 0 {
				t.Fatalf("session %d", id)
			}
			// Another connection goes on in it. It has read partition 1; the one that is not there is told of again.
			w = b.dial(t)
			step := func(epoch int32, change func(*kmsg.FetchRequest)) *kmsg.FetchRequest {
				next := fetchAll(version, topic, 0)
				next.Topics, next.SessionID, next.SessionEpoch = nil, id, epoch
				if change != nil {
					change(next)
				}
				return next
			}
			ask1 := func(partition int32, offset int64) func(*kmsg.FetchRequest) {
				return func(r *kmsg.FetchRequest) { r.Topics = fetchOf(version, topic, partition, offset).Topics }
			}
			if resp := fetch(step(1, ask1(1, 1)), nil, " 4:3"); resp.SessionID != id {
				t.Errorf("session %d", resp.SessionID)
			}
			forget := func(partitions ...int32) func(*kmsg.FetchRequest) {
				return func(r *kmsg.FetchRequest) {
					f := kmsg.NewFetchRequestForgottenTopic()
					f.Topic, f.TopicID, f.Partitions = topic.Name, topic.ID, partitions
					r.ForgottenTopics = append(r.ForgottenTopics, f)
				}
			}
			fetch(step(2, forget(4, 3)), nil, "")
			produce(3) // forgotten
			fetch(step(3, nil), nil, "")
			produce(2)
			produce(0)
			fetch(step(4, nil), nil, " 0:0+ 2:0+")
			// A client that asks again without having read is given it again.
			fetch(step(5, nil), nil, " 0:0+ 2:0+")
			fetch(step(5, nil), kerr.InvalidFetchSessionEpoch, "")
			fetch(step(7, nil), kerr.InvalidFetchSessionEpoch, "")
			fetch(step(6, ask1(0, 9)), nil, " 0:1 2:0+")
			lost := step(1, nil)
			lost.SessionID++
			fetch(lost, kerr.FetchSessionIDNotFound, "")
			other := step(7, nil)
			if other.Version = 12; version == 12 || version == 7 {
				other.Version = 13
			}
			if other.Version != version {
				fetch(other, kerr.FetchSessionTopicIDError, "")
			}
			// A full Fetch closes the one that it names and begins another, a last one only closes.
			full := fetchAll(version, topic, 1)
			full.SessionID = id
			second := fetch(full, nil, " 0:0+").SessionID
			fetch(step(7, nil), kerr.FetchSessionIDNotFound, "")
			if st := b.FetchSessions(); second == id || st.Sessions != 1 || st.Partitions != 1 {
				t.Errorf("session %d after %d: %+v", second, id, st)
			}
			full.SessionID, full.SessionEpoch = second, -1
			if resp := fetch(full, nil, " 0:0+"); resp.SessionID != 0 || b.FetchSessions().Sessions != 0 {
				t.Errorf("session %d, %+v", resp.SessionID, b.FetchSessions())
			}
			// One whose last partition is forgotten is over.
			full.SessionID, full.SessionEpoch = 0, 0
			id = fetch(full, nil, " 0:0+").SessionID
			if resp := fetch(step(1, forget(0)), nil, ""); resp.SessionID != 0 || b.FetchSessions().Sessions != 0 {
				t.Errorf("session %d, %+v", resp.SessionID, b.FetchSessions())
			}
		})
	}
}

// TestFetchSessionTopicGone: a topic that is deleted and made again under its name is another one.
func TestFetchSessionTopicGone(t *testing.T) {
	b := startReal(t, nil)
	w := b.dial(t)
	for version, want := range map[int16]string{12: " 0:3", 13: " 0:100"} {
		b.createTopic(t, "a", 1, nil)
		topic, _ := b.cfg.Log.TopicByName("a")
		req := fetchAll(version, topic, 1)
		id := ask[*kmsg.FetchResponse](w, req).SessionID
		del := kmsg.NewPtrDeleteTopicsRequest()
		del.Version, del.TopicNames, del.TimeoutMillis = 5, []string{"a"}, 1000
		if code := ask[*kmsg.DeleteTopicsResponse](w, del).Topics[0].ErrorCode; code != 0 {
			t.Fatal(kerr.ErrorForCode(code))
		}
		next := fetchAll(version, topic, 0)
		next.Topics, next.SessionID, next.SessionEpoch = nil, id, 1
		if got := answered(ask[*kmsg.FetchResponse](w, next)); got != want {
			t.Errorf("version %d: told of%s, want%s", version, got, want)
		}
		b.createTopic(t, "a", 1, nil)
		next.Version = version
		if next.SessionEpoch++; version >= 13 { // its id does not come back
			want = " 0:100"
		} else {
			want = " 0:0" // told that it is well
		}
		if got := answered(ask[*kmsg.FetchResponse](w, next)); got != want {
			t.Errorf("version %d: made again, told of%s, want%s", version, got, want)
		}
		ask[*kmsg.DeleteTopicsResponse](w, del)
	}
}

// TestFetchSessionsFull: without room clients go on without a session.
func TestFetchSessionsFull(t *testing.T) {
	b := startReal(t, func(c *Config) { c.MaxFetchSessions = 1 })
	b.createTopic(t, "a", 2, nil)
	topic, _ := b.cfg.Log.TopicByName("a")
	w := b.dial(t)
	first, second := ask[*kmsg.FetchResponse](w, fetchAll(13, topic, 2)), ask[*kmsg.FetchResponse](w, fetchAll(13, topic, 2))
	if first.SessionID == 0 || second.SessionID != 0 || answered(second) != " 0:0 1:0" || b.FetchSessions().Refused != 1 {
		t.Errorf("sessions %d and %d: %s, %+v", first.SessionID, second.SessionID, answered(second), b.FetchSessions())
	}
}

// TestClientsReadInSessions: a client's own sessions, over more polls than partitions, bring every record once.
func TestClientsReadInSessions(t *testing.T) {
	b := startReal(t, nil)
	const partitions, each = 20, 30
	b.createTopic(t, "a", partitions, nil)
	cl := b.client(t, kgo.ConsumeTopics("a"), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.FetchMaxPartitionBytes(200))
	ctx := testContext(t)
	seen, next := 0, map[int32]int64{}
	for round := range each {
		for p := range int32(partitions) {
			if (int(p)+round)%3 == 0 { // a few at a time
				cl.Produce(ctx, &kgo.Record{Topic: "a", Partition: p, Value: fmt.Append(nil, round)}, nil)
			}
		}
		if err := cl.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		for want := (round + 1) * partitions / 3; seen < want; {
			fetches := cl.PollFetches(ctx)
			if err := fetches.Err(); err != nil {
				t.Fatalf("%d of %d: %v", seen, want, err)
			}
			fetches.EachRecord(func(r *kgo.Record) {
				if r.Offset != next[r.Partition] {
					t.Fatalf("partition %d: offset %d, want %d", r.Partition, r.Offset, next[r.Partition])
				}
				next[r.Partition]++
				seen++
			})
		}
	}
	if st := b.FetchSessions(); st.Sessions != 1 || st.Partitions != partitions {
		t.Errorf("%+v", st)
	}
}

// BenchmarkFetchSession is a consumer of 1,000 partitions of which five get a record each between two Fetches: what one
// round costs the listener, and how many bytes go each way.
func BenchmarkFetchSession(b *testing.B) {
	for _, inSession := range []bool{false, true} {
		b.Run(fmt.Sprint("session=", inSession), func(b *testing.B) {
			br := startReal(b, nil)
			br.createTopic(b, "a", 1000, nil)
			topic, _ := br.cfg.Log.TopicByName("a")
			w, producer := br.dial(b), br.dial(b)
			_ = w.nc.SetDeadline(noDeadline)
			_ = producer.nc.SetDeadline(noDeadline)
			offsets := make([]int64, 1000)
			req := fetchAll(13, topic, 1000)
			if req.SessionEpoch = noSession; inSession {
				req.SessionEpoch = newSession
				req.SessionID, req.SessionEpoch = ask[*kmsg.FetchResponse](w, req).SessionID, 1
				req.Topics = nil
			}
			metrics := br.Metrics()
			var in, out int64
			b.ResetTimer()
			for round := range b.N {
				b.StopTimer()
				for i := range 5 {
					ask[*kmsg.ProduceResponse](producer, produceRequest(9, "a", int32((5*round+i)%1000), timed(b, 10, 1000)))
				}
				in0, out0 := metrics.BytesIn.Load(), metrics.BytesOut.Load()
				b.StartTimer()
				resp := ask[*kmsg.FetchResponse](w, req)
				in += metrics.BytesIn.Load() - in0
				out += metrics.BytesOut.Load() - out0
				if req.Topics = nil; inSession {
					req.SessionEpoch++
				}
				got := 0
				for _, t := range resp.Topics {
					for _, p := range t.Partitions {
						if len(p.RecordBatches) > 0 {
							got++
							offsets[p.Partition]++
							if inSession {
								req.Topics = append(req.Topics, fetchOf(13, topic, p.Partition, offsets[p.Partition]).Topics...)
							}
						}
					}
				}
				if got != 5 {
					b.Fatalf("%d partitions", got)
				}
				if !inSession {
					req.Topics = fetchAll(13, topic, 1000).Topics
					for i := range req.Topics[0].Partitions {
						req.Topics[0].Partitions[i].FetchOffset = offsets[i]
					}
				}
			}
			b.ReportMetric(float64(in)/float64(b.N), "in-B/fetch")
			b.ReportMetric(float64(out)/float64(b.N), "out-B/fetch")
		})
	}
}
