package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/tlsconf"
	"github.com/tributary-db/tributary/kafka"
	"github.com/tributary-db/tributary/server/httpd"
)

// openTLS reads the certificate before a port is bound.
func (s *Server) openTLS(context.Context) (err error) {
	if s.cfg.HasTLS() {
		s.tls, err = tlsconf.Open(tlsconf.Files{Cert: s.cfg.TLSCert, Key: s.cfg.TLSKey, ClientCA: s.cfg.TLSClientCA}, s.clock, s.logger)
	}
	return err
}

// serving is the listeners and the goroutines that serve them.
type serving struct {
	pg, kafka, http net.Listener
	flight          net.Listener // nil = not served
	done            sync.WaitGroup
	cancel          context.CancelFunc
}

// listen binds the ports before anything is opened, so that a second start on one machine
// fails at once and with the port's name.
func (s *Server) listen(ctx context.Context) error {
	for _, l := range []struct {
		what, addr string
		ln         *net.Listener
		bound      *net.Addr
	}{
		{"pg_listen", s.cfg.PGListen, &s.serving.pg, &s.PGAddr},
		{"kafka_listen", s.cfg.KafkaListen, &s.serving.kafka, &s.KafkaAddr},
		{"http_listen", s.cfg.HTTPListen, &s.serving.http, &s.HTTPAddr},
		{"flight_listen", s.cfg.FlightListen, &s.serving.flight, &s.FlightAddr},
	} {
		if l.addr == "" && l.what == "flight_listen" {
			continue
		}
		ln, err := new(net.ListenConfig).Listen(ctx, "tcp", l.addr)
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s %s: the port is taken", l.what, l.addr)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", l.what, err)
		}
		*l.ln, *l.bound = ln, ln.Addr()
		if err := s.checkBound(l.what, ln.Addr()); err != nil {
			return errors.Join(err, ln.Close())
		}
		s.onClose(func(context.Context) error {
			if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				return err
			}
			return nil
		})
	}
	return nil
}

// checkBound looks at what a name like localhost turned out to be: clients are believed on
// loopback only.
func (s *Server) checkBound(what string, a net.Addr) error {
	if tcp, ok := a.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && s.cfg.Auth == string(auth.Trust) {
		return fmt.Errorf("%s is %s, which other machines reach, so auth must not be trust", what, a)
	}
	return nil
}

// served is a face and its listener.
type served struct {
	name  string
	serve func(context.Context, net.Listener) error
	ln    net.Listener
}

// serve starts the faces; closing drains them.
func (s *Server) serve(web *httpd.Server) {
	ctx, cancel := context.WithCancel(context.Background())
	s.serving.cancel = cancel
	faces := []served{
		{"pgwire", s.pg.Serve, s.serving.pg},
		{"kafka", s.kafka.Serve, s.tls.Listen(s.serving.kafka, s.cfg.KafkaTLS == config.TLSAllow)},
		{"http", func(_ context.Context, ln net.Listener) error { return web.Serve(ln) }, s.tls.Listen(s.serving.http, s.cfg.HTTPTLS == config.TLSAllow, "h2", "http/1.1")},
	}
	shutdowns := []func(context.Context) error{s.pg.Shutdown, s.kafka.Shutdown, web.Shutdown}
	if s.flight != nil {
		ln := s.tls.Listen(s.serving.flight, s.cfg.FlightTLS == config.TLSAllow, "h2")
		faces = append(faces, served{"flight", func(_ context.Context, ln net.Listener) error { return s.flight.Serve(ln) }, ln})
		shutdowns = append(shutdowns, s.flight.Shutdown)
	}
	for _, f := range faces {
		s.serving.done.Go(func() {
			if err := f.serve(ctx, f.ln); err != nil && !errors.Is(err, kafka.ErrServerClosed) {
				s.logger.Error("listener stopped", "listener", f.name, "error", err)
			}
		})
	}
	s.onClose(func(stopCtx context.Context) error {
		s.endSubscriptions() // they never end by themselves
		s.rpc.Drain()
		err := s.drain(stopCtx, shutdowns...)
		cancel()
		s.serving.done.Wait()
		return errors.Join(err, s.rpc.Close(stopCtx))
	})
}

// drain lets the faces drain side by side, so that a slow one does not use up the others' time.
// Clients that were cut off at ctx's end are told in the log: they do not make the stop a failure.
func (s *Server) drain(ctx context.Context, faces ...func(context.Context) error) error {
	errs := make([]error, len(faces))
	var all sync.WaitGroup
	for i, shutdown := range faces {
		all.Go(func() { errs[i] = shutdown(ctx) })
	}
	all.Wait()
	for i, err := range errs {
		if errors.Is(err, context.DeadlineExceeded) {
			s.logger.Warn("clients did not end in time and were cut off")
			errs[i] = nil
		}
	}
	return errors.Join(errs...)
}

// advertised is the address that Kafka clients are told to connect to.
func (s *Server) advertised() (host string, port int32, err error) {
	addr := s.cfg.KafkaAdvertised
	if addr == "" {
		addr = s.KafkaAddr.String()
	}
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("kafka_advertised: %w", err)
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return host, int32(n), err
}
