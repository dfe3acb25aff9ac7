package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	keywords "github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// schema of a component's configuration.
type schema struct {
	text     string
	document map[string]any
	compiled *jsonschema.Schema
}

const draft = "https://json-schema.org/draft/2020-12/schema"

// schemaOf reads the fields of what New gave; what is no pointer to a struct takes no configuration.
func schemaOf(made any) (*schema, error) {
	value := reflect.ValueOf(made)
	if value.Kind() == reflect.Struct && value.NumField() > 0 {
		return nil, fmt.Errorf("New gives a %T; give a pointer, so that it can be configured", made)
	}
	fields := reflect.ValueOf(struct{}{})
	if value.Kind() == reflect.Pointer && value.Elem().Kind() == reflect.Struct {
		fields = value.Elem()
	}
	document, err := schemaDocument(fields, 0)
	if err != nil {
		return nil, err
	}
	document["$schema"] = draft
	text, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("its defaults cannot be written as JSON: %w", err)
	}
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("configuration.json", parsed); err != nil {
		return nil, err
	}
	compiled, err := compiler.Compile("configuration.json")
	if err != nil {
		return nil, err
	}
	return &schema{text: string(text), document: document, compiled: compiled}, nil
}

// apply reads a configuration into what New gave. What is wrong comes back as *fieldErrors, and nothing else.
func (s *schema) apply(configJSON string, target any) []*fieldError {
	if strings.TrimSpace(configJSON) == "" {
		configJSON = "{}"
	}
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(configJSON))
	if err != nil {
		return []*fieldError{{message: "is no JSON; send an object"}}
	}
	var invalid *jsonschema.ValidationError
	if errors.As(s.compiled.Validate(parsed), &invalid) {
		return s.problems(invalid)
	}
	if len(parsed.(map[string]any)) == 0 {
		return nil
	}
	var mismatch *json.UnmarshalTypeError
	switch err := json.Unmarshal([]byte(configJSON), target); {
	case errors.As(err, &mismatch):
		pointer := "/" + strings.ReplaceAll(mismatch.Field, ".", "/")
		return []*fieldError{{pointer, fmt.Sprintf("does not fit into Go's %s", mismatch.Type)}}
	case err != nil:
		return []*fieldError{{message: "cannot be read by the plugin's own types"}}
	}
	return nil
}

// problems are the leaves of what the schema found.
func (s *schema) problems(invalid *jsonschema.ValidationError) []*fieldError {
	if len(invalid.Causes) > 0 {
		var all []*fieldError
		for _, cause := range invalid.Causes {
			all = append(all, s.problems(cause)...)
		}
		return all
	}
	at := invalid.InstanceLocation
	var found []*fieldError
	switch keyword := invalid.ErrorKind.(type) {
	case *keywords.Required:
		for _, name := range keyword.Missing {
			found = append(found, &fieldError{pointerOf(append(slices.Clone(at), name)), "is missing"})
		}
	case *keywords.AdditionalProperties:
		for _, name := range keyword.Properties {
			found = append(found, &fieldError{pointerOf(append(slices.Clone(at), name)), "is not a known field; check its name"})
		}
	default:
		text := invalid.ErrorKind.LocalizedString(message.NewPrinter(language.English))
		if s.isSecret(at) {
			text = "is not what the schema asks for"
		}
		found = append(found, &fieldError{pointerOf(at), text})
	}
	return found
}

// isSecret says whether a place in a configuration is, or is inside, a field that is write-only.
func (s *schema) isSecret(location []string) bool {
	current := s.document
	for _, name := range location {
		next, _ := current["items"].(map[string]any)
		if properties, ok := current["properties"].(map[string]any); ok {
			next, _ = properties[name].(map[string]any)
		} else if values, ok := current["additionalProperties"].(map[string]any); ok {
			next = values
		}
		if next == nil {
			return false
		}
		if next["writeOnly"] == true {
			return true
		}
		current = next
	}
	return false
}

func pointerOf(location []string) string {
	var pointer strings.Builder
	for _, name := range location {
		pointer.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return pointer.String()
}
