package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"

	"github.com/affinis/affinis/clients/go/core"
	affinisv1 "github.com/affinis/affinis/clients/go/gen/affinis/v1"
)

// check fills in the model's digest and refuses what a host could not use.
func (d *Description) check() error {
	switch {
	case d.Modality == "" || d.Space == "" || d.Licence == "" || d.Model.Name == "" || d.Model.Version == "":
		return fmt.Errorf("Describe must give Modality, Space, Licence, and the Model's Name and Version")
	case d.Dimension < 1 || d.Dimension > core.MaxDimension:
		return fmt.Errorf("Describe gives dimension %d, outside 1 to %d", d.Dimension, core.MaxDimension)
	case (d.Variance == NoVariance) != (d.VarianceID == ""):
		return fmt.Errorf("Describe must give a VarianceID exactly where it gives a Variance")
	}
	if d.Model.SHA256 != "" {
		return nil
	}
	digest, err := programDigest()
	d.Model.SHA256 = digest
	return err
}

func (d *Description) toProto(name string) *affinisv1.EmbedderDescription {
	uncertainty := affinisv1.VarianceKind(d.Variance)
	if d.Variance == NoVariance {
		uncertainty = affinisv1.VarianceKind_VARIANCE_KIND_NONE
	}
	return &affinisv1.EmbedderDescription{
		Name:         name,
		Modality:     d.Modality,
		Model:        d.Model.toProto(),
		Dimension:    uint32(d.Dimension),
		Space:        d.Space,
		UnitNorm:     d.UnitNorm,
		Uncertainty:  uncertainty,
		VarianceId:   d.VarianceID,
		Licence:      d.Licence,
		Availability: &affinisv1.Availability{Available: true},
	}
}

func (m Model) toProto() *affinisv1.ModelIdentity {
	return &affinisv1.ModelIdentity{Name: m.Name, Version: m.Version, Sha256: m.SHA256}
}

// embedding is a vector as it was described; anything else is the author's mistake, and so Internal.
func (d *Description) embedding(vector Vector) (Embedding, error) {
	embedding := Embedding{
		Mean:       vector.Mean,
		Variance:   vector.Variance,
		UnitNorm:   d.UnitNorm,
		Space:      d.Space,
		VarianceID: d.VarianceID,
	}
	wanted := map[Variance]int{NoVariance: 0, ScalarVariance: 1, DiagonalVariance: d.Dimension}[d.Variance]
	if len(vector.Mean) != d.Dimension || len(vector.Variance) != wanted {
		return embedding, spoilt("gave %d values and %d variances where %d and %d are described",
			len(vector.Mean), len(vector.Variance), d.Dimension, wanted)
	}
	if err := embedding.Check("embedding"); err != nil {
		return embedding, spoilt("%s", strings.TrimPrefix(core.FromError(err).Message, "[affinis] "))
	}
	return embedding, nil
}

// spoilt is what the author's code gave and no host may see.
func spoilt(format string, arguments ...any) error {
	return &Error{
		Code:    codes.Internal,
		Message: fmt.Sprintf(format, arguments...) + "; this is a mistake in the plugin",
		Reason:  "BAD_ANSWER",
	}
}

func finite(score float64) error {
	if math.IsNaN(score) || math.IsInf(score, 0) {
		return spoilt("the score of these embeddings is not finite")
	}
	return nil
}

var programDigest = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
})

// Normalised scales a vector to Euclidean norm 1, in place; the zero vector stays as it is.
func Normalised(mean []float32) []float32 {
	squares := 0.0
	for _, value := range mean {
		squares += float64(value) * float64(value)
	}
	if squares == 0 {
		return mean
	}
	for d := range mean {
		mean[d] = float32(float64(mean[d]) / math.Sqrt(squares))
	}
	return mean
}
