package server

import (
	"errors"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/latency"
	"github.com/tributary-db/tributary/kafka/quota"
	"github.com/tributary-db/tributary/server/httpd"
	"github.com/tributary-db/tributary/storage/objstore"
)

// httpConfig is what the HTTP face shows: readiness, and the counters of every layer.
func (s *Server) httpConfig() httpd.Config {
	metrics := slices.Concat(s.logMetrics(), s.chainMetrics(), s.backupMetrics())
	metrics = append(metrics, s.engineMetrics()...)
	metrics = append(metrics, newObjectMetrics(s))
	metrics = append(metrics, s.faceMetrics()...)
	metrics = append(metrics, s.objectMetrics()...)
	metrics = append(metrics, s.rangeMetrics()...)
	metrics = append(metrics, s.memoryMetrics()...)
	metrics = append(metrics, s.flightMetrics()...)
	metrics = append(metrics, s.rpcMetrics()...)
	return httpd.Config{Auth: s.gate, Ready: s.ready, Notes: s.standing, Metrics: metrics, Pprof: s.cfg.HTTPPprof, Logger: s.logger,
		MaxConnections: int(s.cfg.HTTPMaxConnections), Statements: s.statements, Refuse: s.rpc.Refuse}
}

func (s *Server) ready() error {
	if s.log.Stats().Poisoned {
		return errors.New("the log stopped after an I/O error")
	}
	return nil
}

func (s *Server) logMetrics() []prometheus.Collector {
	c := func(name, help string, read func() int64) prometheus.Collector {
		return httpd.Counter("tributary_log_"+name, help, func() float64 { return float64(read()) })
	}
	g := func(name, help string, read func() int64) prometheus.Collector {
		return httpd.Gauge("tributary_log_"+name, help, func() float64 { return float64(read()) })
	}
	return []prometheus.Collector{
		c("commits_total", "Commits.", func() int64 { return s.log.Stats().Commits }),
		c("flush_groups_total", "Flush groups sealed.", func() int64 { return s.log.Stats().Groups }),
		c("bytes_in_total", "Bytes of record batches appended.", func() int64 { return s.log.Stats().BytesIn }),
		c("bytes_out_total", "Bytes of record batches given to readers.", func() int64 { return s.log.Stats().BytesOut }),
		c("uploads_total", "Segments uploaded.", func() int64 { return s.log.Stats().Uploads }),
		c("uploads_failed_total", "Uploads that failed.", func() int64 { return s.log.Stats().UploadsFailed }),
		c("rolls_total", "Times inline groups were rolled into a segment.", func() int64 { return s.log.Stats().Rolls }),
		c("levels_total", "Times objects were put together into larger ones.", func() int64 { return s.log.Stats().Levels }),
		c("level_bytes_total", "Bytes of the objects written so (compaction_rate).", func() int64 { return s.log.Stats().LevelBytes }),
		c("cleans_total", "Commits of log compaction by key.", func() int64 { return s.log.Stats().Cleans }),
		c("clean_bytes_total", "Bytes of the objects that log compaction wrote (compaction_rate).", func() int64 { return s.log.Stats().CleanBytes }),
		c("cleaned_records_total", "Records that log compaction removed.", func() int64 { return s.log.Stats().CleanedRecords }),
		c("cleaned_bytes_total", "Bytes that log compaction removed.", func() int64 { return s.log.Stats().CleanedBytes }),
		g("runs", "Entries of the index of records.", func() int64 { return s.log.Stats().Runs }),
		c("snapshots_total", "Snapshots of the fold.", func() int64 { return s.log.Stats().Snapshots }),
		c("unknown_outcomes_total", "Commits whose outcome had to be resolved.", func() int64 { return s.log.Stats().UnknownOutcomes }),
		c("notes_dropped_total", "Commits that tables read back from the log because they were far behind.", func() int64 { return s.log.Stats().NotesDropped }),
		g("in_flight_bytes", "Bytes admitted and not yet answered (max_inflight_bytes).", func() int64 { return s.log.Stats().InFlightBytes }),
		c("admission_waits_total", "Requests with records that waited for room (max_inflight_bytes).", func() int64 { return s.log.Stats().AdmissionWaits }),
		g("producers", "Idempotent producers remembered, counted by partition (max_producers).", func() int64 { return s.log.Stats().Producers }),
		g("transactional_ids", "Transactional ids of Kafka clients remembered (max_transactional_ids).", func() int64 { return s.log.Stats().TransactionalIDs }),
		g("transactions_open", "Kafka transactions that are open.", func() int64 { return s.log.Stats().OpenTransactions }),
		c("transactions_timed_out_total", "Kafka transactions aborted because they were open for longer than their client asked for.", func() int64 { return s.log.Stats().TimedOutTransactions }),
		c("producers_evicted_total", "Producers forgotten before they expired.", func() int64 { return s.log.Stats().ProducersEvicted }),
		g("staged_bytes", "Records that transactions and sinks have written ahead of their commits (stage_bytes).", func() int64 { return s.log.Stats().StagedBytes }),
		c("staged_commits_total", "Transactions and steps of sinks, larger than stage_bytes, that were committed.", func() int64 { return s.log.Stats().StagedCommits }),
		c("staged_drops_total", "Transactions and steps of sinks, larger than stage_bytes, that were given up.", func() int64 { return s.log.Stats().StagedDrops }),
		c("refused_full_total", "Entries refused because the disk is full, or nearly so (disk_reserve).", func() int64 { return s.log.Stats().RefusedFull }),
		httpd.Gauge("tributary_disk_free_bytes", "Free space of the disk under data_dir.", func() float64 {
			free, _ := freeSpace(s.cfg.DataDir) // 0 where it cannot be told
			return float64(free)
		}),
		c("retained_partitions_total", "Log starts moved by retention.", func() int64 { return s.log.Stats().Truncations }),
		c("deleted_objects_total", "Objects deleted because nothing needs them any more.", func() int64 { return s.log.Stats().DeletedObjects }),
		g("inline_bytes", "Inline bytes not yet in a segment.", func() int64 { return s.log.Stats().InlineBytes }),
		g("tail_cache_bytes", "Bytes of the tail cache (tail_cache_bytes).", func() int64 { return s.log.Stats().TailBytes }),
		g("read_cache_bytes", "Bytes of ranges and indexes kept from objects (read_cache_bytes).", func() int64 { return s.log.Stats().ReadCache }),
		c("object_reads_total", "Requests for ranges of objects that consumers and views made (object_reads).", func() int64 { return s.log.Stats().RangeReads }),
		c("object_read_bytes_total", "Bytes of those ranges that were asked for.", func() int64 { return s.log.Stats().RangeBytes }),
		c("read_ahead_total", "Times that it was read on for a consumer or view that reads older records in order (read_ahead_bytes).", func() int64 { return s.log.Stats().AheadReads }),
		g("commit_sequence", "Newest commit.", func() int64 { return int64(s.log.Stats().Newest) }),
	}
}

