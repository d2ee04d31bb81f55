import av
import numpy as np

from apps.recordings.media import tools
from apps.recordings.media.types import Piece
from tests.recordings.media.sounds import load, write


def samples_of(path):
    with av.open(str(path)) as container:
        blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def test_pieces_are_exact_to_the_sample_in_any_order(tmp_path):
    (speech,) = load("en_sonnet2_48k.webm")
    whole = write(tmp_path / "whole.flac", speech, codec="flac")
    sound = samples_of(whole)
    spans = [(0, 1_000), (12_345, 17_001), (52_000, 52_906), (3_003, 3_004)]

    pieces = [Piece(start, end, tmp_path / f"{start}.flac") for start, end in spans]
    tools.cut(whole, pieces)

    for piece in pieces:
        assert np.array_equal(samples_of(piece.file), sound[piece.start_ms * 16 : piece.end_ms * 16])


def test_a_piece_beyond_the_end_is_shorter(tmp_path):
    (speech,) = load("en_cards_16k.wav")
    whole = write(tmp_path / "whole.flac", speech, codec="flac")
    tools.cut(whole, [Piece(3_000, 9_000, tmp_path / "piece.flac")])
    assert np.array_equal(samples_of(tmp_path / "piece.flac"), samples_of(whole)[48_000:])


def test_nothing_to_cut_starts_nothing(tmp_path):
    tools.cut(tmp_path / "not there.flac", [])
