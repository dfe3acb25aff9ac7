package plugin

import (
	"fmt"
	"regexp"

	pluginv1 "github.com/affinis/affinis/clients/go/gen/affinis/plugin/v1"
)

type kind = pluginv1.ComponentKind

const (
	embedderKind = pluginv1.ComponentKind_COMPONENT_KIND_EMBEDDER
	metricKind   = pluginv1.ComponentKind_COMPONENT_KIND_METRIC
)

// component is what the services know of a Component.
type component struct {
	kind            kind
	id, description string
	// metric is set where the kind is.
	metric *MetricComponent
	make   func() any
	schema *schema
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)

// componentsOf checks what the author wrote, once, before anything is served.
func componentsOf(p Plugin) ([]component, error) {
	if p.Name == "" || len(p.Components) == 0 {
		return nil, fmt.Errorf("a plugin needs a Name and at least one of Components")
	}
	var components []component
	seen := map[string]bool{}
	for _, given := range p.Components {
		c := given.component()
		switch key := fmt.Sprint(c.kind, c.id); {
		case !idPattern.MatchString(c.id):
			return nil, fmt.Errorf("component %q: the ID must match %s", c.id, idPattern)
		case seen[key]:
			return nil, fmt.Errorf("component %q: two of one kind have this ID", c.id)
		default:
			seen[key] = true
		}
		if m := c.metric; m != nil && (m.Unit == "" || (m.Polarity != Similarity && m.Polarity != Distance)) {
			return nil, fmt.Errorf("metric %q: Unit and Polarity are required", c.id)
		}
		made := c.make()
		if made == nil {
			return nil, fmt.Errorf("component %q: New is missing or gives nil", c.id)
		}
		schema, err := schemaOf(made)
		if err != nil {
			return nil, fmt.Errorf("component %q: %w", c.id, err)
		}
		c.schema = schema
		components = append(components, c)
	}
	return components, nil
}
