"""Prepare the audio: probe, one decode pass, a chunk plan, and the files that engines and listeners get."""

import hashlib
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings

from apps.core import storage
from apps.pipeline.services.claims import Claim
from apps.pipeline.steps.types import Outcome
from apps.recordings import services as recordings
from apps.recordings.media import tools as media
from apps.recordings.media.chunks import Chunk, plan_chunks
from apps.recordings.media.formats import FORMATS
from apps.recordings.media.types import MediaLimits, Piece, Prepared, PreparedChannel
from apps.recordings.models import PreparedAudio, Recording
from apps.recordings.services import Mirror

VERSION = "1"
"""Part of the name of every chunk's content: raise it when the same recording would be cut or filtered otherwise."""

FLAC = "audio/flac"

QUIET_SPEECH_DBFS = -45.0
"""Speech below this level is warned about: engines miss words in it."""
MUCH_CLIPPING = 0.01


class Prepare:
    def compute(self, claim: Claim) -> Outcome:
        recording = claim.stage.run.recording
        prefix = f"{recording.prefix}prepared/{claim.stage.pk}-{claim.token}/"
        with TemporaryDirectory(prefix="vox-prepare-") as name:
            source, out = Path(name) / "source", Path(name) / "out"
            out.mkdir()
            storage.download(recording.object_key, source)
            limits = MediaLimits(max_duration_ms=settings.AUDIO_MAX_SECONDS * 1000)
            # It looks at the headers first: what is too long or has no sound is refused before it is decoded.
            prepared = media.prepare(source, FORMATS[recording.container], out, limits=limits, stop=claim.stop)
            channels = [_keep_channel(prefix, index, one) for index, one in enumerate(prepared.channels)]
            playback_key = _keep_playback(prefix, prepared, channels)
            chunks = _keep_chunks(claim, prefix, prepared, channels)
        speech_ms = sum(channel.speech_ms for channel in prepared.channels)
        result = {"chunks": chunks, "speech_ms": speech_ms, "warnings": warnings_about(prepared)}

        def save(locked: Recording) -> None:
            _forget_earlier(locked)
            recordings.prepared_save(
                recording=locked,
                playback_key=playback_key,
                channels=channels,
                peaks=prepared.peaks,
                measures=measures_of(prepared),
                duration_ms=prepared.duration_ms,
            )

        return Outcome(result, save, Mirror(duration_ms=prepared.duration_ms, speech_ms=speech_ms))


def measures_of(prepared: Prepared) -> dict[str, Any]:
    """Return what was measured, as plain JSON."""
    return asdict(prepared.levels) | {
        "codec": prepared.codec,
        "sample_rate": prepared.sample_rate,
        "channels": prepared.source_channels,
        "packets": prepared.packets,
        "bad_packets": prepared.bad_packets,
    }


def warnings_about(prepared: Prepared) -> list[str]:
    """Name what readers of the transcript should know about the sound."""
    if not any(channel.speech for channel in prepared.channels):
        return ["no_speech"]
    levels = prepared.levels
    is_quiet = levels.speech_dbfs is not None and levels.speech_dbfs < QUIET_SPEECH_DBFS
    return ["poor_audio"] if is_quiet or levels.clipping_share > MUCH_CLIPPING else []


def _keep_channel(prefix: str, index: int, channel: PreparedChannel) -> dict[str, Any]:
    key = f"{prefix}channel-{index}.flac"
    return {
        "key": key,
        "sha256": _upload(channel.file, key),
        "speech": [[region.start_ms, region.end_ms] for region in channel.speech],
    }


def _keep_playback(prefix: str, prepared: Prepared, channels: list[dict[str, Any]]) -> str:
    """Upload what people listen to; a recording with one channel is its own playback."""
    if prepared.playback == prepared.channels[0].file:
        return str(channels[0]["key"])
    key = f"{prefix}playback.flac"
    _upload(prepared.playback, key)
    return key


def _keep_chunks(claim: Claim, prefix: str, prepared: Prepared, channels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cut the channels into chunks and upload each, so that a worker reads only the chunk that it transcribes."""
    max_ms = settings.CHUNK_MAX_SECONDS * 1000
    if prepared.duration_ms <= max_ms:
        whole = [(number, one) for number, one in enumerate(prepared.channels) if one.speech]
        return [_entry(number, 0, prepared.duration_ms, channels[number]["key"]) for number, _ in whole]
    speech = [channel.speech for channel in prepared.channels]
    target_ms = settings.CHUNK_TARGET_SECONDS * 1000
    plan = plan_chunks(speech, prepared.duration_ms, target_ms=target_ms, max_ms=max_ms)
    for number, track in enumerate(prepared.channels):
        pieces = [
            Piece(chunk.start_ms, chunk.end_ms, _chunk_file(prepared, chunk))
            for chunk in plan
            if chunk.channel == number
        ]
        if pieces:
            media.cut(track.file, pieces, stop=claim.stop)
    kept = []
    for chunk in plan:
        key = f"{prefix}chunk-{chunk.index}.flac"
        _upload(_chunk_file(prepared, chunk), key)
        kept.append(_entry(chunk.channel, chunk.start_ms, chunk.end_ms, key))
    return kept


def _chunk_file(prepared: Prepared, chunk: Chunk) -> Path:
    return prepared.playback.with_name(f"chunk-{chunk.index}.flac")


def _entry(channel: int, start_ms: int, end_ms: int, key: str) -> dict[str, Any]:
    return {"channel": channel, "start_ms": start_ms, "end_ms": end_ms, "key": key, "version": VERSION}


def _upload(file: Path, key: str) -> str:
    """Store a file; returns the SHA-256 of its bytes."""
    digest = hashlib.sha256()
    with file.open("rb") as source, storage.open_writer(key, FLAC) as writer:
        while block := source.read(storage.BLOCK_BYTES):
            digest.update(block)
            writer.write(block)
    return digest.hexdigest()


def _forget_earlier(recording: Recording) -> None:
    """Have the files of an earlier preparation removed."""
    earlier = PreparedAudio.objects.filter(recording=recording).first()
    if earlier is not None:
        recordings.prefix_remove(prefix=earlier.playback_key.rsplit("/", 1)[0] + "/")
