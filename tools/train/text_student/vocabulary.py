"""The student's WordPiece vocabulary: the teacher's without its unused entries, in an order that tells kinds apart."""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece

PAD, UNKNOWN, CLS, SEP = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
SPECIAL = [PAD, UNKNOWN, CLS, SEP]
NOT_KEPT = {"[MASK]"}


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by id: special ones, single characters, whole words, then pieces (`##...`) that continue a word.

    The order lets the graph tell the kind of a token from its id alone.
    """

    tokens: list[str]
    first_character: int
    first_word: int
    first_piece: int

    def __len__(self) -> int:
        return len(self.tokens)

    def file(self) -> bytes:
        return "".join(f"{token}\n" for token in self.tokens).encode()

    def tokenizer(self) -> Tokenizer:
        """BERT's uncased tokenizer over these tokens; it adds no special tokens by itself."""
        return word_piece(self.tokens, SPECIAL)


def student_vocabulary(teacher: list[str]) -> Vocabulary:
    """Keeps every token that a text can contain, so nothing becomes [UNK] that was not so for the teacher."""
    kept = [token for token in teacher if not token.startswith("[unused") and token not in {*SPECIAL, *NOT_KEPT}]
    pieces = [token for token in kept if token.startswith("##")]
    words = [token for token in kept if not token.startswith("##") and len(token) > 1]
    characters = [token for token in kept if len(token) == 1]
    tokens = [*SPECIAL, *characters, *words, *pieces]
    first_word = len(SPECIAL) + len(characters)
    return Vocabulary(tokens, len(SPECIAL), first_word, first_word + len(words))


def word_piece(tokens: list[str], special: list[str]) -> Tokenizer:
    ids = {token: row for row, token in enumerate(tokens)}
    tokenizer = Tokenizer(WordPiece(ids, unk_token=UNKNOWN, max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return tokenizer
