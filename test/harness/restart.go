package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FixedPorts returns flags that bind free ports which stay the same for every start that gets
// them, so that clients outlive a restart. They lie below the ports that the system gives to
// outgoing connections, which could otherwise take them while the server is down.
func FixedPorts(t testing.TB) []string {
	t.Helper()
	var flags []string
	for _, face := range []string{"pg", "kafka", "http"} {
		flags = append(flags, fmt.Sprintf("--%s-listen=127.0.0.1:%d", face, freePort(t)))
	}
	return flags
}

func freePort(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := 12_000 + rand.IntN(18_000)
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		_ = ln.Close() // it was only a probe
		return port
	}
	t.Fatal("no free port")
	return 0
}
