package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Broker is Apache Kafka's own: one node that is broker and controller.
type Broker struct {
	*Process
	Addr string
}

// clusterID is any: 16 bytes in base64.
const clusterID = "VHJpYnV0YXJ5VGVzdHMxMA"

// StartBroker starts one on an empty directory and waits until it answers. Lines of its configuration may follow.
func StartBroker(ctx context.Context, jars, dir string, more ...string) (*Broker, error) {
	ports, err := FreePorts(2)
	if err != nil {
		return nil, err
	}
	b := &Broker{Addr: fmt.Sprint("127.0.0.1:", ports[0])}
	file := filepath.Join(dir, "server.properties")
	err = Properties(file, append([]string{
		"process.roles=broker,controller", "node.id=1", "log.dirs=" + filepath.Join(dir, "log"),
		"listeners=PLAINTEXT://" + b.Addr + fmt.Sprint(",CONTROLLER://127.0.0.1:", ports[1]),
		fmt.Sprint("controller.quorum.voters=1@127.0.0.1:", ports[1]), "controller.listener.names=CONTROLLER",
		"offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1",
		"share.coordinator.state.topic.replication.factor=1", "share.coordinator.state.topic.min.isr=1", "group.initial.rebalance.delay.ms=0",
	}, more...)...)
	if err != nil {
		return nil, err
	}
	format := exec.CommandContext(ctx, "java", "-cp", filepath.Join(jars, "*"), "kafka.tools.StorageTool", "format", "-t", clusterID, "-c", file)
	if out, err := format.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("format: %w\n%s", err, out)
	}
	// The options are those of its own start script.
	if b.Process, err = Run(jars, nil, []string{"-Xmx1G", "-Xms1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:+ExplicitGCInvokesConcurrent"}, "kafka.Kafka", file); err != nil {
		return nil, err
	}
	if err := b.answers(ctx); err != nil {
		b.Kill()
		return nil, fmt.Errorf("%w\n%s", err, b.Output())
	}
	return b, nil
}

// startTimeout bounds the wait for a start; what takes longer has failed.
const startTimeout = 4 * time.Minute

func (b *Broker) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr))
	if err != nil {
		return err
	}
	defer cl.Close()
	for {
		err := cl.Ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("the Apache Kafka broker does not come up"), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
