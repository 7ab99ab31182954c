package pgwire

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

const helloBody = "user\x00tributary\x00\x00"

// TestSilentSocketsGiveWay: any number of sockets that say nothing, or begin to log in and stop,
// leave room for clients; who loses its place is told.
func TestSilentSocketsGiveWay(t *testing.T) {
	s, addr := serve(t, func(c *Config) {
		c.MaxStarting = 20
		c.MaxConnections = 5
		c.Auth = asking(t, "secret")
	})
	var silent []net.Conn
	for i := range 60 {
		nc := dial(t, addr)
		if i%3 == 0 { // gets its challenge and answers nothing
			_, _ = nc.Write(packet(3<<16, helloBody))
		}
		silent = append(silent, nc)
	}
	for range 5 {
		began := time.Now()
		db, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://tributary:secret@%s/postgres?sslmode=disable", addr))
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("logging in took %v", took)
		}
		_ = db.Close(context.Background())
	}
	if got := firstAnswers(t, silent[1]); got != "FATAL 53300" {
		t.Errorf("who lost its place got %q", got)
	}
	if st := s.Stats(); st.Starting > 20 || st.Evicted < 40 {
		t.Errorf("%+v", st)
	}
}

// TestReservedConnections: the last places are the superuser's, and the answer says so.
func TestReservedConnections(t *testing.T) {
	_, addr := serve(t, func(c *Config) {
		c.Auth = newGate(t, auth.Config{Directory: everybody{}, Trusting: true})
		c.MaxConnections, c.ReservedConnections = 3, 2
		c.Superuser = func(role string) bool { return role == "root" }
	})
	as := func(user string) error {
		db, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", user, addr))
		if err == nil {
			t.Cleanup(func() { _ = db.Close(context.Background()) })
		}
		return err
	}
	if err := as("a"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, as("b"), sqlerr.TooManyConnections, "remaining connection slots are reserved for non-replication superuser connections")
	for range 2 {
		err := as("root")
		for until := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(until); err = as("root") { // b's place is free a moment after b is told
			time.Sleep(time.Millisecond)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, as("root"), sqlerr.TooManyConnections, "sorry, too many clients already")
}

// everybody exists.
type everybody struct{}

func (everybody) Account(context.Context, string) (auth.Account, error) {
	return auth.Account{Role: 10, Exists: true}, nil
}

// logIn brings a raw connection to its first ReadyForQuery.
func logIn(t *testing.T, nc net.Conn) {
	t.Helper()
	go func() { _, _ = nc.Write(packet(3<<16, helloBody)) }()
	for {
		var head [5]byte
		if _, err := io.ReadFull(nc, head[:]); err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, nc, int64(binary.BigEndian.Uint32(head[1:]))-4); err != nil {
			t.Fatal(err)
		}
		if head[0] == 'Z' {
			return
		}
	}
}

func queryHeader(size int) []byte { return binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(size)+4) }

// TestLargeMessages: who announces a large message holds room once 64 KiB of it have come; who
// holds room and sends no more is ended; others go on meanwhile, also with large messages.
func TestLargeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dial := servePipes(t, func(c *Config) { c.MaxBodyBytes = 64 << 20 })
		announced, holder := dial(), dial()
		for _, nc := range []net.Conn{announced, holder} {
			logIn(t, nc)
			_, _ = nc.Write(queryHeader(40 << 20))
		}
		synctest.Wait()
		if n := s.Stats().BodyBytes; n != 0 {
			t.Fatalf("announced messages hold %d bytes", n)
		}
		_, _ = holder.Write(make([]byte, admission.Free))
		synctest.Wait()
		if n := s.Stats().BodyBytes; n != 40<<20 {
			t.Fatalf("%d bytes are held", n)
		}
		began := time.Now()
		query(t, dial(), "select 1") // small: not even counted
		if took := time.Since(began); took > 0 {
			t.Errorf("a small statement waited %v", took)
		}
		query(t, dial(), "select 1"+strings.Repeat(";", 1<<20)) // waits for the holder's end
		if took := time.Since(began); took < paceLeast || took > 20*time.Second {
			t.Errorf("a large statement waited %v", took)
		}
		synctest.Wait()
		if st := s.Stats(); st.TooSlow != 1 || st.BodyBytes != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// paceLeast is what the holder gets before it is ended.
const paceLeast = 5 * time.Second

// TestStopWhileWaitingForRoom: a client that waits for room does not hold a stop up.
func TestStopWhileWaitingForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dial := servePipes(t, func(c *Config) { c.MaxBodyBytes = 64 << 20 })
		for range 2 {
			nc := dial()
			logIn(t, nc)
			_, _ = nc.Write(queryHeader(40 << 20))
			_, _ = nc.Write(make([]byte, admission.Free))
			go func() { _, _ = io.Copy(io.Discard, nc) }() // its last words
		}
		synctest.Wait()
		began := time.Now()
		if err := s.Shutdown(context.Background()); err != nil || time.Since(began) > lastWords {
			t.Errorf("stopped with %v after %v", err, time.Since(began))
		}
		if n := s.Stats().BodyBytes; n != 0 {
			t.Errorf("%d bytes are still held", n)
		}
	})
}

func query(t *testing.T, nc net.Conn, sql string) {
	t.Helper()
	logIn(t, nc)
	go func() { _, _ = nc.Write(append(append(queryHeader(len(sql)+1), sql...), 0)) }()
	var head [5]byte
	if _, err := io.ReadFull(nc, head[:]); err != nil || head[0] != 'T' {
		t.Errorf("answer %q, %v", head, err)
	}
	_ = nc.Close()
}

// servePipes runs a server over connections in memory, inside a bubble.
func servePipes(t *testing.T, change func(*Config)) (s *Server, dial func() net.Conn) {
	cfg := Config{Open: openFake(nil, nil), Auth: trusting(t), Databases: []string{"tributary"}}
	change(&cfg)
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	go func() { _ = s.Serve(context.Background(), p) }()
	t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	return s, func() net.Conn {
		ours, theirs := net.Pipe()
		p.accepted <- local{theirs}
		t.Cleanup(func() { _ = ours.Close() })
		return ours
	}
}

type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case nc := <-p.accepted:
		return nc, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (p pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

// local is a pipe that says it comes from this machine.
type local struct{ net.Conn }

func (local) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
