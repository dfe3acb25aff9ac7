"""The student as an ONNX model: integer table, log variances in float16, everything else computed in the graph."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper, parser

from .student import UNKNOWN_ID, Student

FEATURES = [
    "log of the summed precision",
    "log of the length of the weighted mean of the directions",
    "log of the effective number of tokens",
    "mean log variance of the tokens",
    "largest log variance",
    "smallest log variance",
    "log of 1 + the number of tokens",
    "share of unknown tokens",
    "share of single characters",
    "share of pieces that continue a word",
]

# Shapes: N sentences, T tokens, H = D / 2 bytes a token. [CLS], [SEP] and padding count nothing and weigh nothing.
# The sum over tokens is a product of matrices, which padding leaves as it is to the last bit.
GRAPH = """
<ir_version: 8, opset_import: ["": 13], producer_name: "affinis">
text_student (int64[N, T] input_ids, int64[N, T] attention_mask)
    => (float[N, {dimension}] embedding, float[N, {features}] features) {{
  ordinary = GreaterOrEqual(input_ids, first_character)
  unknown = Equal(input_ids, unknown_id)
  meaningful = Or(ordinary, unknown)
  attended = Cast<to = 9>(attention_mask)
  counted = And(meaningful, attended)
  count = Cast<to = 1>(counted)

  stored_variance = Gather(log_variances, input_ids)
  log_variance = Cast<to = 1>(stored_variance)
  negative = Neg(log_variance)
  certainty = Exp(negative)
  precision = Mul(certainty, count)

  bytes = Gather(table, input_ids)
  numbers = Cast<to = 1>(bytes)
  sixteenths = Mul(numbers, sixteenth)
  high = Floor(sixteenths)
  high_part = Mul(high, sixteen)
  low = Sub(numbers, high_part)
  codes = Concat<axis = 2>(high, low)
  vectors = Sub(codes, eight)
  squares = Mul(vectors, vectors)
  square_norms = ReduceSum<keepdims = 0>(squares, axis2)
  norms = Sqrt(square_norms)
  weight = Div(precision, norms)
  weight_row = Unsqueeze(weight, axis1)
  sum_row = MatMul(weight_row, vectors)
  sum = Squeeze(sum_row, axis1)
  sum_squares = Mul(sum, sum)
  sum_square = ReduceSum(sum_squares, axis1)
  sum_norm = Sqrt(sum_square)
  safe_norm = Max(sum_norm, tiny)
  embedding = Div(sum, safe_norm)

  total = ReduceSum(precision, axis1)
  safe_total = Max(total, tiny)
  log_total = Log(safe_total)
  mean_length = Div(safe_norm, safe_total)
  log_length = Log(mean_length)
  precision_squares = Mul(precision, precision)
  precision_square = ReduceSum(precision_squares, axis1)
  safe_square = Max(precision_square, tiny)
  log_square = Log(safe_square)
  twice_log_total = Add(log_total, log_total)
  log_effective = Sub(twice_log_total, log_square)
  tokens = ReduceSum(count, axis1)
  safe_tokens = Max(tokens, one)
  counted_variance = Mul(log_variance, count)
  variance_sum = ReduceSum(counted_variance, axis1)
  mean_variance = Div(variance_sum, safe_tokens)
  lowest = Where(counted, log_variance, minus_thirty)
  largest_variance = ReduceMax<axes = [1]>(lowest)
  highest = Where(counted, log_variance, thirty)
  smallest_variance = ReduceMin<axes = [1]>(highest)
  tokens_and_one = Add(tokens, one)
  log_tokens = Log(tokens_and_one)
  unknown_counted = And(unknown, counted)
  unknown_count = Cast<to = 1>(unknown_counted)
  unknown_sum = ReduceSum(unknown_count, axis1)
  unknown_share = Div(unknown_sum, safe_tokens)
  before_words = Less(input_ids, first_word)
  short_or_unknown = And(before_words, counted)
  short_and_known = And(short_or_unknown, ordinary)
  character_count = Cast<to = 1>(short_and_known)
  character_sum = ReduceSum(character_count, axis1)
  character_share = Div(character_sum, safe_tokens)
  continuing = GreaterOrEqual(input_ids, first_piece)
  continuing_counted = And(continuing, counted)
  piece_count = Cast<to = 1>(continuing_counted)
  piece_sum = ReduceSum(piece_count, axis1)
  piece_share = Div(piece_sum, safe_tokens)
  features = Concat<axis = 1>(log_total, log_length, log_effective, mean_variance, largest_variance,
    smallest_variance, log_tokens, unknown_share, character_share, piece_share)
}}
"""


def onnx_model(student: Student) -> bytes:
    codes = student.codes()
    vocabulary = student.vocabulary
    model = parser.parse_model(GRAPH.format(dimension=codes.shape[1], features=len(FEATURES)))
    constants = {
        "table": packed(codes),
        "log_variances": student.log_variances.weight.detach().numpy()[:, 0].astype(np.float16),
        "first_character": np.int64(vocabulary.first_character),
        "first_word": np.int64(vocabulary.first_word),
        "first_piece": np.int64(vocabulary.first_piece),
        "unknown_id": np.int64(UNKNOWN_ID),
        "sixteen": np.float32(16),
        "sixteenth": np.float32(1 / 16),
        "eight": np.float32(8),
        "one": np.float32(1),
        "tiny": np.float32(1e-12),
        "thirty": np.float32(30),
        "minus_thirty": np.float32(-30),
        "axis1": np.array([1], np.int64),
        "axis2": np.array([2], np.int64),
    }
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def packed(codes: np.ndarray) -> np.ndarray:
    """Integers int64[V, D] of -7..7 as uint8[V, D / 2]: the first half of the dimensions in the upper four bits."""
    high, low = np.split(codes + 8, 2, axis=1)
    return (high * 16 + low).astype(np.uint8)
