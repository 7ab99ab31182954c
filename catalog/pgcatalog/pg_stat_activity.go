package pgcatalog

import (
	"net"

	"github.com/tributary-db/tributary/catalog/system"
)

// activityRows is pg_stat_activity: the sessions of clients. There are no others: what works in the background is in schema
// tributary.
func activityRows(v *View, f system.Facts, _ system.Key, add system.Adder) error {
	for _, s := range f.Sessions() {
		of := any(nil)
		if r, ok := v.cat.RoleNamed(s.User); ok {
			of = r.OID
		}
		if !system.SeesSession(f, &s) {
			err := add(DatabaseOID, s.Database, s.PID, nil, of, s.User, s.Application, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, system.NotShown, nil)
			if err != nil {
				return err
			}
			continue
		}
		host, port := remote(s.Remote)
		err := add(DatabaseOID, s.Database, s.PID, nil, of, s.User, s.Application, host, nil, port,
			s.Since, s.XactStart, s.QueryStart, s.StateChange, system.OrNull(s.WaitType), system.OrNull(s.WaitEvent), s.State,
			nil, nil, nil, s.Query, "client backend")
		if err != nil {
			return err
		}
	}
	return nil
}

// remote is an address and a port, as they are shown of a socket of the machine: NULL and -1.
func remote(a net.Addr) (host, port any) {
	tcp, ok := a.(*net.TCPAddr)
	switch {
	case ok:
		return system.Text(tcp.IP.String()), int32(tcp.Port)
	case a == nil:
		return nil, nil
	}
	return nil, int32(-1)
}

// databaseStats is pg_stat_database: what was counted since the start of the server. Blocks are not.
func databaseStats(_ *View, f system.Facts, _ system.Key, add system.Adder) error {
	name := "tributary"
	if a := f.Asker(); a != nil {
		name = a.Database()
	}
	t := f.Totals()
	return add(DatabaseOID, name, int32(len(f.Sessions())), t.Commits, t.Rollbacks, int64(0), int64(0), nil, nil, t.Inserted, t.Updated, t.Deleted,
		int64(0), t.TempFiles, t.TempBytes, t.Deadlocks, nil, nil, float64(0), float64(0), nil, nil, nil, t.Sessions, nil, nil, t.Killed, t.Since)
}
