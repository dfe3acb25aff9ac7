// Says whether two files show, or hold the voice of, one person: go run . HOST:PORT A B
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	affinis "github.com/affinis/affinis/clients/go"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: go run . HOST:PORT A B")
		os.Exit(2)
	}
	if err := verify(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verify(address string, files ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client, err := affinis.Dial(ctx, address)
	if err != nil {
		return err
	}
	defer client.Close()
	left, err := affinis.File(files[0])
	if err != nil {
		return err
	}
	right, err := affinis.File(files[1])
	if err != nil {
		return err
	}
	// Files of any size: the client sends what does not fit into one message in chunks.
	results, err := client.Verify(ctx, "", []affinis.Comparison{affinis.Pair(left, right)})
	if err != nil {
		return err
	}
	result, err := results[0].Get()
	if err != nil {
		return err
	}
	answer := result.GetComparison()
	decision := strings.ToLower(strings.TrimPrefix(answer.GetDecision().String(), "DECISION_"))
	fmt.Printf("%s: score %.4f, threshold %.4f (%s)\n", decision, answer.GetScore(), answer.GetThreshold(), answer.GetPipeline().GetPipeline())
	return nil
}
