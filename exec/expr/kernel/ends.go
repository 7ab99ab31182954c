package kernel

import (
	"net/netip"

	"github.com/tributary-db/tributary/internal/sqltype/network"
	"github.com/tributary-db/tributary/planner/plan"
)

// The ends of the client's connection, NULL where it has none over a network.
func init() {
	client := func(e *plan.Ends) netip.AddrPort { return e.Client }
	server := func(e *plan.Ends) netip.AddrPort { return e.Server }
	kernels(map[string]Kernel{
		"inet_client_addr": addressOf(client), "inet_client_port": portOf(client),
		"inet_server_addr": addressOf(server), "inet_server_port": portOf(server),
	})
}

func endOf(c *Call, which func(*plan.Ends) netip.AddrPort) (netip.AddrPort, Err) {
	if s := c.Env.Settings.Session; s != nil && s.Ends != nil {
		if end := which(s.Ends); end.IsValid() {
			return end, nil
		}
	}
	return netip.AddrPort{}, errNull
}

func addressOf(which func(*plan.Ends) netip.AddrPort) Kernel {
	return fn0c(func(c *Call) ([]byte, Err) {
		end, err := endOf(c, which)
		if err != nil {
			return nil, err
		}
		v, fault := network.Parse([]byte(end.Addr().Unmap().WithZone("").String()), false)
		if fault != nil {
			return nil, errNull
		}
		return v, nil
	})
}

func portOf(which func(*plan.Ends) netip.AddrPort) Kernel {
	return fn0c(func(c *Call) (int32, Err) {
		end, err := endOf(c, which)
		return int32(end.Port()), err
	})
}
