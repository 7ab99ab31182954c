package httpd

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/tlsconf"
)

// open paths tell nothing but that the server is there, which whoever reaches the port knows:
// what starts and watches processes has no password.
var openPaths = map[string]bool{"/healthz": true, "/readyz": true}

// authenticated lets requests through whose client is known: by its certificate, or by name and
// password of a role (Basic), unless everybody is trusted.
func (s *Server) authenticated(next http.Handler) http.Handler {
	if s.cfg.Auth.Trusting() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if openPaths[r.URL.Path] {
			next.ServeHTTP(w, r)
			return
		}
		switch err := s.identify(r); {
		case err == nil:
			next.ServeHTTP(w, r)
		case errors.Is(err, auth.ErrRefused):
			w.Header().Set("WWW-Authenticate", `Basic realm="tributary", charset="UTF-8"`)
			plain(w, http.StatusUnauthorized, "name and password of a role are needed")
		case sqlerr.CodeOf(err) == sqlerr.TooManyConnections:
			plain(w, http.StatusTooManyRequests, err.Error())
		default:
			s.cfg.Logger.Error("HTTP client could not be authenticated", "error", err)
			plain(w, http.StatusServiceUnavailable, "roles cannot be looked up now")
		}
	})
}

// identify finds out who asks. auth.ErrRefused: nobody who is known.
func (s *Server) identify(r *http.Request) error {
	peer, _, _ := net.SplitHostPort(r.RemoteAddr) // of a TCP connection
	a := auth.Attempt{Face: auth.HTTP, Peer: peer, Method: auth.Basic}
	nc, _ := r.Context().Value(connKey{}).(net.Conn)
	if state, ok := tlsconf.StateOf(nc); ok {
		if a.Name = tlsconf.NameOf(state); a.Name != "" {
			if _, known, err := s.cfg.Auth.Certificate(r.Context(), a); known || err != nil {
				return err
			}
		}
	}
	name, password, given := r.BasicAuth()
	if !given {
		return auth.ErrRefused // not a failed attempt: browsers and curl --anyauth ask so first
	}
	a.Name = name
	_, err := s.cfg.Auth.Password(r.Context(), a, password)
	return err
}

// connKey is where a request's connection stands in its context: net/http knows only its own TLS.
type connKey struct{}

func withConn(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}
