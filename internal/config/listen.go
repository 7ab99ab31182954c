package config

import "fmt"

// checkListeners says who may be served where, over all faces at once: whoever listens on an
// address that other machines reach must be able to ask who they are.
func (s *Settings) checkListeners() error {
	for _, l := range []struct {
		setting, addr string
		asks          bool // the face can authenticate its clients
	}{
		{"pg_listen", s.PGListen, s.Auth != "trust"},
		{"kafka_listen", s.KafkaListen, s.Auth != "trust"},
		{"http_listen", s.HTTPListen, false},
	} {
		host, err := splitListen(l.addr)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", l.setting, err)
		case IsLoopback(host) || l.asks:
		case s.Auth == "trust":
			return fmt.Errorf("%s %s can be reached from other machines, so auth must not be trust: set auth = scram-sha-256 and password_file", l.setting, l.addr)
		default:
			return fmt.Errorf("%s %s can be reached from other machines, and clients there cannot be asked who they are yet: use a loopback address", l.setting, l.addr)
		}
	}
	return nil
}
