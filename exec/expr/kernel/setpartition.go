package kernel

func init() {
	// No table is partitioned, and none is a partition.
	sets(map[string]SetKernel{
		"pg_partition_ancestors": func(*Call, int32) (Rows, Err) { return nil, nil },
	})
}
