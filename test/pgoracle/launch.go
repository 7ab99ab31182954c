package pgoracle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// absentError says that this machine cannot run PostgreSQL.
type absentError struct{ reason string }

func (e absentError) Error() string { return e.reason }

const superuser = "postgres"

// watchScript runs postgres until its stdin ends, then stops it at once and removes
// everything. $1 = postgres, $2 = directory.
const watchScript = `
"$1" -D "$2/data" >"$2/log" 2>&1 </dev/null &
pid=$!
cat >/dev/null
kill -QUIT $pid 2>/dev/null
wait $pid
rm -rf "$2"
`

// settings are the oracle's: deterministic, small, and without durability.
var settings = []string{
	"listen_addresses=''", "port=5432", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
	"shared_buffers='32MB'", "max_connections=100", "autovacuum=off", "jit=off",
	"timezone='UTC'", "log_timezone='UTC'", "datestyle='ISO, MDY'", "lc_messages='C'",
	"max_wal_size='256MB'", "max_parallel_workers_per_gather=0", "password_encryption='scram-sha-256'",
}

// launch makes a data directory, starts a server on it that lives as long as this process, and
// returns its DSN.
func launch() (dsn string, err error) {
	initdb, postgres, err := programs()
	if err != nil {
		return "", err
	}
	cred, err := credential()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("/tmp", "pgoracle")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return "", err
		}
	}
	if err := initData(initdb, dir, cred); err != nil {
		return "", err
	}
	if err := watch(postgres, dir, cred); err != nil {
		return "", err
	}
	dsn = fmt.Sprintf("host=%s port=5432 user=%s dbname=postgres sslmode=disable", dir, superuser)
	return dsn, awaitReady(dsn, dir)
}

func programs() (initdb, postgres string, err error) {
	if initdb, err = program("initdb"); err == nil {
		postgres, err = program("postgres")
	}
	return initdb, postgres, err
}

// program finds a PostgreSQL program on PATH or where Debian keeps the newest.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		// Real path: initdb looks for its neighbours beside itself.
		return filepath.EvalSymlinks(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	sort.Strings(found)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	return "", absentError{name + " is not installed and " + EnvDSN + " is not set"}
}

// credential is who must run PostgreSQL: nil for the current user, who may not be root.
func credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, absentError{"running as root and there is no user postgres to run it as"}
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func initData(initdb, dir string, cred *syscall.Credential) error {
	args := []string{"-D", filepath.Join(dir, "data"), "-U", superuser, "-A", "trust",
		"--locale=C.UTF-8", "--encoding=UTF8", "--no-sync", "--no-instructions"}
	cmd := exec.Command(initdb, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	conf, err := os.OpenFile(filepath.Join(dir, "data", "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for _, s := range settings {
		fmt.Fprintln(conf, s)
	}
	fmt.Fprintf(conf, "unix_socket_directories='%s'\n", dir)
	return conf.Close()
}

// watch starts postgres under a shell that ends it when this process is gone. The pipe's
// write end is leaked on purpose: the kernel closes it.
func watch(postgres, dir string, cred *syscall.Credential) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", watchScript, "pgoracle", postgres, dir)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8")
	cmd.Stdin = r
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Setsid: true}
	if err := cmd.Start(); err != nil {
		_ = w.Close()
		return err
	}
	alive = w
	return nil
}

// alive keeps the watcher's pipe from being collected.
//
//lint:ignore U1000 nobody needs to read it
var alive *os.File

func awaitReady(dsn, dir string) error {
	deadline := time.Now().Add(60 * time.Second)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		conn, err := pgx.Connect(ctx, dsn)
		if err == nil {
			err = conn.Close(ctx)
		}
		cancel()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			return fmt.Errorf("not ready after a minute: %w\n%s", err, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
