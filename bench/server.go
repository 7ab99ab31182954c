package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is a running child process on a directory of its own.
type server struct {
	cmd       *exec.Cmd
	dir       string
	pg, kafka string
	http      string
	pid       int // of a peer's process, which is none of ours: cmd is nil
}

var (
	bannerSQL   = regexp.MustCompile(`psql -h (\S+) -p (\d+)`)
	bannerHTTP  = regexp.MustCompile(`curl http://(\S+)/healthz`)
	bannerKafka = regexp.MustCompile(`kcat -b (\S+)`)
)

// start runs the binary on an empty directory and free ports until its banner says Ready.
func start(ctx context.Context, o options, flags ...string) (*server, error) {
	dir, err := os.MkdirTemp("", "tributary-bench-")
	if err != nil {
		return nil, err
	}
	return startIn(ctx, o, dir, flags...)
}

// startIn runs the binary on a directory, which stop removes.
func startIn(ctx context.Context, o options, dir string, flags ...string) (*server, error) {
	s := &server{dir: dir}
	s.cmd = exec.CommandContext(ctx, o.binary, append([]string{"--data-dir", dir, "--pg-listen", "127.0.0.1:0",
		"--kafka-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--log-level", "error"}, flags...)...)
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := bannerSQL.FindStringSubmatch(lines.Text()); m != nil {
			s.pg = m[1] + ":" + m[2]
		}
		if m := bannerHTTP.FindStringSubmatch(lines.Text()); m != nil {
			s.http = m[1]
		}
		if m := bannerKafka.FindStringSubmatch(lines.Text()); m != nil {
			s.kafka = m[1]
		}
		if lines.Text() == "Ready." {
			return s, nil
		}
	}
	s.stop()
	return nil, errors.New("the server did not start")
}

// kill ends the process without notice; its directory stays.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // gone already is as good
	_ = s.cmd.Wait()
}

// resident is the memory that the server has in RAM, and the most that it had.
func (s *server) resident() (now, most int64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = kib << 10
		case "VmHWM":
			most = kib << 10
		}
	}
	return now, most
}

// stop ends the process and removes its directory.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // gone already is as good
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}

// cpu is the processor time that the server has used.
func (s *server) cpu() time.Duration {
	if s.pid != 0 {
		return cpuOf(s.pid)
	}
	return cpuOf(s.cmd.Process.Pid)
}

// cpuOf reads a process's user and system time.
func cpuOf(pid int) time.Duration { return statOf(pid).of(userTime, systemTime) }

// stat is the fields of /proc/PID/stat behind the program's name; none if there is no such process.
type stat []string

// Where fields are.
const (
	parentID = 1 + iota
	userTime = 10 + iota // 11
	systemTime
	childrenUserTime
	childrenSystemTime
)

func statOf(pid int) stat {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// The second field is the program's name in parentheses, which may hold blanks.
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
}

func (s stat) number(field int) int64 {
	if field >= len(s) {
		return 0
	}
	n, _ := strconv.ParseInt(s[field], 10, 64) // numbers on every Linux
	return n
}

func (s stat) parent() int { return int(s.number(parentID)) }

// of adds times; a tick is 10 ms.
func (s stat) of(fields ...int) (d time.Duration) {
	for _, f := range fields {
		d += time.Duration(s.number(f)) * 10 * time.Millisecond
	}
	return d
}

func (s *server) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, fmt.Sprintf("postgres://tributary@%s/tributary?sslmode=disable", s.pg))
}

// exec runs statements on a connection of its own.
func (s *server) exec(ctx context.Context, statements ...string) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for _, sql := range statements {
		if _, err := c.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
