// Package deploy reads the files of examples/deploy/ as those read them that they are for.
package deploy

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	nomad "github.com/hashicorp/nomad/api"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	promql "github.com/prometheus/prometheus/promql/parser"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const files = "../../examples/deploy"

// What a drain of the jobs' default and the lock manager need.
const drain = 15 * time.Second

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(files, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestKubernetesKnowsEveryField(t *testing.T) {
	var deployment apps.Deployment
	var budget policy.PodDisruptionBudget
	documents := bytes.Split(read(t, "kubernetes.yaml"), []byte("\n---\n"))
	if len(documents) != 2 {
		t.Fatalf("%d documents", len(documents))
	}
	for i, into := range []any{&deployment, &budget} {
		if err := yaml.UnmarshalStrict(documents[i], into); err != nil {
			t.Error(err)
		}
	}
	for _, kind := range []struct{ got, want meta.TypeMeta }{
		{deployment.TypeMeta, meta.TypeMeta{Kind: "Deployment", APIVersion: "apps/v1"}},
		{budget.TypeMeta, meta.TypeMeta{Kind: "PodDisruptionBudget", APIVersion: "policy/v1"}},
	} {
		if kind.got != kind.want {
			t.Errorf("%v", kind.got)
		}
	}
	labels := deployment.Spec.Template.Labels
	for _, selector := range []*meta.LabelSelector{deployment.Spec.Selector, budget.Spec.Selector} {
		if !reflect.DeepEqual(selector.MatchLabels, labels) {
			t.Errorf("%v does not select %v", selector, labels)
		}
	}
	pod := deployment.Spec.Template.Spec
	if grace := *pod.TerminationGracePeriodSeconds; time.Duration(grace)*time.Second <= drain {
		t.Errorf("a grace of %d s is not above the drain", grace)
	}
	if links := pod.EnableServiceLinks; links == nil || *links {
		t.Error("variables of every Service beside it are injected")
	}
	container := pod.Containers[0]
	variables := map[string]core.EnvVar{}
	for _, variable := range container.Env {
		variables[variable.Name] = variable
	}
	_, port, _ := strings.Cut(variables["LEADER_HEALTH"].Value, ":")
	if named := container.Ports[0]; named.Name != "health" || port != "8080" || named.ContainerPort != 8080 {
		t.Errorf("%v is not where %s is listened on", named, port)
	}
	for probe, path := range map[*core.Probe]string{container.LivenessProbe: "/livez", container.ReadinessProbe: "/readyz"} {
		if get := probe.HTTPGet; get.Path != path || get.Port.StrVal != container.Ports[0].Name {
			t.Errorf("%v is no probe of %s", get, path)
		}
	}
	if from := variables["LEADER_NODE"].ValueFrom.FieldRef.FieldPath; from != "metadata.name" {
		t.Errorf("LEADER_NODE from %s", from)
	}
	token := variables["CONSUL_HTTP_TOKEN_FILE"].Value
	if mount := container.VolumeMounts[0]; filepath.Dir(token) != mount.MountPath || mount.Name != pod.Volumes[0].Name {
		t.Errorf("%s is not in %v", token, mount)
	}
}

// The metrics that the runtime has, from the list itself.
func metrics(t *testing.T) map[string]bool {
	t.Helper()
	list, err := os.ReadFile("../../leader-runtime/src/metrics/mod.rs")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, name := range regexp.MustCompile(`"(leader_[a-z_]+)"`).FindAllStringSubmatch(string(list), -1) {
		names[name[1]] = true
	}
	if len(names) < 10 {
		t.Fatalf("the list is not where it was: %v", names)
	}
	return names
}

func TestPrometheusTakesTheAlertsAndEachIsOfAMetricThatThereIs(t *testing.T) {
	known := metrics(t)
	promQL := promql.NewParser(promql.Options{})
	groups, errs := rulefmt.Parse(read(t, "alerts.yaml"), false, model.UTF8Validation, promQL, slog.Default())
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil || len(groups.Groups) == 0 {
		t.Fatal("there are no rules")
	}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			expression, err := promQL.ParseExpr(rule.Expr)
			if err != nil {
				t.Fatal(err)
			}
			selected := 0
			promql.Inspect(expression, func(node promql.Node, _ []promql.Node) error {
				if selector, is := node.(*promql.VectorSelector); is {
					selected++
					if !known[selector.Name] {
						t.Errorf("%s: there is no metric %s", rule.Alert, selector.Name)
					}
				}
				return nil
			})
			if selected == 0 {
				t.Errorf("%s is about nothing", rule.Alert)
			}
		}
	}
}

