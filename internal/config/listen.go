package config

import "fmt"

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
	} {
		host, err := splitListen(l.addr)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", l.setting, err)
		case IsLoopback(host):
		case !asks:
			return fmt.Errorf("%s %s can be reached from other machines, so auth must not be trust: set auth = scram-sha-256 and password_file", l.setting, l.addr)
		case !l.safe:
			return fmt.Errorf("%s %s can be reached from other machines, and its requests carry passwords: set tls_cert and tls_key, and http_tls = require", l.setting, l.addr)
		}
	}
	return nil
}

// Reached are the listeners that other machines reach.
func (s *Settings) Reached() []string {
	var out []string
	for _, l := range [][2]string{{"pg_listen", s.PGListen}, {"kafka_listen", s.KafkaListen}, {"http_listen", s.HTTPListen}} {
		if host, err := splitListen(l[1]); err == nil && !IsLoopback(host) {
			out = append(out, l[0])
		}
	}
	return out
}
