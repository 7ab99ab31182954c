package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/tributary-db/tributary/internal/kafkatest"
)

// worker is one of Connect's distributed mode.
type worker struct {
	place
	properties string
	url        string
	*kafkatest.Process
}

// newWorker writes the configuration of one; run starts it, as often as it is called.
func newWorker(p place) (*worker, error) {
	ports, err := kafkatest.FreePorts(1)
	if err != nil {
		return nil, err
	}
	dir := p.t.TempDir()
	w := &worker{place: p, properties: filepath.Join(dir, "worker.properties"), url: fmt.Sprint("http://127.0.0.1:", ports[0])}
	strings := "org.apache.kafka.connect.storage.StringConverter"
	return w, kafkatest.Properties(w.properties,
		"bootstrap.servers="+p.server.KafkaAddr, "group.id=connect", "listeners="+w.url,
		"key.converter="+strings, "value.converter="+strings, "plugin.discovery=service_load",
		"offset.storage.topic=connect-offsets", "config.storage.topic=connect-configs", "status.storage.topic=connect-status",
		"offset.storage.replication.factor=1", "config.storage.replication.factor=1", "status.storage.replication.factor=1",
		"exactly.once.source.support=enabled", "session.timeout.ms=6000", "heartbeat.interval.ms=1000",
		"offset.flush.interval.ms=500", "scheduled.rebalance.max.delay.ms=0",
	)
}

func (w *worker) run() {
	w.Process = w.start(nil, "org.apache.kafka.connect.cli.ConnectDistributed", w.properties)
}

// put makes or changes a connector, once the worker takes it.
func (w *worker) put(name string, config map[string]string) error {
	body, err := json.Marshal(config)
	if err != nil {
		return err
	}
	return until("connector "+name, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, w.url+"/connectors/"+name+"/config", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		return answered(req)
	})
}

// answered is nil when the answer to a request is a good one.
func answered(req *http.Request) error {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s", resp.Status, said)
	}
	return err
}

// why is what the worker says of a connector and its task.
func (w *worker) why(name string, err error) error {
	if err == nil {
		return nil
	}
	resp, getErr := http.Get(w.url + "/connectors/" + name + "/status")
	if getErr != nil {
		return fmt.Errorf("%w\n%s", err, tail(w.Output()))
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(resp.Body) // what came of it
	return fmt.Errorf("%w\n%s", err, said)
}

// connectFiles moves a file through a topic into another file, and kills the worker in between.
func connectFiles(p place) error {
	w, err := newWorker(p)
	if err != nil {
		return err
	}
	const lines, more = 20_000, 5_000
	dir := p.t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.WriteFile(from, []byte(numbered(0, lines)), 0o600); err != nil {
		return err
	}
	cl := p.server.Kafka(p.t, gzip)
	w.run()
	if err := w.put("source", map[string]string{"connector.class": "FileStreamSource", "tasks.max": "1", "file": from, "topic": "lines", "batch.size": "20"}); err != nil {
		return w.why("source", err)
	}
	if err := w.put("sink", map[string]string{"connector.class": "FileStreamSink", "tasks.max": "1", "file": to, "topics": "lines"}); err != nil {
		return w.why("sink", err)
	}
	if err := until("the first lines", some(cl, "lines", 1)); err != nil {
		return w.why("source", err)
	}
	w.Kill()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	before, err := committed(ctx, cl, "lines")
	if err != nil {
		return err
	}
	p.t.Logf("Kafka Connect was killed after %d of %d lines", len(before), lines)
	if err := appendTo(from, numbered(lines, lines+more)); err != nil {
		return err
	}
	w.run()
	// The source looks at what it has read and not yet sent only when there is more to read: a line that never ends gives it that.
	all := some(cl, "lines", lines+more)
	if err := until("all lines", func(ctx context.Context) error { return errors.Join(appendTo(from, "."), all(ctx)) }); err != nil {
		return w.why("source", err)
	}
	after, err := committed(ctx, cl, "lines")
	if err != nil {
		return err
	}
	for i, r := range after {
		if want := fmt.Sprint("line ", i); string(r.Value) != want {
			return fmt.Errorf("record %d is %q, want %q", i, r.Value, want)
		}
	}
	err = until("the sink's file", func(context.Context) error {
		got, err := os.ReadFile(to)
		if err != nil {
			return err
		}
		distinct := map[string]bool{}
		for line := range strings.Lines(string(got)) {
			distinct[line] = true
		}
		if len(distinct) < lines+more {
			return fmt.Errorf("%d lines, want %d", len(distinct), lines+more)
		}
		return nil
	})
	err = w.why("sink", err)
	w.Kill()
	return err
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Close()
}
