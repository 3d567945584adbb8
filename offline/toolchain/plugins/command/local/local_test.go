package local

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const token = "command:local:Command"

var urn = resource.NewURN("test", "test", "", token, "it")

type inputs = map[string]property.Value

func serve(t *testing.T) (integration.Server, context.CancelFunc) {
	t.Helper()
	life, end := context.WithCancel(t.Context())
	provider, err := Provider(life)
	if err != nil {
		t.Fatal(err)
	}
	server, err := integration.NewServer(t.Context(), "command", semver.MustParse("1.2.1"),
		integration.WithProvider(provider))
	if err != nil {
		t.Fatal(err)
	}
	return server, end
}

func create(t *testing.T, in inputs) (p.CreateResponse, error) {
	t.Helper()
	server, _ := serve(t)
	return server.Create(p.CreateRequest{Urn: urn, Properties: property.NewMap(in)})
}

func mustCreate(t *testing.T, in inputs) property.Map {
	t.Helper()
	resp, err := create(t, in)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ID == "" {
		t.Error("a created resource has no id")
	}
	return resp.Properties
}

func text(s string) property.Value   { return property.New(s) }
func secret(s string) property.Value { return property.New(s).WithSecret(true) }

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %q, not %q", what, got, want)
	}
}

func TestCreateKeepsWhatWasPrinted(t *testing.T) {
	out := mustCreate(t, inputs{"create": text("echo out; echo err >&2")})
	same(t, "stdout", out.Get("stdout").AsString(), "out")
	same(t, "stderr", out.Get("stderr").AsString(), "err")
	same(t, "create", out.Get("create").AsString(), "echo out; echo err >&2")
}

func TestAResourceNeedsNoCreate(t *testing.T) {
	out := mustCreate(t, inputs{"delete": text("true")})
	same(t, "stdout", out.Get("stdout").AsString(), "")
}

func TestAPreviewRunsNothing(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	server, _ := serve(t)
	resp, err := server.Create(p.CreateRequest{Urn: urn, DryRun: true,
		Properties: property.NewMap(inputs{"create": text("touch " + mark)})})
	if err != nil {
		t.Fatal(err)
	}
	if !resp.Properties.Get("stdout").IsComputed() {
		t.Error("a preview knows what a command will print")
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a preview ran the command")
	}
}

func TestStdinEnvironmentDirectoryInterpreter(t *testing.T) {
	dir := t.TempDir()
	out := mustCreate(t, inputs{
		"create":      text(`echo "$GREETING $(cat) $PWD $0"`),
		"stdin":       text("world"),
		"environment": property.New(property.NewMap(inputs{"GREETING": text("hello")})),
		"dir":         text(dir),
		"interpreter": property.New(property.NewArray([]property.Value{text("/bin/bash"), text("-c")})),
	})
	same(t, "stdout", out.Get("stdout").AsString(), "hello world "+dir+" /bin/bash")
}

func TestAScriptNeedNotReadItsInput(t *testing.T) {
	mustCreate(t, inputs{"create": text("exec <&-; true"), "stdin": text(strings.Repeat("x", 1<<20))})
}

func TestWhatAScriptLeavesRunningIsNotWaitedFor(t *testing.T) {
	shortGrace(t)
	dir := t.TempDir()
	out := mustCreate(t, inputs{"create": text("sleep 600 & echo $! > pid; echo done"), "dir": text(dir)})
	same(t, "stdout", out.Get("stdout").AsString(), "done")
	written, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(written)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("what it left running is gone: %v", err)
	}
}

func shortGrace(t *testing.T) {
	t.Helper()
	old := grace
	grace = 200 * time.Millisecond
	t.Cleanup(func() { grace = old })
}

func update(t *testing.T, old, in inputs) (property.Map, error) {
	t.Helper()
	server, _ := serve(t)
	state := mustCreate(t, old)
	resp, err := server.Update(p.UpdateRequest{ID: "it", Urn: urn, State: state,
		OldInputs: property.NewMap(old), Inputs: property.NewMap(in)})
	return resp.Properties, err
}

