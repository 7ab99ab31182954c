package config

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

// derive fills in the defaults that depend on other settings.
func (s *Settings) derive() {
	dir := s.DataDir
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if s.ObjectStore == "" {
		s.ObjectStore = "file://" + filepath.ToSlash(filepath.Join(dir, "objects"))
	}
	if s.Meta == "" {
		s.Meta = "pebble://" + filepath.ToSlash(filepath.Join(dir, "meta"))
	}
}

// check refuses values that do not go together.
func (s *Settings) check() error {
	if s.DataDir == "" {
		return fmt.Errorf("data_dir is empty")
	}
	if err := s.checkTLS(); err != nil {
		return err
	}
	if err := s.checkListeners(); err != nil {
		return err
	}
	if s.ReservedConnections >= s.MaxConnections {
		return fmt.Errorf("superuser_reserved_connections (%d) must be less than max_connections (%d)", s.ReservedConnections, s.MaxConnections)
	}
	if s.KafkaAdvertised != "" {
		host, port, err := net.SplitHostPort(s.KafkaAdvertised)
		if err != nil || host == "" || isWildcard(host) || !isPort(port, 1) {
			return fmt.Errorf("kafka_advertised %q is not host:port that clients can connect to", s.KafkaAdvertised)
		}
	} else if host, _ := splitListen(s.KafkaListen); isWildcard(host) {
		return fmt.Errorf("kafka_listen %s is a wildcard, so kafka_advertised must say what clients connect to", s.KafkaListen)
	}
	return nil
}

func splitListen(addr string) (host string, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || !isPort(port, 0) {
		return "", fmt.Errorf("%q is not host:port", addr)
	}
	return host, nil
}

func isPort(s string, least int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= least && n <= 65535
}

func isWildcard(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || (ip != nil && ip.IsUnspecified())
}

// IsLoopback reports whether host, a name or address to listen on, is reached from this
// machine only.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
