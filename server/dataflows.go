package server

import (
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/lane"
)

// dataflow is a derived relation with its status.
type dataflow struct {
	*catalog.Relation
	lane.Status
}

func (s *Server) dataflows() (out []dataflow) {
	snap := s.catalog.Now()
	for _, kind := range []catalog.Kind{catalog.KindView, catalog.KindSink, catalog.KindStream} {
		for _, rel := range snap.Relations(kind) {
			if st, ok := s.runtime.Status(rel.OID); ok {
				out = append(out, dataflow{rel, st})
			}
		}
	}
	return out
}

// standing lists the tables and dataflows that need somebody's attention, for the readiness page: the server
// is ready all the same.
func (s *Server) standing() (out []string) {
	for _, rel := range s.catalog.Now().Relations(catalog.KindTable) {
		if st := s.tables.Status(rel.OID); st.Reason != nil {
			out = append(out, fmt.Sprintf("%s %s: %s: %s", rel.Kind, rel.QualifiedName(), st.State, st.Reason.Message))
		}
	}
	for _, d := range s.dataflows() {
		if d.Stands() {
			out = append(out, fmt.Sprintf("%s %s: %s: %s", d.Kind, d.QualifiedName(), d.State, d.Reason.Message))
		}
	}
	return out
}
