package harness

import (
	"bufio"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// readyTimeout bounds the wait for a start; what takes longer has failed.
const readyTimeout = 60 * time.Second

// Server is a running child process.
type Server struct {
	t   testing.TB
	cmd *exec.Cmd

	Dir             string // data directory
	PGHost, PGPort  string
	KafkaAddr, HTTP string
	// Ready is the time from the start of the process to the end of its banner.
	Ready time.Duration

	stderr *tail
	exited chan struct{}
	err    error // of Wait, once exited is closed
}

// Start runs the server on dir, on free ports, and waits until it is ready. More flags may
// follow; a test that expects the start to fail uses Try.
func Start(t testing.TB, dir string, flags ...string) *Server {
	t.Helper()
	s, err := Try(t, dir, flags...)
	if err != nil {
		t.Fatalf("start on %s: %v", dir, err)
	}
	return s
}

// errNotReady: the process ended, or did not come up in time.
var errNotReady = errors.New("server is not ready")

// Try is Start that returns the failure. The server is returned in both cases, so that its
// exit code and its stderr can be seen.
func Try(t testing.TB, dir string, flags ...string) (*Server, error) {
	t.Helper()
	args := append([]string{
		"--data-dir", dir, "--pg-listen", "127.0.0.1:0", "--kafka-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
	}, flags...)
	s := &Server{t: t, Dir: dir, stderr: &tail{}, exited: make(chan struct{})}
	s.cmd = exec.Command(Binary(t), args...)
	s.cmd.Stderr = s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool, 1)
	go func() {
		s.read(bufio.NewScanner(out), ready)
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("stderr of the server on %s:\n%s", dir, s.Stderr())
		}
	})
	select {
	case ok := <-ready:
		s.Ready = time.Since(begin)
		if ok {
			return s, nil
		}
		<-s.exited
		return s, errNotReady
	case <-time.After(readyTimeout):
		s.Kill()
		return s, errNotReady
	}
}

var (
	bannerSQL   = regexp.MustCompile(`psql -h (\S+) -p (\d+)`)
	bannerKafka = regexp.MustCompile(`kcat -b (\S+)`)
	bannerHTTP  = regexp.MustCompile(`curl https?://([^/\s]+)`)
)

// read takes the addresses from the banner and reports once the server is ready, or has ended
// without becoming so.
func (s *Server) read(lines *bufio.Scanner, ready chan<- bool) {
	for lines.Scan() {
		line := lines.Text()
		if m := bannerSQL.FindStringSubmatch(line); m != nil {
			s.PGHost, s.PGPort = m[1], m[2]
		}
		if m := bannerKafka.FindStringSubmatch(line); m != nil {
			s.KafkaAddr = m[1]
		}
		if m := bannerHTTP.FindStringSubmatch(line); m != nil {
			s.HTTP = m[1]
		}
		if strings.HasPrefix(line, "Ready.") {
			ready <- true
		}
	}
	select {
	case ready <- false:
	default:
	}
}

// Kill is `kill -9`; it returns when the process is gone. Again does nothing.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.exited
}

// Stop sends SIGTERM and returns the exit code.
func (s *Server) Stop() int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatalf("stop: %v", err)
	}
	select {
	case <-s.exited:
	case <-time.After(readyTimeout):
		s.t.Fatal("SIGTERM did not end the server")
	}
	return s.ExitCode()
}

// ExitCode of a process that has ended.
func (s *Server) ExitCode() int {
	<-s.exited
	return s.cmd.ProcessState.ExitCode()
}

// Running reports whether the process still lives.
func (s *Server) Running() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// Stderr is what the process printed there, its last 64 KiB.
func (s *Server) Stderr() string { return s.stderr.String() }

// PID of the process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// PGAddr is host:port of the SQL listener.
func (s *Server) PGAddr() string { return s.PGHost + ":" + s.PGPort }

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailBytes = 64 << 10

func (w *tail) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = append(w.buf, p...)
	if len(w.buf) > tailBytes {
		w.buf = append(w.buf[:0], w.buf[len(w.buf)-tailBytes:]...)
	}
	return len(p), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.buf)
}
