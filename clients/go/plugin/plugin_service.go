package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	pluginv1 "github.com/affinis/affinis/clients/go/gen/affinis/plugin/v1"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

// maxMessageBytes is the largest message that a plugin sends and takes.
const maxMessageBytes = 64 << 20

// protocolVersions that this SDK speaks.
var protocolVersions = []uint32{1}

// pluginService serves affinis.plugin.v1.Plugin.
type pluginService struct {
	pluginv1.UnimplementedPluginServer
	plugin     Plugin
	components []component
	instances  *instances
	// shutdown begins the end of the process and returns.
	shutdown func()
}

func (s *pluginService) Handshake(_ context.Context, request *pluginv1.HandshakeRequest) (*pluginv1.HandshakeResponse, error) {
	var common uint32
	for _, version := range request.GetProtocolVersions() {
		if slices.Contains(protocolVersions, version) {
			common = max(common, version)
		}
	}
	if common == 0 {
		return nil, &Error{
			Code: codes.FailedPrecondition,
			Message: fmt.Sprintf("[plugin] the host speaks protocol versions %v, this plugin %v; use an SDK of the host's version",
				request.GetProtocolVersions(), protocolVersions),
			Reason: "NO_COMMON_VERSION",
		}
	}
	response := &pluginv1.HandshakeResponse{
		ProtocolVersion: common,
		Name:            s.plugin.Name,
		Version:         s.plugin.Version,
		MaxMessageBytes: maxMessageBytes,
	}
	for _, c := range s.components {
		response.Components = append(response.Components,
			&pluginv1.Component{Kind: c.kind, Id: c.id, Description: c.description})
	}
	return response, nil
}

func (s *pluginService) GetSchema(_ context.Context, request *pluginv1.GetSchemaRequest) (*pluginv1.GetSchemaResponse, error) {
	found, err := s.component(request.GetKind(), request.GetId())
	if err != nil {
		return nil, err
	}
	return &pluginv1.GetSchemaResponse{JsonSchema: found.schema.text}, nil
}

// ValidateConfig opens what the configuration asks for and closes it again, so that it finds all that Configure would.
func (s *pluginService) ValidateConfig(
	ctx context.Context, request *pluginv1.ValidateConfigRequest,
) (*pluginv1.ValidateConfigResponse, error) {
	found, err := s.component(request.GetKind(), request.GetId())
	if err != nil {
		return nil, err
	}
	made, problems := s.make(ctx, found, request.GetConfigJson())
	if made != nil {
		_ = closeAuthor(made.author)
	}
	response := &pluginv1.ValidateConfigResponse{}
	for _, problem := range problems {
		response.Diagnostics = append(response.Diagnostics,
			&pluginv1.Diagnostic{Pointer: problem.pointer, Message: strings.ToValidUTF8(problem.message, "")})
	}
	return response, nil
}

func (s *pluginService) Configure(
	ctx context.Context, request *pluginv1.ConfigureRequest,
) (*pluginv1.ConfigureResponse, error) {
	found, err := s.component(request.GetKind(), request.GetId())
	if err != nil {
		return nil, err
	}
	made, problems := s.make(ctx, found, request.GetConfigJson())
	if len(problems) > 0 {
		return nil, refusal(found.id, problems)
	}
	return &pluginv1.ConfigureResponse{InstanceId: s.instances.add(made)}, nil
}

func (s *pluginService) DescribeInstance(
	_ context.Context, request *pluginv1.DescribeInstanceRequest,
) (*pluginv1.DescribeInstanceResponse, error) {
	found, err := s.instances.get(request.GetInstanceId())
	if err != nil {
		return nil, err
	}
	if m := found.component.metric; m != nil {
		return &pluginv1.DescribeInstanceResponse{Description: &pluginv1.DescribeInstanceResponse_Metric{
			Metric: &affinisv1.MetricDescription{
				Name:          m.ID,
				Description:   m.Description,
				Unit:          m.Unit,
				Polarity:      affinisv1.Polarity(m.Polarity),
				NeedsVariance: m.NeedsVariance,
			},
		}}, nil
	}
	return &pluginv1.DescribeInstanceResponse{Description: &pluginv1.DescribeInstanceResponse_Embedder{
		Embedder: found.description.toProto(found.component.id),
	}}, nil
}

func (s *pluginService) Dispose(_ context.Context, request *pluginv1.DisposeRequest) (*pluginv1.DisposeResponse, error) {
	s.instances.dispose(request.GetInstanceId())
	return &pluginv1.DisposeResponse{}, nil
}

func (s *pluginService) Shutdown(context.Context, *pluginv1.ShutdownRequest) (*pluginv1.ShutdownResponse, error) {
	s.shutdown()
	return &pluginv1.ShutdownResponse{}, nil
}

func (s *pluginService) component(kind kind, id string) (*component, error) {
	for at := range s.components {
		if c := &s.components[at]; c.kind == kind && c.id == id {
			return c, nil
		}
	}
	return nil, notFound("this plugin has no component %q of that kind", id)
}

// make configures and opens an instance, or says what is wrong with its configuration.
func (s *pluginService) make(ctx context.Context, c *component, configJSON string) (*instance, []*fieldError) {
	made := &instance{component: *c, author: c.make()}
	if problems := c.schema.apply(configJSON, made.author); len(problems) > 0 {
		return nil, problems
	}
	_, err := guarded(func() (struct{}, error) {
		if opener, ok := made.author.(Opener); ok {
			if err := opener.Open(ctx); err != nil {
				return struct{}{}, err
			}
		}
		if embedder, ok := made.author.(Embedder); ok && c.kind == embedderKind {
			made.description = embedder.Describe()
			return struct{}{}, made.description.check()
		}
		return struct{}{}, nil
	})
	if err == nil {
		return made, nil
	}
	_ = closeAuthor(made.author)
	var wrong *fieldError
	if errors.As(err, &wrong) {
		return nil, []*fieldError{wrong}
	}
	return nil, []*fieldError{{message: problem(c.id, err).Message}}
}

// refusal puts all that is wrong into one error, under the first field.
func refusal(id string, problems []*fieldError) error {
	message := ""
	for _, problem := range problems {
		if message != "" {
			message += "; "
		}
		message += problem.Error()
	}
	field := problems[0].pointer
	if field == "" {
		field = "config_json"
	}
	return &Error{
		Code:    codes.InvalidArgument,
		Message: fmt.Sprintf("[%s] the configuration is wrong: %s", id, message),
		Field:   field,
		Reason:  "BAD_CONFIGURATION",
	}
}
