package kafkatest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
)

// Process is a running program.
type Process struct {
	cmd *exec.Cmd
	out *output
}

// Run starts a class, or a source file of Java, on the jars.
func Run(jars string, env []string, options []string, class string, args ...string) (*Process, error) {
	p := &Process{out: &output{}}
	p.cmd = exec.Command("java", append(append(slices.Clone(options), class), args...)...)
	p.cmd.Env = append(append(os.Environ(), "CLASSPATH="+filepath.Join(jars, "*")), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	return p, p.cmd.Start()
}

// Kill ends the process without notice and waits until it is gone. Again does nothing.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // gone already is as good
	_ = p.cmd.Wait()         // likewise
}

// PID of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output is what the process printed last.
func (p *Process) Output() string { return p.out.String() }

// output keeps the end of what is written to it.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const outputBytes = 64 << 10

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf.Write(b)
	o.buf.Next(max(0, o.buf.Len()-outputBytes))
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// FreePorts are ports of loopback that nobody listened on a moment ago.
func FreePorts(n int) (ports []int, err error) {
	for range n {
		l, listenErr := net.Listen("tcp", "127.0.0.1:0")
		if listenErr != nil {
			return nil, errors.Join(err, listenErr)
		}
		defer func() { err = errors.Join(err, l.Close()) }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// Properties writes a file of them.
func Properties(path string, lines ...string) error {
	var b bytes.Buffer
	for _, line := range lines {
		fmt.Fprintln(&b, line)
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}
