package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Config is an image's configuration as published, with the values that may
// not be stored. It is only for the time of a check.
type Config struct {
	Env     []Variable
	Labels  map[string]string
	Command []string // Entrypoint and Cmd.
	// History are the build steps as written, oldest first.
	History []string
}

// A Variable is an environment variable.
type Variable struct{ Name, Value string }

// errConfig quotes nothing of what it is about, unlike the JSON decoder.
var errConfig = errors.New("the configuration is not that of an image")

// ParseConfig decodes an image's configuration.
// See https://github.com/opencontainers/image-spec/blob/main/config.md.
func ParseConfig(raw []byte) (Config, error) {
	var c struct {
		Config struct {
			Env        []string          `json:"Env"`
			Labels     map[string]string `json:"Labels"`
			Entrypoint words             `json:"Entrypoint"`
			Cmd        words             `json:"Cmd"`
		} `json:"config"`
		History []struct {
			CreatedBy string `json:"created_by"`
		} `json:"history"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return Config{}, errConfig
	}
	out := Config{
		Labels:  c.Config.Labels,
		Command: append(c.Config.Entrypoint[:len(c.Config.Entrypoint):len(c.Config.Entrypoint)], c.Config.Cmd...),
	}
	for _, s := range c.Config.Env {
		name, value, _ := strings.Cut(s, "=")
		out.Env = append(out.Env, Variable{name, value})
	}
	for _, h := range c.History {
		out.History = append(out.History, h.CreatedBy)
	}
	return out, nil
}

// words are a list that may be written as one string.
type words []string

func (w *words) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*w = words{s}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(w))
}

// plural returns one of two formats with the number in it.
func plural(n int, one, many string) string {
	if n == 1 {
		return fmt.Sprintf(one, n)
	}
	return fmt.Sprintf(many, n)
}

// days returns a duration in whole days.
func days(d time.Duration) int { return int(d.Hours() / 24) }
