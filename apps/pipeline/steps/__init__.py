"""The work of each kind of stage."""

from apps.pipeline.models import Kind
from apps.pipeline.steps.analyze import Analyze
from apps.pipeline.steps.assemble import Assemble
from apps.pipeline.steps.prepare import Prepare
from apps.pipeline.steps.transcribe import Transcribe
from apps.pipeline.steps.types import Step

STEPS: dict[Kind, Step] = {
    Kind.PREPARE: Prepare(),
    Kind.TRANSCRIBE: Transcribe(),
    Kind.ASSEMBLE: Assemble(),
    Kind.ANALYZE: Analyze(),
}
