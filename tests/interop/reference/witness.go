package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	f_log "github.com/transparency-dev/formats/log"
	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// cosigned counts the checkpoints that the witness cosigned with both of its keys.
type cosigned struct {
	Checkpoints int    `json:"checkpoints"`
	Refused     []int  `json:"refused"`
	Known       string `json:"known"`
}

// useWitness adds every checkpoints/SIZE below dir in turn, with consistency proofs made by sumdb out of the tiles.
// The witness's two keys are the lines of witness.vkeys.
func useWitness(dir, url string) (*cosigned, error) {
	files, err := openFiles(dir)
	if err != nil {
		return nil, err
	}
	witness, err := witnessKeys(dir)
	if err != nil {
		return nil, err
	}
	newest, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return nil, err
	}
	head, err := files.checkpoint(newest)
	if err != nil {
		return nil, err
	}
	sizes, err := published(dir)
	if err != nil {
		return nil, err
	}
	result := &cosigned{}
	client := &http.Client{Timeout: 10 * time.Second}
	old := int64(0)
	for _, size := range sizes {
		raw, err := os.ReadFile(filepath.Join(dir, "checkpoints", strconv.FormatInt(size, 10)))
		if err != nil {
			return nil, err
		}
		body, err := request(files, head, old, size, raw)
		if err != nil {
			return nil, err
		}
		if err := add(client, url, body, raw, files, witness); err != nil {
			return nil, fmt.Errorf("from %d to %d: %w", old, size, err)
		}
		old = size
		result.Checkpoints++
	}
	return result, refusals(client, url, files, head, old, result)
}

func witnessKeys(dir string) ([]note.Verifier, error) {
	vkeys, err := lines(dir, "witness.vkeys")
	if err != nil {
		return nil, err
	}
	if len(vkeys) != 2 {
		return nil, fmt.Errorf("a witness has two keys, not %d", len(vkeys))
	}
	classical, err := f_note.NewVerifierForCosignatureV1(vkeys[0])
	if err != nil {
		return nil, fmt.Errorf("witness's Ed25519 key: %w", err)
	}
	postQuantum, err := f_note.NewMLDSAVerifier(vkeys[1])
	if err != nil {
		return nil, fmt.Errorf("witness's ML-DSA-44 key: %w", err)
	}
	return []note.Verifier{classical, postQuantum}, nil
}

func published(dir string) ([]int64, error) {
	listed, err := os.ReadDir(filepath.Join(dir, "checkpoints"))
	if err != nil {
		return nil, err
	}
	var sizes []int64
	for _, file := range listed {
		size, err := strconv.ParseInt(file.Name(), 10, 64)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, size)
	}
	sort.Slice(sizes, func(i, j int) bool { return sizes[i] < sizes[j] })
	return sizes, nil
}

// request spells an add-checkpoint body: the old size, the proof that leads from it, the checkpoint.
func request(files *logFiles, head *f_log.Checkpoint, old, size int64, checkpoint []byte) ([]byte, error) {
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", old)
	if old > 0 && old < size {
		path, err := tlog.ProveTree(size, old, files.hashes(head))
		if err != nil {
			return nil, err
		}
		for _, hash := range path {
			fmt.Fprintln(&body, base64.StdEncoding.EncodeToString(hash[:]))
		}
	}
	body.WriteByte('\n')
	body.Write(checkpoint)
	return body.Bytes(), nil
}

// add sends a checkpoint and verifies the cosignatures that come back over it.
func add(client *http.Client, url string, body, checkpoint []byte, files *logFiles, witness []note.Verifier) error {
	status, answer, err := post(client, url, body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("answered %d: %s", status, answer)
	}
	whole := append(append([]byte{}, checkpoint...), answer...)
	verifiers := append([]note.Verifier{files.classical, files.postQuantum}, witness...)
	opened, err := note.Open(whole, note.VerifierList(verifiers...))
	if err != nil {
		return err
	}
	if len(opened.Sigs) != 4 || len(opened.UnverifiedSigs) != 0 {
		return fmt.Errorf("%d signatures verified, %d did not", len(opened.Sigs), len(opened.UnverifiedSigs))
	}
	return recent(opened)
}

// recent checks that the Ed25519 cosignature claims a time of now.
func recent(opened *note.Note) error {
	for _, signature := range opened.Sigs {
		if at, err := f_note.CoSigV1Timestamp(signature); err == nil && time.Since(at).Abs() < time.Minute {
			return nil
		}
	}
	return errors.New("no cosignature has a time of now")
}

// refusals asks for what a witness must not do, and notes how it said no.
func refusals(client *http.Client, url string, files *logFiles, head *f_log.Checkpoint, old int64, result *cosigned) error {
	newest, err := os.ReadFile(filepath.Join(files.dir, "checkpoint"))
	if err != nil {
		return err
	}
	stale, err := request(files, head, 0, old, newest)
	if err != nil {
		return err
	}
	status, answer, err := post(client, url, stale)
	if err != nil {
		return err
	}
	result.Refused, result.Known = append(result.Refused, status), strings.TrimSpace(answer)
	stranger := bytes.Replace(stale, []byte(files.origin+"\n"), []byte("elsewhere.invalid/log\n"), 1)
	status, _, err = post(client, url, stranger)
	if err != nil {
		return err
	}
	result.Refused = append(result.Refused, status)
	return nil
}

func post(client *http.Client, url string, body []byte) (int, string, error) {
	response, err := client.Post(url+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, string(answer), err
}
