package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/server/flight"
	"github.com/tributary-db/tributary/server/httpd"
)

// openFlight makes the Arrow Flight SQL face, where an address is set for it.
func (s *Server) openFlight() (err error) {
	if s.cfg.FlightListen == "" {
		return nil
	}
	s.flight, err = flight.New(flight.Config{
		Statements: s.statements, Auth: s.gate, Tables: s.flightTables, Catalog: databases[0], Version: Version,
		MaxConnections: int(s.cfg.FlightMaxConnections), MaxPrepared: int(s.cfg.FlightMaxPrepared), Logger: s.logger,
	})
	return err
}

// tableKinds are the relations that clients are shown, and what JDBC calls them where it has a word.
var tableKinds = map[catalog.Kind]string{
	catalog.KindTable: "TABLE", catalog.KindView: "VIEW", catalog.KindStream: "STREAM",
	catalog.KindErrors: "ERRORS", catalog.KindSystem: "SYSTEM TABLE",
}

// flightTables lists the relations that can be read.
func (s *Server) flightTables() []flight.Table {
	var out []flight.Table
	now := s.catalog.Now()
	for kind, name := range tableKinds {
		for _, rel := range now.Relations(kind) {
			t := flight.Table{Schema: rel.Schema, Name: rel.Name, Type: name}
			for _, c := range rel.Columns {
				if c.Dropped {
					continue
				}
				t.Columns = append(t.Columns, columnar.Field{Name: c.Name, Type: c.Type})
			}
			for _, i := range rel.PrimaryKey {
				t.Key = append(t.Key, rel.Columns[i].Name)
			}
			out = append(out, t)
		}
	}
	flight.SortTables(out)
	return out
}

func (s *Server) flightMetrics() []prometheus.Collector {
	if s.flight == nil {
		return nil
	}
	return []prometheus.Collector{
		httpd.Gauge("tributary_flight_prepared", "Prepared statements kept for Arrow Flight SQL clients (flight_max_prepared).", func() float64 { return float64(s.flight.Prepared()) }),
		httpd.Counter("tributary_panics_total", "Bugs that ended a connection.", func() float64 { return float64(s.flight.Panics()) }, "face", "flight"),
		httpd.Counter("tributary_connections_rejected_total", "Newcomers that found every place busy.", func() float64 { return float64(s.flight.Slots().Rejected) }, "face", "flight"),
	}
}