func TestDockerTakesTheDockerfileAndItsSignalsArrive(t *testing.T) {
	parsed, err := parser.Parse(bytes.NewReader(read(t, "Dockerfile")))
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range parsed.Warnings {
		t.Error(warning.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, _ []parser.Range) {
		t.Errorf("%s: %s", rule, message)
	}})
	stages, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 2 {
		t.Fatalf("%d stages", len(stages))
	}
	toolchain, err := os.ReadFile("../../rust-toolchain.toml")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`channel = "([0-9.]+)"`).FindSubmatch(toolchain)
	if version == nil || !strings.HasPrefix(stages[0].BaseName, "rust:"+string(version[1])) {
		t.Errorf("%s is not the toolchain %s", stages[0].BaseName, version)
	}
	for _, command := range stages[1].Commands {
		if entry, is := command.(*instructions.EntrypointCommand); is && entry.PrependShell {
			t.Error("a shell would keep the signals to itself")
		}
	}
}

// Nomad's own reader of job files is in no module that can be had; its API has the names that it takes.
func TestNomadKnowsEveryName(t *testing.T) {
	file, diagnostics := hclsyntax.ParseConfig(read(t, "clock.nomad.hcl"), "clock.nomad.hcl", hcl.InitialPos)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	body := file.Body.(*hclsyntax.Body)
	if len(body.Attributes) != 0 || len(body.Blocks) != 1 || body.Blocks[0].Type != "job" {
		t.Fatal("a file is one job")
	}
	known(t, body.Blocks[0].Body, reflect.TypeFor[nomad.Job]())
	for _, group := range body.Blocks[0].Body.Blocks {
		for _, task := range group.Body.Blocks {
			if timeout, is := task.Body.Attributes["kill_timeout"]; is {
				text, _ := timeout.Expr.Value(nil)
				if grace, err := time.ParseDuration(text.AsString()); err != nil || grace <= drain {
					t.Errorf("a kill_timeout of %v is not above the drain", text)
				}
			}
		}
	}
}

// Whether each attribute and block is a field of this type, by the names in its tags.
func known(t *testing.T, body *hclsyntax.Body, of reflect.Type) {
	t.Helper()
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		// a map: what is in there is the driver's, or the program's
		return
	}
	fields := map[string]reflect.Type{}
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("hcl"), ",")
		if name == "" {
			name = field.Tag.Get("mapstructure")
		}
		fields[name] = field.Type
	}
	// constraints on machines have short names
	if of == reflect.TypeFor[nomad.Constraint]() {
		fields["distinct_hosts"] = reflect.TypeFor[bool]()
	}
	for name, attribute := range body.Attributes {
		if _, is := fields[name]; !is {
			t.Errorf("%v: %s has no `%s`", attribute.Range(), of.Name(), name)
		}
	}
	for _, block := range body.Blocks {
		field, is := fields[block.Type]
		if !is {
			t.Errorf("%v: %s has no block `%s`", block.Range(), of.Name(), block.Type)
			continue
		}
		known(t, block.Body, field)
	}
}

func TestSystemdTakesTheUnitAndKeepsItFromTheMachine(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Fatal("no systemd-analyze on PATH; it comes with systemd")
	}
	unit := string(read(t, "clock.service"))
	stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(.+)$`).FindStringSubmatch(unit)
	if after, err := time.ParseDuration(stop[1]); err != nil || after <= drain {
		t.Errorf("TimeoutStopSec=%s is not above the drain", stop[1])
	}
	// it asks for a program that is there
	program := regexp.MustCompile(`(?m)^ExecStart=.*$`).ReplaceAllString(unit, "ExecStart=/bin/true")
	path := filepath.Join(t.TempDir(), "clock.service")
	if err := os.WriteFile(path, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{
		{"verify", "--man=no", path},
		// 10 is no protection at all, and below 2 is what systemd calls OK
		{"security", "--offline=true", "--threshold=20", "--no-pager", path},
	} {
		said, err := exec.Command(analyze, arguments...).CombinedOutput()
		if err != nil || (arguments[0] == "verify" && len(said) > 0) {
			t.Errorf("systemd-analyze %v: %v\n%s", arguments, err, said)
		}
	}
}
