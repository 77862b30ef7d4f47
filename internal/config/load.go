package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// EnvPrefix begins the environment variables of configuration keys:
// STOWAGE_AWS_REGIONS is aws.regions.
const EnvPrefix = "STOWAGE_"

// otherVariables begin with the prefix but are no keys: they are for client
// commands, and the file's own name.
var otherVariables = []string{"STOWAGE_URL", "STOWAGE_CONFIG", "STOWAGE_POSTGRES_MIRROR", "STOWAGE_OSV_DIR"}

// Load returns the configuration from the YAML file at path (none if empty),
// the environment in the form of [os.Environ], and flags by key. All problems
// are reported at once.
func Load(path string, environ []string, flags map[string]string) (Config, error) {
	k := koanf.New(".")
	if path != "" {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return Config{}, fmt.Errorf("configuration file %s: %w", path, err)
		}
	}
	fromEnv, err := environment(environ)
	if err != nil {
		return Config{}, err
	}
	overlay := map[string]any{}
	for _, values := range []map[string]string{fromEnv, flags} {
		for key, value := range values {
			overlay[key] = value
		}
	}
	if err := k.Load(confmap.Provider(overlay, "."), nil); err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	c := Default()
	err = k.UnmarshalWithConf("", &c, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		TagName: "koanf", ErrorUnused: true, WeaklyTypedInput: true, ZeroFields: true,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(
			mapstructure.StringToTimeDurationHookFunc(),
			mapstructure.TextUnmarshallerHookFunc(),
			words,
			lists,
		),
	}})
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return c, nil
}

// words decodes the YAML words true and false for a key that has more choices:
// weak decoding would make them "1" and "0".
func words(_, to reflect.Type, data any) (any, error) {
	if b, ok := data.(bool); ok && to.Kind() == reflect.String {
		return strconv.FormatBool(b), nil
	}
	return data, nil
}

// lists decodes the text form of lists: items separated by commas; a role is
// its ARN, a mirror host=endpoint.
func lists(from, to reflect.Type, data any) (any, error) {
	text, ok := data.(string)
	if !ok || to.Kind() != reflect.Slice {
		return data, nil
	}
	items := []string{} // Not nil: that would leave the default.
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	switch to {
	case reflect.TypeFor[[]AWSRole]():
		roles := make([]AWSRole, len(items))
		for i, item := range items {
			roles[i].ARN = item
		}
		return roles, nil
	case reflect.TypeFor[[]Mirror]():
		mirrors := make([]Mirror, len(items))
		for i, item := range items {
			host, endpoint, ok := strings.Cut(item, "=")
			if !ok {
				return nil, fmt.Errorf("mirror %q is not host=endpoint", item)
			}
			mirrors[i] = Mirror{Host: host, Endpoint: endpoint}
		}
		return mirrors, nil
	}
	return items, nil
}

// environment returns the values of configuration keys in the environment.
func environment(environ []string) (map[string]string, error) {
	byVariable := map[string]string{}
	for _, key := range Keys() {
		byVariable[Variable(key)] = key
	}
	values := map[string]string{}
	var problems []error
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		key, known := byVariable[name]
		switch {
		case known:
			values[key] = value
		case name == "DATABASE_URL" && value != "":
			if _, ok := values["database_url"]; !ok {
				values["database_url"] = value
			}
		case strings.HasPrefix(name, EnvPrefix) && !slices.Contains(otherVariables, name):
			problems = append(problems, fmt.Errorf("environment variable %s is no configuration key; see docs/configuration.md", name))
		}
	}
	return values, errors.Join(problems...)
}

// Variable returns the environment variable of a key.
func Variable(key string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Keys returns the keys of all fields: "aws.regions".
func Keys() []string { return keys(reflect.TypeFor[Config](), "") }

func keys(t reflect.Type, prefix string) []string {
	var all []string
	for i := range t.NumField() {
		f := t.Field(i)
		key := prefix + f.Tag.Get("koanf")
		if f.Type.Kind() == reflect.Struct {
			all = append(all, keys(f.Type, key+".")...)
			continue
		}
		all = append(all, key)
	}
	return all
}

// DefaultPath returns the configuration file that is read when none is named:
// STOWAGE_CONFIG, or stowage.yaml in the working directory if it exists.
func DefaultPath() string {
	if p := os.Getenv("STOWAGE_CONFIG"); p != "" {
		return p
	}
	if _, err := os.Stat("stowage.yaml"); err == nil {
		return "stowage.yaml"
	}
	return ""
}
