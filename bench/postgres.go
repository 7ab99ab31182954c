package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

var errNoPostgres = errors.New("no PostgreSQL server is installed")

// postgres is a PostgreSQL server on an empty directory, on TCP like the server beside it.
type postgres struct {
	cmd  *exec.Cmd
	dir  string
	port int
}

func startPostgres(ctx context.Context) (*postgres, error) {
	initdb, err1 := exec.LookPath("initdb")
	program, err2 := exec.LookPath("postgres")
	if err1 != nil || err2 != nil {
		return nil, errNoPostgres
	}
	as, err := notRoot()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "tributary-bench-pg-")
	if err != nil {
		return nil, err
	}
	p := &postgres{dir: dir}
	if as.Credential != nil {
		if err := os.Chown(dir, int(as.Credential.Uid), int(as.Credential.Gid)); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	data := filepath.Join(dir, "data")
	setup := exec.CommandContext(ctx, initdb, "-D", data, "-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", "-N")
	setup.SysProcAttr, setup.Dir = as, dir
	if out, err := setup.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, out), os.RemoveAll(dir))
	}
	if p.port, err = freePort(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p.cmd = exec.CommandContext(ctx, program, "-D", data, "-p", strconv.Itoa(p.port), "-c", "listen_addresses=127.0.0.1", "-k", dir, "-c", "shared_buffers=128MB")
	p.cmd.SysProcAttr, p.cmd.Dir = as, dir
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for range 100 {
		if c, err := p.connect(ctx); err == nil {
			return p, c.Close(ctx)
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.stop()
	return nil, errors.New("PostgreSQL did not start")
}

func (p *postgres) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
	_ = p.cmd.Wait()
	_ = os.RemoveAll(p.dir)
}

func (p *postgres) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", p.port))
}

// cpu is what the postmaster and all its children have used, those that have ended too.
func (p *postgres) cpu() time.Duration {
	postmaster := p.cmd.Process.Pid
	total := statOf(postmaster).of(userTime, systemTime, childrenUserTime, childrenSystemTime)
	processes, _ := filepath.Glob("/proc/[0-9]*") // fails for a bad pattern alone
	for _, dir := range processes {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if f := statOf(pid); f.parent() == postmaster {
			total += f.of(userTime, systemTime)
		}
	}
	return total
}

// notRoot runs a child as user postgres when this process is root: PostgreSQL refuses root.
func notRoot() (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, errNoPostgres
	}
	uid, _ := strconv.Atoi(u.Uid) // numbers on every Unix
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return ln.Addr().(*net.TCPAddr).Port, ln.Close()
}
