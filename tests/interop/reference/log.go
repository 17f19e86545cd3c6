package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	f_log "github.com/transparency-dev/formats/log"
	f_note "github.com/transparency-dev/formats/note"
	f_proof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is that of C2SP tlog-tiles: 256 hashes a tile.
const tileHeight = 8

// logFiles is a log as a mirror holds it.
type logFiles struct {
	dir         string
	origin      string
	classical   note.Verifier
	postQuantum note.Verifier
}

func openFiles(dir string) (*logFiles, error) {
	origin, err := lines(dir, "origin")
	if err != nil {
		return nil, err
	}
	vkeys, err := lines(dir, "vkeys")
	if err != nil {
		return nil, err
	}
	if len(vkeys) != 2 {
		return nil, fmt.Errorf("a log has two keys, not %d", len(vkeys))
	}
	classical, err := note.NewVerifier(vkeys[0])
	if err != nil {
		return nil, fmt.Errorf("Ed25519 key: %w", err)
	}
	postQuantum, err := f_note.NewMLDSAVerifier(vkeys[1])
	if err != nil {
		return nil, fmt.Errorf("ML-DSA-44 key: %w", err)
	}
	return &logFiles{dir: dir, origin: origin[0], classical: classical, postQuantum: postQuantum}, nil
}

// checkpoint opens a checkpoint that both keys of the log must have signed.
func (l *logFiles) checkpoint(raw []byte) (*f_log.Checkpoint, error) {
	checkpoint, rest, opened, err := f_log.ParseCheckpoint(raw, l.origin, l.classical, l.postQuantum)
	if err != nil {
		return nil, err
	}
	if len(rest) != 0 || len(opened.Sigs) != 2 {
		return nil, fmt.Errorf("%d good signatures and %d bytes of extensions", len(opened.Sigs), len(rest))
	}
	return checkpoint, nil
}

// Height, ReadTiles and SaveTiles make a TileReader of the log's files.
func (l *logFiles) Height() int { return tileHeight }

func (l *logFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
		raw, err := os.ReadFile(filepath.Join(l.dir, "tile", path))
		if err != nil {
			return nil, err
		}
		found[i] = raw
	}
	return found, nil
}

func (l *logFiles) SaveTiles([]tlog.Tile, [][]byte) {}

// hashes returns a reader that believes only tiles that lead to the checkpoint.
func (l *logFiles) hashes(checkpoint *f_log.Checkpoint) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: int64(checkpoint.Size), Hash: tlog.Hash(checkpoint.Hash)}, l)
}

// verified counts what was accepted.
type verified struct {
	Size        uint64 `json:"size"`
	Records     int    `json:"records"`
	Trees       int    `json:"trees"`
	Proofs      int    `json:"proofs"`
	Consistency int    `json:"consistency"`
}

func readLog(dir string) (*verified, error) {
	files, err := openFiles(dir)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return nil, err
	}
	checkpoint, err := files.checkpoint(raw)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	result := &verified{Size: checkpoint.Size}
	for _, step := range []func(*logFiles, *f_log.Checkpoint, *verified) error{records, trees, travelling, consistency} {
		if err := step(files, checkpoint, result); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// records proves every entry with sumdb's own proofs, made from our tiles.
func records(files *logFiles, checkpoint *f_log.Checkpoint, result *verified) error {
	reader := files.hashes(checkpoint)
	size, root := int64(checkpoint.Size), tlog.Hash(checkpoint.Hash)
	for index := int64(0); index < size; index++ {
		entry, err := files.entry(index, size)
		if err != nil {
			return err
		}
		path, err := tlog.ProveRecord(size, index, reader)
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		if err := tlog.CheckRecord(path, size, root, index, tlog.RecordHash(entry)); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		result.Records++
	}
	return nil
}

// entry cuts one entry out of its bundle.
func (l *logFiles) entry(index, size int64) ([]byte, error) {
	tile := tlog.Tile{H: tileHeight, L: -1, N: index / 256, W: 256}
	if left := size - tile.N*256; left < 256 {
		tile.W = int(left)
	}
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data", tileHeight), "tile/entries", 1)
	bundle, err := os.ReadFile(filepath.Join(l.dir, path))
	if err != nil {
		return nil, err
	}
	for skip := index % 256; ; skip-- {
		if len(bundle) < 2 {
			return nil, fmt.Errorf("entry %d: the bundle ends before it", index)
		}
		length := int(bundle[0])<<8 | int(bundle[1])
		if len(bundle) < 2+length {
			return nil, fmt.Errorf("entry %d: the bundle ends within it", index)
		}
		if skip == 0 {
			return bundle[2 : 2+length], nil
		}
		bundle = bundle[2+length:]
	}
}

// trees proves with sumdb that every earlier tree is the beginning of this one.
func trees(files *logFiles, checkpoint *f_log.Checkpoint, result *verified) error {
	reader := files.hashes(checkpoint)
	size, root := int64(checkpoint.Size), tlog.Hash(checkpoint.Hash)
	for earlier := int64(1); earlier <= size; earlier++ {
		hash, err := tlog.TreeHash(earlier, reader)
		if err != nil {
			return err
		}
		path, err := tlog.ProveTree(size, earlier, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(path, size, root, earlier, hash); err != nil {
			return fmt.Errorf("tree of %d: %w", earlier, err)
		}
		result.Trees++
	}
	return nil
}

// travelling reads every proofs/N.tlog-proof beside its entry proofs/N.entry.
func travelling(files *logFiles, _ *f_log.Checkpoint, result *verified) error {
	paths, err := filepath.Glob(filepath.Join(files.dir, "proofs", "*.tlog-proof"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := travelled(files, path); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		result.Proofs++
	}
	return nil
}

func travelled(files *logFiles, path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(strings.TrimSuffix(path, ".tlog-proof") + ".entry")
	if err != nil {
		return err
	}
	var found f_proof.TLogProof
	if err := found.Unmarshal(raw); err != nil {
		return err
	}
	if string(found.Marshal()) != string(raw) {
		return fmt.Errorf("the reference spells this proof differently")
	}
	checkpoint, err := files.checkpoint(found.Checkpoint)
	if err != nil {
		return err
	}
	hashes := make([][]byte, len(found.Hashes))
	for i, hash := range found.Hashes {
		hashes[i] = hash[:]
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(entry)
	return proof.VerifyInclusion(rfc6962.DefaultHasher, found.Index, checkpoint.Size, leaf, hashes, checkpoint.Hash)
}

// step is one consistency proof as we made it.
type step struct {
	Size1 uint64   `json:"size1"`
	Size2 uint64   `json:"size2"`
	Root1 string   `json:"root1"`
	Root2 string   `json:"root2"`
	Proof []string `json:"proof"`
}

func consistency(files *logFiles, _ *f_log.Checkpoint, result *verified) error {
	raw, err := os.ReadFile(filepath.Join(files.dir, "consistency.json"))
	if err != nil {
		return err
	}
	var steps []step
	if err := json.Unmarshal(raw, &steps); err != nil {
		return err
	}
	for _, one := range steps {
		if err := one.verify(); err != nil {
			return fmt.Errorf("%d to %d: %w", one.Size1, one.Size2, err)
		}
		result.Consistency++
	}
	return nil
}

func (s step) verify() error {
	hashes := make([][]byte, len(s.Proof)+2)
	for i, text := range append([]string{s.Root1, s.Root2}, s.Proof...) {
		hash, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return err
		}
		hashes[i] = hash
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, s.Size1, s.Size2, hashes[2:], hashes[0], hashes[1])
}
