"""What our objects look like in answers (docs/api.md). The OpenAPI description is made from the same classes."""

from typing import Any, TypedDict

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from apps.analysis.models import Report
from apps.analysis.scenarios import Scenario
from apps.analysis.types import Reason, State
from apps.api.openapi import RECORDING
from apps.pipeline.models import Kind
from apps.recordings.models import Recording
from apps.transcripts.models import Transcript, Utterance


class Cost(TypedDict):
    """Money that a recording was expected to cost, and has cost, as decimal text."""

    estimated: str
    actual: str
    currency: str


FREE = "0.000000"
"""What the local engines cost; as long as there are no others, it is also the estimate."""

NO_COST = Cost(estimated=FREE, actual=FREE, currency="USD")


class GapSerializer(serializers.Serializer[Any]):
    start = serializers.IntegerField(help_text="Milliseconds.")
    end = serializers.IntegerField(help_text="Milliseconds.")


class CoverageSerializer(serializers.Serializer[Any]):
    """How much of the detected speech has text."""

    speech_ms = serializers.IntegerField(help_text="How much speech was detected.")
    covered_ms = serializers.IntegerField(help_text="How much of it has text.")
    gaps = GapSerializer(many=True)

    def to_representation(self, instance: Recording | Transcript) -> Any:  # noqa: ANN401 - a dict or None
        """Return None until the speech has been found and transcribed."""
        if instance.speech_ms is None or instance.covered_ms is None:
            return None
        return super().to_representation(instance)


class CostSerializer(serializers.Serializer[Any]):
    estimated = serializers.CharField(help_text="A decimal number as text.")
    actual = serializers.CharField(help_text="A decimal number as text.")
    currency = serializers.CharField()


class FailureSerializer(serializers.Serializer[Any]):
    """What went wrong; the codes are listed in docs/errors.md."""

    code = serializers.CharField(source="error_code")
    detail = serializers.CharField(source="error_detail")

    def to_representation(self, instance: Recording | Report) -> Any:  # noqa: ANN401 - a dict or None
        """Return None where nothing went wrong."""
        return super().to_representation(instance) if instance.error_code else None


@extend_schema_serializer(examples=[OpenApiExample("With a gap", RECORDING, response_only=True)])
class RecordingSerializer(serializers.Serializer[Any]):
    """A recording. Its text, reports and sound have addresses of their own."""

    id = serializers.UUIDField()
    object = serializers.SerializerMethodField()
    status = serializers.ChoiceField(Recording.Status.choices)
    stage = serializers.SerializerMethodField()
    progress = serializers.IntegerField(help_text="0-100.")
    title = serializers.CharField()
    filename = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    duration_ms = serializers.IntegerField(allow_null=True, help_text="Of the decoded audio track.")
    language_code = serializers.SerializerMethodField()
    scenario = serializers.CharField()
    speakers_expected = serializers.IntegerField(allow_null=True)
    keyterms = serializers.ListField(child=serializers.CharField())
    metadata = serializers.DictField()
    duplicate_of = serializers.UUIDField(
        source="duplicate_of_id", allow_null=True, help_text="The first recording with the same bytes."
    )
    coverage = CoverageSerializer(source="*", allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())
    cost = serializers.SerializerMethodField()
    error = FailureSerializer(source="*", allow_null=True)
    created_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.ChoiceField(["recording"]))
    def get_object(self, _recording: Recording) -> str:
        return "recording"

    @extend_schema_field(serializers.ChoiceField([*Kind.values, "deliver"], allow_null=True))
    def get_stage(self, recording: Recording) -> str | None:
        return recording.stage or None

    def get_language_code(self, recording: Recording) -> str | None:
        return recording.language_code or None

    @extend_schema_field(CostSerializer)
    def get_cost(self, recording: Recording) -> Cost:
        costs: dict[Any, Cost] = self.context["costs"]
        return costs.get(recording.pk, NO_COST)


class EngineSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    model = serializers.CharField()


class WordSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    confidence = serializers.FloatField(allow_null=True)


WORD_FIELDS = ("text", "start", "end", "confidence")
"""Written by hand: a long transcript has tens of thousands of words."""