func (s *Server) engineMetrics() []prometheus.Collector {
	g := func(name, help string, read func() float64) prometheus.Collector {
		return httpd.Gauge("tributary_dataflow_"+name, help, read)
	}
	return append(append(append(s.stateMetrics(), s.tempMetrics()...), s.shardMetrics()...), []prometheus.Collector{
		g("members", "Views, sinks and derived streams.", func() float64 { return float64(s.runtime.Stats().Members) }),
		g("failed", "Of them, those that stand failed.", func() float64 { return float64(s.runtime.Stats().Failed) }),
		g("dropping", "Dropped ones whose work has not ended yet.", func() float64 { return float64(s.runtime.Stats().Dropping) }),
		g("behind_commits", "Commits that the one furthest behind has not taken in.", func() float64 { return float64(s.runtime.Stats().Behind) }),
		g("pins", "Versions that readers hold.", func() float64 { return float64(s.runtime.Stats().Pins) }),
		httpd.Counter("tributary_dataflow_ticks_total", "Ticks run.", func() float64 { return float64(s.runtime.Stats().Ticks) }),
		httpd.Counter("tributary_sequence_ranges_total", "Ranges of values that sequences took, each a commit.", func() float64 { return float64(s.sequences.Taken()) }),
		httpd.Counter("tributary_checkpoints_total", "Checkpoints written.", func() float64 { return float64(s.runtime.Stats().Checkpoints.Taken) }),
		httpd.Counter("tributary_checkpoints_failed_total", "Checkpoints that failed.", func() float64 { return float64(s.runtime.Stats().Checkpoints.Failed) }),
		httpd.Gauge("tributary_checkpoint_bytes", "Bytes written for the last checkpoint: what the one before did not have.", func() float64 { return float64(s.runtime.Stats().Checkpoints.Bytes) }),
		httpd.Gauge("tributary_checkpoint_seconds", "Time that the last checkpoint took.", func() float64 { return s.runtime.Stats().Checkpoints.Duration.Seconds() }),
		httpd.Gauge("tributary_checkpoint_pause_seconds", "Time until the state of everything was captured for the last checkpoint.", func() float64 { return s.runtime.Stats().Checkpoints.Pause.Seconds() }),
		httpd.Gauge("tributary_checkpoint_stood_seconds", "Longest time that a view or sink stood still to be captured for the last checkpoint.", func() float64 { return s.runtime.Stats().Checkpoints.Stood.Seconds() }),
		httpd.Gauge("tributary_checkpoint_boundary", "Commit that the last checkpoint is of.", func() float64 { return float64(s.runtime.Stats().Checkpoints.Boundary) }),
		httpd.Histogram("tributary_dataflow_wait_seconds", "Time from a commit's being visible until a view or sink that it touches begins to take it in (with tributary_log_commit_seconds before and tributary_dataflow_tick_seconds behind, the way of a record).",
			func() latency.Snapshot { return s.runtime.Way().Wait }),
		httpd.Histogram("tributary_dataflow_tick_seconds", "Time that a view or sink takes until what it made of commits is there.", func() latency.Snapshot { return s.runtime.Way().Tick }),
		httpd.Histogram("tributary_dataflow_behind_seconds", "Time from a commit's being visible until a view or sink has taken it in: both of these.", func() latency.Snapshot { return s.runtime.Way().Behind }),
		g("decoded_bytes", "Memory of rows of streams that several members read (decode_cache).", func() float64 { return float64(s.memory.decoded.Stats().Bytes) }),
		httpd.Counter("tributary_dataflow_decoded_hits_total", "Commits of a stream that a member found decoded.", func() float64 { return float64(s.memory.decoded.Stats().Hits) }),
		httpd.Counter("tributary_dataflow_decoded_misses_total", "Commits of a stream that a member decoded although others read the stream too.", func() float64 { return float64(s.memory.decoded.Stats().Misses) }),
		httpd.Counter("tributary_time_ticks_total", "Commits that were made for their time alone (time_tick_interval).", func() float64 { return float64(s.runtime.Stats().TimeTicks) }),
		httpd.Counter("tributary_dataflow_late_rows_unlisted_total", "Rows that closing windows left out and that error relations list no longer (late_rows_kept).", func() float64 { return float64(s.runtime.Stats().LateLetGo) }),
		g("history_bytes", "Changes that tables and views keep for who has not taken them in.", func() float64 { return float64(s.runtime.Stats().HistoryBytes) }),
		httpd.Counter("tributary_dataflow_condensed_total", "Times that the changes of a table or view were put together, because they were more than history_bytes.", func() float64 { return float64(s.runtime.Stats().Condensed) }),
		httpd.Counter("tributary_dataflow_cut_off_total", "Views that began again, and sinks that failed, because too many changes were kept for them.", func() float64 { return float64(s.runtime.Stats().CutOff) }),
		httpd.Counter("tributary_dataflow_resumed_total", "Views, sinks and derived streams that went on from a checkpoint after a failure, and not from the beginning of the log.", func() float64 { return float64(s.runtime.Stats().Resumed) }),
		g("restored", "Of the members, those that began from a checkpoint.", func() float64 { return float64(s.runtime.Stats().Restored) }),
	}...)
}

