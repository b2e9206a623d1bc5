package deploy

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"deploy/played"
)

// The shipped alert, as Prometheus evaluates it, in scenes of a job that must succeed each hour.
func TestNoSuccessRingsWhereNoneWasForAnHourAndNowhereElse(t *testing.T) {
	rule, err := played.Rule(read(t, "alerts.yaml"), "NoSuccess")
	if err != nil {
		t.Fatal(err)
	}
	midnight := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return midnight.Add(time.Duration(minute) * time.Minute) }
	// A node from one minute to another, which started in the first; the last success that it knows.
	node := func(name string, from, until int, success ...int) played.Node {
		series := func(name string, minute int) string {
			return fmt.Sprintf("leader_job_%s_timestamp_seconds{job_name=\"job\"} %d\n", name, at(minute).Unix())
		}
		scrape := series("registered", from)
		if len(success) > 0 {
			scrape += series("last_success", success[0])
		}
		return played.Node{Name: name, From: at(from), Until: at(until), Scrape: scrape}
	}
	// The same, whose start was earlier: what it knew before is not scraped any more.
	on := func(name string, started, from, until int, success ...int) played.Node {
		later := node(name, started, until, success...)
		later.From = at(from)
		return later
	}
	restarts := func(name string, from, until, each int) []played.Node {
		var all []played.Node
		for ; from < until; from += each {
			all = append(all, node(name, from, from+each))
		}
		return all
	}
	for scene, play := range map[string]struct {
		nodes []played.Node
		// in minutes; none where it never rings
		rings []int
	}{
		"it fails from the third minute on, and is deployed anew; the record knows when it succeeded": {
			[]played.Node{node("a", 0, 28, 3), node("b", 28, 600, 3)}, []int{63, 600},
		},
		"it fails for two hours, and is deployed anew": {
			[]played.Node{node("a", 0, 120, 3), node("b", 121, 600, 3)}, []int{63, 600},
		},
		"the same, of a job without a record: nobody knows of a success any more": {
			[]played.Node{node("a", 0, 120, 3), node("b", 121, 600)}, []int{63, 600},
		},
		"it has never succeeded": {
			[]played.Node{node("a", 0, 600), node("b", 0, 600)}, []int{60, 600},
		},
		"it was deployed for the first time": {
			[]played.Node{node("a", 0, 59)}, nil,
		},
		"each node was started anew, and then none succeeded": {
			[]played.Node{node("a", 0, 30, 25), node("b", 0, 31), node("a", 31, 600), node("b", 32, 600)}, []int{85, 600},
		},
		"the leader dies after its success, and a standby that is old succeeds within the hour": {
			[]played.Node{node("a", -600, 15, 5), node("b", -600, 60), on("b", -600, 60, 90, 55)}, nil,
		},
		"the leader dies after its success, and the standby fails": {
			[]played.Node{node("a", 0, 15, 5), node("b", 0, 600)}, []int{65, 600},
		},
		"one node starts again and again, the other leads and fails": {
			append(restarts("a", 0, 600, 5), node("b", 0, 600)), []int{60, 600},
		},
		"all nodes start again and again": {
			append(restarts("a", 0, 600, 20), restarts("b", 7, 600, 20)...), []int{60, 607},
		},
		"it succeeds once more": {
			[]played.Node{node("a", 0, 100, 3), on("a", 0, 100, 150, 99)}, []int{63, 100},
		},
	} {
		t.Run(scene, func(t *testing.T) {
			spans, err := played.Rings(rule, "job", play.nodes)
			if err != nil {
				t.Fatal(err)
			}
			var rings []int
			for _, span := range spans {
				// the first look after that minute, and the last one
				from, until := span.From.Sub(midnight), span.Until.Sub(midnight)
				rings = append(rings, int(from.Minutes()), int((until + time.Minute - 1).Minutes()))
			}
			if !reflect.DeepEqual(rings, play.rings) {
				t.Errorf("it rings in the minutes %v, and is to in %v", rings, play.rings)
			}
		})
	}
}
