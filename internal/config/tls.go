package config

import "fmt"

// What a face's setting says about clients without TLS.
const (
	TLSRequire = "require"
	TLSAllow   = "allow"
)

func tlsChoice(dst *string, name, doc string) *Definition {
	return enum(dst, name, TLSRequire, doc, TLSRequire, TLSAllow)
}

// HasTLS reports whether the faces speak TLS.
func (s *Settings) HasTLS() bool { return s.TLSCert != "" }

// checkTLS refuses settings of TLS that would do nothing.
func (s *Settings) checkTLS() error {
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return fmt.Errorf("tls_cert and tls_key go together")
	}
	if s.HasTLS() {
		return nil
	}
	for _, name := range []string{"tls_client_ca", "pg_tls", "kafka_tls", "http_tls", "flight_tls"} {
		if s.sources[name] != "" {
			return fmt.Errorf("%s needs tls_cert and tls_key", name)
		}
	}
	return nil
}
