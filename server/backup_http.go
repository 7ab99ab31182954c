package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"sync"
	"time"

	"github.com/tributary-db/tributary/server/httpd"
	"github.com/tributary-db/tributary/storage/backup"
)

const (
	// backupLines is the least time between two lines of progress.
	backupLines = 500 * time.Millisecond
	// backupStall is how long a client may leave lines unread before the backup ends.
	backupStall = time.Minute
)

// BackupRequest is the body of POST /backup.
type BackupRequest struct {
	To   string `json:"to"`
	Rate int64  `json:"rate_bytes,omitempty"` // a second; 0 = no bound
	Keep int    `json:"keep,omitempty"`       // points that stay; 0 = all
}

// BackupLine is a line of the answer: progress, and at last what was made or why not.
type BackupLine struct {
	Progress *backup.Progress `json:"progress,omitempty"`
	Made     *Backed          `json:"made,omitempty"`
	Error    string           `json:"error,omitempty"`
}

// backupHandler makes a backup while its client listens. It is the superuser's: the server writes where it says.
func (s *Server) backupHandler() http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.superuser(httpd.PrincipalOf(r.Context()).Name) {
			http.Error(w, "only superusers may make backups", http.StatusForbidden)
			return
		}
		// why: a web page cannot send this type without asking first.
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
			http.Error(w, "Content-Type must be application/json", http.StatusUnsupportedMediaType)
			return
		}
		var q BackupRequest
		in := json.NewDecoder(r.Body)
		in.DisallowUnknownFields()
		if err := in.Decode(&q); err != nil || q.To == "" || q.Rate < 0 || q.Keep < 0 || in.Decode(&struct{}{}) != io.EOF {
			http.Error(w, `the body must be {"to": URL, "rate_bytes": number, "keep": number}`, http.StatusBadRequest)
			return
		}
		s.answerBackup(r.Context(), w, q)
	}))
}

func (s *Server) answerBackup(ctx context.Context, w http.ResponseWriter, q BackupRequest) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &backupAnswer{w: w, control: http.NewResponseController(w), cancel: cancel}
	_ = out.control.SetReadDeadline(time.Time{}) // the body was read; the connection lives as long as the copying takes
	w.Header().Set("Content-Type", "application/x-ndjson")
	b, err := s.Backup(ctx, q.To, BackupOptions{Rate: q.Rate, Keep: q.Keep, Progress: func(p backup.Progress) {
		if now := s.clock.Now(); out.due(now) {
			out.line(now, BackupLine{Progress: &p})
		}
	}})
	switch {
	case errors.Is(err, errBackupRuns):
		w.WriteHeader(http.StatusConflict)
		fallthrough
	case err != nil:
		out.line(s.clock.Now(), BackupLine{Error: err.Error()})
	default:
		out.line(s.clock.Now(), BackupLine{Made: &b})
	}
}

// backupAnswer writes lines, from several copies at once.
type backupAnswer struct {
	mu      sync.Mutex
	w       io.Writer
	control *http.ResponseController
	cancel  context.CancelFunc
	last    time.Time
}

func (a *backupAnswer) due(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.last) < backupLines {
		return false
	}
	a.last = now
	return true
}

func (a *backupAnswer) line(now time.Time, l BackupLine) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.control.SetWriteDeadline(now.Add(backupStall))
	if err := errors.Join(json.NewEncoder(a.w).Encode(l), a.control.Flush()); err != nil {
		a.cancel() // nobody listens
	}
}
