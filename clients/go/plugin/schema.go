package plugin

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

const maxDepth = 16

// schemaDocument describes a struct's exported fields as JSON Schema; their values are the defaults.
func schemaDocument(value reflect.Value, depth int) (map[string]any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s holds itself, or is too deep to be configured", value.Type())
	}
	properties, required := map[string]any{}, []string{}
	for _, field := range reflect.VisibleFields(value.Type()) {
		name, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || (name == "-" && rest == "") || isFlattened(field, name) || isShadowed(value.Type(), field) {
			continue
		}
		if name == "" {
			name = field.Name
		}
		current, err := value.FieldByIndexErr(field.Index)
		if err != nil {
			current = reflect.Zero(field.Type) // inside an embedded pointer that is nil
		}
		property, err := propertyOf(current, depth)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", field.Name, err)
		}
		mandatory, err := applyTags(property, field.Tag)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", field.Name, err)
		}
		if mandatory {
			required = append(required, name)
			delete(property, "default")
		}
		if property["writeOnly"] == true {
			delete(property, "default")
		}
		properties[name] = property
	}
	document := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		document["required"] = required
	}
	return document, nil
}

// propertyOf describes a value's type; its value is the default where it is not zero.
func propertyOf(value reflect.Value, depth int) (map[string]any, error) {
	property, err := typeSchema(value, depth)
	if err != nil || value.Kind() == reflect.Struct || value.Kind() == reflect.Pointer || value.IsZero() {
		return property, err
	}
	property["default"] = value.Interface()
	return property, nil
}

func typeSchema(value reflect.Value, depth int) (map[string]any, error) {
	kind := value.Type()
	if reflect.PointerTo(kind).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return map[string]any{}, nil // only the type itself knows what it reads
	}
	switch kind.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}, nil
	case reflect.String:
		return map[string]any{"type": "string"}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}, nil
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}, nil
	case reflect.Interface:
		return map[string]any{}, nil
	case reflect.Struct:
		return schemaDocument(value, depth+1)
	case reflect.Pointer:
		if value.IsNil() {
			value = reflect.New(kind.Elem())
		}
		return propertyOf(value.Elem(), depth)
	case reflect.Slice, reflect.Array:
		items, err := typeSchema(reflect.New(kind.Elem()).Elem(), depth)
		return map[string]any{"type": "array", "items": items}, err
	case reflect.Map:
		values, err := typeSchema(reflect.New(kind.Elem()).Elem(), depth)
		return map[string]any{"type": "object", "additionalProperties": values}, err
	default:
		return nil, fmt.Errorf("a %s cannot be configured; tag it `json:\"-\"`", kind)
	}
}

// applyTags reads the tags affinis and description, and says whether the field is required.
func applyTags(property map[string]any, tag reflect.StructTag) (required bool, err error) {
	if description := tag.Get("description"); description != "" {
		property["description"] = description
	}
	for _, option := range strings.Split(tag.Get("affinis"), ",") {
		name, text, _ := strings.Cut(option, "=")
		switch name {
		case "":
		case "required":
			required = true
		case "secret":
			property["writeOnly"] = true
		case "oneof":
			property["enum"] = strings.Split(text, "|")
		case "min", "max", "above", "below":
			bound, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return required, fmt.Errorf("tag affinis: %q is no number", option)
			}
			property[boundKeywords[name]] = bound
		default:
			return required, fmt.Errorf("tag affinis: unknown option %q", option)
		}
	}
	return required, nil
}

var boundKeywords = map[string]string{
	"min": "minimum", "max": "maximum", "above": "exclusiveMinimum", "below": "exclusiveMaximum",
}

// isFlattened says whether the fields of an embedded struct stand in its place, as encoding/json has it.
func isFlattened(field reflect.StructField, name string) bool {
	kind := field.Type
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	return field.Anonymous && name == "" && kind.Kind() == reflect.Struct
}

// isShadowed says whether the field is inside an embedded struct that has a name of its own.
func isShadowed(parent reflect.Type, field reflect.StructField) bool {
	for depth := 1; depth < len(field.Index); depth++ {
		outer := parent.FieldByIndex(field.Index[:depth])
		if name, _, _ := strings.Cut(outer.Tag.Get("json"), ","); !isFlattened(outer, name) {
			return true
		}
	}
	return false
}
