package segment

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"testing"
)

// FuzzSegment: any bytes are a segment or an error. Checksums are made right where footer and
// index lie where they should, so that what lies behind them is reached.
func FuzzSegment(f *testing.F) {
	for _, runs := range [][]Run{mixedRuns(f), placedRuns(f), nil} {
		_, object := mustBuild(f, Options{Placed: len(runs) > 0 && len(runs[0].Visible) > 0}, runs)
		f.Add(object)
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		repairChecksums(object)
		if _, err := dumpString(object, DumpOptions{Records: true}); err != nil {
			var ok bool
			for _, known := range []error{ErrCorrupt, ErrVersion, io.EOF} {
				ok = ok || errors.Is(err, known)
			}
			if _, openErr := openBytes(object); openErr != nil && !ok {
				t.Errorf("unknown error %v", err)
			}
		}
	})
}

func repairChecksums(object []byte) {
	foot, err := decodeFooter(object)
	if err != nil || foot.size() != int64(len(object)) {
		return
	}
	block := object[foot.indexOffset : len(object)-FooterSize]
	body := block[:len(block)-4]
	copy(body, object[:HeaderSize])
	binary.LittleEndian.PutUint32(block[len(body):], crc32.Checksum(body, castagnoli))
	crc := crc32.Update(crc32.Checksum(object[:HeaderSize], castagnoli), castagnoli, block)
	binary.LittleEndian.PutUint32(object[len(object)-FooterSize+12:], crc)
}

// FuzzRunInfo: any bytes are an entry that encodes to itself again, or an error.
func FuzzRunInfo(f *testing.F) {
	for _, runs := range [][]Run{mixedRuns(f), placedRuns(f)} {
		b, _ := mustBuild(f, Options{Placed: len(runs[0].Visible) > 0}, runs)
		for i := range b.Runs {
			f.Add(b.Runs[i].AppendTo(nil))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		r, _, err := DecodeRunInfo(src)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("unknown error %v", err)
			}
			return
		}
		again, rest, err := DecodeRunInfo(r.AppendTo(nil))
		if err != nil || len(rest) > 0 || again.NextOffset() != r.NextOffset() || len(again.Chunks) != len(r.Chunks) {
			t.Errorf("%+v\n%+v\n%v", r, again, err)
		}
	})
}

// FuzzIndex: any payload behind right checksums is an index that holds together, or an error.
func FuzzIndex(f *testing.F) {
	for _, runs := range [][]Run{mixedRuns(f), placedRuns(f), nil} {
		placed := len(runs) > 0 && len(runs[0].Visible) > 0
		b, _ := mustBuild(f, Options{Placed: placed}, runs)
		last := b.Parts[len(b.Parts)-1]
		payload, err := unpackIndex(last[:len(last)-FooterSize-4])
		if err != nil {
			f.Fatal(err)
		}
		h, _ := DecodeHeader(b.Parts[0])
		f.Add(uint16(h.Flags), h.RecordCount, uint64(b.Size)-FooterSize-uint64(len(last)-FooterSize), payload)
	}
	f.Fuzz(func(t *testing.T, flags uint16, records uint32, indexOffset uint64, payload []byte) {
		h := Header{Version: Version, Flags: Flags(flags), RecordCount: records}
		block := h.AppendTo(nil)
		header := block[:HeaderSize:HeaderSize]
		block = append(block, indexPlain, 0, 0, 0)
		block = binary.LittleEndian.AppendUint32(block, uint32(len(payload)))
		block = append(block, payload...)
		block = binary.LittleEndian.AppendUint32(block, crc32.Checksum(block, castagnoli))
		foot := footer{indexOffset: indexOffset % (1 << 50), indexLength: uint32(len(block))}
		foot.crc = crc32.Update(crc32.Checksum(header, castagnoli), castagnoli, block)
		x, err := decodeIndex(block, &foot)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
				t.Errorf("unknown error %v", err)
			}
			return
		}
		for i := range x.runs {
			r := &x.runs[i]
			if r.Position+r.Length > int64(foot.indexOffset) || r.ChunkOf(0) != 0 || r.ChunkOf(r.OffsetSpan-1) != len(r.Chunks)-1 {
				t.Errorf("run %d: %+v", i, r)
			}
		}
	})
}
