package local

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
)

// shown is how much of a failed script's output its error repeats, in bytes:
// the last screens of a build, not all of it.
const shown = 16 << 10

// output collects what a run prints, and shows its lines as they come.
type output struct {
	mu             sync.Mutex
	both           bytes.Buffer
	stdout, stderr stream
	redact         *strings.Replacer
}

// stream is one of the two output streams.
type stream struct {
	of   *output
	kept bytes.Buffer
	line []byte
	show func(string)
}

func newOutput(ctx context.Context, logging Logging) *output {
	o := &output{redact: secretsOf(ctx)}
	o.stdout.of, o.stderr.of = o, o
	show := func(line string) { p.GetLogger(ctx).InfoStatus(o.redact.Replace(line)) }
	if logging == "stdout" || logging == "stdoutAndStderr" {
		o.stdout.show = show
	}
	if logging == "stderr" || logging == "stdoutAndStderr" {
		o.stderr.show = show
	}
	return o
}

// Write keeps b and shows the lines that are complete.
func (s *stream) Write(b []byte) (int, error) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.kept.Write(b)
	s.of.both.Write(b)
	if s.show == nil {
		return len(b), nil
	}
	s.line = append(s.line, b...)
	for {
		line, rest, ended := bytes.Cut(s.line, []byte("\n"))
		if !ended {
			return len(b), nil
		}
		s.show(string(line))
		s.line = rest
	}
}

// String returns the stream without its last newline.
func (s *stream) String() string { return strings.TrimSuffix(s.kept.String(), "\n") }

// flush shows the lines that no newline ended.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range []*stream{&o.stdout, &o.stderr} {
		if len(s.line) > 0 {
			s.show(string(s.line))
			s.line = nil
		}
	}
}

// failure makes an error of what happened and the end of what was printed.
func (o *output) failure(what string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	// Redacted as a whole first: a cut could leave half a secret.
	printed := strings.TrimSpace(o.redact.Replace(o.both.String()))
	if printed == "" {
		return fmt.Errorf("%s; it printed nothing", what)
	}
	if cut := len(printed) - shown; cut > 0 {
		printed = fmt.Sprintf("[%d bytes left out]\n%s", cut, strings.ToValidUTF8(printed[cut:], ""))
	}
	return fmt.Errorf("%s; it printed:\n%s", what, printed)
}
