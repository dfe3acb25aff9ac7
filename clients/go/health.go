package affinis

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// ServingState of a server or of a part of it.
type ServingState string

// The states. Unknown: the server has no such service.
const (
	Serving    ServingState = "serving"
	NotServing ServingState = "not-serving"
	Unknown    ServingState = "unknown"
)

// Health of a service: "" (the server as a whole), a service such as "affinis.v1.Embedder", or "pipelines/NAME".
func (c *Client) Health(ctx context.Context, service string) (ServingState, error) {
	check := grpc_health_v1.NewHealthClient(c.conn).Check
	response, err := unary(ctx, c, check, &grpc_health_v1.HealthCheckRequest{Service: service})
	if problem, failed := AsError(err); failed && problem.Code == codes.NotFound {
		return Unknown, nil
	}
	switch response.GetStatus() {
	case grpc_health_v1.HealthCheckResponse_SERVING:
		return Serving, err
	case grpc_health_v1.HealthCheckResponse_NOT_SERVING:
		return NotServing, err
	default:
		return Unknown, err
	}
}
