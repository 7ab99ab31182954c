package checkpoint

import (
	"bufio"
	"io"

	"github.com/tributary-db/tributary/storage/objstore"
)

// Writer writes the sections of one checkpoint, one after the other.
type Writer struct {
	buf *bufio.Writer
	at  int64
}

// writeBytes is how much goes to the object store at once.
const writeBytes = 1 << 20

func newWriter(u objstore.Upload) (*Writer, error) {
	w := &Writer{buf: bufio.NewWriterSize(u, writeBytes)}
	_, err := w.Write(appendHeader(nil))
	return w, err
}

// Write implements io.Writer for the sections.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.buf.Write(p)
	w.at += int64(n)
	return n, err
}

// Section writes what save writes and says where it lies.
func (w *Writer) Section(save func(w io.Writer) error) (Section, error) {
	s := Section{Offset: w.at}
	err := save(w)
	s.Size = w.at - s.Offset
	return s, err
}

// finish writes the manifest.
func (w *Writer) finish(m *Manifest) error {
	b, err := appendManifest(nil, m)
	if err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	return w.buf.Flush()
}
