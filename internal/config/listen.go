package config

import (
	"fmt"
	"strings"
)

// checkListeners says who may be served where, over all faces at once: whoever listens on an
// address that other machines reach must ask who they are, in a way that nobody can overhear.
func (s *Settings) checkListeners() error {
	asks := s.Auth != "trust"
	for _, l := range []struct {
		setting, addr string
		safe          bool // what proves who a client is does not go in clear
	}{
		{"pg_listen", s.PGListen, true}, // SCRAM shows nothing
		{"kafka_listen", s.KafkaListen, true},
		{"http_listen", s.HTTPListen, s.HasTLS() && s.HTTPTLS == TLSRequire},
		{"flight_listen", s.FlightListen, s.HasTLS() && s.FlightTLS == TLSRequire},
	} {
		if l.addr == "" && l.setting == "flight_listen" {
			continue // not served
		}
		host, err := splitListen(l.addr)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", l.setting, err)
		case IsLoopback(host):
		case !asks:
			return fmt.Errorf("%s %s can be reached from other machines, so auth must not be trust: set auth = scram-sha-256 and password_file", l.setting, l.addr)
		case !l.safe:
			return fmt.Errorf("%s %s can be reached from other machines, and its requests carry passwords: set tls_cert and tls_key, and %s = require", l.setting, l.addr, strings.Replace(l.setting, "listen", "tls", 1))
		}
	}
	return nil
}

// Reached are the listeners that other machines reach.
func (s *Settings) Reached() []string {
	var out []string
	for _, l := range [][2]string{{"pg_listen", s.PGListen}, {"kafka_listen", s.KafkaListen}, {"http_listen", s.HTTPListen}, {"flight_listen", s.FlightListen}} {
		if l[1] == "" && l[0] == "flight_listen" {
			continue
		}
		if host, err := splitListen(l[1]); err == nil && !IsLoopback(host) {
			out = append(out, l[0])
		}
	}
	return out
}
