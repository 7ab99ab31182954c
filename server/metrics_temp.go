package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/server/httpd"
	"github.com/tributary-db/tributary/storage/temprun"
)

// tempMetrics are those of what statements have no memory for, and of temporary tables.
func (s *Server) tempMetrics() []prometheus.Collector {
	total := func(name, help string, read func(temprun.Stats) uint64) prometheus.Collector {
		return httpd.Counter("tributary_temp_"+name, help, func() float64 { return float64(read(s.temp.Stats())) })
	}
	return []prometheus.Collector{
		httpd.Gauge("tributary_temp_bytes", "Bytes that statements at work have on the local disk: rows (work_memory), Parquet files.", func() float64 { return float64(s.temp.Stats().Bytes) }),
		total("statements_total", "Statements that put something on the local disk: rows for want of memory (work_memory), a Parquet file.", func(t temprun.Stats) uint64 { return t.Made }),
		total("written_bytes_total", "Bytes that they wrote there.", func(t temprun.Stats) uint64 { return t.Written }),
		total("read_bytes_total", "Bytes that they read there.", func(t temprun.Stats) uint64 { return t.Read }),
		total("refused_total", "Statements that ended because they had no more room there (temp_file_limit, disk_reserve).", func(t temprun.Stats) uint64 { return t.Refused }),
		httpd.Gauge("tributary_temporary_tables", "Temporary tables of all sessions.", func() float64 { return float64(s.tables.Temporary().Tables) }),
		httpd.Gauge("tributary_temporary_table_bytes", "Memory of the rows of temporary tables.", func() float64 { return float64(s.tables.Temporary().Bytes) }),
		httpd.Counter("tributary_temporary_tables_refused_total", "Statements that would have exceeded temp_table_memory.", func() float64 { return float64(s.tables.Temporary().Refused) }),
	}
}
