// Package env is what every client written in Go finds in its environment, and how it ends: ../../../doc.go.
package env

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
)

// What a step is done with.
var (
	Bootstrap, Topic, Group = os.Getenv("BOOTSTRAP"), os.Getenv("TOPIC"), os.Getenv("GROUP")
	CA, User, Password      = os.Getenv("CA"), os.Getenv("SASL_USER"), os.Getenv("SASL_PASSWORD")
	N, _                    = strconv.Atoi(os.Getenv("N"))
)

// notThere is the exit code of a client that has no such step.
const notThere = 3

// Run does the step that the command line names.
func Run(module string, steps map[string]func() error) {
	name := os.Args[1]
	step := steps[name]
	if step == nil && name == "version" {
		step = func() error { fmt.Println(Version(module)); return nil }
	}
	if step == nil {
		os.Exit(notThere)
	}
	if err := step(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Version of a module that is linked.
func Version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version[1:]
		}
	}
	return ""
}

// TLS is the configuration of the step `secure`, nil in another one.
func TLS() *tls.Config {
	if CA == "" {
		return nil
	}
	pem, err := os.ReadFile(CA)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: roots}
}