func TestUpdateRunsUpdateAndSeesThePreviousOutput(t *testing.T) {
	for name, c := range map[string]struct {
		in   inputs
		want string
	}{
		"update":          {inputs{"create": text("echo no"), "update": text("echo after $PULUMI_COMMAND_STDOUT")}, "after one"},
		"without update":  {inputs{"create": text("echo again $PULUMI_COMMAND_STDOUT")}, "again one"},
		"unless unwanted": {inputs{"create": text("echo again $PULUMI_COMMAND_STDOUT"), "addPreviousOutputInEnv": property.New(false)}, "again"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := update(t, inputs{"create": text("echo one")}, c.in)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "stdout", out.Get("stdout").AsString(), c.want)
		})
	}
}

func TestDeleteRunsDeleteOfTheState(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	server, _ := serve(t)
	state := mustCreate(t, inputs{"create": text("echo kept"), "delete": text("echo $PULUMI_COMMAND_STDOUT > " + mark)})
	if err := server.Delete(p.DeleteRequest{ID: "it", Urn: urn, Properties: state}); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "what delete wrote", string(written), "kept\n")

	failing := mustCreate(t, inputs{"delete": text("echo in use >&2; exit 1")})
	err = server.Delete(p.DeleteRequest{ID: "it", Urn: urn, Properties: failing})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a failing delete gave %v", err)
	}
}

// That a changed trigger replaces is the SDK's doing, which asks the engine for
// it on the word of the schema (tests/preview proves the whole).
func TestChangesAreSeenAndTriggersAskForReplacement(t *testing.T) {
	server, _ := serve(t)
	triggers := func(s string) property.Value { return property.New(property.NewArray([]property.Value{text(s)})) }
	old := inputs{"create": text("true"), "triggers": triggers("1")}
	state := mustCreate(t, old)
	for name, c := range map[string]struct {
		in   inputs
		want bool
	}{
		"nothing": {old, false},
		"script":  {inputs{"create": text("false"), "triggers": triggers("1")}, true},
		"trigger": {inputs{"create": text("true"), "triggers": triggers("2")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			diff, err := server.Diff(p.DiffRequest{ID: "it", Urn: urn, State: state,
				OldInputs: property.NewMap(old), Inputs: property.NewMap(c.in)})
			if err != nil {
				t.Fatal(err)
			}
			if diff.HasChanges != c.want {
				t.Errorf("changes %v: %v", diff.HasChanges, diff.DetailedDiff)
			}
		})
	}
	resp, err := server.GetSchema(p.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Resources map[string]struct {
			InputProperties map[string]struct{ ReplaceOnChanges bool }
		}
	}
	if err := json.Unmarshal([]byte(resp.Schema), &schema); err != nil {
		t.Fatal(err)
	}
	for name, property := range schema.Resources[token].InputProperties {
		if property.ReplaceOnChanges != (name == "triggers") {
			t.Errorf("%s replaces on changes: %v", name, property.ReplaceOnChanges)
		}
	}
}

func TestAFailureShowsTheOutputAndNotTheScript(t *testing.T) {
	_, err := create(t, inputs{"create": text("echo one; echo two >&2; MARK=1; exit 3")})
	if err == nil {
		t.Fatal("a failing command was created")
	}
	for _, part := range []string{"exit status 3", "one", "two"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q isn't in the error: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "MARK") {
		t.Errorf("the script is in the error: %v", err)
	}
}

func TestALongFailureShowsItsEnd(t *testing.T) {
	_, err := create(t, inputs{"create": text("seq 100000; exit 1")})
	if err == nil || !strings.HasSuffix(err.Error(), "\n100000") || len(err.Error()) > 2*shown {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
}

func TestWhatCannotRunSaysSo(t *testing.T) {
	_, err := create(t, inputs{"create": text("true"), "dir": text("/does/not/exist")})
	if err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("a missing directory gave %v", err)
	}
}

func TestOutputOfSecretsIsSecret(t *testing.T) {
	environment := property.New(property.NewMap(inputs{"PASSWORD": secret("hunter22")}))
	for name, c := range map[string]struct {
		in   inputs
		want bool
	}{
		"nothing":     {inputs{"create": text("true")}, false},
		"script":      {inputs{"create": secret("true")}, true},
		"stdin":       {inputs{"create": text("cat"), "stdin": secret("hunter22")}, true},
		"environment": {inputs{"create": text("echo $PASSWORD"), "environment": environment}, true},
	} {
		t.Run(name, func(t *testing.T) {
			out := mustCreate(t, c.in)
			for field := range c.in {
				if out.Get(field).HasSecrets() != c.in[field].HasSecrets() {
					t.Errorf("%s is kept as secret: %v", field, out.Get(field).HasSecrets())
				}
			}
			if out.Get("stdout").Secret() != c.want || out.Get("stderr").Secret() != c.want {
				t.Errorf("stdout secret: %v, stderr secret: %v", out.Get("stdout").Secret(), out.Get("stderr").Secret())
			}
		})
	}
}

