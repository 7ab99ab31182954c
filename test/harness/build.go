package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// EnvBinary names the variable that points to a binary to use instead of a fresh build.
const EnvBinary = "TRIBUTARY_TEST_BINARY"

var build struct {
	once   sync.Once
	dir    string
	binary string
	err    error
}

// Binary builds the server once a test run and returns its path. Call Clean from TestMain.
func Binary(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		if build.binary = os.Getenv(EnvBinary); build.binary != "" {
			return
		}
		if build.dir, build.err = os.MkdirTemp("", "tributary-test-"); build.err != nil {
			return
		}
		build.binary = filepath.Join(build.dir, "tributary")
		out, err := exec.Command("go", "build", "-o", build.binary, "github.com/tributary-db/tributary/cmd/tributary").CombinedOutput()
		if err != nil {
			build.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if build.err != nil {
		t.Fatalf("build the server: %v", build.err)
	}
	return build.binary
}

// Clean removes what Binary built.
func Clean() {
	if build.dir != "" {
		_ = os.RemoveAll(build.dir) // a temporary directory
	}
}
