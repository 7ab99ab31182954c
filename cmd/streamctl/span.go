package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseSpan reads a time such as 90s, 12h, 7d or 2w; forever is -1 ms.
func parseSpan(text string) (millis int64, err error) {
	if text == "forever" || text == "-1" {
		return -1, nil
	}
	wrong := fmt.Errorf("%q is no time: want for instance 90s, 12h, 7d, 2w or forever", text)
	d, err := time.ParseDuration(text)
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			n, convErr := strconv.ParseInt(number, 10, 32)
			d, err = time.Duration(n)*unit, convErr
		}
	}
	if err != nil || d <= 0 || d.Milliseconds() == 0 || d > 100*365*24*time.Hour {
		return 0, wrong
	}
	return d.Milliseconds(), nil
}

// parsePartition reads TOPIC or TOPIC/PARTITION; all is true without a partition.
func parsePartition(text string) (topic string, partition int32, all bool, err error) {
	topic, number, found := strings.Cut(text, "/")
	if !found {
		return topic, 0, true, nil
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || n < 0 {
		return "", 0, false, fmt.Errorf("%q: want TOPIC or TOPIC/PARTITION", text)
	}
	return topic, int32(n), false, nil
}
