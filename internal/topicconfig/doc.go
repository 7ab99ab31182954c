// Package topicconfig knows the configurations that a topic may have, under Kafka's names.
//
//	CreateTopics, AlterConfigs ─┐               ┌─► Defs: names, types, defaults, documentation
//	CREATE TOPIC, ALTER TOPIC ──┴─► Check ──────┤   (DescribeConfigs, docs)
//	                                            └─► Of: the values that the log acts on
//
// A name that Kafka knows and that has no effect here is taken, since tools set it, and its
// documentation says so; any other name, and any value that Kafka would refuse, is refused.
//
// No goroutines, no state. Imports nothing of ours.
package topicconfig
