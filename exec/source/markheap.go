package source

import "github.com/tributary-db/tributary/exec"

// The heap of a watermark: partitions by their largest time, least first. Each knows its place.

// refill puts every partition that has spoken into the heap.
func (w *watermark) refill() {
	for i := range w.partitions {
		if p := &w.partitions[i]; p.place < 0 && p.largest != exec.NoWatermark {
			w.push(int32(i))
		}
	}
}

func (w *watermark) less(a, b int32) bool { return w.partitions[a].largest < w.partitions[b].largest }

func (w *watermark) put(place int, i int32) {
	w.heap[place] = i
	w.partitions[i].place = int32(place)
}

func (w *watermark) push(i int32) {
	w.heap = append(w.heap, i)
	at := len(w.heap) - 1
	for at > 0 && w.less(i, w.heap[(at-1)/2]) {
		w.put(at, w.heap[(at-1)/2])
		at = (at - 1) / 2
	}
	w.put(at, i)
}

// down moves the partition at a place to where it belongs, having grown.
func (w *watermark) down(at int) {
	i := w.heap[at]
	for {
		child := 2*at + 1
		if child+1 < len(w.heap) && w.less(w.heap[child+1], w.heap[child]) {
			child++
		}
		if child >= len(w.heap) || !w.less(w.heap[child], i) {
			break
		}
		w.put(at, w.heap[child])
		at = child
	}
	w.put(at, i)
}

// pop takes the least partition out.
func (w *watermark) pop() {
	w.partitions[w.heap[0]].place = -1
	end := len(w.heap) - 1
	last := w.heap[end]
	w.heap = w.heap[:end]
	if end > 0 {
		w.put(0, last)
		w.down(0)
	}
}
