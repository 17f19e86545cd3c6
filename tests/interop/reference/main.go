// Command reference reads what Sealtrace writes with code that nobody of Sealtrace wrote: golang.org/x/mod/sumdb and
// transparency-dev's merkle and formats. It prints what it verified as JSON, and fails on the first thing it refuses.
//
//	reference log DIR            the files of a log below DIR: origin, vkeys, checkpoint, tile/…, proofs/, consistency.json
//	reference witness DIR URL    the checkpoints of such a log, added to the witness at URL, its answers verified
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	var result any
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "log":
		result, err = readLog(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "witness":
		result, err = useWitness(os.Args[2], os.Args[3])
	default:
		err = fmt.Errorf("usage: reference log DIR | witness DIR URL")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(result)
}

// lines returns the lines of a file below dir.
func lines(dir, name string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n"), nil
}
