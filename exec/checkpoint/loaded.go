package checkpoint

import (
	"context"
	"fmt"
	"io"

	"github.com/tributary-db/tributary/storage/objstore"
)

// Loaded is a checkpoint whose manifest was read and verified. Safe for concurrent use.
type Loaded struct {
	Manifest
	objects objstore.Store
	key     string
}

// readBytes is how much is read from the object store at once.
const readBytes = 1 << 20

// load reads the manifest of an object.
func load(ctx context.Context, objects objstore.Store, key string) (*Loaded, error) {
	info, err := objects.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	end := make([]byte, trailerSize)
	if err := readFull(ctx, objects, key, max(info.Size-trailerSize, 0), end); err != nil {
		return nil, err
	}
	t, err := decodeTrailer(end, info.Size)
	if err != nil {
		return nil, err
	}
	at := info.Size - trailerSize - int64(t.size)
	text := make([]byte, t.size)
	if err := readFull(ctx, objects, key, at, text); err != nil {
		return nil, err
	}
	m, err := decodeManifest(text, t, at)
	if err != nil {
		return nil, err
	}
	return &Loaded{Manifest: *m, objects: objects, key: key}, nil
}

func readFull(ctx context.Context, objects objstore.Store, key string, at int64, dst []byte) error {
	n, err := objects.GetRange(ctx, key, at, dst)
	if err == nil && n < len(dst) {
		err = corrupt("object ends at %d", at+int64(n))
	}
	return err
}

// Open reads a section. Its checksums are verified by who decodes it.
func (l *Loaded) Open(ctx context.Context, s Section) io.Reader {
	return &sectionReader{ctx: ctx, from: l, at: s.Offset, left: s.Size}
}

// sectionReader reads ahead in large pieces.
type sectionReader struct {
	ctx      context.Context // of the start that reads
	from     *Loaded
	at, left int64
	buf      []byte
	rest     []byte
}

func (r *sectionReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		want := min(r.left, readBytes)
		if int64(cap(r.buf)) < want {
			r.buf = make([]byte, want)
		}
		r.rest = r.buf[:want]
		if err := readFull(r.ctx, r.from.objects, r.from.key, r.at, r.rest); err != nil {
			r.rest = nil
			return 0, fmt.Errorf("read checkpoint %s: %w", r.from.key, err)
		}
		r.at, r.left = r.at+want, r.left-want
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
