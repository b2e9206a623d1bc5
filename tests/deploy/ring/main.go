// Reads what nodes answered at /metrics and when they were there, and prints when an alert rings for a job:
// seconds since 1970, a span a line.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"deploy/played"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 3 {
		return fmt.Errorf("usage: ring RULES ALERT JOB")
	}
	file, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	rule, err := played.Rule(file, arguments[1])
	if err != nil {
		return err
	}
	var read []struct {
		Name        string
		From, Until int64
		Scrape      string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&read); err != nil {
		return err
	}
	var nodes []played.Node
	for _, node := range read {
		from, until := time.Unix(node.From, 0), time.Unix(node.Until, 0)
		nodes = append(nodes, played.Node{Name: node.Name, From: from, Until: until, Scrape: node.Scrape})
	}
	spans, err := played.Rings(rule, arguments[2], nodes)
	if err != nil {
		return err
	}
	for _, span := range spans {
		fmt.Printf("%d %d\n", span.From.Unix(), span.Until.Unix())
	}
	return nil
}
