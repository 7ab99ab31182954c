package checkpoint

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// root is what lies at the end of the newest object of a checkpoint: the manifest, and the objects
// that anything in it names.
type root struct {
	Manifest
	objects []objectUse
}

// objectUse is an object, its size, and how many bytes of pieces in it a checkpoint names.
type objectUse struct {
	name        piece.Object
	size, alive int64
}

// Layout of the object; see docs/formats/checkpoint.md.
const (
	magic         = "TRCK"
	formatVersion = 4
	headerSize    = 8
	trailerSize   = 24
	// maxRoot bounds what a reader allocates for a root.
	maxRoot = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendHeader(dst []byte) []byte {
	dst = append(dst, magic...)
	return binary.LittleEndian.AppendUint32(dst, formatVersion)
}

// appendTrailer ends an object whose last bytes are a root.
func appendTrailer(dst, root []byte) []byte {
	trailer := binary.LittleEndian.AppendUint64(nil, uint64(len(root)))
	trailer = binary.LittleEndian.AppendUint32(trailer, crc32.Checksum(root, castagnoli))
	trailer = binary.LittleEndian.AppendUint32(trailer, formatVersion)
	trailer = append(trailer, magic...)
	trailer = binary.LittleEndian.AppendUint32(trailer, crc32.Checksum(trailer, castagnoli))
	return append(dst, trailer...)
}

// trailer is where the root lies.
type trailer struct {
	size uint64
	crc  uint32
}

// decodeTrailer reads the last bytes of an object of so many bytes.
func decodeTrailer(b []byte, object int64) (trailer, error) {
	if len(b) != trailerSize || object < headerSize+trailerSize {
		return trailer{}, corrupt("object of %d bytes", object)
	}
	if crc32.Checksum(b[:20], castagnoli) != binary.LittleEndian.Uint32(b[20:]) || string(b[16:20]) != magic {
		return trailer{}, corrupt("trailer")
	}
	if v := binary.LittleEndian.Uint32(b[12:]); v != formatVersion {
		return trailer{}, corrupt("format version %d is not known here", v)
	}
	t := trailer{size: binary.LittleEndian.Uint64(b), crc: binary.LittleEndian.Uint32(b[8:])}
	if t.size > maxRoot || int64(t.size) > object-headerSize-trailerSize {
		return trailer{}, corrupt("root of %d bytes", t.size)
	}
	return t, nil
}

func (r *root) encode() []byte {
	e := &piece.Encoder{}
	e.Uint(uint64(r.Engine))
	e.Uint(uint64(r.Boundary))
	e.Uint(uint64(len(r.objects)))
	for _, o := range r.objects {
		e.Place(piece.Place{Object: o.name, Size: o.size})
		e.Uint(uint64(o.alive))
	}
	e.Uint(uint64(len(r.Tables)))
	for i := range r.Tables {
		t := &r.Tables[i]
		e.Uint(uint64(t.OID))
		e.Bytes([]byte(t.Fingerprint))
		e.Uint(uint64(t.Horizon))
		e.Int(t.NextRowID)
		t.Parts.encode(e)
	}
	e.Uint(uint64(len(r.Members)))
	for i := range r.Members {
		r.Members[i].encode(e)
	}
	return e.Finish()
}

func (p *Parts) encode(e *piece.Encoder) {
	e.Place(p.Place)
	e.Bytes(p.Sum[:])
}

func decodeParts(d *piece.Decoder) (p Parts) {
	p.Place = d.Place()
	if copy(p.Sum[:], d.Bytes()) != len(p.Sum) {
		d.Fail("checksum of a list")
	}
	return p
}

func (m *Member) encode(e *piece.Encoder) {
	e.Uint(uint64(m.OID))
	e.Bytes([]byte(m.Fingerprint))
	e.Uint(uint64(m.Frontier))
	e.Uint(uint64(m.Horizon))
	e.Uint(uint64(m.Changed))
	e.Uint(m.Late)
	e.Uint(m.NoTime)
	e.Uint(uint64(len(m.Reads)))
	for _, oid := range m.Reads {
		e.Uint(uint64(oid))
	}
	if m.Stands() {
		e.Uint(0)
		return
	}
	e.Uint(1)
	m.Parts.encode(e)
}

func decodeMember(d *piece.Decoder) (m Member) {
	m.OID, m.Fingerprint = catalog.OID(d.Uint()), string(d.Bytes())
	m.Frontier, m.Horizon, m.Changed = log.CommitSeq(d.Uint()), log.CommitSeq(d.Uint()), log.CommitSeq(d.Uint())
	m.Late, m.NoTime = d.Uint(), d.Uint()
	for range d.Count(1) {
		m.Reads = append(m.Reads, catalog.OID(d.Uint()))
	}
	switch has := d.Uint(); has {
	case 0:
	case 1:
		p := decodeParts(d)
		m.Parts = &p
	default:
		d.Fail("state flag %d", has)
	}
	return m
}

// decodeRoot reads a root.
func decodeRoot(b []byte, t trailer) (*root, error) {
	if crc32.Checksum(b, castagnoli) != t.crc {
		return nil, corrupt("checksum of the root")
	}
	d := piece.NewDecoder(b)
	r := &root{Manifest: Manifest{Engine: uint32(d.Uint()), Boundary: log.CommitSeq(d.Uint())}}
	for range d.Count(4) {
		p := d.Place()
		r.objects = append(r.objects, objectUse{p.Object, p.Size, int64(d.Uint())})
	}
	for range d.Count(8) {
		t := Table{OID: catalog.OID(d.Uint()), Fingerprint: string(d.Bytes()), Horizon: log.CommitSeq(d.Uint()), NextRowID: d.Int()}
		t.Parts = decodeParts(d)
		r.Tables = append(r.Tables, t)
	}
	for range d.Count(9) {
		r.Members = append(r.Members, decodeMember(d))
	}
	if err := d.Close(); err != nil {
		return nil, corrupt("root: %v", err)
	}
	return r, r.Check()
}
