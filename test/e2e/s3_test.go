package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/test/harness"
)

// bucket is a place of its own on the S3 server that TRIBUTARY_TEST_S3 names; what is left there goes with the server.
func bucket(t *testing.T, name string) string {
	t.Helper()
	base := os.Getenv("TRIBUTARY_TEST_S3")
	if base == "" {
		t.Skip("TRIBUTARY_TEST_S3 is not set (an s3:// URL of a bucket to write to): make test-s3")
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Path += fmt.Sprintf("/%s-%d", name, time.Now().UnixNano())
	return u.String()
}

// TestChainOnRealS3: with durability = object and a bucket on a real S3 server, each kill takes the disk along: what is recovered has every
// promise. So has what a backup restores, that another bucket has. At the end the newest objects of the chain are missing, and it is told.
func TestChainOnRealS3(t *testing.T) {
	objects, backups, restored := bucket(t, "objects"), bucket(t, "backup"), bucket(t, "restored")
	rng := random(t)
	top, ports, binary := t.TempDir(), harness.FixedPorts(t), harness.Binary(t)
	dir := filepath.Join(top, "data")
	flags := func(objects string) []string {
		return append(append(kept(rng), ports...), "--durability=object", "--flush-cost=0", "--flush-interval=5ms", "--object-store="+objects)
	}
	s, l, group := killAndRecover(t, rng, dir, objects, 300*time.Millisecond, func() []string { return flags(objects) })
	if s == nil {
		return
	}
	t.Log(harness.Run(t, "", binary, "backup", "--to", backups, "--server", "http://"+s.HTTP, "--rate", "1GB"))
	s.Kill()
	other := filepath.Join(top, "restored")
	t.Log(harness.Run(t, "", binary, "restore", "--from", backups, "--data-dir", other, "--object-store", restored))
	s = harness.Start(t, other, flags(restored)...)
	l.check(s)
	group.check(t, s)
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	missNewest(t, filepath.Join(top, "last"), restored)
}

// missNewest removes the newest link of the chain and has recover tell.
func missNewest(t *testing.T, dir, objects string) {
	t.Helper()
	store, err := objstore.Open(t.Context(), objects)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = objstore.Close(store) }()
	newest := ""
	for info, err := range store.List(t.Context(), "meta/chain/", "") {
		if err != nil {
			t.Fatal(err)
		}
		newest = max(newest, info.Key)
	}
	if err := store.Delete(t.Context(), newest); err != nil {
		t.Fatal(err)
	}
	out, err := harness.Output(harness.Binary(t), "recover", "--data-dir", dir, "--object-store", objects)
	if err == nil || !strings.Contains(out, newest) || !strings.Contains(out, "--accept-loss") {
		t.Errorf("without %s: %v, %s", newest, err, out)
	}
}
