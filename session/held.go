package session

import "github.com/tributary-db/tributary/internal/face"

// heldTag keeps the command tag of the last statement back until the implicit transaction has
// committed: a client never sees the tag of what then fails to commit. Tags of earlier
// statements go out when the next statement answers, as in PostgreSQL.
type heldTag struct {
	face.Writer
	tag  string
	held bool
}

func (w *heldTag) release() error {
	if !w.held {
		return nil
	}
	w.held = false
	return w.Writer.Complete(w.tag)
}

// Complete holds the tag.
func (w *heldTag) Complete(tag string) error {
	if err := w.release(); err != nil {
		return err
	}
	w.tag, w.held = tag, true
	return nil
}

func (w *heldTag) Fields(fields []face.Field) error {
	if err := w.release(); err != nil {
		return err
	}
	return w.Writer.Fields(fields)
}

func (w *heldTag) CopyIn(columns int, format face.Format) (face.CopyIn, error) {
	if err := w.release(); err != nil {
		return nil, err
	}
	return w.Writer.CopyIn(columns, format)
}

func (w *heldTag) CopyOut(columns int, format face.Format) error {
	if err := w.release(); err != nil {
		return err
	}
	return w.Writer.CopyOut(columns, format)
}
