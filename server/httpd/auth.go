package httpd

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/tlsconf"
)

// authenticated lets requests through to open paths, which tell nothing but that the server is there (what
// starts and watches processes has no password), and those whose client is known: by its certificate, by name and
// password of a role (Basic), by a token of POST /token (Bearer), or because everybody is trusted.
func (s *Server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.open[r.URL.Path] {
			next.ServeHTTP(w, r)
			return
		}
		p, err := s.identify(r)
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), principalKey{}, p)))
		case errors.Is(err, auth.ErrRefused):
			w.Header().Set("WWW-Authenticate", `Basic realm="tributary", charset="UTF-8"`)
			s.refuse(w, r, http.StatusUnauthorized, "name and password of a role are needed")
		case sqlerr.CodeOf(err) == sqlerr.TooManyConnections:
			s.refuse(w, r, http.StatusTooManyRequests, err.Error())
		default:
			s.cfg.Logger.Error("HTTP client could not be authenticated", "error", err)
			s.refuse(w, r, http.StatusServiceUnavailable, "roles cannot be looked up now")
		}
	})
}

// refuse does not let a request through.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	if s.cfg.Refuse == nil || !s.cfg.Refuse(w, r, status, text) {
		plain(w, status, text)
	}
}

// principalKey is where a request's principal stands in its context.
type principalKey struct{}

// PrincipalOf is who makes the request of a context; nobody on an open path.
func PrincipalOf(ctx context.Context) auth.Principal {
	p, _ := ctx.Value(principalKey{}).(auth.Principal)
	return p
}

// identify finds out who asks. auth.ErrRefused: nobody who is known.
func (s *Server) identify(r *http.Request) (auth.Principal, error) {
	peer, _, _ := net.SplitHostPort(r.RemoteAddr) // of a TCP connection
	a := auth.Attempt{Face: auth.HTTP, Peer: peer, Method: auth.Basic}
	if s.cfg.Auth.Trusting() {
		return s.cfg.Auth.Trust(r.Context(), a)
	}
	nc, _ := r.Context().Value(connKey{}).(net.Conn)
	if state, ok := tlsconf.StateOf(nc); ok {
		if a.Name = tlsconf.NameOf(state); a.Name != "" {
			if p, known, err := s.cfg.Auth.Certificate(r.Context(), a); known || err != nil {
				return p, err
			}
		}
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.cfg.Auth.Token(r.Context(), a, token)
	}
	name, password, given := r.BasicAuth()
	if !given {
		return auth.Principal{}, auth.ErrRefused // not a failed attempt: browsers and curl --anyauth ask so first
	}
	a.Name = name
	return s.cfg.Auth.Password(r.Context(), a, password)
}

// token answers with a bearer token for whoever asks, who is known by now.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	token, err := s.cfg.Auth.Issue(r.Context(), PrincipalOf(r.Context()))
	if err != nil {
		s.cfg.Logger.Error("no token could be issued", "error", err)
		plain(w, http.StatusServiceUnavailable, "roles cannot be looked up now")
		return
	}
	plain(w, http.StatusOK, token)
}

// connKey is where a request's connection stands in its context: net/http knows only its own TLS.
type connKey struct{}

func withConn(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}
