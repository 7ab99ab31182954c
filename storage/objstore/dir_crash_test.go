package objstore

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const crashDirVariable = "TRIBUTARY_TEST_CRASH_DIR"

// crashBody is what object number i holds, in parts large enough to be killed inside.
func crashBody(i int) [][]byte {
	line := fmt.Appendf(nil, "object %08d\n", i)
	return [][]byte{bytes.Repeat(line, 3000), line, bytes.Repeat(line, 20000)}
}

// TestDirKilled kills a process that puts objects and replaces a manifest without end: what it
// acknowledged is there and whole, and nothing is there in part.
func TestDirKilled(t *testing.T) {
	if root := os.Getenv(crashDirVariable); root != "" {
		crashChild(t, root)
		return
	}
	for round := range 3 {
		root := filepath.Join(t.TempDir(), "objects")
		child := exec.Command(os.Args[0], "-test.run=^TestDirKilled$")
		child.Env = append(os.Environ(), crashDirVariable+"="+root)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		acked := -1
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "acked %d", &acked); err == nil && acked == 10+7*round {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		var killed *exec.ExitError
		if err := child.Wait(); !errors.As(err, &killed) {
			t.Fatalf("the child ended with %v after %d objects", err, acked)
		}
		checkAfterCrash(t, root, acked)
	}
}

func crashChild(t *testing.T, root string) {
	d, err := OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	manifest := put(t, d, "manifest", "0")
	for i := 0; ; i++ {
		if _, err := d.Put(t.Context(), fmt.Sprintf("log/%02d/%08d", i%3, i), crashBody(i), Condition{IfAbsent: true}); err != nil {
			t.Fatal(err)
		}
		manifest, err = d.Put(t.Context(), "manifest", [][]byte{fmt.Append(nil, i+1)}, Condition{IfMatch: manifest.ETag})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("acked", i)
	}
}

func checkAfterCrash(t *testing.T, root string, acked int) {
	d, err := OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	found := keys(t, d, "log/", "")
	if len(found) < acked+1 || len(found) > acked+2 {
		t.Errorf("%d objects, %d were acknowledged", len(found), acked+1)
	}
	for _, key := range found {
		var shard, i int
		if _, err := fmt.Sscanf(key, "log/%d/%d", &shard, &i); err != nil {
			t.Fatal(err)
		}
		if got := get(t, d, key); got != string(bytes.Join(crashBody(i), nil)) {
			t.Errorf("%s: %d bytes are not what was put", key, len(got))
		}
	}
	var n int
	if _, err := fmt.Sscan(strings.TrimSpace(get(t, d, "manifest")), &n); err != nil || n < acked+1 || n > acked+2 {
		t.Errorf("manifest %d after %d, %v", n, acked, err)
	}
	put(t, d, "next", "cleans")
	if left, err := os.ReadDir(filepath.Join(root, dirTemp)); err != nil || len(left) > 0 {
		t.Errorf("%d temporary files outlived the crash, %v", len(left), err)
	}
}