class UtteranceSerializer(serializers.Serializer[Any]):
    """A stretch of one speaker. Times are milliseconds from the start of the recording."""

    id = serializers.UUIDField()
    speaker = serializers.CharField()
    start = serializers.IntegerField(source="start_ms")
    end = serializers.IntegerField(source="end_ms")
    text = serializers.CharField()
    confidence = serializers.FloatField(allow_null=True)
    words = serializers.SerializerMethodField()

    @extend_schema_field(WordSerializer(many=True))
    def get_words(self, utterance: Utterance) -> list[dict[str, Any]]:
        """Empty where no engine knew the words' times."""
        return [{name: word[name] for name in WORD_FIELDS} for word in utterance.words]


class TranscriptSerializer(serializers.Serializer[Any]):
    """The newest version of a recording's text."""

    id = serializers.UUIDField()
    object = serializers.SerializerMethodField()
    recording_id = serializers.UUIDField()
    version = serializers.IntegerField()
    language_code = serializers.CharField()
    language_assumed = serializers.BooleanField(help_text="Nobody named the language and no engine could tell.")
    engines = EngineSerializer(many=True)
    coverage = CoverageSerializer(source="*")
    text = serializers.CharField()
    utterances = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.ChoiceField(["transcript"]))
    def get_object(self, _transcript: Transcript) -> str:
        return "transcript"

    @extend_schema_field(UtteranceSerializer(many=True))
    def get_utterances(self, _transcript: Transcript) -> Any:  # noqa: ANN401 - serialised
        return UtteranceSerializer(self.context["utterances"], many=True).data


class ReportTypeSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()


class ScenarioSerializer(serializers.Serializer[Any]):
    """A kind of work, and the reports that are written about it."""

    key = serializers.CharField()
    object = serializers.SerializerMethodField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    description = serializers.CharField()
    report_types = ReportTypeSerializer(many=True)

    @extend_schema_field(serializers.ChoiceField(["scenario"]))
    def get_object(self, _scenario: Scenario) -> str:
        return "scenario"


class EvidenceSerializer(serializers.Serializer[Any]):
    """Where a quote was found; positions are null where it was not."""

    quote = serializers.CharField()
    state = serializers.ChoiceField([state.value for state in State])
    reason = serializers.ChoiceField([reason.value for reason in Reason], allow_null=True)
    similarity = serializers.FloatField()
    utterance_ids = serializers.ListField(child=serializers.UUIDField())
    speaker = serializers.CharField(allow_null=True)
    start = serializers.IntegerField(allow_null=True)
    end = serializers.IntegerField(allow_null=True)
    char_start = serializers.IntegerField(allow_null=True, help_text="Code points of the transcript's text.")
    char_end = serializers.IntegerField(allow_null=True)


class FindingSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    text = serializers.CharField()
    category = serializers.CharField()
    state = serializers.ChoiceField([state.value for state in State])
    evidence = EvidenceSerializer(many=True)


class OverrideSerializer(serializers.Serializer[Any]):
    score = serializers.FloatField()
    reason = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()


class ScoreSerializer(serializers.Serializer[Any]):
    criterion = serializers.CharField()
    weight = serializers.FloatField()
    score = serializers.FloatField(allow_null=True, help_text="0-100.")
    reason = serializers.CharField()
    state = serializers.ChoiceField([state.value for state in State])
    evidence = EvidenceSerializer(many=True)
    override = OverrideSerializer(allow_null=True)


class ProvenanceSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    model = serializers.CharField()
    prompt_version = serializers.CharField()
    cost = serializers.CharField(help_text="A decimal number as text.")


class ReportScenarioSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(source="scenario_key")
    version = serializers.IntegerField(source="scenario_version")


class ReportCoverageSerializer(serializers.Serializer[Any]):
    speech_ms = serializers.IntegerField()
    analysed_ms = serializers.IntegerField()


class CountsSerializer(serializers.Serializer[Any]):
    verified = serializers.IntegerField()
    approximate = serializers.IntegerField()
    unsupported = serializers.IntegerField()


class ReportSerializer(serializers.Serializer[Any]):
    """What an analysis says about a recording, and the words that carry each claim."""

    id = serializers.UUIDField()
    object = serializers.SerializerMethodField()
    recording_id = serializers.UUIDField()
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(Report.Status.choices)
    scenario = ReportScenarioSerializer(source="*")
    coverage = ReportCoverageSerializer(source="*")
    counts = CountsSerializer()
    findings = FindingSerializer(many=True)
    scores = ScoreSerializer(many=True)
    totals = serializers.DictField()
    body_md = serializers.CharField()
    provenance = ProvenanceSerializer(many=True)
    error = FailureSerializer(source="*", allow_null=True)
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.ChoiceField(["report"]))
    def get_object(self, _report: Report) -> str:
        return "report"
