package memory

import (
	"bytes"
	"os"
	"strconv"
)

// Machine is the memory that the process may use at most: the container's limit or the
// machine's memory, whichever is less; 0 when neither can be read.
func Machine() int64 {
	least := int64(0)
	for _, n := range []int64{readNumber("/sys/fs/cgroup/memory.max", ""), 1024 * readNumber("/proc/meminfo", "MemTotal:")} {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

// readNumber is the number behind the first word after, 0 when there is none.
func readNumber(file, after string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, text, found := bytes.Cut(text, []byte(after))
	fields := bytes.Fields(text)
	if !found || len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(string(fields[0]), 10, 64) // "max" is no limit
	return n
}
