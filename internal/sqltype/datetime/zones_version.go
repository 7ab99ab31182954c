package datetime

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path"
	"runtime"
	"sync"
)

// zoneDirs are where time.LoadLocation looks first.
var zoneDirs = []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"}

// ZonesVersion names the time zone data that LoadZone reads: what was computed with one version
// is not computed again with another. It is a hash of the rules, or the version of Go, whose
// own copy is used where the system has none.
var ZonesVersion = sync.OnceValue(func() string {
	if dir := os.Getenv("ZONEINFO"); dir != "" {
		if v, ok := hashZones(dir); ok {
			return v
		}
	}
	for _, dir := range zoneDirs {
		if v, ok := hashZones(dir); ok {
			return v
		}
	}
	return runtime.Version()
})

// hashZones hashes the files below dir by name and content; links stand for what they show.
func hashZones(dir string) (version string, ok bool) {
	h := sha256.New()
	tree := os.DirFS(dir)
	count := 0
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if base := path.Base(name); base == "posix" || base == "right" { // the same zones again
				return fs.SkipDir
			}
			return nil
		}
		b, err := fs.ReadFile(tree, name)
		if err != nil || len(b) < 4 || string(b[:4]) != "TZif" {
			return nil // a note beside the zones, or a link to nowhere
		}
		count++
		h.Write([]byte(name))
		h.Write([]byte{0})
		h.Write(b)
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)[:8]), err == nil && count > 0
}
