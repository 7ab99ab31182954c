package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// announce is the first 12 bytes of a frame.
func announce(key, version int16, length int32) []byte {
	f := binary.BigEndian.AppendUint32(nil, uint32(length))
	f = binary.BigEndian.AppendUint16(f, uint16(key))
	f = binary.BigEndian.AppendUint16(f, uint16(version))
	return append(f, 0, 0, 0, 1)
}

// dialFrom connects from a loopback address of its own, which is a peer of its own.
func (b *broker) dialFrom(t testing.TB, ip string) net.Conn {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	nc, err := d.Dial("tcp", b.addr)
	if err != nil {
		t.Skipf("no second loopback address: %v", err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return nc
}

// canary works as a small client beside an attack and returns the slowest of its requests.
func canary(t *testing.T, b *broker, produceBytes int) time.Duration {
	t.Helper()
	w := b.dial(t)
	var took []time.Duration
	value := make([]byte, produceBytes)
	for i := range 20 {
		began := time.Now()
		ask[*kmsg.MetadataResponse](w, metadataOf(9, "canary"))
		if resp := ask[*kmsg.ProduceResponse](w, produceRequest(9, "canary", 0, recordBatch(t, value))); resp.Topics[0].Partitions[0].ErrorCode != 0 {
			t.Fatalf("produce %d: %+v", i, resp.Topics[0])
		}
		topic, _ := b.cfg.Log.TopicByName("canary")
		ask[*kmsg.FetchResponse](w, fetchOf(12, topic, 0, int64(i)))
		took = append(took, time.Since(began))
	}
	return slices.Max(took)
}

func metadataOf(version int16, names ...string) *kmsg.MetadataRequest {
	req := kmsg.NewPtrMetadataRequest()
	req.Version, req.AllowAutoTopicCreation = version, true
	for _, name := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(name)
		req.Topics = append(req.Topics, t)
	}
	return req
}

// startSmall runs a server over a real log with little room, so that few bytes fill it.
func startSmall(t *testing.T) *broker {
	store := newMeta(t)
	db := logtest.Open(t, func(c *log.Config) {
		c.Meta = store
		c.Limits.InFlightBytes = 16 << 20
	})
	return startReal(t, func(c *Config) {
		c.Meta, c.Log, c.Topics = store, db, newLogTopics(db, logtest.Rand(7))
		c.MaxDecodedBytes = 16 << 20
	})
}

// TestAnnouncedFramesHoldNothing: whoever announces a frame holds room once its first 64 KiB
// have come, not before. Twelve bytes each used to hold all of it for a minute.
func TestAnnouncedFramesHoldNothing(t *testing.T) {
	for name, attack := range map[string][]byte{
		"produce of 16 MiB": announce(0, 9, 16<<20),
		"fetch of 4 MiB":    announce(1, 12, 4<<20),
		"metadata of 1 MiB": announce(3, 9, 1<<20),
		"60 KiB more":       append(announce(0, 9, 16<<20), make([]byte, 60<<10)...),
	} {
		t.Run(name, func(t *testing.T) {
			b := startSmall(t)
			for range 70 {
				if _, err := b.dial(t).nc.Write(attack); err != nil {
					t.Fatal(err)
				}
			}
			if worst := canary(t, b, 100); worst > 5*time.Second {
				t.Errorf("a small client waited %v", worst)
			}
		})
	}
}

// TestHeldRoomLeavesRoom: clients that hold their share and send no more stop neither small
// frames from the same address nor large ones from others.
func TestHeldRoomLeavesRoom(t *testing.T) {
	b := startSmall(t)
	for range 8 {
		nc := b.dialFrom(t, "127.0.0.9")
		go func() { _, _ = nc.Write(append(announce(0, 9, 15<<20), make([]byte, 256<<10)...)) }()
	}
	eventually(t, func() bool { return b.Server.log.Log.(*log.DB).Stats().AdmissionWaits > 0 })
	if used := b.Server.log.Log.(*log.DB).Stats().InFlightBytes; used != 15<<20-headerBytes {
		t.Errorf("%d bytes are held", used)
	}
	if worst := canary(t, b, 100); worst > 3*time.Second {
		t.Errorf("a small client waited %v", worst)
	}
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(testTimeout); !done(); {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
		<-time.After(time.Millisecond)
	}
}

// pipes is a listener of connections in memory, whose time a bubble drives.
type pipes struct{ accepted chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	if nc, ok := <-p.accepted; ok {
		return nc, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9092} }
func (p pipes) Close() error {
	close(p.accepted)
	return nil
}

// inBubble serves pipes inside a bubble until test returns.
func inBubble(t *testing.T, change func(*Config), test func(t *testing.T, s *Server, dial func() net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemLog()
		cfg := Config{Log: l, Topics: l, Meta: newMeta(t), Auth: trusting(t), Credentials: &passwords{}, ClusterID: "AAAAAAAAAAAAAAAAAAAAAA"}
		if change != nil {
			change(&cfg)
		}
		s, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		p := pipes{make(chan net.Conn)}
		served := make(chan error, 1)
		go func() { served <- s.Serve(context.Background(), p) }()
		test(t, s, func() net.Conn {
			ours, theirs := net.Pipe()
			p.accepted <- theirs
			return ours
		})
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, ErrServerClosed) {
			t.Error(err)
		}
	})
}