func (s *Server) faceMetrics() []prometheus.Collector {
	k := s.kafka.Metrics()
	h := func(name, help string, read func() latency.Snapshot, labels ...string) prometheus.Collector {
		return httpd.Histogram("tributary_"+name, help, read, labels...)
	}
	const kafkaHelp = "Time from the end of a request's reading to its answer; waits that the client asked for are included."
	c := func(name, help string, read func() int64, labels ...string) prometheus.Collector {
		return httpd.Counter("tributary_"+name, help, func() float64 { return float64(read()) }, labels...)
	}
	return append(s.authMetrics(), []prometheus.Collector{
		h("pg_statement_seconds", "Time of statements, their rows written included.", s.pg.Latency),
		h("oneshot_statement_seconds", "Time of statements over HTTP, RPC and Arrow Flight SQL, their rows written included.", s.statements.Latency),
		c("oneshot_errors_total", "Statements over HTTP, RPC and Arrow Flight SQL answered with an error.", s.statements.Failed),
		h("log_commit_seconds", "Time of commits from the decision on to being durable.", s.log.CommitLatency),
		h("kafka_request_seconds", kafkaHelp, k.Latency[0].Snapshot, "api", "produce"),
		h("kafka_request_seconds", kafkaHelp, k.Latency[1].Snapshot, "api", "fetch"),
		h("kafka_request_seconds", kafkaHelp, k.Latency[2].Snapshot, "api", "list_offsets"),
		h("kafka_request_seconds", kafkaHelp, k.Latency[3].Snapshot, "api", "metadata"),
		h("kafka_request_seconds", kafkaHelp, k.Latency[8].Snapshot, "api", "offset_commit"),
		httpd.Gauge("tributary_pg_connections", "PostgreSQL clients.", func() float64 { return float64(s.pg.Stats().Connections) }),
		httpd.Gauge("tributary_pg_starting_connections", "Connections that have not logged in (max_starting_connections).", func() float64 { return float64(s.pg.Stats().Starting) }),
		httpd.Gauge("tributary_notify_queue_bytes", "Notifications that a session which listens has not taken (notify_queue_bytes).", func() float64 { return float64(s.db.Notes().Bytes()) }),
		httpd.Gauge("tributary_notify_listeners", "Sessions that listen to a channel.", func() float64 { return float64(s.db.Notes().Listeners()) }),
		httpd.Gauge("tributary_pg_body_bytes", "Bytes that messages over 64 KiB hold.", func() float64 { return float64(s.pg.Stats().BodyBytes) }),
		c("connections_evicted_total", "Resting connections that lost their place to a newcomer.", func() int64 { return s.pg.Stats().Evicted }, "face", "pg"),
		c("connections_evicted_total", "Resting connections that lost their place to a newcomer.", func() int64 { return s.kafka.Slots().Evicted }, "face", "kafka"),
		c("connections_rejected_total", "Newcomers that found every place busy.", func() int64 { return s.kafka.Slots().Rejected }, "face", "kafka"),
		c("pg_too_slow_total", "Connections closed because they held room and sent too little.", func() int64 { return s.pg.Stats().TooSlow }),
		c("pg_statements_total", "Statements received.", func() int64 { return s.pg.Stats().Statements }),
		c("plans_made_total", "Statements planned; those with a kept plan are not.", func() int64 { made, _ := s.db.Plans(); return made }),
		httpd.Gauge("tributary_plans_kept", "Texts of statements whose plans are kept (at most 1,024).", func() float64 { _, kept := s.db.Plans(); return float64(kept) }),
		c("pg_errors_total", "Statements answered with an error.", func() int64 { return s.pg.Stats().Errors }),
		c("panics_total", "Bugs that ended a connection.", func() int64 { return s.pg.Stats().Panics }, "face", "pg"),
		c("panics_total", "Bugs that ended a connection.", k.Panics.Load, "face", "kafka"),
		httpd.Gauge("tributary_kafka_connections", "Kafka clients.", func() float64 { return float64(k.ConnectionsOpen.Load()) }),
		c("kafka_bytes_in_total", "Bytes of requests.", k.BytesIn.Load),
		c("kafka_bytes_out_total", "Bytes of answers.", k.BytesOut.Load),
		c("kafka_records_in_total", "Records produced and acknowledged.", k.Records.Load),
		c("kafka_produce_errors_total", "Partitions of Produce requests answered with an error.", k.ProduceErrors.Load),
		c("kafka_too_slow_total", "Connections closed because they held room and sent too little.", k.TooSlow.Load),
		httpd.Gauge("tributary_kafka_body_bytes", "Bytes of requests, Produce apart, taken and not yet answered.", func() float64 { return float64(s.kafka.BodyBytes()) }),
		c("kafka_topics_created_by_metadata_total", "Topics created because a client asked for them.", k.TopicsCreatedByMetadata.Load),
		c("kafka_creations_throttled_total", "Topics not created because of topic_creation_rate.", k.CreationsThrottled.Load),
		c("kafka_throttled_total", "Requests whose client had to wait because of its quota.", k.Throttled[quota.Produce].Load, "api", "produce"),
		c("kafka_throttled_total", "Requests whose client had to wait because of its quota.", k.Throttled[quota.Fetch].Load, "api", "fetch"),
		httpd.Gauge("tributary_kafka_quotas", "Users and client ids with quotas (at most 10,000).", func() float64 { return float64(s.kafka.Quotas().Entities()) }),
		httpd.Gauge("tributary_kafka_quota_clients", "Clients that quotas keep count of (at most 10,000; further ones share).", func() float64 { return float64(s.kafka.Quotas().Clients()) }),
		httpd.Gauge("tributary_kafka_fetch_sessions", "Fetch sessions of consumers (kafka_fetch_sessions).", func() float64 { return float64(s.kafka.FetchSessions().Sessions) }),
		httpd.Gauge("tributary_kafka_fetch_session_partitions", "Partitions of all Fetch sessions.", func() float64 { return float64(s.kafka.FetchSessions().Partitions) }),
		httpd.Gauge("tributary_kafka_fetch_session_bytes", "Memory of all Fetch sessions (kafka_fetch_session_memory).", func() float64 { return float64(s.kafka.FetchSessions().Bytes) }),
		c("kafka_fetch_sessions_evicted_total", "Fetch sessions that lost their place to another.", func() int64 { return s.kafka.FetchSessions().Evicted }),
		c("kafka_fetch_sessions_refused_total", "Fetch sessions that found no room.", func() int64 { return s.kafka.FetchSessions().Refused }),
		httpd.Gauge("tributary_kafka_share_sessions", "Members of share groups that fetch (kafka_share_sessions).", func() float64 { return float64(s.kafka.ShareStats().Sessions) }),
		httpd.Gauge("tributary_kafka_share_acquired_records", "Records that members of share groups have and have not acknowledged.", func() float64 { return float64(s.kafka.ShareStats().Acquired) }),
		c("kafka_offsets_expired_total", "Committed offsets forgotten with groups that nobody has been in for long (kafka_offsets_retention).", k.OffsetsExpired.Load),
		c("kafka_sessions_expired_total", "Connections closed because their client did not authenticate again in time.", k.SessionsExpired.Load),
		c("kafka_malformed_total", "Frames that closed a connection.", k.Malformed.Load),
	}...)
}

