package network

import "strconv"

// AppendAbbrev appends a cidr without the octets or words that its network does not reach.
func AppendAbbrev(dst, v []byte) []byte {
	if v[0] == 6 {
		return appendBits(appendAbbrev6(dst, Network(v)[head:], Bits(v)), v)
	}
	octets := Network(v)[head : head+(Bits(v)+7)/8]
	if len(octets) == 0 {
		octets = []byte{0}
	}
	return appendBits(appendOctets(dst, octets), v)
}

// appendAbbrev6 follows PostgreSQL's, whose runs of zeros are those of the words shown, and whose embedded addresses may lack
// their last octet.
func appendAbbrev6(dst, ip []byte, bits int) []byte {
	if bits == 0 {
		return append(dst, "::"...)
	}
	words := max((bits+15)/16, 2)
	zeros, length := zeroRun(ip, words)
	embedded := length != words && zeros == 0 && (length == 6 || length == 5 && ip[10] == 0xff && ip[11] == 0xff ||
		length == 7 && ip[14] != 0 && ip[15] != 1)
	start := len(dst)
	for p := range words {
		switch {
		case length != 0 && p >= zeros && p < zeros+length:
			if p == zeros {
				dst = append(dst, ':')
			}
			if p == words-1 {
				dst = append(dst, ':')
			}
		case embedded && p > 5:
			if dst = append(dst, '.'); p == 6 {
				dst[len(dst)-1] = ':'
			}
			dst = strconv.AppendUint(dst, uint64(ip[2*p]), 10)
			if p != 7 || bits > 120 {
				dst = strconv.AppendUint(append(dst, '.'), uint64(ip[2*p+1]), 10)
			}
		default:
			if len(dst) > start {
				dst = append(dst, ':')
			}
			dst = strconv.AppendUint(dst, uint64(ip[2*p])<<8|uint64(ip[2*p+1]), 16)
		}
	}
	return dst
}

// zeroRun is the run of zero words that PostgreSQL leaves out. A run not longer than the best one so far is counted on by the next.
func zeroRun(ip []byte, words int) (from, length int) {
	start, n := 0, 0
	for i := range words {
		if ip[2*i]|ip[2*i+1] == 0 {
			if n == 0 {
				start = i
			}
			n++
			continue
		}
		if n > length {
			from, length, n = start, n, 0
		}
	}
	if n > length {
		from, length = start, n
	}
	return from, length
}