func TestErrorsAreWithoutSecrets(t *testing.T) {
	_, err := create(t, inputs{
		"create": text(`set -x; cat; echo "$PASSWORD"; exit 1`),
		"stdin":  secret("first line\nsecond line\n"),
		"environment": property.New(property.NewMap(inputs{
			"PASSWORD": secret("hunter22"), "MODE": secret("x"),
		})),
	})
	if err == nil {
		t.Fatal("a failing command was created")
	}
	for _, word := range []string{"hunter22", "first line", "second line"} {
		if strings.Contains(err.Error(), word) {
			t.Errorf("the secret %q is in the error: %v", word, err)
		}
	}
	if !strings.Contains(err.Error(), "[secret]") || !strings.Contains(err.Error(), "exit 1") {
		t.Errorf("more than the secrets is hidden: %v", err)
	}
}

func TestASecretThatStartsAnotherUncoversNothing(t *testing.T) {
	in := property.NewMap(inputs{"a": secret("hunter22"), "b": secret("hunter22-more"), "c": secret("hunter22-more-still")})
	for range 20 { // maps have no order
		shown := secretsOf(withSecrets(t.Context(), in)).Replace("it is hunter22-more-still")
		same(t, "what is shown", shown, "it is [secret]")
	}
}

// A script that starts a child and a grandchild which ignores SIGTERM, writes
// down the three process ids and waits.
const family = `sh -c 'trap "" TERM; echo $$ > pids; sh -c "echo \$\$ >> pids; sleep 600" & echo $! >> pids; mv pids started; wait' & wait`

func TestAStoppedCommandLeavesNoProcess(t *testing.T) {
	shortGrace(t)
	for name, stop := range map[string]func(integration.Server, context.CancelFunc){
		"by the engine":       func(s integration.Server, _ context.CancelFunc) { _ = s.Cancel() },
		"by the plugin's end": func(_ integration.Server, end context.CancelFunc) { end() },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			server, end := serve(t)
			result := make(chan error)
			go func() {
				_, err := server.Create(p.CreateRequest{Urn: urn, Properties: property.NewMap(inputs{
					"create": text(family), "dir": text(dir)})})
				result <- err
			}()
			eventually(t, func() bool { _, err := os.Stat(filepath.Join(dir, "started")); return err == nil })
			stop(server, end)
			select {
			case err := <-result:
				if err == nil || !strings.Contains(err.Error(), "stopped") {
					t.Errorf("a stopped command gave %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("a stopped command goes on")
			}
			written, err := os.ReadFile(filepath.Join(dir, "started"))
			if err != nil {
				t.Fatal(err)
			}
			for _, word := range strings.Fields(string(written)) {
				pid, err := strconv.Atoi(word)
				if err != nil {
					t.Fatal(err)
				}
				eventually(t, func() bool { return gone(pid) })
			}
		})
	}
}

// gone says whether a process has ended; one that nobody has waited for yet
// has ended too.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("still not so after 10 s")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestRunReturnsWhatWasPrinted(t *testing.T) {
	server, _ := serve(t)
	resp, err := server.Invoke(p.InvokeRequest{Token: "command:local:run",
		Args: property.NewMap(inputs{"command": text("cat"), "stdin": text("hello")})})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "stdout", resp.Return.Get("stdout").AsString(), "hello")
}

func TestInputsThatAreNotHereAreRefused(t *testing.T) {
	server, _ := serve(t)
	resp, err := server.Check(p.CheckRequest{Urn: urn, Inputs: property.NewMap(inputs{
		"create":     text("true"),
		"assetPaths": property.New(property.NewArray([]property.Value{text("*")})),
	})})
	if err == nil && len(resp.Failures) == 0 {
		t.Error("assetPaths was taken and would have been ignored")
	}
}
