"""What can be wrong with a file that somebody sent."""

from apps.core.errors import PermanentError, TransientError, UserError


class UnsupportedMediaError(UserError):
    """The first kilobytes are not those of a format that we read."""

    code = "unsupported_media"
    title = "This is not an audio or video format that we read"
    status = 415


class EmptyFileError(UserError):
    code = "empty_file"
    title = "The file is empty"


class CorruptedAudioError(PermanentError):
    """The file cannot be decoded, or a part of what it promises is missing."""

    code = "corrupted_audio_file"
    title = "The file is corrupted or truncated"


class NoAudioError(PermanentError):
    code = "no_audio_in_file"
    title = "The file has no audio track"


class MediaTooLongError(PermanentError):
    code = "media_duration_too_long"
    title = "The audio is longer than allowed"


class DecoderKilledError(PermanentError):
    """The decoder crashed on this file or used more than its limits: a hostile or badly broken file."""

    code = "decoder_killed"
    title = "The file crashed its decoder or used too much"


class RecordingNotFoundError(UserError):
    code = "recording_not_found"
    title = "There is no such recording"
    status = 404


class NoSpaceLeftError(TransientError):
    """The worker's temporary folder is full: nothing is wrong with the file."""

    code = "no_space_left"
    title = "No space left to prepare the audio"
