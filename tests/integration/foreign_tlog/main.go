// Checks a log with the Go project's own code, which powers the Go checksum database.
//
//	foreign_tlog log FOLDER VKEY [OLD_CHECKPOINT]   checkpoint, every tile, every entry, consistency
//	foreign_tlog proof FILE VKEY                    a .tlog-proof whose extra data opens a decision's entry
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	var err error
	switch os.Args[1] {
	case "log":
		err = checkLog(os.Args[2], os.Args[3], os.Args[4:])
	case "proof":
		err = checkProof(os.Args[2], os.Args[3])
	}
	if err != nil {
		fmt.Println("REFUSED:", err)
		os.Exit(1)
	}
}

func open(signed []byte, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

// path is where C2SP's tlog-tiles files a tile that Go's own layout names `tile/8/...`.
func path(t tlog.Tile) string {
	return strings.Replace(strings.Replace(t.Path(), "tile/8/data/", "tile/entries/", 1), "tile/8/", "tile/", 1)
}

type reader struct{ folder string }

func (r reader) Height() int { return height }

func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		data, err := os.ReadFile(filepath.Join(r.folder, path(t)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}

func checkLog(folder, vkey string, older []string) error {
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := open(signed, vkey)
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tree, reader{folder})
	for start := int64(0); start < tree.N; start += 1 << height {
		width := min(tree.N-start, 1<<height)
		bundle := tlog.Tile{H: height, L: -1, N: start >> height, W: int(width)}
		data, err := os.ReadFile(filepath.Join(folder, path(bundle)))
		if err != nil {
			return err
		}
		for i := start; i < start+width; i++ {
			length := int(binary.BigEndian.Uint16(data))
			entry := data[2 : 2+length]
			data = data[2+length:]
			proof, err := tlog.ProveRecord(tree.N, i, hashes)
			if err != nil {
				return fmt.Errorf("entry %d: %w", i, err)
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(entry)); err != nil {
				return fmt.Errorf("entry %d: %w", i, err)
			}
		}
		if len(data) != 0 {
			return fmt.Errorf("%s holds more than %d entries", path(bundle), width)
		}
	}
	for _, file := range older {
		signed, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		old, err := open(signed, vkey)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return err
		}
	}
	fmt.Printf("ACCEPTED: %d entries\n", tree.N)
	return nil
}

func checkProof(file, vkey string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, signed, _ := bytes.Cut(text, []byte("\n\n"))
	tree, err := open(signed, vkey)
	if err != nil {
		return err
	}
	lines := strings.Split(string(head), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a proof")
	}
	opened, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	digest := sha256.Sum256(opened)
	entry := fmt.Sprintf(`{"c":"%s","kind":"decision","v":1}`, base64.StdEncoding.EncodeToString(digest[:]))
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash([]byte(entry))); err != nil {
		return err
	}
	fmt.Printf("ACCEPTED: entry %d of %d\n%s", index, tree.N, opened[16:])
	return nil
}
