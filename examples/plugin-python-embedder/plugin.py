"""Embeds a recording as statistics of its mel frequency cepstral coefficients: how it sounds, not what is said."""

import io
from typing import Annotated

import kaldi_native_fbank as knf
import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from affinis.plugin import Embedder, InvalidSample, Media, Options, Pcm, option, reading, serve

SAMPLE_RATE_HZ = 16_000
MEL_BINS = 40
FULL_SCALE = 32768

Sound = npt.NDArray[np.float32]


class MfccOptions(Options):
    coefficients: Annotated[int, option("Coefficients a frame, without the loudness", ge=2, le=39)] = 20


class Mfcc(Embedder[Media | Pcm, MfccOptions]):
    """Mean and standard deviation of MFCC (Davis and Mermelstein 1980)."""

    id = "mfcc"
    version = "1"
    licence = "Apache-2.0"
    modality = "voice"

    def __init__(self, options: MfccOptions) -> None:
        super().__init__(options)
        self.dimension = 2 * options.coefficients
        self._settings = knf.MfccOptions()
        self._settings.frame_opts.samp_freq = SAMPLE_RATE_HZ
        self._settings.frame_opts.dither = 0
        self._settings.mel_opts.num_bins = MEL_BINS
        self._settings.num_ceps = options.coefficients + 1
        self._settings.use_energy = False

    def embed(self, sample: Media | Pcm) -> npt.NDArray[np.float64]:
        frames = self._frames(mono(sample))
        return np.concatenate([frames.mean(axis=0), frames.std(axis=0)])

    def _frames(self, sound: Sound) -> npt.NDArray[np.float64]:
        """float64[frames, coefficients], one every 10 ms; coefficient 0, the loudness, is left out."""
        mfcc = knf.OnlineMfcc(self._settings)
        mfcc.accept_waveform(SAMPLE_RATE_HZ, (sound * FULL_SCALE).tolist())
        mfcc.input_finished()
        if mfcc.num_frames_ready < 2:
            raise InvalidSample("is shorter than 35 ms; send a longer recording")
        return np.stack([mfcc.get_frame(index)[1:] for index in range(mfcc.num_frames_ready)]).astype(np.float64)


def mono(sample: Media | Pcm) -> Sound:
    """float32[frames] at 16 kHz, channels averaged."""
    if isinstance(sample, Pcm):
        channels, rate_hz = sample.samples.reshape(-1, sample.channels), sample.sample_rate_hz
    else:
        with reading("a recording (WAV, FLAC, MP3 or OGG)"):
            channels, rate_hz = soundfile.read(io.BytesIO(sample.data), dtype="float32", always_2d=True)
    sound: Sound = soxr.resample(channels.mean(axis=1), rate_hz, SAMPLE_RATE_HZ)
    return sound


serve(Mfcc)
