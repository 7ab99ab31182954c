package metatest

import (
	"testing"

	"github.com/tributary-db/tributary/storage/meta"
)

// Opener makes stores for the suite: New gives an empty one, Reopen closes it and opens the
// same data again.
type Opener struct {
	New    func(t *testing.T) meta.Store
	Reopen func(t *testing.T, s meta.Store) meta.Store
}

// Run holds the driver to the contract of meta.Store.
func Run(t *testing.T, open Opener) {
	cases := []struct {
		name string
		run  func(t *testing.T, open Opener)
	}{
		{"keys", testKeys},
		{"scan", testScan},
		{"checks", testChecks},
		{"versions are never used again", testVersions},
		{"identity", testIdentity},
		{"read is one state", testReadIsOneState},
		{"log", testLog},
		{"log decide refuses", testLogRefused},
		{"log missed records", testLogMissed},
		{"log scan budget", testLogBudget},
		{"log trim", testLogTrim},
		{"log writes", testLogWrites},
		{"log appenders", testLogAppenders},
		{"reopen", testReopen},
		{"cancelled context", testCancelled},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}