// TestHolderOfRoomKeepsPace: 64 KiB came, so room is held; then nothing, or a drip: the connection
// ends. Who is slow and within the bounds is answered.
func TestHolderOfRoomKeepsPace(t *testing.T) {
	for name, c := range map[string]struct {
		every time.Duration // a drip of 32 KiB
		ends  error         // nil: the request is answered
	}{"silent": {time.Hour, io.EOF}, "drip": {time.Second, io.EOF}, "slow": {200 * time.Millisecond, nil}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, s *Server, dial func() net.Conn) {
				nc := dial()
				_, _ = nc.Write(announce(3, 9, 1<<20))
				_, _ = nc.Write(make([]byte, admission.Free))
				synctest.Wait()
				if used := s.bodyBudget.Stats().Used; used != 1<<20-headerBytes {
					t.Fatalf("%d bytes are held", used)
				}
				began := time.Now()
				go func() {
					for {
						time.Sleep(c.every)
						if _, err := nc.Write(make([]byte, 32<<10)); err != nil {
							return
						}
					}
				}()
				_, err := nc.Read(make([]byte, 1))
				if took := time.Since(began); !errors.Is(err, c.ends) || took > 10*time.Second {
					t.Errorf("ended with %v after %v", err, took)
				}
				_ = nc.Close()
				synctest.Wait()
				if used := s.bodyBudget.Stats().Used; used != 0 || s.metrics.TooSlow.Load() != 1 && c.ends != nil {
					t.Errorf("%d bytes are still held, %d too slow", used, s.metrics.TooSlow.Load())
				}
				time.Sleep(2 * c.every) // the drip ends inside the bubble
			})
		})
	}
}

// TestSilentConnectionsGiveWay: sockets that never asked for anything lose their places to
// clients that come, whatever number of them there is.
func TestSilentConnectionsGiveWay(t *testing.T) {
	b := start(t, func(c *Config) { c.MaxConnections = 20 })
	first := b.dial(t)
	ask[*kmsg.MetadataResponse](first, kmsg.NewPtrMetadataRequest())
	var silent []*wire
	for range 60 {
		silent = append(silent, b.dial(t))
	}
	half := b.dial(t) // twelve bytes are not a request
	if _, err := half.nc.Write(announce(0, 9, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if worst := canary(t, b, 100); worst > 5*time.Second {
		t.Errorf("a client waited %v", worst)
	}
	silent[0].closed()
	ask[*kmsg.MetadataResponse](first, kmsg.NewPtrMetadataRequest()) // it has asked: it stays
	if s := b.Slots(); s.Taken > 20 || s.Evicted < 40 || s.Rejected != 0 {
		t.Errorf("%+v", s)
	}
}

// TestBusyConnectionsStay: a newcomer is refused when everybody has something under way.
func TestBusyConnectionsStay(t *testing.T) {
	b := start(t, func(c *Config) { c.MaxConnections = 1 })
	b.createTopic(t, "a", 1, nil)
	topic, _ := b.log.TopicByName("a")
	w := b.dial(t)
	w.send(fetchOf(12, topic, 0, 0)) // a long poll
	eventually(t, func() bool { return b.metrics.LongPollsWaiting.Load() == 1 })
	b.dial(t).closed()
	if s := b.Slots(); s.Rejected != 1 {
		t.Errorf("%+v", s)
	}
	b.log.Append(&log.Entry{Appends: []log.Append{{Partition: log.Partition{Topic: topic.ID}, RecordBatches: recordBatch(t, nil)}}})
	w.receive(fetchOf(12, topic, 0, 0), w.id)
}

func TestRestingConnectionsEnd(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, _ *Server, dial func() net.Conn) {
		for name, c := range map[string]struct {
			send []byte
			ends time.Duration
		}{"never asked": {nil, 30 * time.Second}, "half a frame": {announce(3, 9, 100), time.Minute}, "asked": {
			kmsg.NewRequestFormatter().AppendRequest(nil, metadataOf(9), 1), 10 * time.Minute}} {
			nc := dial()
			began := time.Now()
			go func() { _, _ = nc.Write(c.send) }()
			_, err := io.Copy(io.Discard, nc)
			if took := time.Since(began); err != nil || took != c.ends {
				t.Errorf("%s: ended with %v after %v, want %v", name, err, took, c.ends)
			}
			_ = nc.Close()
		}
	})
}