func (s *Server) authMetrics() []prometheus.Collector {
	var out []prometheus.Collector
	for _, f := range auth.Faces() {
		for _, m := range auth.Methods() {
			out = append(out, httpd.Counter("tributary_auth_failures_total", "Failed logins.",
				func() float64 { return float64(s.gate.Failures(f, m)) }, "face", string(f), "method", string(m)))
		}
	}
	return append(out, httpd.Gauge("tributary_tls_certificate_expiry_seconds", "When the TLS certificate in use expires, in seconds since 1970; 0 = there is none.", func() float64 {
		if s.tls == nil {
			return 0
		}
		return float64(s.tls.NotAfter().Unix())
	}))
}

func (s *Server) objectMetrics() []prometheus.Collector {
	out := []prometheus.Collector{
		httpd.Counter("tributary_object_read_retries_total", "Reads of the object store that were asked again.", func() float64 { return float64(s.patient.Retries()) }),
		httpd.Counter("tributary_object_read_hedges_total", "Reads of the object store that were made beside one that took longer than object_attempt_timeout.", func() float64 { return float64(s.patient.Hedges()) }),
		httpd.Counter("tributary_object_put_attempts_total", "Attempts to write a segment.", func() float64 { return float64(s.log.Stats().UploadAttempts) }),
		httpd.Histogram("tributary_meta_sync_seconds", "Time of one sync of the write-ahead log under meta; every commit waits for one.", s.metaSyncs),
		httpd.Counter("tributary_object_put_hedges_total", "Of them, those made beside one that took too long.", func() float64 { return float64(s.log.Stats().UploadHedges) }),
	}
	for op, read := range map[string]func(objstore.Counts) objstore.OpCounts{
		"put": func(c objstore.Counts) objstore.OpCounts { return c.Put }, "upload": func(c objstore.Counts) objstore.OpCounts { return c.Upload },
		"get": func(c objstore.Counts) objstore.OpCounts { return c.Get }, "stat": func(c objstore.Counts) objstore.OpCounts { return c.Stat },
		"list": func(c objstore.Counts) objstore.OpCounts { return c.List }, "delete": func(c objstore.Counts) objstore.OpCounts { return c.Delete },
	} {
		out = append(out,
			httpd.Counter("tributary_object_requests_total", "Requests to the object store.", func() float64 { return float64(read(s.objects.Counts()).Requests) }, "op", op),
			httpd.Counter("tributary_object_errors_total", "Requests that failed.", func() float64 { return float64(read(s.objects.Counts()).Errors) }, "op", op),
			httpd.Counter("tributary_object_bytes_total", "Bytes moved.", func() float64 { return float64(read(s.objects.Counts()).Bytes) }, "op", op))
	}
	for _, op := range []string{"put", "get", "stat", "delete"} {
		out = append(out, httpd.Histogram("tributary_object_request_seconds", "Time of requests to the object store, tries again included.",
			func() latency.Snapshot { return s.objects.Latencies()[op] }, "op", op))
	}
	if s.dirSyncs != nil {
		out = append(out, httpd.Histogram("tributary_object_sync_seconds", "Time of one sync of an object or of its folder, where the object store is a directory.", s.dirSyncs))
	}
	return out
}
