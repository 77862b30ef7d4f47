package scenario

import (
	"errors"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The words of the YAML decoder, which speak of our types.
var (
	unknownField = regexp.MustCompile(`^(line \d+): field (.*) not found in type scenario\.(\w+)$`)
	wrongType    = regexp.MustCompile("(?s)^(line \\d+): cannot unmarshal !!(\\w+)( `.*`)? into (.*)$")
)

// An object is a part of a scenario that has fields.
type object struct {
	name string // as it is called in a scenario
	of   reflect.Type
}

var objects = map[string]object{
	"scenarioFile":    {"a scenario", reflect.TypeFor[scenarioFile]()},
	"requestFile":     {"request", reflect.TypeFor[requestFile]()},
	"awsFile":         {"aws", reflect.TypeFor[awsFile]()},
	"s3File":          {"aws.s3", reflect.TypeFor[s3File]()},
	"aclFile":         {"aws.s3.acls", reflect.TypeFor[aclFile]()},
	"accessPointFile": {"aws.s3.access_point", reflect.TypeFor[accessPointFile]()},
	"kmsFile":         {"aws.kms", reflect.TypeFor[kmsFile]()},
	"grantFile":       {"aws.kms.grants", reflect.TypeFor[grantFile]()},
	"azureFile":       {"azure", reflect.TypeFor[azureFile]()},
	"gcpFile":         {"gcp", reflect.TypeFor[gcpFile]()},
	"projectFile":     {"gcp.project", reflect.TypeFor[projectFile]()},
	"nodeFile":        {"gcp.hierarchy", reflect.TypeFor[nodeFile]()},
	"boundariesFile":  {"gcp.boundaries", reflect.TypeFor[boundariesFile]()},
}

// fields returns the names of the fields of an object, in their order.
func (o object) fields() []string {
	var names []string
	for i := range o.of.NumField() {
		names = append(names, o.of.Field(i).Tag.Get("yaml"))
	}
	return names
}

// policyFields are fields by which a policy, or what the command line of a
// cloud prints, is told from a scenario.
var policyFields = regexp.MustCompile(`^(Version|Statement|Policy|PolicyDocument|PolicyVersion|Role|bindings|includedPermissions|rules|permissions|properties|value)$`)

// yamlError returns an error of the YAML decoder in the words of a scenario.
func yamlError(err error) error {
	e, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return err
	}
	var said []string
	for _, text := range e.Errors {
		if m := unknownField.FindStringSubmatch(text); m != nil {
			if m[3] == "scenarioFile" && policyFields.MatchString(m[2]) {
				return errors.New("this is a policy, not a scenario: name it in the field aws, azure or gcp of one, beside a request")
			}
			o := objects[m[3]]
			text = m[1] + ": no field " + m[2] + " in " + o.name + ": want one of " + strings.Join(o.fields(), ", ")
		} else if m := wrongType.FindStringSubmatch(text); m != nil {
			text = m[1] + ": " + kindOf[m[2]] + m[3] + " stands where " + wantOf(m[4]) + " belongs"
		}
		said = append(said, text)
	}
	return errors.New(strings.Join(said, "; "))
}

// kindOf has what a person calls the types of YAML.
var kindOf = map[string]string{
	"str": "the text", "int": "the number", "float": "the number", "bool": "the value", "null": "nothing",
	"seq": "a list", "map": "an object", "timestamp": "the date", "binary": "binary",
}

// wantOf returns what a person calls one of our types.
func wantOf(goType string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(goType, "*"), "scenario.")
	switch {
	case name == "string":
		return "a text"
	case name == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case objects[name].name == "a scenario":
		return "a scenario (an object with a request and policies)"
	}
	return "an object"
}
