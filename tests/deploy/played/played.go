// Package played has Prometheus look at what nodes answered at /metrics, through hours that pass at once.
package played

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// Between two scrapes, and between two looks at a rule.
const interval = 30 * time.Second

// Node is a target that answers the same for as long as it is there.
type Node struct {
	Name        string
	From, Until time.Time
	// Scrape is what it answers, in Prometheus's text format.
	Scrape string
}

// Rule finds an alert in a file of rules.
func Rule(file []byte, alert string) (rulefmt.Rule, error) {
	groups, errs := rulefmt.Parse(file, false, model.UTF8Validation, parser.NewParser(parser.Options{}), nil)
	if len(errs) > 0 {
		return rulefmt.Rule{}, errors.Join(errs...)
	}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == alert {
				return rule, nil
			}
		}
	}
	return rulefmt.Rule{}, fmt.Errorf("there is no alert %s", alert)
}

// Span is a time in which an alert rings.
type Span struct{ From, Until time.Time }

// Rings says when this alert rings for this job, as far as these nodes are there. It is to be one that
// rings at once, without `for`.
func Rings(rule rulefmt.Rule, job string, nodes []Node) ([]Span, error) {
	if rule.For != 0 || rule.KeepFiringFor != 0 {
		return nil, fmt.Errorf("%s does not ring at once", rule.Alert)
	}
	stored, err := store(nodes)
	if err != nil {
		return nil, err
	}
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples:    math.MaxInt32,
		Timeout:       time.Minute,
		LookbackDelta: 5 * time.Minute,
		Parser:        parser.NewParser(parser.Options{}),
	})
	defer engine.Close()
	from, until := nodes[0].From, nodes[0].Until
	for _, node := range nodes {
		if node.From.Before(from) {
			from = node.From
		}
		if node.Until.After(until) {
			until = node.Until
		}
	}
	var spans []Span
	rang := false
	for at := from; at.Before(until); at = at.Add(interval) {
		query, err := engine.NewInstantQuery(context.Background(), stored, nil, rule.Expr, at)
		if err != nil {
			return nil, err
		}
		result := query.Exec(context.Background())
		if result.Err != nil {
			return nil, result.Err
		}
		vector, err := result.Vector()
		if err != nil {
			return nil, err
		}
		rings := slices.ContainsFunc(vector, func(sample promql.Sample) bool {
			return sample.Metric.Get("job_name") == job
		})
		query.Close()
		switch {
		case rings && !rang:
			spans = append(spans, Span{at, at})
		case rings:
			spans[len(spans)-1].Until = at
		}
		rang = rings
	}
	return spans, nil
}

type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                      { return s.at }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

// What Prometheus has scraped of them; a series whose target is gone ends with a sign of that.
func store(nodes []Node) (storage.Queryable, error) {
	series := map[string]labels.Labels{}
	samples := map[string][]chunks.Sample{}
	for _, node := range nodes {
		values, err := scraped(node)
		if err != nil {
			return nil, err
		}
		for name, read := range values {
			series[name] = read.labels
			for at := node.From; at.Before(node.Until); at = at.Add(interval) {
				samples[name] = append(samples[name], sample{at.UnixMilli(), read.value})
			}
			gone := math.Float64frombits(value.StaleNaN)
			samples[name] = append(samples[name], sample{node.Until.UnixMilli(), gone})
		}
	}
	choose := func(_ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		var chosen []storage.Series
		for _, name := range slices.Sorted(maps.Keys(series)) {
			matches := func(matcher *labels.Matcher) bool {
				return matcher.Matches(series[name].Get(matcher.Name))
			}
			if slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !matches(m) }) {
				continue
			}
			all := samples[name]
			begin, _ := slices.BinarySearchFunc(all, hints.Start, func(s chunks.Sample, at int64) int {
				return int(s.T() - at)
			})
			chosen = append(chosen, storage.NewListSeries(series[name], all[begin:]))
		}
		return &set{all: chosen}
	}
	return &storage.MockQueryable{MockQuerier: &storage.MockQuerier{SelectMockFunction: choose}}, nil
}

type set struct {
	all []storage.Series
	at  int
}

func (s *set) Next() bool {
	s.at++
	return s.at <= len(s.all)
}

func (s *set) At() storage.Series                { return s.all[s.at-1] }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }

type read struct {
	labels labels.Labels
	value  float64
}

func scraped(node Node) (map[string]read, error) {
	entries, err := textparse.New([]byte(node.Scrape), "text/plain", nil, textparse.ParserOptions{})
	if err != nil {
		return nil, err
	}
	values := map[string]read{}
	for {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		_, _, value := entries.Series()
		var of labels.Labels
		entries.Labels(&of)
		of = labels.NewBuilder(of).Set("instance", node.Name).Labels()
		values[of.String()] = read{of, value}
	}
}
