"""`manage.py process FILE...`: upload, follow with a progress bar, print transcript and reports."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.exceptions import APIException
from tqdm import tqdm

from apps.accounts.services import workspace_get
from apps.accounts.types import Actor
from apps.analysis.markdown import report_markdown
from apps.analysis.scenarios import DEFAULT_SCENARIO, SCENARIOS
from apps.analysis.selectors import reports_of
from apps.api.answers import json_text
from apps.api.errors import as_app_error
from apps.api.local import file_submit, recording_follow, recording_json
from apps.api.v1.drafts import draft_of
from apps.core.errors import AppError
from apps.core.names import display_name
from apps.recordings.models import Recording
from apps.transcripts.exports import FORMATS
from apps.transcripts.selectors import transcript_current, utterances_of


class Command(BaseCommand):
    help = (
        "Upload recordings to the running stack, follow their processing, and print transcript and reports. "
        "Ends with status 1 where a file was refused or a recording did not complete."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="audio or video")
        parser.add_argument("--workspace", default="main", help="name of the workspace (default: main)")
        parser.add_argument(
            "--scenario", default=DEFAULT_SCENARIO, help=f"one of {', '.join(SCENARIOS)} (default: {DEFAULT_SCENARIO})"
        )
        parser.add_argument("--language", default="", metavar="CODE", help="BCP 47, such as en or ru")
        parser.add_argument("--title", default="", help="what people see")
        parser.add_argument("--json", action="store_true", help="one JSON array on standard output")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            actor = Actor(workspace_get(name=options["workspace"]).pk, "command line")
        except AppError as error:
            raise CommandError(error.detail) from error
        answers = [self.process(path, actor, options) for path in options["files"]]
        if options["json"]:
            self.stdout.write(json_text(answers))
        if any(answer.get("status") != Recording.Status.COMPLETED for answer in answers):
            raise SystemExit(1)

    def process(self, path: Path, actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
        """Return the finished recording, or the problem where the file was refused."""
        try:
            recording = self.follow(path, actor, options)
        except (AppError, APIException) as error:
            known = as_app_error(error)
            if known is None:
                raise
            self.stderr.write(f"{display_name(str(path))}: {known.detail} ({known.code})")
            problem = {"code": known.code, "detail": known.detail}
            return {"object": "problem", "filename": display_name(path.name), "error": problem}
        if not options["json"]:
            self.show(recording)
        return recording_json(recording)

    def follow(self, path: Path, actor: Actor, options: dict[str, Any]) -> Recording:
        """Upload and wait, with a bar on standard error."""
        fields = {"scenario": [options["scenario"]], "title": [options["title"]]}
        if options["language"]:
            fields["language_code"] = [options["language"]]
        draft = draft_of(fields, filename=display_name(path.name))
        with tqdm(total=100, desc=path.name[:30], unit="%", bar_format="{desc} {bar} {n:3.0f}% {postfix}") as bar:
            bar.set_postfix_str("uploading")
            recording = file_submit(path=path, actor=actor, draft=draft, progress=lambda _bytes: bar.refresh())

            def show(current: Recording) -> None:
                bar.n = current.progress
                bar.set_postfix_str(current.stage if current.status == "processing" else current.status)

            return recording_follow(recording_id=recording.pk, show=show)

    def show(self, recording: Recording) -> None:
        """Print what a person wants to read."""
        self.stdout.write(f"\n{recording}: {recording.get_status_display().lower()}  ({recording.pk})")
        if recording.error_code:
            self.stdout.write(f"{recording.error_code}: {recording.error_detail}")
        transcript = transcript_current(recording=recording)
        if transcript is not None:
            self.stdout.write("\n" + FORMATS["txt"].write([one.draft() for one in utterances_of(transcript)]))
        for report in reports_of(recording=recording):
            self.stdout.write("\n" + report_markdown(report))
