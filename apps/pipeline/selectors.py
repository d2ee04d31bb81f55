"""Questions about runs."""

from apps.pipeline.models import Run
from apps.transcripts.models import Transcript
from apps.transcripts.selectors import transcript_current


def transcript_of(run: Run) -> Transcript | None:
    """Return the transcript that the run works on; None before it is assembled.

    It is read once for an instance: nobody else makes another version while a run is open.
    """
    if not hasattr(run, "transcript"):
        run.transcript = transcript_current(recording=run.recording)
    return run.transcript
