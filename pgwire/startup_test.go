package pgwire

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math/rand"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

func packet(code uint32, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))
	b = binary.BigEndian.AppendUint32(b, code)
	return append(b, body...)
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	return nc
}

func TestStartup(t *testing.T) {
	const hello = "user\x00tributary\x00\x00"
	ssl, gss, v3 := packet(codeSSL, ""), packet(codeGSSENC, ""), packet(3<<16, hello)
	cases := []struct {
		name string
		send [][]byte
		want string // what comes first, or the FATAL error
	}{
		{"plain", [][]byte{v3}, "R"},
		{"ssl refused", [][]byte{ssl, v3}, "NR"},
		{"ssl then gss", [][]byte{ssl, gss, v3}, "NNR"},
		{"gss then ssl", [][]byte{gss, ssl, v3}, "NNR"},
		{"bytes behind ssl", [][]byte{append(packet(codeSSL, ""), v3...)}, "FATAL 08P01"},
		{"bytes behind gss", [][]byte{append(packet(codeGSSENC, ""), v3...)}, "FATAL 08P01"},
		{"ssl twice", [][]byte{ssl, ssl}, "N FATAL 0A000"},
		{"minor 1", [][]byte{packet(3<<16|1, hello)}, "vR"},
		{"minor 2", [][]byte{packet(3<<16|2, hello)}, "R"},
		{"minor 9999", [][]byte{packet(3<<16|9999, hello)}, "vR"},
		{"extension", [][]byte{packet(3<<16, "user\x00tributary\x00_pq_.x\x001\x00\x00")}, "vR"},
		{"version 2", [][]byte{packet(2<<16, hello)}, "FATAL 0A000"},
		{"names in any case", [][]byte{packet(3<<16, "USER\x00tributary\x00DateBase\x00x\x00\x00")}, "R"},
		{"no user", [][]byte{packet(3<<16, "database\x00x\x00\x00")}, "FATAL 28000"},
		{"no terminator", [][]byte{packet(3<<16, "user\x00tributary\x00")}, "FATAL 08P01"},
		{"half a pair", [][]byte{packet(3<<16, "user\x00tributary")}, "FATAL 08P01"},
		{"rubbish after the end", [][]byte{packet(3<<16, hello+"x")}, "FATAL 08P01"},
		{"bad UTF-8", [][]byte{packet(3<<16, "user\x00\xff\x00\x00")}, "FATAL 22021"},
		{"replication", [][]byte{packet(3<<16, "user\x00tributary\x00replication\x00database\x00\x00")}, "FATAL 0A000"},
		{"options", [][]byte{packet(3<<16, "user\x00tributary\x00options\x00-c a=b --c-d=e\x00\x00")}, "R"},
		{"bad options", [][]byte{packet(3<<16, "user\x00tributary\x00options\x00-z\x00\x00")}, "FATAL 42601"},
		{"cancel of nobody", [][]byte{packet(codeCancel, "12345678")}, "(end)"},
		{"short cancel", [][]byte{packet(codeCancel, "1")}, "FATAL 0A000"},
		{"tls", [][]byte{{0x16, 3, 1, 2, 0, 1, 0, 1}}, "(end)"},
		{"http", [][]byte{[]byte("GET / HTTP/1.1\r\n\r\n")}, "(end)"},
		{"huge", [][]byte{{0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0}}, "(end)"},
		{"tiny", [][]byte{{0, 0, 0, 4, 0, 3, 0, 0}}, "(end)"},
	}
	_, addr := serve(t, nil)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			nc := dial(t, addr)
			got := ""
			for i, b := range tc.send {
				if _, err := nc.Write(b); err != nil {
					t.Fatal(err)
				}
				if i < len(tc.send)-1 { // what came with the request would be refused
					var answer [1]byte
					if _, err := io.ReadFull(nc, answer[:]); err != nil {
						t.Fatal(err)
					}
					got += string(answer[:])
				}
			}
			if got = strings.TrimSpace(strings.Replace(got+firstAnswers(t, nc), "FATAL", " FATAL", 1)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// firstAnswers names the first messages, up to the first Authentication or error.
func firstAnswers(t *testing.T, nc net.Conn) string {
	t.Helper()
	var out strings.Builder
	for {
		var head [5]byte
		if _, err := io.ReadFull(nc, head[:]); err != nil {
			return out.String() + "(end)"
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(nc, body); err != nil {
			t.Fatal(err)
		}
		if head[0] == 'E' {
			var m pgproto3.ErrorResponse
			_ = m.Decode(body)
			return strings.TrimSpace(out.String() + " " + m.Severity + " " + m.Code)
		}
		out.WriteByte(head[0])
		if head[0] == 'R' {
			return out.String()
		}
	}
}

func TestParseOptions(t *testing.T) {
	got, err := parseOptions(`-c a=b -cC=d  --e-f=g\ h -c x=\\`)
	want := []face.Setting{{Name: "a", Value: "b"}, {Name: "c", Value: "d"}, {Name: "e_f", Value: "g h"}, {Name: "x", Value: `\`}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"-c", "-c a", "x", "-B 1", "--", "--=1"} {
		if _, err := parseOptions(bad); sqlerr.CodeOf(err) != sqlerr.SyntaxError {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAuthTimeout(t *testing.T) {
	_, addr := serve(t, func(c *Config) { c.AuthTimeout = 20 * time.Millisecond })
	nc := dial(t, addr)
	_, _ = nc.Write([]byte{0, 0})
	if n, err := nc.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a silent client got %d bytes, %v", n, err)
	}
}

// TestBeforeAuthentication: only a password may come, and no big one.
func TestBeforeAuthentication(t *testing.T) {
	_, addr := serve(t, func(c *Config) { c.Auth = asking(t, "secret") })
	for _, raw := range [][]byte{
		{'Q', 0, 0, 0, 5, 0},
		{'p', 0x10, 0, 0, 0},
		{'d', 0, 2, 0, 0},
		{'p', 0, 0, 0, 6, 'x', 0},
		{'y', 0, 0, 0, 4},
		{'p', 0xff, 0xff, 0xff, 0xff},
	} {
		nc := dial(t, addr)
		_, _ = nc.Write(packet(3<<16, "user\x00tributary\x00\x00"))
		if got := firstAnswers(t, nc); got != "R" {
			t.Fatalf("got %q", got)
		}
		_, _ = nc.Write(raw)
		if got := firstAnswers(t, nc); got != "FATAL 08P01" {
			t.Errorf("% x: got %q", raw, got)
		}
	}
}

func TestTrustIsLocal(t *testing.T) {
	for addr, want := range map[string]bool{"127.0.0.1": true, "::1": true, "127.9.9.9": true, "10.0.0.1": false, "0.0.0.0": false, "192.168.1.1": false} {
		if got := isLocal(&net.TCPAddr{IP: net.ParseIP(addr)}); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
}

// TestRandomBytes throws noise at every state of a connection: the server lives, nothing
// panics, every connection ends.
func TestRandomBytes(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewSource(seed))
	s, addr := serve(t, nil)
	hello := packet(3<<16, "user\x00tributary\x00\x00")
	const types = "QPBDECSHFXdcfp\x00\xffyz"
	for i := range 300 {
		nc := dial(t, addr)
		var b []byte
		switch i % 3 {
		case 0:
			b = noise(rnd, 100)
		case 1:
			b = append(b, hello...)
			b = append(b, noise(rnd, 300)...)
		default: // well-framed messages of noise
			b = append(b, hello...)
			for range rnd.Intn(20) {
				body := noise(rnd, 40)
				b = append(b, types[rnd.Intn(len(types))])
				b = append(binary.BigEndian.AppendUint32(b, uint32(4+len(body))), body...)
			}
		}
		_, _ = nc.Write(b)
		_ = nc.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, nc)
		_ = nc.Close()
	}
	if n := s.Stats().Panics; n != 0 {
		t.Errorf("%d panics", n)
	}
	if err := mustConnect(t, addr, "").Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func noise(rnd *rand.Rand, most int) []byte {
	b := make([]byte, rnd.Intn(most))
	rnd.Read(b)
	return b
}

// FuzzMessages feeds bytes to the message loop of a connection with the fake session.
func FuzzMessages(f *testing.F) {
	f.Add([]byte("Q\x00\x00\x00\x0dselect 1\x00"))
	f.Add([]byte("P\x00\x00\x00\x10\x00select 1\x00\x00\x00B\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00E\x00\x00\x00\x09\x00\x00\x00\x00\x00S\x00\x00\x00\x04"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if bytes.Contains(bytes.ToLower(in), []byte("panic")) || bytes.Contains(bytes.ToLower(in), []byte("sleep")) {
			return
		}
		s, err := New(Config{Open: openFake(nil, nil), Auth: trusting(t)})
		if err != nil {
			t.Fatal(err)
		}
		c := newConn(s, &memConn{in: bytes.NewReader(in)})
		c.stmt.parent = context.Background()
		c.in.maxBody = 1 << 20
		c.sess, _ = s.cfg.Open(context.Background(), face.Startup{Client: c})
		c.fatal(context.Background(), c.serve())
		c.stmt.close()
	})
}

// memConn reads what it was given and swallows what is written.
type memConn struct {
	net.Conn
	in *bytes.Reader
}

func (m *memConn) Read(p []byte) (int, error)       { return m.in.Read(p) }
func (m *memConn) Write(p []byte) (int, error)      { return len(p), nil }
func (m *memConn) SetDeadline(time.Time) error      { return nil }
func (m *memConn) SetReadDeadline(time.Time) error  { return nil }
func (m *memConn) SetWriteDeadline(time.Time) error { return nil }
func (m *memConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func TestWriterRows(t *testing.T) {
	s, err := New(Config{Open: openFake(nil, nil), Auth: trusting(t)})
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(s, &memConn{})
	fields := (&fakeStmt{text: "select 1"}).fields(face.Text)
	c.w.begin(false)
	if err := c.w.Fields(fields); err != nil {
		t.Fatal(err)
	}
	b := intBatch(10, 11, 12, 13)
	b.Sel, b.Weights = []int32{0, 2, 3}, []int64{2, 1, 0, 1}
	b.Cols[0].Valid = []uint64{0b0111}
	if err := c.w.Rows(b); err != nil {
		t.Fatal(err)
	}
	row := func(v string) string { return "D\x00\x00\x00\x0c\x00\x01\x00\x00\x00\x02" + v }
	if want := row("10") + row("10") + "D\x00\x00\x00\x0a\x00\x01\xff\xff\xff\xff"; string(c.out.b) != want {
		t.Errorf("wrote %q, want %q", c.out.b, want)
	}
	b.Weights[0] = -1
	if err := c.w.Rows(b); err == nil {
		t.Error("a row of weight -1 was written")
	}
	b.Errs = delta.RowErrors{{Row: 1, Err: sqlerr.New(sqlerr.DivisionByZero, "division by zero")}}
	if err := c.w.Rows(b); sqlerr.CodeOf(err) != sqlerr.DivisionByZero {
		t.Errorf("a row error gave %v", err)
	}
}

func BenchmarkDataRow(b *testing.B) {
	s, err := New(Config{Open: openFake(nil, nil), Auth: trusting(b)})
	if err != nil {
		b.Fatal(err)
	}
	c := newConn(s, &memConn{})
	c.w.begin(false)
	_ = c.w.Fields((&fakeStmt{text: "select 1"}).fields(face.Text))
	rows := make([]int32, 1024)
	for i := range rows {
		rows[i] = int32(i * 1000)
	}
	batch := intBatch(rows...)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.w.Rows(batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rows)), "ns/row")
}
